//! Make and Ninja: which target failed. What is wrong stands above it.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Make {}

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:g?make|mingw32-make)(?:\[\d+\])?: \*\*\* (.+)$"));

impl Dialect for Make {
    const NAME: &'static str = "make";
    const LITERALS: &'static [&'static str] =
        &["make", "ninja: build stopped", "ninja: error: ", "FAILED: "];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(failed) = FAILED.captures(text) {
            report.build_tool("make");
            report.verdict(Outcome::Failed);
            let what = &failed[1];
            let reason = if what.starts_with("No rule to make target") || what.contains("missing separator") {
                Reason::Configuration
            } else {
                Reason::Summary
            };
            report.error(Severity::Error, reason, what);
        } else if text.starts_with("make: Entering directory") || text.starts_with("make[") {
            report.build_tool("make");
        } else if text.starts_with("ninja: ") {
            report.build_tool("ninja");
            report.verdict(Outcome::Failed);
            let reason = if text.starts_with("ninja: error: ") { Reason::Configuration } else { Reason::Summary };
            report.error(Severity::Error, reason, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_missing_target_is_the_reason_and_a_failed_one_is_not() {
        let seen = read("make: *** No rule to make target 'dist'.  Stop.\n");
        assert_eq!(seen.explanation, ["1-1 make configuration"]);
        let seen = read("./deploy.sh: line 3: kubectl: command not found\nmake: *** [Makefile:2: deploy] Error 127\n");
        assert_eq!(seen.explanation, ["1-1 shell command"]);
    }
}
