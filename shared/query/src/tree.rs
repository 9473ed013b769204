//! The query tree: what a text means, free of how it was written.

use std::fmt::{self, Display as _};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A condition on documents.
///
/// A tree made by [`crate::parse`], or by [`Query::all_of`] and [`Query::any_of`], is canonical: no
/// `And` stands in an `And`, no `Or` in an `Or`, and both have at least two children. Such a tree
/// prints as a text that parses to the same tree.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Every document.
    #[default]
    Everything,
    /// All of these.
    And(Vec<Query>),
    /// At least one of these.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// Free text: in `message` or in `text`.
    Text(Words),
    /// A field's value.
    Field {
        /// The name that documents use.
        name: String,
        /// What is asked of it.
        test: Test,
    },
}

/// What is asked of a text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// These words, one behind the other. One word alone is a phrase too.
    Phrase(String),
    /// A word that begins so; in lower case.
    Prefix(String),
}

/// What is asked of a field.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It has a value.
    Exists,
    /// It has this value.
    Is(Value),
    /// It has one of these values: what `level>=WARN` means.
    OneOf(Vec<String>),
    /// It begins so.
    Prefix(String),
    /// It is an analysed text that holds this.
    Holds(Words),
    /// It lies between these.
    Within {
        /// The lower bound.
        lower: Bound,
        /// The upper bound.
        upper: Bound,
    },
}

/// One end of a range.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// No bound.
    #[default]
    Open,
    /// This value is in.
    Included(Scalar),
    /// This value is the first that is out.
    Excluded(Scalar),
}

/// A value that has an order.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scalar {
    /// A number, always finite.
    Number(f64),
    /// An instant.
    Time(Timestamp),
}

/// A value that a field can equal.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A text, compared as it stands.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A number or an instant.
    Scalar(Scalar),
}

impl Query {
    /// All of these, canonically; [`Query::Everything`] of none.
    #[must_use]
    pub fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::And(children) => flat.extend(children),
                Self::Everything => {}
                other => flat.push(other),
            }
        }
        match (flat.pop(), flat.is_empty()) {
            (None, _) => Self::Everything,
            (Some(only), true) => only,
            (Some(last), false) => {
                flat.push(last);
                Self::And(flat)
            }
        }
    }

    /// At least one of these, canonically; [`Query::Everything`] where one of them is that, or of
    /// none.
    #[must_use]
    pub fn any_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Or(children) => flat.extend(children),
                Self::Everything => return Self::Everything,
                other => flat.push(other),
            }
        }
        match (flat.pop(), flat.is_empty()) {
            (None, _) => Self::Everything,
            (Some(only), true) => only,
            (Some(last), false) => {
                flat.push(last);
                Self::Or(flat)
            }
        }
    }

    /// `name` equals `value`, for callers that make queries themselves; `name` is not checked.
    #[must_use]
    pub fn is(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Field { name: name.into(), test: Test::Is(Value::Text(value.into())) }
    }

    /// `name` lies in [`from`, `until`); an absent bound is open. [`Query::Everything`] without any.
    #[must_use]
    pub fn between(name: &str, from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        if from.is_none() && until.is_none() {
            return Self::Everything;
        }
        let lower = from.map_or(Bound::Open, |at| Bound::Included(Scalar::Time(at)));
        let upper = until.map_or(Bound::Open, |at| Bound::Excluded(Scalar::Time(at)));
        Self::Field { name: name.to_owned(), test: Test::Within { lower, upper } }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => Ok(()),
            Self::And(parts) => joined(f, parts, " AND "),
            Self::Or(parts) => joined(f, parts, " OR "),
            Self::Not(part) => {
                f.write_str("NOT ")?;
                nested(f, part)
            }
            Self::Text(words) => words.fmt(f),
            Self::Field { name, test } => match test {
                Test::Exists => write!(f, "{name}=*"),
                Test::Is(value) => write!(f, "{name}={value}"),
                Test::OneOf(values) => {
                    let texts: Vec<_> = values.iter().map(|it| Quoted(it).to_string()).collect();
                    write!(f, "{name}=({})", texts.join(" OR "))
                }
                Test::Prefix(prefix) => write!(f, "{name}={}*", Quoted(prefix)),
                Test::Holds(words) => write!(f, "{name}={words}"),
                Test::Within { lower, upper } => within(f, name, lower, upper),
            },
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Query], between: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        nested(f, part)?;
    }
    Ok(())
}

fn nested(f: &mut fmt::Formatter<'_>, part: &Query) -> fmt::Result {
    match part {
        Query::And(_) | Query::Or(_) => write!(f, "({part})"),
        _ => part.fmt(f),
    }
}

fn within(f: &mut fmt::Formatter<'_>, name: &str, lower: &Bound, upper: &Bound) -> fmt::Result {
    let (open, from) = match lower {
        Bound::Open => ('[', None),
        Bound::Included(value) => ('[', Some(value)),
        Bound::Excluded(value) => ('{', Some(value)),
    };
    let (close, to) = match upper {
        Bound::Open => (']', None),
        Bound::Included(value) => (']', Some(value)),
        Bound::Excluded(value) => ('}', Some(value)),
    };
    let text = |bound: Option<&Scalar>| bound.map_or_else(|| "*".to_owned(), ToString::to_string);
    write!(f, "{name}:{open}{} TO {}{close}", text(from), text(to))
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phrase(text) => Quoted(text).fmt(f),
            Self::Prefix(text) => write!(f, "{}*", Quoted(text)),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Scalar(value) => value.fmt(f),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Time(at) => at.fmt(f),
        }
    }
}

/// A text as a query writes it: in quotes unless it is a plain word.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./".contains(&byte);
        let keyword = matches!(self.0, "AND" | "OR" | "NOT" | "TO");
        if !self.0.is_empty() && !keyword && self.0.bytes().all(plain) {
            return f.write_str(self.0);
        }
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
