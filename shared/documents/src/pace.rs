//! How large bulk requests are: by how long the engine takes to answer them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The least bytes of a bulk request.
pub(crate) const LEAST: usize = 128 * 1024;
/// An answer that comes sooner lets requests grow.
const QUICK: Duration = Duration::from_secs(1);
/// An answer that comes later makes them smaller.
const SLOW: Duration = Duration::from_secs(5);

/// The bytes that a bulk request may have now: as many as the limits allow at first, half as many
/// after each answer that is slow or says that it is too much, an eighth more after each quick one.
/// Clones share it, for they share the engine.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<AtomicUsize>);

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Pace {
    /// The bytes allowed now, where the limits allow `most`.
    pub(crate) fn bytes(&self, most: usize) -> usize {
        self.0.load(Ordering::Relaxed).max(LEAST).min(most)
    }

    /// A request of so many bytes was answered after so long.
    pub(crate) fn answered(&self, bytes: usize, after: Duration) {
        if after > SLOW {
            self.too_large(bytes);
        } else if after < QUICK {
            let more = |now: usize| (now != usize::MAX).then(|| now.saturating_add(now / 8 + 1));
            // Where there is no bound there is nothing to raise.
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// A request of so many bytes was too much.
    pub(crate) fn too_large(&self, bytes: usize) {
        self.0.fetch_min((bytes / 2).max(LEAST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_engine_gets_smaller_requests_and_larger_ones_when_it_is_quick_again() {
        let (pace, most) = (Pace::default(), 4 << 20);
        assert_eq!(pace.bytes(most), most);
        pace.answered(most, Duration::from_secs(2));
        assert_eq!(pace.bytes(most), most, "neither quick nor slow");
        pace.answered(most, Duration::from_secs(8));
        assert_eq!(pace.bytes(most), most / 2);
        pace.clone().too_large(most / 2);
        assert_eq!(pace.bytes(most), most / 4, "clones share the engine");
        for _ in 0..20 {
            pace.too_large(1000);
        }
        assert_eq!(pace.bytes(most), LEAST, "not below what one request is worth");
        for _ in 0..40 {
            pace.answered(1, Duration::from_millis(20));
        }
        assert_eq!(pace.bytes(most), most, "nor beyond the limits");
    }
}
