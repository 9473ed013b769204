//! Zips of several logs.

use std::io::{Cursor, Write};

use logmill_unpack::{AsideReason, Cut, End, ErrorKind, Format, Limits, Log, Why};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::{log_of, unpack};

/// A zip of members, as a seekable writer makes it.
pub(crate) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip as a stream makes it: lengths stand behind the data.
pub(crate) fn streamed_zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new_stream(Vec::new());
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip of stored members written by hand: name, text, flags, method.
fn by_hand(members: &[(&[u8], &[u8], u16, u16)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text, flags, method) in members {
        let mut crc = flate2::Crc::new();
        crc.update(text);
        let offset = archive.len() as u32;
        let mut shared = Vec::new();
        shared.extend(20_u16.to_le_bytes());
        shared.extend(flags.to_le_bytes());
        shared.extend(method.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc.sum().to_le_bytes());
        shared.extend((text.len() as u32).to_le_bytes());
        shared.extend((text.len() as u32).to_le_bytes());
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0; 2]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&shared);
        archive.extend(*name);
        archive.extend(*text);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(*name);
    }
    let at = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

#[test]
fn every_job_of_a_run_is_a_log_with_a_name_in_the_order_of_the_archive() {
    let (build, test) = (log_of(5000), log_of(3));
    let members: [(&str, &[u8]); 4] = [
        ("0_build.txt", &build),
        ("check/", b""),
        ("check/2_Run tests.txt", &test),
        ("empty", b""),
    ];
    for packed in [zip_of(&members), streamed_zip_of(&members)] {
        let (logs, asides) = unpack(&packed, &Limits::default());
        assert_eq!(asides, []);
        let parts: Vec<&str> = logs.iter().map(|log| log.part.as_str()).collect();
        assert_eq!(parts, ["0_build", "check/2_Run tests", "empty"]);
        assert_eq!(logs[1].name.as_deref(), Some("check/2_Run tests.txt"));
        assert!(logs[0].text == build && logs[1].text == test && logs[2].text.is_empty());
        assert!(logs.iter().all(|log| log.end == End::Complete && log.remark.is_none()));
    }
    assert!(unpack(&zip_of(&[]), &Limits::default()).0.is_empty());
    assert!(unpack(&zip_of(&[]), &Limits::default()).1.is_empty());
}

#[test]
fn a_step_of_a_job_whose_whole_log_is_there_is_not_counted_twice() {
    let steps = [log_of(3), log_of(5)];
    let members: [(&str, &[u8]); 5] = [
        ("build/1_Set up job.txt", &steps[0]),
        ("build/2_Run tests.txt", &steps[1]),
        ("build/system.txt", b"Requested labels: ubuntu-latest\n"),
        ("lint/1_Set up job.txt", &steps[0]),
        ("0_build.txt", &steps.concat()),
    ];
    let (logs, asides) = unpack(&zip_of(&members), &Limits::default());
    assert_eq!(asides, []);
    let parts: Vec<&str> = logs.iter().map(|log| log.part.as_str()).collect();
    assert_eq!(parts, ["build/system", "lint/1_Set up job", "0_build"]);
}

#[test]
fn a_zip_cut_anywhere_yields_the_members_before_the_cut() {
    let texts = [log_of(30), log_of(2), log_of(20)];
    let members: [(&str, &[u8]); 3] =
        [("a.txt", &texts[0]), ("b/b.txt", &texts[1]), ("c.txt", &texts[2])];
    for packed in [zip_of(&members), streamed_zip_of(&members)] {
        let mut most = 0;
        for cut in 4..packed.len() {
            let (logs, asides) = unpack(&packed[..cut], &Limits::default());
            let mut whole = 0;
            for (log, text) in logs.iter().zip(&texts) {
                assert!(text.starts_with(&log.text), "cut at {cut}");
                whole += usize::from(&log.text == text);
                let cut_short = log.text.len() < text.len();
                assert!(!cut_short || log.end.reason().is_some(), "cut at {cut}");
            }
            assert!(asides.iter().any(|aside| aside.why == AsideReason::NoDirectory), "at {cut}");
            assert!(whole >= most, "cut at {cut}");
            most = whole;
        }
        assert_eq!(most, 3);
    }
}

#[test]
fn a_zip_that_escapes_its_folder_escapes_nowhere() {
    let names: [&[u8]; 8] = [
        b"../../etc/cron.d/x",
        b"a/../../b.txt",
        b"/etc/passwd",
        b"C:/windows/x",
        b"a\\..\\b",
        b"a\0.txt",
        b"\x1b]0;x.txt",
        b"good.txt",
    ];
    let members: Vec<_> = names.iter().map(|name| (*name, &b"text\n"[..], 0, 0)).collect();
    let (logs, asides) = unpack(&by_hand(&members), &Limits::default());
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].part, "good");
    assert_eq!(asides.len(), 7);
    assert!(asides.iter().all(|aside| aside.why == AsideReason::UnsafePath));
    assert_eq!(
        asides[6].to_string(),
        "its member \\u{1b}]0;x.txt was left out: its path is unsafe or not portable"
    );
    let long = vec![b'a'; 2000];
    let (_, asides) = unpack(&by_hand(&[(&long, b"", 0, 0)]), &Limits::default());
    assert_eq!(asides[0].why, AsideReason::LongPath);
}

#[test]
fn members_that_cannot_be_read_are_told_and_the_others_come() {
    let inner = zip_of(&[("x.txt", b"x\n")]);
    let members: [(&[u8], &[u8], u16, u16); 6] = [
        (b"secret.txt", b"????????????", 1, 0),
        (b"old.txt", b"lzma", 0, 14),
        (b"aes.txt", b"????????????", 1, 99),
        (b"inner.log", &inner, 0, 0),
        (b"packed.txt", b"\x1f\x8b\x08\0\0", 0, 0),
        (b"good.txt", b"good\n", 0, 0),
    ];
    let (logs, asides) = unpack(&by_hand(&members), &Limits::default());
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].text, b"good\n");
    let reasons: Vec<_> = asides.into_iter().map(|aside| aside.why).collect();
    assert_eq!(
        reasons,
        [
            AsideReason::Encrypted,
            AsideReason::Method(14),
            AsideReason::Encrypted,
            AsideReason::Nested(Format::Zip),
            AsideReason::Nested(Format::Gzip),
        ]
    );
}

#[test]
fn a_symbolic_link_is_no_log() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link.txt", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let packed = writer.finish().unwrap().into_inner();
    let (logs, asides) = unpack(&packed, &Limits::default());
    assert_eq!((logs.len(), &asides[0].why), (0, &AsideReason::SymbolicLink));
}

#[test]
fn logs_of_the_same_name_are_all_kept_under_names_of_their_own() {
    let members: [(&[u8], &[u8], u16, u16); 5] = [
        (b"job.txt", b"1\n", 0, 0),
        (b"job.txt", b"2\n", 0, 0),
        (b"job.log", b"3\n", 0, 0),
        (b"job~2.txt", b"4\n", 0, 0),
        (b"job.txt", b"5\n", 0, 0),
    ];
    let (logs, asides) = unpack(&by_hand(&members), &Limits::default());
    assert_eq!(asides, []);
    let kept: Vec<_> = logs.iter().map(|log| (log.part.as_str(), log.text[0])).collect();
    let expected =
        [("job", b'1'), ("job~2", b'2'), ("job~3", b'3'), ("job~2~2", b'4'), ("job~4", b'5')];
    assert_eq!(kept, expected);
    assert!(logs[0].remark.is_none() && logs[1..].iter().all(|log| log.remark.is_some()));
}

#[test]
fn a_zip_of_too_many_members_ends_and_says_so() {
    let names: Vec<String> = (0..10_005).map(|number| format!("{number}.txt")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_bytes(), &b"x\n"[..], 0, 0)).collect();
    let packed = by_hand(&members);
    let (logs, asides) = unpack(&packed, &Limits::default());
    assert_eq!(logs.len(), 10_000);
    assert_eq!(asides.len(), 1);
    assert_eq!((&asides[0].name, &asides[0].why), (&None, &AsideReason::TooManyMembers(10_000)));
    assert_eq!(logs[9_999].part, "9999");
}

#[test]
fn a_zip_bomb_of_many_members_stops_at_the_limit_of_all_together() {
    let zeros = vec![b'0'; 1 << 20];
    let names: Vec<String> = (0..10).map(|number| format!("{number}.txt")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), &zeros[..])).collect();
    let packed = zip_of(&members);
    let limits = Limits { max_bytes: 5 << 19, ..Limits::default() };
    let (logs, asides) = unpack(&packed, &limits);
    let total: usize = logs.iter().map(|log| log.text.len()).sum();
    assert_eq!((total, logs.len()), (5 << 19, 3));
    assert!(matches!(logs[2].end, End::Cut(Cut { why: Why::TooLarge { .. }, .. })));
    assert_eq!(asides[0].why, AsideReason::TooLarge(5 << 19));
    let limits = Limits { ratio_from: 1 << 20, ..Limits::default() };
    let (logs, asides) = unpack(&packed, &limits);
    assert!(logs.len() < 10 && asides.len() == 1, "{} and {asides:?}", logs.len());
}

#[test]
fn a_damaged_member_is_told_and_what_stands_before_the_damage_is_kept() {
    let (long, short) = (log_of(20_000), log_of(3));
    let mut packed = zip_of(&[("a.txt", &long), ("b.txt", &short)]);
    let middle = packed.len() / 2;
    packed[middle] ^= 0x10;
    let (logs, _) = unpack(&packed, &Limits::default());
    assert!(logs[0].end.reason().unwrap().contains("damaged"), "{:?}", logs[0].end);
    let same = logs[0].text.iter().zip(&long).take_while(|(a, b)| a == b).count();
    assert!(same > long.len() / 3, "{same} of {}", long.len());
    assert!(logs[1].text == short && logs[1].end == End::Complete);

    let mut packed = by_hand(&[(b"a.txt", b"stored text\n", 0, 0)]);
    packed[40] = b'?';
    let (logs, _) = unpack(&packed, &Limits::default());
    let why = Why::Checksum(Format::Zip);
    assert_eq!(logs[0].end, End::Cut(Cut { why, bytes: 12 }));
}

#[test]
fn a_directory_that_lies_loses_only_what_it_lies_about() {
    let good = by_hand(&[(b"a.txt", b"a\n", 0, 0), (b"b.txt", b"b\n", 0, 0)]);
    let directory = good.windows(4).position(|window| window == b"PK\x01\x02").unwrap();

    // The first entry names a place where no member begins.
    let mut bad = good.clone();
    bad[directory + 42] = 7;
    let (logs, asides) = unpack(&bad, &Limits::default());
    assert_eq!((logs.len(), asides.len()), (1, 1));
    assert_eq!((&asides[0].why, logs[0].part.as_str()), (&AsideReason::NoMember, "b"));

    // The first entry claims a longer name, so that the second is missed.
    let mut bad = good.clone();
    bad[directory + 28] = 9;
    let (logs, asides) = unpack(&bad, &Limits::default());
    assert_eq!((logs.len(), asides.len()), (0, 2));
    assert_eq!(asides[1].why, AsideReason::DirectoryCut);

    // The end of the archive names a wrong place for the directory.
    let mut bad = good.clone();
    let end = bad.len() - 6;
    bad[end] ^= 1;
    let (logs, asides) = unpack(&bad, &Limits::default());
    assert_eq!((logs.len(), asides.len()), (2, 1));
    assert_eq!(asides[0].why, AsideReason::NoDirectory);

    // A member that claims to be longer than it is.
    let mut bad = good;
    bad[directory + 24] = 200;
    let (logs, _) = unpack(&bad, &Limits::default());
    assert_eq!(logs[0].text, b"a\n");
    assert!(logs[0].end.reason().is_some());
}

#[test]
fn archives_of_more_than_four_gigabytes_are_found_by_their_wide_directory() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().large_file(true);
    writer.start_file("a.txt", options).unwrap();
    writer.write_all(b"wide\n").unwrap();
    let packed = writer.finish().unwrap().into_inner();
    let (logs, asides) = unpack(&packed, &Limits::default());
    assert_eq!((logs[0].text.as_slice(), &logs[0].end), (&b"wide\n"[..], &End::Complete));
    assert_eq!(asides, []);
    let cut = packed.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let (logs, _) = unpack(&packed[..cut], &Limits::default());
    assert_eq!((logs[0].text.as_slice(), &logs[0].end), (&b"wide\n"[..], &End::Complete));
}

#[test]
fn a_zip_from_a_pipe_says_what_to_do() {
    let packed = zip_of(&[("a.txt", b"a\n")]);
    let error = Log::from_stream(&packed[..], &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsSeek);
    assert!(error.to_string().contains("save it to a file first"));
}
