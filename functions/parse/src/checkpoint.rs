//! Where an invocation stops, for the next one to go on with.

use crc::{CRC_32_ISCSI, Crc};
use logmill_model::Summary;
use logmill_unpack::Position;
use serde::{Deserialize, Serialize};

use crate::collect::Kept;
use crate::selection::Selection;

/// The layout of a checkpoint; another one is not gone on with.
const LAYOUT: u32 = 1;
/// The most bytes that a checkpoint may unpack to: above what the caps of its parts allow.
const MOST: usize = 8 * 1024 * 1024;

static CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The whole state of work on an object, between two pieces of one of its logs or before one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Checkpoint {
    /// Where in the object.
    pub(crate) position: Position,
    /// Bytes of the object, as it is stored, before that place.
    pub(crate) packed: u64,
    /// Whether the log is being read once more, only for its records.
    pub(crate) is_second: bool,
    /// Which records are written.
    pub(crate) selection: Selection,
    /// The parser.
    pub(crate) parser: logmill_parser::Checkpoint,
    /// What the log's build document will hold.
    pub(crate) kept: Kept,
    /// The logs before.
    pub(crate) summary: Summary,
}

/// Why a checkpoint is not gone on with, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the checkpoint is damaged: {0}")]
    Damaged(String),
    #[error("the checkpoint has the layout {0}, and this is {LAYOUT}")]
    Layout(u32),
    #[error(transparent)]
    Parser(#[from] logmill_parser::CheckpointError),
}

impl Checkpoint {
    /// How far it is: whatever comes later in the same object is greater.
    pub(crate) fn order(&self) -> (u64, bool, u64) {
        (self.position.entry, self.is_second, self.position.mark.unpacked)
    }

    /// As bytes: the layout, then the packed value with its CRC-32C.
    pub(crate) fn seal(&self) -> Result<Vec<u8>, Fault> {
        let damaged = |error: String| Fault::Damaged(error);
        let plain = postcard::to_stdvec_crc32(self, CHECKSUM.digest())
            .map_err(|error| damaged(error.to_string()))?;
        let packed = zstd::bulk::compress(&plain, 3).map_err(|error| damaged(error.to_string()))?;
        Ok([LAYOUT.to_le_bytes().as_slice(), &packed].concat())
    }

    /// The value of such bytes.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Fault> {
        let damaged = |error: String| Fault::Damaged(error);
        let (layout, packed) = bytes
            .split_first_chunk::<4>()
            .ok_or_else(|| damaged("it has fewer than four bytes".to_owned()))?;
        let layout = u32::from_le_bytes(*layout);
        if layout != LAYOUT {
            return Err(Fault::Layout(layout));
        }
        let plain =
            zstd::bulk::decompress(packed, MOST).map_err(|error| damaged(error.to_string()))?;
        postcard::from_bytes_crc32(&plain, CHECKSUM.digest())
            .map_err(|error| damaged(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use logmill_parser::{Options, Parser};

    use super::*;

    #[test]
    fn a_damaged_checkpoint_is_not_gone_on_with() {
        let checkpoint = Checkpoint {
            position: Position { entry: 3, ..Position::default() },
            packed: 7,
            is_second: true,
            selection: Selection::Lines(vec![(1, 2)]),
            parser: Parser::new(Options::default()).checkpoint().unwrap(),
            kept: Kept::default(),
            summary: Summary::default(),
        };
        let bytes = checkpoint.seal().unwrap();
        assert_eq!(Checkpoint::open(&bytes).unwrap(), checkpoint);
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            // What a changed byte of the packing itself means the same is no damage.
            assert!(Checkpoint::open(&bad).map_or(true, |it| it == checkpoint), "{at}");
            assert!(Checkpoint::open(&bytes[..at]).is_err(), "{at}");
        }
        assert!(matches!(Checkpoint::open(&[9, 0, 0, 0, 1]), Err(Fault::Layout(9))));
    }
}
