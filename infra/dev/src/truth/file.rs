//! The file of figures: read, and written so that a change of one figure changes one line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::compare::{Figures, rounded};

const HEADER: &str = "\
# How well the parser reads logs whose truth is known: 0 to 1, higher is better.
# `cargo truth` compares with the best that each figure ever had in this file's history;
# `cargo truth --write` writes the figures of today.
";

const REASONS: &str = "
# A figure that is lower than its best needs its reason here: \"set.figure\" = \"why\"
[reasons]
";

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TruthFile {
    /// The figures that were written last.
    pub(crate) figures: Figures,
    /// Why a figure is lower than it once was.
    pub(crate) reasons: BTreeMap<String, String>,
}

impl TruthFile {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).with_context(|| path.display().to_string()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Reads the file's text: `[figures.<set>]` tables of numbers, and `[reasons]`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse()?;
        let mut file = Self::default();
        for (set, figures) in tables(&table, "figures") {
            for (figure, value) in figures.as_table().into_iter().flatten() {
                let number = match value {
                    Value::Float(float) => Some(*float),
                    Value::Integer(integer) => i32::try_from(*integer).ok().map(f64::from),
                    _ => None,
                };
                if let Some(number) = number {
                    file.figures.insert(format!("{set}.{figure}"), rounded(number));
                }
            }
        }
        for (name, why) in tables(&table, "reasons") {
            let why = why.as_str().filter(|why| !why.trim().is_empty());
            let why = why.with_context(|| format!("[reasons] \"{name}\": say why, in words"))?;
            file.reasons.insert(name.clone(), why.to_owned());
        }
        Ok(file)
    }

    /// Takes the figures of today: higher ones, and lower ones that have their reason.
    pub(crate) fn take(&mut self, now: &Figures) {
        for (name, &value) in now {
            let held = self.figures.get(name).copied();
            if self.reasons.contains_key(name) || held.is_none_or(|held| value > held) {
                self.figures.insert(name.clone(), value);
            }
        }
        // What is gone, and explained, is no figure any more.
        let reasons = &self.reasons;
        self.figures.retain(|name, _| now.contains_key(name) || !reasons.contains_key(name));
    }

    /// The file's text: sets, figures and reasons in the order of their names.
    pub(crate) fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        let mut open = "";
        for (name, value) in &self.figures {
            let (set, figure) = name.split_once('.').unwrap_or(("", name));
            if set != open {
                let _ = write!(text, "\n[figures.{}]\n", key(set));
                open = set;
            }
            let _ = writeln!(text, "{} = {value:.4}", key(figure));
        }
        text.push_str(REASONS);
        for (name, why) in &self.reasons {
            let _ = writeln!(text, "{} = {}", key(name), Value::String(why.clone()));
        }
        text
    }

    /// Writes it.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, self.text()).with_context(|| path.display().to_string())
    }
}

fn tables<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table.get(name).and_then(Value::as_table).into_iter().flatten()
}

/// A key as TOML takes it, quoted unless it is bare.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        Value::String(name.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::TruthFile;

    fn sample() -> TruthFile {
        let mut file = TruthFile::default();
        for (name, value) in [("b.y", 0.25), ("a.x", 1.0), ("a.w", 0.0), ("c d.z", 0.1234)] {
            file.figures.insert(name.to_owned(), value);
        }
        file.reasons.insert("a.x".to_owned(), "a \"guess\" less\nand so on".to_owned());
        file
    }

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let file = sample();
        let text = file.text();
        assert_eq!(TruthFile::parse(&text).unwrap(), file, "{text}");
        assert_eq!(TruthFile::parse(&text).unwrap().text(), text);
        assert_eq!(TruthFile::parse("").unwrap(), TruthFile::default());
        assert!(text.contains("[figures.a]\nw = 0.0000\nx = 1.0000\n"), "{text}");
    }

    #[test]
    fn writing_raises_figures_and_lowers_only_what_is_explained() {
        let mut file = sample();
        let now = [("a.w", 0.5), ("a.x", 0.5), ("b.y", 0.2), ("new.f", 0.3)];
        file.take(&now.iter().map(|&(name, value)| (name.to_owned(), value)).collect());
        assert_eq!(file.figures["a.w"], 0.5);
        assert_eq!(file.figures["a.x"], 0.5);
        assert_eq!(file.figures["b.y"], 0.25);
        assert_eq!(file.figures["new.f"], 0.3);
    }

    #[test]
    fn a_reason_must_say_something() {
        let error = TruthFile::parse("[reasons]\n\"a.x\" = \" \"\n").unwrap_err();
        assert!(error.to_string().contains("a.x"), "{error}");
    }
}
