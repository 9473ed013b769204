//! Make and Ninja: which target failed, and which folders and targets of CMake took which lines. What
//! is wrong stands above.
//!
//! `make[1]: Entering directory 'src'` and `Leaving directory` hold a folder, at once with others if
//! `-j` says so. A target of CMake goes from the first of its objects,
//! `[ 16%] Building C object src/CMakeFiles/core.dir/core.c.o`, to `[ 33%] Built target core`, or fails:
//! `make[1]: *** [CMakeFiles/Makefile2:113: CMakeFiles/core.dir/all] Error 2`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Make {
    /// The folders that were entered and not left.
    folders: Vec<Folder>,
    /// The levels of recursion on which something failed, a bit each.
    failed: u64,
    /// The targets of CMake whose objects were seen, with their lanes.
    targets: Vec<(String, u32)>,
    /// Whether Ninja named what it could not make.
    named: bool,
    /// How many lanes were used.
    lanes: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Folder {
    level: u32,
    name: String,
    /// Where it runs beside others.
    lane: Option<u32>,
}

/// How many folders, and how many targets, are open at once.
const MAX_OPEN: usize = 64;
/// The longest name that is kept, in bytes.
const MAX_NAME: usize = 160;
/// The first lane of what runs side by side here.
const FIRST_LANE: u32 = 1 << 30;

static MADE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:g?make|mingw32-make)(?:\[(\d+)\])?: (\*\*\*|Entering directory|Leaving directory) (.+)$"));

impl Dialect for Make {
    const NAME: &'static str = "make";
    const LITERALS: &'static [&'static str] =
        &["make", "ninja: build stopped", "ninja: error: ", "FAILED: ", ".dir/", "Built target "];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(made) = is_make(text).then(|| MADE.captures(text)).flatten() {
            report.build_tool(Self::NAME);
            let level = made.get(1).and_then(|level| level.as_str().parse().ok()).unwrap_or(0);
            match &made[2] {
                "***" => self.failed(level, &made[3], report),
                "Entering directory" => self.enter(level, &made[3], report),
                _ => self.leave(level, &made[3], report),
            }
        } else if text.starts_with("make[") {
            report.build_tool(Self::NAME);
        } else if text.starts_with("ninja: ") {
            report.build_tool("ninja");
            report.verdict(Outcome::Failed);
            let reason = if text.starts_with("ninja: error: ") { Reason::Configuration } else { Reason::Summary };
            if !std::mem::take(&mut self.named) || reason == Reason::Configuration {
                report.error(Severity::Error, reason, text);
            }
        } else if let Some(what) = text.strip_prefix("FAILED: ").filter(|what| is_outputs(what)) {
            self.named = true;
            report.error(Severity::Error, Reason::Summary, what);
        } else if let Some(done) = percent(text) {
            self.target(done, report);
        }
    }
}

impl Make {
    fn failed(&mut self, level: u32, what: &str, report: &mut Report<'_>) {
        report.verdict(Outcome::Failed);
        self.failed |= 1_u64.checked_shl(level).unwrap_or(0);
        let is_certain = what.starts_with("No rule to make target") || what.contains("missing separator");
        let reason = if is_certain { Reason::Configuration } else { Reason::Summary };
        report.error(Severity::Error, reason, what);
        let target = what.split(".dir/all]").next().filter(|before| before.len() < what.len());
        if let Some(target) = target.and_then(|target| target.rsplit("CMakeFiles/").next()) {
            self.end_target(target, Outcome::Failed, report);
        }
    }

    /// Opens the step of a folder: inside the one around it, or beside those of its level.
    fn enter(&mut self, level: u32, folder: &str, report: &mut Report<'_>) {
        let name = unquoted(folder);
        if self.folders.len() >= MAX_OPEN {
            report.findings.steps.dropped += 1;
            return;
        }
        let is_inside = self.folders.iter().all(|around| around.level < level && around.lane.is_none());
        let lane = (!is_inside).then(|| self.next_lane());
        match lane {
            Some(lane) => report.in_lane(lane, |report| report.open_lane(name)),
            None => report.open_step(name, Nesting::Part),
        }
        self.folders.push(Folder { level, name: name.to_owned(), lane });
    }

    fn leave(&mut self, level: u32, folder: &str, report: &mut Report<'_>) {
        let bit = 1_u64.checked_shl(level).unwrap_or(0);
        let outcome = if self.failed & bit == 0 { Outcome::Success } else { Outcome::Failed };
        self.failed &= !bit;
        let name = unquoted(folder);
        let Some(at) = self.folders.iter().rposition(|known| known.level == level && known.name == name) else {
            return;
        };
        match self.folders.remove(at).lane {
            Some(lane) => report.in_lane(lane, |report| report.end_lane(outcome, None)),
            None => {
                report.end_named(name, Some(outcome), None);
            }
        }
    }

    /// Reads what stands behind `[ 33%] `.
    fn target(&mut self, done: &str, report: &mut Report<'_>) {
        if let Some(target) = done.strip_prefix("Built target ") {
            report.build_tool("cmake");
            return self.end_target(target, Outcome::Success, report);
        }
        let object = done.starts_with("Building ").then(|| done.split_once("CMakeFiles/")).flatten();
        let Some((target, _)) = object.and_then(|(_, object)| object.split_once(".dir/")) else { return };
        let target = cut(target, MAX_NAME);
        if self.targets.iter().any(|(known, _)| known == target) {
            return;
        }
        if self.targets.len() >= MAX_OPEN {
            report.findings.steps.dropped += 1;
            return;
        }
        let lane = self.next_lane();
        report.build_tool("cmake");
        report.in_lane(lane, |report| report.open_lane(target));
        self.targets.push((target.to_owned(), lane));
    }

    fn end_target(&mut self, target: &str, outcome: Outcome, report: &mut Report<'_>) {
        let target = cut(target.trim(), MAX_NAME);
        if let Some(at) = self.targets.iter().position(|(known, _)| known == target) {
            let (_, lane) = self.targets.swap_remove(at);
            report.in_lane(lane, |report| report.end_lane(outcome, None));
        }
    }

    fn next_lane(&mut self) -> u32 {
        self.lanes = self.lanes.wrapping_add(1) % FIRST_LANE;
        FIRST_LANE + self.lanes
    }
}

fn is_make(text: &str) -> bool {
    ["make", "gmake", "mingw32-make"].iter().any(|name| text.starts_with(name))
}

/// `'src'`, of old versions `` `src' ``.
fn unquoted(folder: &str) -> &str {
    cut(folder.trim().trim_matches(['\'', '`']), MAX_NAME)
}

/// What stands behind `[ 33%] `.
fn percent(text: &str) -> Option<&str> {
    let (done, rest) = text.strip_prefix('[')?.split_once("%] ")?;
    let done = done.trim_start();
    (!done.is_empty() && done.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest)
}

/// What Ninja could not make: `src/core.o`, since 1.12 `[code=1] src/core.o`.
fn is_outputs(what: &str) -> bool {
    let outputs = what.strip_prefix("[code=").and_then(|what| what.split_once("] ")).map_or(what, |(_, rest)| rest);
    let is_file = |word: &str| word.contains(['/', '.']) && !word.contains(':') && !word.ends_with('.');
    !outputs.trim().is_empty() && outputs.split_whitespace().all(is_file)
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

    #[test]
    fn folders_are_steps_inside_one_another() {
        let seen = read(
            "make[1]: Entering directory '/app'\nmake[2]: Entering directory '/app/docs'\nmake[2]: Nothing to be done for 'all'.\n\
             make[2]: Leaving directory '/app/docs'\nmake[2]: Entering directory '/app/src'\ngcc -c a.c\n\
             make[2]: *** [Makefile:2: all] Error 1\nmake[2]: Leaving directory '/app/src'\n\
             make[1]: *** [Makefile:9: all] Error 2\nmake[1]: Leaving directory '/app'\nmake: *** [Makefile:3: all] Error 2\n",
        );
        assert_eq!(seen.steps, ["2-4 success /app/docs", "5-8 failed /app/src", "1-10 failed /app"]);
    }

    #[test]
    fn folders_that_are_made_at_once_keep_their_own_ends() {
        let seen = read(
            "make[1]: Entering directory `/app/a'\nmake[1]: Entering directory `/app/b'\ngcc -c a.c\n\
             make[1]: Leaving directory `/app/a'\ngcc -c b.c\nmake[1]: *** [b.o] Error 1\nmake[1]: Leaving directory `/app/b'\n",
        );
        assert_eq!(seen.steps, ["1-4 success /app/a", "2-7 failed /app/b"]);
    }

    #[test]
    fn targets_of_cmake_are_steps_and_no_other_percentage_is() {
        let seen = read(
            "[ 16%] Building C object CMakeFiles/core.dir/core.c.o\n[ 50%] Building C object src/CMakeFiles/ui.dir/ui.c.o\n\
             ui.c:1:9: error: expected ')'\n[ 33%] Linking C static library libcore.a\n[ 33%] Built target core\n\
             make[2]: *** [src/CMakeFiles/ui.dir/build.make:76: src/CMakeFiles/ui.dir/ui.c.o] Error 1\n\
             make[1]: *** [CMakeFiles/Makefile2:113: src/CMakeFiles/ui.dir/all] Error 2\nmake: *** [Makefile:91: all] Error 2\n[ 40%] Built target unseen\n",
        );
        assert_eq!(seen.steps, ["2-7 failed ui", "1-5 success core"]);
        assert_eq!(seen.explanation, ["3-3 compiler compiler"]);
    }

    #[test]
    fn what_ninja_could_not_make_is_told_where_nothing_else_is() {
        let seen = read("[2/6] Generating docs\nFAILED: docs/html/index.html \ncd /app && doxygen\nsome words\nninja: build stopped: subcommand failed.\n");
        assert_eq!(seen.explanation[0], "2-2 make summary");
        assert!(read("FAILED: 3 of 4\nFAILED: Build did NOT complete\n").errors.is_empty());
    }
}
