//! Which format data is in, told by its first bytes.

use std::fmt;

/// How an object is packed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// Not at all, as far as its first bytes tell.
    Plain,
    /// Gzip (RFC 1952), of one or several members.
    Gzip,
    /// Zstandard (RFC 8878), of one or several frames.
    Zstd,
    /// A zip archive (PKWARE's APPNOTE.TXT).
    Zip,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "text",
            Self::Gzip => "gzip stream",
            Self::Zstd => "zstd stream",
            Self::Zip => "zip archive",
        })
    }
}

/// The format of data that begins with `head`, of which four bytes suffice. Names are never
/// looked at: a `.log` is often packed, and a `.gz` often is not.
#[must_use]
pub fn sniff(head: &[u8]) -> Format {
    match head {
        [0x1f, 0x8b, ..] => Format::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Format::Zip,
        _ if is_zstd_frame(head) => Format::Zstd,
        _ => Format::Plain,
    }
}

/// Whether a zstd frame begins here, one of data or one to be skipped.
pub(crate) fn is_zstd_frame(head: &[u8]) -> bool {
    matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}
