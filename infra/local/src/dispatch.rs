//! Where the functions run that `up` invokes: in this process, served at an address, or as processes
//! of their own.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use logmill_local_lambda::Function;
use logmill_metadata::Owner;
use logmill_metadata_any::AnyStore;
use logmill_model::Timestamp;
use logmill_parse::{FUNCTION, Invocation, Parse};
use logmill_runtime::telemetry;
use serde_json::Value;
use tracing::Instrument as _;

/// Where the functions run.
#[derive(Clone, Debug)]
pub(crate) enum Dispatch {
    /// At this address, as `cargo lambda watch` serves them.
    Served(String),
    /// In processes of this executable.
    Executable(PathBuf),
}

impl FromStr for Dispatch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Served(text.to_owned()));
        }
        // Where it lies is found here and now, not by a search in PATH.
        match std::fs::canonicalize(text) {
            Ok(path) if path.is_file() => Ok(Self::Executable(path)),
            Ok(_) => Err("it is no file: give a built function".to_owned()),
            Err(error) => Err(format!(
                "{error}: give the address of `cargo lambda watch` (http://…), or a built function, \
                 which `cargo build --bin parse` puts at target/debug/parse"
            )),
        }
    }
}

/// One environment of the function parse: it works on one event at a time.
pub(crate) enum Environment {
    /// Within this process, whose start `boot` names.
    Here {
        /// The function.
        parse: Arc<Parse<AnyStore>>,
        /// This start of the process.
        boot: String,
    },
    /// Outside it.
    Outside(Function),
}

impl Environment {
    pub(crate) fn outside(dispatch: &Dispatch, variables: Vec<(String, String)>) -> Self {
        Self::Outside(match dispatch {
            Dispatch::Served(url) => Function::at(FUNCTION, url),
            Dispatch::Executable(path) => Function::executable(FUNCTION, path.clone(), variables),
        })
    }

    /// Calls the function with an event. `request` is unique to this call.
    ///
    /// # Errors
    /// Why it has no answer; the event is to be delivered again.
    pub(crate) async fn invoke(
        &self,
        request: &str,
        event: Value,
        timeout: Duration,
    ) -> anyhow::Result<Value> {
        match self {
            Self::Outside(function) => Ok(function.invoke(request, &event, timeout).await?),
            Self::Here { parse, boot } => {
                let owner = Owner::local(boot, request);
                let invocation = Invocation::within(owner, Timestamp::now(), timeout);
                let parse = parse.clone();
                let work = async move { parse.handle_event(event, &invocation).await };
                // A task of its own: a panic ends it, and not the worker.
                let work =
                    tokio::spawn(work.instrument(telemetry::request_span(FUNCTION, request)));
                Ok(serde_json::to_value(work.await??)?)
            }
        }
    }
}
