//! The function as Lambda runs it.

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_bus::{Connection, Producer};
use logmill_lambda::{Function, Get};
use logmill_metadata::Entries;
use logmill_metadata_any::AnyStore;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::{self, Faults};
use serde_json::Value;

use crate::lambda;
use crate::{Ingest, Reach, producer_settings};

impl<S: Entries> Ingest<S> {
    /// Answers a request that Lambda hands on: an event of a Function URL or an HTTP API. What is no
    /// such event is answered, too: nobody would send it again.
    pub async fn answer_event(&self, event: Value) -> Value {
        match lambda::request(event) {
            Ok(request) => lambda::response(&self.answer(request).await),
            Err(why) => lambda::bad(&why),
        }
    }
}

impl Function for Ingest<AnyStore> {
    const NAME: &'static str = "ingest";
    type Config = config::Ingest;
    type Event = Value;
    type Answer = Value;

    fn read(get: Get<'_>) -> Result<config::Ingest, Faults> {
        config::Ingest::read(get)
    }

    fn check(get: Get<'_>) -> Result<(), Faults> {
        config::Ingest::check(get)
    }

    fn connect(config: &config::Ingest, sdk: &SdkConfig) -> anyhow::Result<Self> {
        let connection = Connection::configured(&config.kafka, sdk);
        let producer = Producer::connect(&connection, &producer_settings())?;
        let store = AnyStore::connect(sdk, &config.table_prefix, config.database.as_ref())?;
        Ok(Self::new(producer, &config.limits, store, Reach::Anywhere))
    }

    async fn answer(&self, event: Value, _: &Context) -> Result<Value, TryAgain> {
        Ok(self.answer_event(event).await)
    }
}
