//! The titles of nested suites, as reporters print them: each below its suite and further indented.

use serde::{Deserialize, Serialize};

use crate::text::cut;

/// How many titles are remembered, and how long each may be, in bytes.
const MAX_DEPTH: usize = 16;
const MAX_TITLE: usize = 120;

/// The titles that the next line lies below, with their indentations.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Titles {
    open: Vec<(usize, String)>,
}

impl Titles {
    /// Takes a title; those that are no less indented are over.
    pub(super) fn push(&mut self, indent: usize, title: &str) {
        self.open.retain(|(known, _)| *known < indent);
        if self.open.len() < MAX_DEPTH {
            self.open.push((indent, cut(title, MAX_TITLE).to_owned()));
        }
    }

    /// The path of a test: the titles above it and its own, with `separator` between them.
    pub(super) fn path(&self, indent: usize, title: &str, separator: &str) -> String {
        let mut path = String::new();
        for (_, above) in self.open.iter().filter(|(known, _)| *known < indent) {
            path.push_str(above);
            path.push_str(separator);
        }
        path.push_str(title);
        path
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
