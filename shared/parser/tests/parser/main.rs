//! The parser as its users see it: bytes in, events out.

mod checkpoint;
mod hostile;
mod log;
