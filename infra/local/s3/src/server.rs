//! The storage as a service: opened, served, asked for its events.

use crate::error::Error;
use crate::event::Event;
use crate::service::Service;
use crate::store::{Fault, Store};
use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use axum::serve::ListenerExt as _;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3ServiceBuilder;
use s3s::validation::{AwsNameValidation, NameValidation as _};
use s3s::{S3Result, s3_error};
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// S3 of the local cloud. Clones share the storage; one process at a time may hold it.
#[derive(Clone, Debug)]
pub struct LocalS3 {
    store: Arc<Store>,
    key_pair: KeyPair,
}

/// What the service may be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose signatures are accepted; anyone else gets 403.
    pub credentials: KeyPair,
}

/// An access key and its secret. They guard nothing but against a mistaken endpoint: the service is
/// for loopback. The default is `logmill` with `logmill-local`.
#[derive(Clone, Eq, PartialEq)]
pub struct KeyPair {
    /// What clients set as `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// What clients set as `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
}

impl Default for KeyPair {
    fn default() -> Self {
        Self { access_key: "logmill".to_owned(), secret_key: "logmill-local".to_owned() }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("KeyPair").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl S3Auth for KeyPair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            return Ok(self.secret_key.as_str().into());
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The AWS Access Key Id you provided does not exist in our records."
        ))
    }
}

impl LocalS3 {
    /// Opens the storage in a folder (`objects/…` and `s3.sqlite`), or makes it, and sweeps content
    /// that a killed process left without a row. This blocks, for a moment a million objects.
    ///
    /// # Errors
    /// If the folder cannot be written, or holds another format: [`crate::ErrorKind`].
    pub fn open(data_dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let store = Arc::new(Store::open(data_dir.as_ref())?);
        Ok(Self { store, key_pair: options.credentials })
    }

    /// Makes a bucket; `false` if it is there already.
    ///
    /// # Errors
    /// If the name is none for a bucket, or the storage fails.
    pub async fn create_bucket(&self, bucket: &str) -> Result<bool, Error> {
        if !AwsNameValidation::new().validate_bucket_name(bucket) {
            return Err(Error::BucketName { bucket: bucket.to_owned() });
        }
        let bucket = bucket.to_owned();
        Ok(self.store.change(move |change| change.create_bucket(&bucket)).await?)
    }

    /// The protocol, every path of it: at the root of an address of its own.
    pub fn router(&self) -> Router {
        let mut builder = S3ServiceBuilder::new(Service::new(Arc::clone(&self.store)));
        builder.set_auth(self.key_pair.clone());
        let service = HandleError::new(builder.build(), async |error: s3s::HttpError| {
            tracing::warn!(?error, "an S3 request could not be answered");
            StatusCode::INTERNAL_SERVER_ERROR
        });
        Router::new().fallback_service(service)
    }

    /// Serves the protocol until `stop` is done, then finishes what is under way. Without Nagle's
    /// delay, which costs 40 ms a request.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let serving = axum::serve(listener, self.router()).with_graceful_shutdown(stop);
        serving.await.map_err(Error::Serve)
    }

    /// The oldest events that are not acknowledged yet, in the order of the changes; empty if there
    /// are none. Asked again, it gives the same.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn next_events(&self, limit: usize) -> Result<Vec<Event>, Error> {
        Ok(self.store.change(move |change| change.events(limit)).await?)
    }

    /// Forgets the events up to and with this [`Event::sequence`], once they are safe elsewhere.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn acknowledge(&self, upto: u64) -> Result<(), Error> {
        Ok(self.store.change(move |change| change.acknowledge(upto)).await?)
    }

    /// The sequence of the latest event, which changes with each new one: `changed().await` misses
    /// none that came after this call. Events of before it are told by [`LocalS3::next_events`].
    #[must_use]
    pub fn notify(&self) -> watch::Receiver<u64> {
        self.store.latest.subscribe()
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => Self::Store(error),
            // The operations here answer with no error of the protocol.
            Fault::Answer(_) | Fault::Stopping => Self::Stopping,
        }
    }
}
