//! The function as Lambda runs it.

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_kafka_event::Answer;
use logmill_lambda::{Function, Get};
use logmill_model::Timestamp;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::{self, Faults};
use logmill_runtime::retry::Deadline;
use serde_json::value::RawValue;

use crate::{Consume, FUNCTION, Invocation, connect};

/// The longest that Lambda lets a function run.
const LONGEST: Duration = Duration::from_secs(900);

impl Function for Consume {
    const NAME: &'static str = FUNCTION;
    type Config = config::Consume;
    type Event = Box<RawValue>;
    type Answer = Answer;

    fn read(get: Get<'_>) -> Result<config::Consume, Faults> {
        config::Consume::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        config::Consume::check(get)
    }

    fn connect(config: &config::Consume, sdk: &SdkConfig) -> anyhow::Result<Self> {
        connect::consume(config, sdk)
    }

    async fn answer(&self, event: Box<RawValue>, context: &Context) -> Result<Answer, TryAgain> {
        self.handle(event.get(), &Invocation::new(context.deadline, Timestamp::now())).await
    }
}

impl Invocation {
    /// A call that begins now and ends at `deadline_ms` (milliseconds since 1970). A time that is over
    /// is taken for none: Lambda begins no call after its deadline, and emulators fill in what they
    /// like.
    #[must_use]
    pub fn new(deadline_ms: u64, now: Timestamp) -> Self {
        let left = deadline_ms.saturating_sub(now.as_millisecond().unsigned_abs());
        let left = if left == 0 { LONGEST } else { Duration::from_millis(left) };
        Self { now, deadline: Deadline::after(left.min(LONGEST)) }
    }
}
