//! Byte order marks: UTF-8 loses its mark, UTF-16 becomes UTF-8, as Windows tools write both.

/// How a log's characters are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Encoding {
    /// UTF-8, or whatever has no mark.
    Utf8,
    /// UTF-16, the low byte first; it comes out as UTF-8.
    Utf16Le,
    /// UTF-16, the high byte first; it comes out as UTF-8.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a log that begins with `head`, of which four bytes suffice, and the length
    /// of its mark. The mark of UTF-32 begins like that of UTF-16; it is none.
    pub(crate) fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xff, 0xfe, 0, 0, ..] => (Self::Utf8, 0),
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            _ => (Self::Utf8, 0),
        }
    }
}

/// UTF-16 in pieces to UTF-8; what is no character becomes U+FFFD.
#[derive(Default)]
pub(crate) struct Utf16 {
    big_endian: bool,
    /// The first byte of a unit whose second is still to come.
    byte: Option<u8>,
    /// The first unit of a pair whose second is still to come.
    high: Option<u16>,
}

impl Utf16 {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { big_endian: encoding == Encoding::Utf16Be, ..Self::default() }
    }

    /// Appends the text of `bytes` to `out`; `last` when none follow.
    pub(crate) fn convert(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut units: Vec<u16> = Vec::with_capacity(bytes.len() / 2 + 2);
        units.extend(self.high.take());
        for &byte in bytes {
            match self.byte.take() {
                None => self.byte = Some(byte),
                Some(first) if self.big_endian => units.push(u16::from_be_bytes([first, byte])),
                Some(first) => units.push(u16::from_le_bytes([first, byte])),
            }
        }
        if !last && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            self.high = units.pop();
        }
        let mut utf8 = [0; 4];
        for unit in char::decode_utf16(units) {
            let character = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
        if last && self.byte.take().is_some() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Utf16};

    #[test]
    fn a_character_cut_by_a_piece_is_not_lost() {
        let text = "ü😀\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for cut in 0..=bytes.len() {
            let mut utf16 = Utf16::new(Encoding::Utf16Be);
            let mut out = Vec::new();
            utf16.convert(&bytes[..cut], false, &mut out);
            utf16.convert(&bytes[cut..], true, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text, "cut at {cut}");
        }
    }

    #[test]
    fn half_a_character_at_the_end_is_marked() {
        let mut out = Vec::new();
        Utf16::new(Encoding::Utf16Le).convert(&[b'a', 0, 0x3d, 0xd8, 7], true, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "a\u{fffd}\u{fffd}");
    }
}
