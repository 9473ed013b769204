//! The Lambda entry of `parse`: reads the configuration, builds the clients, calls the handler.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use logmill_metadata::Owner;
use logmill_model::Timestamp;
use logmill_parse::{Invocation, connect};
use logmill_runtime::{config, retry::Deadline, telemetry};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = config::Parse::read(|name| std::env::var(name).ok())?;
    telemetry::start_log(&config.telemetry.log, telemetry::LogFormat::Json)?;
    let parse = connect::parse(&config).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let now = Timestamp::now();
        let left = event.context.deadline.saturating_sub(now.as_millisecond().unsigned_abs());
        let invocation = Invocation {
            owner: Owner::new(event.context.request_id.clone()),
            now,
            deadline: Deadline::after(std::time::Duration::from_millis(left)),
        };
        Ok::<_, lambda_runtime::Error>(parse.handle(event.payload, &invocation).await)
    }))
    .await
}
