//! Jobs whose steps, times and result are known: GitLab's traces, and the archive of a run of
//! GitHub's workflows, whose members are the steps.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use logmill_model::{Severity, TestSummary, Timestamp};
use logmill_parser::{Event, Options, Parser};
use logmill_unpack::{Entry, Limits, Object};
use serde_json::Value;

use super::compare::{Figures, rounded};

/// The sets, folders of the corpus.
const TRACES: &str = "gitlab_trace";
const ARCHIVE: &str = "github_actions_zip";

/// The parts of both sets that the parser says as they are; nothing of a set that is not there.
pub(crate) fn score(corpus: &Path) -> Result<Figures> {
    let mut figures = traces(&corpus.join(TRACES))?;
    figures.extend(archive(&corpus.join(ARCHIVE))?);
    Ok(figures)
}

/// How many of all were right.
#[derive(Default)]
struct Share {
    right: u32,
    all: u32,
}

impl Share {
    fn count(&mut self, is_right: bool, wrong: impl FnOnce() -> String) {
        self.right += u32::from(is_right);
        self.all += 1;
        if !is_right {
            println!("{}", wrong());
        }
    }

    fn figure(&self, name: &str) -> (String, f64) {
        (name.to_owned(), rounded(f64::from(self.right) / f64::from(self.all.max(1))))
    }
}

/// What the parser says of a trace.
#[derive(Default)]
struct Job {
    result: String,
    /// Name, first and last second.
    steps: Vec<(String, i64, i64)>,
    warnings: u64,
    tests: Vec<TestSummary>,
}

fn traces(set: &Path) -> Result<Figures> {
    let Some(text) = read(&set.join("truth.jsonl"))? else { return Ok(Figures::new()) };
    let (mut results, mut steps, mut warnings, mut tests) =
        (Share::default(), Share::default(), Share::default(), Share::default());
    for row in text.lines().filter(|row| !row.trim().is_empty()) {
        let row: Value = serde_json::from_str(row).context(TRACES)?;
        let file = row["file"].as_str().context("a row without a file")?;
        let job = parse(&set.join(file))?;
        let expected = row["job_result"].as_str().unwrap_or("");
        results.count(job.result == expected, || format!("{file}: {} is {expected}", job.result));
        let mut left = job.steps;
        for step in row["steps"].as_array().into_iter().flatten() {
            let second = |key: &str| step[key].as_i64().unwrap_or(-1);
            let name = step["name"].as_str().unwrap_or("").to_owned();
            let wanted = (name, second("started_epoch"), second("finished_epoch"));
            let found = left.iter().position(|step| *step == wanted);
            found.map(|at| left.remove(at));
            steps.count(found.is_some(), || format!("{file}: no step {wanted:?}"));
        }
        for extra in left {
            steps.count(false, || format!("{file}: a step {extra:?}"));
        }
        let wanted = row["warnings"].as_u64();
        let found = job.warnings;
        warnings
            .count(wanted == Some(found), || format!("{file}: {found} are {wanted:?} warnings"));
        if row["tests"].is_object() {
            let is_right = matches!(&job.tests[..], [summary] if is_said(summary, &row["tests"]));
            tests.count(is_right, || format!("{file}: {:?} are {}", job.tests, row["tests"]));
        }
    }
    Ok([
        results.figure(&format!("{TRACES}.results_right")),
        steps.figure(&format!("{TRACES}.steps_right")),
        warnings.figure(&format!("{TRACES}.warnings_right")),
        tests.figure(&format!("{TRACES}.tests_right")),
    ]
    .into())
}

/// Whether a summary has the counts of `tests`, where those that are pending are among those that run.
fn is_said(summary: &TestSummary, tests: &Value) -> bool {
    let count = |name: &str| tests[name].as_u64();
    tests["framework"] == *summary.framework
        && count("run") == Some(summary.run + summary.skipped)
        && count("failed") == Some(summary.failed)
        && count("pending") == Some(summary.skipped)
        && tests["duration_s"].as_f64() == summary.duration_s
}

fn parse(path: &Path) -> Result<Job> {
    let log = fs::read(path).with_context(|| path.display().to_string())?;
    let mut job = Job::default();
    let mut sink = |event: Event<'_>| match event {
        Event::Step(step) if step.parent.is_none() => {
            let second = |at: Option<Timestamp>| at.map_or(-1, Timestamp::as_second);
            job.steps.push((step.name.clone(), second(step.started_at), second(step.finished_at)));
        }
        Event::Error(error) if error.severity == Severity::Warning => job.warnings += 1,
        Event::TestSummary(summary) => job.tests.push(summary.clone()),
        Event::Build(build) => build.result.as_str().clone_into(&mut job.result),
        _ => {}
    };
    let mut parser = Parser::new(Options::default());
    parser.push(&log, &mut sink);
    parser.finish(None, &mut sink);
    Ok(job)
}

/// Every step is a log of its own, named by its job, its number and its name.
fn archive(set: &Path) -> Result<Figures> {
    let Some(text) = read(&set.join("truth.json"))? else { return Ok(Figures::new()) };
    let truth: Value = serde_json::from_str(&text).context(ARCHIVE)?;
    let file = truth["file"].as_str().context("a truth without a file")?;
    let parts = parts(&set.join(file))?;
    let mut steps = Share::default();
    for job in truth["jobs"].as_array().into_iter().flatten() {
        for step in job["steps"].as_array().into_iter().flatten() {
            let (job, name) = (job["name"].as_str(), step["name"].as_str());
            let part = format!("{}/{}_{}", job.unwrap_or(""), step["number"], name.unwrap_or(""));
            steps.count(parts.contains(&part), || format!("{ARCHIVE}: no log {part}"));
        }
    }
    Ok([steps.figure(&format!("{ARCHIVE}.steps_right"))].into())
}

/// The names of the logs that an archive holds and the parser reads.
fn parts(path: &Path) -> Result<HashSet<String>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut object = Object::open(file, Limits::default())?;
    let mut parts = HashSet::new();
    while let Some(entry) = object.next_entry()? {
        let Entry::Log(mut log) = entry else { continue };
        if log.binary()?.is_some() {
            continue;
        }
        let (part, mut lines) = (log.part().to_owned(), 0);
        let mut sink = |event: Event<'_>| {
            if let Event::Build(build) = event {
                lines = build.lines;
            }
        };
        let mut parser = Parser::new(Options::default());
        log.read_to_end(|piece| parser.push(piece, &mut sink))?;
        parser.finish(None, &mut sink);
        if lines > 0 {
            parts.insert(part);
        }
    }
    Ok(parts)
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::score;

    #[test]
    fn a_step_that_the_parser_does_not_find_lowers_the_figure() {
        let corpus = tempfile::tempdir().unwrap();
        assert!(score(corpus.path()).unwrap().is_empty());
        let set = corpus.path().join("gitlab_trace");
        fs::create_dir(&set).unwrap();
        let log = "section_start:1:a\r\nsection_end:2:a\r\nFinished in 7 seconds\n\
            12 examples, 1 failure, 2 pending\nJob succeeded\n";
        fs::write(set.join("x.log"), log).unwrap();
        let row = r#"{"file": "x.log", "job_result": "success", "warnings": 1, "tests": {
            "framework": "rspec", "run": 12, "failed": 1, "pending": 2, "duration_s": 7}, "steps": [
            {"name": "a", "started_epoch": 1, "finished_epoch": 2},
            {"name": "b", "started_epoch": 1, "finished_epoch": 2}]}"#;
        fs::write(set.join("truth.jsonl"), row.replace('\n', "")).unwrap();
        let figures = score(corpus.path()).unwrap();
        let figure = |name: &str| figures[&format!("gitlab_trace.{name}")];
        assert_eq!(figure("steps_right"), 0.5);
        assert_eq!((figure("results_right"), figure("warnings_right")), (1.0, 0.0));
        assert_eq!(figure("tests_right"), 1.0);
        fs::write(set.join("x.log"), log.replace("2 pending", "3 pending")).unwrap();
        assert_eq!(score(corpus.path()).unwrap()["gitlab_trace.tests_right"], 0.0);
    }
}
