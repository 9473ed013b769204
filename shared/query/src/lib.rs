//! The filter language and the text analyzer: text → tree → OpenSearch query. No I/O, no clock.
//!
//! ```
//! let query = logmill_query::parse("level>=ERROR service=shop* \"out of memory\"")?;
//! let body = logmill_query::to_opensearch(&query);
//! assert!(body["bool"]["filter"].is_array());
//! # Ok::<(), logmill_query::SyntaxError>(())
//! ```

pub mod analyzer;
mod comparison;
mod error;
pub mod field;
mod opensearch;
mod parser;
mod tree;

pub use error::{SyntaxError, SyntaxErrorKind};
pub use opensearch::{TEXT_FIELDS, time_range, to_opensearch};
pub use parser::{MAX_BYTES, MAX_DEPTH, parse};
pub use tree::{Bound, Query, Scalar, Test, Value, Words};
