//! Buildkite: the log of a job as its agent sends it.
//!
//! `--- name`, `+++ name` and `~~~ name` begin a group, which ends at the next one; `^^^ +++` opens the
//! group before it to the reader, as the agent does where a command failed
//! (buildkite.com/docs, "Managing log output"). Lines begin with `\x1b_bk;t=1714564800123\x07`.

use jiff::Timestamp;
use logmill_model::{Outcome, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::steps::Nesting;

const STAMP: &str = "_bk;t=";
const FAILED: &str = "Error: The command exited with status ";

/// The stamp that the bytes of a line begin with.
pub(super) fn stamp_of_bytes(bytes: &[u8]) -> Option<Timestamp> {
    let rest = bytes.strip_prefix(b"\x1b")?.strip_prefix(STAMP.as_bytes())?;
    let end = rest.iter().take(20).position(|&byte| byte == 7)?;
    milliseconds(std::str::from_utf8(&rest[..end]).ok()?)
}

/// The stamp of a line whose terminal codes were damaged, and its length.
pub(super) fn stamp(text: &str) -> Option<(Timestamp, usize)> {
    let digits = text.strip_prefix(STAMP)?.get(..13)?;
    Some((milliseconds(digits)?, STAMP.len() + 13))
}

fn milliseconds(digits: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(digits.parse().ok()?).ok()
}

/// Whether `text` is what only Buildkite's agent says.
pub(super) fn is_begin(text: &str) -> bool {
    text.starts_with("~~~ Preparing working directory") || text.starts_with("~~~ Running agent ")
}

/// Whether `text` begins a group or says how a command ended.
pub(super) fn is_marker(text: &str) -> bool {
    group(text).is_some() || text.starts_with("^^^ +++") || text.contains(FAILED)
}

/// The name of the group that begins. A file of a diff begins none.
fn group(text: &str) -> Option<&str> {
    let name = ["--- ", "+++ ", "~~~ "].into_iter().find_map(|mark| text.strip_prefix(mark))?;
    let is_diff = name.starts_with("a/") || name.starts_with("b/") || name.contains('\t');
    (!is_diff && !name.trim().is_empty()).then_some(name)
}

/// Follows a job from its first group to its last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many groups have begun.
    pub(super) groups: u64,
    failed: bool,
    cancelled: bool,
}

impl Job {
    pub(super) fn marker(&mut self, text: &str, report: &mut Report<'_>) {
        report.kind(RecordKind::Marker);
        if let Some(name) = group(text) {
            self.groups += 1;
            report.close_step(Nesting::Ci, Outcome::Success);
            report.open_step(name, Nesting::Ci);
        } else if let Some((_, code)) = text.split_once(FAILED) {
            let code = code.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
            self.failed = true;
            report.fail_step();
            report.error(Severity::Error, super::exit_reason(code), text);
        }
    }

    /// Reads a line that is no marker.
    pub(super) fn line(&mut self, text: &str) {
        self.cancelled |= text.starts_with("# Received cancellation signal, interrupting");
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        if self.cancelled {
            Some(Outcome::Cancelled)
        } else if self.failed {
            Some(Outcome::Failed)
        } else {
            Some(Outcome::Unknown)
        }
    }
}
