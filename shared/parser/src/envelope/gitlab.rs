//! GitLab CI: the trace of a job as its runner writes it.
//!
//! `section_start:EPOCH:name[collapsed=true]\r\x1b[0KHeader` and `section_end:EPOCH:name` stand before
//! the text of their lines (docs.gitlab.com, "CI/CD job logs"); the runner's own stages are the outer
//! ones. Since version 17 lines begin with `2024-05-01T12:00:00.123456Z 00O `: stamp, stream, `O` or
//! `E`, and `+` where the line goes on with the one before. The last line says how the job ended.

use jiff::Timestamp;
use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use super::sections;
use crate::report::Report;
use crate::stamp::Stamp;
use crate::steps::Nesting;

pub(super) const WORDS: [&str; 2] = ["section_start:", "section_end:"];

/// The stages that run behind the job's script, whatever became of it.
const AFTER: [&str; 5] =
    ["after_script", "archive_cache", "upload_artifacts", "cleanup_", "clear_"];

/// The length of the runner's prefix behind its stamp, ` 00O `, and whether the line goes on with the
/// one before.
pub(super) fn prefix(stamp: &Stamp, text: &str) -> Option<(usize, bool)> {
    let behind = text.as_bytes().get(stamp.length..stamp.length + 5)?;
    match behind {
        [b' ', a, b, b'O' | b'E', flag @ (b' ' | b'+')]
            if stamp.fraction_digits == 6 && a.is_ascii_hexdigit() && b.is_ascii_hexdigit() =>
        {
            Some((5, *flag == b'+'))
        }
        _ => None,
    }
}

/// Whether `text` is what only GitLab's runner says.
pub(super) fn is_begin(text: &str) -> bool {
    text.starts_with("Running with gitlab-runner ")
        || text.starts_with("Running with gitlab-ci-multi-runner ")
        || WORDS.iter().any(|word| text.starts_with(word))
            && sections::each(text).next().and_then(section).is_some()
}

/// Whether `text` is how the runner ends a job.
pub(super) fn is_verdict(text: &str) -> bool {
    text.trim_end() == "Job succeeded"
        || text.starts_with("ERROR: Job failed")
        || text.starts_with("WARNING: Job failed")
}

/// The last time that `markers` name: the lines behind them were written then.
pub(super) fn stamp(markers: &str) -> Option<Timestamp> {
    sections::each(markers).filter_map(section).last().map(|section| section.at)
}

struct Section<'a> {
    begins: bool,
    at: Timestamp,
    name: &'a str,
}

fn section(marker: &str) -> Option<Section<'_>> {
    let (word, rest) = marker.split_once(':')?;
    let (epoch, name) = rest.split_once(':')?;
    let at = Timestamp::from_second(epoch.parse().ok()?).ok()?;
    let name = name.split('[').next()?;
    let begins = match word {
        "section_start" => true,
        "section_end" => false,
        _ => return None,
    };
    (!name.is_empty()).then_some(Section { begins, at, name })
}

/// Follows a job from its first section to its last line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many stages of the runner have begun.
    pub(super) stages: u64,
    pub(super) outcome: Option<Outcome>,
}

impl Job {
    /// Reads the markers before a line's text.
    pub(super) fn markers(&mut self, markers: &str, report: &mut Report<'_>) {
        report.kind(RecordKind::Marker);
        for section in sections::each(markers).filter_map(section) {
            if section.begins {
                self.begin(&section, report);
            } else {
                Self::end(&section, report);
            }
        }
    }

    fn begin(&mut self, section: &Section<'_>, report: &mut Report<'_>) {
        let nesting = if report.in_ci_step() { Nesting::Group } else { Nesting::Ci };
        if nesting == Nesting::Ci {
            self.stages += 1;
            if !is_after(section.name) {
                // The job goes on, so what was done before it has not failed.
                report.settle_step(Outcome::Success);
            }
        }
        report.open_step_at(section.name, nesting, Some(section.at));
    }

    fn end(section: &Section<'_>, report: &mut Report<'_>) {
        // Of a stage of the runner only the job's end tells how it ended.
        let told = !report.is_outer_step(section.name) || is_after(section.name);
        report.end_named(section.name, told.then_some(Outcome::Success), Some(section.at));
    }

    /// Reads the line that says how the job ended.
    pub(super) fn verdict(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((_, why)) = text.split_once("Job failed") else {
            report.settle_step(Outcome::Success);
            self.outcome = Some(Outcome::Success);
            return;
        };
        report.settle_step(Outcome::Failed);
        report.fail_step();
        let cancelled = why.contains("canceled");
        self.outcome = Some(if cancelled { Outcome::Cancelled } else { Outcome::Failed });
        let reason = if why.contains("execution took longer") {
            Reason::Timeout
        } else if let Some(code) =
            why.rsplit("exit code ").next().filter(|_| why.contains("exit code"))
        {
            super::exit_reason(code.trim())
        } else {
            Reason::Summary
        };
        report.error(Severity::Error, reason, text.trim_start_matches("ERROR: "));
    }
}

fn is_after(name: &str) -> bool {
    AFTER.iter().any(|after| name.starts_with(after))
}
