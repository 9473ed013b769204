//! Data as the stores hold it.

use logmill_api::document::BuildDocument;
use logmill_api::view::{BuildRow, Detail, Line};
use logmill_metadata::{Deployment, ObjectState, Status, Version};
use logmill_model::{Level, Summary, Timestamp};
use serde_json::{Value, json};

pub(crate) const EVIL: &str = "<script>alert(1)</script>\"'&\u{202e}";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-21T14:30:00Z")
}

/// A log as its object's summary has it.
pub(crate) fn log(part: &str, result: &str, message: Option<&str>) -> Value {
    let explanation = message.map(|message| {
        json!({ "line": 1204, "end_line": 1209, "headline": message.lines().next().unwrap_or_default(), "headline_line": 1204, "reason": "assertion", "tool": "surefire",
                "step": 3, "message": message })
    });
    json!({
        "part": part, "result": result,
        "started_at": "2026-11-21T14:01:10Z", "finished_at": "2026-11-21T14:08:02Z",
        "lines": 4211, "bytes": 482_113, "errors": u64::from(message.is_some()) * 3, "warnings": 12,
        "tests": { "run": 120, "passed": 118, "failed": 2, "skipped": 1 },
        "explanation": explanation, "cut": null,
    })
}

/// The object of a log.
pub(crate) fn object(key: &str, log: &Value, status: Status) -> ObjectState {
    let version = Version {
        etag: "e".to_owned(),
        sequencer: None,
        last_modified: at("2026-11-21T14:09:00Z"),
    };
    serde_json::from_value(json!({
        "deployment_key": key, "part": log["part"], "object_key": "x.log", "status": status,
        "version": version, "attempts": 1, "continuations": 0, "replays": 0,
        "result": log["result"], "error": null, "status_since": "2026-11-21T14:10:00Z",
        "revision": 3,
    }))
    .unwrap()
}

/// A row of the list: its objects' logs, each object being of this status.
pub(crate) fn row(
    key: &str,
    application: Option<&str>,
    logs: &[Value],
    status: Status,
) -> BuildRow {
    let mut deployment = Deployment::new(key, at("2026-11-21T14:10:00Z"));
    deployment.application_name = application.map(str::to_owned);
    deployment.source = Some("github_actions".to_owned());
    deployment.branch = Some("main".to_owned());
    deployment.commit = Some("9f3c1e0a77b24d10".to_owned());
    deployment.actor = Some("mira".to_owned());
    let objects: Vec<_> = logs
        .iter()
        .map(|log| {
            let object = object(key, log, status);
            let summary: Summary = serde_json::from_value(json!({ "logs": [log] })).unwrap();
            deployment.tally.add(object.status, object.result);
            let generation = object.generation();
            (object, Some((generation, summary)))
        })
        .collect();
    deployment.status = deployment.tally.status(None);
    deployment.result = deployment.tally.result();
    BuildRow::new(deployment, objects, 0)
}

pub(crate) fn step(
    number: u32,
    parent: Option<u32>,
    name: &str,
    result: &str,
    from: u32,
    to: u32,
) -> Value {
    let stamp = |second: u32| format!("2026-11-21T14:{:02}:{:02}Z", second / 60 % 60, second % 60);
    json!({
        "number": number, "parent": parent, "name": name, "result": result,
        "started_at": stamp(from), "finished_at": stamp(to), "start_line": number * 40,
        "end_line": number * 40 + 39, "errors": u32::from(result == "failed"),
        "duration_s": f64::from(to - from),
    })
}

/// A build document as it is indexed; `text` stands in every text of it.
pub(crate) fn document(text: &str, steps: &[Value]) -> Value {
    let error = |line: u64, severity: &str| {
        json!({ "line": line, "end_line": line + 2, "severity": severity, "reason": "assertion",
                "tool": "surefire", "message": text, "step": 3, "template_id": null })
    };
    json!({
        "deployment_key": text, "part": text, "result": "failed",
        "started_at": "2026-11-21T14:01:10Z", "finished_at": "2026-11-21T14:08:02Z",
        "duration_s": 412.0, "tools": ["maven", text], "frameworks": ["junit"],
        "steps": steps, "errors": [error(120, "warning"), error(1204, "error"), error(1310, "fatal")],
        "explanation": [
            { "line": 1204, "end_line": 1209, "headline": text, "headline_line": 1205,
              "reason": "assertion", "tool": text, "step": 3, "message": text },
            { "line": 1310, "end_line": 1310, "headline": text, "headline_line": 1310,
              "reason": "exception", "tool": text, "step": 3, "message": text },
        ],
        "tests": { "run": 120, "passed": 118, "failed": 2, "skipped": 1 },
        "failures": [{ "framework": text, "name": text, "classname": text, "result": "fail",
                       "duration_s": 0.31, "message": text, "line": 1204 }],
        "metrics": { "lines": 4211, "bytes": 482_113, "records": 4100, "steps": 5, "errors": 3,
                     "warnings": 12, "error_rate": 0.001 },
        "cuts": { "lines_cut": 1, "line_bytes_cut": 100, "records_split": 0, "steps_dropped": 0,
                  "candidates_dropped": 0, "invalid_utf8_lines": 2, "nul_bytes": 0, "masked": 3,
                  "zone_assumed": 0, "input": null, "steps_cut": 0, "errors_cut": 0,
                  "failures_cut": 0 },
    })
}

pub(crate) fn lines(from: u64, texts: &[&str]) -> Vec<Line> {
    let level = |text: &str| {
        if text.contains("ERROR") {
            Some(Level::Error)
        } else if text.contains("WARN") {
            Some(Level::Warn)
        } else {
            text.contains("DEBUG").then_some(Level::Debug)
        }
    };
    (from..)
        .zip(texts)
        .map(|(number, text)| Line { number, text: (*text).to_owned(), level: level(text) })
        .collect()
}

pub(crate) fn detail(
    row: BuildRow,
    part: &str,
    document: Value,
    around: Vec<Vec<Line>>,
) -> (Detail, BuildDocument) {
    let read = serde_json::from_value(document.clone()).unwrap();
    (Detail { build: row, part: Some(part.to_owned()), document: Some(document), around }, read)
}
