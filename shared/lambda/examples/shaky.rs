//! A function that does what its event says: the tests of this crate play it through its whole life.

use std::process::ExitCode;

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_lambda::{Function, Get};
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::config::{Faults, Parse};
use serde_json::{Value, json};

struct Shaky {
    search: String,
}

impl Function for Shaky {
    const NAME: &'static str = "parse";
    type Config = Parse;
    type Event = Value;
    type Answer = Value;

    fn read(get: Get<'_>) -> Result<Parse, Faults> {
        Parse::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        Parse::check(get)
    }

    fn connect(config: &Parse, _: &SdkConfig) -> anyhow::Result<Self> {
        Ok(Self { search: config.stores.opensearch.url.clone() })
    }

    #[expect(clippy::panic, reason = "what it is for")]
    async fn answer(&self, event: Value, _: &Context) -> Result<Value, TryAgain> {
        tracing::info!("at work");
        match event.as_str() {
            Some("denied") => Err(TryAgain::new(Cause::Denied, "grant s3:GetObject on it")),
            Some("panic") => panic!("out of cheese"),
            _ => Ok(json!({ "search": self.search })),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Shaky>().await
}
