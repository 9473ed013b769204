//! How a function meets Lambda: its start, its invocations, its errors, its end.
//!
//! At its start a function reads its settings and builds its clients; it sends nothing before it asks
//! for its first event, for a start is what users wait for. A fault at the start is told to Lambda
//! and ends the process. Where settings refer to secrets, these are looked up with the first event,
//! and again after five minutes, so that one that was renewed is taken up without a deployment.
//!
//! Each failed invocation has an error type by which an alarm can tell causes apart: those of
//! [`Cause`](logmill_runtime::cause::Cause), [`PANIC`], [`SECRET`]. Each line of the log within an
//! invocation names its request.
//!
//! Lambda announces the end of a process only to those with extensions. None is registered: metrics
//! are written with each invocation, so that nothing is left to do at the end. Where SIGTERM comes,
//! from a person or an emulator, the process ends orderly.

mod held;
mod start;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use aws_config::SdkConfig;
use futures_util::FutureExt as _;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::Faults;
use logmill_runtime::telemetry::Metrics;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::signal::unix::{SignalKind, signal};

use held::Held;

/// The type of the error of an invocation that panicked.
pub const PANIC: &str = "Panic";
/// The type of the error of an invocation for which a secret could not be read.
pub const SECRET: &str = "Secret";
/// The type of the error of a function whose settings are wrong.
pub const CONFIGURATION: &str = "Configuration";
/// The type of the error of a function that cannot start for another reason.
pub const START: &str = "Start";

/// How settings are read: the name of a variable to its value.
pub type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A function of Logmill.
pub trait Function: Sized + Send + Sync + 'static {
    /// Its name in logs, metrics and dead letters.
    const NAME: &'static str;
    /// What it is configured by.
    type Config: Send + Sync;
    /// What an event is read as: [`serde_json::Value`], or what leaves the reading to the function.
    type Event: DeserializeOwned + Send + 'static;
    /// What it answers.
    type Answer: Serialize + Send;

    /// Reads and checks all its settings.
    ///
    /// # Errors
    /// All faults at once.
    fn read(get: Get<'_>) -> Result<Self::Config, Faults>;

    /// Checks the settings that refer to no secret.
    ///
    /// # Errors
    /// All faults at once.
    fn check(get: Get<'_>) -> Result<(), Faults>;

    /// Builds its clients; sends nothing.
    ///
    /// # Errors
    /// A setting that cannot be, named with what to do.
    fn connect(config: &Self::Config, sdk: &SdkConfig) -> anyhow::Result<Self>;

    /// Works on an event.
    fn answer(
        &self,
        event: Self::Event,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Answer, TryAgain>> + Send;
}

/// Runs a function until its process is ended.
pub async fn run<F: Function>() -> ExitCode {
    let started = AssertUnwindSafe(start::start::<F>()).catch_unwind().await;
    let fault = match started {
        Ok(Ok((held, metrics))) => return serve(&held, &metrics).await,
        Ok(Err(fault)) => fault,
        Err(panic) => start::Fault { kind: PANIC, message: panic_message(&*panic) },
    };
    start::report(F::NAME, &fault).await;
    ExitCode::FAILURE
}

async fn serve<F: Function>(held: &Held<F>, metrics: &Metrics) -> ExitCode {
    let handler = service_fn(async |event: LambdaEvent<F::Event>| {
        let answer = AssertUnwindSafe(invoke(held, event)).catch_unwind().await;
        let answer = answer.unwrap_or_else(|panic| {
            let error_message = panic_message(&*panic);
            Err(Diagnostic { error_type: PANIC.to_owned(), error_message })
        });
        if let Err(error) = metrics.flush(&mut std::io::stdout()) {
            tracing::warn!(%error, "the metrics of this invocation are lost");
        }
        answer
    });
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        tracing::error!("no signal can be waited for");
        return ExitCode::FAILURE;
    };
    tokio::select! {
        ended = lambda_runtime::run(handler) => match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "Lambda cannot be asked for events");
                ExitCode::FAILURE
            }
        },
        _ = terminated.recv() => {
            tracing::info!(function = F::NAME, "ended by SIGTERM");
            ExitCode::SUCCESS
        }
    }
}

async fn invoke<F: Function>(
    held: &Held<F>,
    event: LambdaEvent<F::Event>,
) -> Result<F::Answer, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    let function = held.get(&context).await.map_err(|fault| Diagnostic {
        error_type: fault.kind.to_owned(),
        error_message: fault.message,
    })?;
    function.answer(payload, &context).await.map_err(|again| {
        again.count(F::NAME);
        let TryAgain { cause, why } = again;
        Diagnostic { error_type: cause.as_str().to_owned(), error_message: why }
    })
}

/// What a panic said; where it happened stands in the log.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    format!("the function panicked ({said}): this is a fault of Logmill, report it")
}
