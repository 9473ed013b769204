//! The head of a batch of records (message format 2), as the protocol's documentation describes it.
//! The records behind it stay the producer's own bytes.

use kafka_protocol::error::ResponseError;

use crate::error::Error;
use crate::records;

/// How long the head is.
pub(crate) const HEAD: usize = 61;
/// What stands before the length's own count begins.
const UNCOUNTED: usize = 12;
/// Where the checksum's bytes begin.
const SUMMED: usize = 21;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// What the head of a batch says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) base_offset: i64,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    /// -1 for a producer that is not idempotent.
    pub(crate) producer: i64,
    pub(crate) epoch: i16,
    pub(crate) first_sequence: i32,
    pub(crate) count: i32,
}

impl Head {
    /// Reads the head of a batch; none if the bytes are too few.
    pub(crate) fn read(batch: &[u8]) -> Option<Self> {
        Some(Self {
            base_offset: i64::from_be_bytes(at(batch, 0)?),
            attributes: i16::from_be_bytes(at(batch, 21)?),
            last_offset_delta: i32::from_be_bytes(at(batch, 23)?),
            base_timestamp: i64::from_be_bytes(at(batch, 27)?),
            max_timestamp: i64::from_be_bytes(at(batch, 35)?),
            producer: i64::from_be_bytes(at(batch, 43)?),
            epoch: i16::from_be_bytes(at(batch, 51)?),
            first_sequence: i32::from_be_bytes(at(batch, 53)?),
            count: i32::from_be_bytes(at(batch, 57)?),
        })
    }

    /// The sequence number of the last record: they begin anew at 0.
    pub(crate) const fn last_sequence(&self) -> i32 {
        let sum = self.first_sequence as i64 + self.last_offset_delta as i64;
        (sum % (i32::MAX as i64 + 1)) as i32
    }
}

fn at<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from.checked_add(N)?)?.try_into().ok()
}

/// Checks all of a batch that a producer sent, its records too: what is stored can be read.
pub(crate) fn check(batch: &[u8], max_bytes: usize) -> Result<Head, Error> {
    let bad = |what: &str| Error::answer(ResponseError::CorruptMessage, format!("a batch {what}"));
    if batch.len() > max_bytes {
        let message = format!(
            "a batch of {} bytes is larger than max.message.bytes={max_bytes}",
            batch.len()
        );
        return Err(Error::answer(ResponseError::MessageTooLarge, message));
    }
    if batch.get(16).is_some_and(|magic| *magic != 2) {
        let message = "only message format 2 is served: use a client of Kafka 0.11 or newer";
        return Err(Error::answer(ResponseError::UnsupportedForMessageFormat, message));
    }
    let head = Head::read(batch).ok_or_else(|| bad("is shorter than its head"))?;
    let length = at(batch, 8).map_or(-1, i32::from_be_bytes);
    if usize::try_from(length).ok() != batch.len().checked_sub(UNCOUNTED) {
        return Err(bad("is not as long as it says, or is not alone"));
    }
    let sum = at(batch, 17).map_or(0, u32::from_be_bytes);
    if crc32c::crc32c(batch.get(SUMMED..).unwrap_or_default()) != sum {
        return Err(bad("has a wrong checksum"));
    }
    let invalid = |what: &str| Error::answer(ResponseError::InvalidRecord, what);
    if head.count < 1 || i64::from(head.last_offset_delta) != i64::from(head.count) - 1 {
        return Err(invalid("a batch counts its records wrongly"));
    }
    if head.attributes & (TRANSACTIONAL | CONTROL) != 0 {
        return Err(invalid("transactions are not served by the local Kafka"));
    }
    if head.producer >= 0 && (head.epoch < 0 || head.first_sequence < 0) {
        return Err(invalid("a batch of an idempotent producer has no epoch or sequence"));
    }
    records::check(batch, &head)?;
    Ok(head)
}

/// Writes where the batch stands into its head, outside the checksum.
pub(crate) fn place(batch: &mut [u8], base_offset: i64) {
    if let Some(head) = batch.get_mut(..16) {
        head[..8].copy_from_slice(&base_offset.to_be_bytes());
        head[12..].copy_from_slice(&0_i32.to_be_bytes());
    }
}
