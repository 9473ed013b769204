//! The lines that say why a build failed, against those that a person marked (`tests/explain`).

use serde_json::Value;

use crate::program::{example, of_kind, run, workspace};

/// A log, and the lines that were marked in it; none if the build passed.
fn marks() -> Vec<(String, Vec<(u64, u64)>)> {
    let truth = std::fs::read_to_string(workspace().join("tests/explain/truth.jsonl")).unwrap();
    let rows = truth.lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
    rows.map(|row| {
        let name = row["file"].as_str().unwrap().trim_start_matches("logs/").to_owned();
        (name, serde_json::from_value(row["lines"].clone()).unwrap())
    })
    .collect()
}

#[test]
fn the_first_lines_that_a_developer_reads_are_the_true_reason() {
    let mut wrong = Vec::new();
    for (name, marked) in marks() {
        let explanations =
            of_kind(run(&["parse", "--json", &example(&name)]).documents(), "explanation");
        let first = explanations.first().map(|block| {
            let line = block["line_number"].as_u64().unwrap();
            (line, block["end_line_number"].as_u64().unwrap_or(line))
        });
        let right = match first {
            None => marked.is_empty(),
            Some((line, end)) => marked.iter().any(|(first, last)| *first <= end && line <= *last),
        };
        if !right {
            wrong.push(format!("{name}: marked {marked:?}, explained by {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
