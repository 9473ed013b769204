//! The client: its calls, each tried again while it fails in passing.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::BehaviorVersion;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use logmill_model::{Timestamp, id};
use logmill_runtime::retry::{Backoff, Deadline, retry};
use logmill_runtime::telemetry::names;

use crate::error::{Action, Error, ErrorKind};

/// How long a call may take in all where no deadline is set.
const USUAL: Duration = Duration::from_secs(120);
/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(60);

/// What is known of an object without reading it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// Which version it is, by content; without quotes.
    pub etag: String,
    /// Its size in bytes, as stored.
    pub size: u64,
    /// When it was put.
    pub last_modified: Timestamp,
    /// The user's metadata, names in lower case, values decoded.
    pub user_metadata: BTreeMap<String, String>,
    /// Its version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// The objects of an S3 endpoint. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Objects {
    pub(crate) client: Client,
    backoff: Backoff,
    deadline: Option<Deadline>,
}

impl Objects {
    /// The objects that `client` reaches. It should have its own retries switched off, or failures
    /// are retried by both; [`Self::connect`] does so.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, backoff: Backoff::default(), deadline: None }
    }

    /// The objects of the endpoint that the configuration names: AWS' own, or that of
    /// `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, whose buckets are then named in the path.
    #[must_use]
    pub fn connect(config: &SdkConfig) -> Self {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let of_service = config
            .service_config()
            .zip(key.ok())
            .and_then(|(service, key)| service.load_config(key));
        let elsewhere = config.endpoint_url().is_some() || of_service.is_some();
        let builder = aws_sdk_s3::config::Builder::from(config);
        Self::build(config, builder.force_path_style(elsewhere))
    }

    /// The objects of the endpoint at this address, whatever the configuration names; buckets are
    /// named in the path.
    #[must_use]
    pub fn connect_to(config: &SdkConfig, endpoint: &str) -> Self {
        let builder = aws_sdk_s3::config::Builder::from(config);
        Self::build(config, builder.endpoint_url(endpoint).force_path_style(true))
    }

    fn build(config: &SdkConfig, mut builder: aws_sdk_s3::config::Builder) -> Self {
        // A configuration made by hand may name none, with which the SDK refuses to start.
        let behaviour = config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
        builder.set_behavior_version(Some(behaviour));
        let builder = builder.retry_config(RetryConfig::disabled());
        Self::new(Client::from_conf(builder.build()))
    }

    /// The same objects, for calls that must have ended by `deadline`, pauses and retries included.
    #[must_use]
    pub fn within(&self, deadline: Deadline) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// The same objects with another patience.
    #[must_use]
    pub fn with_backoff(&self, backoff: Backoff) -> Self {
        Self { backoff, ..self.clone() }
    }

    /// What is known of an object without reading it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] and the passing ones.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<Head, Error> {
        let action = Action::Head;
        let found = self
            .call(action, bucket, key, || self.client.head_object().bucket(bucket).key(key).send())
            .await?;
        Ok(Head {
            etag: unquoted(found.e_tag()),
            size: u64::try_from(found.content_length().unwrap_or_default()).unwrap_or_default(),
            last_modified: timestamp(found.last_modified()),
            user_metadata: decoded(found.metadata()),
            version_id: found.version_id().map(str::to_owned),
        })
    }

    /// Deletes an object; in a bucket that keeps versions, marks it deleted. It is no error if it
    /// is not there.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the bucket is missing, and the passing ones.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), Error> {
        self.call(Action::Delete, bucket, key, || {
            self.client.delete_object().bucket(bucket).key(key).send()
        })
        .await
        .map(drop)
    }

    /// Makes a bucket in the client's region. It is no error if it is there and one's own.
    ///
    /// # Errors
    /// [`ErrorKind::Other`] if the name belongs to somebody else or is none; the passing ones.
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), Error> {
        let region = self.client.config().region().map(|region| region.as_ref().to_owned());
        // us-east-1 is the one region that may not be named.
        let place = region.filter(|region| region != "us-east-1").map(|region| {
            let region = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let made = self
            .call(Action::CreateBucket, bucket, "", || {
                let request = self.client.create_bucket().bucket(bucket);
                request.set_create_bucket_configuration(place.clone()).send()
            })
            .await;
        match made {
            Err(error) if error.to_string().contains("BucketAlreadyOwnedByYou") => Ok(()),
            other => other.map(drop),
        }
    }

    /// The moment by which a call that begins now must have ended.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline.unwrap_or_else(|| Deadline::after(USUAL))
    }

    pub(crate) const fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// Sends a request, again while it fails in passing.
    pub(crate) async fn call<T, E, F>(
        &self,
        action: Action,
        bucket: &str,
        key: &str,
        send: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let deadline = self.deadline();
        retry(&self.backoff, deadline, || async {
            let sent = answered(deadline, action, bucket, key, send()).await;
            let result = sent.and_then(|answer| {
                answer.map_err(|error| Error::from_sdk(action, bucket, key, error))
            });
            count(action, result.as_ref().err().map(Error::kind));
            result
        })
        .await
    }
}

/// Waits for an answer, no longer than till the deadline.
pub(crate) async fn answered<T>(
    deadline: Deadline,
    action: Action,
    bucket: &str,
    key: &str,
    answer: impl Future<Output = T>,
) -> Result<T, Error> {
    let patience = deadline.remaining().min(ANSWER);
    tokio::time::timeout(patience, answer).await.map_err(|_| {
        let reason = format!("no answer within {:.1} s", patience.as_secs_f64());
        Error::new(ErrorKind::Unavailable, action, bucket, key, reason)
    })
}

fn count(action: Action, error: Option<ErrorKind>) {
    let result = match error {
        None => "ok",
        Some(ErrorKind::NotFound) => "not_found",
        Some(ErrorKind::Changed) => "changed",
        Some(ErrorKind::Denied) => "denied",
        Some(ErrorKind::Throttled) => "throttled",
        Some(ErrorKind::Unavailable) => "unavailable",
        Some(ErrorKind::Other) => "other",
    };
    let labels = [("operation", action.name()), ("result", result)];
    metrics::counter!(names::OBJECT_REQUESTS, &labels).increment(1);
}

/// An `ETag` without its quotes.
pub(crate) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// An `ETag` as requests spell it.
pub(crate) fn quoted(etag: &str) -> String {
    if etag == "*" { etag.to_owned() } else { format!("\"{}\"", etag.trim_matches('"')) }
}

/// A time as the SDK has it; 1970 where it has none, which no S3 does.
pub(crate) fn timestamp(time: Option<&DateTime>) -> Timestamp {
    time.and_then(|time| {
        let nanos = i32::try_from(time.subsec_nanos()).ok()?;
        Timestamp::new(time.secs(), nanos).ok()
    })
    .unwrap_or_default()
}

/// User metadata as people wrote it.
pub(crate) fn decoded<'m>(
    metadata: Option<impl IntoIterator<Item = (&'m String, &'m String)>>,
) -> BTreeMap<String, String> {
    metadata
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), id::decode(value)))
        .collect()
}
