//! Phrases that every tool uses: `Building app`, `ERROR: message`.

use logmill_model::RecordKind;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Phrase {}

const STEPS: [&str; 5] = ["Building", "Testing", "Deploying", "Scanning", "Publishing"];
const ERRORS: [&str; 3] = ["ERROR:", "FAILED:", "FAIL:"];

impl Dialect for Phrase {
    const NAME: &'static str = "phrase";
    const LITERALS: &'static [&'static str] = &[
        "Building ", "Testing ", "Deploying ", "Scanning ", "Publishing ", "ERROR:", "FAILED:",
        "FAIL:",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let step = STEPS.iter().find_map(|step| Some((step, follows(text, step)?)));
        if let Some((step, target)) = step.filter(|(_, target)| target.starts_with(' ')) {
            report.kind(RecordKind::BuildStep);
            report.field("build_step", step);
            report.field("build_step_target", target.split_whitespace().next().unwrap_or(""));
        }
        if let Some(message) = ERRORS.iter().find_map(|word| follows(text, word)) {
            report.kind(RecordKind::ErrorMessage);
            report.field("error_message", message);
        }
    }
}

/// What follows `word` where it stands as a word of its own with something behind it.
fn follows<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.find(word)?;
    let before = text[..at].chars().next_back();
    let rest = &text[at + word.len()..];
    (before.is_none_or(|c| !c.is_alphanumeric()) && !rest.trim().is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn phrases_are_fields_of_their_records() {
        let seen = read("Deploying shop-api to staging\nERROR: quota exceeded\nRebuilding x\n");
        assert_eq!(seen.records[0].fields.get("build_step"), Some("Deploying"));
        assert_eq!(seen.records[0].fields.get("build_step_target"), Some("shop-api"));
        assert_eq!(seen.records[1].fields.get("error_message"), Some("quota exceeded"));
        assert!(seen.records[2].fields.is_empty());
    }
}
