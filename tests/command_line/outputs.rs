//! Where the output goes, and what the exit code says.

use std::fs;
use std::io::{Read, Write};

use crate::program::{documents, example, file, folder, of_kind, run, run_with, start};

#[test]
fn a_failed_build_that_was_read_is_a_success_of_the_program() {
    let run = run(&["parse", &example("jest-failed.log")]).went_well();
    let build = run.build();
    assert_eq!(build["result"], "failed");
    let records = of_kind(run.documents(), "record");
    assert_eq!(build["records"], records.len());
    assert!(build.get("file").is_none(), "one input needs no name");
}

#[test]
fn several_inputs_name_each_line() {
    let (one, two) = (example("go-passed.log"), example("jest-failed.log"));
    let run = run(&["parse", &one, &two]).went_well();
    assert!(run.documents().iter().all(|document| document["file"].is_string()));
    let builds = run.builds();
    assert_eq!((&builds[0]["file"], &builds[1]["file"]), (&one.into(), &two.into()));
}

#[test]
fn standard_input_is_read_like_a_file() {
    let path = example("github-cargo-test-failed.log.gz");
    let of_file = run(&["parse", &path]).went_well();
    let bytes = fs::read(crate::program::workspace().join(&path)).unwrap();
    assert_eq!(run_with(&["parse", "-"], &bytes).went_well().stdout, of_file.stdout);
}

#[test]
fn a_folder_gets_a_file_for_each_input_and_standard_output_nothing() {
    let folder = folder();
    let out = folder.path().join("new/out");
    let inputs = [example("github-pytest-failed.log.gz"), example("go-passed.log")];
    let run = run(&["parse", "--out", out.to_str().unwrap(), &inputs[0], &inputs[1]]).went_well();
    assert_eq!(run.stdout, "");
    for name in ["github-pytest-failed.log.jsonl", "go-passed.log.jsonl"] {
        let written = documents(&fs::read_to_string(out.join(name)).unwrap());
        assert_eq!(of_kind(written, "build").len(), 1, "{name}");
    }
}

#[test]
fn two_inputs_of_one_name_do_not_overwrite_each_other() {
    let folder = folder();
    fs::create_dir(folder.path().join("b")).unwrap();
    let first = file(&folder, "x.log", b"first\n");
    let second = file(&folder, "b/x.log", b"second\n");
    let out = folder.path().join("out");
    let run = run(&["parse", "--out", out.to_str().unwrap(), &first, &second]);
    run.told(&["b/x.log: its output would overwrite that of", "x.log.jsonl", "another folder"]);
    let written = fs::read_to_string(out.join("x.log.jsonl")).unwrap();
    assert!(written.contains("first") && !written.contains("second"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = start(&["parse", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let piece = "a line of a log that goes on and on\n".repeat(10_000);
        // For ever, if the program did not stop reading.
        while stdin.write_all(piece.as_bytes()).is_ok() {}
    });
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    writer.join().unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[test]
fn a_wrong_command_line_is_answered_by_the_right_one() {
    for arguments in [
        &["parse"][..],
        &["parse", "--human", "--json", "x.log"],
        &["parse", "--no-mask", "--mask-except", "email", "x.log"],
        &["parse", "--mask-except", "emial", "x.log"],
        &["pasre", "x.log"],
    ] {
        let run = run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        let helps = run.stderr.contains("--help") && run.stderr.starts_with("error:");
        assert!(helps, "{arguments:?}: {}", run.stderr);
    }
    assert!(run(&["parse", "--mask-except", "emial", "x"]).stderr.contains("email"));
}

#[test]
fn the_help_teaches_by_examples_and_tells_the_exit_codes() {
    let help = run(&["parse", "--help"]).went_well().stdout;
    for part in ["Examples:", "Exit codes:", "logmill parse --out", "card_number"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert!(run(&["--help"]).went_well().stdout.contains("logmill parse build.log"));
}

#[test]
fn shells_complete_its_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).went_well().stdout;
        assert!(script.contains("logmill") && script.contains("mask-except"), "{shell}");
    }
}
