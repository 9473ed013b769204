//! Single lines of Mozilla's logs, each known to be an error there or none.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use logmill_model::Severity;
use logmill_parser::{Event, Options, Parser};
use serde_json::Value;

use super::compare::{Figures, rounded};

/// The set, a folder of the corpus.
const SET: &str = "treeherder_lines";

/// What makes a log one of those that the lines are of.
const FIRST_LINE: &str = "[taskcluster 2020-01-01T00:00:00.000Z] Task ID: none\n";

/// The part of the lines that the parser judges as the set says; nothing without the set. Names
/// those that it judges otherwise.
pub(crate) fn score(corpus: &Path) -> Result<Figures> {
    let path = corpus.join(SET).join("truth.jsonl");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Figures::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let (mut right, mut all) = (0_u32, 0_u32);
    for row in text.lines().filter(|row| !row.trim().is_empty()) {
        let row: Value = serde_json::from_str(row).with_context(|| path.display().to_string())?;
        let (line, expected) = (row["line"].as_str(), row["is_error"].as_bool());
        let (line, expected) = line
            .zip(expected)
            .with_context(|| format!("{}: a row without line or is_error", path.display()))?;
        let is_right = is_error(line) == expected;
        if !is_right {
            println!("{SET}: is_error should be {expected}: {line}");
        }
        right += u32::from(is_right);
        all += 1;
    }
    let figure = rounded(f64::from(right) / f64::from(all.max(1)));
    Ok([(format!("{SET}.lines_right"), figure)].into())
}

/// Whether the parser finds an error in `line` as the second line of a log.
fn is_error(line: &str) -> bool {
    let mut found = false;
    let mut sink = |event: Event<'_>| {
        if let Event::Error(error) = event {
            found |= error.line == 2 && error.severity >= Severity::Error;
        }
    };
    let mut parser = Parser::new(Options::default());
    parser.push(FIRST_LINE.as_bytes(), &mut sink);
    parser.push(line.as_bytes(), &mut sink);
    parser.finish(None, &mut sink);
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::score;

    #[test]
    fn a_line_that_is_judged_wrongly_lowers_the_figure() {
        let corpus = tempfile::tempdir().unwrap();
        assert!(score(corpus.path()).unwrap().is_empty());
        fs::create_dir(corpus.path().join("treeherder_lines")).unwrap();
        let rows = r#"{"line": "TEST-UNEXPECTED-FAIL | a | b", "is_error": true}
{"line": "TEST-PASS | a | b", "is_error": true}"#;
        fs::write(corpus.path().join("treeherder_lines/truth.jsonl"), rows).unwrap();
        assert_eq!(score(corpus.path()).unwrap()["treeherder_lines.lines_right"], 0.5);
    }
}
