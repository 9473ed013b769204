//! What pages and JSON answers show: the same data for both. The JSON of each answer is the type
//! itself, field by field; times are RFC 3339, UTC, and what is not known is `null`.
//!
//! | request | answer |
//! |---|---|
//! | `GET /api/builds?status=&application=&after=&size=` | [`List`] |
//! | `GET /api/builds/{key}?part=` | [`Detail`] |
//! | `GET /api/search?q=&from=&to=&size=&after=` | [`Found`] |
//! | any of them, failed | [`Failure`], with status 400, 404, 502 or 503 |
//!
//! `{key}` is percent-encoded ([`logmill_model::id::encode`]). `status` is one of `PENDING`,
//! `PROCESSING`, `COMPLETED`, `FAILED`. `after` is the `next` of the page before.

use logmill_metadata::{Deployment, ObjectState, Status};
use logmill_model::{Explanation, Level, LogSummary, Outcome, Summary, TestCounts, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A page of the list of builds, newest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct List {
    /// One for each deployment.
    pub builds: Vec<BuildRow>,
    /// Where the next page begins; none if there is none.
    pub next: Option<String>,
}

/// One deployment with its logs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct BuildRow {
    /// Names the same run for ever.
    pub deployment_key: String,
    /// How far its processing is: the worst of its objects.
    pub status: Status,
    /// How its build ended: the worst of its logs; none before one was read.
    pub result: Option<Outcome>,
    /// The application it builds or deploys.
    pub application_name: Option<String>,
    /// What kind of run.
    pub deployment_type: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// The run's number or address at its source.
    pub run: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The branch or tag.
    pub branch: Option<String>,
    /// Who or what started it.
    pub actor: Option<String>,
    /// The key of its first object in the bucket.
    pub s3_path: Option<String>,
    /// When the run was created, as its source says.
    pub created_at: Option<Timestamp>,
    /// When Logmill first heard of it.
    pub seen_at: Timestamp,
    /// When the last of its objects was done.
    pub processed_at: Option<Timestamp>,
    /// The first stamp in its logs.
    pub started_at: Option<Timestamp>,
    /// The last stamp in its logs.
    pub finished_at: Option<Timestamp>,
    /// Seconds between these two.
    pub duration_s: Option<f64>,
    /// Lines, of all logs that are listed here.
    pub lines: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Errors of severity error or fatal.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Tests.
    pub tests: Option<TestCounts>,
    /// Why it failed, by the first of its worst logs that says so.
    pub why: Option<Why>,
    /// Why an object could not be processed.
    pub error: Option<String>,
    /// Which part `error` is about.
    pub error_part: Option<String>,
    /// Its logs, by part.
    pub logs: Vec<LogRow>,
    /// Logs that are not listed here, because there are too many.
    pub logs_more: u64,
    /// Members of archives that could not be used, each with the reason.
    pub aside: Vec<String>,
}

/// An explanation, and the log that it stands in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Why {
    /// The log.
    pub part: String,
    /// Lines, reason and text.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// One log of a deployment.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct LogRow {
    /// How far its object is.
    pub status: Status,
    /// What it says, as far as it was read; zeros before.
    #[serde(flatten)]
    pub summary: LogSummary,
    /// Why its object could not be processed.
    pub error: Option<String>,
}

impl LogRow {
    /// How its build ended; none before it was read.
    #[must_use]
    pub fn result(&self) -> Option<Outcome> {
        (self.status == Status::Completed).then_some(self.summary.result)
    }

    /// Seconds from its first to its last stamp.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        seconds(self.summary.started_at, self.summary.finished_at)
    }
}

impl BuildRow {
    /// A deployment with what is known of its objects. `objects_more` of them are not among
    /// `objects`. A summary of another generation than its object's is left out.
    #[must_use]
    pub fn new(
        deployment: Deployment,
        objects: Vec<(ObjectState, Option<(String, Summary)>)>,
        objects_more: u64,
    ) -> Self {
        let mut row = Self {
            deployment_key: deployment.deployment_key,
            status: deployment.status,
            result: deployment.result,
            application_name: deployment.application_name,
            deployment_type: deployment.deployment_type,
            source: deployment.source,
            run: deployment.run,
            commit: deployment.commit,
            branch: deployment.branch,
            actor: deployment.actor,
            s3_path: deployment.s3_path,
            created_at: deployment.created_at,
            seen_at: deployment.seen_at,
            processed_at: deployment.processed_at,
            error: deployment.error,
            error_part: deployment.error_part,
            logs_more: objects_more,
            ..Self::default()
        };
        for (object, summary) in objects {
            let current = summary.filter(|(generation, _)| *generation == object.generation());
            row.add(object, current.map(|(_, summary)| summary));
        }
        row.logs.sort_by(|a, b| a.summary.part.cmp(&b.summary.part));
        row.total();
        row
    }

    fn add(&mut self, object: ObjectState, summary: Option<Summary>) {
        let status = object.status;
        let Some(summary) = summary.filter(|summary| !summary.logs.is_empty()) else {
            let result = object.result.unwrap_or_default();
            let summary = LogSummary { part: object.part, result, ..LogSummary::default() };
            self.logs.push(LogRow { status, summary, error: object.error });
            return;
        };
        self.logs_more += summary.more;
        self.aside.extend(summary.aside);
        let error = object.error;
        self.logs.extend(summary.logs.into_iter().map(|summary| LogRow {
            status,
            summary,
            error: error.clone(),
        }));
    }

    fn total(&mut self) {
        let logs = self.logs.iter().map(|log| &log.summary);
        self.started_at = logs.clone().filter_map(|log| log.started_at).min();
        self.finished_at = logs.clone().filter_map(|log| log.finished_at).max();
        self.duration_s = seconds(self.started_at, self.finished_at);
        for log in logs {
            self.lines += log.lines;
            self.bytes += log.bytes;
            self.errors += log.errors;
            self.warnings += log.warnings;
            if let Some(tests) = log.tests {
                let sum = self.tests.get_or_insert_default();
                sum.run += tests.run;
                sum.passed += tests.passed;
                sum.failed += tests.failed;
                sum.skipped += tests.skipped;
            }
        }
        let explained = |failed: bool| {
            self.logs
                .iter()
                .filter(move |log| failed == (log.result() == Some(Outcome::Failed)))
                .find_map(|log| {
                    let explanation = log.summary.explanation.clone()?;
                    Some(Why { part: log.summary.part.clone(), explanation })
                })
        };
        self.why = explained(true).or_else(|| explained(false));
    }
}

/// One build: its row, and the build document of one of its logs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Detail {
    /// The deployment.
    pub build: BuildRow,
    /// Which log `document` is about: the one asked for, or the only one there is.
    pub part: Option<String>,
    /// The build document, as it is indexed; none before the log was read.
    pub document: Option<Value>,
    /// For each block of the explanation, its lines and some before and behind.
    pub around: Vec<Vec<Line>>,
}

/// A line of a log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its text.
    pub text: String,
    /// The level that it states, or that of the record it belongs to.
    pub level: Option<Level>,
}

/// A page of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPage {
    /// The deployment.
    pub deployment_key: String,
    /// Which of its logs.
    pub part: String,
    /// The first line asked for.
    pub from: u64,
    /// How many lines the log has, if its build document is there.
    pub lines_total: Option<u64>,
    /// The lines; numbers may be missing where lines are not indexed.
    pub lines: Vec<Line>,
    /// First and last line of each error of the log, by line.
    pub errors: Vec<(u64, u64)>,
}

/// A page of hits.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Found {
    /// The records, newest first.
    pub hits: Vec<FoundRecord>,
    /// How many records fulfil the query, up to 10,000.
    pub total: u64,
    /// Whether `total` is all of them.
    pub total_is_exact: bool,
    /// Where the next page begins; none if there is none.
    pub next: Option<String>,
}

/// A record that was found.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FoundRecord {
    /// The record document, as it is indexed.
    pub document: Value,
    /// Lines before it.
    pub before: Vec<Line>,
    /// Lines behind it.
    pub behind: Vec<Line>,
}

/// What an answer says that is none.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// What went wrong.
    pub error: FailureText,
}

/// What went wrong, in words.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FailureText {
    /// `query`, `request`, `not_found`, `unavailable` (a later try may help) or `store`.
    pub kind: String,
    /// What and why.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Where the query is wrong: from 1, in characters.
    pub column: Option<usize>,
}

/// Seconds from `start` to `end`; never negative, for clocks are set back.
fn seconds(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<f64> {
    Some(end?.duration_since(start?).as_secs_f64().max(0.0))
}
