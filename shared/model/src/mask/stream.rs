//! Masking a live stream that comes in chunks.

use super::text::part;
use super::{LOOKAHEAD, Masker, Policy, Rule, Span, mask_part};

/// How much of a line is held at most; a longer one is masked in parts.
const HELD: usize = 72 * 1024;
/// How much in front of a part is looked at again, so that a name and its value stay together and
/// a secret is seen whole.
const CONTEXT: usize = LOOKAHEAD;
/// A part ends at a blank if there is one among its last bytes.
const BLANK_WITHIN: usize = 1024;

/// Masks chunks of bytes as they come; the output is the same wherever the chunks' borders fall.
///
/// The last line is held back until its end comes. Of a line over 64 KiB parts come out earlier:
/// at most 72 KiB are held, and no secret shorter than 4 KiB shows at the border of two parts.
/// Bytes that are no UTF-8 and line ends of either kind pass unchanged.
#[derive(Clone, Debug)]
pub struct Stream {
    masker: Masker,
    /// The masker as it was at the line's begin.
    begin: Masker,
    /// The line so far, or of a long one the context and what is behind it.
    held: Vec<u8>,
    /// How much of `held` is context: has come out already.
    context: usize,
    /// Whether the last part ended inside a secret that has not ended yet.
    inside: bool,
}

impl Stream {
    /// A stream at its begin.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        let masker = Masker::new(policy);
        let begin = Masker::new(policy);
        Self { masker, begin, held: Vec::new(), context: 0, inside: false }
    }

    /// Places masked so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.masker.count()
    }

    /// Takes the next chunk and appends to `out` what is certain now.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let room = part(rest, 0, HELD - self.held.len());
            match memchr::memchr(b'\n', room) {
                Some(end) => {
                    self.held.extend_from_slice(part(room, 0, end));
                    self.end_line(out);
                    out.push(b'\n');
                    rest = part(rest, end + 1, rest.len());
                }
                None => {
                    self.held.extend_from_slice(room);
                    rest = part(rest, room.len(), rest.len());
                    if self.held.len() == HELD {
                        self.end_part(out);
                    }
                }
            }
        }
    }

    /// Appends what was held back; the stream is at its begin then, but keeps its count.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.end_line(out);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let spans = self.find();
        let end = self.held.len();
        self.write(&spans, end, out);
        self.held.clear();
        self.context = 0;
        self.inside = false;
        self.begin = self.masker.clone();
    }

    /// Writes the first part of what is held and keeps its last bytes as context.
    fn end_part(&mut self, out: &mut Vec<u8>) {
        let spans = self.find();
        let cut = self.cut(&spans);
        self.write(&spans, cut, out);
        self.inside = spans.iter().any(|span| span.start < cut && span.end == HELD && cut == HELD);
        let from = cut.saturating_sub(CONTEXT);
        self.held.drain(..from);
        self.context = cut - from;
    }

    /// The secrets of what is held, as of a line that begins there.
    fn find(&mut self) -> Vec<Span> {
        let count = self.count();
        self.masker = self.begin.clone();
        self.masker.state.count = count;
        let mut spans = self.masker.find(&self.held);
        if self.inside {
            self.go_on(&mut spans);
        } else {
            // A secret that shows only now, with more of the line at hand: the rest of it is hidden.
            spans.retain(|span| span.end > self.context);
            spans.iter_mut().for_each(|span| span.start = span.start.max(self.context));
        }
        spans
    }

    /// A secret longer than what is held goes on to the next blank or quote.
    fn go_on(&mut self, spans: &mut Vec<Span>) {
        let stop = |b: &u8| super::text::is_gap(*b) || super::text::is_quote(*b);
        let rest = part(&self.held, self.context, self.held.len());
        let end = self.context + rest.iter().position(stop).unwrap_or(rest.len());
        spans.retain(|span| span.end > end);
        let first = Span { start: 0, end, rule: Rule::Token };
        spans.iter_mut().for_each(|span| span.start = span.start.max(end));
        spans.insert(0, first);
    }

    /// Where the part ends: not inside a secret.
    fn cut(&self, spans: &[Span]) -> usize {
        let limit = HELD - LOOKAHEAD * 2;
        let low = limit.saturating_sub(BLANK_WITHIN).max(self.context + 1);
        let blank = part(&self.held, low, limit).iter().rposition(|&b| super::text::is_gap(b));
        let at = match blank {
            Some(at) => low + at + 1,
            None => self.char_border(limit),
        };
        match spans.iter().find(|span| span.start < at && at < span.end) {
            // Its end is not here yet: the next part sees it whole, if it is not too long.
            Some(span) if span.end == HELD && span.start > limit - LOOKAHEAD => span.start,
            Some(span) => span.end,
            None => at,
        }
    }

    /// The next border of a UTF-8 character at or in front of `at`.
    fn char_border(&self, at: usize) -> usize {
        let is_border = |at: usize| self.held.get(at).is_none_or(|b| b & 0xc0 != 0x80);
        (at.saturating_sub(3)..=at).rev().find(|&at| is_border(at)).unwrap_or(at)
    }

    /// Appends what is held behind the context up to `to`.
    fn write(&mut self, spans: &[Span], to: usize, out: &mut Vec<u8>) {
        let fresh = spans.iter().filter(|span| span.start >= self.context && span.start < to);
        self.masker.state.count += fresh.count() as u64;
        mask_part(&self.held, spans, self.context, to, out);
    }
}
