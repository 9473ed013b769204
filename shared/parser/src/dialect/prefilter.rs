//! Finds the literals of all dialects in a line at once.
//!
//! Of each literal one window of four bytes is looked for, the rarest one. A filter of some kilobytes,
//! which a processor's nearest cache holds, says by a hash of the four bytes at a position whether a
//! window may begin there; what passes is looked up in a table, and the literals that have this
//! window are compared whole. No position waits for the one before it, as in an automaton, whose
//! states for so many literals are more than a near cache holds (`infra/decisions/0011-speed.md`).

use std::sync::LazyLock;

use logmill_model::{Level, frequency};

use super::{STARTS, TABLE};
use crate::envelope::VIEWER_LITERALS;
use crate::level;

/// The bytes of a window; no literal is shorter.
pub(super) const WINDOW: usize = 4;

/// What the prefilter found in a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// The dialects that it concerns, a bit each, in the order of the table.
    pub(super) dialects: u64,
    /// The level that it states.
    pub(crate) level: Option<Level>,
    /// Whether a CI system's viewer may show it as an error.
    pub(crate) viewed: bool,
}

/// Who asked for a literal.
#[derive(Clone, Copy)]
enum Owner {
    /// The dialect with this bit.
    Dialect(u64),
    /// The level of a line.
    Level,
    /// The viewer of a CI system.
    Viewer,
}

struct Literal {
    text: &'static [u8],
    /// Where in it its window begins.
    window: usize,
    owner: Owner,
}

/// What a line may begin with.
struct Start {
    text: &'static [u8],
    /// The bit of the dialect that wants it.
    dialect: u64,
}

/// Bits of the hash by which the filter is asked.
const FILTER_BITS: u32 = 15;
/// Bits of the hash that leads into the table.
const TABLE_BITS: u32 = 11;

struct Prefilter {
    /// A bit for each hash, set if a window has it.
    filter: Box<[u64; 1 << (FILTER_BITS - 6)]>,
    /// By hash: the first window that has it, and the literals with that window; the others follow.
    table: Box<[Vec<(u32, Literal)>; 1 << TABLE_BITS]>,
    /// By first byte: what a line begins with, and whose it is.
    starts: Box<[Vec<Start>; 256]>,
}

impl Prefilter {
    fn new() -> Self {
        let mut prefilter = Self {
            filter: Box::new([0; 1 << (FILTER_BITS - 6)]),
            table: Box::new(std::array::from_fn(|_| Vec::new())),
            starts: Box::new(std::array::from_fn(|_| Vec::new())),
        };
        for (at, literals) in TABLE.iter().enumerate() {
            prefilter.add(Owner::Dialect(1 << at), literals);
        }
        prefilter.add(Owner::Level, &level::LITERALS);
        prefilter.add(Owner::Viewer, &VIEWER_LITERALS);
        for (at, starts) in STARTS.iter().enumerate() {
            for start in *starts {
                if let Some(first) = start.bytes().next() {
                    let start = Start { text: start.as_bytes(), dialect: 1 << at };
                    prefilter.starts[usize::from(first)].push(start);
                }
            }
        }
        prefilter
    }

    fn add(&mut self, owner: Owner, texts: &[&'static str]) {
        for text in texts.iter().map(|text| text.as_bytes()) {
            let Some((window, bytes)) = rarest_window(text) else { continue };
            let key = u32::from_le_bytes(bytes);
            let bit = hash::<FILTER_BITS>(key);
            self.filter[bit / 64] |= 1 << (bit % 64);
            self.table[hash::<TABLE_BITS>(key)].push((key, Literal { text, window, owner }));
        }
    }

    /// Whether a window may have this hash.
    #[inline]
    fn may_begin(&self, key: u32) -> bool {
        let bit = hash::<FILTER_BITS>(key);
        self.filter[bit / 64] >> (bit % 64) & 1 != 0
    }
}

/// The upper bits of a product, which all bits of the window reach.
#[inline]
const fn hash<const BITS: u32>(key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(Prefilter::new);

/// Looks for every literal in `text`.
pub(crate) fn find(text: &str) -> Found {
    let prefilter = &*PREFILTER;
    let bytes = text.as_bytes();
    let mut search = Search { found: Found::default(), level_at: usize::MAX, text };
    if let Some(first) = bytes.first() {
        for start in &prefilter.starts[usize::from(*first)] {
            if bytes.starts_with(start.text) {
                search.found.dialects |= start.dialect;
            }
        }
    }
    for (at, window) in bytes.array_windows::<WINDOW>().enumerate() {
        let key = u32::from_le_bytes(*window);
        if prefilter.may_begin(key) {
            search.window(prefilter, at, key);
        }
    }
    search.found
}

/// A line in which literals are looked for.
struct Search<'t> {
    text: &'t str,
    found: Found,
    /// Where the level stands that was found.
    level_at: usize,
}

impl Search<'_> {
    /// Compares the literals whose window stands at `at`.
    fn window(&mut self, prefilter: &Prefilter, at: usize, key: u32) {
        let found = &mut self.found;
        for (known, literal) in &prefilter.table[hash::<TABLE_BITS>(key)] {
            if *known != key {
                continue;
            }
            let Some(at) = at.checked_sub(literal.window) else { continue };
            let is_there = || self.text.as_bytes()[at..].starts_with(literal.text);
            match literal.owner {
                Owner::Dialect(bit) if found.dialects & bit == 0 && is_there() => {
                    found.dialects |= bit;
                }
                Owner::Viewer if !found.viewed && is_there() => found.viewed = true,
                Owner::Level if at < self.level_at && is_there() => {
                    if let Some(level) = level::at(self.text, at) {
                        (found.level, self.level_at) = (Some(level), at);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The part of a literal that occurs least in logs, and where it begins.
fn rarest_window(literal: &[u8]) -> Option<(usize, [u8; WINDOW])> {
    let windows = literal.array_windows::<WINDOW>().copied().enumerate();
    windows.min_by(|(_, a), (_, b)| rate(a).total_cmp(&rate(b)))
}

/// About how often a window occurs in logs, as a part of 1.
fn rate(window: &[u8; WINDOW]) -> f64 {
    let bytes: f64 = window.iter().map(|byte| frequency::of(*byte)).product();
    let pairs = window.array_windows::<2>().map(|[a, b]| match (a, b) {
        // Lines that separate.
        (a, b) if a == b => 12.0,
        // Words are no random letters.
        (b'a'..=b'z', b'a'..=b'z') => 2.0,
        _ => 1.0,
    });
    bytes * pairs.product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_wakes_its_dialect_wherever_it_stands() {
        for (at, literals) in TABLE.iter().enumerate() {
            for literal in *literals {
                for line in [(*literal).to_owned(), format!("x {literal} y"), format!("é{literal}")]
                {
                    assert!(find(&line).dialects & (1 << at) != 0, "{line}");
                }
            }
        }
        assert_eq!(find("nothing that a tool says").dialects, 0);
    }

    #[test]
    fn what_a_line_begins_with_wakes_its_dialect_and_wakes_none_further_on() {
        for (at, starts) in STARTS.iter().enumerate() {
            for start in *starts {
                assert!(find(start).dialects & (1 << at) != 0, "{start}");
            }
        }
        let command = find("$ make").dialects;
        assert_eq!(find("costs $ 3").dialects & command, 0);
    }

    #[test]
    fn the_first_level_of_a_line_is_its_level() {
        assert_eq!(find("12:00 ERROR the INFO was lost").level, Some(Level::Error));
        assert_eq!(find("12:00 INFO no ERROR").level, Some(Level::Info));
    }
}
