//! How the time of one invocation is used.

use std::time::Duration;

use logmill_runtime::retry::Deadline;

/// The most that is kept for ending: the checkpoint, the message, the answer.
const RESERVE: Duration = Duration::from_secs(3);
/// The most that is kept for writing what was read.
const WRITING: Duration = Duration::from_secs(5);

/// The most that is kept for the answer to a batch itself.
pub(crate) const ANSWERING: Duration = Duration::from_millis(500);
/// The time without which an object is not begun with.
pub(crate) const LEAST: Duration = Duration::from_millis(500);

/// When an invocation stops reading, and when its last request must have been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Until then it reads.
    pub(crate) reading: Deadline,
    /// Until then documents are written.
    pub(crate) writing: Deadline,
}

impl Pace {
    /// Of an invocation that ends then. A short one gives each part a fifth of its time.
    pub(crate) fn of(deadline: Deadline) -> Self {
        let fifth = deadline.remaining() / 5;
        let writing = deadline.with_reserve(RESERVE.min(fifth));
        Self { reading: writing.with_reserve(WRITING.min(fifth)), writing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_is_not_cut_off_while_it_writes() {
        for (whole, reads) in [(900, 892), (20, 13), (5, 3), (1, 0)] {
            let pace = Pace::of(Deadline::after(Duration::from_secs(whole)));
            let left = pace.reading.remaining().as_secs_f64();
            let wanted = reads as f64;
            assert!(left > wanted - 0.5 && left <= wanted + 0.9, "{whole}: {left}");
            assert!(pace.reading < pace.writing);
        }
    }
}
