//! Lines that no tool's dialect knows and that call themselves an error.

use logmill_model::{Level, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Generic {}

impl Dialect for Generic {
    const NAME: &'static str = "generic";
    const LITERALS: &'static [&'static str] = &crate::level::LITERALS;

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let severity = match line.level {
            Some(Level::Fatal) => Severity::Fatal,
            Some(Level::Error) => Severity::Error,
            Some(Level::Warn) => Severity::Warning,
            _ => return,
        };
        if !line.in_trace && report.claimed.is_none() {
            report.error(severity, Reason::Other, message(line.text));
        }
    }
}

/// The text behind the level's name.
fn message(text: &str) -> &str {
    let rest = text.split_once(": ").filter(|(head, _)| Level::from_word(head).is_some());
    rest.map_or(text, |(_, message)| message)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_line_that_calls_itself_an_error_is_one() {
        let seen = read("INFO fine\nERROR no disk\nfatal: not a git repository\nno error here\n");
        assert_eq!(seen.errors, ["2-2 error ERROR no disk", "3-3 fatal not a git repository"]);
        assert_eq!(seen.result, "unknown");
    }
}
