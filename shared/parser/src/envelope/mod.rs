//! What a CI system puts around the lines of the tools that it runs. It is peeled off before
//! anything else looks at a line.
//!
//! A system is a module: its state is a field of [`Ci`], its lines become a [`Marker`] in
//! [`Ci::peel`], and [`Ci::read`] shows them to it. What the system says in its last words is the
//! job's result.

mod buildbot;
mod github;
mod mozharness;
mod taskcluster;
mod treeherder;

use jiff::Timestamp;
use logmill_model::{Level, Outcome, Severity};
use serde::{Deserialize, Serialize};

use crate::dialect::Found;
use crate::report::Report;
use crate::stamp::{self, Stamp};

pub(crate) use treeherder::LITERALS as VIEWER_LITERALS;

/// A line without its envelope.
#[derive(Clone, Copy)]
pub(crate) struct Peeled<'a> {
    /// What the tool wrote.
    pub(crate) body: &'a str,
    /// The stamp of the CI system or, where there is none, of the line itself.
    pub(crate) stamp: Option<Timestamp>,
    /// Whether a stamp was read without a zone.
    pub(crate) zone_assumed: bool,
    /// Whether the CI system stamped it.
    pub(crate) stamped: bool,
    /// The level that the envelope states.
    pub(crate) level: Option<Level>,
    /// What the CI system says in the line, or before what the tool wrote.
    pub(crate) marker: Option<Marker<'a>>,
}

/// Words of a CI system, which that system's module understands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Marker<'a> {
    pub(crate) system: System,
    pub(crate) text: &'a str,
}

/// The CI systems.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum System {
    Github,
    Buildbot,
    Taskcluster,
}

/// What is known of the job that the log is of, a field each system.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Ci {
    github: github::Job,
    buildbot: buildbot::Job,
    taskcluster: taskcluster::Job,
    /// Whether the system stamps its lines: one that it did not stamp goes on with the one before.
    stamps: bool,
}

impl Ci {
    /// Takes the envelope off `text`.
    pub(crate) fn peel<'a>(&mut self, text: &'a str) -> Peeled<'a> {
        if let Some(peeled) = self.mozilla(text) {
            return peeled;
        }
        let peeled = peel(text);
        self.stamps |= peeled.stamped;
        peeled
    }

    /// Takes the envelope of one of Mozilla's systems off: its own marks and, inside of them, those of
    /// the script that it runs. A line without any stands for itself.
    fn mozilla<'a>(&mut self, text: &'a str) -> Option<Peeled<'a>> {
        if let Some(mark) = buildbot::mark(text) {
            let marker = Some(Marker { system: System::Buildbot, text });
            let stamp = Some(mark.at);
            let zone_assumed = mark.zone_assumed;
            return Some(Peeled {
                body: text,
                stamp,
                zone_assumed,
                stamped: true,
                level: None,
                marker,
            });
        }
        let prefix = self.taskcluster.prefix(text);
        let (body, stamp) = prefix.map_or((text, None), |prefix| (prefix.body, prefix.at));
        let script = if self.is_mozilla() { mozharness::peel(body) } else { None };
        if prefix.is_none() && script.is_none() {
            return None;
        }
        let level = script.map_or_else(|| prefix?.level(), |(level, _)| Some(level));
        let body = script.map_or(body, |(_, body)| body);
        let marker = prefix
            .filter(taskcluster::Prefix::is_worker)
            .map(|_| Marker { system: System::Taskcluster, text: body });
        Some(Peeled { body, stamp, zone_assumed: false, stamped: true, level, marker })
    }

    fn is_mozilla(&self) -> bool {
        self.taskcluster.is_active() || self.buildbot.is_active()
    }

    /// Whether a line that the system did not stamp goes on with the one before it.
    pub(crate) fn stamps(&self) -> bool {
        self.stamps
    }

    /// Lets the system whose line it is read it. Returns whether a step of a system begins at it:
    /// no tool outlives the step that runs it.
    pub(crate) fn read(
        &mut self,
        peeled: &Peeled<'_>,
        found: &Found,
        report: &mut Report<'_>,
    ) -> bool {
        let steps = self.steps();
        match peeled.marker {
            Some(Marker { system: System::Github, text }) => {
                report.tool = "github";
                self.github.marker(text, peeled.stamped, report);
            }
            Some(Marker { system: System::Buildbot, text }) => {
                report.tool = buildbot::NAME;
                self.buildbot.mark(text, report);
            }
            Some(Marker { system: System::Taskcluster, text }) => {
                report.tool = taskcluster::NAME;
                self.taskcluster.worker(text, peeled.level, report);
            }
            None if peeled.stamped && !self.is_mozilla() => {
                report.tool = "github";
                self.github.line(report.line.text, report);
            }
            None => self.buildbot.header(report.line),
        }
        if self.is_mozilla() {
            self.view(peeled, found, report);
        }
        self.steps() != steps
    }

    /// Reads a line as the viewer of Mozilla's systems does, which alone says what is an error.
    fn view(&self, peeled: &Peeled<'_>, found: &Found, report: &mut Report<'_>) {
        let is_task = self.taskcluster.is_active();
        report.tool = if is_task { taskcluster::NAME } else { buildbot::NAME };
        report.findings.errors.own(report.tool);
        if is_task && peeled.level.is_some() {
            mozharness::line(report.line.text, report);
        }
        if found.viewed || peeled.level.is_some_and(|level| level >= Level::Error) {
            let text = report.line.text;
            if let Some(reason) = treeherder::reason(text, peeled.level, is_task) {
                report.error(Severity::Error, reason, text);
            }
        }
    }

    /// How many steps of the system have begun.
    fn steps(&self) -> u64 {
        self.github.steps + self.buildbot.steps + self.taskcluster.steps
    }

    /// How the job ended, by the system's own words; none if the log is not a job's.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let mozilla = self.taskcluster.outcome().or_else(|| self.buildbot.outcome());
        mozilla.or_else(|| self.github.outcome())
    }

    /// How the step ended that is open at the end of the log; none if the log is not a job's.
    pub(crate) fn last_step(&self) -> Option<Outcome> {
        let mozilla = self.taskcluster.last_step().or_else(|| self.buildbot.last_step());
        mozilla.or_else(|| self.github.last_step())
    }
}

/// Peels `text`. GitHub's stamps have seven digits of a second and end in `Z `, which nothing else
/// writes, so that each line tells by itself whether it is stamped.
fn peel(text: &str) -> Peeled<'_> {
    let stamp = stamp::at_start(text);
    if let Some(stamp) = stamp.filter(|stamp| is_github(stamp, text)) {
        let body = text[stamp.length..].strip_prefix(' ').unwrap_or("");
        let body = body.trim_start_matches('\u{feff}');
        return Peeled {
            body,
            stamp: Some(stamp.time),
            zone_assumed: false,
            stamped: true,
            level: None,
            marker: marker(body),
        };
    }
    Peeled {
        body: text,
        stamp: stamp.map(|stamp| stamp.time),
        zone_assumed: stamp.is_some_and(|stamp| !stamp.zoned),
        stamped: false,
        level: None,
        marker: marker(text),
    }
}

/// The marker that a line begins with.
fn marker(text: &str) -> Option<Marker<'_>> {
    github::is_marker(text).then_some(Marker { system: System::Github, text })
}

fn is_github(stamp: &Stamp, text: &str) -> bool {
    stamp.fraction_digits == 7
        && stamp.length == 28
        && matches!(text.as_bytes().get(28), None | Some(b' '))
        && text.as_bytes()[27] == b'Z'
}
