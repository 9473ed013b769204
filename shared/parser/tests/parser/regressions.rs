//! Logs that were once explained wrongly, cut down to what went wrong.

use serde_json::Value;

use crate::log::events;

/// A job's log as the runner writes it, and what the parser says of it.
fn job(lines: &[&str]) -> Vec<Value> {
    let log: String =
        lines.iter().map(|line| format!("2026-03-04T10:15:22.1234567Z {line}\n")).collect();
    events([log.as_bytes()], |parser| parser)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The first line of each block of the explanation.
fn explained(events: &[Value]) -> Vec<u64> {
    let explanations = events.iter().filter(|event| event["kind"] == "explanation");
    explanations.map(|event| event["line_number"].as_u64().unwrap()).collect()
}

#[test]
fn a_job_whose_log_ends_in_the_middle_has_not_passed() {
    let events = job(&["##[group]Run make", "##[endgroup]", "cc -c a.c"]);
    assert_eq!(events.last().unwrap()["result"], "unknown");
    let events = job(&["##[group]Run make", "Post job cleanup.", "Cleaning up orphan processes"]);
    assert_eq!(events.last().unwrap()["result"], "success");
}

#[test]
fn an_error_that_a_passed_step_survived_does_not_explain_a_later_failure() {
    let events = job(&[
        "##[group]Run ./configure",
        "a.c:1:1: error: tolerated",
        "##[group]Run foo",
        "##[error]Unable to locate executable file: foo",
        "Post job cleanup.",
        "Cleaning up orphan processes",
    ]);
    assert_eq!(explained(&events), [4]);
}

#[test]
fn an_error_that_is_repeated_in_the_failed_step_is_shown_there() {
    let trace =
        ["Traceback (most recent call last):", "  File \"a.py\", line 1", "KeyError: 'x'", "done"];
    let mut lines = vec!["##[group]Run first"];
    lines.extend(trace);
    lines.push("##[group]Run second");
    lines.extend(trace);
    lines.push("##[error]Process completed with exit code 1.");
    assert_eq!(explained(&job(&lines)), [7]);
}

#[test]
fn what_a_tool_left_open_does_not_swallow_the_next_step() {
    let events = job(&[
        "##[group]Run pytest",
        "=== test session starts ===",
        "=== FAILURES ===",
        "##[group]Run npm ci",
        "npm ERR! code E404",
        "npm ERR! 404 Not Found - shop-ui",
        "##[error]Process completed with exit code 1.",
    ]);
    assert_eq!(explained(&events), [5]);
}

#[test]
fn a_wheel_that_was_built_is_no_image_that_succeeded() {
    let log = b"Successfully built shop-1.0\nbash: line 3: deploy: command not found\n";
    let events = events([log.as_slice()], |parser| parser);
    assert!(events.ends_with("\n") && events.contains(r#""result":"failed""#), "{events}");
}

#[test]
fn the_last_thing_that_a_test_logged_is_what_it_failed_with() {
    let mut log = String::from("=== RUN   TestA\n");
    for step in 0..20 {
        log.push_str(&format!("    a_test.go:{step}: step {step} ok\n"));
    }
    log.push_str(
        "    a_test.go:99: got 3, want 4\n--- FAIL: TestA (0.00s)\nFAIL\nFAIL\ta/b\t0.01s\n",
    );
    assert!(
        events([log.as_bytes()], |parser| parser)
            .contains(r#""headline":"a_test.go:99: got 3, want 4""#)
    );
}
