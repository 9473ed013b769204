//! SonarQube's scanner: the verdict of the quality gate.

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Sonar {}

impl Dialect for Sonar {
    const NAME: &'static str = "sonarqube";
    const LITERALS: &'static [&'static str] =
        &["ANALYSIS SUCCESSFUL", "QUALITY GATE STATUS: ", "Quality Gate "];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        report.build_tool("sonarqube");
        let Some((_, verdict)) =
            text.split_once("QUALITY GATE STATUS: ").or_else(|| text.split_once("Quality Gate "))
        else {
            return;
        };
        let verdict = verdict.split([' ', '-', ',']).next().unwrap_or("").to_uppercase();
        if !matches!(verdict.as_str(), "PASSED" | "FAILED") {
            return;
        }
        report.kind(RecordKind::SonarqubeResult);
        report.field("sonarqube_result", &verdict);
        if verdict == "FAILED" {
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Lint, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn the_verdict_of_the_gate_is_a_field_and_a_refusal_the_reason() {
        let seen = read("INFO: QUALITY GATE STATUS: FAILED - View details on http://sonar/x\n");
        assert_eq!(seen.records[0].fields.get("sonarqube_result"), Some("FAILED"));
        assert_eq!(seen.explanation, ["1-1 sonarqube lint"]);
        let seen = read("ANALYSIS SUCCESSFUL, Quality Gate passed\n");
        assert_eq!(seen.records[0].fields.get("sonarqube_result"), Some("PASSED"));
    }
}
