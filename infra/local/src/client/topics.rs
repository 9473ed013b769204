//! The topics of `logmill migrate`: those that are missing are made, and no other is changed.

use std::fmt;
use std::time::Duration;

use logmill_bus::{Connection, ErrorKind, Topic, Topics};
use logmill_runtime::config;

use crate::endpoints::{TOPICS, sdk};

/// What topics are made with.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct TopicArguments {
    /// How many partitions topics are made with
    #[arg(long, value_name = "N", default_value_t = 6)]
    #[arg(value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// How many brokers keep each message of topics that are made
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(i32).range(1..=100))]
    replication: i32,
    /// How many days topics that are made keep messages
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3650))]
    retention: u64,
}

/// The Kafka that the environment names.
pub(crate) struct Kafka(Topics);

/// The topics that are missing.
pub(crate) struct Missing(Vec<Topic>);

impl Kafka {
    /// None if none is named.
    pub(crate) fn configured() -> anyhow::Result<Option<Self>> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("KAFKA_BOOTSTRAP_SERVERS").or_else(|| variable("KAFKA_BROKERS")).is_none() {
            return Ok(None);
        }
        let connection = Connection::configured(&config::Kafka::read(variable)?, &sdk());
        Ok(Some(Self(Topics::connect(&connection)?)))
    }

    /// The topics that are missing.
    pub(crate) async fn plan(&self, arguments: &TopicArguments) -> anyhow::Result<Missing> {
        let mut missing = Vec::new();
        for name in TOPICS {
            if self.0.describe(name).await?.is_none() {
                missing.push(Topic {
                    name: name.to_owned(),
                    partitions: arguments.partitions,
                    replication: arguments.replication,
                    retention: Some(Duration::from_secs(arguments.retention * 24 * 3_600)),
                });
            }
        }
        Ok(Missing(missing))
    }

    /// Makes them; one that somebody else has made meanwhile is as good.
    pub(crate) async fn make(&self, missing: &Missing) -> anyhow::Result<()> {
        for topic in &missing.0 {
            match self.0.create(topic).await {
                Err(error) if error.kind() != ErrorKind::TopicExists => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Topics:")?;
        if self.0.is_empty() {
            return writeln!(f, "  nothing to do");
        }
        for Topic { name, partitions, replication, retention } in &self.0 {
            let days = retention.map_or(0, |retention| retention.as_secs() / 86_400);
            writeln!(
                f,
                "  make the topic {name}: {partitions} partitions, {replication} replicas, {days} days"
            )?;
        }
        Ok(())
    }
}
