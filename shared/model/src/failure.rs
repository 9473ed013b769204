//! Errors of a build, and the explanation of its failure.

use serde::{Deserialize, Serialize};

use crate::Severity;

/// An error that a log reports: the block of lines that state it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LogError {
    /// First line of the block.
    pub line: u64,
    /// Last line of the block.
    pub end_line: u64,
    /// How serious it is.
    pub severity: Severity,
    /// What kind of failure it speaks of.
    pub reason: Reason,
    /// The line that says it best.
    pub message: String,
    /// The dialect that found it, `cargo` for example.
    pub tool: String,
    /// The innermost step that was open, by [`crate::Step::number`].
    pub step: Option<u32>,
    /// The id of the message's constant part. Nothing fills it yet.
    pub template_id: Option<String>,
}

/// A block of lines that tells why a build failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Explanation {
    /// First line of the block.
    pub line: u64,
    /// Last line of the block.
    pub end_line: u64,
    /// Why it was chosen.
    pub reason: Reason,
    /// The dialect that found it.
    pub tool: String,
    /// The step that it belongs to, by [`crate::Step::number`].
    pub step: Option<u32>,
    /// The line that says it best, cut to 160 bytes.
    pub headline: String,
    /// The number of that line in the log.
    pub headline_line: u64,
    /// The lines of the block, cut to 900 bytes.
    pub message: String,
}

/// What kind of failure an error speaks of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A compiler or linker refused the source.
    Compiler,
    /// A test's expectation did not hold.
    Assertion,
    /// A dependency or tool could not be found or fetched.
    Dependency,
    /// The build's own description is wrong: a manifest, an option, a pipeline file.
    Configuration,
    /// An exception or a panic that nothing caught.
    Exception,
    /// A command could not be run, or a file was not there.
    Command,
    /// Memory, disk or another resource ran out, or the process was killed.
    Resource,
    /// Something took longer than it was allowed to.
    Timeout,
    /// The network or a service was away.
    Network,
    /// A linter or a quality gate refused.
    Lint,
    /// Something says that it failed, not why: a summary, an exit code.
    Summary,
    /// An error of no known kind.
    Other,
}

impl Reason {
    /// The name as documents carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compiler => "compiler",
            Self::Assertion => "assertion",
            Self::Dependency => "dependency",
            Self::Configuration => "configuration",
            Self::Exception => "exception",
            Self::Command => "command",
            Self::Resource => "resource",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Lint => "lint",
            Self::Summary => "summary",
            Self::Other => "other",
        }
    }
}
