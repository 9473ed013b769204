//! The types that travel through Logmill: what the parser finds in a log, what is indexed, and how
//! each of them is named.
//!
//! Nothing here reads a file, a clock or the environment. Every id is computed from what it names
//! ([`id`]), so that whatever arrives twice is written once; everything people see has gone through
//! [`mask`].

mod build;
mod failure;
pub mod frequency;
pub mod id;
mod level;
pub mod mask;
mod record;
mod step;
mod summary;
mod terraform;
mod test;

pub use build::{Build, Cuts, TestCounts};
pub use failure::{Explanation, LogError, Reason};
pub use jiff::Timestamp;
pub use level::{Level, Severity};
pub use record::{Fields, Record, RecordKind};
pub use step::{Outcome, Step};
pub use summary::{LogSummary, Summary};
pub use terraform::TerraformRun;
pub use test::{TestCase, TestOutcome, TestSummary};
