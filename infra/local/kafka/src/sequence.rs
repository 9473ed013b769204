//! What an idempotent producer may send next: a batch that comes again is stored once.

use kafka_protocol::error::ResponseError;

use crate::batch::Head;

/// How many batches are remembered: as many as a producer may have under way.
const REMEMBERED: usize = 5;
/// The bytes of one.
const WIDTH: usize = 16;

/// A batch that was stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stored {
    first: i32,
    last: i32,
    base_offset: i64,
}

/// The last batches of one producer in one partition.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sequence {
    pub(crate) epoch: i16,
    batches: Vec<Stored>,
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// It is new.
    Store,
    /// It is stored already, from this offset on.
    Known(i64),
}

impl Sequence {
    /// As it was kept.
    pub(crate) fn of(epoch: i16, kept: &[u8]) -> Self {
        let stored = |bytes: &[u8]| {
            Some(Stored {
                first: i32::from_be_bytes(bytes.get(..4)?.try_into().ok()?),
                last: i32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?),
                base_offset: i64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?),
            })
        };
        Self { epoch, batches: kept.chunks_exact(WIDTH).filter_map(stored).collect() }
    }

    /// To be kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bytes = |it: &Stored| {
            [&it.first.to_be_bytes()[..], &it.last.to_be_bytes(), &it.base_offset.to_be_bytes()]
                .concat()
        };
        self.batches.iter().flat_map(bytes).collect()
    }

    /// What is to be done with a batch; one of a producer that nothing is known of may begin anywhere.
    pub(crate) fn judge(&self, head: &Head) -> Result<Verdict, ResponseError> {
        let Some(latest) = self.batches.last() else { return Ok(Verdict::Store) };
        if head.epoch < self.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if head.epoch > self.epoch {
            let begins = head.first_sequence == 0;
            return if begins {
                Ok(Verdict::Store)
            } else {
                Err(ResponseError::OutOfOrderSequenceNumber)
            };
        }
        let range = (head.first_sequence, head.last_sequence());
        if let Some(known) = self.batches.iter().find(|known| (known.first, known.last) == range) {
            return Ok(Verdict::Known(known.base_offset));
        }
        let next = latest.last.checked_add(1).unwrap_or(0);
        if head.first_sequence == next {
            Ok(Verdict::Store)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Remembers a batch that is stored.
    pub(crate) fn remember(&mut self, head: &Head, base_offset: i64) {
        if head.epoch != self.epoch {
            self.batches.clear();
            self.epoch = head.epoch;
        }
        if self.batches.len() >= REMEMBERED {
            self.batches.remove(0);
        }
        let (first, last) = (head.first_sequence, head.last_sequence());
        self.batches.push(Stored { first, last, base_offset });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(epoch: i16, first: i32, count: i32) -> Head {
        Head {
            base_offset: 0,
            attributes: 0,
            last_offset_delta: count - 1,
            base_timestamp: 0,
            max_timestamp: 0,
            producer: 1,
            epoch,
            first_sequence: first,
            count,
        }
    }

    fn after(batches: &[(i32, i32)]) -> Sequence {
        let mut sequence = Sequence::default();
        let mut offset = 100;
        for (first, count) in batches {
            sequence.remember(&head(0, *first, *count), offset);
            offset += i64::from(*count);
        }
        Sequence::of(sequence.epoch, &sequence.bytes())
    }

    #[test]
    fn a_batch_that_comes_again_is_stored_once_and_said_to_be_where_it_is() {
        let sequence = after(&[(0, 3), (3, 2), (5, 1)]);
        assert_eq!(sequence.judge(&head(0, 3, 2)), Ok(Verdict::Known(103)));
        assert_eq!(sequence.judge(&head(0, 6, 9)), Ok(Verdict::Store));
    }

    #[test]
    fn a_lost_batch_is_not_passed_over() {
        let sequence = after(&[(0, 3)]);
        let gap = Err(ResponseError::OutOfOrderSequenceNumber);
        assert_eq!(sequence.judge(&head(0, 4, 1)), gap);
        assert_eq!(sequence.judge(&head(0, 0, 2)), gap);
        assert_eq!(sequence.judge(&head(1, 3, 1)), gap);
    }

    #[test]
    fn an_older_epoch_of_a_producer_is_shut_out_and_a_newer_one_begins_anew() {
        let mut sequence = after(&[(0, 3)]);
        assert_eq!(sequence.judge(&head(1, 0, 1)), Ok(Verdict::Store));
        sequence.remember(&head(1, 0, 1), 103);
        assert_eq!(sequence.judge(&head(0, 3, 1)), Err(ResponseError::InvalidProducerEpoch));
        assert_eq!(sequence.judge(&head(1, 1, 1)), Ok(Verdict::Store));
    }

    #[test]
    fn sequences_begin_anew_at_their_end() {
        let sequence = after(&[(i32::MAX - 1, 2)]);
        assert_eq!(sequence.judge(&head(0, 0, 5)), Ok(Verdict::Store));
        let sequence = after(&[(i32::MAX, 4)]);
        assert_eq!(sequence.judge(&head(0, 3, 1)), Ok(Verdict::Store));
    }

    #[test]
    fn only_as_much_is_kept_as_a_producer_may_have_under_way() {
        let sequence = after(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(sequence.bytes().len(), REMEMBERED * WIDTH);
        assert_eq!(sequence.judge(&head(0, 1, 1)), Ok(Verdict::Known(101)));
        assert!(sequence.judge(&head(0, 0, 1)).is_err());
    }
}
