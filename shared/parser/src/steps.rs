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

/// Which step is meant: the innermost such.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    Nesting(Nesting),
    Name(&'a str),
}

/// A step whose result is still to come.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Waiting {
    step: Open,
    parent: Option<u32>,
    end_line: u64,
    finished_at: Option<Timestamp>,
}

/// The open steps, the innermost last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Steps {
    open: Vec<Open>,
    last_number: u32,
    /// A step that has ended, and a later line says how.
    waiting: Option<Waiting>,
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

    /// Closes the innermost step that is `wanted` and all that is open inside it, each through
    /// `closed` with its last line and stamp. One that was marked as failed has failed; one without
    /// a result waits for [`Steps::settle`]. Returns whether there is such a step.
    pub(crate) fn close(
        &mut self,
        wanted: Wanted<'_>,
        result: Option<Outcome>,
        end: (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) -> bool {
        let Some(at) = self.find(wanted) else { return false };
        while self.open.len() > at + 1 {
            self.close_innermost(Outcome::Unknown, end, closed);
        }
        if result.is_some() || self.open[at].failed {
            self.close_innermost(result.unwrap_or(Outcome::Failed), end, closed);
        } else if let Some(step) = self.open.pop() {
            self.settle(Outcome::Success, closed);
            let parent = self.current();
            let (end_line, finished_at) = end;
            self.waiting = Some(Waiting { step, parent, end_line, finished_at });
        }
        true
    }

    fn find(&self, wanted: Wanted<'_>) -> Option<usize> {
        self.open.iter().rposition(|step| match wanted {
            Wanted::Nesting(nesting) => step.nesting == nesting,
            Wanted::Name(name) => {
                let name = name.trim();
                step.name == cut(name, MAX_NAME)
                    || step.name.len() <= MAX_DEEP_NAME && step.name == cut(name, MAX_DEEP_NAME)
            }
        })
    }

    /// Whether a step of `nesting` is open.
    pub(crate) fn is_open(&self, nesting: Nesting) -> bool {
        self.find(Wanted::Nesting(nesting)).is_some()
    }

    /// Whether the innermost step called `name` is a step of the CI system.
    pub(crate) fn is_outer(&self, name: &str) -> bool {
        self.find(Wanted::Name(name)).is_some_and(|at| self.open[at].nesting == Nesting::Ci)
    }

    /// Says when the innermost step began.
    pub(crate) fn started(&mut self, at: Option<Timestamp>) {
        if let Some(step) = self.open.last_mut() {
            step.started_at = at.or(step.started_at);
        }
    }

    /// Says how the step ended that waits for it.
    pub(crate) fn settle(&mut self, result: Outcome, closed: &mut dyn FnMut(&Step)) {
        let Some(Waiting { step, parent, end_line, finished_at }) = self.waiting.take() else {
            return;
        };
        closed(&step.ended(parent, result, (end_line, finished_at)));
    }

    /// The step whose result is still to come reaches to `line`.
    pub(crate) fn extend_waiting(&mut self, line: u64) {
        if let Some(waiting) = &mut self.waiting {
            waiting.end_line = line;
        }
    }

    /// Whether a step waits for its result.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Closes everything at the end of the log.
    pub(crate) fn finish(
        &mut self,
        result: Outcome,
        end: (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) {
        self.settle(result, closed);
        while !self.open.is_empty() {
            self.close_innermost(result, end, closed);
        }
    }

    fn close_innermost(
        &mut self,
        result: Outcome,
        (end_line, finished_at): (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) {
        if let Some(step) = self.open.pop() {
            closed(&step.ended(self.current(), result, (end_line, finished_at)));
        }
    }
}

impl Open {
    fn ended(
        self,
        parent: Option<u32>,
        result: Outcome,
        (end_line, finished_at): (u64, Option<Timestamp>),
    ) -> Step {
        Step {
            number: self.number,
            parent,
            name: self.name,
            result: if self.failed { Outcome::Failed } else { result },
            started_at: self.started_at,
            finished_at,
            start_line: self.start_line,
            end_line: end_line.max(self.start_line),
            errors: self.errors,
        }
    }
}
