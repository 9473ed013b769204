//! Mozharness: the scripts that run builds and tests in Mozilla's CI.
//!
//! Each line has the time of day and a level, `12:46:31     INFO -  text`; what a command of it
//! prints is set off by one more space. Steps begin with `[mozharness: 2025-02-13 21:32:18.863571Z]
//! Running clobber step.` and end with `… Finished clobber step (success)`; until 2014 with
//! `##### Running clobber step.`, and the next one was the end (mozharness/base/script.py). The level
//! is filled up to eight letters, by which a log is known that mozharness wrote by itself.

use logmill_model::{Level, Outcome};

use crate::report::Report;
use crate::steps::Nesting;

/// A line without time and level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peeled<'a> {
    pub(super) level: Level,
    pub(super) body: &'a str,
    /// Whether it speaks of a step as nothing but mozharness does.
    pub(super) is_certain: bool,
}

/// Takes time and level off.
pub(super) fn peel(text: &str) -> Option<Peeled<'_>> {
    let bytes = text.as_bytes();
    let is_time = bytes.len() > 8
        && bytes[..8].iter().enumerate().all(|(at, byte)| match at {
            2 | 5 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
        && bytes[8] == b' ';
    if !is_time {
        return None;
    }
    let rest = text[9..].trim_start_matches(' ');
    // Nothing follows the dash of an empty message.
    let (word, body) = rest.split_once(" - ").or_else(|| Some((rest.strip_suffix(" -")?, "")))?;
    let level = match word {
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARNING" => Level::Warn,
        "ERROR" => Level::Error,
        "CRITICAL" | "FATAL" => Level::Fatal,
        _ => return None,
    };
    let blanks = text.len() - 9 - rest.len();
    let is_certain = blanks + word.len() == 8 && mark(body).is_some();
    Some(Peeled { level, body: body.strip_prefix(' ').unwrap_or(body), is_certain })
}

/// What a line says of steps.
#[derive(Debug, PartialEq)]
enum Mark<'a> {
    Running(&'a str),
    Skipping(&'a str),
    Finished(&'a str),
}

fn mark(body: &str) -> Option<Mark<'_>> {
    let said = match body.strip_prefix("[mozharness: ") {
        Some(rest) => rest.split_once("] ")?.1,
        None => body.strip_prefix("##### ")?,
    };
    if let Some(name) = said.strip_prefix("Running ") {
        name.strip_suffix(" step.").map(Mark::Running)
    } else if let Some(name) = said.strip_prefix("Skipping ") {
        name.strip_suffix(" step.").map(Mark::Skipping)
    } else {
        let (_, result) = said.strip_prefix("Finished ")?.split_once(" step (")?;
        result.strip_suffix(')').map(Mark::Finished)
    }
}

/// Opens and closes the step that a line speaks of.
pub(super) fn line(body: &str, report: &mut Report<'_>) {
    match mark(body) {
        Some(Mark::Running(name)) => {
            report.close_step(Nesting::Script, Outcome::Success);
            report.open_step(name, Nesting::Script);
        }
        Some(Mark::Skipping(name)) => {
            report.close_step(Nesting::Script, Outcome::Success);
            report.open_step(name, Nesting::Script);
            report.end_step(Nesting::Script, Some(Outcome::Skipped));
        }
        Some(Mark::Finished(result)) => {
            let outcome = match result {
                "success" => Outcome::Success,
                "skipped" => Outcome::Skipped,
                _ => Outcome::Failed,
            };
            report.end_step(Nesting::Script, Some(outcome));
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_level_are_taken_off_and_nothing_else_is() {
        let peeled = |level, body, is_certain| Some(Peeled { level, body, is_certain });
        assert_eq!(
            peel("12:46:31     INFO -  TEST-PASS | a"),
            peeled(Level::Info, "TEST-PASS | a", false)
        );
        assert_eq!(peel("12:46:31 CRITICAL - a - b"), peeled(Level::Fatal, "a - b", false));
        assert_eq!(peel("12:46:31 INFO - a"), peeled(Level::Info, "a", false));
        assert_eq!(peel("12:46:31     INFO -"), peeled(Level::Info, "", false));
        let step = "##### Running pull step.";
        assert_eq!(peel(&format!("12:46:31     INFO - {step}")), peeled(Level::Info, step, true));
        assert_eq!(peel(&format!("12:46:31 INFO - {step}")), peeled(Level::Info, step, false));
        for text in ["12:46:31 INFO: a - b", "12:46:31", "12:46 INFO - a", "1ä:46:31 INFO - a"] {
            assert_eq!(peel(text), None, "{text}");
        }
    }

    #[test]
    fn old_and_new_steps_are_read() {
        assert_eq!(
            mark("[mozharness: 2025-02-13 21:32:18.863571Z] Running run-tests step."),
            Some(Mark::Running("run-tests"))
        );
        assert_eq!(mark("##### Skipping pull step."), Some(Mark::Skipping("pull")));
        assert_eq!(mark("##### Finished pull step (failed)"), Some(Mark::Finished("failed")));
        assert_eq!(mark("##### Running"), None);
    }

    #[test]
    fn a_log_that_mozharness_wrote_by_itself_has_its_steps_and_errors() {
        let log = "12:46:31     INFO - ##### Running run-tests step.\n\
                   12:46:31     INFO -  Traceback (most recent call last):\n\
                   12:46:31     INFO -    File \"a.py\", line 3, in b\n\
                   12:46:31     INFO -  expected\n\
                   12:46:32     INFO -  TEST-UNEXPECTED-FAIL | a.html | wrong\n\
                   12:46:33    ERROR - Return code: 1\n";
        let seen = crate::dialect::tests::read(log);
        assert_eq!(seen.steps, ["1-6 failed run-tests"]);
        assert_eq!(seen.explanation, ["5-5 mozharness assertion"]);
    }
}
