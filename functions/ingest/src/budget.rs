//! How many bytes of requests are in memory at once: what is over is refused, not waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes for all requests together.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    taken: AtomicUsize,
}

/// What one request has of it; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

/// Nothing is left.
#[derive(Debug)]
pub(crate) struct Spent;

impl Budget {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0) })
    }

    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Takes so many bytes more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Spent> {
        let Budget { most, taken } = &*self.budget;
        let grown = taken.try_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
            taken.checked_add(bytes).filter(|taken| taken <= most)
        });
        grown.map_err(|_| Spent)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let budget = Budget::new(10);
        let mut first = budget.share();
        first.grow(6).unwrap();
        let mut second = budget.share();
        assert!(second.grow(5).is_err());
        second.grow(4).unwrap();
        drop(first);
        second.grow(6).unwrap();
        assert!(second.grow(1).is_err() && second.grow(usize::MAX).is_err());
        drop(second);
        assert_eq!(budget.taken.load(Ordering::Acquire), 0);
    }
}
