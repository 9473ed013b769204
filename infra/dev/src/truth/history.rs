//! The best that each figure ever had: in every committed version of the file, and in the one at
//! hand.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::compare::Figures;
use super::file::TruthFile;

/// The best of every figure, over the history of `file` in the repository `root` and `now`.
pub(crate) fn best(root: &Path, file: &str, now: &TruthFile) -> Result<Figures> {
    let mut best = now.figures.clone();
    for text in versions(root, file)? {
        // What stood there in another format says nothing today.
        if let Ok(version) = TruthFile::parse(&text) {
            raise(&mut best, &version.figures);
        }
    }
    Ok(best)
}

/// Takes what is higher or new.
fn raise(best: &mut Figures, figures: &Figures) {
    for (name, &value) in figures {
        let held = best.entry(name.clone()).or_insert(value);
        *held = held.max(value);
    }
}

/// The file's text in every commit that touched it; none outside a repository.
fn versions(root: &Path, file: &str) -> Result<Vec<String>> {
    let Ok(head) = git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]) else {
        println!("no commit here, so the figures are compared with {file} alone");
        return Ok(Vec::new());
    };
    if git(root, &["rev-parse", "--is-shallow-repository"])?.trim() == "true" {
        println!("this clone is shallow: better figures of older commits are not seen");
    }
    let commits = git(root, &["log", "--full-history", "--format=%H", head.trim(), "--", file])?;
    // A commit that removed the file has no text of it.
    let show = |commit: &str| git(root, &["show", &format!("{commit}:{file}")]).ok();
    Ok(commits.lines().filter_map(show).collect())
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .context("cannot run git, which knows the history of the figures")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{best, git, raise};
    use crate::truth::compare::Figures;
    use crate::truth::file::TruthFile;

    #[test]
    fn a_better_figure_of_an_old_commit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let now = TruthFile::parse("[figures.a]\nx = 0.4\n").unwrap();
        // No repository yet: the file alone.
        assert_eq!(best(root, "truth.toml", &now).unwrap()["a.x"], 0.4);

        git(root, &["init", "--quiet"]).unwrap();
        for text in ["[figures.a]\nx = 0.5\n", "[figures.a]\nx = 0.7\n", "no TOML", "x"] {
            fs::write(root.join("truth.toml"), text).unwrap();
            git(root, &["add", "truth.toml"]).unwrap();
            let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
            let commit = ["-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "x"];
            git(root, &[&who[..], &commit[..]].concat()).unwrap();
        }
        assert_eq!(best(root, "truth.toml", &now).unwrap()["a.x"], 0.7);
    }

    #[test]
    fn the_best_of_all_versions_counts_not_the_last() {
        let version = |values: &[(&str, f64)]| -> Figures {
            values.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
        };
        let mut best = version(&[("a.x", 0.5)]);
        raise(&mut best, &version(&[("a.x", 0.7), ("a.gone", 0.1)]));
        raise(&mut best, &version(&[("a.x", 0.6)]));
        assert_eq!(best, version(&[("a.gone", 0.1), ("a.x", 0.7)]));
    }
}
