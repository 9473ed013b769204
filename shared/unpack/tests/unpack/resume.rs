//! A log too long for one process is gone on with by another.

use std::io::{Cursor, Read, Seek, SeekFrom};

use logmill_unpack::{Entry, Limits, Object, Position};

use crate::archives::{streamed_zip_of, zip_of};
use crate::log_of;
use crate::streams::{gzip, zstd};

/// What came out up to a place, entry by entry: its part, its text and how it ended.
type Out = Vec<(String, Vec<u8>, String)>;

/// Reads on from a place until `pieces` pieces were taken; where it stands then, if not at the end.
fn read_on(bytes: &[u8], from: Position, pieces: usize, out: &mut Out) -> Option<Position> {
    let reader = Cursor::new(bytes);
    let mut object = Object::resume(reader, Limits::default(), &from).unwrap();
    let mut left = pieces;
    let mut resumed = from.mark.unpacked > 0;
    loop {
        let mut log = match object.next_entry().unwrap()? {
            Entry::Aside(aside) => {
                out.push((aside.to_string(), Vec::new(), String::new()));
                continue;
            }
            Entry::Log(log) => log,
        };
        if log.binary().unwrap().is_some() {
            continue;
        }
        if !std::mem::take(&mut resumed) {
            out.push((log.part().to_owned(), Vec::new(), String::new()));
        }
        let (_, text, end) = out.last_mut().unwrap();
        while let Some(piece) = log.next_piece().unwrap() {
            text.extend_from_slice(piece);
            left -= 1;
            if left == 0 {
                let mark = log.mark();
                drop(log);
                return Some(object.position(mark));
            }
        }
        *end = format!("{:?}", log.end());
    }
}

fn goes_on(bytes: &[u8]) {
    let mut whole = Vec::new();
    assert_eq!(read_on(bytes, Position::default(), usize::MAX, &mut whole), None);
    for pieces in [1, 2, 5] {
        let mut out = Vec::new();
        let mut at = Some(Position::default());
        while let Some(position) = at {
            at = read_on(bytes, position, pieces, &mut out);
            assert!(at.is_none_or(|at| at > position), "it advances");
        }
        assert!(out == whole, "by {pieces} pieces");
    }
}

#[test]
fn a_log_read_in_parts_is_the_same_log_however_it_is_packed() {
    let text = log_of(20_000);
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain("日本語 ü😀\n".repeat(60_000).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked: Vec<u8> = [b"\xef\xbb\xbf".as_slice(), &text].concat();
    let frames = [zstd(&text), zstd(b"a short one\n"), zstd(&text)].concat();
    let members = [gzip(&text), gzip(b""), gzip(b"a short one\n"), gzip(&text)].concat();
    let cut = &gzip(&text)[..100_000];
    let logs: [&[u8]; 9] =
        [b"", &text, &marked, &utf16, &gzip(&text), &zstd(&text), &frames, &members, cut];
    for log in logs {
        goes_on(log);
    }
}

#[test]
fn a_zip_read_in_parts_holds_the_same_logs() {
    let (long, short) = (log_of(8_000), log_of(3));
    let nested = gzip(&short);
    let members: [(&str, &[u8]); 6] = [
        ("1_build.txt", &long),
        ("folder/", b""),
        ("2_test.txt", &short),
        ("packed.gz", &nested),
        ("2_test.log", &long),
        ("3_empty.txt", b""),
    ];
    goes_on(&zip_of(&members[..1]));
    goes_on(&streamed_zip_of(&members));
    let whole = zip_of(&members);
    // Without its directory.
    goes_on(&whole[..whole.len() - 40]);
}

#[test]
fn a_log_is_read_twice_where_it_must_be() {
    let text = log_of(5_000);
    for bytes in [text.clone(), gzip(&text), zip_of(&[("a.txt", b"before"), ("b.txt", &text)])] {
        let mut object = Object::open(Cursor::new(&bytes), Limits::default()).unwrap();
        loop {
            let mut first = Vec::new();
            match object.next_entry().unwrap() {
                Some(Entry::Log(mut log)) => {
                    log.read_to_end(|piece| first.extend_from_slice(piece)).unwrap();
                }
                Some(Entry::Aside(aside)) => panic!("{aside}"),
                None => break,
            }
            let mut again = object.again().unwrap().unwrap();
            let mut second = Vec::new();
            let end = again.read_to_end(|piece| second.extend_from_slice(piece)).unwrap();
            assert!(first == second && end == logmill_unpack::End::Complete);
        }
    }
}

/// Counts what is read.
struct Counting<'a>(Cursor<&'a [u8]>, &'a std::cell::Cell<usize>);

impl Read for Counting<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(to)?;
        self.1.set(self.1.get() + read);
        Ok(read)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn what_was_read_of_a_plain_log_is_not_read_again() {
    let text = log_of(50_000);
    let frame = zstd(&log_of(2_000));
    for bytes in [text, frame.repeat(40)] {
        let position = {
            let mut object = Object::open(Cursor::new(&bytes), Limits::default()).unwrap();
            let Some(Entry::Log(mut log)) = object.next_entry().unwrap() else { panic!() };
            while log.consumed() * 10 < bytes.len() as u64 * 9 {
                log.next_piece().unwrap();
            }
            let mark = log.mark();
            drop(log);
            object.position(mark)
        };
        let read = std::cell::Cell::new(0);
        let reader = Counting(Cursor::new(&bytes), &read);
        let mut object = Object::resume(reader, Limits::default(), &position).unwrap();
        let Some(Entry::Log(mut log)) = object.next_entry().unwrap() else { panic!() };
        assert!(log.next_piece().unwrap().is_some());
        drop(log);
        assert!(read.get() < bytes.len() / 4, "{} of {} bytes", read.get(), bytes.len());
    }
}
