//! Gradle: tasks as steps, what went wrong, how the build ended.
//!
//! `> Task :app:test FAILED` stands before the output of a task or behind it, `:app:test FAILED`
//! before version 4. A failure is told at the end, behind `* What went wrong:`
//! (docs.gradle.org, "Command-Line Interface").

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Gradle {
    /// Whether Gradle runs: old versions print the bare paths of tasks.
    running: bool,
    /// Behind `What went wrong`.
    wrong: Wrong,
    /// The task that is open.
    task: Option<String>,
    /// Whether the task that is open failed.
    task_failed: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Wrong {
    #[default]
    No,
    /// Behind the title.
    Title,
    /// Behind its first line, and nothing has said more yet than that a task failed.
    Vague,
    /// Behind a line that says why.
    Reason,
}

/// The longest path of a task that is remembered, in bytes.
const MAX_TASK: usize = 200;

impl Dialect for Gradle {
    const NAME: &'static str = "gradle";
    const LITERALS: &'static [&'static str] = &[
        "> Task :", "> Configure project ", "* What went wrong:", "BUILD SUCCESSFUL", "BUILD FAILED",
        "Welcome to Gradle", "Gradle Daemon", "services.gradle.org/distributions", " UP-TO-DATE",
        "gradlew", "FAILURE: Build ", "Gradle Test Executor",
    ];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(task) = task(text, self.running) {
            self.wrong = Wrong::No;
            self.begin(report);
            self.task(task, report);
        } else if text.starts_with("BUILD ") {
            self.result(text, report);
        } else if text.starts_with("* ") {
            if text.starts_with("* What went wrong:") {
                self.begin(report);
                self.wrong = Wrong::Title;
                report.claim();
            } else {
                self.wrong = Wrong::No;
            }
        } else if self.wrong != Wrong::No {
            self.went_wrong(text, report);
        } else if text.starts_with("FAILURE: Build ") {
            self.begin(report);
            self.close(report);
            report.claim();
        } else if !self.running && is_gradle(text) {
            self.begin(report);
        }
    }
}

impl Gradle {
    fn begin(&mut self, report: &mut Report<'_>) {
        self.running = true;
        report.build_tool("gradle");
    }

    /// A line that names a task: its header, or its state behind its output.
    fn task(&mut self, (path, state): (&str, &str), report: &mut Report<'_>) {
        let known = self.task.as_deref() == Some(path);
        if !known {
            self.close(report);
            report.open_step(path, Nesting::Tool);
            self.task = Some(cut(path, MAX_TASK).to_owned());
        }
        match state {
            "FAILED" => {
                self.task_failed = true;
                // What else it printed follows, up to the next task.
                report.error(Severity::Error, Reason::Summary, report.line.text);
            }
            "UP-TO-DATE" | "NO-SOURCE" | "FROM-CACHE" | "SKIPPED" => {
                let skipped = matches!(state, "NO-SOURCE" | "SKIPPED");
                report.close_step(Nesting::Tool, if skipped { Outcome::Skipped } else { Outcome::Success });
                (self.task, self.task_failed) = (None, false);
            }
            _ => {}
        }
    }

    fn close(&mut self, report: &mut Report<'_>) {
        if self.task.take().is_some() {
            let failed = std::mem::take(&mut self.task_failed);
            report.close_step(Nesting::Tool, if failed { Outcome::Failed } else { Outcome::Success });
        }
    }

    fn result(&mut self, text: &str, report: &mut Report<'_>) {
        // Ant says the same words, without a time behind them.
        let timed = text.contains(" in ");
        let failed = text.starts_with("BUILD FAILED");
        if !(failed || text.starts_with("BUILD SUCCESSFUL")) || !(timed || self.running) {
            return;
        }
        self.begin(report);
        self.close(report);
        if failed {
            report.error(Severity::Error, Reason::Summary, text);
        }
        report.failed_if(failed);
        *self = Self::default();
    }

    /// The lines between `* What went wrong:` and `* Try:`.
    fn went_wrong(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
        } else if self.wrong == Wrong::Title {
            let reason = reason(text);
            self.wrong = if reason == Reason::Summary { Wrong::Vague } else { Wrong::Reason };
            self.close(report);
            report.error(Severity::Error, reason, text);
        } else if text.starts_with(['>', ' ']) {
            report.join();
            let why = text.trim_start_matches(['>', ' ']);
            let reason = reason(why);
            let is_cause = text.trim_start().starts_with('>');
            if reason != Reason::Configuration || (self.wrong == Wrong::Vague && is_cause) {
                // The innermost cause says what kind of failure it is.
                report.adopt(Severity::Error, reason);
                report.reword(why);
            } else {
                report.extend();
            }
            if !matches!(reason, Reason::Summary | Reason::Configuration) {
                self.wrong = Wrong::Reason;
            }
        } else {
            report.join();
            report.extend();
        }
    }
}

/// The path and the state of a task. Only old versions, which are known to run, print it bare.
pub(super) fn task(text: &str, running: bool) -> Option<(&str, &str)> {
    let rest = match text.strip_prefix("> Task ") {
        Some(rest) => rest,
        None if running => text,
        None => text.strip_suffix(" UP-TO-DATE").map(|_| text)?,
    };
    let (path, state) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_path = path.len() > 1
        && path.starts_with(':')
        && !path.contains("::")
        && path[1..].bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._-$".contains(&byte));
    let is_state =
        matches!(state, "" | "FAILED" | "UP-TO-DATE" | "NO-SOURCE" | "FROM-CACHE" | "SKIPPED");
    (is_path && is_state).then_some((path, state))
}

fn is_gradle(text: &str) -> bool {
    text.starts_with("Welcome to Gradle")
        || text.starts_with("Starting a Gradle Daemon")
        || text.starts_with("Starting Gradle Daemon")
        || (text.starts_with("Downloading ") && text.contains("services.gradle.org/distributions"))
        || text.starts_with("> Configure project ")
        || text.starts_with("Gradle Test Executor")
        || is_command(text)
}

/// `$ ./gradlew check`, as CI systems show what they run.
fn is_command(text: &str) -> bool {
    let command = text.trim_start_matches(['$', '+', '>', ' ']);
    let command = command.strip_prefix("[command]").unwrap_or(command);
    let program = command.split(' ').next().unwrap_or("");
    program == "gradlew" || program.ends_with("/gradlew") || program.ends_with("gradlew.bat")
}

/// What a cause speaks of. A task that compiled or tested said why further up.
fn reason(text: &str) -> Reason {
    let has = |part: &str| text.contains(part);
    if has("Could not resolve")
        || has("Could not find")
        || has("Could not download")
        || (has("Plugin [id:") && has("was not found"))
    {
        Reason::Dependency
    } else if has("Could not GET") || has("Could not HEAD") || has("timed out") {
        Reason::Network
    } else if has("There were failing tests")
        || has("Compilation failed")
        || has("Compilation error")
        || has("finished with non-zero exit value")
        || text.starts_with("Execution failed for task")
        || text.starts_with("Run with ")
    {
        Reason::Summary
    } else if has("rule violations were found") || has("violations") || has("Lint found errors") {
        Reason::Lint
    } else if has("OutOfMemoryError") || has("Java heap space") || has("daemon disappeared") {
        Reason::Resource
    } else {
        Reason::Configuration
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn tasks_are_steps_and_the_failed_one_has_failed() {
        let seen = read(include_str!("../../testdata/gradle.log"));
        assert_eq!(seen.steps, [
            "1-1 success :compileJava",
            "2-2 skipped :processResources",
            "4-11 failed :app:compileTestJava",
        ]);
        assert_eq!(seen.tools, ["gradle"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn a_dependency_that_cannot_be_resolved_is_the_reason() {
        let seen = read(
            "FAILURE: Build failed with an exception.\n\n* What went wrong:\n\
             Execution failed for task ':app:compileJava'.\n\
             > Could not resolve all files for configuration ':app:compileClasspath'.\n\
             \x20  > Could not find com.example:cart:1.0.\n\n* Try:\n> Run with --info\n\nBUILD FAILED in 1s\n",
        );
        assert_eq!(seen.explanation, ["4-6 gradle dependency"]);
    }

    #[test]
    fn what_a_task_says_of_itself_explains_the_build() {
        let seen = read(
            "FAILURE: Build failed with an exception.\n\n* What went wrong:\n\
             Execution failed for task ':deploy'.\n> no region\n\n* Try:\n> Run with --info\n\nBUILD FAILED in 1s\n",
        );
        assert_eq!(seen.explanation, ["4-5 gradle configuration"]);
    }

    #[test]
    fn the_tasks_of_old_versions_are_steps_too() {
        let seen = read(
            "Starting a Gradle Daemon\n:compileJava UP-TO-DATE\n:test FAILED\n\nBUILD FAILED\n\nTotal time: 3.1 secs\n",
        );
        assert_eq!(seen.steps, ["2-2 success :compileJava", "3-4 failed :test"]);
        assert_eq!(seen.result, "failed");
    }
}
