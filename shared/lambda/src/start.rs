//! The start of a function.

use std::io::Write as _;
use std::panic::PanicHookInfo;

use aws_config::BehaviorVersion;
use logmill_runtime::config::{self, Telemetry};
use logmill_runtime::telemetry::{self, LogFormat, Metrics};
use serde_json::json;

use crate::held::Held;
use crate::{CONFIGURATION, Function, START};

/// Why a function cannot work.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The type of the error, as Lambda shows it.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl From<config::Faults> for Fault {
    fn from(faults: config::Faults) -> Self {
        Self { kind: CONFIGURATION, message: faults.to_string() }
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self { kind: START, message: format!("{error:#}") }
    }
}

impl From<telemetry::Error> for Fault {
    fn from(error: telemetry::Error) -> Self {
        Self { kind: START, message: error.to_string() }
    }
}

/// Reads the settings and builds what needs no secret.
pub(crate) async fn start<F: Function>() -> Result<(Held<F>, Metrics), Fault> {
    let get = |name: &str| std::env::var(name).ok();
    let templates = config::templates(F::NAME, get);
    let config = match &templates {
        Ok(templates) if templates.is_empty() => Some(F::read(&get)?),
        // It names the references that cannot be read among all other faults.
        _ => F::check(&get).map(|()| None)?,
    };
    let templates = templates?;
    let telemetry = Telemetry::read(get)?;
    telemetry::start_log(&telemetry.log, LogFormat::Json)?;
    std::panic::set_hook(Box::new(log_panic));
    let metrics = Metrics::start(telemetry.metrics, F::NAME)?;
    // Sends nothing: credentials are looked up with the first request, and Lambda sets the region.
    let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let held = match config {
        Some(config) => Held::ready(&config, sdk),
        None => Held::waiting(templates, sdk, &get),
    };
    Ok((held?, metrics))
}

/// Where a panic happened, as a line of the log like any other: with the id of the request.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let said = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(location, said, "panicked");
}

/// Tells Lambda and the log that the function cannot start (Lambda developer guide, "Using the
/// Lambda runtime API", initialization error).
pub(crate) async fn report(function: &str, fault: &Fault) {
    let Fault { kind, message } = fault;
    // The log may be what could not be started.
    let line = json!({
        "level": "ERROR",
        "message": "the function cannot start",
        "function": function,
        "error_type": kind,
        "error": message,
    });
    // Nobody is left to be told that this failed.
    let _ = writeln!(std::io::stderr(), "{line}");
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    let address = format!("http://{api}/2018-06-01/runtime/init/error");
    let body = json!({ "errorType": kind, "errorMessage": message, "stackTrace": [] });
    let request = reqwest::Client::new()
        .post(address)
        .header("Lambda-Runtime-Function-Error-Type", format!("Logmill.{kind}"))
        .json(&body);
    // Lambda sees the end of the process all the same.
    let _ = request.send().await;
}
