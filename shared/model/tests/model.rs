//! The crate's integration tests.

mod mask;
