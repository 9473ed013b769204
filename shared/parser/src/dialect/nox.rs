//! nox: its sessions are steps.
//!
//! `nox > Running session tests-3.11`, what the session runs, `nox > Command pytest failed with exit
//! code 1`, `nox > Session tests-3.11 failed.` (`was successful.`, `skipped: why.`, `aborted: why.`), as
//! nox 2018 to 2025 write it.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Nox {
    /// The session that runs.
    open: Option<String>,
}

/// The longest name of a session that is kept, in bytes.
const MAX_NAME: usize = 150;

impl Dialect for Nox {
    const NAME: &'static str = "nox";
    const LITERALS: &'static [&'static str] = &["nox > "];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let Some(said) = line.text.strip_prefix("nox > ") else { return };
        if let Some(name) = said.strip_prefix("Running session ") {
            report.build_tool(Self::NAME);
            if self.open.take().is_some() {
                report.cut_step(Nesting::Part);
            }
            report.open_step(name, Nesting::Part);
            self.open = Some(cut(name, MAX_NAME).to_owned());
        } else if let Some((said, outcome)) = said.strip_prefix("Session ").and_then(|said| self.ended(said)) {
            report.verdict(outcome);
            if said.starts_with("aborted: ") {
                report.error(Severity::Error, Reason::Summary, line.text);
            }
            self.open = None;
            report.end_step(Nesting::Part, Some(outcome));
        } else if said.starts_with("Command ") && said.contains(" failed with exit code ") {
            report.error(Severity::Error, Reason::Summary, line.text);
        }
    }
}

impl Nox {
    /// What is said of the session, and how it ended.
    fn ended<'t>(&self, said: &'t str) -> Option<(&'t str, Outcome)> {
        let said = said.strip_prefix(self.open.as_deref()?)?.trim_start();
        let ends = [
            ("was successful", Outcome::Success),
            ("failed", Outcome::Failed),
            ("aborted", Outcome::Failed),
            ("skipped", Outcome::Skipped),
            ("was interrupted", Outcome::Cancelled),
        ];
        ends.iter().find(|(words, _)| said.starts_with(words)).map(|(_, outcome)| (said, *outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn sessions_are_steps_with_their_results() {
        let seen = read(include_str!("../../testdata/nox.log"));
        assert_eq!(
            seen.steps,
            [
                "1-4 success lint",
                "5-22 failed tests(django='1.9')",
                "23-24 skipped later",
                "25-26 failed release"
            ]
        );
        assert_eq!((seen.result, seen.tools), ("failed", vec!["nox".to_owned()]));
        assert_eq!(seen.explanation, ["11-15 unittest assertion"]);
    }

    #[test]
    fn a_session_that_failed_without_words_is_explained_by_its_command() {
        let seen = read("nox > Running session lint\nbad style\nnox > Command ruff check failed with exit code 1\nnox > Session lint failed.\n");
        assert_eq!(seen.explanation, ["3-3 nox summary"]);
    }

    #[test]
    fn a_session_that_went_well_is_a_build_that_did() {
        let seen = read("nox > Running session lint\nnox > Session lint was successful in 3 seconds.\n");
        assert_eq!((seen.result, seen.steps), ("success", vec!["1-2 success lint".to_owned()]));
    }
}
