//! Other names, the same in log and truth.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fastrand::Rng;
use regex::Regex;
use serde_json::Value;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    // A word may follow a terminal code or an escape of JSON, which end in letters.
    Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]|\\[nrt]|[A-Za-z_][A-Za-z0-9_]*").unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static PIECE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Z]+(?:[a-z]+)?|[a-z]+|[^A-Za-z]+").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static PROJECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"/home/(?:runner/work|travis/build)/([A-Za-z][\w-]{2,})/([A-Za-z][\w-]{2,})")
        .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static HOME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"/home/(?:runner/work|travis/build)/").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}):").unwrap());

/// Pieces of names that tools know.
const KEPT: &[&str] = &[
    "test",
    "tests",
    "testing",
    "spec",
    "suite",
    "it",
    "should",
    "setup",
    "class",
    "module",
    "example",
    "benchmark",
    "bench",
    "fuzz",
    "main",
    "init",
];

/// Letters for letters, vowels for vowels.
struct Cipher {
    vowels: usize,
    consonants: usize,
}

impl Cipher {
    fn new(rng: &mut Rng) -> Self {
        Self { vowels: rng.usize(1..5), consonants: rng.usize(1..21) }
    }

    fn letter(&self, letter: char) -> char {
        let turned = |letters: &str, by: usize| {
            let at = letters.find(letter.to_ascii_lowercase())?;
            letters.chars().nth((at + by) % letters.len())
        };
        let other = turned("aeiou", self.vowels)
            .or_else(|| turned("bcdfghjklmnpqrstvwxyz", self.consonants));
        match other {
            Some(other) if letter.is_ascii_uppercase() => other.to_ascii_uppercase(),
            Some(other) => other,
            None => letter,
        }
    }

    /// Another name of the same length and make; what tools know of it stays.
    fn name(&self, name: &str) -> String {
        PIECE
            .find_iter(name)
            .map(|piece| {
                let piece = piece.as_str();
                if KEPT.contains(&piece.to_ascii_lowercase().as_str()) {
                    piece.to_owned()
                } else {
                    piece.chars().map(|letter| self.letter(letter)).collect()
                }
            })
            .collect()
    }
}

/// Renames in the log and in its truth.
pub(super) fn rename(log: &str, row: &mut Value, rng: &mut Rng) -> String {
    let cipher = Cipher::new(rng);
    let mut names = BTreeMap::new();
    for key in ["failed_names", "suites"] {
        collect(&row[key], &cipher, &mut names);
    }
    let log = replace(log, &names);
    for key in ["failed_names", "suites"] {
        row.get_mut(key).into_iter().for_each(|names_of| replace_all(names_of, &names));
    }

    // The folders of projects.
    let mut log = log;
    let projects: Vec<String> = PROJECT
        .captures_iter(&log)
        .take(200)
        .flat_map(|found| [found[1].to_owned(), found[2].to_owned()])
        .filter(|name| !names.values().any(|known| known == name))
        .collect();
    let mut done: Vec<&String> = Vec::new();
    for project in &projects {
        if !done.contains(&project) {
            done.push(project);
            log = log.replace(&format!("/{project}/"), &format!("/{}/", cipher.name(project)));
            log = log.replace(&format!("/{project}\n"), &format!("/{}\n", cipher.name(project)));
        }
    }
    let home = ["/home/ci/jobs/", "/var/lib/agent/work/", "/builds/"][rng.usize(..3)];
    let log = HOME.replace_all(&log, home).into_owned();
    let by = rng.u32(1..200);
    ADDRESS
        .replace_all(&log, |found: &regex::Captures<'_>| {
            let parts: Vec<u32> = (1..5).map(|at| found[at].parse().unwrap_or(0)).collect();
            let last = if parts[0] == 127 { parts[3] } else { (parts[3] + by) % 250 };
            format!("{}.{}.{}.{last}:", parts[0], parts[1], parts[2])
        })
        .into_owned()
}

/// The names to change in a truth: those made of several words, which are no words of tools.
fn collect(truth: &Value, cipher: &Cipher, names: &mut BTreeMap<String, String>) {
    match truth {
        Value::String(text) => {
            for word in WORD.find_iter(text) {
                let word = word.as_str();
                let compound = word.trim_matches('_').contains('_')
                    || word
                        .as_bytes()
                        .windows(2)
                        .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
                let known = word.ends_with("Error") || word.ends_with("Exception");
                if compound && !known && word.len() > 5 {
                    names.insert(word.to_owned(), cipher.name(word));
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, cipher, names)),
        Value::Object(fields) => {
            for key in ["name", "cases"] {
                if let Some(value) = fields.get(key) {
                    collect(value, cipher, names);
                }
            }
        }
        _ => {}
    }
}

fn replace(text: &str, names: &BTreeMap<String, String>) -> String {
    WORD.replace_all(text, |found: &regex::Captures<'_>| {
        names.get(&found[0]).cloned().unwrap_or_else(|| found[0].to_owned())
    })
    .into_owned()
}

fn replace_all(truth: &mut Value, names: &BTreeMap<String, String>) {
    match truth {
        Value::String(text) => *text = replace(text, names),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_all(value, names)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace_all(value, names)),
        _ => {}
    }
}
