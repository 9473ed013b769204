//! What is wrong with a pattern or a document of patterns.

use std::fmt;

/// A fault, with the line that it stands in, where there are lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    line: Option<usize>,
    what: String,
}

impl Fault {
    pub(crate) fn pattern(what: String) -> Self {
        Self { line: None, what }
    }

    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.line.get_or_insert(line);
        self
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Fault {}
