//! Yarn and pnpm: that they run, what they cannot install, which script failed.
//!
//! Yarn 1 writes `error …`, later versions `➤ YN0028: │ …`, pnpm ` ERR_PNPM_OUTDATED_LOCKFILE  …` and
//! ` ELIFECYCLE  Command failed with exit code 1.` (yarnpkg.com/advanced/error-codes,
//! pnpm.io/errors).

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Yarn {
    /// Whether Yarn 1 runs: its errors alone are those of many tools.
    running: bool,
}

impl Dialect for Yarn {
    const NAME: &'static str = "yarn";
    const LITERALS: &'static [&'static str] = &[
        "yarn run v", "yarn install v", "yarn v", "yarn add v", "➤ YN", "ERR_PNPM_", "ELIFECYCLE", "pnpm", "error ",
        "Lockfile is up to date, resolution step is skipped",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("yarn ") && text.split(' ').nth(1).is_some_and(is_command) {
            self.running = true;
            report.build_tool("yarn");
            report.begin_run();
        } else if let Some(message) = text.strip_prefix("➤ YN") {
            report.build_tool("yarn");
            berry(message, report);
        } else if let Some(message) = text.strip_prefix("error ").filter(|_| self.running) {
            if let Some(reason) = reason(message) {
                report.verdict(Outcome::Failed);
                report.error(Severity::Error, reason, message);
            }
        } else {
            pnpm(text.trim_start_matches([' ', '\u{2009}']), report);
        }
    }
}

/// `run`, `install`, `add`, or the version of Yarn that prints it behind: `yarn run v1.22.19`.
fn is_command(word: &str) -> bool {
    matches!(word, "run" | "install" | "add" | "remove" | "upgrade" | "audit" | "workspace" | "workspaces" | "global")
        || word.starts_with("v1.")
        || word.starts_with("v0.")
}

fn reason(message: &str) -> Option<Reason> {
    let has = |part: &str| message.contains(part);
    Some(if message.starts_with("Command failed with exit code ") {
        Reason::Summary
    } else if message.starts_with("Couldn't find ") || has("is incompatible with this module") || has("Request failed") {
        Reason::Dependency
    } else if message.starts_with("Command \"") || message.starts_with("Your lockfile needs to be updated") {
        Reason::Configuration
    } else if has("ETIMEDOUT") || has("ECONNRESET") || has("ENOTFOUND") || has("network connection") {
        Reason::Network
    } else if message.starts_with("An unexpected error occurred") {
        Reason::Other
    } else {
        return None;
    })
}

/// `0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.`
fn berry(message: &str, report: &mut Report<'_>) {
    let Some((code, text)) = message.split_once(": ") else { return };
    let text = text.trim_start_matches(['│', '·', '┌', '└', ' ']);
    let reason = match code {
        "0000" if text.starts_with("Failed with errors") => Reason::Summary,
        "0001" if text.contains("Error") => Reason::Exception,
        "0016" | "0027" | "0035" | "0082" => Reason::Dependency,
        "0028" | "0050" => Reason::Configuration,
        "0009" => Reason::Command,
        _ => return,
    };
    report.verdict(Outcome::Failed);
    report.error(Severity::Error, reason, text);
}

fn pnpm(text: &str, report: &mut Report<'_>) {
    if let Some(error) = text.strip_prefix("ERR_PNPM_").or_else(|| text.strip_prefix("[ERR_PNPM_")) {
        report.build_tool("pnpm");
        report.verdict(Outcome::Failed);
        let has = |part: &str| error.starts_with(part);
        let reason = if has("RECURSIVE_RUN_FIRST_FAIL") || has("RECURSIVE_EXEC") {
            Reason::Summary
        } else if has("FETCH") || has("NO_MATCHING_VERSION") || has("PEER_DEP") || has("UNSUPPORTED_ENGINE") {
            Reason::Dependency
        } else if has("META_FETCH_FAIL") {
            Reason::Network
        } else {
            Reason::Configuration
        };
        report.error(Severity::Error, reason, text);
    } else if text.starts_with("ELIFECYCLE") {
        report.build_tool("pnpm");
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Summary, text);
    } else if text.starts_with("Lockfile is up to date, resolution step is skipped") || text.starts_with("Done in ") && text.contains("using pnpm") {
        report.build_tool("pnpm");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_yarn_cannot_install_is_the_reason() {
        let seen = read(include_str!("../../testdata/yarn.log"));
        assert_eq!(seen.explanation, ["3-3 yarn dependency"]);
        assert_eq!(seen.tools, ["yarn"]);
    }

    #[test]
    fn the_errors_of_later_versions_and_of_pnpm_are_found() {
        let seen = read("➤ YN0000: ┌ Resolution step\n➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.\n➤ YN0000: · Failed with errors in 1s\n");
        assert_eq!(seen.explanation, ["2-2 yarn configuration"]);
        let seen = read(" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\" because pnpm-lock.yaml is not up to date\n");
        assert_eq!(seen.explanation, ["1-1 yarn configuration"]);
        assert_eq!(seen.tools, ["pnpm"]);
    }
}
