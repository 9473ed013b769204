//! Finds the literals of all dialects in a line at once.
//!
//! An automaton of some hundred whole literals has thousands of states, more than a processor's
//! nearer caches hold. So it looks only for a window of a few bytes of each literal, the rarest one;
//! where it finds one, the literals that have this window are compared whole.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use logmill_model::{Level, frequency};

use super::TABLE;
use crate::envelope::VIEWER_LITERALS;
use crate::level;

/// The longest window, in bytes.
const WINDOW: usize = 4;

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
    text: &'static str,
    /// Where in it its window begins.
    window: usize,
    owner: Owner,
}

struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// For each window, the literals that have it.
    literals: Vec<Vec<Literal>>,
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| {
    let of_dialects = TABLE.iter().enumerate();
    let of_dialects = of_dialects.map(|(at, literals)| (Owner::Dialect(1 << at), *literals));
    let others = [(Owner::Level, &level::LITERALS[..]), (Owner::Viewer, &VIEWER_LITERALS)];
    let mut windows: Vec<&[u8]> = Vec::new();
    let mut literals: Vec<Vec<Literal>> = Vec::new();
    for (owner, texts) in of_dialects.chain(others) {
        for text in texts {
            let (window, bytes) = rarest_window(text.as_bytes());
            let at = windows.iter().position(|known| *known == bytes).unwrap_or_else(|| {
                windows.push(bytes);
                literals.push(Vec::new());
                windows.len() - 1
            });
            literals[at].push(Literal { text, window, owner });
        }
    }
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&windows).ok();
    Prefilter { automaton, literals }
});

/// Looks for every literal in `text`.
pub(crate) fn find(text: &str) -> Found {
    let mut found = Found::default();
    let Some(automaton) = &PREFILTER.automaton else {
        return Found { dialects: u64::MAX, level: None, viewed: true };
    };
    let mut level_at = usize::MAX;
    for hit in automaton.find_overlapping_iter(text) {
        for literal in &PREFILTER.literals[hit.pattern().as_usize()] {
            let Some(at) = hit.start().checked_sub(literal.window) else { continue };
            let is_there = || text.as_bytes()[at..].starts_with(literal.text.as_bytes());
            match literal.owner {
                Owner::Dialect(bit) if found.dialects & bit == 0 && is_there() => {
                    found.dialects |= bit;
                }
                Owner::Viewer if !found.viewed && is_there() => found.viewed = true,
                Owner::Level if at < level_at && is_there() => {
                    if let Some(level) = level::at(text, at) {
                        (found.level, level_at) = (Some(level), at);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The part of a literal that occurs least in logs, and where it begins.
fn rarest_window(literal: &'static [u8]) -> (usize, &'static [u8]) {
    let windows = literal.windows(WINDOW.min(literal.len()).max(1)).enumerate();
    let rate = |window: &[u8]| window.iter().map(|byte| frequency::of(*byte)).product::<f64>();
    let rarest = windows.min_by(|(_, a), (_, b)| rate(a).total_cmp(&rate(b)));
    rarest.unwrap_or((0, literal))
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
    fn the_first_level_of_a_line_is_its_level() {
        assert_eq!(find("12:00 ERROR the INFO was lost").level, Some(Level::Error));
        assert_eq!(find("12:00 INFO no ERROR").level, Some(Level::Info));
    }
}
