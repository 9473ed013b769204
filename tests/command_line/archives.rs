//! Packed logs, whole and damaged.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::program::{example, file, folder, run, run_with};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A log that does not shrink to nothing.
fn long_log() -> Vec<u8> {
    let mut random = 42_u64;
    let mut line = |number: u32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("step {number} took {random} ns\n")
    };
    (0..20_000).map(&mut line).collect::<String>().into_bytes()
}

#[test]
fn a_log_is_found_in_whatever_it_is_packed() {
    let folder = folder();
    let text = b"one\ntwo\n";
    // The names tell nothing.
    for (name, packed) in [
        ("plain.gz", text.to_vec()),
        ("gzip.log", gzip(text)),
        ("zstd.log", zstd::encode_all(&text[..], 3).unwrap()),
        ("zip.log", zip(&[("job.txt", text)])),
    ] {
        let of_file = run(&["parse", &file(&folder, name, &packed)]).went_well();
        assert_eq!(of_file.messages(), ["one", "two"], "{name}");
        let of_pipe = run_with(&["parse", "-"], &packed).went_well();
        assert_eq!(of_pipe.stdout, of_file.stdout, "{name}");
    }
}

#[test]
fn the_jobs_of_a_run_are_told_apart() {
    let archive = zip(&[("0_build.txt", b"compiling\n"), ("1_test (3.11).txt", b"testing\n")]);
    let run = run_with(&["parse", "-"], &archive).went_well();
    let builds = run.builds();
    let parts: Vec<_> = builds.iter().map(|build| build["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["0_build", "1_test (3.11)"]);
}

#[test]
fn of_a_truncated_gzip_everything_that_is_there_is_read_and_the_rest_is_told_to_be_missing() {
    let folder = folder();
    let packed = gzip(&long_log());
    let path = file(&folder, "build.log.gz", &packed[..packed.len() / 2]);
    let run = run(&["parse", &path]);
    run.told(&["warning:", "build.log.gz", "gzip", "cut after", "download or copy it again"]);
    let build = run.build();
    let lines = build["lines"].as_u64().unwrap();
    assert!((5_000..15_000).contains(&lines), "about half of the log: {lines}");
    assert!(build["cuts"]["input"].as_str().unwrap().contains("the log is cut after"), "{build}");
}

#[test]
fn a_gzip_that_ends_in_its_header_is_a_log_of_no_lines() {
    let packed = gzip(b"one\n");
    let run = run_with(&["parse", "-"], &packed[..5]);
    run.told(&["standard input", "gzip"]);
    assert_eq!(run.build()["lines"], 0);
}

#[test]
fn damage_in_a_gzip_costs_no_more_than_the_rest_of_it() {
    let mut packed = gzip(&long_log());
    let middle = packed.len() / 2;
    packed[middle..middle + 64].fill(0xff);
    let run = run_with(&["parse", "-"], &packed);
    run.told(&["standard input", "damaged"]);
    assert!(run.build()["lines"].as_u64().unwrap() > 1000);
}

#[test]
fn a_bomb_is_cut_before_it_fills_memory_or_disk() {
    let folder = folder();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let line = [&[b'x'; 60_000][..], b"\n"].concat();
    for _ in 0..5_200 {
        packed.write_all(&line).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 400_000, "312 MB in {} bytes", packed.len());
    let path = file(&folder, "bomb.log.gz", &packed);
    let run = run(&["parse", "--human", &path]);
    run.told(&["bomb.log.gz", "more than 250 times its size", "if you trust it"]);
    assert!(run.stdout.contains("made to fill a disk"), "{}", run.stdout);
}

#[test]
fn a_zip_that_leads_out_of_its_folder_writes_nothing_and_its_other_members_are_read() {
    let folder = folder();
    let archive = zip(&[("../../escaped.txt", b"evil\n"), ("job.txt", b"good\n")]);
    let path = file(&folder, "run.zip", &archive);
    let out = folder.path().join("a/b/out");
    let run = run(&["parse", "--out", out.to_str().unwrap(), &path]);
    run.told(&["run.zip", "../../escaped.txt", "unsafe"]);
    let written = std::fs::read_to_string(out.join("run.zip.jsonl")).unwrap();
    assert!(written.contains("good") && !written.contains("evil"), "{written}");
    assert!(!folder.path().join("a/escaped.txt").exists());
}

#[test]
fn a_member_that_is_no_log_is_named_and_the_others_are_read() {
    let archive = zip(&[("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ("job.txt", b"good\n")]);
    let run = run_with(&["parse", "-"], &archive);
    run.told(&["standard input", "logo.png", "a PNG image"]);
    assert_eq!(run.messages(), ["good"]);
}

#[test]
fn a_zip_without_a_log_says_so() {
    let run = run_with(&["parse", "-"], &zip(&[]));
    run.told(&["standard input", "holds no log"]);
    assert_eq!(run.stdout, "");
}

#[test]
fn an_encrypted_member_is_named_with_what_to_do() {
    let mut archive = zip(&[("secret.txt", b"hidden\n"), ("job.txt", b"good\n")]);
    // The general purpose flag of the first member, in its header and in the directory.
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    archive[6] |= 1;
    archive[directory + 8] |= 1;
    let run = run_with(&["parse", "-"], &archive);
    run.told(&["secret.txt", "encrypted", "without a password"]);
    assert_eq!(run.messages(), ["good"]);
}

#[test]
fn a_damaged_input_does_not_cost_the_others() {
    let folder = folder();
    let packed = gzip(&long_log());
    let cut = file(&folder, "cut.log.gz", &packed[..packed.len() / 2]);
    let good = example("go-passed.log");
    let run = run(&["parse", &cut, "no/such.log", &good]);
    run.told(&["no/such.log", "there is no such file"]);
    run.told(&["cut.log.gz", "cut after"]);
    let builds = run.builds();
    assert_eq!(builds.len(), 2);
    assert_eq!((&builds[1]["file"], &builds[1]["result"]), (&good.into(), &"success".into()));
}
