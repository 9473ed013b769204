//! The corpus, changed where the meaning stays: who reads formats does not notice, who knows the
//! corpus by heart does.
//!
//! A seed chooses the changes; the copy stands in `target/mutated` until the next one is made. Which
//! changes apply to which set, and why not the others, says [`SETS`]. The sets of single cases
//! (`logstash_grok`, `vrl_parse`) and of APIs (`devlake_api`) hold no logs and are left out, as is
//! `treeherder_lines`, single lines whose very words are the truth.

mod names;
mod noise;
mod text;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use logmill_unpack::{Entry, Limits, Object};
use serde_json::Value;

use super::compare::Figures;
use super::score;
use crate::{inputs, predict};

/// How far a score may be from that of the unchanged set.
const TOLERANCE: f64 = 0.02;

/// A change that keeps the meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mutation {
    /// Projects, homes, addresses, and the tests that the truth names are called otherwise, in log
    /// and truth.
    Names,
    /// Dates are so many days later, in log and truth.
    Dates,
    /// Stamps within a line tell the same moment in another zone.
    Zones,
    /// Some lines are coloured, or no line is any more.
    Colours,
    /// Lines that have nothing to do with it stand where nothing is told; the truth's lines move.
    Noise,
    /// Lines end with CR LF.
    LineEnds,
}

use Mutation::{Colours, Dates, LineEnds, Names, Noise, Zones};

/// The sets, and what applies to each.
const SETS: &[(&str, &[Mutation])] = &[
    ("bugswarm", &[Names, Dates, Zones, Colours, Noise, LineEnds]),
    ("explain", &[Names, Dates, Zones, Colours, Noise, LineEnds]),
    // The viewer whose verdicts are the truth reads colours as text: colouring would change it.
    // Zones: a step's times are compared as printed.
    ("treeherder_buildbot", &[Names, Dates, Noise, LineEnds]),
    ("treeherder_taskcluster", &[Names, Dates, Noise, LineEnds]),
    // JSON cannot be coloured, and between two lines of a test nothing is unrelated to it.
    ("go_junit_report", &[Names, LineEnds]),
    ("terraform_tfcmt", &[Colours, LineEnds]),
    // Reports: what is between their lines, and what time they have, is a part of them.
    ("errorformat", &[LineEnds]),
    // Each line is a record, and its time is the truth.
    ("lnav_formats", &[LineEnds]),
];

/// `cargo truth --mutated [--seed N]`: `corpus` and `tests` are changed into `target/mutated`.
pub(super) fn run(
    corpus: &Path,
    tests: &Path,
    scorer: &Path,
    target: &Path,
    seed: Option<u64>,
) -> Result<()> {
    let seed = seed.unwrap_or_else(of_the_clock);
    println!(
        "the corpus changed by seed {seed}; `cargo truth --mutated --seed {seed}` does it again"
    );
    let copy = target.join("mutated");
    let _ = fs::remove_dir_all(&copy);
    let mut compared = Vec::new();
    for (set, mutations) in SETS {
        let root = if *set == super::OWN_SET { tests } else { corpus };
        if !root.join(set).is_dir() {
            continue;
        }
        let logs = change(root, &copy, set, mutations, seed)
            .with_context(|| format!("{set} cannot be changed"))?;
        let plain = figures(root, set, scorer, &target.join("mutated-plain"))?;
        let changed = figures(&copy, set, scorer, &target.join("mutated-out"))?;
        compared.extend(compare(&plain, &changed, logs));
    }
    conclude(&compared, seed)
}

fn of_the_clock() -> u64 {
    // Small enough to be typed.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() % 1_000_000)
}

fn figures(root: &Path, set: &str, scorer: &Path, out: &Path) -> Result<Figures> {
    let bad = predict::predict(&inputs::of_set(root, set)?, out)?;
    predict::refuse(bad)?;
    score::run(scorer, out, root, Some(set))
}

/// A figure that is not what it was.
#[derive(Debug, PartialEq)]
struct Difference {
    name: String,
    plain: f64,
    changed: f64,
    allowed: f64,
}

/// The figures that differ by more than is allowed: one log of the set, where that is more.
#[allow(clippy::cast_precision_loss, reason = "a set has some hundred logs")]
fn compare(plain: &Figures, changed: &Figures, logs: usize) -> Vec<Difference> {
    let allowed = TOLERANCE.max(1.0 / logs.max(1) as f64);
    let mut differences = Vec::new();
    for (name, &before) in plain {
        let now = changed.get(name).copied().unwrap_or(0.0);
        if (now - before).abs() > allowed + 1e-9 {
            differences.push(Difference {
                name: name.clone(),
                plain: before,
                changed: now,
                allowed,
            });
        }
    }
    differences
}

fn conclude(differences: &[Difference], seed: u64) -> Result<()> {
    for Difference { name, plain, changed, allowed } in differences {
        println!("{name}: {changed:.4} changed, {plain:.4} unchanged, {allowed:.4} allowed");
    }
    if !differences.is_empty() {
        bail!(
            "scores that change with names, dates, colours and line ends: {}; the changed logs of \
             seed {seed} stand in target/mutated",
            differences.len()
        );
    }
    println!("every score is within {TOLERANCE} or one log of the unchanged one");
    Ok(())
}

/// Writes the changed set below `copy`; how many logs it has.
fn change(root: &Path, copy: &Path, set: &str, mutations: &[Mutation], seed: u64) -> Result<usize> {
    let folder = root.join(set);
    let truth = read_text(&folder.join("truth.jsonl"))?;
    let mut rows = String::new();
    let mut logs = BTreeMap::new();
    for (number, line) in (0_u64..).zip(truth.lines().filter(|line| !line.trim().is_empty())) {
        let mut row: Value = serde_json::from_str(line)?;
        let Some(file) = row["file"].as_str().map(str::to_owned) else { continue };
        // The seed of a log does not depend on those before it.
        let mut rng = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let plain = file.strip_suffix(".gz").unwrap_or(&file).to_owned();
        let bytes = read(&folder.join(&file))?;
        let changed = match String::from_utf8(bytes) {
            Ok(log) => mutate(&log, &mut row, mutations, &mut rng).into_bytes(),
            // Of another encoding: as it is.
            Err(error) => error.into_bytes(),
        };
        row["file"] = Value::String(plain.clone());
        rows.push_str(&row.to_string());
        rows.push('\n');
        // Several truths may speak of one log; only the first changes it.
        let path = copy.join(set).join(&plain);
        if logs.insert(plain, ()).is_none() {
            write(&path, &changed)?;
        }
    }
    write(&copy.join(set).join("truth.jsonl"), rows.as_bytes())?;
    Ok(logs.len())
}

fn mutate(log: &str, row: &mut Value, mutations: &[Mutation], rng: &mut Rng) -> String {
    let mut log = log.to_owned();
    for mutation in mutations {
        log = match mutation {
            Names => names::rename(&log, row, rng),
            Dates => text::later(&log, row, rng),
            Zones => text::other_zone(&log, rng),
            Colours => text::colours(&log, rng),
            Noise => noise::insert(&log, row, rng),
            LineEnds if rng.bool() => text::line_ends(&log),
            LineEnds => log,
        };
    }
    log
}

/// The unpacked content of a log.
fn read(path: &Path) -> Result<Vec<u8>> {
    let open = || -> Result<Vec<u8>> {
        let mut object = Object::open(File::open(path)?, Limits::default())?;
        let mut bytes = Vec::new();
        while let Some(entry) = object.next_entry()? {
            if let Entry::Log(mut log) = entry {
                log.read_to_end(|piece| bytes.extend_from_slice(piece))?;
            }
        }
        Ok(bytes)
    };
    open().with_context(|| format!("{}: cannot be read", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))
}

fn write(path: &PathBuf, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use serde_json::json;

    use super::{Colours, Dates, LineEnds, Names, Noise, Zones, compare, mutate};
    use crate::truth::compare::Figures;

    const LOG: &str = "2022-05-04T01:09:54.78Z cd /home/runner/work/shop/shop\n\
        2022-05-04T01:09:55.00Z FAIL test_sums_up (cart.CartTest)\n";

    #[test]
    fn a_seed_makes_the_same_changes_again_and_another_seed_others() {
        let all = [Names, Dates, Zones, Colours, Noise, LineEnds];
        let changed = |seed| {
            let mut row = json!({"failed_names": ["test_sums_up (cart.CartTest)"]});
            let log = mutate(LOG, &mut row, &all, &mut Rng::with_seed(seed));
            (log, row)
        };
        assert_eq!(changed(7), changed(7));
        assert_ne!(changed(7), changed(8));
        let (log, row) = changed(7);
        let name = row["failed_names"][0].as_str().unwrap();
        assert_ne!(name, "test_sums_up (cart.CartTest)");
        assert!(log.contains(name), "{log} has the truth's name {name}");
        assert!(!log.contains("2022-05-04") && !log.contains("shop/shop"), "{log}");
    }

    #[test]
    fn a_score_that_moves_by_more_than_a_log_is_told() {
        let figures = |value| Figures::from([("a.x".to_owned(), value)]);
        assert!(compare(&figures(1.0), &figures(0.95), 10).is_empty());
        assert_eq!(compare(&figures(1.0), &figures(0.95), 1000).len(), 1);
        assert_eq!(compare(&figures(0.9), &figures(1.0), 1000).len(), 1);
        assert_eq!(compare(&figures(0.9), &Figures::new(), 1000).len(), 1);
    }
}
