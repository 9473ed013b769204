//! Masking of secrets and personal data in whatever people see.
//!
//! A [`Masker`] takes a log line by line and replaces each secret by `[masked:rule]`, keeping what
//! stands around it: `postgres://app:[masked:url_password]@db/orders`. A line without a secret is
//! handed back as it is, without a copy. [`Stream`] does the same for the chunks of a live stream.
//!
//! What counts as a secret is told by formats (prefixes, checksums, headers of HTTP, parts of URLs)
//! and by names (`DB_PASSWORD=…`). A sieve over the line finds the places where a rule may apply,
//! so that all rules together cost about as much as one pass over the bytes. Placeholders, `$VAR`
//! and values that are masked already are left alone; masking a masked text changes nothing.
//!
//! Limits: a secret that is broken into several lines is found only in a private key; one without
//! a known form, behind no telling name, is not found at all.

mod assignment;
mod block;
mod card;
mod command;
mod email;
mod header;
mod jwt;
mod rule;
mod sieve;
mod stream;
mod text;
mod token;
mod trigger;
mod url;
mod value;
mod values;
mod verdict;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use block::Block;
pub use rule::{Policy, Rule, UnknownRule};
pub use stream::Stream;
pub use values::Values;

/// How much of a line behind a cut is enough to tell that the cut goes through a secret, in bytes.
/// A longer secret may leave a part in front of the cut readable.
pub const LOOKAHEAD: usize = 4 * 1024;

/// What a [`Masker`] carries from one line to the next; a part of a parser's checkpoint.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct State {
    block: Block,
    count: u64,
}

/// Masks a text line by line. Making one costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Masker {
    policy: Policy,
    state: State,
}

impl Masker {
    /// A masker at the begin of a text.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        let block = Block::closed();
        Self { policy, state: State { block, count: 0 } }
    }

    /// A masker that goes on where another one was.
    #[must_use]
    pub const fn resume(policy: Policy, state: State) -> Self {
        Self { policy, state }
    }

    /// What [`Masker::resume`] needs.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Places masked so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.state.count
    }

    /// `line`, given without its line end, with every secret masked. Lines must come in order, for
    /// a private key goes over several. Linear in the line's length.
    ///
    /// Who cuts long lines masks first and cuts then; see [`Masker::line_cut`] for lines of which
    /// only the begin is at hand.
    pub fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let spans = self.find(line.as_bytes());
        if spans.is_empty() {
            return Cow::Borrowed(line);
        }
        self.state.count += spans.len() as u64;
        let mut masked = String::with_capacity(line.len());
        let mut done = 0;
        for Span { start, end, rule } in spans {
            masked.push_str(line.get(done..start).unwrap_or_default());
            push_mark(rule, |mark| masked.push_str(mark));
            done = end;
        }
        masked.push_str(line.get(done..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// The same for bytes that need not be UTF-8; bytes outside of secrets are kept unchanged.
    pub fn bytes<'a>(&mut self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let spans = self.find(line);
        if spans.is_empty() {
            return Cow::Borrowed(line);
        }
        self.state.count += spans.len() as u64;
        let mut masked = Vec::with_capacity(line.len());
        mask_part(line, &spans, 0, line.len(), &mut masked);
        Cow::Owned(masked)
    }

    /// The first `limit` bytes of a line, masked, without the begin of a secret at the cut.
    ///
    /// The caller passes the line as far as it has it: up to its end or [`LOOKAHEAD`] bytes behind
    /// `limit`. A secret that goes through the cut is masked as a whole. `limit` is moved back to
    /// the next border of a character. The masked text may be longer than `limit`.
    pub fn line_cut<'a>(&mut self, line: &'a str, limit: usize) -> Cow<'a, str> {
        let limit = line.floor_char_boundary(limit);
        let mut spans = self.find(line.as_bytes());
        spans.retain(|span| span.start < limit);
        if spans.is_empty() {
            return Cow::Borrowed(line.get(..limit).unwrap_or_default());
        }
        self.state.count += spans.len() as u64;
        let mut masked = Vec::with_capacity(limit);
        mask_part(line.as_bytes(), &spans, 0, limit, &mut masked);
        Cow::Owned(String::from_utf8(masked).unwrap_or_default())
    }

    /// The secrets of a line, in order and apart from each other.
    fn find(&mut self, line: &[u8]) -> Vec<Span> {
        if self.policy.is_none() {
            return Vec::new();
        }
        let mut found = Found {
            policy: self.policy,
            spans: Vec::new(),
            commands: 0,
            judged: 0,
            block: std::mem::take(&mut self.state.block),
        };
        if found.block.is_open() {
            let mut block = std::mem::take(&mut found.block);
            block.line(line, &mut found);
            found.block = block;
        }
        trigger::find(line, &mut found);
        if found.wants(Rule::CardNumber) {
            card::find(line, &mut found);
        }
        self.state.block = found.block;
        if found.spans.len() > 1 { merged(found.spans) } else { found.spans }
    }
}

/// A secret in a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Span {
    start: usize,
    end: usize,
    rule: Rule,
}

/// What the checks have found in a line.
struct Found {
    policy: Policy,
    spans: Vec<Span>,
    /// Commands whose arguments were looked at.
    commands: usize,
    /// Bytes of values that were looked at.
    judged: usize,
    /// The private key that is open behind the line.
    block: Block,
}

impl Found {
    /// Whether `rule` is switched on.
    const fn wants(&self, rule: Rule) -> bool {
        self.policy.has(rule)
    }

    /// Adds `line[start..end]`, unless the rule is switched off.
    fn add(&mut self, start: usize, end: usize, rule: Rule) {
        if start < end && self.wants(rule) {
            self.spans.push(Span { start, end, rule });
        }
    }

    /// Whether `at` lies within one of the last secrets.
    fn covers(&self, at: usize) -> bool {
        self.spans.iter().rev().take(4).any(|span| span.start <= at && at < span.end)
    }
}

/// Spans in order; those that overlap become one, named by the one that begins first.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => apart.push(span),
        }
    }
    apart
}

/// Appends `line[from..to]` with its secrets masked; one that goes through `from` or `to` is masked
/// in the part in which it begins.
fn mask_part(line: &[u8], spans: &[Span], from: usize, to: usize, out: &mut Vec<u8>) {
    let mut done = from;
    for span in spans.iter().filter(|span| span.end > from && span.start < to) {
        out.extend_from_slice(text::part(line, done, span.start.max(done)));
        if span.start >= from {
            push_mark(span.rule, |mark| out.extend_from_slice(mark.as_bytes()));
        }
        done = done.max(span.end);
    }
    out.extend_from_slice(text::part(line, done.min(to), to));
}

fn push_mark(rule: Rule, mut push: impl FnMut(&str)) {
    push("[masked:");
    push(rule.name());
    push("]");
}
