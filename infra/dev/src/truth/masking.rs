//! How often masking takes what is no secret: the corpus' logs were cleaned of secrets before they
//! were published, so nearly all that is masked in them is a false alarm.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;

use anyhow::{Context, Result, bail};
use logmill_model::mask::{Masker, Policy, Rule};
use logmill_unpack::{Entry, Limits, Object};

use crate::inputs::{Input, in_parallel};

/// Masked places for each 1,000 lines that are too many.
const LIMIT: f64 = 1.0;

/// What was masked.
#[derive(Debug, Default)]
pub(crate) struct FalseAlarms {
    places: u64,
    lines: u64,
    /// Masked lines by the first rule that took something of them.
    rules: BTreeMap<String, u64>,
}

/// Masks every line of `inputs`, e-mail addresses apart, which are personal and no false alarm.
pub(crate) fn false_alarms(inputs: &[Input]) -> Result<FalseAlarms> {
    let mut all = FalseAlarms::default();
    for (input, result) in inputs.iter().zip(in_parallel(inputs, one)) {
        let one = result.with_context(|| input.path.display().to_string())?;
        all.places += one.places;
        all.lines += one.lines;
        for (rule, count) in one.rules {
            *all.rules.entry(rule).or_default() += count;
        }
    }
    Ok(all)
}

impl FalseAlarms {
    #[allow(clippy::cast_precision_loss, reason = "a ratio; counts stay far below 2^52")]
    fn in_thousand(&self) -> f64 {
        self.places as f64 * 1000.0 / self.lines.max(1) as f64
    }

    /// Prints the figure and which rules made it.
    pub(crate) fn print(&self) {
        println!(
            "masking: {} places in {} lines, {:.3} in 1,000 (fewer than {LIMIT} wanted)",
            self.places,
            self.lines,
            self.in_thousand()
        );
        let rules: Vec<_> =
            self.rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        println!("masking: lines by rule: {}", rules.join(", "));
    }

    /// Whether there are few enough.
    pub(crate) fn check(&self) -> Result<()> {
        if self.in_thousand() >= LIMIT {
            bail!(
                "masking takes too much that is no secret: see the rules in shared/model/src/mask"
            );
        }
        Ok(())
    }
}

fn one(input: &Input) -> Result<FalseAlarms> {
    let mut alarms = FalseAlarms::default();
    let mut object = Object::open(File::open(&input.path)?, Limits::default())?;
    while let Some(entry) = object.next_entry()? {
        let Entry::Log(mut log) = entry else { continue };
        let mut bytes = Vec::new();
        log.read_to_end(|piece| bytes.extend_from_slice(piece))?;
        let mut masker = Masker::new(Policy::all().without(Rule::Email));
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if let Cow::Owned(masked) = masker.bytes(line) {
                *alarms.rules.entry(rule_of(&masked)).or_default() += 1;
            }
            alarms.lines += 1;
        }
        alarms.places += masker.count();
    }
    Ok(alarms)
}

/// The rule that the first mark in a masked line names.
fn rule_of(masked: &[u8]) -> String {
    let text = String::from_utf8_lossy(masked);
    let name = text.split_once("[masked:").and_then(|(_, rest)| rest.split_once(']'));
    name.map_or("block", |(name, _)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{FalseAlarms, rule_of};

    #[test]
    fn one_place_in_a_thousand_lines_is_too_many() {
        let alarms = |places| FalseAlarms { places, lines: 1000, ..FalseAlarms::default() };
        assert!(alarms(0).check().is_ok());
        assert!(alarms(1).check().is_err());
        assert!(FalseAlarms::default().check().is_ok());
        assert_eq!(rule_of(b"a=[masked:jwt] b"), "jwt");
    }
}
