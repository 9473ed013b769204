//! What it takes to read access logs: our pattern beside the `grok` crate's, and beside what makes an
//! object of the fields, on the same lines in the same run.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a bench tells its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use logmill_grok::{Function, Grok, Library, Naming, Outcome, Patterns, Scratch};
use serde_json::{Map, json};

const LINES: u32 = 1_000;
const ROUNDS: usize = 60;

fn main() {
    let lines: Vec<String> = (0..LINES).map(line).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!(
        "{} combined access log lines, {} bytes each; the best of {ROUNDS} rounds\n",
        lines.len(),
        bytes / lines.len()
    );

    let theirs = grok::Grok::with_default_patterns();
    let theirs = theirs.compile("%{COMBINEDAPACHELOG}", true).expect("its own pattern");
    let theirs_time = best(&lines, |line| {
        let matches = theirs.match_against(line)?;
        Some(matches.iter().map(|(_, value)| value.len()).sum())
    });
    tell("the grok crate: every field's text", theirs_time, theirs_time, bytes);

    let mut scratch = Scratch::default();
    for (name, naming) in [("legacy", Naming::Legacy), ("ecs", Naming::Ecs)] {
        let ours = Grok::new("%{COMBINEDAPACHELOG}", Library::bundled(naming)).expect("bundled");
        let time = best(&lines, |line| {
            let mut sum = 0;
            let outcome = ours.captures(line, &mut scratch, |_, text| sum += text.len());
            outcome.found().map(|()| sum)
        });
        tell(&format!("logmill-grok, {name} names: every field's text"), time, theirs_time, bytes);
        let time =
            best(&lines, |line| ours.parse(line, &mut scratch).found().map(|fields| fields.len()));
        tell(
            &format!("logmill-grok, {name} names: an object of the fields"),
            time,
            theirs_time,
            bytes,
        );
    }

    let patterns = Patterns::bundled(Naming::Ecs);
    let time = best(&lines, |line| {
        let found = patterns.find_in(line, jiff::Timestamp::UNIX_EPOCH, &mut scratch);
        found.hit.map(|hit| hit.name.len())
    });
    tell("the bundled document, which has it first", time, theirs_time, bytes);
    let misses: Vec<String> = (0..LINES)
        .map(|number| format!("user {number} added item {} to the cart of 3 things", number * 7))
        .collect();
    let missed_bytes = misses.iter().map(String::len).sum();
    let time = best(&misses, |line| {
        let found = patterns.find_in(line, jiff::Timestamp::UNIX_EPOCH, &mut scratch);
        found.hit.is_none().then_some(1)
    });
    tell("the bundled document, of which no entry fits", time, theirs_time, missed_bytes);

    let with = Map::from_iter([("format".to_owned(), json!("combined"))]);
    let function = Function::new("parse_apache_log", &with, &Library::empty()).expect("a function");
    let time = best(&lines, |line| {
        match function.parse(line, jiff::Timestamp::UNIX_EPOCH, &mut scratch) {
            Outcome::Found(value) => value.as_object().map(Map::len),
            _ => None,
        }
    });
    tell("parse_apache_log", time, theirs_time, bytes);
}

/// The time of the fastest round; every line must be found.
fn best(lines: &[String], mut read: impl FnMut(&str) -> Option<usize>) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for line in lines {
            black_box(read(black_box(line)).expect("the line has this shape"));
        }
        best = best.min(start.elapsed());
    }
    best
}

#[allow(clippy::cast_precision_loss, reason = "for display")]
fn tell(what: &str, time: Duration, base: Duration, bytes: usize) {
    println!(
        "{what:<56} {:>7.0} ns/line {:>7.1} MB/s {:>6.2} x",
        time.as_secs_f64() * 1e9 / f64::from(LINES),
        bytes as f64 / 1e6 / time.as_secs_f64(),
        base.as_secs_f64() / time.as_secs_f64(),
    );
}

fn line(number: u32) -> String {
    let user = if number.is_multiple_of(3) { "frank" } else { "-" };
    format!(
        "{}.{}.{}.{} - {user} [{:02}/Oct/2020:13:{:02}:36 -0700] \"GET /shop/item{number}?id={} HTTP/1.1\" {} {} \
         \"https://example.com/start/{number}\" \"Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/72.0.3626.119 Safari/537.36\"",
        number % 200 + 1,
        number * 7 % 256,
        number * 3 % 256,
        number % 256,
        number % 28 + 1,
        number % 60,
        number * 31,
        200 + number % 300,
        number * 17,
    )
}
