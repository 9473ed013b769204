//! How well the parser reads logs whose truth is known, and whether it ever read them better.

mod ci_jobs;
mod compare;
mod file;
mod history;
mod masking;
mod mutated;
mod score;
mod viewer_lines;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{cases, inputs, predict};
use compare::{Report, Standing};
use file::TruthFile;

/// The figures, in the repository.
const FILE: &str = "tests/truth.toml";

/// The set of the project's own logs, below `tests`.
const OWN_SET: &str = "explain";

/// `cargo truth --mutated [--seed N]`.
pub(crate) fn run_mutated(seed: Option<u64>) -> Result<()> {
    let corpus = corpus()?;
    let root = repository()?;
    let scorer = scorer(&corpus)?;
    mutated::run(&corpus, &root.join("tests"), &scorer, &target(&root), seed)
}

/// `cargo truth [--write]`.
pub(crate) fn run(write: bool) -> Result<()> {
    let corpus = corpus()?;
    let root = repository()?;
    let scorer = scorer(&corpus)?;

    let out = target(&root).join("truth");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let inputs = inputs::of_root(&corpus)?;
    let mut bad = predict::predict(&inputs, &out)?;
    bad += cases::predict(&corpus, &out)?.0;
    let tests = root.join("tests");
    let own = inputs::of_set(&tests, OWN_SET)?;
    bad += predict::predict(&own, &out)?;

    let mut now = score::run(&scorer, &out, &corpus, None)?;
    now.extend(score::run(&scorer, &out, &tests, Some(OWN_SET))?);
    now.extend(viewer_lines::score(&corpus)?);
    now.extend(ci_jobs::score(&corpus)?);

    let path = root.join(FILE);
    let mut file = TruthFile::read(&path)?;
    let best = history::best(&root, FILE, &file)?;
    let report = compare::compare(&now, &file, &best);
    report.print();
    let masking = masking::false_alarms(&inputs)?;
    masking.print();

    if write {
        file.take(&now);
        file.write(&path)?;
        println!("{FILE} holds these figures now");
    }
    conclude(&report, write, std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()))?;
    masking.check()?;
    predict::refuse(bad)
}

/// Whether the figures may stay as they are.
fn conclude(report: &Report, written: bool, ci: bool) -> Result<()> {
    for name in &report.needless_reasons {
        println!("the reason for \"{name}\" in {FILE} is no longer needed");
    }
    let drops = report.count(Standing::Unexplained);
    let rises = if written { 0 } else { report.count(Standing::Rise) };
    if drops > 0 {
        bail!(
            "figures lower than they once were: {drops}; mend the parser, or say why under \
             [reasons] in {FILE}, as \"set.figure\" = \"why\""
        );
    }
    if rises > 0 && ci {
        bail!("figures higher than {FILE} says: {rises}; run `cargo truth --write`, commit it");
    }
    if rises > 0 {
        println!("figures higher than {FILE} says: {rises}; `cargo truth --write` keeps them");
    }
    Ok(())
}

fn corpus() -> Result<PathBuf> {
    let Some(corpus) = std::env::var_os("LOGMILL_CORPUS").filter(|value| !value.is_empty()) else {
        bail!(
            "LOGMILL_CORPUS is not set. It names the corpus, a folder of sets of real logs with \
             what is true of each and the script score.py, which is not part of this repository; \
             LOGMILL_CORPUS=../corpus cargo truth"
        );
    };
    let corpus = PathBuf::from(corpus);
    if !corpus.is_dir() {
        bail!("{}: LOGMILL_CORPUS names this folder, and it is not there", corpus.display());
    }
    Ok(corpus)
}

fn scorer(corpus: &Path) -> Result<PathBuf> {
    let scorer = corpus.join("score.py");
    if !scorer.is_file() {
        bail!("{}: not found, so LOGMILL_CORPUS names no corpus", scorer.display());
    }
    Ok(scorer)
}

/// The repository's folder; cargo names the crate's when it runs it.
fn repository() -> Result<PathBuf> {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let start = match crate_folder {
        Some(folder) => folder,
        None => std::env::current_dir().context("where are we?")?,
    };
    let root = start.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.map(Path::to_path_buf).context("no Cargo.lock here or above: run it in the repository")
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::compare::{Figures, compare};
    use super::conclude;
    use super::file::TruthFile;

    fn figures(values: &[(&str, f64)]) -> Figures {
        values.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
    }

    fn outcome(now: f64, file: f64, best: f64, reason: bool, written: bool, ci: bool) -> bool {
        let mut truth = TruthFile { figures: figures(&[("a.x", file)]), ..TruthFile::default() };
        if reason {
            truth.reasons.insert("a.x".to_owned(), "a rule that guessed is gone".to_owned());
        }
        let report = compare(&figures(&[("a.x", now)]), &truth, &figures(&[("a.x", best)]));
        conclude(&report, written, ci).is_ok()
    }

    #[test]
    fn a_parser_that_got_worse_is_refused_unless_the_file_says_why() {
        for ci in [false, true] {
            assert!(!outcome(0.5, 0.6, 0.6, false, false, ci));
            assert!(!outcome(0.5, 0.6, 0.6, false, true, ci), "writing is no way round");
            assert!(outcome(0.5, 0.6, 0.6, true, false, ci));
        }
    }

    #[test]
    fn a_figure_that_someone_lowered_in_the_file_is_still_compared_with_its_best() {
        assert!(!outcome(0.5, 0.5, 0.6, false, false, false));
        assert!(outcome(0.5, 0.5, 0.6, true, false, true));
    }

    #[test]
    fn a_parser_that_got_better_is_refused_in_ci_until_the_file_says_so() {
        assert!(outcome(0.7, 0.6, 0.6, false, false, false));
        assert!(!outcome(0.7, 0.6, 0.6, false, false, true));
        assert!(outcome(0.7, 0.6, 0.6, false, true, true));
        assert!(outcome(0.7, 0.7, 0.7, false, false, true));
    }
}
