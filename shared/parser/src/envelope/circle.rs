//! CircleCI: the output of a step. Nothing parts steps; how the command ended stands in the last
//! line: `Exited with code exit status 1`, and `CircleCI received exit code 1`.

use logmill_model::{Outcome, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;

const ENDS: [&str; 3] =
    ["Exited with code exit status ", "CircleCI received exit code ", "Exited with code "];

/// Whether `text` is what only CircleCI's agents say.
pub(super) fn is_begin(text: &str) -> bool {
    text.starts_with("Build-agent version ") || text.starts_with("Launch-agent version ")
}

/// The exit code that `text` tells.
pub(super) fn exit_code(text: &str) -> Option<&str> {
    let code = ENDS.iter().find_map(|end| text.strip_prefix(end))?.trim();
    (code.len() <= 3 && code.parse::<u8>().is_ok()).then_some(code)
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    pub(super) outcome: Option<Outcome>,
}

impl Job {
    pub(super) fn exited(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(code) = exit_code(text) else { return };
        if code == "0" {
            self.outcome.get_or_insert(Outcome::Success);
        } else {
            self.outcome = Some(Outcome::Failed);
            report.fail_step();
            report.error(Severity::Error, super::exit_reason(code), text);
        }
    }
}
