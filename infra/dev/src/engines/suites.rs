//! `cargo engines test`: which suites there are, what each said, and which engines they need.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::cache::Cache;
use super::engine::{ENGINES, Engine};

/// The name of the test targets that need engines.
const TARGET: &str = "engines";

/// The executable of one crate's tests.
struct Suite {
    /// The crate.
    name: String,
    folder: PathBuf,
    executable: PathBuf,
    needs: Vec<&'static dyn Engine>,
}

/// How often tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: usize,
    failed: usize,
}

/// How a suite ended.
struct Outcome {
    /// By the first part of the tests' names: the adapter, or the part of the suite.
    counts: BTreeMap<String, Count>,
    took: Duration,
    succeeded: bool,
}

/// Runs every suite, also after one that failed.
pub(crate) fn test(cache: &Cache, arguments: &[String]) -> Result<()> {
    let mut suites = build()?;
    if !arguments.is_empty() {
        // No engine is started for tests that nobody asked for.
        let chosen: Result<Vec<bool>> = suites.iter().map(|suite| suite.has(arguments)).collect();
        let mut chosen = chosen?.into_iter();
        suites.retain(|_| chosen.next().unwrap_or_default());
    }
    let needed = |engine: &&'static dyn Engine| {
        suites.iter().any(|suite| suite.needs.iter().any(|need| need.name() == engine.name()))
    };
    let engines: Vec<&'static dyn Engine> = ENGINES.into_iter().filter(needed).collect();
    super::up(cache, &engines)?;
    super::print_table(cache);
    let variables = super::variables(cache);
    let mut outcomes = Vec::new();
    for suite in &suites {
        println!("\n=== {}", suite.name);
        outcomes.push((suite, suite.run(arguments, &variables)?));
    }
    report(&outcomes)
}

/// Builds the tests, as `cargo test` does.
fn build() -> Result<Vec<Suite>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["test", "--workspace", "--test", TARGET, "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !built.status.success() {
        bail!("the tests that need engines do not build ({})", built.status);
    }
    let suites: Result<Vec<Suite>> = String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| Suite::of_message(&serde_json::from_str(line).ok()?))
        .map(Suite::with_needs)
        .collect();
    let mut suites = suites?;
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(suites)
}

impl Suite {
    /// What a message of cargo says of an executable.
    fn of_message(message: &Value) -> Option<Self> {
        let is_test = message["target"]["kind"][0] == "test";
        if message["reason"] != "compiler-artifact"
            || !is_test
            || message["target"]["name"] != TARGET
        {
            return None;
        }
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        // path+file:///folder#name@version, or path+file:///folder/name#version
        let (path, version) = message["package_id"].as_str()?.rsplit_once('#')?;
        let name = match version.split_once('@') {
            Some((name, _)) => name,
            None => path.rsplit('/').next()?,
        };
        Some(Self {
            name: name.to_owned(),
            folder,
            executable: PathBuf::from(message["executable"].as_str()?),
            needs: Vec::new(),
        })
    }

    /// Sees which engines the tests name.
    fn with_needs(mut self) -> Result<Self> {
        let program = fs::read(&self.executable)
            .with_context(|| format!("cannot read {}", self.executable.display()))?;
        let names = |engine: &&'static dyn Engine| contains(&program, engine.variable().as_bytes());
        self.needs = ENGINES.into_iter().filter(names).collect();
        Ok(self)
    }

    /// Whether it has a test that these arguments choose.
    fn has(&self, arguments: &[String]) -> Result<bool> {
        let listed = Command::new(&self.executable).args(arguments).arg("--list").output();
        let listed = listed.with_context(|| format!("cannot run {}", self.executable.display()))?;
        Ok(String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.ends_with(": test")))
    }

    /// Runs it in the folder and the environment that cargo runs it in, and passes on what it says.
    fn run(&self, arguments: &[String], variables: &BTreeMap<String, String>) -> Result<Outcome> {
        let since = Instant::now();
        let mut child = Command::new(&self.executable)
            .args(arguments)
            .envs(variables)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .current_dir(&self.folder)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.executable.display()))?;
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        let said = child.stdout.take().context("what the tests say is piped")?;
        for line in BufReader::new(said).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            std::io::stdout().flush()?;
            count(&line, &mut counts);
        }
        let succeeded = child.wait()?.success();
        Ok(Outcome { counts, took: since.elapsed(), succeeded })
    }
}

/// Counts the test that a line tells the end of.
fn count(line: &str, counts: &mut BTreeMap<String, Count>) {
    let Some((name, result)) =
        line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
    else {
        return;
    };
    let part = name.split_once("::").map_or("", |(part, _)| part);
    let count = counts.entry(part.to_owned()).or_default();
    match result {
        "ok" => count.passed += 1,
        "FAILED" => count.failed += 1,
        _ => {}
    }
}

/// Prints the list; an error if a suite failed, or if none ran a test.
fn report(outcomes: &[(&Suite, Outcome)]) -> Result<()> {
    println!(
        "\n{:<30} {:<24} {:>6} {:>6} {:>8}  engines",
        "suite", "part", "passed", "failed", "time"
    );
    let mut all = Count::default();
    for (suite, outcome) in outcomes {
        let needs: Vec<&str> = suite.needs.iter().map(|engine| engine.name()).collect();
        let took = format!("{:.1} s", outcome.took.as_secs_f64());
        println!(
            "{:<30} {:<24} {:>6} {:>6} {took:>8}  {}",
            suite.name,
            "",
            "",
            "",
            needs.join(", ")
        );
        for (part, count) in &outcome.counts {
            println!("{:<30} {part:<24} {:>6} {:>6}", "", count.passed, count.failed);
            all.passed += count.passed;
            all.failed += count.failed;
        }
    }
    println!("\n{} passed, {} failed", all.passed, all.failed);
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.succeeded)
        .map(|(suite, _)| suite.name.as_str())
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    if all.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    regex::bytes::Regex::new(&regex::escape(&String::from_utf8_lossy(part)))
        .is_ok_and(|part| part.is_match(bytes))
}
