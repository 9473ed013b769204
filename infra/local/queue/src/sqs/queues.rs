//! The operations on queues.

use super::fault::Fault;
use super::shapes::{Nothing, OfQueue};
use super::{ACCOUNT, Sqs};
use crate::settings::{Redrive, Settings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the ARNs of the queues begin with.
const ARN: &str = "arn:aws:sqs:us-east-1";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    queue_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrls {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

impl Sqs {
    pub(super) async fn create_queue(&self, request: CreateQueue) -> Result<QueueUrl, Fault> {
        let settings = apply(Settings::default(), &request.attributes)?;
        let queue = &request.queue_name;
        // Asked for without attributes, the queue that is there will do.
        if !request.attributes.is_empty() || self.queue.settings(queue).await.is_err() {
            self.queue.create(queue, settings).await?;
        }
        Ok(QueueUrl { queue_url: self.url(queue) })
    }

    pub(super) async fn get_queue_url(&self, request: GetQueueUrl) -> Result<QueueUrl, Fault> {
        self.queue.settings(&request.queue_name).await?;
        Ok(QueueUrl { queue_url: self.url(&request.queue_name) })
    }

    pub(super) async fn list_queues(&self, request: ListQueues) -> Result<QueueUrls, Fault> {
        let names = self.queue.names(&request.queue_name_prefix).await?;
        Ok(QueueUrls { queue_urls: names.iter().map(|name| self.url(name)).collect() })
    }

    pub(super) async fn delete_queue(&self, request: OfQueue) -> Result<Nothing, Fault> {
        self.queue.remove(self.name(&request.queue_url)?).await?;
        Ok(Nothing {})
    }

    pub(super) async fn purge_queue(&self, request: OfQueue) -> Result<Nothing, Fault> {
        self.queue.purge(self.name(&request.queue_url)?).await?;
        Ok(Nothing {})
    }

    pub(super) async fn set_queue_attributes(
        &self,
        request: SetAttributes,
    ) -> Result<Nothing, Fault> {
        let queue = self.name(&request.queue_url)?;
        let settings = apply(self.queue.settings(queue).await?, &request.attributes)?;
        self.queue.configure(queue, settings).await?;
        Ok(Nothing {})
    }

    pub(super) async fn get_queue_attributes(
        &self,
        request: GetAttributes,
    ) -> Result<Attributes, Fault> {
        let queue = self.name(&request.queue_url)?;
        let row = self.queue.row(queue).await?;
        let counts = self.queue.counts(queue).await?;
        let settings = &row.settings;
        let mut all = BTreeMap::from([
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("CreatedTimestamp", (row.created_ms / 1000).to_string()),
            ("LastModifiedTimestamp", (row.changed_ms / 1000).to_string()),
            ("VisibilityTimeout", settings.visibility.as_secs().to_string()),
            ("DelaySeconds", settings.delay.as_secs().to_string()),
            ("MessageRetentionPeriod", settings.retention.as_secs().to_string()),
            ("ReceiveMessageWaitTimeSeconds", settings.wait.as_secs().to_string()),
            ("MaximumMessageSize", super::messages::LIMIT.to_string()),
            ("QueueArn", format!("{ARN}:{ACCOUNT}:{queue}")),
        ]);
        if let Some(redrive) = &settings.redrive {
            let policy = json!({
                "deadLetterTargetArn": format!("{ARN}:{ACCOUNT}:{}", redrive.queue),
                "maxReceiveCount": redrive.max_receives,
            });
            all.insert("RedrivePolicy", policy.to_string());
        }
        let wanted = &request.attribute_names;
        if let Some(unknown) = wanted.iter().find(|name| {
            *name != "All" && *name != "RedrivePolicy" && !all.contains_key(name.as_str())
        }) {
            return Err(Fault::attribute_name(unknown));
        }
        let every = wanted.iter().any(|name| name == "All");
        let attributes = all
            .into_iter()
            .filter(|(name, _)| every || wanted.iter().any(|wanted| wanted == name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Ok(Attributes { attributes })
    }
}

/// Settings with the given attributes instead.
fn apply(mut settings: Settings, attributes: &BTreeMap<String, String>) -> Result<Settings, Fault> {
    for (name, value) in attributes {
        let seconds = || {
            let number = value.parse().map_err(|_| Fault::attribute_value(name, value))?;
            Ok::<_, Fault>(Duration::from_secs(number))
        };
        match name.as_str() {
            "VisibilityTimeout" => settings.visibility = seconds()?,
            "DelaySeconds" => settings.delay = seconds()?,
            "MessageRetentionPeriod" => settings.retention = seconds()?,
            "ReceiveMessageWaitTimeSeconds" => settings.wait = seconds()?,
            "RedrivePolicy" => settings.redrive = redrive(value)?,
            // What a local queue has no use for.
            "MaximumMessageSize" | "Policy" | "RedriveAllowPolicy" | "SqsManagedSseEnabled" => {}
            other => return Err(Fault::attribute_name(other)),
        }
    }
    settings.check().map_err(|error| Fault::invalid(error.to_string()))?;
    Ok(settings)
}

/// The policy's text; an empty one ends the redrive.
fn redrive(policy: &str) -> Result<Option<Redrive>, Fault> {
    if policy.is_empty() {
        return Ok(None);
    }
    let bad = || Fault::attribute_value("RedrivePolicy", policy);
    let read: Value = serde_json::from_str(policy).map_err(|_| bad())?;
    let arn = read["deadLetterTargetArn"].as_str().ok_or_else(bad)?;
    let queue = arn.rsplit(':').next().ok_or_else(bad)?.to_owned();
    // Consoles and templates write it as a number or as a text.
    let max = match &read["maxReceiveCount"] {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    Ok(Some(Redrive { queue, max_receives: max.ok_or_else(bad)? }))
}
