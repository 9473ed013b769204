//! What people lose if unpacking fails: the log of a failed build, or the machine that reads it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod archives;
mod resume;
mod streams;

use std::io::{Cursor, Read};

use logmill_unpack::{Aside, End, Entry, Limits, Log, Object};

/// One log as it came out.
#[derive(Debug)]
struct Unpacked {
    name: Option<String>,
    part: String,
    text: Vec<u8>,
    end: End,
    remark: Option<String>,
}

/// Everything that an object holds.
fn unpack(bytes: &[u8], limits: &Limits) -> (Vec<Unpacked>, Vec<Aside>) {
    let mut object = Object::open(Cursor::new(bytes), limits.clone()).unwrap();
    let (mut logs, mut asides) = (Vec::new(), Vec::new());
    while let Some(entry) = object.next_entry().unwrap() {
        match entry {
            Entry::Log(mut log) => logs.push(read(&mut log)),
            Entry::Aside(aside) => asides.push(aside),
        }
    }
    (logs, asides)
}

fn read(log: &mut Log<'_>) -> Unpacked {
    let mut text = Vec::new();
    let end = log.read_to_end(|piece| text.extend_from_slice(piece)).unwrap();
    Unpacked {
        name: log.name().map(str::to_owned),
        part: log.part().to_owned(),
        text,
        end,
        remark: log.remark().map(str::to_owned),
    }
}

/// The one log of an object that is one, read from a pipe and from a file.
fn unpack_one(bytes: &[u8]) -> Unpacked {
    let (mut logs, asides) = unpack(bytes, &Limits::default());
    assert_eq!((logs.len(), asides.len()), (1, 0));
    let log = logs.remove(0);
    let limits = Limits::default();
    let streamed = read(&mut Log::from_stream(Dribble(bytes), &limits).unwrap());
    if log.end == End::Complete {
        assert!(streamed.end == End::Complete && streamed.text == log.text);
    } else {
        // How much comes out before damage depends on how the bytes came in.
        assert!(streamed.end != End::Complete);
        let shorter = streamed.text.len().min(log.text.len());
        assert!(streamed.text[..shorter] == log.text[..shorter]);
    }
    log
}

/// A pipe that yields a byte at a time.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = to.len().min(1);
        self.0.read(&mut to[..count])
    }
}

/// A log of `lines` lines that packs about as well as real ones.
fn log_of(lines: usize) -> Vec<u8> {
    let mut text = String::new();
    for line in 0..lines {
        let noise = line.wrapping_mul(2_654_435_761) % 1_000_003;
        text.push_str(&format!("2024-05-01T10:00:{:02}Z step {line} took {noise} ms\n", line % 60));
    }
    text.into_bytes()
}
