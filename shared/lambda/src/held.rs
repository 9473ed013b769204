//! The function with its clients, as long as its secrets are what they were.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use lambda_runtime::Context;
use logmill_runtime::config::{Endpoints, Template};
use logmill_runtime::retry::Deadline;
use logmill_secrets::Secrets;
use tokio::sync::Mutex;

use crate::start::Fault;
use crate::{Function, Get, SECRET};

/// The longest that an invocation waits for secrets.
const PATIENCE: Duration = Duration::from_secs(15);

/// A function that works, or will once its secrets are known.
pub(crate) struct Held<F> {
    sdk: SdkConfig,
    kind: Kind<F>,
}

enum Kind<F> {
    Ready(Arc<F>),
    Waiting(Box<Waiting<F>>),
}

/// What is looked up with the first event.
struct Waiting<F> {
    templates: Vec<(&'static str, Template)>,
    secrets: Secrets,
    current: Mutex<Option<Current<F>>>,
}

/// The function as these values made it.
struct Current<F> {
    values: BTreeMap<&'static str, String>,
    function: Arc<F>,
}

impl<F: Function> Held<F> {
    /// One whose settings are all known.
    pub(crate) fn ready(config: &F::Config, sdk: SdkConfig) -> Result<Self, Fault> {
        let kind = Kind::Ready(Arc::new(F::connect(config, &sdk)?));
        Ok(Self { sdk, kind })
    }

    /// One with settings that refer to secrets.
    pub(crate) fn waiting(
        templates: Vec<(&'static str, Template)>,
        sdk: SdkConfig,
        get: Get<'_>,
    ) -> Result<Self, Fault> {
        let secrets = Secrets::new(sdk.clone(), Endpoints::read(get)?);
        let secrets = secrets.map_err(anyhow::Error::from)?;
        let waiting = Waiting { templates, secrets, current: Mutex::default() };
        Ok(Self { sdk, kind: Kind::Waiting(Box::new(waiting)) })
    }

    /// The function, with secrets that were looked up a little while ago at most.
    pub(crate) async fn get(&self, context: &Context) -> Result<Arc<F>, Fault> {
        let Waiting { templates, secrets, current } = match &self.kind {
            Kind::Ready(function) => return Ok(Arc::clone(function)),
            Kind::Waiting(waiting) => waiting.as_ref(),
        };
        let deadline = Deadline::after(left(context).min(PATIENCE));
        let values = secrets.fill(templates, deadline).await;
        let values = values.map_err(|error| Fault { kind: SECRET, message: error.to_string() })?;
        let mut current = current.lock().await;
        if let Some(current) = current.as_ref().filter(|current| current.values == values) {
            return Ok(Arc::clone(&current.function));
        }
        let get = |name: &str| values.get(name).cloned().or_else(|| std::env::var(name).ok());
        let function = Arc::new(F::connect(&F::read(&get)?, &self.sdk)?);
        *current = Some(Current { values, function: Arc::clone(&function) });
        Ok(function)
    }
}

/// The time that an invocation has left.
fn left(context: &Context) -> Duration {
    let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
    deadline.duration_since(SystemTime::now()).unwrap_or(PATIENCE)
}
