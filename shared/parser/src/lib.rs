//! Reads the log of a build as a person does.
//!
//! Bytes in, events out: [`Parser`] takes a log in pieces of any size and tells its records, steps,
//! errors, tests and, at the end, the lines that explain why the build failed. It does no I/O, knows
//! no clock and holds no more than its caps, whatever the log's size; its state between two pieces is
//! one value ([`Checkpoint`]).
//!
//! A line goes through these rooms:
//! `lines` (bytes → lines) → `clean` (terminal codes, UTF-8) → `envelope` (what the CI system adds)
//! → masking → `continuation` (is it part of the record before?) → `dialect` (what tools mean)
//! → `records`, `steps`, `errors`; at the end `explain`.
//!
//! ```
//! use logmill_parser::{Event, Options, Parser};
//!
//! let mut parser = Parser::new(Options::default());
//! let mut why = Vec::new();
//! let mut sink = |event: Event<'_>| {
//!     if let Event::Explanation(explanation) = event {
//!         why.push(explanation.message.clone());
//!     }
//! };
//! parser.push(b"gcc -c a.c\na.c:3:5: error: unknown type name 'in'\n", &mut sink);
//! parser.push(b"make: *** [Makefile:2: a.o] Error 1\n", &mut sink);
//! parser.finish(None, &mut sink);
//! assert_eq!(why, ["a.c:3:5: error: unknown type name 'in'"]);
//! ```

mod checkpoint;
mod clean;
mod continuation;
mod dialect;
mod envelope;
mod errors;
mod event;
mod explain;
mod level;
mod lines;
pub mod ndjson;
mod parser;
mod pattern;
mod records;
mod report;
mod service;
mod stamp;
mod state;
mod steps;
mod text;

pub use checkpoint::{Checkpoint, CheckpointError, MAX_CHECKPOINT};
pub use event::{Event, Sink};
pub use parser::{Options, Parser};
pub use stamp::Assumed;

/// The version of what the parser finds: documents carry it, and a checkpoint of another version is
/// not used.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
