//! tox: its environments are steps.
//!
//! tox 4 puts the environment before what it runs (`py311: commands[0]> pytest`), says how it ended
//! (`py311: FAIL ✖ in 0.97 seconds`, with `--parallel` before its output), of the last one only in the
//! summary (`  py311: OK (1.23=setup[1.00]+cmd[0.23] seconds)`), and ends in `congratulations :)` or
//! `evaluation failed :(`. tox 3 has `py36 run-test: commands[0] | pytest`, and its summary
//! `ERROR:   py36: commands failed`. As tox 2.9 to 4.23 write it.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Tox {
    /// The environment that runs.
    open: Option<String>,
    /// If it is one of tox 3, how it ended as far as is known.
    came_to: Option<Outcome>,
    /// The last environment, whose result the summary says.
    waiting: Option<String>,
    /// Environments whose results stand before their output.
    known: Vec<(String, Outcome)>,
}

/// How many results are kept that stand before the output.
const MAX_KNOWN: usize = 64;
/// The longest name of an environment that is kept, in bytes.
const MAX_NAME: usize = 100;

/// What tox 4 runs in an environment, before the `>`.
const PHASES: [&str; 9] = [
    "install_deps", "install_package", "install_package_deps", "install_requires", "build_wheel", "build_sdist",
    "_optional_hooks", "freeze", "venv",
];
/// What tox 3 does with one, before the `: `.
const PHASES_3: [&str; 9] = [
    "create", "recreate", "installdeps", "inst", "inst-nodeps", "develop-inst", "run-test-pre", "run-test", "runtests",
];

/// What ends an environment of tox 3.
const ERRORS_3: [&str; 3] = ["InvocationError", "could not install deps", "InterpreterNotFound"];

impl Dialect for Tox {
    const NAME: &'static str = "tox";
    const LITERALS: &'static [&'static str] = &[
        ": commands[", ": commands_pre[", ": commands_post[", ": install_deps> ", ": install_package",
        ": install_requires> ", ": build_wheel> ", ": _optional_hooks> ", ": skipped because ", " seconds) ", " ✔ in ", " ✖ in ",
        " ⚠ in ", ": OK (", ": SKIP (", ": FAIL code ", "congratulations :)", "evaluation failed :(",
        " create: /", " installdeps: ", " inst-nodeps: ", " run-test", " runtests: ",
        "ERROR: InvocationError", "ERROR: could not install deps", ": InterpreterNotFound: ", "___ summary ___", ": commands failed", ": commands succeeded",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        // tox 4 says how long it took behind that.
        match text.trim().split(" (").next() {
            Some("congratulations :)") => return self.ended(Outcome::Success, report),
            Some("evaluation failed :(") => return self.ended(Outcome::Failed, report),
            _ => {}
        }
        if let Some((env, said)) = said_of(text) {
            self.said(env, said, report);
        } else if let Some((env, outcome)) = total(text) {
            self.total(env, outcome, report);
        } else if let Some(env) = phase_3(text) {
            self.begin(env, report);
            self.came_to.get_or_insert(Outcome::Success);
        } else if self.came_to.is_some() {
            self.line_3(text, report);
        }
    }
}

impl Tox {
    /// Reads `said` behind `py311: `.
    fn said(&mut self, env: &str, said: &str, report: &mut Report<'_>) {
        let phase = said.split_once("> ").map_or("", |(phase, _)| phase);
        let is_phase = phase.starts_with("commands") && phase.ends_with(']') || PHASES.contains(&phase);
        if is_phase || said.starts_with("skipped because ") {
            self.begin(env, report);
        } else if said.starts_with("exit ") && said.contains(" seconds) ") {
            report.build_tool(Self::NAME);
            report.error(Severity::Error, Reason::Summary, report.line.text);
        } else if said.ends_with(" seconds") && let Some(outcome) = result(said) {
            report.build_tool(Self::NAME);
            if self.open.as_deref() == Some(env) {
                self.open = None;
                report.end_step(Nesting::Part, Some(outcome));
            } else if self.known.len() < MAX_KNOWN {
                self.known.push((cut(env, MAX_NAME).to_owned(), outcome));
            } else {
                report.forget(1);
            }
        }
    }

    /// Opens the step of an environment unless it is open.
    fn begin(&mut self, env: &str, report: &mut Report<'_>) {
        let env = cut(env, MAX_NAME);
        report.build_tool(Self::NAME);
        if self.open.as_deref() == Some(env) {
            return;
        }
        self.close(report);
        report.open_step(env, Nesting::Part);
        (self.open, self.waiting) = (Some(env.to_owned()), None);
    }

    /// Ends the environment that is open, for something else begins.
    fn close(&mut self, report: &mut Report<'_>) {
        let came_to = self.came_to.take();
        let Some(env) = self.open.take() else { return };
        let known = self.known.iter().position(|(known, _)| *known == env);
        let outcome = match came_to {
            _ if let Some(at) = known => self.known.remove(at).1,
            Some(outcome) => outcome,
            // What is to be tested has been built.
            None if env.starts_with(".pkg") => Outcome::Success,
            None => {
                report.leave_step(Nesting::Part);
                self.waiting = Some(env);
                return;
            }
        };
        report.close_step(Nesting::Part, outcome);
    }

    /// A line of the summary.
    fn total(&mut self, env: &str, outcome: Outcome, report: &mut Report<'_>) {
        self.close(report);
        if outcome == Outcome::Failed {
            report.verdict(outcome);
        }
        if self.waiting.as_deref() == Some(cut(env, MAX_NAME)) {
            self.waiting = None;
            report.settle_step(outcome);
        }
    }

    /// A line of tox 3 in or behind an environment.
    fn line_3(&mut self, text: &str, report: &mut Report<'_>) {
        let is_error = text.strip_prefix("ERROR: ").is_some_and(|said| ERRORS_3.iter().any(|error| said.starts_with(error)));
        if text.starts_with("SKIPPED: InterpreterNotFound") {
            self.came_to = Some(Outcome::Skipped);
        } else if is_error {
            self.came_to = Some(Outcome::Failed);
            report.error(Severity::Error, Reason::Summary, text);
        } else if text.starts_with("___") {
            self.close(report);
        }
    }

    fn ended(&mut self, outcome: Outcome, report: &mut Report<'_>) {
        report.build_tool(Self::NAME);
        self.close(report);
        report.verdict(outcome);
        *self = Self::default();
    }
}

/// The environment and what is said of it: `py311: commands[0]> pytest`
fn said_of(text: &str) -> Option<(&str, &str)> {
    text.split_once(": ").filter(|(env, _)| is_env(env) && !matches!(*env, "ERROR" | "SKIPPED"))
}

/// `  py311: FAIL code 1 (0.97=setup[0.77]+cmd[0.20] seconds)`, `ERROR:   py36: commands failed`
fn total(text: &str) -> Option<(&str, Outcome)> {
    let text = ["ERROR: ", "SKIPPED: "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    let (env, said) = said_of(text.strip_prefix("  ")?)?;
    let outcome = match said {
        "commands failed" => Outcome::Failed,
        "commands succeeded" => Outcome::Success,
        _ => result(said).filter(|_| said.ends_with(" seconds)"))?,
    };
    Some((env, outcome))
}

fn result(said: &str) -> Option<Outcome> {
    match said.split(' ').next()? {
        "OK" => Some(Outcome::Success),
        "FAIL" => Some(Outcome::Failed),
        "SKIP" => Some(Outcome::Skipped),
        _ => None,
    }
}

/// The environment of `py36 run-test: commands[0] | pytest`.
fn phase_3(text: &str) -> Option<&str> {
    let (env, said) = text.split_once(' ')?;
    let (phase, what) = said.split_once(": ")?;
    let is_place = !phase.ends_with("create") || what.contains(".tox");
    (is_env(env) && PHASES_3.contains(&phase) && is_place).then_some(env)
}

fn is_env(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn environments_are_steps_with_their_results_the_last_one_s_too() {
        let seen = read(include_str!("../../testdata/tox.log"));
        assert_eq!(
            seen.steps,
            [
                "1-2 success .pkg",
                "3-24 failed py311",
                "25-28 failed lint",
                "29-30 skipped py35",
                "31-32 success docs"
            ]
        );
        assert_eq!((seen.result, seen.tools), ("failed", vec!["tox".to_owned()]));
        assert_eq!(seen.explanation, ["13-17 unittest assertion"]);
    }

    #[test]
    fn results_that_stand_before_the_output_are_those_of_its_step() {
        let seen = read(
            "docs: OK ✔ in 0.14 seconds\nlint: FAIL ✖ in 0.24 seconds\nlint: commands[0]> ruff check\nbad style\n\
             lint: exit 1 (0.10 seconds) /app> ruff check pid=13767\npy311: commands[0]> pytest\nok\n  py311: OK (0.37=setup[0.17]+cmd[0.20] seconds)\n\
             \x20 lint: FAIL code 1 (0.24=setup[0.14]+cmd[0.10] seconds)\n  docs: OK (0.14=setup[0.09]+cmd[0.06] seconds)\n  evaluation failed :( (0.57 seconds)\n",
        );
        assert_eq!(seen.steps, ["3-5 failed lint", "6-7 success py311"]);
        assert_eq!(seen.explanation, ["5-5 tox summary"]);
    }

    #[test]
    fn environments_of_tox_3_are_steps_too() {
        let seen = read(
            "py36 create: /app/.tox/py36\npy36 installdeps: pytest\npy36 run-test-pre: PYTHONHASHSEED='3401807567'\n\
             py36 run-test: commands[0] | pytest\nno such thing\n\
             ERROR: InvocationError for command /app/.tox/py36/bin/pytest (exited with code 1)\n\
             py35 create: /app/.tox/py35\nSKIPPED: InterpreterNotFound: python3.5\ndocs create: /app/.tox/docs\ndocs run-test: commands[0] | sphinx-build\n\
             ___________________________________ summary ____________________________________\n\
             ERROR:   py36: commands failed\n  docs: commands succeeded\n",
        );
        assert_eq!(seen.steps, ["1-6 failed py36", "7-8 skipped py35", "9-10 success docs"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn environments_that_all_went_well_are_a_build_that_did() {
        let seen = read(
            "docs: commands[0]> sphinx-build\nok\n  docs: OK (0.22=setup[0.15]+cmd[0.07] seconds)\n  congratulations :) (0.46 seconds)\n",
        );
        assert_eq!((seen.result, seen.steps), ("success", vec!["1-2 success docs".to_owned()]));
    }

    #[test]
    fn what_only_looks_alike_is_no_environment() {
        let seen = read("x: exit 1\nall: OK (3 files)\ntable create: /app/db\n  a: FAIL code 3\n");
        assert!(seen.steps.is_empty() && seen.tools.is_empty() && seen.result == "unknown");
    }
}
