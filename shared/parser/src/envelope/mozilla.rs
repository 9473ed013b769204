//! Mozilla's two systems: Buildbot and Taskcluster, and the scripts that both run.
//!
//! Their viewer alone says what is an error in their logs; what dialects find there is a warning.

use logmill_model::{Cuts, Level, Severity};

use super::{Ci, Marker, Peeled, System, buildbot, mozharness, taskcluster, treeherder};
use crate::dialect::Found;
use crate::report::{Line, Report};
use crate::stamp::Assumed;
use crate::steps::MAIN;

impl Ci {
    /// Takes the envelope of one of Mozilla's systems off: its own marks and, inside of them, those of
    /// the script that it runs. A line without any stands for itself.
    pub(super) fn mozilla<'a>(
        &mut self,
        text: &'a str,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> Option<Peeled<'a>> {
        if self.system.is_some() && !self.is_mozilla() {
            return None;
        }
        let plain = Peeled {
            body: text,
            stamp: None,
            stamped: true,
            continues: false,
            level: None,
            marker: None,
            lane: MAIN,
            repeats: false,
        };
        if let Some(mark) = buildbot::mark(text) {
            self.system.get_or_insert(System::Buildbot);
            let marker = Some(Marker { system: System::Buildbot, text });
            let stamp = self.clock.instant(&mark.stamp, assumed, cuts);
            return Some(Peeled { stamp, marker, ..plain });
        }
        let prefix = self.taskcluster.prefix(text);
        if prefix.is_some() {
            self.system.get_or_insert(System::Taskcluster);
        }
        let (body, stamp) = prefix.map_or((text, None), |prefix| (prefix.body, prefix.at));
        let script = mozharness::peel(body);
        if script.is_some_and(|script| script.is_certain) {
            self.system.get_or_insert(System::Mozharness);
        }
        let script = script.filter(|_| self.is_mozilla());
        if prefix.is_none() && script.is_none() {
            return None;
        }
        let level = script.map_or_else(|| prefix?.level(), |script| Some(script.level));
        let body = script.map_or(body, |script| script.body);
        let marker = prefix
            .filter(taskcluster::Prefix::is_worker)
            .map(|_| Marker { system: System::Taskcluster, text: body });
        Some(Peeled { body, stamp, level, marker, ..plain })
    }

    /// Whether the log is one of theirs.
    pub(super) fn is_mozilla(&self) -> bool {
        matches!(self.system, Some(System::Buildbot | System::Taskcluster | System::Mozharness))
    }

    /// Looks at a line that may be one of Buildbot's header.
    pub(super) fn header(&mut self, line: Line<'_>) {
        self.buildbot.header(line);
        if self.buildbot.is_active() {
            self.system.get_or_insert(System::Buildbot);
        }
    }

    /// Reads a line as the viewer does.
    pub(super) fn view(&self, peeled: &Peeled<'_>, found: &Found, report: &mut Report<'_>) {
        let is_build = self.system == Some(System::Buildbot);
        // The viewer speaks, whoever told a step.
        report.tool = self.system.unwrap_or(System::Mozharness).name();
        report.findings.errors.own(report.tool);
        // Steps in a log of Buildbot are those of the build.
        if !is_build && peeled.level.is_some() {
            mozharness::line(report.line.text, report);
        }
        if found.viewed || peeled.level.is_some_and(|level| level >= Level::Error) {
            let text = report.line.text;
            if let Some(reason) = treeherder::reason(text, peeled.level, !is_build) {
                report.error(Severity::Error, reason, text);
            }
        }
    }
}
