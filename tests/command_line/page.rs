//! The page for people, as it looks.
//!
//! The pages stand in `snapshots/`, one file a log. After a change that is meant,
//! `LOGMILL_SNAPSHOTS=write cargo test --workspace page` writes them anew; read the difference
//! before committing it.

use std::fs;

use crate::program::{example, run, workspace};

#[track_caller]
fn looks_like(snapshot: &str, log: &str) {
    let page = run(&["parse", "--human", &example(log)]).went_well().stdout;
    let path = workspace().join("tests/command_line/snapshots").join(snapshot);
    if std::env::var_os("LOGMILL_SNAPSHOTS").is_some_and(|wish| wish == "write") {
        fs::write(&path, &page).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == known,
        "the page of {log} is not as in {}; if it should be,\n\
         LOGMILL_SNAPSHOTS=write cargo test --workspace page\n\nit is now:\n{page}",
        path.display()
    );
}

#[test]
fn a_failed_test_is_seen_at_once() {
    looks_like("jest-failed.txt", "jest-failed.log");
}

#[test]
fn a_failed_step_is_seen_among_those_that_passed() {
    looks_like("github-cargo-test-failed.txt", "github-cargo-test-failed.log.gz");
}

#[test]
fn colours_are_used_where_they_are_wanted_and_only_there() {
    let log = example("jest-failed.log");
    let plain = run(&["parse", "--human", &log]).went_well().stdout;
    assert!(!plain.contains('\x1b'));
    let coloured = run(&["parse", "--human", "--color", "always", &log]).went_well().stdout;
    assert!(coloured.contains("\x1b[1m\x1b[31m✗ FAILED\x1b[0m"), "{coloured:?}");
}

#[test]
fn several_logs_are_summed_up() {
    let logs = [example("go-passed.log"), example("jest-failed.log"), example("pytest-passed.log")];
    let run = run(&["parse", "--human", &logs[0], &logs[1], &logs[2]]).went_well();
    assert!(run.stdout.ends_with("\n3 logs: 1 failed, 2 passed\n"), "{}", run.stdout);
}
