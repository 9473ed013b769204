//! Ansible: tasks as steps, what failed on a host, the recap.
//!
//! `fatal: [host]: FAILED! => {…}` and `failed: [host] (item=x) => {…}` are no errors where
//! `...ignoring` follows; with the YAML callbacks the result stands in indented lines below.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::errors::PastBlock;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::steps::Nesting;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Ansible {
    /// A failure that may yet be ignored, and why it failed.
    failure: Option<(PastBlock, Reason)>,
    /// Whether a task is open, and whether it failed.
    in_task: bool,
    failed: bool,
    /// Behind `PLAY RECAP`.
    in_recap: bool,
}

static HEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(TASK|RUNNING HANDLER|PLAY) \[(.*?)\] \*{3,}\s*$"));
static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:fatal: \[[^\]]+\]: (FAILED|UNREACHABLE)! =>|failed: \[[^\]]+\] .*=>|An exception occurred during task execution)"));
static RECAP: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\S+\s+: ok=\d+\s+changed=\d+\s+unreachable=(\d+)\s+failed=(\d+)"));

impl Dialect for Ansible {
    const NAME: &'static str = "ansible";
    const LITERALS: &'static [&'static str] = &[
        "TASK [", "PLAY [", "RUNNING HANDLER [", "PLAY RECAP", "fatal: [", "failed: [", " unreachable=", "...ignoring",
    ];

    fn awake(&self) -> bool {
        self.failure.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some((block, _)) = &mut self.failure {
            if text.trim() == "...ignoring" {
                self.failure = None;
                return;
            }
            if text.starts_with("  ") {
                block.extend(line.number, text);
                report.join();
                report.claim();
                return;
            }
            self.settle(report);
        }
        if let Some(heading) = text.ends_with(['*', ' ']).then(|| HEADING.captures(text)).flatten() {
            self.close_task(report);
            report.build_tool("ansible");
            if &heading[1] != "PLAY" {
                self.in_task = true;
                report.open_step(&heading[2], Nesting::Tool);
            }
        } else if text.starts_with("PLAY RECAP") {
            self.close_task(report);
            self.in_recap = true;
        } else if let Some(recap) = self.in_recap.then(|| RECAP.captures(text)).flatten() {
            let failed = &recap[1] != "0" || &recap[2] != "0";
            report.failed_if(failed);
        } else if let Some(failed) = text.starts_with("fa").then(|| FAILED.captures(text)).flatten() {
            let unreachable = failed.get(1).is_some_and(|word| word.as_str() == "UNREACHABLE");
            let reason = if unreachable { Reason::Network } else { Reason::Command };
            self.failure = Some((PastBlock::new(line.number, text), reason));
            report.claim();
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.settle(report);
    }
}

impl Ansible {
    /// The failure was not ignored.
    fn settle(&mut self, report: &mut Report<'_>) {
        if let Some((block, reason)) = self.failure.take() {
            report.past_error(&block, Severity::Error, reason);
            self.failed = true;
        }
    }

    fn close_task(&mut self, report: &mut Report<'_>) {
        self.settle(report);
        let failed = std::mem::take(&mut self.failed);
        if std::mem::take(&mut self.in_task) {
            report.close_step(Nesting::Tool, if failed { Outcome::Failed } else { Outcome::Success });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn tasks_are_steps_and_only_what_was_not_ignored_failed() {
        let seen = read(include_str!("../../testdata/ansible.log"));
        assert_eq!(seen.steps, ["3-6 success check : old version", "7-10 failed shop : install"]);
        assert_eq!(seen.explanation, ["8-9 ansible command"]);
        assert_eq!((seen.tools.join(","), seen.result), ("ansible".to_owned(), "failed"));
    }

    #[test]
    fn a_host_that_is_not_reached_is_the_network_s_fault() {
        let seen = read("fatal: [web1]: UNREACHABLE! => {\"msg\": \"Failed to connect to the host via ssh\"}\n\nPLAY RECAP ****\nweb1 : ok=0    changed=0    unreachable=1    failed=0\n");
        assert_eq!(seen.explanation, ["1-1 ansible network"]);
    }
}
