//! The commands beside `up`, as people type them.

use std::fs;

use crate::binary::{example, file, folder, workspace};
use crate::cloud::{Cloud, Ports, run};

/// The names of the logs in `examples/`, in their order.
fn logs() -> Vec<String> {
    let names = fs::read_dir(workspace().join("examples")).expect("the examples are there");
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut logs: Vec<String> =
        names.filter(|name| name.ends_with(".log") || name.ends_with(".log.gz")).collect();
    logs.sort();
    logs
}

#[test]
fn the_first_command_tells_why_each_example_failed() {
    let folder = folder();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let logs = logs();
    let paths: Vec<String> = logs.iter().map(|name| example(name)).collect();
    let mut arguments = vec!["up", "--exit", "--data", &data];
    arguments.extend(paths.iter().map(String::as_str));
    let up = run(&Ports::free(), &arguments).went_well();
    for (name, path) in logs.iter().zip(&paths) {
        let build = parsed(path, "build");
        let key = name.trim_end_matches(".gz").trim_end_matches(".log");
        let line = up.stdout.lines().find(|line| line.split(' ').nth(1) == Some(key));
        let line = line.unwrap_or_else(|| panic!("{key} is not in:\n{}", up.stdout));
        if build["result"] != "failed" {
            assert!(line.starts_with('✓') && line.ends_with("success"), "{line}");
            continue;
        }
        let why = parsed(path, "explanation");
        let headline = why["headline"].as_str().unwrap();
        assert!(line.starts_with('✗') && line.contains(headline.trim()), "{headline:?}\n{line}");
    }
}

/// The first of a kind that `logmill parse` says about a log; null where there is none.
fn parsed(path: &str, kind: &str) -> serde_json::Value {
    let run = crate::binary::run(&["parse", "--json", path]).went_well();
    let lines = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.into_iter().find(|line: &serde_json::Value| line["kind"] == kind).unwrap_or_default()
}

#[test]
fn a_build_is_listed_shown_found_and_on_the_page() {
    let folder = folder();
    let cloud = Cloud::start(&folder.path().join("data"));
    let empty = cloud.run(&["builds"]).went_well();
    assert!(empty.stdout.contains("logmill put"), "an empty list says how to go on: {empty:?}");

    let put = cloud.put(&[&example("go-build-failed.log")]).went_well();
    assert!(put.stdout.contains("now.Since undefined"), "{put:?}");
    let builds = cloud.run(&["builds"]).went_well();
    assert!(builds.stdout.contains("failed      go-build-failed"), "{builds:?}");
    let show = cloud.run(&["show", "go-build-failed"]).went_well();
    assert!(show.stdout.contains("24 | window/window.go:14:29: now.Since"), "{show:?}");
    let found = cloud.run(&["search", "\"now.Since undefined\""]).went_well();
    assert!(found.stdout.contains("go-build-failed:24  window/window.go:14:29"), "{found:?}");
    let page = crate::http::get(cloud.ports.http, "/builds/go-build-failed");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("now.Since undefined"), "{}", page.body);
    cloud.run(&["show", "nightly"]).told(&["nightly", "logmill builds"]);
    assert!(cloud.stop().success(), "Ctrl-C is a clean end");
}

#[test]
fn what_was_put_before_is_there_after_a_restart() {
    let folder = folder();
    let data = folder.path().join("data");
    let cloud = Cloud::start(&data);
    cloud.put(&[&example("go-build-failed.log")]).went_well();
    let before = cloud.count("logmill-logs", "go-build-failed");
    assert!(before > 0);
    cloud.kill();
    let cloud = Cloud::start(&data);
    assert_eq!(cloud.count("logmill-logs", "go-build-failed"), before);
    let builds = cloud.run(&["builds"]).went_well();
    assert!(builds.stdout.contains("failed      go-build-failed"), "{builds:?}");
}

#[test]
fn a_mistake_in_a_query_is_pointed_at() {
    let folder = folder();
    let cloud = Cloud::start(&folder.path().join("data"));
    let search = cloud.run(&["search", "level=(ERROR"]);
    assert_eq!(search.code, Some(1));
    assert!(search.stderr.contains("\nlevel=(ERROR\n      ^ "), "{search:?}");
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let folder = folder();
    let cloud = Cloud::start(&folder.path().join("data"));
    let other = folder.path().join("other");
    let second = cloud.run(&["up", "--exit", "--data", other.to_str().unwrap()]);
    second.told(&[&cloud.ports.http.to_string(), "another `logmill up`", "--http-port"]);
    let ports = Ports { search: cloud.ports.search, ..Ports::free() };
    let third = run(&ports, &["up", "--exit", "--data", other.to_str().unwrap()]);
    third.told(&[&ports.search.to_string(), "--search-port"]);
    assert!(!other.exists(), "who cannot start leaves nothing behind");
}

#[test]
fn data_that_another_process_uses_is_not_touched() {
    let folder = folder();
    let data = folder.path().join("data");
    let cloud = Cloud::start(&data);
    let second = run(&Ports::free(), &["up", "--exit", "--data", data.to_str().unwrap()]);
    second.told(&[data.to_str().unwrap(), "another `logmill up`", "--data"]);
    cloud.put(&[&example("go-build-failed.log")]).went_well();
}

#[test]
fn without_a_running_logmill_each_command_says_how_to_start_it() {
    let ports = Ports::free();
    let folder = folder();
    let log = file(&folder, "a.log", b"hello\n");
    let commands: [&[&str]; 5] =
        [&["builds"], &["show", "a"], &["search", "a"], &["dlq", "list"], &["put", &log]];
    for command in commands {
        run(&ports, command).told(&["`logmill up`", &ports.http.to_string()]);
    }
}
