//! Lines that say nothing, where nothing is said.

use std::sync::LazyLock;

use fastrand::Rng;
use regex::Regex;
use serde_json::Value;

use super::text::PREFIX;

/// How many places of a log get some.
const PLACES: usize = 20;
/// How many lines on both sides must tell nothing.
const APART: usize = 2;

const LINES: &[&str] = &[
    "Downloading layer 3 of 7",
    "cache key linux-x64-4f2a is there",
    "Progress: 45 of 120 MB",
    "waiting for the lock of another process",
    "Unpacking libfoo1 (1.2.3-4) over (1.2.3-3) ...",
    "7 folders, 42 files",
    "note: 3 new messages for you",
];

/// What belongs to something: results, blocks, frames, commands, markers.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)test|fail|err|pass|skip|\bran\b|spec|suite|assert|expect|exception|warn|fatal|panic|trace|caused|==|--|\*\*|__|>>>|##|::|travis|^\s|^$|✓|✔|✗|●|│|\bat |\d+\)|:\d+:|^\W|started|finished|[:\\,]$"
    )
    .unwrap()
});

/// Inserts lines; the truth's line numbers move with theirs.
pub(super) fn insert(log: &str, row: &mut Value, rng: &mut Rng) -> String {
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let telling: Vec<bool> = lines.iter().map(|line| tells(line)).collect();
    let apart = APART..lines.len().saturating_sub(APART).max(APART);
    let mut after: Vec<usize> = apart
        .filter(|at| !telling[at - APART..at + APART].contains(&true) && !in_truth(row, *at))
        .collect();
    rng.shuffle(&mut after);
    after.truncate(PLACES);
    after.sort_unstable();

    let mut changed = String::with_capacity(log.len() + 4096);
    // How many were inserted before each line, from 1.
    let mut moved = Vec::with_capacity(lines.len() + 1);
    let mut count = 0_u64;
    moved.push(0);
    for (number, line) in (1..).zip(&lines) {
        moved.push(count);
        changed.push_str(line);
        if after.binary_search(&number).is_ok() {
            let prefix = PREFIX.find(line).map_or("", |found| found.as_str());
            let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
            let prefix = prefix.trim_start_matches('\u{feff}');
            for _ in 0..rng.usize(1..4) {
                let said = LINES[rng.usize(..LINES.len())];
                changed.push_str(&format!("{prefix}{said}{end}"));
                count += 1;
            }
        }
    }
    shift(row, &moved);
    changed
}

fn tells(line: &str) -> bool {
    let line = line.trim_end_matches(['\r', '\n']);
    let body = PREFIX.find(line).map_or(line, |found| &line[found.end()..]);
    TELLING.is_match(body)
}

/// Whether the line behind `at` lies in a block of the truth.
fn in_truth(row: &Value, at: usize) -> bool {
    let inside = |pair: &Value| {
        let bound = |side: usize| pair[side].as_u64().unwrap_or(0);
        bound(0) <= at as u64 + 1 && at as u64 <= bound(1)
    };
    row["lines"].as_array().is_some_and(|pairs| pairs.iter().any(inside))
}

/// Moves every line number of a truth.
fn shift(row: &mut Value, moved: &[u64]) {
    let mv = |number: &mut Value| {
        if let Some(line) = number.as_u64() {
            let by = usize::try_from(line).ok().and_then(|line| moved.get(line).or(moved.last()));
            *number = Value::from(line + by.copied().unwrap_or(0));
        }
    };
    for pair in array(row, "lines") {
        pair.as_array_mut().into_iter().flatten().for_each(mv);
    }
    for (list, keys) in [("error_lines", &["line"][..]), ("steps", &["start_line", "end_line"][..])]
    {
        for entry in array(row, list) {
            for key in keys {
                entry.get_mut(*key).into_iter().for_each(mv);
            }
        }
    }
}

/// The values of a list of the truth, which need not be there.
fn array<'a>(row: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    row.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use serde_json::json;

    use super::insert;

    #[test]
    fn the_truth_s_lines_are_those_of_the_same_text() {
        let mut log: String = (0..400).map(|n| format!("fetched part {n}\n")).collect();
        log.push_str("error: here\n");
        let mut row = json!({"error_lines": [{"line": 401}], "lines": [[401, 401]]});
        let changed = insert(&log, &mut row, &mut Rng::with_seed(3));
        let line = row["error_lines"][0]["line"].as_u64().unwrap();
        assert!(line > 401);
        assert_eq!(row["lines"], json!([[line, line]]));
        let at = usize::try_from(line).unwrap() - 1;
        assert_eq!(changed.lines().nth(at), Some("error: here"));
    }
}
