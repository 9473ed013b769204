//! A grok pattern: an expression whose captures are fields.

use serde_json::{Map, Value};

use crate::Fault;
use crate::expression::{Expression, Memory, NOWHERE, Verdict};
use crate::field::Field;
use crate::library::Library;

/// The steps that a match may take, and those for each byte of its text.
const STEPS: u32 = 100_000;
const STEPS_PER_BYTE: u32 = 8;

/// What matches work with; kept from text to text, so that none has to ask for memory.
#[derive(Debug, Default)]
pub struct Scratch {
    memory: Memory,
    /// The steps that the last match took.
    pub(crate) steps: u32,
}

impl Scratch {
    /// How many steps the last match took.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }
}

/// What came of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// It has this shape.
    Found(T),
    /// It has another.
    Missed,
    /// It was given up: to know, more steps would be needed than a text is allowed.
    GaveUp,
}

impl<T> Outcome<T> {
    /// What was found.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Missed | Self::GaveUp => None,
        }
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Grok {
    expression: Expression,
    /// The field of each capture that has one.
    fields: Vec<Option<Field>>,
}

impl Grok {
    /// Compiles `pattern`, for example `%{IP:client} %{WORD:method}`, with the names of `library`.
    ///
    /// # Errors
    /// What is wrong with it, and at which character.
    pub fn new(pattern: &str, library: &Library) -> Result<Self, Fault> {
        let expression = Expression::new(pattern, library.definitions()).map_err(Fault::pattern)?;
        let fields = expression
            .names()
            .iter()
            .map(|name| if name.is_empty() { Ok(None) } else { Field::new(name).map(Some) })
            .collect::<Result<_, _>>()
            .map_err(Fault::pattern)?;
        Ok(Self { expression, fields })
    }

    /// The most steps that a text of `length` bytes is allowed.
    #[must_use]
    pub fn limit(length: usize) -> u32 {
        u32::try_from(length)
            .unwrap_or(u32::MAX)
            .saturating_mul(STEPS_PER_BYTE)
            .saturating_add(STEPS)
    }

    /// The fields that it can fill, in the order of its captures.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().flatten()
    }

    /// Looks for the leftmost place in `text` that has its shape; calls `take` with each field and its
    /// text, in the order of the captures. What is captured may be empty.
    pub fn captures<'a>(
        &'a self,
        text: &'a str,
        scratch: &mut Scratch,
        mut take: impl FnMut(&'a Field, &'a str),
    ) -> Outcome<()> {
        let limit = Self::limit(text.len());
        let (verdict, steps) = self.expression.search(text, &mut scratch.memory, limit);
        scratch.steps = steps;
        match verdict {
            Verdict::Missed => return Outcome::Missed,
            Verdict::GaveUp => return Outcome::GaveUp,
            Verdict::Found => {}
        }
        for (field, place) in self.fields.iter().zip(scratch.memory.places.chunks_exact(2)) {
            let (Some(field), &[start, end]) = (field, place) else { continue };
            if start == NOWHERE || end == NOWHERE {
                continue;
            }
            if let Some(captured) = text.get(start as usize..end as usize) {
                take(field, captured);
            }
        }
        Outcome::Found(())
    }

    /// The fields of `text`, nested and typed as the pattern says. What is captured empty is left out;
    /// a field that is captured more than once has a list.
    pub fn parse(&self, text: &str, scratch: &mut Scratch) -> Outcome<Map<String, Value>> {
        self.parse_with(text, scratch, false)
    }

    /// As [`Self::parse`]; with what is captured empty, if `keep_empty`.
    pub fn parse_with(
        &self,
        text: &str,
        scratch: &mut Scratch,
        keep_empty: bool,
    ) -> Outcome<Map<String, Value>> {
        let mut fields = Map::new();
        let outcome = self.captures(text, scratch, |field, captured| {
            if (keep_empty || !captured.is_empty()) && !field.is_internal() {
                field.put(field.value(captured), &mut fields);
            }
        });
        match outcome {
            Outcome::Found(()) => Outcome::Found(fields),
            Outcome::Missed => Outcome::Missed,
            Outcome::GaveUp => Outcome::GaveUp,
        }
    }
}
