//! How fast one sender may send: a token bucket each for events and for bytes, of one second's worth.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most senders that are told apart; more than that are forgotten, and begin anew.
const SENDERS: usize = 10_000;

/// How much may come in a second.
#[derive(Clone, Copy, Debug)]
struct Limits {
    events: Option<u32>,
    bytes: Option<u32>,
}

/// What a sender has left.
#[derive(Clone, Copy, Debug)]
struct Left {
    events: f64,
    bytes: f64,
    at: Instant,
}

/// The rates of all senders.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: Limits,
    senders: Mutex<HashMap<String, Left>>,
}

impl Rates {
    pub(crate) fn new(events: Option<u32>, bytes: Option<u32>) -> Self {
        Self { limits: Limits { events, bytes }, senders: Mutex::default() }
    }

    /// Takes a request of `sender` into account; or says for how long it has to wait. What is larger
    /// than a second's worth is taken, and paid for by those that follow.
    pub(crate) fn take(
        &self,
        sender: &str,
        events: usize,
        bytes: usize,
        now: Instant,
    ) -> Result<(), Duration> {
        let Limits { events: most_events, bytes: most_bytes } = self.limits;
        if most_events.is_none() && most_bytes.is_none() {
            return Ok(());
        }
        let most_events = most_events.map_or(f64::INFINITY, f64::from);
        let most_bytes = most_bytes.map_or(f64::INFINITY, f64::from);
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= SENDERS && !senders.contains_key(sender) {
            senders.clear();
        }
        let full = Left { events: most_events, bytes: most_bytes, at: now };
        let left = senders.entry(sender.to_owned()).or_insert(full);
        let passed = now.saturating_duration_since(left.at).as_secs_f64();
        left.events = passed.mul_add(most_events, left.events).min(most_events);
        left.bytes = passed.mul_add(most_bytes, left.bytes).min(most_bytes);
        left.at = now;
        let wait = |left: f64, most: f64| if left > 0.0 { 0.0 } else { (1.0 - left) / most };
        let wait = wait(left.events, most_events).max(wait(left.bytes, most_bytes));
        if wait > 0.0 {
            return Err(Duration::from_secs_f64(wait));
        }
        #[allow(clippy::cast_precision_loss, reason = "they are far below 2^52")]
        {
            left.events -= events as f64;
            left.bytes -= bytes as f64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_is_too_fast_waits_and_others_do_not() {
        let rates = Rates::new(Some(100), Some(1_000_000));
        let start = Instant::now();
        assert_eq!(rates.take("a", 300, 10, start), Ok(()), "a batch of any size passes");
        let wait = rates.take("a", 1, 10, start).unwrap_err();
        assert!(wait > Duration::from_secs(2) && wait < Duration::from_millis(2_100), "{wait:?}");
        assert_eq!(rates.take("b", 1, 2_000_000, start), Ok(()));
        assert!(rates.take("b", 1, 1, start).is_err(), "bytes count by themselves");
        assert_eq!(
            rates.take("a", 1, 1, start + wait),
            Ok(()),
            "it waits no longer than it is told"
        );
    }

    #[test]
    fn without_limits_nobody_waits() {
        let rates = Rates::new(None, None);
        let now = Instant::now();
        assert!((0..1_000).all(|_| rates.take("a", 20_000, 1 << 30, now).is_ok()));
    }
}
