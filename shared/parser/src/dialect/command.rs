//! Commands, as CI systems show them before they run them: which build tool runs, even where it
//! prints nothing of itself, as Make does.
//!
//! `$ make test`, `+ ./gradlew check`, `##[group]Run mvn -B verify`, `[command]/usr/bin/npm ci`.

use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Command {}

/// A program and the tool that it is.
const TOOLS: &[(&str, &str)] = &[
    ("mvn", "maven"),
    ("mvnw", "maven"),
    ("gradle", "gradle"),
    ("gradlew", "gradle"),
    ("ant", "ant"),
    ("sbt", "sbt"),
    ("npm", "npm"),
    ("npx", "npm"),
    ("yarn", "yarn"),
    ("pnpm", "pnpm"),
    ("make", "make"),
    ("gmake", "make"),
    ("cmake", "cmake"),
    ("ninja", "ninja"),
    ("cargo", "cargo"),
    ("go", "go"),
    ("bazel", "bazel"),
    ("bazelisk", "bazel"),
    ("dotnet", "dotnet"),
    ("rake", "rake"),
    ("mix", "mix"),
    ("tox", "tox"),
];

impl Dialect for Command {
    const NAME: &'static str = "command";
    const LITERALS: &'static [&'static str] = &[];
    const STARTS: &'static [&'static str] = &["$ ", "+ ", "Run ", "[command]", "##[group]"];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        if let Some(tool) = command(line.text).and_then(tool) {
            report.build_tool(tool);
        }
    }
}

/// What runs, behind the mark of the shell or of the CI system.
fn command(text: &str) -> Option<&str> {
    let text = text.strip_prefix("##[group]").unwrap_or(text);
    let marks = ["$ ", "+ ", "Run ", "[command]"];
    marks.iter().find_map(|mark| text.strip_prefix(mark)).map(str::trim_start)
}

fn tool(command: &str) -> Option<&'static str> {
    /// Words in front of the program: variables, and programs that run another.
    const BEFORE: [&str; 5] = ["sudo", "env", "time", "exec", "xvfb-run"];
    let mut words = command.split(' ').take(8);
    let program = words.find(|word| !BEFORE.contains(word) && !word.contains('=') && !word.starts_with('-'))?;
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = [".bat", ".cmd", ".exe"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    TOOLS.iter().find(|(known, _)| *known == name).map(|(_, tool)| *tool)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_tool_that_prints_nothing_of_itself_is_named() {
        let seen = read(include_str!("../../testdata/command.log"));
        assert_eq!(seen.tools, ["make", "gradle", "maven", "npm"]);
        assert!(read("$ makefile\n+ echo make\nRun the go tool\n").tools.is_empty());
    }
}
