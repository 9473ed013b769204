//! Apache Maven 3 and 4: goals as steps, compilation errors, what a failed goal says.
//!
//! `[INFO] --- maven-compiler-plugin:3.11.0:compile (default-compile) @ app ---`, from Maven 3.9 on
//! without `maven-` and `-plugin`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::steps::Nesting;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Maven {
    /// Behind a compiler's message: `symbol:` and `location:` follow.
    in_message: bool,
    /// Behind `BUILD FAILURE`, where errors are told again.
    ended: bool,
}

static GOAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^--- ([^\s:]+):([^\s:]+):([^\s:]+)(?: \(([^)]+)\))? @ (\S+) ---$"));
static SOURCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S.*\.(?:java|kt|scala|groovy)):(?:\[(\d+)(?:,(\d+))?\]|(\d+)(?::(\d+))?:?) (.+)$"));

impl Dialect for Maven {
    const NAME: &'static str = "maven";
    const LITERALS: &'static [&'static str] = &[];
    const STARTS: &'static [&'static str] = &[
        "[INFO] --- ", "[INFO] Scanning for", "[INFO] BUILD ", "[INFO] Reactor Summary", "[ERROR]", "[FATAL]",
    ];

    fn awake(&self) -> bool {
        self.in_message
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        if let Some(text) = line.text.strip_prefix("[INFO] ") {
            self.in_message = false;
            self.info(text, report);
        } else if let Some(text) =
            line.text.strip_prefix("[ERROR]").or_else(|| line.text.strip_prefix("[FATAL]"))
        {
            self.error(text, report);
        } else if self.in_message {
            // javac's excerpt without a tag: `  symbol:   class X`.
            let detail = line.text.trim_start();
            self.in_message = detail.len() < line.text.len() && !detail.is_empty();
            if self.in_message {
                report.join();
                report.extend();
            }
        }
    }
}

impl Maven {
    fn info(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(goal) = text.starts_with("--- ").then(|| GOAL.captures(text)).flatten() {
            let execution = goal.get(4).map_or("", |found| found.as_str());
            report.kind(RecordKind::MavenPhase);
            report.field("maven_phase", &goal[3]);
            report.field("maven_plugin", &goal[1]);
            report.field("maven_version", &goal[2]);
            report.field("maven_execution", execution);
            report.field("maven_module", &goal[5]);
            report.build_tool("maven");
            self.ended = false;
            report.open_step(&format!("{}:{} @ {}", &goal[1], &goal[3], &goal[5]), Nesting::Tool);
        } else if text.starts_with("Scanning for projects...") {
            // Another run: what the one before came to is not its result.
            report.build_tool("maven");
            report.begin_run();
        } else if text.starts_with("BUILD SUCCESS") {
            report.build_tool("maven");
            report.close_step(Nesting::Tool, Outcome::Success);
            report.verdict(Outcome::Success);
        } else if text.starts_with("BUILD FAILURE") || text.starts_with("BUILD ERROR") {
            report.build_tool("maven");
            report.close_step(Nesting::Tool, Outcome::Failed);
            report.verdict(Outcome::Failed);
            self.ended = true;
        } else if text.starts_with("Reactor Summary") {
            // The goal that failed is still open: BUILD FAILURE, behind the summary, closes it.
            self.ended = true;
        }
    }

    fn error(&mut self, tagged: &str, report: &mut Report<'_>) {
        let text = tagged.trim_start();
        if text.starts_with("[Help ") || text.starts_with("Re-run Maven") {
            report.build_tool("maven");
        }
        if self.in_message && !self.ended && tagged.starts_with("   ") {
            report.join();
            report.extend();
            return;
        }
        self.in_message = false;
        if text.is_empty()
            || text.starts_with("-> [Help")
            || text.starts_with("[Help ")
            || text.starts_with("To see the full stack trace")
            || text.starts_with("Re-run Maven")
            || text.starts_with("For more information about")
            || text.starts_with("After correcting the problems")
            || text.starts_with("COMPILATION ERROR")
        {
            report.claim();
        } else if let Some(source) = SOURCE.captures(text) {
            self.in_message = true;
            report.error(Severity::Error, Reason::Compiler, &source[6]);
        } else if text.starts_with("Failed to execute goal") {
            report.error(Severity::Error, goal_reason(text), text);
        } else if text.contains("Non-resolvable") || text.contains("Could not resolve dependencies")
        {
            report.error(Severity::Error, Reason::Dependency, text);
        } else if text.starts_with('\'') || text.starts_with("Malformed POM") || text.contains("Unknown lifecycle phase")
        {
            report.error(Severity::Error, Reason::Configuration, text);
        }
    }
}

/// What the failure of a goal speaks of. A goal that compiles or tests said why further up.
fn goal_reason(text: &str) -> Reason {
    let has = |part: &str| text.contains(part);
    if has("Command execution failed")
        || has("Process exited with an error")
        || has("An Ant BuildException has occured")
        || has("Failed to run task")
    {
        return Reason::Summary;
    }
    if has("Compilation failure") || has("There are test failures") || has("There was a timeout") {
        Reason::Summary
    } else if has("Could not resolve") || has("Could not transfer") || has("Could not find artifact") {
        Reason::Dependency
    } else if has("You have ") && has("violation") {
        Reason::Lint
    } else {
        Reason::Configuration
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Seen, read};

    #[test]
    fn a_compiler_s_message_is_the_reason_and_its_goal_the_failed_step() {
        let seen = read(include_str!("../../testdata/maven.log"));
        assert_eq!(seen.explanation, ["7-9 maven compiler"]);
        assert_eq!(seen.steps, [
            "2-3 success resources:resources @ app",
            "4-11 failed compiler:compile @ app"
        ]);
        assert_eq!(seen.tools, ["maven"]);
    }

    #[test]
    fn a_goal_is_found_in_the_form_of_maven_3_too() {
        let Seen { records, .. } = read(
            "[INFO] --- maven-jar-plugin:3.3.0:jar (default-jar) @ app ---\n",
        );
        assert_eq!(records[0].fields.get("maven_phase"), Some("jar"));
        assert_eq!(records[0].fields.get("maven_plugin"), Some("maven-jar-plugin"));
    }
}
