//! The state of a parser as bytes.

use crc::{CRC_32_ISCSI, Crc};
use logmill_model::mask;
use serde::{Deserialize, Serialize};

use crate::state::State;

/// The most bytes that a checkpoint has: what a metadata store takes in one item.
pub const MAX_CHECKPOINT: usize = 256 * 1024;

/// The checksum behind a state, so that a damaged one is never gone on with.
static CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The state of a parser between two pieces of a log, for another process to go on with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Checkpoint {
    /// The version of the parser that made it; another version starts the log anew.
    pub parser_version: String,
    /// The state in postcard's encoding, then its CRC-32C.
    #[serde(with = "serde_bytes")]
    pub state: Vec<u8>,
}

/// Why a checkpoint cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Another version of the parser made it.
    #[error(
        "the checkpoint was made by parser {made_by}, and this is {}: parse the log from its beginning",
        crate::VERSION
    )]
    OtherVersion {
        /// That version.
        made_by: String,
    },
    /// Its bytes are no state.
    #[error("the checkpoint is damaged: parse the log from its beginning")]
    Damaged(#[source] postcard::Error),
    /// The state does not fit.
    #[error(
        "the parser's state has {size} bytes, more than the {MAX_CHECKPOINT} that a checkpoint may have"
    )]
    TooLarge {
        /// The bytes that it would need.
        size: usize,
    },
}

impl Checkpoint {
    pub(crate) fn seal(state: &State, masked: &mask::State) -> Result<Self, CheckpointError> {
        let state = postcard::to_stdvec_crc32(&(state, masked), CHECKSUM.digest())
            .map_err(CheckpointError::Damaged)?;
        if state.len() > MAX_CHECKPOINT {
            return Err(CheckpointError::TooLarge { size: state.len() });
        }
        Ok(Self { parser_version: crate::VERSION.to_owned(), state })
    }

    pub(crate) fn open(&self) -> Result<(State, mask::State), CheckpointError> {
        if self.parser_version != crate::VERSION {
            return Err(CheckpointError::OtherVersion { made_by: self.parser_version.clone() });
        }
        postcard::from_bytes_crc32(&self.state, CHECKSUM.digest()).map_err(CheckpointError::Damaged)
    }
}
