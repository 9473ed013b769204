//! The function as Lambda runs it.

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_lambda::{Function, Get};
use logmill_metadata_any::AnyStore;
use logmill_model::Timestamp;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::{self, Faults};
use serde_json::Value;

use crate::{FUNCTION, Invocation, Parse, Response, connect};

impl Function for Parse<AnyStore> {
    const NAME: &'static str = FUNCTION;
    type Config = config::Parse;
    type Event = Value;
    type Answer = Response;

    fn read(get: Get<'_>) -> Result<config::Parse, Faults> {
        config::Parse::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        config::Parse::check(get)
    }

    fn connect(config: &config::Parse, sdk: &SdkConfig) -> anyhow::Result<Self> {
        connect::parse(config, sdk)
    }

    async fn answer(&self, event: Value, context: &Context) -> Result<Response, TryAgain> {
        let invocation = Invocation::new(&context.request_id, context.deadline, Timestamp::now());
        self.handle_event(event, &invocation).await
    }
}
