//! What a CI system puts around the lines of the tools that it runs. It is peeled off before
//! anything else looks at a line.
//!
//! A system is a module: its state is a field of [`Ci`], its lines become a [`Marker`] in
//! [`Ci::peel`], and [`Ci::read`] shows them to it. What the system says in its last words is the
//! job's result.

mod github;

use jiff::Timestamp;
use logmill_model::Outcome;
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::stamp::{self, Stamp};

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
}

/// What is known of the job that the log is of, a field each system.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Ci {
    github: github::Job,
    /// Whether the system stamps its lines: one that it did not stamp goes on with the one before.
    stamps: bool,
}

impl Ci {
    /// Takes the envelope off `text`.
    pub(crate) fn peel<'a>(&mut self, text: &'a str) -> Peeled<'a> {
        let peeled = peel(text);
        self.stamps |= peeled.stamped;
        peeled
    }

    /// Whether a line that the system did not stamp goes on with the one before it.
    pub(crate) fn stamps(&self) -> bool {
        self.stamps
    }

    /// Lets the system whose line it is read it. Returns whether a step of a system begins at it:
    /// no tool outlives the step that runs it.
    pub(crate) fn read(&mut self, peeled: &Peeled<'_>, report: &mut Report<'_>) -> bool {
        let steps = self.steps();
        match peeled.marker {
            Some(Marker { system: System::Github, text }) => {
                report.tool = "github";
                self.github.marker(text, peeled.stamped, report);
            }
            None if peeled.stamped => {
                report.tool = "github";
                self.github.line(report.line.text, report);
            }
            None => {}
        }
        self.steps() != steps
    }

    /// How many steps of the system have begun.
    fn steps(&self) -> u64 {
        self.github.steps
    }

    /// How the job ended, by the system's own words; none if the log is not a job's.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.github.outcome()
    }

    /// How the step ended that is open at the end of the log; none if the log is not a job's.
    pub(crate) fn last_step(&self) -> Option<Outcome> {
        self.github.last_step()
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
            marker: marker(body),
        };
    }
    Peeled {
        body: text,
        stamp: stamp.map(|stamp| stamp.time),
        zone_assumed: stamp.is_some_and(|stamp| !stamp.zoned),
        stamped: false,
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
