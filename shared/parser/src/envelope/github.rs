//! GitHub Actions: the log of a job as its runner writes it.
//!
//! Each line has the stamp `2026-03-04T10:15:22.1234567Z ` and is a line of output or one of the
//! runner's markers (github.com/actions/runner, `src/Runner.Worker`): `##[group]Run …` opens a step
//! and shows its command, `##[endgroup]` closes only that display, and the step's output follows;
//! `##[error]Process completed with exit code N.` ends a step that failed. Inside a composite action
//! each of its steps stands between `##[start-action display=NAME;id=ID]` and
//! `##[end-action id=ID;outcome=failure;conclusion=success;duration_ms=N]`; where a tool prints these
//! two, the runner writes `##[\start-action`.

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::steps::Nesting;
use crate::text::cut;

/// A marker of the runner, without its `##[…]`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Marker<'a> {
    Group(&'a str),
    EndGroup,
    Command(&'a str),
    Error(&'a str),
    Warning(&'a str),
    /// The name and the id of a composite action's step.
    StartAction(&'a str, &'a str),
    /// The id of a composite action's step, and whether its failure, if any, counts.
    EndAction(&'a str, Outcome),
    /// `notice`, `debug`, `section`, `add-matcher`: nothing depends on them.
    Other,
}

/// Whether a line is a marker.
pub(super) fn is_marker(body: &str) -> bool {
    marker(body).is_some()
}

/// The marker that a line is.
fn marker(body: &str) -> Option<Marker<'_>> {
    let rest = body.strip_prefix("##[").or_else(|| body.strip_prefix("::"))?;
    if body.starts_with("::") {
        return workflow_command(rest);
    }
    let (name, text) = rest.split_once(']')?;
    Some(match name {
        "group" => Marker::Group(text),
        "endgroup" => Marker::EndGroup,
        "command" => Marker::Command(text),
        "error" => Marker::Error(text),
        "warning" => Marker::Warning(text),
        "notice" | "debug" | "section" => Marker::Other,
        name if name.starts_with("add-matcher") || name.starts_with("remove-matcher") => {
            Marker::Other
        }
        name => return action(name),
    })
}

/// `start-action display=Install;id=cb.__run`,
/// `end-action id=cb.__run;outcome=failure;conclusion=success;duration_ms=14`
fn action(marker: &str) -> Option<Marker<'_>> {
    if let Some(rest) = marker.strip_prefix("start-action display=") {
        let (name, id) = rest.rsplit_once(";id=")?;
        return Some(Marker::StartAction(name, id));
    }
    let (id, rest) = marker.strip_prefix("end-action id=")?.split_once(';')?;
    let conclusion = rest.split(';').find_map(|field| field.strip_prefix("conclusion="));
    let outcome = match conclusion? {
        "success" => Outcome::Success,
        "failure" => Outcome::Failed,
        "cancelled" => Outcome::Cancelled,
        "skipped" => Outcome::Skipped,
        _ => Outcome::Unknown,
    };
    Some(Marker::EndAction(id, outcome))
}

/// A workflow command as the tool prints it, before a runner rewrites it: a log that was made
/// without a runner still has them. `::error file=a.js,line=1::message`
fn workflow_command(rest: &str) -> Option<Marker<'_>> {
    let (head, text) = rest.split_once("::")?;
    let name = head.split(' ').next().unwrap_or(head);
    Some(match name {
        "group" => Marker::Group(text),
        "endgroup" => Marker::EndGroup,
        "error" => Marker::Error(text),
        "warning" => Marker::Warning(text),
        "notice" | "debug" | "add-mask" => Marker::Other,
        _ => return None,
    })
}

/// How many steps of actions may be open one in another, and the longest name of one, in bytes.
const MAX_ACTIONS: usize = 32;
const MAX_ACTION: usize = 150;

/// Follows a job from its first step to its last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Job {
    /// Whether the runner's first lines were seen.
    begun: bool,
    /// How many steps have begun behind the first.
    pub(crate) steps: u64,
    /// Whether the step that is open printed an error that may be the last thing it did.
    error_in_step: bool,
    /// Whether a step failed, as far as the log tells: it does not tell `continue-on-error`.
    failed: bool,
    /// Whether the job was cancelled.
    cancelled: bool,
    /// Whether the runner's last lines were seen: a log that was cut has not passed.
    ended: bool,
    /// The open steps of composite actions: their ids and names.
    actions: Vec<(String, String)>,
}

impl Job {
    /// Looks at a stamped line that is no marker: the runner says some things in plain text.
    pub(crate) fn line(&mut self, body: &str, report: &mut Report<'_>) {
        match body {
            "Post job cleanup." => self.next_step("Post job cleanup", report),
            "Cleaning up orphan processes" => {
                self.ended = true;
                self.next_step("Complete job", report);
            }
            _ => self.begin(report),
        }
    }

    /// Looks at a marker.
    pub(crate) fn marker(&mut self, text: &str, stamped: bool, report: &mut Report<'_>) {
        let Some(marker) = marker(text) else { return };
        let is_step = matches!(marker, Marker::Group(name) if name.starts_with("Run "));
        if stamped && !is_step {
            self.begin(report);
        }
        report.kind(RecordKind::Marker);
        match marker {
            Marker::Group(name)
                if stamped && name.starts_with("Run ") && self.actions.is_empty() =>
            {
                // A step that follows one that printed an error: that error did not end the job.
                self.error_in_step = false;
                self.next_step(name, report);
            }
            Marker::Group(name) => report.open_step(name, Nesting::Group),
            Marker::EndGroup => report.close_step(Nesting::Group, Outcome::Unknown),
            Marker::Error(text) => self.error(text, report),
            Marker::Warning(text) => report.error(Severity::Warning, Reason::Other, text),
            Marker::StartAction(name, id) if stamped => self.start_action(name, id, report),
            Marker::EndAction(id, outcome) if stamped => self.end_action(id, outcome, report),
            _ => {}
        }
    }

    fn start_action(&mut self, name: &str, id: &str, report: &mut Report<'_>) {
        if self.actions.len() < MAX_ACTIONS {
            report.open_step(name, Nesting::Group);
            let kept = |text| cut(text, MAX_ACTION).to_owned();
            self.actions.push((kept(id), kept(name)));
        } else {
            report.findings.steps.dropped += 1;
        }
    }

    fn end_action(&mut self, id: &str, outcome: Outcome, report: &mut Report<'_>) {
        let id = cut(id, MAX_ACTION);
        let Some(at) = self.actions.iter().rposition(|(known, _)| known == id) else { return };
        let name = std::mem::take(&mut self.actions[at].1);
        self.actions.truncate(at);
        // An error that the action survived is not its end.
        self.error_in_step = false;
        if outcome == Outcome::Failed && self.actions.is_empty() {
            self.failed = true;
            report.fail_step();
        }
        report.end_named(&name, Some(outcome), None);
    }

    fn begin(&mut self, report: &mut Report<'_>) {
        if !self.begun {
            self.begun = true;
            report.open_step("Set up job", Nesting::Ci);
        }
    }

    fn error(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(code) = text.strip_prefix("Process completed with exit code ") {
            report.error(Severity::Error, exit_reason(code.trim_end_matches('.')), text);
            // Of a step in an action its end tells whether that counts.
            self.error_in_step = !self.actions.is_empty();
            if !self.error_in_step {
                self.failed = true;
                report.fail_step();
            }
        } else if text.starts_with("The operation was canceled")
            || text.starts_with("The runner has received a shutdown signal")
        {
            self.cancelled = true;
            report.error(Severity::Error, Reason::Summary, text);
        } else {
            self.error_in_step = true;
            let reason = if text.contains("exceeded the maximum execution time") {
                Reason::Timeout
            } else {
                Reason::Other
            };
            report.error(Severity::Error, reason, text);
        }
    }

    fn next_step(&mut self, name: &str, report: &mut Report<'_>) {
        // Of a run's archive each log is a step, so that the first line may begin a later one.
        self.begun = true;
        self.actions.clear();
        if self.error_in_step {
            self.error_in_step = false;
            self.failed = true;
            report.fail_step();
        }
        self.steps += 1;
        report.close_step(Nesting::Ci, Outcome::Success);
        report.open_step(name, Nesting::Ci);
    }

    /// How the step ended that is open at the end of the log; none if the log is not a job's.
    pub(crate) fn last_step(&self) -> Option<Outcome> {
        if self.error_in_step {
            Some(Outcome::Failed)
        } else if self.cancelled {
            Some(Outcome::Cancelled)
        } else {
            self.begun.then_some(if self.ended { Outcome::Success } else { Outcome::Unknown })
        }
    }

    /// How the job ended; none if the log is not a job's.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        if self.failed || self.error_in_step {
            Some(Outcome::Failed)
        } else if self.cancelled {
            Some(Outcome::Cancelled)
        } else {
            self.begun.then_some(if self.ended { Outcome::Success } else { Outcome::Unknown })
        }
    }
}

/// What an exit code says by itself: 137 is SIGKILL, which the kernel sends when memory runs out, and
/// 124 is how `timeout` ends.
pub(super) fn exit_reason(code: &str) -> Reason {
    match code {
        "137" => Reason::Resource,
        "124" => Reason::Timeout,
        _ => Reason::Summary,
    }
}

#[cfg(test)]
mod tests {
    use super::{Marker, marker};

    #[test]
    fn the_markers_of_a_runner_and_the_commands_of_a_tool_are_read() {
        assert_eq!(marker("##[group]Run make"), Some(Marker::Group("Run make")));
        assert_eq!(marker("##[endgroup]"), Some(Marker::EndGroup));
        assert_eq!(marker("::error file=a.js,line=1::broken"), Some(Marker::Error("broken")));
        assert_eq!(marker("##[nonsense]x"), None);
        assert_eq!(marker("::"), None);
        assert_eq!(marker("std::fmt::Display"), None);
    }
    #[test]
    fn the_step_that_failed_has_failed_and_those_around_it_have_not() {
        let log = include_str!("../../testdata/github.log");
        let stamped: String =
            log.lines().map(|line| format!("2026-03-04T10:15:22.1234567Z {line}\n")).collect();
        let mut steps = Vec::new();
        let mut parser = crate::Parser::new(crate::Options::default());
        let mut sink = |event: crate::Event<'_>| {
            if let crate::Event::Step(step) = event {
                steps.push(format!("{} {}", step.name, step.result.as_str()));
            }
        };
        parser.push(stamped.as_bytes(), &mut sink);
        parser.finish(None, &mut sink);
        assert_eq!(
            steps,
            [
                "Operating System unknown",
                "Set up job success",
                "Run make test failed",
                "Post job cleanup success",
                "Complete job success",
            ]
        );
    }
}
