//! The log that the bench reads: the repository's example logs over and over, as one job's log.
//!
//! It is the same in every run. Every line has a stamp of GitHub's runner, later from line to line,
//! and the last digits of its longer numbers differ from one repetition to the next, so that neither
//! gzip nor a cache sees the same text twice.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};

/// The length of `2026-03-04T10:15:22.1234567Z `.
const STAMP: usize = 29;
/// The most time between two lines, in the stamps' unit of 100 ns.
const MAX_PAUSE: u64 = 2_000_000;

/// Writes a log of at least `size` bytes to `path`, gzipped, and tells its size.
///
/// # Errors
/// Those of reading the examples and writing the file.
pub(crate) fn write(path: &Path, size: u64) -> Result<u64, Box<dyn Error>> {
    let examples = examples()?;
    let mut out = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::default());
    let mut random = Random(1);
    let mut now: Timestamp = "2026-03-04T08:00:00Z".parse()?;
    let mut line = Vec::new();
    let mut written = 0;
    while written < size {
        for text in examples.iter().flat_map(|log| lines(log)) {
            let pause = i64::try_from(random.below(MAX_PAUSE))?;
            now = now.checked_add(SignedDuration::from_nanos(pause * 100))?;
            line.clear();
            write!(line, "{now:.7} ")?;
            vary(text, &mut line, &mut random);
            line.push(b'\n');
            out.write_all(&line)?;
            written += line.len() as u64;
            if written >= size {
                break;
            }
        }
    }
    out.finish()?.flush()?;
    Ok(written)
}

/// The example logs in the order of their names.
fn examples() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    let ends = |path: &PathBuf, end: &str| path.to_string_lossy().ends_with(end);
    paths.retain(|path| ends(path, ".log") || ends(path, ".log.gz"));
    paths.sort();
    let mut logs = Vec::with_capacity(paths.len());
    for path in paths {
        let mut log = Vec::new();
        let mut file = File::open(&path)?;
        if ends(&path, ".gz") {
            MultiGzDecoder::new(file).read_to_end(&mut log)?;
        } else {
            file.read_to_end(&mut log)?;
        }
        logs.push(log);
    }
    if logs.is_empty() { Err("there is no log in examples/".into()) } else { Ok(logs) }
}

/// The lines of a log without byte order mark and runner's stamps.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let log = log.strip_prefix("\u{feff}".as_bytes()).unwrap_or(log);
    log.strip_suffix(b"\n").unwrap_or(log).split(|&byte| byte == b'\n').map(|line| {
        let stamped = line.get(STAMP - 2..STAMP) == Some(b"Z ") && line[10] == b'T';
        if stamped { &line[STAMP..] } else { line }
    })
}

/// Appends `text` with another last digit of every number that has three digits or more and is no
/// part of a word: not an exit code, a colour or a hash.
fn vary(text: &[u8], line: &mut Vec<u8>, random: &mut Random) {
    let mut digits = 0;
    for (at, &byte) in text.iter().enumerate() {
        let in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let begins = at == 0 || !in_word(text.get(at - 1));
        digits = match byte.is_ascii_digit() {
            true if digits > 0 || begins => digits + 1,
            _ => 0,
        };
        let varied = digits >= 3 && !in_word(text.get(at + 1));
        line.push(if varied { b'0' + random.below(10) as u8 } else { byte });
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
