//! npm: what it cannot install, which script it runs.
//!
//! An error is a block of lines `npm ERR! …` (`npm error …` from version 10 on); `code E…` says of
//! what kind it is.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Npm {
    /// In a block of errors.
    in_error: bool,
    /// The block has said what is wrong: usage and hints follow.
    said: bool,
    /// Error lines since the block began.
    lines: u16,
}

/// npm says what is wrong at once; a usage text that follows may be long.
const MAX_ERROR_LINES: u16 = 40;

impl Dialect for Npm {
    const NAME: &'static str = "npm";
    const LITERALS: &'static [&'static str] = &["npm ERR!", "npm error", "npm warn", "npm WARN"];

    fn awake(&self) -> bool {
        self.in_error
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        report.build_tool("npm");
        let text = line.text;
        let Some(rest) = text.strip_prefix("npm ERR!").or_else(|| text.strip_prefix("npm error"))
        else {
            self.in_error = false;
            return;
        };
        let message = rest.strip_prefix(' ').unwrap_or(rest);
        report.verdict(Outcome::Failed);
        if let Some(code) = message.strip_prefix("code ") {
            *self = Self { in_error: true, said: false, lines: 0 };
            report.error(Severity::Error, reason(code.trim()), message);
            return;
        }
        if !self.in_error {
            // Without a code: `npm ERR! Missing script: "x"`, `npm ERR! Test failed.`
            *self = Self { in_error: true, said: false, lines: 0 };
            let reason = if message.starts_with("Missing script") { Reason::Configuration } else { Reason::Summary };
            report.error(Severity::Error, reason, message);
            return;
        }
        self.lines = self.lines.saturating_add(1);
        self.said |= is_hint(message) || self.lines > MAX_ERROR_LINES;
        if self.said {
            report.hold();
            report.claim();
        } else if message.trim().is_empty() {
            report.hold();
        } else {
            report.join();
            report.extend();
        }
    }
}

/// Lines behind which nothing says any more what is wrong.
fn is_hint(message: &str) -> bool {
    let message = message.trim_start();
    message.starts_with("A complete log of this run")
        || message.starts_with("For a full report see")
        || message.starts_with("Fix the upstream dependency conflict")
        || message.starts_with("Clean install a project")
        || message.starts_with("Usage:")
        || message.starts_with("This is probably not a problem with npm")
        || message.starts_with("Did you mean")
}

fn reason(code: &str) -> Reason {
    match code {
        "ELIFECYCLE" | "1" | "2" => Reason::Summary,
        "ENOTFOUND" | "ETIMEDOUT" | "ECONNRESET" | "ECONNREFUSED" | "EAI_AGAIN" | "ERR_SOCKET_TIMEOUT" => {
            Reason::Network
        }
        "ENOSPC" | "ENOMEM" => Reason::Resource,
        "ENOENT" | "EJSONPARSE" | "EUSAGE" | "EBADENGINE" | "EACCES" => Reason::Configuration,
        _ if code.bytes().all(|byte| byte.is_ascii_digit()) => Reason::Summary,
        _ => Reason::Dependency,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_conflict_is_explained_without_the_hints_behind_it() {
        let seen = read(include_str!("../../testdata/npm.log"));
        assert_eq!(seen.explanation, ["1-7 npm dependency"]);
        assert_eq!(seen.tools, ["npm"]);
    }
}
