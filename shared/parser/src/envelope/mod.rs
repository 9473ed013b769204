//! What a CI system or a container's engine puts around the lines of the tools that it runs. It is
//! peeled off before anything else looks at a line.
//!
//! A system is a module: its state is a field of [`Ci`], `detect` knows it by what only it says, its
//! lines become a [`Marker`], and [`Ci::read`] shows them to it. The first system that is seen is the
//! log's; what other systems would say is text in it, so that a job that prints another job's log is
//! still itself. What the system says in its last words is the job's result.

mod azure;
mod buildbot;
mod buildkit;
mod buildkite;
mod circle;
mod container;
mod ctest;
mod detect;
mod github;
mod gitlab;
mod jenkins;
mod mozharness;
mod mozilla;
mod peel;
mod sections;
mod taskcluster;
mod teamcity;
#[cfg(test)]
mod tests;
mod travis;
mod treeherder;

use jiff::Timestamp;
use logmill_model::{Level, Outcome};
use serde::{Deserialize, Serialize};

pub(crate) use peel::Buffers;
pub(crate) use treeherder::LITERALS as VIEWER_LITERALS;

use crate::dialect::Found;
use crate::report::Report;
use crate::stamp::Clock;
use container::Stream;
use github::exit_reason;

/// A line without its envelope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peeled<'a> {
    /// What the tool wrote.
    pub(crate) body: &'a str,
    /// The stamp of the CI system or, where there is none, of the line itself.
    pub(crate) stamp: Option<Timestamp>,
    /// Whether the CI system stamped it.
    pub(crate) stamped: bool,
    /// Whether it goes on with the line before, with no line end between them.
    pub(crate) continues: bool,
    /// The level that the envelope states.
    pub(crate) level: Option<Level>,
    /// What the CI system says in the line, or before what the tool wrote.
    pub(crate) marker: Option<Marker<'a>>,
    /// What the line is of that runs beside others; [`steps::MAIN`](crate::steps::MAIN) if nothing
    /// does.
    pub(crate) lane: u32,
    /// Whether it only repeats a line before it.
    pub(crate) repeats: bool,
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
    Azure,
    Gitlab,
    Jenkins,
    Travis,
    Circle,
    Buildkite,
    Teamcity,
    Buildbot,
    Taskcluster,
    /// The script that both run, by itself.
    Mozharness,
}

/// What is known of the job that the log is of, a field each system.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Ci {
    /// The system whose log it is.
    system: Option<System>,
    github: github::Job,
    azure: azure::Job,
    gitlab: gitlab::Job,
    jenkins: jenkins::Job,
    travis: travis::Job,
    circle: circle::Job,
    buildkite: buildkite::Job,
    teamcity: teamcity::Job,
    buildbot: buildbot::Job,
    taskcluster: taskcluster::Job,
    /// The stream whose line another part follows.
    partial: Option<Stream>,
    clock: Clock,
    /// The image that is being built.
    buildkit: buildkit::Build,
    /// The tests whose output `ctest -V` shows.
    ctest: ctest::Tests,
}

impl Ci {
    /// Whether a line that the system did not stamp goes on with the one before it: its runner
    /// stamps every line that it writes.
    pub(crate) fn stamps(&self) -> bool {
        matches!(self.system, Some(System::Github | System::Azure))
    }

    /// Whether the log is a CI system's.
    pub(crate) fn is_known(&self) -> bool {
        self.system.is_some()
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
        report.tool = self.system.unwrap_or(System::Github).name();
        match peeled.marker {
            Some(marker) => self.marker(marker, peeled, report),
            None => self.line(peeled, report),
        }
        if self.is_mozilla() {
            self.view(peeled, found, report);
        }
        self.buildkit.read(peeled, report);
        self.steps() != steps
    }

    fn marker(&mut self, marker: Marker<'_>, peeled: &Peeled<'_>, report: &mut Report<'_>) {
        let text = marker.text;
        match marker.system {
            System::Github => self.github.marker(text, self.is_of_runner(peeled), report),
            System::Azure => self.azure.marker(text, report),
            System::Gitlab if gitlab::is_verdict(text) => self.gitlab.verdict(text, report),
            System::Gitlab => {
                self.gitlab.markers(text, report);
                if gitlab::is_verdict(peeled.body) {
                    self.gitlab.verdict(peeled.body, report);
                }
            }
            System::Jenkins => self.jenkins.marker(text, report),
            System::Travis if travis::is_verdict(text) => self.travis.verdict(text, report),
            System::Travis => self.travis.markers(text, peeled.body, report),
            System::Circle => self.circle.exited(text, report),
            System::Buildkite => self.buildkite.marker(text, report),
            System::Teamcity => self.teamcity.line(text, peeled.body, report),
            System::Buildbot => self.buildbot.mark(text, report),
            System::Taskcluster => self.taskcluster.worker(text, peeled.level, report),
            System::Mozharness => {}
        }
    }

    /// Lets the system read a line that is no marker.
    fn line(&mut self, peeled: &Peeled<'_>, report: &mut Report<'_>) {
        match self.system {
            Some(System::Github) if peeled.stamped => self.github.line(report.line.text, report),
            Some(System::Travis) => self.travis.text(peeled.body, report),
            Some(System::Buildkite) => self.buildkite.line(peeled.body),
            Some(System::Buildbot) | None => self.header(report.line),
            _ => {}
        }
    }

    /// Whether GitHub's runner wrote the line: a step of Azure's agent is no step of a job there.
    fn is_of_runner(&self, peeled: &Peeled<'_>) -> bool {
        peeled.stamped && self.system == Some(System::Github)
    }

    /// How many steps of the system have begun.
    fn steps(&self) -> u64 {
        match self.system {
            Some(System::Azure) => self.azure.tasks,
            Some(System::Gitlab) => self.gitlab.stages,
            Some(System::Jenkins) => self.jenkins.stages,
            Some(System::Travis) => self.travis.steps,
            Some(System::Buildkite) => self.buildkite.groups,
            Some(System::Teamcity) => self.teamcity.steps,
            Some(System::Buildbot) => self.buildbot.steps,
            Some(System::Taskcluster) => self.taskcluster.steps,
            Some(System::Circle | System::Mozharness) => 0,
            Some(System::Github) | None => self.github.steps,
        }
    }

    /// How the job ended, by the system's own words; none if the log is not a job's.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let told = match self.system.unwrap_or(System::Github) {
            System::Github => return self.github.outcome(),
            System::Azure => self.azure.outcome(),
            System::Gitlab => self.gitlab.outcome,
            System::Jenkins => self.jenkins.outcome,
            System::Travis => self.travis.outcome,
            System::Circle => self.circle.outcome,
            System::Buildkite => self.buildkite.outcome(),
            System::Teamcity => self.teamcity.outcome,
            System::Buildbot => self.buildbot.outcome(),
            System::Taskcluster => self.taskcluster.outcome(),
            System::Mozharness => return None,
        };
        Some(told.unwrap_or(Outcome::Unknown))
    }

    /// How the step ended that is open at the end of the log; none if the log is not a job's.
    pub(crate) fn last_step(&self) -> Option<Outcome> {
        match self.system.unwrap_or(System::Github) {
            System::Github => self.github.last_step(),
            System::Buildbot => self.buildbot.last_step(),
            System::Taskcluster => self.taskcluster.last_step(),
            _ => self.outcome(),
        }
    }

    /// When the step ended that is open at the end of the log, whose last stamp is `last`. Buildbot
    /// stamps nothing but the begin and the end of a step.
    pub(crate) fn last_stamp(&self, last: Option<Timestamp>) -> Option<Timestamp> {
        last.filter(|_| self.system != Some(System::Buildbot))
    }
}

impl System {
    /// The name, as errors carry it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Azure => "azure",
            Self::Gitlab => "gitlab",
            Self::Jenkins => "jenkins",
            Self::Travis => "travis",
            Self::Circle => "circleci",
            Self::Buildkite => "buildkite",
            Self::Teamcity => "teamcity",
            Self::Buildbot => "buildbot",
            Self::Taskcluster => "taskcluster",
            Self::Mozharness => "mozharness",
        }
    }
}
