//! Sets of characters and of bytes, in the form in which a match asks them.

use memchr::{memchr, memchr2, memchr3};
use regex_syntax::hir::ClassUnicode;

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    ascii: Box<[bool; 256]>,
    rest: Rest,
    /// The only characters that are not in it, where they are at most three, and of ASCII.
    but: Option<Vec<u8>>,
}

/// Which characters beyond ASCII are in a class.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    None,
    All,
    Ranges(Box<[(char, char)]>),
}

impl Class {
    /// The class that `set` describes.
    pub(crate) fn new(set: &ClassUnicode) -> Self {
        let mut ascii = Box::new([false; 256]);
        let mut ranges = Vec::new();
        for range in set.iter() {
            let (start, end) = (range.start(), range.end());
            for byte in 0..128_u8 {
                ascii[usize::from(byte)] |= (start..=end).contains(&char::from(byte));
            }
            if end >= '\u{80}' {
                ranges.push((start.max('\u{80}'), end));
            }
        }
        let rest = match ranges.as_slice() {
            [] => Rest::None,
            [('\u{80}', char::MAX)] => Rest::All,
            _ => Rest::Ranges(ranges.into()),
        };
        let but: Vec<u8> = (0..128_u8).filter(|&byte| !ascii[usize::from(byte)]).collect();
        let but = (rest == Rest::All && but.len() <= 3).then_some(but);
        Self { ascii, rest, but }
    }

    /// Whether every character is in it.
    pub(crate) fn is_all(&self) -> bool {
        self.but.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether `byte` is the only character that is not in it.
    pub(crate) fn is_all_but(&self, byte: u8) -> bool {
        self.but.as_deref() == Some(&[byte])
    }

    /// How many bytes the character at `at` has if it is in the class, else 0.
    #[inline]
    pub(crate) fn width(&self, text: &[u8], at: usize) -> usize {
        match text.get(at) {
            Some(&byte) if byte < 0x80 => usize::from(self.ascii[usize::from(byte)]),
            Some(&byte) => self.wide(text, at, byte),
            None => 0,
        }
    }

    fn wide(&self, text: &[u8], at: usize, lead: u8) -> usize {
        let width = width_of(lead);
        match &self.rest {
            Rest::None => 0,
            Rest::All => width,
            Rest::Ranges(ranges) => {
                let found = text
                    .get(at..at + width)
                    .and_then(|bytes| std::str::from_utf8(bytes).ok())
                    .and_then(|text| text.chars().next())
                    .is_some_and(|c| {
                        ranges
                            .binary_search_by(|&(start, end)| {
                                if end < c {
                                    std::cmp::Ordering::Less
                                } else if start > c {
                                    std::cmp::Ordering::Greater
                                } else {
                                    std::cmp::Ordering::Equal
                                }
                            })
                            .is_ok()
                    });
                if found { width } else { 0 }
            }
        }
    }

    /// Where the longest run of at most `max` characters of the class ends.
    #[inline]
    pub(crate) fn run(&self, text: &[u8], mut at: usize, max: u32) -> usize {
        if max == u32::MAX {
            if let Some(but) = &self.but {
                let rest = &text[at..];
                let found = match but[..] {
                    [one] => memchr(one, rest),
                    [one, two] => memchr2(one, two, rest),
                    [one, two, three] => memchr3(one, two, three, rest),
                    _ => None,
                };
                return found.map_or(text.len(), |found| at + found);
            }
            while let Some(&byte) = text.get(at) {
                if byte < 0x80 {
                    if !self.ascii[usize::from(byte)] {
                        break;
                    }
                    at += 1;
                } else {
                    match self.wide(text, at, byte) {
                        0 => break,
                        width => at += width,
                    }
                }
            }
            return at;
        }
        for _ in 0..max {
            match self.width(text, at) {
                0 => break,
                width => at += width,
            }
        }
        at
    }

    /// The bytes with which its characters begin.
    pub(crate) fn bytes(&self) -> Bytes {
        let mut bytes = Bytes::default();
        for byte in 0..128_u8 {
            if self.ascii[usize::from(byte)] {
                bytes.insert(byte);
            }
        }
        if self.rest != Rest::None {
            (0xC2..=0xF4).for_each(|byte| bytes.insert(byte));
        }
        bytes
    }
}

/// How many bytes the character has that begins with `lead`.
#[inline]
pub(crate) fn width_of(lead: u8) -> usize {
    match lead {
        0..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    }
}

/// With which bytes something can begin, and whether it can stand at the end of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bytes {
    bits: [u64; 4],
    end: bool,
    /// It cannot fail, whatever stands here.
    sure: bool,
}

impl Bytes {
    /// Whatever comes next.
    pub(crate) const ANY: Self = Self { bits: [u64::MAX; 4], end: true, sure: false };
    /// Nothing more: what came before is all, or is not gone back to.
    pub(crate) const DONE: Self = Self { bits: [u64::MAX; 4], end: true, sure: true };
    /// Only where a line ends.
    pub(crate) const LINE_END: Self = Self { bits: [1 << b'\n', 0, 0, 0], end: true, sure: false };
    /// Only where the text ends.
    pub(crate) const TEXT_END: Self = Self { bits: [0; 4], end: true, sure: false };

    /// Begins with `byte`.
    pub(crate) fn one(byte: u8) -> Self {
        let mut bytes = Self::default();
        bytes.insert(byte);
        bytes
    }

    fn insert(&mut self, byte: u8) {
        self.bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Either of both.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            bits: std::array::from_fn(|at| self.bits[at] | other.bits[at]),
            end: self.end || other.end,
            sure: self.sure || other.sure,
        }
    }

    /// Whether it cannot fail.
    pub(crate) fn is_sure(&self) -> bool {
        self.sure
    }

    /// The same, but it can fail.
    pub(crate) fn unsure(self) -> Self {
        Self { sure: false, ..self }
    }

    /// Whether no byte is in both.
    pub(crate) fn is_apart(&self, other: &Self) -> bool {
        self.bits.iter().zip(other.bits).all(|(a, b)| a & b == 0)
    }

    /// Whether it can stand at `at`.
    #[inline]
    pub(crate) fn allows(&self, text: &[u8], at: usize) -> bool {
        match text.get(at) {
            Some(&byte) => self.bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1,
            None => self.end,
        }
    }

    /// The only byte with which it can begin.
    pub(crate) fn single(&self) -> Option<u8> {
        let count: u32 = self.bits.iter().map(|bits| bits.count_ones()).sum();
        if self.end || count != 1 {
            return None;
        }
        let word = self.bits.iter().position(|&bits| bits != 0)?;
        u8::try_from(word * 64 + self.bits[word].trailing_zeros() as usize).ok()
    }
}
