//! Text that is out of order, and what is no text.

use crate::program::{file, folder, of_kind, run, run_with};

#[test]
fn an_empty_log_is_a_build_that_nothing_is_known_of() {
    let folder = folder();
    let path = file(&folder, "empty.log", b"");
    let json = run(&["parse", &path]).went_well();
    assert_eq!(json.documents().len(), 1);
    let build = json.build();
    assert_eq!((&build["result"], &build["lines"]), (&"unknown".into(), &0.into()));
    let page = run(&["parse", "--human", &path]).went_well();
    assert!(page.stdout.contains("? UNKNOWN") && page.stdout.contains("the log is empty"));
}

#[test]
fn a_file_that_is_no_log_is_named_for_what_it_is() {
    let folder = folder();
    let path = file(&folder, "x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01");
    let run = run(&["parse", &path]);
    run.told(&["error:", "x.png is a PNG image, not a log"]);
    assert_eq!(run.stdout, "");
    let zeros = run_with(&["parse", "-"], &[0; 100_000]);
    zeros.told(&["standard input is binary data, not a log"]);
}

#[test]
fn a_missing_file_and_a_folder_say_what_to_do() {
    run(&["parse", "no/such.log"]).told(&["error: no/such.log: there is no such file; check"]);
    run(&["parse", "examples"]).told(&["examples: it is a folder", "examples/*.log"]);
}

#[test]
fn a_line_of_100_mb_is_cut_and_counted_and_the_next_one_is_read() {
    let mut log = b"first\n".to_vec();
    log.extend(std::iter::repeat_n(b'x', 100_000_000));
    log.extend(b"\nlast\n");
    let run = run_with(&["parse", "-"], &log).went_well();
    let (build, messages) = (run.build(), run.messages());
    assert_eq!(build["lines"], 3);
    assert_eq!(build["cuts"]["lines_cut"], 1);
    assert_eq!(build["cuts"]["line_bytes_cut"], 100_000_000 - 65_536);
    assert_eq!((messages[0].as_str(), messages[2].as_str()), ("first", "last"));
    assert_eq!(messages[1].len(), 65_536);
}

#[test]
fn bad_bytes_are_repaired_and_counted() {
    let run = run_with(&["parse", "-"], b"caf\xe9 \x00 bar\nok\n").went_well();
    assert_eq!(run.messages(), ["caf\u{fffd}  bar", "ok"]);
    let cuts = &run.build()["cuts"];
    assert_eq!((&cuts["invalid_utf8_lines"], &cuts["nul_bytes"]), (&1.into(), &1.into()));
}

#[test]
fn line_ends_may_be_mixed_and_lines_are_counted_by_the_newline_alone() {
    let run = run_with(&["parse", "-"], b"unix\nwindows\r\nold\rmac\r\nlast").went_well();
    assert_eq!(run.messages(), ["unix", "windows", "mac", "last"]);
    assert_eq!(run.build()["lines"], 4);
}

#[test]
fn text_in_utf_16_is_read_as_windows_writes_it() {
    let mut log = vec![0xff, 0xfe];
    log.extend("größe\r\n".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(run_with(&["parse", "-"], &log).went_well().messages(), ["größe"]);
}

#[test]
fn nothing_in_a_log_commands_the_terminal() {
    let log = "##[group]a\u{9b}2J\u{1b}]0;title\u{7}b\n\
        error[E0382]: bad \u{1b}[2J\u{202e} thing \u{8}\u{7f}\n --> src/a.rs:1:1\n\
        error: could not compile `a` (lib) due to 1 previous error\n";
    let folder = folder();
    let path = file(&folder, "a\u{1b}[31m.log", log.as_bytes());
    let page = run(&["parse", "--human", &path]).went_well();
    assert!(page.stdout.contains("E0382"), "{}", page.stdout);
    let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert_eq!(page.stdout.find(harmful), None, "{:?}", page.stdout);
    std::fs::remove_file(&path).unwrap();
    let missing = run(&["parse", &path]);
    assert_eq!(missing.stderr.find(harmful), None, "{:?}", missing.stderr);
}

#[test]
fn a_log_without_a_verdict_shows_its_end() {
    let page = run_with(&["parse", "--human", "-"], b"one\n\ntwo\n").went_well();
    assert!(page.stdout.contains("   1 │ one\n     3 │ two\n"), "{}", page.stdout);
    assert!(of_kind(run_with(&["parse", "-"], b"one\n").documents(), "explanation").is_empty());
}
