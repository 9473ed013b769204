//! `logmill cost FILE…`: what logs cost in documents, by which records are indexed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use logmill_api::text::grouped;
use logmill_parse::cost::{Cost, cost};
use logmill_runtime::config::Records;

use crate::stdout;

/// Prints a table for each file.
pub(crate) fn run(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        let costs = costs(file).with_context(|| file.display().to_string())?;
        stdout::write(table(file, &costs).as_bytes())?;
    }
    Ok(())
}

fn costs(file: &Path) -> anyhow::Result<[(&'static str, Cost); 4]> {
    let mut costs = Records::NAMES.map(|(name, _)| (name, Cost::default()));
    for ((_, records), (_, found)) in Records::NAMES.iter().zip(&mut costs) {
        let opened = std::fs::File::open(file).context("it cannot be read")?;
        *found = cost(opened, *records)?;
    }
    Ok(costs)
}

fn table(file: &Path, costs: &[(&'static str, Cost)]) -> String {
    let all = costs.first().map_or(1, |(_, cost)| cost.bytes.max(1));
    let mut text = format!("{}\n", file.display());
    // Writing to memory does not fail.
    let _ = writeln!(text, "  LOGMILL_RECORDS    documents           bytes  of all");
    for (name, Cost { documents, bytes }) in costs {
        let (documents, sized) = (grouped(*documents), grouped(*bytes));
        let share = bytes * 100 / all;
        let _ = writeln!(text, "  {name:15} {documents:>12} {sized:>15}  {share:4} %");
    }
    text
}
