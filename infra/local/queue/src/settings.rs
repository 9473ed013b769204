//! What a queue may be told, within the bounds that SQS documents for standard queues.

use crate::error::Error;
use std::time::Duration;

const HOURS_12: u64 = 12 * 3600;
const DAYS_14: u64 = 14 * 24 * 3600;

/// The settings of one queue. The default is SQS': visible again after 30 s, no delay, kept for 4
/// days, no long polling, no redrive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How long a received message stays hidden, unless the receiver says otherwise: 0 to 12 hours.
    pub visibility: Duration,
    /// How long a new message stays hidden, unless the sender says otherwise: 0 to 15 minutes.
    pub delay: Duration,
    /// After which age a message is dropped: 1 minute to 14 days.
    pub retention: Duration,
    /// How long a receive by the protocol waits for a first message: 0 to 20 s.
    pub wait: Duration,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// Where a message goes after too many receives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redrive {
    /// The name of the dead-letter queue, which must exist.
    pub queue: String,
    /// How often a message may be received before it is moved: 1 to 1,000.
    pub max_receives: u32,
}

/// How many messages a queue holds. Exact, although SQS calls its own approximate.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// To be had at once.
    pub visible: u64,
    /// Received, and neither deleted nor visible again; those released with a delay too.
    pub in_flight: u64,
    /// Sent with a delay that has not ended.
    pub delayed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_secs(4 * 24 * 3600),
            wait: Duration::ZERO,
            redrive: None,
        }
    }
}

impl Settings {
    /// Whether every setting is within its bounds.
    pub(crate) fn check(&self) -> Result<(), Error> {
        between("VisibilityTimeout", self.visibility, 0, HOURS_12, "0 to 43200 seconds")?;
        between("DelaySeconds", self.delay, 0, 900, "0 to 900 seconds")?;
        let bounds = "60 to 1209600 seconds";
        between("MessageRetentionPeriod", self.retention, 60, DAYS_14, bounds)?;
        between("ReceiveMessageWaitTimeSeconds", self.wait, 0, 20, "0 to 20 seconds")?;
        match &self.redrive {
            Some(redrive) if !(1..=1000).contains(&redrive.max_receives) => Err(Error::Invalid {
                setting: "maxReceiveCount",
                value: redrive.max_receives.to_string(),
                bounds: "1 to 1000",
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a time is within its bounds, in whole seconds.
fn between(
    setting: &'static str,
    value: Duration,
    least: u64,
    most: u64,
    bounds: &'static str,
) -> Result<(), Error> {
    if (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&value) {
        return Ok(());
    }
    Err(Error::Invalid { setting, value: format!("{} s", value.as_secs_f64()), bounds })
}

/// A visibility that a receiver asks for.
pub(crate) fn check_visibility(value: Duration) -> Result<(), Error> {
    between("VisibilityTimeout", value, 0, HOURS_12, "0 to 43200 seconds")
}

/// A delay that a sender asks for.
pub(crate) fn check_delay(value: Duration) -> Result<(), Error> {
    between("DelaySeconds", value, 0, 900, "0 to 900 seconds")
}
