//! Topics: made, and looked at.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::KafkaError;

use crate::connection::Connection;
use crate::context::Context;
use crate::error::{Error, ErrorKind};

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it is waited before a topic is looked for again.
const PAUSE: Duration = Duration::from_millis(20);

/// What a topic is made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many brokers keep each message.
    pub replication: i32,
    /// How long messages are kept; none: for ever.
    pub retention: Option<Duration>,
}

/// The topics of a cluster.
pub struct Topics {
    admin: AdminClient<Context>,
    context: Context,
}

impl std::fmt::Debug for Topics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topics").finish_non_exhaustive()
    }
}

impl Topics {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// If a setting is wrong.
    pub fn connect(connection: &Connection) -> Result<Self, Error> {
        let context = Context::new(connection.iam());
        let admin = connection.config().create_with_context(context.clone());
        let admin = admin.map_err(|error| Error::of("the client cannot be made", &error, None))?;
        Ok(Self { admin, context })
    }

    /// Makes a topic, and waits until it can be seen: brokers hear of it one after the other.
    ///
    /// # Errors
    /// [`ErrorKind::TopicExists`] if it is there; if it must not be made so, or no broker answers.
    pub async fn create(&self, topic: &Topic) -> Result<(), Error> {
        let what = format!("the topic `{}` cannot be made", topic.name);
        let retention = topic.retention.map_or_else(
            || "-1".to_owned(),
            |retention| retention.as_millis().min(i64::MAX as u128).to_string(),
        );
        let replication = TopicReplication::Fixed(topic.replication);
        let new = NewTopic::new(&topic.name, topic.partitions, replication);
        let new = new.set("retention.ms", &retention);
        let made = self.admin.create_topics([&new], &options()).await;
        let made = made.map_err(|error| self.error(&what, &error))?;
        one(&what, made)?.map_err(|(_, code)| Error::of_code(&what, Some(code), &code))?;
        let since = Instant::now();
        while self.layout(&topic.name, &what)?.0 < topic.partitions {
            if since.elapsed() > PATIENCE {
                let why = format!("{what}: it was made, and cannot be seen yet");
                return Err(Error::new(ErrorKind::Unavailable, why));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// A topic as it is; none if it is missing.
    ///
    /// # Errors
    /// If no broker answers, or it must not be seen.
    pub async fn describe(&self, name: &str) -> Result<Option<Topic>, Error> {
        let what = format!("the topic `{name}` cannot be described");
        // The library says of a topic that is missing only that it has no settings.
        let (partitions, replication) = self.layout(name, &what)?;
        if partitions == 0 {
            return Ok(None);
        }
        let configs =
            self.admin.describe_configs([&ResourceSpecifier::Topic(name)], &options()).await;
        let configs = configs.map_err(|error| self.error(&what, &error))?;
        let config = one(&what, configs)?;
        let config = config.map_err(|code| Error::of_code(&what, Some(code), &code))?;
        let retention = config.get("retention.ms").and_then(|entry| entry.value.as_deref());
        let retention = retention.and_then(|value| value.parse::<u64>().ok());
        Ok(Some(Topic {
            name: name.to_owned(),
            partitions,
            replication,
            retention: retention.map(Duration::from_millis),
        }))
    }

    /// How many partitions, and how many replicas of each.
    fn layout(&self, name: &str, what: &str) -> Result<(i32, i32), Error> {
        // The library has no other way to ask than one that blocks.
        let metadata =
            tokio::task::block_in_place(|| self.admin.inner().fetch_metadata(Some(name), PATIENCE));
        let metadata = metadata.map_err(|error| self.error(what, &error))?;
        let partitions =
            metadata.topics().first().map(rdkafka::metadata::MetadataTopic::partitions);
        let partitions = partitions.unwrap_or_default();
        let replicas = partitions.first().map_or(0, |partition| partition.replicas().len());
        let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Ok((number(partitions.len()), number(replicas)))
    }

    fn error(&self, what: &str, error: &KafkaError) -> Error {
        Error::of(what, error, self.context.take_trouble().as_ref())
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// The answer to the one thing that was asked.
fn one<T>(what: &str, answers: Vec<T>) -> Result<T, Error> {
    let mut answers = answers.into_iter();
    answers.next().ok_or_else(|| Error::new(ErrorKind::Other, format!("{what}: no answer came")))
}
