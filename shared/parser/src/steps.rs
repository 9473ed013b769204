//! The steps that are open, and what becomes of them.

use logmill_model::{Outcome, Step, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::cut;

/// How many steps may be open at once.
const MAX_OPEN: usize = 512;
/// The longest name, in bytes; and of a step that lies deeper than [`DEEP`], so that all of them
/// together stay small.
const MAX_NAME: usize = 200;
const MAX_DEEP_NAME: usize = 24;
const DEEP: usize = 48;

/// What a step is a part of. A step of one kind ends those of its own kind and of the kinds behind.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Nesting {
    /// A step of the CI system.
    Ci,
    /// A step of the script that the CI system runs.
    Script,
    /// A group of lines that may hold other groups.
    Group,
    /// A phase of a tool.
    Tool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Open {
    number: u32,
    nesting: Nesting,
    name: String,
    started_at: Option<Timestamp>,
    start_line: u64,
    errors: u32,
    failed: bool,
}

/// The open steps, the innermost last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Steps {
    open: Vec<Open>,
    last_number: u32,
    /// Steps that were not opened, for too many were.
    pub(crate) dropped: u64,
}

impl Steps {
    /// The number of the innermost open step.
    pub(crate) fn current(&self) -> Option<u32> {
        self.open.last().map(|step| step.number)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.last_number)
    }

    /// Opens a step inside the open ones.
    pub(crate) fn open(&mut self, name: &str, nesting: Nesting, line: u64, at: Option<Timestamp>) {
        if self.open.len() >= MAX_OPEN {
            self.dropped += 1;
            return;
        }
        let longest = if self.open.len() < DEEP { MAX_NAME } else { MAX_DEEP_NAME };
        self.last_number += 1;
        self.open.push(Open {
            number: self.last_number,
            nesting,
            name: cut(name.trim(), longest).to_owned(),
            started_at: at,
            start_line: line,
            errors: 0,
            failed: false,
        });
    }

    /// Counts an error in the innermost step.
    pub(crate) fn count_error(&mut self) {
        if let Some(step) = self.open.last_mut() {
            step.errors = step.errors.saturating_add(1);
        }
    }

    /// Marks the innermost step and those around it as failed.
    pub(crate) fn fail(&mut self) {
        for step in &mut self.open {
            step.failed = true;
        }
    }

    /// Closes the innermost step of `nesting` and all that is open inside it, each through `closed`
    /// with its last line and stamp. One that was marked as failed has failed.
    pub(crate) fn close(
        &mut self,
        nesting: Nesting,
        result: Outcome,
        end: (u64, Option<Timestamp>),
        mut closed: impl FnMut(&Step),
    ) {
        let Some(at) = self.open.iter().rposition(|step| step.nesting == nesting) else { return };
        while self.open.len() > at {
            let result = if self.open.len() > at + 1 { Outcome::Unknown } else { result };
            self.close_innermost(result, end, &mut closed);
        }
    }

    /// Closes everything at the end of the log.
    pub(crate) fn finish(
        &mut self,
        result: Outcome,
        end: (u64, Option<Timestamp>),
        mut closed: impl FnMut(&Step),
    ) {
        while !self.open.is_empty() {
            self.close_innermost(result, end, &mut closed);
        }
    }

    fn close_innermost(
        &mut self,
        result: Outcome,
        (end_line, finished_at): (u64, Option<Timestamp>),
        closed: &mut impl FnMut(&Step),
    ) {
        let Some(step) = self.open.pop() else { return };
        closed(&Step {
            number: step.number,
            parent: self.current(),
            name: step.name,
            result: if step.failed { Outcome::Failed } else { result },
            started_at: step.started_at,
            finished_at,
            start_line: step.start_line,
            end_line: end_line.max(step.start_line),
            errors: step.errors,
        });
    }
}
