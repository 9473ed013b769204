//! Secrets that settings refer to ([`Template`]), read from AWS Secrets Manager and the Parameter
//! Store of Systems Manager, and kept for a while.
//!
//! Two actions of two services, `GetSecretValue` and `GetParameter`, by their JSON protocol: their
//! SDKs would be most of what a function compiles (`infra/decisions/0012-start.md`).

mod error;
mod request;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use logmill_runtime::config::{Endpoints, SecretRef, SecretStore, Template};
use logmill_runtime::retry::{Backoff, Deadline, retry};
use serde_json::Value;
use tokio::sync::Mutex;

pub use error::{Error, ErrorKind};

/// How long a secret is used before it is looked up anew.
const KEPT: Duration = Duration::from_secs(300);
/// The longest that one request takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads secrets. Nothing is sent before the first one is wanted.
#[derive(Debug)]
pub struct Secrets {
    sdk: SdkConfig,
    endpoints: Endpoints,
    http: reqwest::Client,
    kept: Mutex<BTreeMap<(SecretStore, String), (Instant, String)>>,
}

impl Secrets {
    /// By the credentials and the region of `sdk`.
    ///
    /// # Errors
    /// There is no TLS on this machine.
    pub fn new(sdk: SdkConfig, endpoints: Endpoints) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        let http = http.map_err(|error| {
            Error::new(ErrorKind::Other, "secrets".to_owned(), format!("no HTTP client: {error}"))
        })?;
        Ok(Self { sdk, endpoints, http, kept: Mutex::default() })
    }

    /// The values of settings, with each secret in its place; what was read less than five minutes
    /// ago is not read again.
    ///
    /// # Errors
    /// A secret that cannot be read, with what to do.
    pub async fn fill(
        &self,
        templates: &[(&'static str, Template)],
        deadline: Deadline,
    ) -> Result<BTreeMap<&'static str, String>, Error> {
        let mut kept = self.kept.lock().await;
        for reference in templates.iter().flat_map(|(_, template)| template.references()) {
            let place = (reference.store, reference.name.clone());
            if kept.get(&place).is_some_and(|(at, _)| at.elapsed() < KEPT) {
                continue;
            }
            let backoff = Backoff::default();
            let read = retry(&backoff, deadline, || self.read(reference)).await?;
            kept.insert(place, (Instant::now(), read));
        }
        let value = |reference: &SecretRef| {
            let found = kept.get(&(reference.store, reference.name.clone()));
            part(reference, found.map(|(_, text)| text.as_str()).unwrap_or_default())
        };
        templates.iter().map(|(name, template)| Ok((*name, template.fill(value)?))).collect()
    }
}

/// The value that is meant: the secret itself, or that of its key.
fn part(reference: &SecretRef, text: &str) -> Result<String, Error> {
    let Some(key) = &reference.key else { return Ok(text.to_owned()) };
    let wrong = |reason: &str| {
        Error::new(ErrorKind::Shape, error::subject(reference), format!("{reason} `{key}`"))
    };
    let object: Value =
        serde_json::from_str(text).map_err(|_| wrong("it is no JSON object, which could hold"))?;
    match &object[key.as_str()] {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong("it holds no text or number under")),
    }
}
