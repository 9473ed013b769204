//! Runs of real frameworks, compared with what the same runs reported of themselves: see
//! `infra/dev/frameworks/README.md`.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test says what differs")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use logmill_parser::ndjson::Writer;
use logmill_parser::{Options, Parser};
use serde::Deserialize;
use serde_json::Value;

/// The frameworks, and how many of their runs are read without a mistake.
const EQUAL: &[(&str, usize)] = &[
    ("cargo", 30),
    ("ctest", 30),
    ("go", 30),
    ("gtest", 30),
    ("jest", 30),
    ("mocha", 30),
    ("node", 30),
    ("pytest", 30),
    ("surefire", 30),
    ("testng", 30),
    ("unittest", 30),
    ("vitest", 30),
];

/// What a run reported of itself; what its log cannot tell is none.
#[derive(Deserialize)]
struct Truth {
    run: Option<u64>,
    passed: Option<u64>,
    failed: Option<u64>,
    skipped: Option<u64>,
    failed_names: Option<BTreeSet<String>>,
    command: String,
}

/// What the parser says, as lines of JSON.
fn read(log: &[u8]) -> Vec<Value> {
    let mut writer = Writer::new(Vec::new());
    let mut parser = Parser::new(Options::default());
    parser.push(log, &mut writer);
    parser.finish(None, &mut writer);
    let out = writer.finish().unwrap();
    out.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn of_kind<'a>(said: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    said.iter().filter(move |line| line["kind"] == kind)
}

/// A count of the whole log: of its total if there is one, else the sum over its summaries.
fn count(said: &[Value], name: &str) -> u64 {
    let of = |line: &Value| line[name].as_u64().unwrap_or(0);
    match of_kind(said, "test_total").last() {
        Some(total) => of(total),
        None => of_kind(said, "test_summary").map(of).sum(),
    }
}

/// What `go test` cannot report as a test: the parser tells it as one in error, as Go's tools that
/// write JUnit's XML do.
fn is_package(test: &Value) -> bool {
    matches!(test["name"].as_str(), Some("[build failed]" | "[setup failed]" | "Failure"))
}

/// A count as the framework means it: Go's tools count skipped tests among those that ran.
fn count_as_reported(said: &[Value], name: &str) -> u64 {
    let told = count(said, name);
    if of_kind(said, "test_summary").all(|summary| summary["framework"] != "go") {
        return told;
    }
    let packages = of_kind(said, "test").filter(|test| is_package(test)).count() as u64;
    match name {
        "run" => told - count(said, "skipped") - packages,
        "failed" => told - packages,
        _ => told,
    }
}

/// The ways to write the name of a test that the parser told.
fn names(test: &Value) -> Vec<String> {
    let name = test["name"].as_str().unwrap_or_default();
    // mocha ends the names in its list of failures with a colon.
    let name = name.strip_suffix(':').unwrap_or(name);
    let mut names = vec![name.to_owned()];
    if let Some(class) = test["classname"].as_str() {
        names.push(format!("{name}({class})"));
        names.push(format!("{class}.{name}"));
    }
    names
}

/// Whether a name is the wanted one, alone or behind those of its suites.
fn is_name(name: &str, wanted: &str) -> bool {
    name.strip_suffix(wanted).is_some_and(|before| {
        before.is_empty() || [" > ", " › ", "/"].iter().any(|between| before.ends_with(between))
    })
}

/// What differs, a line each.
fn differences(truth: &Truth, said: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    let counts = [
        ("run", truth.run),
        ("passed", truth.passed),
        ("failed", truth.failed),
        ("skipped", truth.skipped),
    ];
    for (name, wanted) in counts {
        let told = count_as_reported(said, name);
        if wanted.is_some_and(|wanted| wanted != told) {
            differences.push(format!("{name}: {told}, and not {}", wanted.unwrap_or(0)));
        }
    }
    let Some(wanted_names) = &truth.failed_names else { return differences };
    let failed: BTreeSet<Vec<String>> = of_kind(said, "test")
        .filter(|test| test["result"] == "fail" || test["result"] == "error")
        .filter(|test| !is_package(test))
        .map(names)
        .collect();
    let is = |told: &[String], wanted: &str| told.iter().any(|name| is_name(name, wanted));
    for wanted in wanted_names {
        if !failed.iter().any(|told| is(told, wanted)) {
            differences.push(format!("not told as failed: {wanted}"));
        }
    }
    for told in &failed {
        if !wanted_names.iter().any(|wanted| is(told, wanted)) {
            differences.push(format!("told as failed, and is not: {}", told[0]));
        }
    }
    differences
}

fn runs(framework: &str) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/frameworks").join(framework);
    let mut logs: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.sort();
    assert!(logs.len() >= 30, "{} holds thirty runs", folder.display());
    logs
}

/// Surefire's own "Tests run" holds the skipped tests, and its summaries are told as it counts: what
/// did not fail has passed.
fn as_counted(framework: &str, truth: Truth) -> Truth {
    if !matches!(framework, "surefire" | "testng") {
        return truth;
    }
    let skipped = truth.skipped.unwrap_or(0);
    let with_skipped = |count: Option<u64>| count.map(|count| count + skipped);
    Truth { run: with_skipped(truth.run), passed: with_skipped(truth.passed), ..truth }
}

/// How many runs of a framework are read without a mistake; prints the others.
fn equal(framework: &str) -> usize {
    let mut equal = 0;
    for path in runs(framework) {
        let truth: Truth =
            serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let truth = as_counted(framework, truth);
        let differences = differences(&truth, &read(&fs::read(&path).unwrap()));
        if differences.is_empty() {
            equal += 1;
        } else {
            let name = path.file_name().unwrap().to_string_lossy();
            println!("{framework}/{name} ({})\n    {}", truth.command, differences.join("\n    "));
        }
    }
    println!("{framework}: {equal} runs equal");
    equal
}

#[test]
fn counts_and_failed_tests_are_those_that_the_framework_reported() {
    let worse: Vec<String> = EQUAL
        .iter()
        .map(|&(framework, wanted)| (framework, wanted, equal(framework)))
        .filter(|(_, wanted, now)| now < wanted)
        .map(|(framework, wanted, now)| format!("{framework}: {now} of {wanted}"))
        .collect();
    assert!(worse.is_empty(), "runs that are read as they should: {}", worse.join(", "));
}
