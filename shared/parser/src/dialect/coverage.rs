//! Thresholds of code coverage that a build did not reach: Jest, nyc, c8, Vitest, Karma.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Coverage {}

impl Dialect for Coverage {
    const NAME: &'static str = "coverage";
    const LITERALS: &'static [&'static str] =
        &[" coverage threshold for ", "ERROR: Coverage for ", "does not meet global threshold"];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        let jest = text.starts_with("Jest: ") && text.contains(" not met");
        let missed = text.contains("Coverage for ") && text.contains(" does not meet ");
        if jest || missed {
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Lint, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_threshold_that_was_missed_is_the_reason() {
        let seen = read(include_str!("../../testdata/coverage.log"));
        assert_eq!(seen.explanation, ["1-1 coverage lint", "2-2 coverage lint"]);
        assert_eq!(seen.result, "failed");
    }
}
