//! What librdkafka asks and tells: tokens, and errors of its connections.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;

use crate::iam;

/// The context of a client.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    iam: Option<SdkConfig>,
    runtime: Option<Handle>,
    /// What the connections suffer from, as long as nothing gets through.
    trouble: Arc<Mutex<Option<KafkaError>>>,
}

impl Context {
    pub(crate) fn new(iam: Option<&SdkConfig>) -> Self {
        Self { iam: iam.cloned(), runtime: Handle::try_current().ok(), trouble: Arc::default() }
    }

    /// The last trouble, which is then forgotten.
    pub(crate) fn take_trouble(&self) -> Option<KafkaError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "Kafka");
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // That no connection is left says less than why the last one was lost.
        let is_all_down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if !is_all_down || trouble.is_none() {
            *trouble = Some(error);
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn StdError>> {
        let (Some(config), Some(runtime)) = (&self.iam, &self.runtime) else {
            return Err("no credentials were given for Kafka".into());
        };
        // This may be one of the runtime's own threads, which must not wait for the runtime.
        let token =
            std::thread::scope(|scope| scope.spawn(|| runtime.block_on(iam::token(config))).join());
        Ok(token.map_err(|_| "the thread that signs tokens has died")??)
    }
}

impl ConsumerContext for Context {}
