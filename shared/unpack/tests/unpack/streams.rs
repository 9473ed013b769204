//! Logs by themselves: plain, gzip, zstd.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use logmill_unpack::{Cut, End, ErrorKind, Format, Head, Limits, Log, Why, looks_binary, sniff};
use proptest::prelude::*;

use crate::{log_of, read, unpack, unpack_one};

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn why(end: &End) -> Option<&Why> {
    match end {
        End::Complete => None,
        End::Cut(Cut { why, .. }) => Some(why),
    }
}

#[test]
fn a_log_comes_out_as_it_went_in_however_it_is_packed() {
    for lines in [0, 1, 20_000] {
        let text = log_of(lines);
        for packed in [text.clone(), gzip(&text), zstd(&text)] {
            let log = unpack_one(&packed);
            assert!(log.text == text, "{:?}", sniff(&packed));
            assert_eq!((log.end, log.part.as_str(), log.name), (End::Complete, "", None));
        }
    }
}

#[test]
fn a_gzip_stream_cut_anywhere_loses_only_what_is_missing() {
    let text = log_of(40);
    let packed = gzip(&text);
    let mut longest = 0;
    for cut in 2..packed.len() {
        let log = unpack_one(&packed[..cut]);
        assert!(text.starts_with(&log.text), "cut at {cut}");
        assert_eq!(why(&log.end), Some(&Why::Truncated(Format::Gzip)), "cut at {cut}");
        assert!(log.text.len() >= longest, "cut at {cut}");
        longest = log.text.len();
    }
    assert_eq!(longest, text.len());
    let reason = unpack_one(&packed[..packed.len() - 1]).end.reason().unwrap();
    let expected =
        format!("the gzip stream ends before its end: the log is cut after {} bytes", text.len());
    assert_eq!(reason, expected);
}

#[test]
fn a_zstd_stream_cut_anywhere_loses_only_what_is_missing() {
    let text = log_of(40);
    let packed = [zstd(&text), zstd(&text)].concat();
    let both = [&text[..], &text[..]].concat();
    for cut in 4..packed.len() {
        let log = unpack_one(&packed[..cut]);
        assert!(both.starts_with(&log.text), "cut at {cut}");
        let whole = cut == packed.len() / 2;
        let expected = (!whole).then_some(&Why::Truncated(Format::Zstd));
        assert_eq!(why(&log.end), expected, "cut at {cut}");
    }
    assert_eq!(unpack_one(&packed).text, both);
}

#[test]
fn a_flipped_bit_is_told_and_what_stands_before_it_is_kept() {
    let text = log_of(30_000);
    for (packed, format) in [(gzip(&text), Format::Gzip), (zstd(&text), Format::Zstd)] {
        for eighths in 1..8 {
            let mut bad = packed.clone();
            let at = bad.len() * eighths / 8;
            bad[at] ^= 0x10;
            let log = unpack_one(&bad);
            let expected = [Why::Damaged(format), Why::Checksum(format), Why::Truncated(format)];
            assert!(why(&log.end).is_some_and(|why| expected.contains(why)), "{:?}", log.end);
            let same = log.text.iter().zip(&text).take_while(|(a, b)| a == b).count();
            let share = text.len() * eighths / 8;
            assert!(same + 200_000 >= share, "{format}: {same} of {share} before the damage");
        }
    }
}

#[test]
fn logs_that_were_appended_packed_are_read_to_their_end() {
    let parts = [log_of(10), Vec::new(), log_of(3), log_of(5000)];
    let text = parts.concat();
    let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
    assert!(unpack_one(&members).text == text);
    let frames: Vec<u8> = parts.iter().flat_map(|part| zstd(part)).collect();
    assert!(unpack_one(&frames).text == text);
    // A frame that is to be skipped: four bytes of it here.
    let mut skippable = b"\x51\x2a\x4d\x18\x04\0\0\0skip".to_vec();
    skippable.extend(zstd(&text));
    let log = unpack_one(&skippable);
    assert!(log.text == text && log.end == End::Complete);
}

#[test]
fn a_gzip_header_with_name_comment_extra_and_checksum_is_read() {
    let text = log_of(3);
    let mut encoder = flate2::GzBuilder::new()
        .filename("build.log")
        .comment("a comment")
        .extra(vec![1, 2, 3, 4])
        .write(Vec::new(), Compression::default());
    encoder.write_all(&text).unwrap();
    let mut packed = encoder.finish().unwrap();
    assert_eq!(unpack_one(&packed).text, text);
    for cut in 2..packed.len() {
        assert_eq!(why(&unpack_one(&packed[..cut]).end), Some(&Why::Truncated(Format::Gzip)));
    }
    packed[3] |= 0x80;
    assert_eq!(why(&unpack_one(&packed).end), Some(&Why::Damaged(Format::Gzip)));
}

#[test]
fn padding_behind_the_packed_log_is_ignored_and_rubbish_is_told() {
    let text = log_of(3);
    for (packed, format) in [(gzip(&text), Format::Gzip), (zstd(&text), Format::Zstd)] {
        for zeros in [1, 3, 512, 200_000] {
            let padded = [packed.clone(), vec![0; zeros]].concat();
            let log = unpack_one(&padded);
            assert_eq!((&log.text, log.end), (&text, End::Complete), "{format} and {zeros}");
        }
        let rubbish = [packed.clone(), b"\0\0rubbish".to_vec()].concat();
        let log = unpack_one(&rubbish);
        assert_eq!((&log.text, why(&log.end)), (&text, Some(&Why::Trailing(format))));
        assert!(log.end.reason().unwrap().contains("left out"));
    }
}

/// Endless zeros.
struct Zeros;

impl Read for Zeros {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        to.fill(0);
        Ok(to.len())
    }
}

#[test]
fn a_gzip_bomb_neither_fills_the_memory_nor_takes_for_ever() {
    // Ten gigabytes of zeros, packed while they are read.
    let bomb = || flate2::read::GzEncoder::new(Zeros.take(10 << 30), Compression::fast());
    let limits = Limits { max_ratio: 100, ratio_from: 1 << 20, ..Limits::default() };
    let mut log = Log::from_stream(bomb(), &limits).unwrap();
    let mut bytes = 0;
    let end = log.read_to_end(|piece| bytes += piece.len()).unwrap();
    assert_eq!(why(&end), Some(&Why::TooDense { limit: 100 }));
    assert!(bytes < 32 << 20, "{bytes}");

    let limits = Limits { max_bytes: 3_000_000, ..Limits::default() };
    let mut log = Log::from_stream(bomb(), &limits).unwrap();
    let mut bytes = 0;
    let end = log.read_to_end(|piece| bytes += piece.len()).unwrap();
    assert_eq!(end, End::Cut(Cut { why: Why::TooLarge { limit: 3_000_000 }, bytes: 3_000_000 }));
    assert_eq!(bytes, 3_000_000);
    assert!(end.reason().unwrap().contains("limit of 3000000 bytes"));
}

#[test]
fn a_log_as_large_as_the_limit_is_whole() {
    let text = log_of(100);
    let limits = Limits { max_bytes: text.len() as u64, ..Limits::default() };
    for packed in [text.clone(), gzip(&text), zstd(&text)] {
        let (logs, _) = unpack(&packed, &limits);
        assert_eq!((&logs[0].text, &logs[0].end), (&text, &End::Complete));
    }
}

#[test]
fn a_dull_log_that_packs_well_is_no_bomb() {
    let text = b"waiting for the database\n".repeat(400_000);
    assert_eq!(unpack_one(&zstd(&text)).end, End::Complete);
}

#[test]
fn a_zstd_window_beyond_the_limit_is_told_and_not_allocated() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(&log_of(1000)).unwrap();
    let packed = encoder.finish().unwrap();
    let limits = Limits { max_zstd_window_log: 20, ..Limits::default() };
    let (logs, _) = unpack(&packed, &limits);
    assert_eq!(why(&logs[0].end), Some(&Why::Window { limit: 1 << 20 }));
    assert_eq!(unpack_one(&packed).end, End::Complete);
}

#[test]
fn byte_order_marks_leave_no_trace_and_windows_logs_are_readable() {
    let text = "größer 😀\r\nerror: ✗\r\n".repeat(30_000);
    let encode = |mark: &[u8], bytes: &dyn Fn(u16) -> [u8; 2]| {
        [mark.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat()
    };
    let little = encode(b"\xff\xfe", &u16::to_le_bytes);
    let big = encode(b"\xfe\xff", &u16::to_be_bytes);
    let utf8 = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for marked in [little, big, utf8] {
        for packed in [gzip(&marked), marked] {
            let log = unpack_one(&packed);
            assert!(log.text == text.as_bytes());
            assert_eq!(log.end, End::Complete);
        }
    }
    for only in [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"] {
        assert_eq!(unpack_one(only).text, b"");
    }
    // UTF-32 is left as it is, and told to be binary.
    let utf32 = b"\xff\xfe\0\0a\0\0\0";
    assert_eq!(unpack_one(utf32).text, utf32);
    assert!(looks_binary(utf32).is_some());
}

#[test]
fn an_image_in_place_of_a_log_is_named_without_losing_a_byte() {
    let png = [b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 20_000]].concat();
    let limits = Limits::default();
    for packed in [png.clone(), gzip(&png)] {
        let mut log = Log::from_stream(&packed[..], &limits).unwrap();
        assert_eq!(log.binary().unwrap(), Some("a PNG image"));
        assert_eq!(read(&mut log).text, png);
    }
    let twice = gzip(&gzip(b"x\n"));
    let mut log = Log::from_stream(&twice[..], &limits).unwrap();
    assert_eq!(log.binary().unwrap(), Some("a gzip stream inside another archive"));
    let mut log = Log::from_stream(&b""[..], &limits).unwrap();
    assert_eq!(log.binary().unwrap(), None);
    assert_eq!(log.next_piece().unwrap(), None);
}

/// Storage that fails after some bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.0.read(to)? {
            0 => Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")),
            count => Ok(count),
        }
    }
}

#[test]
fn storage_that_fails_is_an_error_to_retry_and_never_a_damaged_log() {
    let text = log_of(20_000);
    let limits = Limits::default();
    for packed in [text.clone(), gzip(&text), zstd(&text)] {
        let half = &packed[..packed.len() / 2];
        let mut log = Log::from_stream(Failing(half), &limits).unwrap();
        let error = log.read_to_end(|_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Read);
        assert_eq!(error.to_string(), "it could not be read: connection reset");
    }
    let error = Log::from_stream(Failing(b""), &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Read);
}

#[test]
fn a_pipe_can_be_looked_into_without_losing_its_beginning() {
    let text = log_of(1000);
    let mut head = Head::read(&text[..]).unwrap();
    assert_eq!(head.format(), Format::Plain);
    let mut all = Vec::new();
    head.read_to_end(&mut all).unwrap();
    assert!(all == text);
}

#[test]
fn names_are_not_believed() {
    assert_eq!(sniff(b"PK\x03\x04"), Format::Zip);
    assert_eq!(sniff(b"PK\x05\x06"), Format::Zip);
    assert_eq!(sniff(b"PKG_CONFIG=1"), Format::Plain);
    assert_eq!(sniff(b"\x1f\x8b"), Format::Gzip);
    assert_eq!(sniff(b"\x28\xb5\x2f\xfd"), Format::Zstd);
    assert_eq!(sniff(b""), Format::Plain);
    assert_eq!(sniff(b"\x1f"), Format::Plain);
}

proptest! {
    #[test]
    fn random_bytes_behind_a_magic_end_and_never_panic(
        magic in 0..6_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let magics: [&[u8]; 6] = [
            b"\x1f\x8b\x08", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\x28\xb5\x2f\xfd",
            b"PK\x03\x04", b"PK\x05\x06", b"\xff\xfe",
        ];
        let input = [magics[magic], &bytes].concat();
        unpack(&input, &Limits { max_bytes: 10 << 20, ..Limits::default() });
    }

    #[test]
    fn a_damaged_archive_ends_and_never_panics(
        kind in 0..3_usize,
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let text = log_of(50);
        let mut input = match kind {
            0 => gzip(&text),
            1 => zstd(&text),
            _ => crate::archives::zip_of(&[("a.txt", &text), ("b/c.txt", &text)]),
        };
        for (place, byte) in places {
            let at = place.index(input.len());
            input[at] = byte;
        }
        unpack(&input, &Limits { max_bytes: 10 << 20, ..Limits::default() });
    }

    #[test]
    fn any_log_comes_out_as_it_went_in(
        text in proptest::collection::vec(any::<u8>(), 0..5000),
        pieces in 1..4_usize,
    ) {
        let size = text.len() / pieces + 1;
        let members: Vec<u8> = text.chunks(size).flat_map(gzip).collect();
        let (logs, _) = unpack(&members, &Limits::default());
        prop_assume!(!text.is_empty() && !text.starts_with(b"\xff\xfe"));
        prop_assume!(!text.starts_with(b"\xfe\xff") && !text.starts_with(b"\xef\xbb\xbf"));
        prop_assert!(logs[0].text == text);
    }
}
