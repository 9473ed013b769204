//! The Lambda entry of `parse`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_lambda::{Function, Get};
use logmill_metadata_any::AnyStore;
use logmill_model::Timestamp;
use logmill_parse::{FUNCTION, Invocation, Parse, Response, connect};
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::{self, Faults};
use serde_json::Value;

struct Entry(Parse<AnyStore>);

impl Function for Entry {
    const NAME: &'static str = FUNCTION;
    type Config = config::Parse;
    type Answer = Response;

    fn read(get: Get<'_>) -> Result<config::Parse, Faults> {
        config::Parse::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        config::Parse::check(get)
    }

    fn connect(config: &config::Parse, sdk: &SdkConfig) -> anyhow::Result<Self> {
        connect::parse(config, sdk).map(Self)
    }

    async fn answer(&self, event: Value, context: &Context) -> Result<Response, TryAgain> {
        let invocation = Invocation::new(&context.request_id, context.deadline, Timestamp::now());
        self.0.handle_event(event, &invocation).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Entry>().await
}
