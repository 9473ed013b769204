//! Pieces of any size in, lines out: a line ends at `\n` only, and a long one is cut.

use memchr::memchr;
use serde::{Deserialize, Serialize};

/// The most of a line that is kept, in bytes.
pub(crate) const MAX_LINE: usize = 64 * 1024;
/// How much of a longer line is read beyond that, so that a secret on the cut is seen whole and
/// masked before the line is cut.
pub(crate) const LOOKAHEAD: usize = 4 * 1024;

/// A line as it stands in the log, without its `\n`.
pub(crate) struct RawLine<'a> {
    /// At most [`MAX_LINE`] + [`LOOKAHEAD`] bytes.
    pub(crate) bytes: &'a [u8],
    /// How many bytes of it were left out.
    pub(crate) dropped: u64,
}

/// Finds the lines in a stream of pieces. A line that lies within one piece is not copied.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Lines {
    /// The beginning of the line that the next piece continues.
    #[serde(with = "serde_bytes")]
    partial: Vec<u8>,
    /// How many of its bytes were left out so far.
    dropped: u64,
    /// Whether it has begun: a line may be empty so far.
    begun: bool,
}

impl Lines {
    /// Hands every line that ends in `piece` to `each`.
    pub(crate) fn push(&mut self, mut piece: &[u8], mut each: impl FnMut(RawLine<'_>)) {
        while let Some(end) = memchr(b'\n', piece) {
            let (line, rest) = (&piece[..end], &piece[end + 1..]);
            if self.begun {
                self.keep(line);
                self.end(&mut each);
            } else {
                let kept = line.len().min(MAX_LINE + LOOKAHEAD);
                each(RawLine { bytes: &line[..kept], dropped: (line.len() - kept) as u64 });
            }
            piece = rest;
        }
        if !piece.is_empty() {
            self.keep(piece);
        }
    }

    /// Hands over a last line that has no line end.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(RawLine<'_>)) {
        if self.begun {
            self.end(&mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.begun = true;
        let kept = bytes.len().min((MAX_LINE + LOOKAHEAD).saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(&bytes[..kept]);
        self.dropped += (bytes.len() - kept) as u64;
    }

    fn end(&mut self, each: &mut impl FnMut(RawLine<'_>)) {
        each(RawLine { bytes: &self.partial, dropped: self.dropped });
        self.partial.clear();
        self.dropped = 0;
        self.begun = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<(usize, u64)> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| found.push((line.bytes.len(), line.dropped)));
        }
        lines.finish(|line| found.push((line.bytes.len(), line.dropped)));
        found
    }

    #[test]
    fn every_line_is_seen_once_wherever_the_pieces_end() {
        assert_eq!(lines(&[b"ab\n\nc", b"d", b"\n", b"e"]), [(2, 0), (0, 0), (2, 0), (1, 0)]);
        assert_eq!(lines(&[b"", b"\n"]), [(0, 0)]);
        assert_eq!(lines(&[]), []);
    }

    #[test]
    fn a_line_of_any_length_costs_no_more_than_the_cap() {
        let long = vec![b'x'; MAX_LINE + LOOKAHEAD + 10];
        assert_eq!(
            lines(&[&long, &long, b"\n"]),
            [(MAX_LINE + LOOKAHEAD, (MAX_LINE + LOOKAHEAD + 20) as u64)]
        );
    }
}
