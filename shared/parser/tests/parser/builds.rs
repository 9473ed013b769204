//! Small builds, ten a tool: the tool is named.

#![allow(clippy::panic, reason = "a test says what is missing")]

use std::fs;
use std::path::Path;

use logmill_parser::{Event, Options, Parser};

const TOOLS: &[&str] =
    &["ant", "cargo", "go", "gradle", "make", "maven", "npm", "pnpm", "sbt", "yarn"];

/// The first tool that a log is said to be of.
fn tool(log: &[u8]) -> Option<String> {
    let mut tool = None;
    let mut sink = |event: Event<'_>| {
        if let Event::Build(build) = event {
            tool = build.tools.first().cloned();
        }
    };
    let mut parser = Parser::new(Options::default());
    parser.push(log, &mut sink);
    parser.finish(None, &mut sink);
    tool
}

#[test]
fn a_build_is_found_under_the_name_of_its_tool() {
    let mut wrong = Vec::new();
    for wanted in TOOLS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/builds").join(wanted);
        let logs: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(logs.len() >= 10, "{} holds ten builds", folder.display());
        for path in logs {
            let found = tool(&fs::read(&path).unwrap());
            if found.as_deref() != Some(wanted) {
                wrong.push(format!("{}: {found:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
