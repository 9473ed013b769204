//! Mozharness: the scripts that run builds and tests in Mozilla's CI.
//!
//! Each line has the time of day and a level, `12:46:31     INFO -  text`; what a command of it
//! prints is set off by one more space. Steps begin with `[mozharness: 2025-02-13 21:32:18.863571Z]
//! Running clobber step.` and end with `… Finished clobber step (success)`; until 2014 with
//! `##### Running clobber step.`, and the next one was the end (mozharness/base/script.py).

use logmill_model::{Level, Outcome};

use crate::report::Report;
use crate::steps::Nesting;

/// A line without time and level.
pub(super) fn peel(text: &str) -> Option<(Level, &str)> {
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
    let (word, body) = text[9..].trim_start_matches(' ').split_once(" - ").or_else(|| {
        // An empty message: nothing follows the dash.
        Some((text[9..].trim_start_matches(' ').strip_suffix(" -")?, ""))
    })?;
    let level = match word {
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARNING" => Level::Warn,
        "ERROR" => Level::Error,
        "CRITICAL" | "FATAL" => Level::Fatal,
        _ => return None,
    };
    Some((level, body.strip_prefix(' ').unwrap_or(body)))
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
        assert_eq!(
            peel("12:46:31     INFO -  TEST-PASS | a"),
            Some((Level::Info, "TEST-PASS | a"))
        );
        assert_eq!(peel("12:46:31 CRITICAL - a - b"), Some((Level::Fatal, "a - b")));
        assert_eq!(peel("12:46:31     INFO -"), Some((Level::Info, "")));
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
}
