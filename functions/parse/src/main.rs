//! The Lambda entry of `parse`: reads the configuration, builds the clients, calls the handler.

#![recursion_limit = "256"]

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use logmill_model::Timestamp;
use logmill_parse::{FUNCTION, Invocation, TryAgain, connect};
use logmill_runtime::{config, telemetry};
use serde_json::Value;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::Parse::read(|name| std::env::var(name).ok())?;
    telemetry::start_log(&config.telemetry.log, telemetry::LogFormat::Json)?;
    let metrics = telemetry::Metrics::start(config.telemetry.metrics, FUNCTION)?;
    let parse = connect::parse(&config).await?;
    let running = lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let context = event.context;
        let invocation = Invocation::new(&context.request_id, context.deadline, Timestamp::now());
        let answer = parse.handle_event(event.payload, &invocation).await;
        if let Err(error) = metrics.flush(&mut std::io::stdout()) {
            tracing::warn!(%error, "the metrics of this invocation are lost");
        }
        answer.map_err(|TryAgain(why)| Diagnostic {
            error_type: "TryAgain".to_owned(),
            error_message: why,
        })
    }));
    running.await.map_err(anyhow::Error::from_boxed)
}
