//! TeamCity: the log of a build as it is downloaded.
//!
//! `[16:08:25]W: [Step 1/2] text`: the time of day, a letter for what is no plain message (`W`arning,
//! `E`rror, `F`ailure, `i`nternal), tabs for the depth, the step. `Step 1/2: Compile (Gradle)` begins
//! a step. The service messages that tools print are a dialect.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::stamp::{self, Stamp};
use crate::steps::Nesting;

/// A line without its prefix.
pub(super) struct Line<'a> {
    pub(super) stamp: Stamp,
    /// What kind of message it is, a space for a plain one.
    pub(super) kind: &'a str,
    pub(super) body: &'a str,
}

/// Whether `text` is the first line of a build's log.
pub(super) fn is_begin(text: &str) -> bool {
    text.starts_with("Build '") && text.contains("' #")
}

/// Takes the prefix off.
pub(super) fn line(text: &str) -> Option<Line<'_>> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'[') {
        return None;
    }
    let stamp = stamp::time_of_day(&bytes[1..])?;
    let behind = bytes.get(1 + stamp.length..)?;
    let (&[b']', b' ' | b'W' | b'E' | b'F' | b'i', b':'], _) = behind.split_first_chunk()? else {
        return None;
    };
    let kind = text.get(2 + stamp.length..3 + stamp.length)?;
    let rest = text.get(1 + stamp.length + 3..)?.trim_start();
    let body = rest.strip_prefix("[Step ").and_then(|rest| rest.split_once("] "));
    let body = body.map_or(rest, |(_, body)| body);
    Some(Line { stamp, kind, body })
}

/// Follows a build from its first step to its last line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many steps have begun.
    pub(super) steps: u64,
    failed: bool,
    pub(super) outcome: Option<Outcome>,
}

impl Job {
    /// Reads a line; `kind` is its letter.
    pub(super) fn line(&mut self, kind: &str, body: &str, report: &mut Report<'_>) {
        if is_step(body) {
            self.steps += 1;
            report.close_step(Nesting::Ci, Outcome::Success);
            report.open_step(body, Nesting::Ci);
        } else if let Some(code) = body.strip_prefix("Process exited with code ") {
            let code = code.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
            if code != "0" {
                self.fail(super::exit_reason(code), body, report);
            }
        } else if body.starts_with("Step ") && body.ends_with(" failed") {
            self.fail(Reason::Summary, body, report);
        } else if body == "Build finished" {
            let outcome = if self.failed { Outcome::Failed } else { Outcome::Success };
            self.outcome = Some(outcome);
        } else if kind == "W" {
            report.error(Severity::Warning, Reason::Other, body);
        } else {
            self.failed |= kind == "F";
        }
    }

    fn fail(&mut self, reason: Reason, body: &str, report: &mut Report<'_>) {
        self.failed = true;
        self.outcome = Some(Outcome::Failed);
        report.fail_step();
        report.error(Severity::Error, reason, body);
    }
}

/// `Step 1/2: Compile (Gradle)`
fn is_step(body: &str) -> bool {
    let Some((count, _)) = body.strip_prefix("Step ").and_then(|rest| rest.split_once(": ")) else {
        return false;
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    count.split_once('/').is_some_and(|(step, of)| number(step) && number(of))
}
