//! The function as Lambda runs it.

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_kafka_event::Answer;
use logmill_lambda::{Function, Get};
use logmill_metadata_any::AnyStore;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::{self, Faults};
use serde_json::value::RawValue;

use crate::{Archive, FUNCTION, connect};

impl Function for Archive<AnyStore> {
    const NAME: &'static str = FUNCTION;
    type Config = config::Archive;
    type Event = Box<RawValue>;
    type Answer = Answer;

    fn read(get: Get<'_>) -> Result<config::Archive, Faults> {
        config::Archive::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        config::Archive::check(get)
    }

    fn connect(config: &config::Archive, sdk: &SdkConfig) -> anyhow::Result<Self> {
        connect::archive(config, sdk)
    }

    async fn answer(&self, event: Box<RawValue>, _context: &Context) -> Result<Answer, TryAgain> {
        self.handle(event.get()).await
    }
}
