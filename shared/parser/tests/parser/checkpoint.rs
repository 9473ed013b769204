//! A log that one process cannot finish is continued by another, with the same events.

use logmill_parser::{Checkpoint, CheckpointError, MAX_CHECKPOINT, Options, Parser};
use proptest::prelude::*;

use crate::log::{events, log};

fn restored(parser: &Parser) -> Parser {
    let stored = serde_json::to_vec(&parser.checkpoint().unwrap()).unwrap();
    let checkpoint: Checkpoint = serde_json::from_slice(&stored).unwrap();
    assert!(checkpoint.state.len() <= MAX_CHECKPOINT);
    Parser::restore(Options::default(), &checkpoint).unwrap()
}

proptest! {
    #[test]
    fn a_log_cut_anywhere_is_continued_as_if_it_had_not_been(
        log in log(),
        cuts in prop::collection::vec(0.0..1.0_f64, 1..4),
    ) {
        let whole = events([log.as_slice()], |parser| parser);
        let mut at: Vec<usize> = cuts.iter().map(|cut| (cut * log.len() as f64) as usize).collect();
        at.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in at {
            pieces.push(&log[from..to]);
            from = to;
        }
        pieces.push(&log[from..]);
        prop_assert_eq!(events(pieces.iter().copied(), |parser| restored(&parser)), whole.as_str());
    }

    #[test]
    fn where_the_pieces_end_changes_nothing(log in log(), size in 1_usize..200) {
        let whole = events([log.as_slice()], |parser| parser);
        prop_assert_eq!(events(log.chunks(size), |parser| parser), whole);
    }
}

/// The log that fills every part of the state: open steps, candidates, a record, a line.
fn largest() -> Vec<u8> {
    let mut log = Vec::new();
    for number in 0..600 {
        let name = format!("{number}{}", "n".repeat(300));
        log.extend(format!("2026-03-04T10:15:22.1234567Z ##[group]{name}\n").bytes());
    }
    for number in 0..80 {
        let message = "m\u{1}".repeat(2_000);
        log.extend(format!("file{number}.c:1:1: error: {message}\n\n").bytes());
    }
    for test in 0..20 {
        let message = "m".repeat(3_000);
        log.extend(format!("=== RUN   Test{test}{message}\n    a_test.go:1: {message}\n").bytes());
    }
    log.extend(format!("FAIL {}.test.js\n", "j".repeat(60_000)).bytes());
    log.extend(b"2026-03-04T10:15:22.1234567Z Building ".iter().chain(&[b'r'; 65_000]));
    log.extend(b"\nand on\n");
    log.extend([b'l'; 100_000]);
    log
}

#[test]
fn the_largest_state_fits_into_a_metadata_item() {
    let mut parser = Parser::new(Options::default());
    parser.push(&largest(), &mut |_: logmill_parser::Event<'_>| {});
    let size = parser.checkpoint().unwrap().state.len();
    assert!(size > 200 * 1024, "the log fills the state: {size}");
    assert!(size <= MAX_CHECKPOINT, "{size}");
}

#[test]
fn a_checkpoint_of_another_version_is_refused_with_the_reason() {
    let mut checkpoint = Parser::new(Options::default()).checkpoint().unwrap();
    checkpoint.parser_version = "0.0.1".to_owned();
    let error = Parser::restore(Options::default(), &checkpoint).err().unwrap();
    assert!(matches!(error, CheckpointError::OtherVersion { .. }));
    assert!(error.to_string().contains("0.0.1"), "{error}");
}

proptest! {
    #[test]
    fn a_damaged_checkpoint_is_refused(log in log(), place in 0.0..1.0_f64, bit in 0_u32..8) {
        let mut parser = Parser::new(Options::default());
        parser.push(&log, &mut |_: logmill_parser::Event<'_>| {});
        let whole = parser.checkpoint().unwrap();
        let at = (place * whole.state.len() as f64) as usize;

        let mut changed = whole.clone();
        changed.state[at] ^= 1_u8 << bit;
        prop_assert!(Parser::restore(Options::default(), &changed).is_err());

        let mut cut = whole;
        cut.state.truncate(at);
        prop_assert!(Parser::restore(Options::default(), &cut).is_err());
    }
}
