//! The plain pipeline: what a good engineer writes in an hour, and what Logmill is measured against.
//!
//! A gzip stream is read line by line, seven patterns are tried on every line, and each line becomes
//! an object of JSON with its number, its text and the first capture of every pattern that matches.

use std::error::Error;
use std::io::{BufRead, Write};

use regex::Regex;
use serde_json::{Map, Value};

/// The name under which a pattern's first capture is written, and the pattern.
const PATTERNS: [(&str, &str); 7] = [
    ("timestamp", r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"),
    ("level", r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b"),
    ("stage", r"\b(Building|Testing|Deploying|Scanning|Publishing)\s+(\S+)"),
    ("error", r"(ERROR|FAILED?):\s*(.+)"),
    ("docker_step", r"Step\s+(\d+/\d+)\s*:\s*(.+)"),
    ("maven_plugin", r"\[INFO\] --- ([^:]+):([^:]+):(\S+) \(([^)]+)\) @ (\S+) ---"),
    ("quality_gate", r"ANALYSIS SUCCESSFUL.*Quality Gate (passed|FAILED)"),
];

/// Reads the lines of `input` and writes what the patterns find in them to `out`.
///
/// # Errors
/// Those of reading and writing.
pub(crate) fn run(mut input: impl BufRead, mut out: impl Write) -> Result<(), Box<dyn Error>> {
    let mut patterns = Vec::with_capacity(PATTERNS.len());
    for (name, pattern) in PATTERNS {
        patterns.push((name, Regex::new(pattern)?));
    }
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
        let mut object = Map::new();
        object.insert("line_number".to_owned(), Value::from(number));
        object.insert("message".to_owned(), Value::from(text.as_ref()));
        for (name, pattern) in &patterns {
            let capture = pattern.captures(&text).and_then(|found| found.get(1));
            if let Some(capture) = capture {
                object.insert((*name).to_owned(), Value::from(capture.as_str()));
            }
        }
        serde_json::to_writer(&mut out, &object)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
