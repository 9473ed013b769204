//! When to try again, and until when.
//!
//! An error says by [`Retryable`] whether trying again can help; [`retry`] does so with pauses that
//! double, each drawn at random below that bound (full jitter, so that many callers that failed
//! together do not return together), and gives up before the [`Deadline`].

use std::time::{Duration, Instant};

use crate::cause::Cause;

/// Whether trying again can help.
pub trait Retryable {
    /// True where the same call may succeed later: throttling, a lost connection, an engine that
    /// restarts. False where only another input, setting or permission would.
    fn is_retryable(&self) -> bool;

    /// Why the call failed.
    fn cause(&self) -> Cause;
}

/// The moment by which work must have ended, by the monotonic clock.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is `left` from now.
    #[must_use]
    pub fn after(left: Duration) -> Self {
        let now = Instant::now();
        // An Instant holds centuries; what overflows it never ends anyway.
        let far = Duration::from_secs(100 * 365 * 24 * 3600);
        Self(now.checked_add(left).or_else(|| now.checked_add(far)).unwrap_or(now))
    }

    /// The deadline at this instant.
    #[must_use]
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The same, as an instant.
    #[must_use]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// The time left; zero once it is over.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether no time is left.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }

    /// An earlier deadline that leaves `reserve` for what must come after: the last write, the
    /// checkpoint, the answer.
    #[must_use]
    pub fn with_reserve(self, reserve: Duration) -> Self {
        Self(self.0.checked_sub(reserve).unwrap_or_else(Instant::now))
    }

    /// The earlier of the two.
    #[must_use]
    pub fn sooner(self, other: Self) -> Self {
        self.min(other)
    }
}

/// How often and how patiently to try again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backoff {
    /// The bound of the first pause; it doubles with each further one.
    pub first: Duration,
    /// What no pause exceeds.
    pub most: Duration,
    /// How often the operation is tried in all, the first time included; 0 is taken as 1.
    pub attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), most: Duration::from_secs(5), attempts: 6 }
    }
}

impl Backoff {
    /// The bound of the pause after the `failed`-th failure, counted from 1.
    #[must_use]
    pub fn bound(&self, failed: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failed.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.most)
    }

    /// A pause to make after the `failed`-th failure: drawn evenly from zero to [`Self::bound`].
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        let bound = u64::try_from(self.bound(failed).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(fastrand::u64(0..=bound))
    }
}

/// Calls `operation` until it succeeds, fails for good, was tried `backoff.attempts` times, or its
/// next pause would end after `deadline`.
///
/// The deadline bounds the pauses, not a call under way: that is the client's own time-out.
/// (`operation` is no `AsyncFnMut`, for such a future cannot be spawned: its `Send` is "not general
/// enough" for the compiler.)
///
/// # Errors
/// The last error of `operation`, which still says whether it is retryable.
pub async fn retry<T, E, F>(
    backoff: &Backoff,
    deadline: Deadline,
    mut operation: impl FnMut() -> F,
) -> Result<T, E>
where
    E: Retryable,
    F: Future<Output = Result<T, E>>,
{
    let mut failed = 0;
    loop {
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        failed += 1;
        if !error.is_retryable() || failed >= backoff.attempts {
            return Err(error);
        }
        let pause = backoff.pause(failed);
        if pause >= deadline.remaining() {
            return Err(error);
        }
        tracing::debug!(failed, pause_ms = pause.as_secs_f64() * 1e3, "trying again");
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Fault(bool);

    impl Retryable for Fault {
        fn is_retryable(&self) -> bool {
            self.0
        }

        fn cause(&self) -> Cause {
            Cause::Other
        }
    }

    const QUICK: Backoff =
        Backoff { first: Duration::from_micros(10), most: Duration::from_micros(50), attempts: 6 };

    async fn tries(backoff: Backoff, deadline: Deadline, good_at: u32, mends: bool) -> (bool, u32) {
        let mut tried = 0;
        let result = retry(&backoff, deadline, || {
            tried += 1;
            std::future::ready(if tried == good_at { Ok(()) } else { Err(Fault(mends)) })
        })
        .await;
        (result.is_ok(), tried)
    }

    #[tokio::test]
    async fn a_throttled_write_is_not_lost_and_a_hopeless_one_not_repeated() {
        let late = Deadline::after(Duration::from_secs(60));
        assert_eq!(tries(QUICK, late, 3, true).await, (true, 3));
        assert_eq!(tries(QUICK, late, 3, false).await, (false, 1));
        assert_eq!(tries(QUICK, late, 0, true).await, (false, 6), "bounded");
        assert_eq!(tries(Backoff { attempts: 0, ..QUICK }, late, 0, true).await, (false, 1));
    }

    #[tokio::test]
    async fn a_function_is_not_cut_off_while_it_waits_to_try_again() {
        let over = Deadline::after(Duration::ZERO);
        assert!(over.is_over());
        assert_eq!(tries(QUICK, over, 2, true).await, (false, 1));
    }

    #[tokio::test]
    async fn retries_work_in_a_spawned_task() {
        let backoff = QUICK;
        let deadline = Deadline::after(Duration::from_secs(60));
        let name = String::from("a");
        let task = tokio::spawn(async move {
            let calls = AtomicU32::new(0);
            retry(&backoff, deadline, async || {
                tokio::task::yield_now().await;
                let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
                if first { Err(Fault(true)) } else { Ok(name.len()) }
            })
            .await
        });
        assert_eq!(task.await.unwrap(), Ok(1));
    }

    #[test]
    fn pauses_double_up_to_the_most_and_differ() {
        let backoff = Backoff::default();
        let bounds: Vec<_> = (1..=8).map(|failed| backoff.bound(failed).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(backoff.bound(u32::MAX), backoff.most);
        let pauses: Vec<_> = (0..20).map(|_| backoff.pause(3)).collect();
        assert!(pauses.iter().all(|pause| *pause <= backoff.bound(3)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "no two callers in step");
    }

    #[test]
    fn the_reserve_is_kept_for_the_last_write() {
        let deadline = Deadline::after(Duration::from_secs(100));
        let early = deadline.with_reserve(Duration::from_secs(95));
        assert!(early.remaining() <= Duration::from_secs(5) && !early.is_over());
        assert!(deadline.with_reserve(Duration::from_secs(200)).is_over());
        assert_eq!(deadline.sooner(early), early);
        assert!(!Deadline::after(Duration::MAX).is_over());
    }
}
