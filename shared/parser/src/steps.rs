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
/// How many steps that run side by side are kept at once.
const MAX_LANES: usize = 64;

/// What a step is a part of. A step of one kind ends those of its own kind and of the kinds behind.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Nesting {
    /// A step of the CI system.
    Ci,
    /// A step of the script that the CI system runs.
    Script,
    /// A part of what a tool does, in which other tools may run: an environment, a folder.
    Part,
    /// A group of lines that may hold other groups.
    Group,
    /// A phase of a tool.
    Tool,
    /// A step that runs beside others, in a lane of its own: only its lane's end ends it.
    Lane,
}

/// The lane of what runs one behind the other.
pub(crate) const MAIN: u32 = 0;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Open {
    number: u32,
    nesting: Nesting,
    name: String,
    started_at: Option<Timestamp>,
    start_line: u64,
    errors: u32,
    failed: bool,
    /// The number of the step that it is a part of.
    parent: Option<u32>,
    /// What runs side by side is told apart by its number.
    lane: u32,
    /// How the step of a lane ended. It is told when what it is a part of goes on, for BuildKit may
    /// come back to a step that it called done.
    ended: Option<(Outcome, u64, Option<Timestamp>)>,
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
    end_line: u64,
    finished_at: Option<Timestamp>,
}

/// The open steps: those of each lane with the innermost last. A lane lies inside the step of the
/// main lane that stands before it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Steps {
    open: Vec<Open>,
    last_number: u32,
    /// A step that has ended, and a later line says how.
    waiting: Option<Waiting>,
    /// The lane that the line at hand is of.
    lane: u32,
    /// Steps that were not opened, for too many were.
    pub(crate) dropped: u64,
    /// Names that were cut.
    pub(crate) names_cut: u64,
}

impl Steps {
    /// The number of the innermost open step.
    pub(crate) fn current(&self) -> Option<u32> {
        self.innermost().map(|at| self.open[at].number)
    }

    /// The innermost step of the lane that the line is of, or else of the main one.
    fn innermost(&self) -> Option<usize> {
        let last = |lane| self.open.iter().rposition(|step| step.lane == lane);
        last(self.lane).or_else(|| last(MAIN))
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
        self.names_cut += u64::from(name.trim().len() > longest);
        self.last_number += 1;
        self.open.push(Open {
            number: self.last_number,
            nesting,
            name: cut(name.trim(), longest).to_owned(),
            started_at: at,
            start_line: line,
            errors: 0,
            failed: false,
            parent: self.current(),
            lane: self.lane,
            ended: None,
        });
    }

    /// Counts an error in the innermost step.
    pub(crate) fn count_error(&mut self) {
        if let Some(at) = self.innermost() {
            self.open[at].errors = self.open[at].errors.saturating_add(1);
        }
    }

    /// Marks the innermost step and those around it as failed.
    pub(crate) fn fail(&mut self) {
        let lane = self.lane;
        for step in self.open.iter_mut().filter(|step| step.lane == MAIN || step.lane == lane) {
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
        self.close_inside(at, end, closed);
        if result.is_some() || self.open[at].failed {
            self.close_at(at, result.unwrap_or(Outcome::Failed), end, closed);
        } else {
            let step = self.open.remove(at);
            self.settle(Outcome::Success, closed);
            let (end_line, finished_at) = end;
            self.waiting = Some(Waiting { step, end_line, finished_at });
        }
        true
    }

    /// Of the main lane everything behind it ends with a step, side by side or not; but a part may end
    /// before those that run beside it, and in another lane only what is that lane's ends.
    fn close_inside(
        &mut self,
        at: usize,
        end: (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) {
        let (lane, nesting) = (self.open[at].lane, self.open[at].nesting);
        let is_all = lane == MAIN && nesting != Nesting::Part;
        for inner in (at + 1..self.open.len()).rev() {
            if is_all || self.open[inner].lane == lane {
                self.close_at(inner, Outcome::Unknown, end, closed);
            }
        }
    }

    fn find(&self, wanted: Wanted<'_>) -> Option<usize> {
        self.open.iter().rposition(|step| match wanted {
            _ if step.lane != self.lane => false,
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
        self.open.iter().any(|step| step.nesting == nesting)
    }

    /// Whether the innermost step called `name` is a step of the CI system.
    pub(crate) fn is_outer(&self, name: &str) -> bool {
        self.find(Wanted::Name(name)).is_some_and(|at| self.open[at].nesting == Nesting::Ci)
    }

    /// Says when the innermost step began.
    pub(crate) fn started(&mut self, at: Option<Timestamp>) {
        if let Some(inner) = self.innermost() {
            self.open[inner].started_at = at.or(self.open[inner].started_at);
        }
    }

    /// Says how the step ended that waits for it.
    pub(crate) fn settle(&mut self, result: Outcome, closed: &mut dyn FnMut(&Step)) {
        let Some(Waiting { step, end_line, finished_at }) = self.waiting.take() else {
            return;
        };
        closed(&step.ended(result, (end_line, finished_at)));
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
        while let Some(last) = self.open.len().checked_sub(1) {
            let result = if self.open[last].lane == MAIN { result } else { Outcome::Unknown };
            self.close_at(last, result, end, closed);
        }
    }

    fn close_at(
        &mut self,
        at: usize,
        result: Outcome,
        end: (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) {
        let step = self.open.remove(at);
        let (result, line, stamp) = step.ended.unwrap_or((result, end.0, end.1));
        closed(&step.ended(result, (line, stamp)));
    }
}

/// Steps that run side by side.
impl Steps {
    /// Says which lane the next line is of.
    pub(crate) fn enter(&mut self, lane: u32) {
        self.lane = lane;
    }

    /// The lane that the line is of.
    pub(crate) fn lane(&self) -> u32 {
        self.lane
    }

    /// Opens the step of the lane that the line is of, or goes on with it if it has ended. Of too
    /// many the oldest that has ended makes room, told through `closed`.
    pub(crate) fn open_lane(
        &mut self,
        name: &str,
        line: u64,
        at: Option<Timestamp>,
        closed: &mut dyn FnMut(&Step),
    ) {
        if let Some(step) = self.open.iter_mut().find(|step| step.is_lane(self.lane)) {
            step.ended = None;
            return;
        }
        if self.open.iter().filter(|step| step.nesting == Nesting::Lane).count() >= MAX_LANES {
            let Some(oldest) = self.open.iter().position(|step| step.ended.is_some()) else {
                self.dropped += 1;
                return;
            };
            self.close_at(oldest, Outcome::Unknown, (line, at), closed);
        }
        self.open(name, Nesting::Lane, line, at);
    }

    /// Ends the step of the lane that the line is of, with all inside it. `seconds` is how long it
    /// took. Returns its number.
    pub(crate) fn end_lane(
        &mut self,
        result: Outcome,
        end: (u64, Option<Timestamp>),
        seconds: Option<f64>,
        closed: &mut dyn FnMut(&Step),
    ) -> Option<u32> {
        let at = self.open.iter().position(|step| step.is_lane(self.lane))?;
        self.close_inside(at, end, closed);
        let step = &mut self.open[at];
        step.ended = Some((result, end.0, end.1));
        let before =
            seconds.and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok());
        let started = end.1.zip(before).and_then(|(end, before)| end.checked_sub(before).ok());
        step.started_at = started.or(step.started_at);
        Some(step.number)
    }

    /// Whether the step of the lane that the line is of runs.
    pub(crate) fn runs_lane(&self) -> bool {
        self.open.iter().any(|step| step.is_lane(self.lane) && step.ended.is_none())
    }

    /// Tells the steps of all lanes: what ran them is over.
    pub(crate) fn close_lanes(
        &mut self,
        end: (u64, Option<Timestamp>),
        closed: &mut dyn FnMut(&Step),
    ) {
        for at in (0..self.open.len()).rev() {
            if self.open[at].lane != MAIN {
                self.close_at(at, Outcome::Unknown, end, closed);
            }
        }
    }
}

impl Open {
    fn is_lane(&self, lane: u32) -> bool {
        self.nesting == Nesting::Lane && self.lane == lane
    }

    fn ended(self, result: Outcome, (end_line, finished_at): (u64, Option<Timestamp>)) -> Step {
        Step {
            number: self.number,
            parent: self.parent,
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
