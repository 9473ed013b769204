//! Input that was made to break a parser, or that nobody meant to be a log.

use logmill_parser::{Event, Options, Parser};
use proptest::prelude::*;
use serde_json::Value;

use crate::log::events;

fn read(log: &[u8]) -> Vec<Value> {
    events([log], |parser| parser)
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect()
}

fn build(log: &[u8]) -> Value {
    read(log).pop().unwrap()
}

#[test]
fn an_empty_log_is_a_build_without_lines() {
    let events = read(b"");
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["kind"], &events[0]["lines"]), (&"build".into(), &0.into()));
    assert_eq!(events[0]["result"], "unknown");
}

#[test]
fn a_line_over_64_kib_is_cut_and_the_cut_is_told() {
    let mut log = vec![b'x'; 1_000_000];
    log.extend(b"\nnext\n");
    let events = read(&log);
    assert_eq!(events[0]["message"].as_str().unwrap().len(), 64 * 1024);
    assert_eq!((&events[1]["message"], &events[1]["line_number"]), (&"next".into(), &2.into()));
    let cuts = &events[2]["cuts"];
    assert_eq!(
        (&cuts["lines_cut"], &cuts["line_bytes_cut"]),
        (&1.into(), &(1_000_000 - 64 * 1024).into())
    );
}

#[test]
fn whatever_a_limit_leaves_out_is_counted() {
    let long = "x".repeat(1_000);
    let cuts = |log: &str| build(log.as_bytes())["cuts"].clone();
    let of = |log: &str, limit: &str| cuts(log)[limit].as_u64().unwrap();
    let case = |name: &str| format!("--- FAIL: Test{name} (0.00s)\nFAIL\nFAIL\tshop\t0.1s\n");
    assert!(of(&case(&long), "values_cut") > 0);
    assert_eq!(of(&case("Cart"), "values_cut"), 0);
    assert!(of(&format!("##[group]{long}\n##[endgroup]\n"), "values_cut") > 0);
    assert!(of(&format!("ERROR {long}\n"), "values_cut") > 0);

    let block = format!("a.c:3:5: error: no\n{}", "    3 | in x;\n".repeat(300));
    assert!(of(&block, "error_lines_cut") >= 100);
    assert_eq!(of("a.c:3:5: error: no\n    3 | in x;\n", "error_lines_cut"), 0);

    let running: String = (0..2_000).map(|at| format!("=== RUN   TestCart{at}\n")).collect();
    assert!(of(&running, "forgotten") > 1_000);
    let tests: String = (0..100).map(|at| format!("    cart_test.go:{at}: got {at}\n")).collect();
    assert!(of(&format!("=== RUN   TestCart\n{tests}"), "forgotten") > 80);
    assert_eq!(of("=== RUN   TestCart\n--- PASS: TestCart (0.00s)\n", "forgotten"), 0);
}

#[test]
fn a_secret_on_the_cut_of_a_long_line_does_not_show_its_beginning() {
    let secret = format!("AKIA{}", "Z7QXW2NB4KTJ6LMP");
    for shift in 0..secret.len() {
        let mut log = "x ".repeat(32 * 1024 - 10);
        log.truncate(64 * 1024 - shift - 1);
        log.push(' ');
        log.push_str(&secret);
        log.push_str(" tail\n");
        let shown = events([log.as_bytes()], |parser| parser);
        assert!(!shown.contains("AKIAZ7"), "{shift}");
    }
}

#[test]
fn a_record_over_64_kib_is_split_and_the_split_is_told() {
    let mut log = String::from("2026-03-04 10:15:22 ERROR boom\n");
    log.push_str(&"    at shop.Cart.add(Cart.java:14)\n".repeat(4_000));
    let events = read(log.as_bytes());
    assert!(
        events.iter().all(|event| event["message"].as_str().is_none_or(|m| m.len() <= 64 * 1024))
    );
    assert_eq!(events.last().unwrap()["cuts"]["records_split"], 2);
    let lines: u64 = events
        .iter()
        .filter(|event| event["kind"] == "record")
        .map(|r| {
            r["end_line_number"].as_u64().unwrap_or(r["line_number"].as_u64().unwrap())
                - r["line_number"].as_u64().unwrap()
                + 1
        })
        .sum();
    assert_eq!(lines, 4_001, "no line is lost");
}

#[test]
fn steps_without_end_are_dropped_and_counted() {
    let log = "##[group]x\n".repeat(600);
    let build = build(log.as_bytes());
    assert_eq!((&build["steps"], &build["cuts"]["steps_dropped"]), (&512.into(), &88.into()));
}

#[test]
fn mixed_line_ends_nul_and_bad_utf8_are_read_and_told() {
    let events = read(b"one\r\ntwo\nthr\0ee\r\n\xff\xfe four");
    let messages: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(messages, ["one", "two", "three", "\u{fffd}\u{fffd} four"]);
    let cuts = &events.last().unwrap()["cuts"];
    assert_eq!((&cuts["nul_bytes"], &cuts["invalid_utf8_lines"]), (&1.into(), &1.into()));
}

#[test]
fn why_the_input_ended_too_early_stands_in_the_build() {
    let mut last = None;
    let mut sink = |event: Event<'_>| {
        if let Event::Build(build) = event {
            last = Some(build.cuts.input.clone());
        }
    };
    Parser::new(Options::default())
        .finish(Some("the gzip stream ends early".to_owned()), &mut sink);
    assert_eq!(last.flatten().as_deref(), Some("the gzip stream ends early"));
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(log in prop::collection::vec(
        prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(b"\n".to_vec()), Just(b"##[group]".to_vec()), Just(b"##[endgroup]\n".to_vec()),
            Just(b"E   ".to_vec()), Just(b"--- FAIL: ".to_vec()), Just(b"[ERROR] ".to_vec()),
            Just(b"Tests run: ".to_vec()), Just(b"error".to_vec()), Just("●".as_bytes().to_vec()),
            Just(b"2026-03-04T10:15:22.1234567Z ".to_vec()), Just(b"99999999999999999999".to_vec()),
            Just(b"#3 [1/2] RUN ".to_vec()), Just(b"#3 0.400 ".to_vec()), Just(b"#3 DONE 0.1s".to_vec()),
            Just(b"make[1]: Entering directory 'a'".to_vec()), Just(b"make[1]: Leaving directory 'a'".to_vec()),
        ], 0..120)
    ) {
        read(&log.concat());
    }
}

#[test]
fn a_secret_in_what_a_ci_system_says_is_in_no_document() {
    let secret = format!("AKIA{}", "Z7QXW2NB4KTJ6LMP");
    let stamp = "2026-03-04T10:15:22.1234567Z";
    let said = [
        format!("{stamp} ##[group]Run push {secret}\n{stamp} ##[error]no key {secret}\n"),
        format!("##[group]push {secret}\r\nx\n##[warning]a\rno key {secret}\n"),
        format!(
            "========= Started {secret} (results: 2, elapsed: 1 secs) (at 2013-06-05 12:44:58.8) =========\n"
        ),
        format!(
            "[taskcluster:error] {secret}\n[taskcluster 2025-02-13 21:56:28.303Z] Task {secret}\n"
        ),
    ];
    for log in said {
        let told = events([log.as_bytes()], |parser| parser);
        assert!(!told.contains(&secret), "{told}");
        assert!(told.contains("masked:aws_key"), "{told}");
    }
}
