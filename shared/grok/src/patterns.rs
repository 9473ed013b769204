//! Patterns and functions in order: the first that fits a line names its fields.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::Fault;
use crate::document;
use crate::field::{Field, Kind};
use crate::functions::Function;
use crate::grok::{Grok, Outcome, Scratch};
use crate::library::Naming;

/// The document that holds if users have none of their own.
const BUNDLED: &str = include_str!("../patterns/default.toml");

/// A compiled document of patterns.
#[derive(Clone, Debug)]
pub struct Patterns {
    entries: Vec<Entry>,
}

/// One of its entries.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) field: Field,
    pub(crate) work: Work,
    pub(crate) target: Option<Field>,
    pub(crate) types: Vec<(Field, Kind)>,
    pub(crate) overwrite: Vec<Field>,
    pub(crate) keep_empty: bool,
}

/// What an entry does with its text.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Match(Box<Grok>),
    Parse(Function),
}

/// What came of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found<'a> {
    /// The first entry that fits; none is no error.
    pub hit: Option<Hit<'a>>,
    /// The entries that were given up before, since they would have taken too many steps.
    pub gave_up: Vec<&'a str>,
}

/// The entry that fits, and what it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'a> {
    /// The entry's name.
    pub name: &'a str,
    /// What it found: an object of fields, or the one value that a function returns.
    pub value: Value,
    entry: usize,
}

impl Patterns {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// Compiles a document; [`crate`] says what stands in one.
    ///
    /// # Errors
    /// All that is wrong with it at once, each fault with its line.
    pub fn compile(document: &str) -> Result<Self, Vec<Fault>> {
        document::compile(document)
    }

    /// The patterns that hold if users have no document of their own: access logs, syslog, exceptions.
    #[must_use]
    pub fn bundled(naming: Naming) -> Self {
        let names = match naming {
            Naming::Ecs => "names = \"ecs\"\n",
            Naming::Legacy => "names = \"legacy\"\n",
        };
        // A test compiles both.
        Self::compile(&format!("{names}{BUNDLED}")).unwrap_or_else(|_| Self::new(Vec::new()))
    }

    /// Those entries of the same name; none if there is none.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Self> {
        let entries: Vec<_> =
            self.entries.iter().filter(|entry| entry.name == name).cloned().collect();
        (!entries.is_empty()).then(|| Self::new(entries))
    }

    /// No entries at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { entries: Vec::new() }
    }

    /// Whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// These entries, then others.
    #[must_use]
    pub fn then(mut self, others: Self) -> Self {
        self.entries.extend(others.entries);
        self
    }

    /// The fields of an event that an entry that fits takes the place of, by their paths.
    pub fn overwritten(&self, hit: &Hit<'_>) -> impl Iterator<Item = &[Box<str>]> {
        let entry = self.entries.get(hit.entry);
        entry.into_iter().flat_map(|entry| entry.overwrite.iter().map(Field::path))
    }

    /// The names of the entries, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Finds the first entry that fits. `text_of` says what stands in a field, by its path; `at` is
    /// when the event came, for times that do not say their year.
    pub fn find<'a, 't>(
        &'a self,
        text_of: impl Fn(&[Box<str>]) -> Option<&'t str>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Found<'a> {
        let mut found = Found::default();
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(text) = text_of(entry.field.path()) else { continue };
            match entry.apply(text, at, scratch) {
                Outcome::Found(value) => {
                    found.hit = Some(Hit { name: &entry.name, value, entry: index });
                    break;
                }
                Outcome::Missed => {}
                Outcome::GaveUp => found.gave_up.push(&entry.name),
            }
        }
        found
    }

    /// Finds the first entry that fits a text, whatever fields the entries read.
    pub fn find_in(&self, text: &str, at: Timestamp, scratch: &mut Scratch) -> Found<'_> {
        self.find(|_| Some(text), at, scratch)
    }

    /// Finds the first entry that fits an event, and adds what it found: a field that the event has
    /// already becomes a list of both, unless the entry overwrites it.
    pub fn enrich(
        &self,
        event: &mut Map<String, Value>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Found<'_> {
        let found = self.find(|path| text_in(event, path), at, scratch);
        if let Some(hit) = &found.hit {
            let entry = &self.entries[hit.entry];
            for field in &entry.overwrite {
                if has(&hit.value, field.path()) {
                    take(event, field.path());
                }
            }
            if let Value::Object(fields) = &hit.value {
                merge(event, fields);
            }
        }
        found
    }
}

impl Entry {
    fn apply(&self, text: &str, at: Timestamp, scratch: &mut Scratch) -> Outcome<Value> {
        let mut value = match &self.work {
            Work::Match(grok) => match grok.parse_with(text, scratch, self.keep_empty) {
                Outcome::Found(fields) => Value::Object(fields),
                Outcome::Missed => return Outcome::Missed,
                Outcome::GaveUp => return Outcome::GaveUp,
            },
            Work::Parse(function) => match function.parse(text, at, scratch) {
                Outcome::Found(value) => value,
                missed => return missed,
            },
        };
        if let Some(target) = &self.target {
            let mut fields = Map::new();
            target.put(value, &mut fields);
            value = Value::Object(fields);
        }
        for (field, kind) in &self.types {
            if let Some(inner) = inner_mut(&mut value, field.path()) {
                convert(inner, *kind);
            }
        }
        Outcome::Found(value)
    }
}

fn convert(value: &mut Value, kind: Kind) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| convert(value, kind)),
        Value::String(text) => *value = kind.value(text),
        Value::Number(_) | Value::Bool(_) => *value = kind.value(&value.to_string()),
        Value::Null | Value::Object(_) => {}
    }
}

fn text_in<'t>(event: &'t Map<String, Value>, path: &[Box<str>]) -> Option<&'t str> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(event.get(&**first)?, |value, name| value.get(&**name))?.as_str()
}

fn inner_mut<'v>(value: &'v mut Value, path: &[Box<str>]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, name| value.get_mut(&**name))
}

fn has(value: &Value, path: &[Box<str>]) -> bool {
    path.iter().try_fold(value, |value, name| value.get(&**name)).is_some()
}

fn take(event: &mut Map<String, Value>, path: &[Box<str>]) {
    match path {
        [] => {}
        [name] => {
            event.remove(&**name);
        }
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = event.get_mut(&**first) {
                take(inner, rest);
            }
        }
    }
}

fn merge(event: &mut Map<String, Value>, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match (event.get_mut(name), value) {
            (None, _) => {
                event.insert(name.clone(), value.clone());
            }
            (Some(Value::Object(inner)), Value::Object(more)) => merge(inner, more),
            (Some(Value::Array(values)), Value::Array(more)) => values.extend(more.iter().cloned()),
            (Some(Value::Array(values)), _) => values.push(value.clone()),
            (Some(before), Value::Array(more)) => {
                let mut values = vec![before.take()];
                values.extend(more.iter().cloned());
                *before = Value::Array(values);
            }
            (Some(before), _) => *before = Value::Array(vec![before.take(), value.clone()]),
        }
    }
}
