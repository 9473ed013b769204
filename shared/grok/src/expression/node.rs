//! An expression as a tree.

use std::sync::Arc;

use super::class::{Bytes, Class};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Empty,
    Literal(Vec<u8>),
    Class(Arc<Class>),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    Repeat { node: Box<Node>, min: u32, max: u32, greed: Greed },
    Capture(usize, Box<Node>),
    Atomic(Box<Node>),
    Look { ahead: bool, negative: bool, node: Box<Node> },
    Assert(Assert),
    Back(usize),
}

/// How a repetition gives back what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// What must hold at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assert {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    LastLineEnd,
    Word,
    NotWord,
}

impl Node {
    /// With which bytes a match of it can begin if what comes after begins with `follow`.
    pub(crate) fn first(&self, follow: Bytes) -> Bytes {
        match self {
            Self::Empty => follow,
            Self::Look { .. } => follow.unsure(),
            Self::Literal(bytes) => bytes.first().map_or(follow, |&byte| Bytes::one(byte)),
            Self::Class(class) => class.bytes(),
            Self::Concat(nodes) => {
                nodes.iter().rev().fold(follow, |follow, node| node.first(follow))
            }
            Self::Either(nodes) => {
                nodes.iter().fold(Bytes::default(), |first, node| first.or(node.first(follow)))
            }
            Self::Repeat { max: 0, .. } => follow,
            Self::Repeat { node, min: 0, .. } => node.first(follow).or(follow),
            Self::Repeat { node, .. } | Self::Capture(_, node) => node.first(follow),
            // What it takes may not be what the rest would need.
            Self::Atomic(node) => node.first(follow).unsure(),
            Self::Assert(Assert::LineEnd | Assert::LastLineEnd) => Bytes::LINE_END,
            Self::Assert(Assert::TextEnd) => Bytes::TEXT_END,
            Self::Assert(_) => follow.unsure(),
            Self::Back(_) => Bytes::ANY,
        }
    }

    /// Whether it can match nothing.
    pub(crate) fn is_nullable(&self) -> bool {
        match self {
            Self::Empty | Self::Look { .. } | Self::Assert(_) | Self::Back(_) => true,
            Self::Literal(bytes) => bytes.is_empty(),
            Self::Class(_) => false,
            Self::Concat(nodes) => nodes.iter().all(Self::is_nullable),
            Self::Either(nodes) => nodes.iter().any(Self::is_nullable),
            Self::Repeat { node, min, .. } => *min == 0 || node.is_nullable(),
            Self::Capture(_, node) | Self::Atomic(node) => node.is_nullable(),
        }
    }

    /// How many characters every match of it has, if that is always the same.
    pub(crate) fn characters(&self) -> Option<u32> {
        match self {
            Self::Empty | Self::Look { .. } | Self::Assert(_) => Some(0),
            Self::Literal(bytes) => {
                u32::try_from(std::str::from_utf8(bytes).ok()?.chars().count()).ok()
            }
            Self::Class(_) => Some(1),
            Self::Concat(nodes) => {
                nodes.iter().try_fold(0_u32, |sum, node| sum.checked_add(node.characters()?))
            }
            Self::Either(nodes) => {
                let first = nodes.first()?.characters()?;
                nodes.iter().all(|node| node.characters() == Some(first)).then_some(first)
            }
            Self::Repeat { node, min, max, .. } if min == max => {
                node.characters()?.checked_mul(*min)
            }
            Self::Repeat { .. } | Self::Back(_) => None,
            Self::Capture(_, node) | Self::Atomic(node) => node.characters(),
        }
    }

    /// The longest text that stands in every match.
    pub(crate) fn required(&self) -> &[u8] {
        match self {
            Self::Literal(bytes) => bytes,
            Self::Concat(nodes) => nodes
                .iter()
                .map(Self::required)
                .fold(&[], |best, next| if next.len() > best.len() { next } else { best }),
            Self::Repeat { node, min: 1.., .. } | Self::Capture(_, node) | Self::Atomic(node) => {
                node.required()
            }
            _ => &[],
        }
    }

    /// Where a match can begin at all.
    pub(crate) fn start(&self) -> Start {
        match self {
            Self::Assert(Assert::TextStart) => Start::Text,
            Self::Assert(Assert::LineStart) => Start::Line,
            Self::Concat(nodes) => nodes
                .iter()
                .find(|node| !matches!(node, Self::Empty))
                .map_or(Start::Anywhere, Self::start),
            Self::Either(nodes) => {
                let first = nodes.first().map_or(Start::Anywhere, Self::start);
                if nodes.iter().all(|node| node.start() == first) { first } else { Start::Anywhere }
            }
            // What the beginning does not lead to, no later place does.
            Self::Repeat { node, min: 0, max: u32::MAX, greed: Greed::Greedy | Greed::Lazy } => {
                match &**node {
                    Self::Class(class) if class.is_all() => Start::Text,
                    Self::Class(class) if class.is_all_but(b'\n') => Start::Line,
                    _ => Start::Anywhere,
                }
            }
            Self::Capture(_, node) | Self::Repeat { node, min: 1.., .. } => node.start(),
            _ => Start::Anywhere,
        }
    }
}

/// Where a match can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Anywhere,
    Line,
    Text,
}
