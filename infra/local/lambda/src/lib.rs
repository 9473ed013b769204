//! Lambda of the local cloud: invokes a function outside this process, either one that an emulator
//! serves at an address (`cargo lambda watch`), or an executable, which is fed by the Lambda Runtime
//! API as in AWS: one environment, one process, one invocation at a time.
//!
//! ```
//! use std::time::Duration;
//! use logmill_local_lambda::{Function, InvokeError};
//!
//! # async fn demo(path: std::path::PathBuf) -> Result<(), InvokeError> {
//! let function = Function::executable("parse", path, Vec::new());
//! let event = serde_json::json!({ "Records": [] });
//! let answer = function.invoke("request-1", &event, Duration::from_secs(900)).await?;
//! # let _ = answer;
//! # Ok(())
//! # }
//! ```

mod environment;
mod runtime_api;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use environment::Environment;
use served::Served;

/// A function that can be invoked.
#[derive(Debug)]
pub struct Function(Kind);

#[derive(Debug)]
enum Kind {
    Served(Served),
    Executable(Box<Environment>),
}

/// Why an invocation has no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The function answered with an error.
    #[error("the function failed: {kind}: {message}")]
    Failed {
        /// The error's type, as the function names it.
        kind: String,
        /// What it says.
        message: String,
    },
    /// There was no answer in time; an executable is killed then.
    #[error("the function did not answer within {0:?}")]
    TimedOut(Duration),
    /// The executable ended in the middle of the invocation, or before it asked for one.
    #[error("the function's process ended ({0}) without an answer")]
    Died(String),
    /// The executable cannot be started.
    #[error("{path} cannot be started: {reason}")]
    NotStarted {
        /// The executable.
        path: String,
        /// Why.
        reason: String,
    },
    /// Nobody serves the function at its address.
    #[error("no function answers at {url}: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What was seen.
        reason: String,
    },
    /// The answer is no JSON.
    #[error("the function's answer is no JSON: {0}")]
    Answer(String),
}

impl Function {
    /// A function that is served at this address, `http://127.0.0.1:9000` for example, by the path
    /// of Lambda's own Invoke.
    #[must_use]
    pub fn at(name: &str, url: &str) -> Self {
        Self(Kind::Served(Served::new(name, url)))
    }

    /// One environment of a function that is an executable, as it is deployed. Its process is
    /// started by the first invocation, with `variables` beside this process's own, and started
    /// anew after it has ended. It is killed when the function is dropped.
    #[must_use]
    pub fn executable(name: &str, path: PathBuf, variables: Vec<(String, String)>) -> Self {
        Self(Kind::Executable(Box::new(Environment::new(name, path, variables))))
    }

    /// The process that runs it now: none before the first invocation, after it has ended, or where
    /// the function is served at an address.
    pub async fn process_id(&self) -> Option<u32> {
        match &self.0 {
            Kind::Served(_) => None,
            Kind::Executable(environment) => environment.process_id().await,
        }
    }

    /// Invokes it, waiting for an invocation before this one to end.
    ///
    /// # Errors
    /// [`InvokeError`]; whether the function did its work is not known then.
    pub async fn invoke(
        &self,
        request_id: &str,
        event: &Value,
        timeout: Duration,
    ) -> Result<Value, InvokeError> {
        match &self.0 {
            Kind::Served(served) => served.invoke(event, timeout).await,
            Kind::Executable(environment) => environment.invoke(request_id, event, timeout).await,
        }
    }
}

/// What a function says of its failure, in the shape that Lambda gives it.
fn failed(body: &[u8]) -> InvokeError {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Diagnostic {
        #[serde(default)]
        error_type: String,
        #[serde(default)]
        error_message: String,
    }
    match serde_json::from_slice::<Diagnostic>(body) {
        Ok(it) => InvokeError::Failed { kind: it.error_type, message: it.error_message },
        Err(_) => InvokeError::Failed {
            kind: "unknown".to_owned(),
            message: String::from_utf8_lossy(body).into_owned(),
        },
    }
}

/// An answer as JSON; none at all is null.
fn answer(body: &[u8]) -> Result<Value, InvokeError> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| InvokeError::Answer(error.to_string()))
}
