//! The patterns that are there from the start, and those that users add.
//!
//! The files in `patterns` are data: a name and its pattern a line. Those of `patterns/ecs` and
//! `patterns/legacy` are of logstash-patterns-core (Apache-2.0, `patterns/LICENSE`), which is what the
//! field means by these names; those in `more` are ours.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::Fault;

/// By which names bundled patterns call their fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Naming {
    /// Those of the Elastic Common Schema: `[source][address]`, numbers typed.
    #[default]
    Ecs,
    /// The older ones: `clientip`, everything text.
    Legacy,
}

/// Patterns by their names.
#[derive(Clone, Debug, Default)]
pub struct Library {
    definitions: HashMap<String, String>,
}

macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../patterns/", $folder, "/", $name)))),*]
    };
}

/// A file's name and its text.
type File = (&'static str, &'static str);

const ECS: &[File] = files!("ecs": "aws" "bacula" "bind" "bro" "exim" "firewalls" "grok-patterns"
    "haproxy" "httpd" "java" "junos" "linux-syslog" "maven" "mcollective" "mongodb" "nagios"
    "postgresql" "rails" "redis" "ruby" "squid" "zeek" "more");

const LEGACY: &[File] = files!("legacy": "aws" "bacula" "bind" "bro" "exim" "firewalls"
    "grok-patterns" "haproxy" "httpd" "java" "junos" "linux-syslog" "maven" "mcollective" "mongodb"
    "nagios" "postgresql" "rails" "redis" "ruby" "squid" "more");

impl Library {
    /// No patterns at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The bundled patterns.
    #[must_use]
    pub fn bundled(naming: Naming) -> &'static Self {
        static ECS_LIBRARY: OnceLock<Library> = OnceLock::new();
        static LEGACY_LIBRARY: OnceLock<Library> = OnceLock::new();
        match naming {
            Naming::Ecs => ECS_LIBRARY.get_or_init(|| Self::of_files(ECS)),
            Naming::Legacy => LEGACY_LIBRARY.get_or_init(|| Self::of_files(LEGACY)),
        }
    }

    fn of_files(files: &[File]) -> Self {
        let mut library = Self::empty();
        for (_, text) in files {
            for (name, pattern) in lines(text).filter_map(|(_, line)| split(line)) {
                library.definitions.insert(name.to_owned(), pattern.to_owned());
            }
        }
        library
    }

    /// Adds `pattern` under `name`, in place of one that is there.
    ///
    /// # Errors
    /// If the name is none.
    pub fn define(&mut self, name: &str, pattern: &str) -> Result<(), Fault> {
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
            let what = format!("\"{name}\" is no name of a pattern: letters, digits, _, - and .");
            return Err(Fault::pattern(what));
        }
        self.definitions.insert(name.to_owned(), pattern.to_owned());
        Ok(())
    }

    /// Adds the patterns of a file as the field has them: a name, a space and the pattern in each line,
    /// `#` before comments.
    ///
    /// # Errors
    /// Each line that is none, by its number.
    pub fn define_all(&mut self, text: &str) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        for (number, line) in lines(text) {
            let added = match split(line) {
                Some((name, pattern)) => self.define(name, pattern),
                None => {
                    Err(Fault::pattern("a line needs a name, a space and a pattern".to_owned()))
                }
            };
            faults.extend(added.err().map(|fault| fault.at_line(number)));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.definitions.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn definitions(&self) -> &HashMap<String, String> {
        &self.definitions
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end_matches('\r')));
    numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

fn split(line: &str) -> Option<(&str, &str)> {
    let (name, pattern) = line.trim_start().split_once([' ', '\t'])?;
    Some((name, pattern.trim_start()))
}
