//! Private keys: PEM blocks over several lines, on one line, and as base64 of a whole file.

use serde::{Deserialize, Serialize};

use super::text::{
    begins_word, byte, decode_base64, holds_any_case, is_at, is_base64, is_gap, is_quote, part, run,
};
use super::{Found, Rule};

/// Lines that a block may have.
const LINES: u16 = 200;
/// The shortest first line of a block's content.
const FIRST: usize = 20;
/// The longest key on one line, in bytes.
const LONGEST: usize = 16 * 1024;
/// A word of base64 this long is a key's line wherever it stands on its line.
const LONG: usize = 48;

/// The private key that a line is inside of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Block {
    /// How many more lines it may have; 0: no block is open.
    left: u16,
    /// Words in front of `-----BEGIN` on its line: a stamp, the name of a container. The lines of
    /// the key have them too.
    words: u16,
    /// Whether a line of the key was seen.
    content: bool,
}

impl Block {
    pub(super) const fn closed() -> Self {
        Self { left: 0, words: 0, content: false }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.left > 0
    }

    fn close(&mut self) {
        *self = Self::default();
    }

    /// Masks what of `line` belongs to the key, and notices its end.
    pub(super) fn line(&mut self, line: &[u8], found: &mut Found) {
        self.left -= 1;
        if let Some(end) = position(line, b"-----END") {
            let start = word_starts(line).nth(usize::from(self.words)).unwrap_or(0);
            if start < end && part(line, start, end).iter().any(|&b| !is_gap(b)) {
                found.add(start, end, Rule::PrivateKey);
            }
            return self.close();
        }
        let last =
            part(line, 0, line.len()).iter().rposition(|&b| !is_gap(b)).map_or(0, |at| at + 1);
        let starts: Vec<usize> = word_starts(line).take(usize::from(self.words) + 4).collect();
        let words = usize::from(self.words);
        if starts.len() <= words && (starts.is_empty() || self.words > 0 && !self.is_content(line))
        {
            return;
        }
        let begin = starts.get(words).or(starts.last()).copied().unwrap_or(0);
        if self.is_content(part(line, begin, last)) || is_header(part(line, begin, last)) {
            self.content |= !is_header(part(line, begin, last));
            found.add(begin, last, Rule::PrivateKey);
            return;
        }
        // The words in front may be others than on the first line; a long word is the key's still.
        let tail = part(line, 0, last).iter().rposition(|&b| is_gap(b)).map_or(0, |at| at + 1);
        let core = core(part(line, tail, last));
        if core.len() >= LONG && core.iter().all(|&b| is_base64(b)) {
            self.content = true;
            found.add(tail, last, Rule::PrivateKey);
        } else {
            self.close();
        }
    }

    /// One word of base64, long enough to be the first line or following such a one.
    fn is_content(&self, text: &[u8]) -> bool {
        let core = core(text);
        let long = if self.content { 1 } else { FIRST };
        core.len() >= long && core.iter().all(|&b| is_base64(b))
    }
}

/// `text` without what source code and YAML put around a line: quotes, `\n`, `+`.
fn core(text: &[u8]) -> &[u8] {
    let outer = |b: u8| is_gap(b) || is_quote(b) || matches!(b, b'|' | b'>' | b',' | b';' | b'\\');
    let start = run(text, 0, outer);
    let mut text = part(text, start, text.len());
    loop {
        text = match text {
            [head @ .., b'\\', b'n' | b'r'] => head,
            [head @ .., b' ', b'+' | b'.'] => head,
            [head @ .., last] if outer(*last) => head,
            _ => return text,
        };
    }
}

/// `Proc-Type: 4,ENCRYPTED`, `DEK-Info: …`, `Version: …`: what may stand in front of the key.
fn is_header(text: &[u8]) -> bool {
    const NAMES: [&str; 8] =
        ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:", "Charset:", "X509v3", "Key:"];
    NAMES.iter().any(|name| is_at(text, 0, name))
}

fn position(line: &[u8], literal: &[u8]) -> Option<usize> {
    memchr::memmem::find(line, literal)
}

/// Where the words of a line begin.
fn word_starts(line: &[u8]) -> impl Iterator<Item = usize> {
    let gap_before = |at: usize| at == 0 || is_gap(byte(line, at - 1));
    (0..line.len()).filter(move |&at| !is_gap(byte(line, at)) && gap_before(at))
}

/// A block that begins on this line; `at` is inside the hyphens in front of `BEGIN`.
pub(super) fn begin(line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, "---BEGIN ") {
        return;
    }
    let label = at + 9;
    let close = run(line, label, |b| b.is_ascii_alphanumeric() || b == b' ');
    if close - label > 64
        || !holds_any_case(part(line, label, close), "private key")
        || !is_at(line, close, "-----")
        || !found.wants(Rule::PrivateKey)
    {
        return;
    }
    let start = close + 5;
    let hyphens =
        part(line, at.saturating_sub(8), at).iter().rev().take_while(|&&b| b == b'-').count();
    // What stands in front of the lines of a key is short.
    let words = if at < 512 { word_starts(part(line, 0, at - hyphens)).count() } else { 0 };
    let rest = part(line, start, start + LONGEST);
    let (end, closed) = match position(rest, b"-----END") {
        Some(end) => (start + end, true),
        None => (start + content_end(rest), false),
    };
    if part(line, start, end).iter().filter(|&&b| is_base64(b)).count() >= FIRST {
        found.add(start, end, Rule::PrivateKey);
    }
    if !closed {
        found.block =
            Block { left: LINES, words: u16::try_from(words).unwrap_or(0), content: false };
    }
}

/// Where a key without an end, on one line, stops: base64, headers and escaped line ends are its.
fn content_end(rest: &[u8]) -> usize {
    let is_content = |b: u8| b.is_ascii_alphanumeric() || b"+/=\\ :,\r".contains(&b);
    let end = run(rest, 0, is_content);
    let text = part(rest, 0, end);
    // Behind a space follows the key's next line or something else.
    let mut stop = 0;
    for word in text.split_inclusive(|&b| b == b' ') {
        let long = word.iter().filter(|&&b| is_base64(b)).count() >= FIRST;
        if !long && stop > 0 {
            break;
        }
        stop += word.len();
    }
    stop
}

/// A PEM file of a private key as base64, as kubeconfigs hold it.
pub(super) fn encoded(line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, "LS0tLS1CRUdJTi") || !begins_word(line, at) {
        return;
    }
    let label = decode_base64(part(line, at, at + 64));
    if position(&label, b"PRIVATE KEY").is_some() {
        found.add(at, run(line, at, is_base64), Rule::PrivateKey);
    }
}
