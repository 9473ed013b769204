//! A tree becomes steps that a match takes one after the other.
//!
//! Two things make them few. A repetition that what follows cannot begin in gives nothing back, so it
//! leaves no way to return to. And each fork knows with which bytes its sides can begin, so that most
//! forks have one side only.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::class::{Bytes, Class};
use super::node::{Assert, Greed, Node, Start};

/// The most steps that an expression may have once its repetitions are written out.
const MAX_STEPS: usize = 60_000;

/// A step that has no number.
pub(crate) const NO_NUMBER: u32 = u32::MAX;

/// One step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Byte(u8),
    Literal(Box<[u8]>),
    Class(Arc<Class>),
    /// A repeated class.
    Run(Box<Run>),
    /// The first side if it can begin here, else the second; with a way back if both can.
    Fork {
        first: u32,
        second: u32,
        sets: u32,
    },
    Jump(u32),
    Save(u32),
    /// The class must (not) be what stands next, or before.
    Next {
        class: Arc<Class>,
        negative: bool,
    },
    Before {
        class: Arc<Class>,
        negative: bool,
    },
    /// Goes back by so many characters.
    Rewind(u32),
    Assert(Assert),
    /// An atomic group or a look begins: where the ways back end goes to the register, the place to
    /// the one after it.
    Enter(u32),
    /// It ends: the ways back since then are given up; a look returns to its place.
    Leave {
        register: u32,
        is_look: bool,
    },
    /// A negative look begins, with what comes after it; if its end is reached, it has failed.
    Deny {
        register: u32,
        after: u32,
    },
    Denied(u32),
    /// A round of a loop that can match nothing begins; and ends, without another if it moved nowhere.
    Round(u32),
    Again {
        register: u32,
        head: u32,
    },
    Back(u32),
    Found,
}

/// A repeated class: at least `min`, at most `max` characters, and what can come after.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) class: Arc<Class>,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) greed: Greed,
    pub(crate) follow: Bytes,
    /// The byte after it, if there is only one that can be.
    pub(crate) delimiter: Option<u8>,
}

/// What a match needs.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) sets: Vec<(Bytes, Bytes)>,
    /// The number of each fork, and of each run that can give back, if what came before does not matter
    /// to it: what failed there at a place once fails again. [`NO_NUMBER`] for all others.
    pub(crate) numbers: Vec<u32>,
    /// How many of them there are.
    pub(crate) numbered: usize,
    /// How many places it remembers: two for each capture, then the registers.
    pub(crate) places: usize,
    pub(crate) start: Start,
    pub(crate) first: Bytes,
    pub(crate) required: Option<Finder<'static>>,
}

impl Program {
    /// The program of `node` with `captures` captures.
    ///
    /// # Errors
    /// What of it cannot be matched.
    pub(crate) fn new(node: &Node, captures: usize) -> Result<Self, String> {
        let mut builder = Builder {
            steps: Vec::new(),
            sets: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
            closed: 0,
            places: captures * 2,
        };
        builder.node(node, Bytes::DONE)?;
        builder.push(Step::Found)?;
        let required = node.required();
        let (numbers, numbered) = builder.numbers();
        Ok(Self {
            numbers,
            numbered,
            steps: builder.steps,
            sets: builder.sets,
            places: builder.places,
            start: node.start(),
            first: node.first(Bytes::DONE),
            required: (!required.is_empty()).then(|| Finder::new(required).into_owned()),
        })
    }
}

struct Builder {
    steps: Vec<Step>,
    sets: Vec<(Bytes, Bytes)>,
    known: HashMap<(Bytes, Bytes), u32>,
    /// Whether each step is in no group, look or loop whose beginning matters to it.
    open: Vec<bool>,
    /// In how many of those the next step is.
    closed: usize,
    places: usize,
}

impl Builder {
    fn here(&self) -> u32 {
        // Bounded by MAX_STEPS.
        self.steps.len() as u32
    }

    fn registers(&mut self, count: usize) -> u32 {
        let register = self.places;
        self.places += count;
        register as u32
    }

    /// Adds a step, and says where it is.
    fn push(&mut self, step: Step) -> Result<usize, String> {
        if self.steps.len() >= MAX_STEPS {
            return Err(
                "it is too large: its repetitions of groups come to too many parts".to_owned()
            );
        }
        self.steps.push(step);
        self.open.push(self.closed == 0);
        Ok(self.steps.len() - 1)
    }

    /// Numbers the forks, and the runs that can give back.
    fn numbers(&self) -> (Vec<u32>, usize) {
        let mut numbers = vec![NO_NUMBER; self.steps.len()];
        let mut count = 0;
        if self.steps.iter().any(|step| matches!(step, Step::Back(_))) {
            return (numbers, count);
        }
        for (at, step) in self.steps.iter().enumerate().filter(|&(at, _)| self.open[at]) {
            if matches!(step, Step::Fork { .. })
                || matches!(step, Step::Run(run) if run.greed != Greed::Possessive)
            {
                numbers[at] = count as u32;
                count += 1;
            }
        }
        (numbers, count)
    }

    fn node(&mut self, node: &Node, follow: Bytes) -> Result<(), String> {
        match node {
            Node::Empty => {}
            Node::Literal(bytes) => {
                let step = match bytes[..] {
                    [byte] => Step::Byte(byte),
                    _ => Step::Literal(bytes.as_slice().into()),
                };
                self.push(step)?;
            }
            Node::Class(class) => {
                self.push(Step::Class(class.clone()))?;
            }
            Node::Concat(nodes) => self.concat(nodes, follow)?,
            Node::Either(nodes) => self.either(nodes, follow)?,
            Node::Repeat { node, min, max, greed } => {
                self.repeat(node, *min, *max, *greed, follow)?;
            }
            Node::Capture(index, node) => {
                self.push(Step::Save(*index as u32 * 2))?;
                self.node(node, follow)?;
                self.push(Step::Save(*index as u32 * 2 + 1))?;
            }
            Node::Atomic(node) => self.atomic(node, follow)?,
            Node::Look { ahead, negative, node } => self.look(*ahead, *negative, node)?,
            Node::Assert(assert) => {
                self.push(Step::Assert(*assert))?;
            }
            Node::Back(index) => {
                self.push(Step::Back(*index as u32))?;
            }
        }
        Ok(())
    }

    fn concat(&mut self, nodes: &[Node], follow: Bytes) -> Result<(), String> {
        let mut follows = vec![follow; nodes.len()];
        for at in (1..nodes.len()).rev() {
            follows[at - 1] = nodes[at].first(follows[at]);
        }
        nodes.iter().zip(follows).try_for_each(|(node, follow)| self.node(node, follow))
    }

    fn either(&mut self, nodes: &[Node], follow: Bytes) -> Result<(), String> {
        let mut jumps = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let others = &nodes[at + 1..];
            if others.is_empty() {
                self.node(node, follow)?;
                continue;
            }
            let second =
                others.iter().fold(Bytes::default(), |first, node| first.or(node.first(follow)));
            let fork = self.fork(node.first(follow), second)?;
            self.node(node, follow)?;
            jumps.push(self.push(Step::Jump(0))?);
            self.set_second(fork);
        }
        let end = self.here();
        for at in jumps {
            self.steps[at] = Step::Jump(end);
        }
        Ok(())
    }

    /// A fork whose first side comes next.
    fn fork(&mut self, first: Bytes, second: Bytes) -> Result<usize, String> {
        let sets = self.sets(first, second);
        let next = self.here() + 1;
        self.push(Step::Fork { first: next, second: 0, sets })
    }

    /// Where the two sets are; those that many forks have are there once, and stay at hand.
    fn sets(&mut self, first: Bytes, second: Bytes) -> u32 {
        *self.known.entry((first, second)).or_insert_with(|| {
            self.sets.push((first, second));
            self.sets.len() as u32 - 1
        })
    }

    fn set_second(&mut self, fork: usize) {
        let here = self.here();
        if let Step::Fork { second, .. } = &mut self.steps[fork] {
            *second = here;
        }
    }

    /// Exchanges the sides of a fork, for lazy repetitions.
    fn exchange(&mut self, fork: usize) {
        if let Step::Fork { first, second, sets } = &mut self.steps[fork] {
            std::mem::swap(first, second);
            let (one, two) = self.sets[*sets as usize];
            *sets = *self.known.entry((two, one)).or_insert_with(|| {
                self.sets.push((two, one));
                self.sets.len() as u32 - 1
            });
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: u32,
        greed: Greed,
        follow: Bytes,
    ) -> Result<(), String> {
        if let Node::Class(class) = node {
            return self.run(class, min, max, greed, follow);
        }
        if greed == Greed::Possessive {
            let node = Box::new(node.clone());
            let repeat = Node::Repeat { node, min, max, greed: Greed::Greedy };
            return self.atomic(&repeat, follow);
        }
        let again = node.first(follow).or(follow);
        for round in 1..=min {
            let after = match (round == min, max == min) {
                // Another round must come, whatever could follow it.
                (false, _) => node.first(again),
                (true, true) => follow,
                (true, false) => again,
            };
            self.node(node, after)?;
        }
        if max == u32::MAX {
            return self.endless(node, greed, again, follow);
        }
        let mut forks = Vec::new();
        for round in min..max {
            forks.push(self.fork(node.first(again), follow)?);
            self.node(node, if round + 1 == max { follow } else { again })?;
        }
        for fork in forks {
            self.set_second(fork);
            if greed == Greed::Lazy {
                self.exchange(fork);
            }
        }
        Ok(())
    }

    fn endless(
        &mut self,
        node: &Node,
        greed: Greed,
        again: Bytes,
        follow: Bytes,
    ) -> Result<(), String> {
        let head = self.here();
        let fork = self.fork(node.first(again), follow)?;
        if node.is_nullable() {
            let register = self.registers(1);
            self.closed += 1;
            self.push(Step::Round(register))?;
            self.node(node, again)?;
            self.push(Step::Again { register, head })?;
            self.closed -= 1;
        } else {
            self.node(node, again)?;
            self.push(Step::Jump(head))?;
        }
        self.set_second(fork);
        if greed == Greed::Lazy {
            self.exchange(fork);
        }
        Ok(())
    }

    fn run(
        &mut self,
        class: &Arc<Class>,
        min: u32,
        max: u32,
        greed: Greed,
        follow: Bytes,
    ) -> Result<(), String> {
        if max == 0 {
            return Ok(());
        }
        // Shorter, it would be followed by one of its own characters, with which nothing goes on.
        let is_sure =
            greed == Greed::Greedy && (follow.is_sure() || class.bytes().is_apart(&follow));
        let run = Run {
            class: class.clone(),
            min,
            max,
            greed: if is_sure { Greed::Possessive } else { greed },
            follow,
            delimiter: follow.single(),
        };
        self.push(Step::Run(Box::new(run)))?;
        Ok(())
    }

    fn atomic(&mut self, node: &Node, follow: Bytes) -> Result<(), String> {
        match node {
            Node::Literal(_) | Node::Class(_) | Node::Empty => return self.node(node, follow),
            Node::Repeat { node, min, max, greed: Greed::Greedy } => {
                if let Node::Class(class) = &**node {
                    return self.run(class, *min, *max, Greed::Possessive, follow);
                }
            }
            _ => {}
        }
        let register = self.registers(2);
        self.closed += 1;
        self.push(Step::Enter(register))?;
        // What follows must not choose among its ways: it has the first of them.
        self.node(node, Bytes::DONE)?;
        self.push(Step::Leave { register, is_look: false })?;
        self.closed -= 1;
        Ok(())
    }

    fn look(&mut self, ahead: bool, negative: bool, node: &Node) -> Result<(), String> {
        if let Some(class) = single_class(node) {
            let step = if ahead {
                Step::Next { class, negative }
            } else {
                Step::Before { class, negative }
            };
            self.push(step)?;
            return Ok(());
        }
        let body = if ahead { node.clone() } else { behind(node)? };
        let register = self.registers(2);
        self.closed += 1;
        if negative {
            let at = self.push(Step::Deny { register, after: 0 })?;
            self.look_body(ahead, &body)?;
            self.push(Step::Denied(register))?;
            self.steps[at] = Step::Deny { register, after: self.here() };
        } else {
            self.push(Step::Enter(register))?;
            self.look_body(ahead, &body)?;
            self.push(Step::Leave { register, is_look: true })?;
        }
        self.closed -= 1;
        Ok(())
    }

    /// What is looked behind for is, for each of its alternatives, so many characters back.
    fn look_body(&mut self, ahead: bool, body: &Node) -> Result<(), String> {
        let Node::Either(nodes) = body else { return self.looked(ahead, body) };
        if ahead {
            return self.node(body, Bytes::DONE);
        }
        let mut jumps = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let fork =
                (at + 1 < nodes.len()).then(|| self.fork(Bytes::DONE, Bytes::DONE)).transpose()?;
            self.looked(ahead, node)?;
            jumps.push(self.push(Step::Jump(0))?);
            if let Some(fork) = fork {
                self.set_second(fork);
            }
        }
        let end = self.here();
        for at in jumps {
            self.steps[at] = Step::Jump(end);
        }
        Ok(())
    }

    fn looked(&mut self, ahead: bool, node: &Node) -> Result<(), String> {
        if !ahead {
            self.push(Step::Rewind(node.characters().unwrap_or(0)))?;
        }
        self.node(node, Bytes::DONE)
    }
}

/// The class that a look of one character asks for.
fn single_class(node: &Node) -> Option<Arc<Class>> {
    match node {
        Node::Class(class) => Some(class.clone()),
        Node::Literal(bytes) => {
            let mut characters = std::str::from_utf8(bytes).ok()?.chars();
            let only = characters.next().filter(|_| characters.as_str().is_empty())?;
            Some(Arc::new(super::parse::class_of(only)))
        }
        Node::Concat(nodes) if nodes.len() == 1 => single_class(&nodes[0]),
        _ => None,
    }
}

/// What is looked behind for, if it or each of its alternatives has a length.
fn behind(node: &Node) -> Result<Node, String> {
    let fault =
        || "what is looked behind for must have a length that is always the same".to_owned();
    match node {
        Node::Either(nodes) if nodes.iter().all(|node| node.characters().is_some()) => {
            Ok(node.clone())
        }
        Node::Either(_) => Err(fault()),
        _ => node.characters().map(|_| node.clone()).ok_or_else(fault),
    }
}
