//! Helm: a release that failed, and why.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Helm {}

impl Dialect for Helm {
    const NAME: &'static str = "helm";
    const LITERALS: &'static [&'static str] = &[
        " FAILED: ", "STATUS: deployed", "STATUS: failed", "failed, and has been uninstalled", "chart(s) failed",
        "failed, and has been rolled back", "Error: failed to download \"", "Error: chart ", "Error: repo ",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        let message = text.strip_prefix("Error: ");
        if text == "STATUS: deployed" {
            report.build_tool("helm");
            report.begin_run();
            report.verdict(Outcome::Success);
        } else if text == "STATUS: failed" {
            report.build_tool("helm");
            report.verdict(Outcome::Failed);
        } else if let Some(message) = message.filter(|message| is_helm(message)) {
            report.build_tool("helm");
            report.begin_run();
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, reason(message), message);
        } else if text.starts_with("Error: ") && text.contains("chart(s) failed") {
            report.build_tool("helm");
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Summary, text);
        }
    }
}

fn is_helm(message: &str) -> bool {
    ["UPGRADE FAILED: ", "INSTALLATION FAILED: ", "ROLLBACK FAILED: ", "UNINSTALLATION FAILED: "]
        .iter()
        .any(|head| message.starts_with(head))
        || message.starts_with("failed to download \"")
        || message.starts_with("chart \"")
        || message.starts_with("chart requires kubeVersion")
        || message.starts_with("repo ") && message.ends_with(" not found")
        || message.starts_with("release ") && message.contains(" failed, and has been ")
}

fn reason(message: &str) -> Reason {
    let has = |words: &[&str]| words.iter().any(|part| message.contains(part));
    if has(&["timed out waiting", "context deadline exceeded", "timeout"]) {
        Reason::Timeout
    } else if has(&["connection refused", "no such host", "dial tcp", "cluster unreachable"]) {
        Reason::Network
    } else if message.starts_with("failed to download") || has(&["no chart version", "repo "]) {
        Reason::Dependency
    } else if has(&["YAML", "parse error", "don't meet the specifications", "execution error", "nil pointer", "cannot patch"]) {
        Reason::Configuration
    } else {
        Reason::Command
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_release_that_failed_says_why() {
        let seen = read(include_str!("../../testdata/helm.log"));
        assert_eq!(seen.explanation, ["2-2 helm timeout"]);
        assert_eq!(seen.tools, ["helm"]);
        let seen = read("NAME: shop\nSTATUS: deployed\n");
        assert_eq!(seen.result, "success");
    }

    #[test]
    fn an_upgrade_that_was_tried_again_has_not_failed() {
        let seen = read("Error: UPGRADE FAILED: another operation is in progress\nRelease \"shop\" has been upgraded.\nSTATUS: deployed\n");
        assert_eq!(seen.result, "success");
    }
}
