//! Regular expressions in Ruby's syntax, matched with a limit on the steps.
//!
//! The patterns of the field are written for Oniguruma: with atomic groups, look-around and lines that
//! `^` and `$` know. They are matched as Oniguruma matches them, by trying in order and going back, for
//! captures come that way at the least cost; decision 15 has the measurements.

mod class;
mod node;
mod parse;
mod program;
mod run;
mod set;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub(crate) use run::{Memory, NOWHERE, Verdict};

/// An expression that can be matched.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    program: program::Program,
    names: Vec<String>,
}

impl Expression {
    /// Reads `text`, in which `%{NAME}` stands for what `definitions` has under that name.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn new(text: &str, definitions: &HashMap<String, String>) -> Result<Self, String> {
        let parsed = parse::parse(text, definitions)?;
        let program = program::Program::new(&parsed.node, parsed.names.len())?;
        Ok(Self { program, names: parsed.names })
    }

    /// What its captures are called, as written; a group without a name is "".
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Looks for the leftmost match in at most `limit` steps; says how many it took.
    pub(crate) fn search(&self, text: &str, memory: &mut Memory, limit: u32) -> (Verdict, u32) {
        run::search(&self.program, text.as_bytes(), memory, limit)
    }
}
