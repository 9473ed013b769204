//! The corpus' own scorer, and the figures in what it says.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::compare::{Figures, rounded};

/// Scores the output in `out` by the truth under `root`, of one set or all.
pub(crate) fn run(scorer: &Path, out: &Path, root: &Path, set: Option<&str>) -> Result<Figures> {
    let mut command = Command::new("python3");
    command.arg(scorer).arg(out).arg("--json").arg("--root").arg(root);
    if let Some(set) = set {
        command.arg("--set").arg(set);
    }
    let output = command.output().context("cannot run python3, which scores")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}", scorer.display(), said.trim());
    }
    let scores = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} printed no JSON", scorer.display()))?;
    Ok(figures(&scores))
}

/// The ratios of every set, by `set.figure`. Counts are integers, which are no figures; tables
/// within a set are left out, for their sum is a figure of its own.
fn figures(scores: &Value) -> Figures {
    let mut figures = Figures::new();
    for (set, scores) in scores.as_object().into_iter().flatten() {
        for (figure, value) in scores.as_object().into_iter().flatten() {
            if let Some(ratio) = value.as_f64().filter(|_| value.is_f64()) {
                figures.insert(format!("{set}.{figure}"), rounded(ratio));
            }
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::figures;

    #[test]
    fn ratios_are_figures_and_counts_are_not() {
        let scores = json!({
            "bugswarm": {"logs": 63, "missing": 0, "run_acc": 0.123_456, "ok_acc": 0.0},
            "explain": {"line_f1": null, "passed_silent": 1.0},
            "devlake_api": {"field_acc": 0.5, "per_table": {"github.cicd_tasks": [3, 0.5]}},
        });
        let found: Vec<_> = figures(&scores).into_iter().collect();
        let expected = [
            ("bugswarm.ok_acc", 0.0),
            ("bugswarm.run_acc", 0.1235),
            ("devlake_api.field_acc", 0.5),
            ("explain.passed_silent", 1.0),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
