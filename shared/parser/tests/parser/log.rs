//! Logs made of the dialects' samples, and what the parser says of them.

use logmill_parser::ndjson::Writer;
use logmill_parser::{Options, Parser};
use proptest::prelude::*;

/// How the lines of a log are wrapped and ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Envelope {
    Plain,
    Github,
    WindowsLineEnds,
    Coloured,
    /// An application's logger.
    Stamped,
}

/// The samples of all dialects.
pub(crate) fn samples() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "{folder} holds the samples of the dialects");
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A log of some samples, whole or in part, in any order, with odd bytes between them.
pub(crate) fn log() -> impl Strategy<Value = Vec<u8>> {
    let samples = samples();
    let part =
        (prop::sample::select(samples), 0.0..1.0_f64, 0.0..1.0_f64).prop_map(|(log, a, b)| {
            let lines: Vec<&str> = log.lines().collect();
            let at = |share: f64| (share * (lines.len() + 1) as f64) as usize;
            let (from, to) = (at(a.min(b)).min(lines.len()), at(a.max(b)).min(lines.len()));
            // Most often all of it, for a dialect's states need its lines in their order.
            if a < 0.6 { log.clone() } else { lines[from..to].join("\n") + "\n" }
        });
    let noise = prop_oneof![
        8 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just(b"AKIA".iter().chain(b"Z7QXW2NB4KTJ6LMP \xff\0\x1b[31m\r\n").copied().collect()),
    ];
    let envelope = prop::sample::select(vec![
        Envelope::Plain,
        Envelope::Github,
        Envelope::WindowsLineEnds,
        Envelope::Coloured,
        Envelope::Stamped,
    ]);
    prop::collection::vec((part, noise, envelope), 1..5).prop_map(|parts| {
        let mut log = Vec::new();
        for (text, noise, envelope) in parts {
            wrap(&text, envelope, &mut log);
            log.extend(noise);
        }
        log
    })
}

fn wrap(text: &str, envelope: Envelope, out: &mut Vec<u8>) {
    for (second, line) in text.lines().enumerate() {
        let (minute, second) = (second / 60 % 60, second % 60);
        let wrapped = match envelope {
            Envelope::Plain => format!("{line}\n"),
            Envelope::Github => format!("2026-03-04T10:{minute:02}:{second:02}.1234567Z {line}\n"),
            Envelope::WindowsLineEnds => format!("{line}\r\n"),
            Envelope::Coloured => format!("\x1b[1;31m{line}\x1b[0m\n"),
            Envelope::Stamped => format!("2026-03-04 10:{minute:02}:{second:02},123 {line}\n"),
        };
        out.extend(wrapped.bytes());
    }
}

/// Every event of a log, read in the given pieces, as text. `between` may replace the parser.
pub(crate) fn events<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    mut between: impl FnMut(Parser) -> Parser,
) -> String {
    let mut writer = Writer::new(Vec::new());
    let mut parser = Parser::new(Options::default());
    for piece in pieces {
        parser.push(piece, &mut writer);
        parser = between(parser);
    }
    parser.finish(None, &mut writer);
    String::from_utf8(writer.finish().unwrap()).unwrap()
}
