//! The operations on messages.

use super::fault::Fault;
use super::shapes::{
    Batch, Done, Entry, Failed, Messages, Nothing, Receipt, Receive, Received, Results, SentEntry,
};
use super::{ACCOUNT, Sqs};
use crate::message::{Attribute, Message, NewMessage};
use md5::{Digest as _, Md5};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

/// The bytes that a message, or a batch of them, may have.
pub(super) const LIMIT: usize = 1024 * 1024;

/// A message for a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: String,
    #[serde(flatten)]
    entry: Entry,
}

/// A receipt of a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfReceipt {
    queue_url: String,
    #[serde(flatten)]
    receipt: Receipt,
}

impl Sqs {
    pub(super) async fn send_message(&self, request: SendMessage) -> Result<SentEntry, Fault> {
        let queue = self.name(&request.queue_url)?;
        let mut sent = self.send(queue, vec![request.entry]).await?;
        sent.pop().ok_or_else(Fault::empty_batch)
    }

    pub(super) async fn send_message_batch(
        &self,
        request: Batch<Entry>,
    ) -> Result<Results<SentEntry>, Fault> {
        let queue = self.name(&request.queue_url)?;
        check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
        if request.entries.iter().map(|entry| entry.message_body.len()).sum::<usize>() > LIMIT {
            return Err(Fault::large_batch());
        }
        let mut results = Results { successful: Vec::new(), failed: Vec::new() };
        let mut good = Vec::new();
        for entry in request.entries {
            match check_entry(&entry) {
                Ok(()) => good.push(entry),
                Err(fault) => results.failed.push(failed(entry.id, fault)),
            }
        }
        if !good.is_empty() {
            results.successful = self.send(queue, good).await?;
        }
        Ok(results)
    }

    async fn send(&self, queue: &str, entries: Vec<Entry>) -> Result<Vec<SentEntry>, Fault> {
        let (mut said, mut messages) = (Vec::new(), Vec::new());
        for entry in entries {
            check_entry(&entry)?;
            said.push((
                entry.id,
                md5_of(entry.message_body.as_bytes()),
                md5_of_attributes(&entry.message_attributes),
            ));
            messages.push(NewMessage {
                body: entry.message_body,
                delay: entry.delay_seconds.map(Duration::from_secs),
                attributes: entry.message_attributes,
            });
        }
        let sent = self.queue.send_all(queue, messages).await?;
        let entries = said.into_iter().zip(sent).map(|((id, body, attributes), sent)| SentEntry {
            id,
            message_id: message_id(sent.id),
            md5_of_body: body,
            md5_of_attributes: attributes,
        });
        Ok(entries.collect())
    }

    pub(super) async fn receive_message(&self, request: Receive) -> Result<Messages, Fault> {
        let queue = self.name(&request.queue_url)?;
        let most = request.max_number_of_messages.unwrap_or(1);
        let most = match usize::try_from(most) {
            Ok(most @ 1..=10) => most,
            _ => {
                let text = "Reason: Must be between 1 and 10, if provided.";
                return Err(Fault::invalid(format!(
                    "Value {most} for parameter MaxNumberOfMessages is invalid. {text}"
                )));
            }
        };
        let wait = match request.wait_time_seconds {
            Some(wait @ 0..=20) => Duration::from_secs(wait),
            Some(wait) => {
                let text = "Reason: Must be >= 0 and <= 20, if provided.";
                return Err(Fault::invalid(format!(
                    "Value {wait} for parameter WaitTimeSeconds is invalid. {text}"
                )));
            }
            None => self.queue.settings(queue).await?.wait,
        };
        let visibility = request.visibility_timeout.map(Duration::from_secs);
        let messages = self.queue.receive_wait(queue, most, visibility, wait).await?;
        let messages = messages.into_iter().map(|message| received(message, &request));
        Ok(Messages { messages: messages.collect() })
    }

    pub(super) async fn delete_message(&self, request: OfReceipt) -> Result<Nothing, Fault> {
        let queue = self.name(&request.queue_url)?;
        // A void receipt is success that deletes nothing, as SQS documents it.
        self.queue.delete(queue, &request.receipt.receipt_handle).await?;
        Ok(Nothing {})
    }

    pub(super) async fn delete_message_batch(
        &self,
        request: Batch<Receipt>,
    ) -> Result<Results<Done>, Fault> {
        let queue = self.name(&request.queue_url)?;
        self.queue.settings(queue).await?;
        check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
        let mut results = Results { successful: Vec::new(), failed: Vec::new() };
        for entry in request.entries {
            let done = self.queue.delete(queue, &entry.receipt_handle).await;
            results.add(entry.id, done.map(drop));
        }
        Ok(results)
    }

    pub(super) async fn change_visibility(&self, request: OfReceipt) -> Result<Nothing, Fault> {
        let queue = self.name(&request.queue_url)?;
        let delay = new_visibility(&request.receipt)?;
        self.queue.release(queue, &request.receipt.receipt_handle, delay).await?;
        Ok(Nothing {})
    }

    pub(super) async fn change_visibility_batch(
        &self,
        request: Batch<Receipt>,
    ) -> Result<Results<Done>, Fault> {
        let queue = self.name(&request.queue_url)?;
        self.queue.settings(queue).await?;
        check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
        let mut results = Results { successful: Vec::new(), failed: Vec::new() };
        for entry in request.entries {
            match new_visibility(&entry) {
                Ok(delay) => {
                    let done = self.queue.release(queue, &entry.receipt_handle, delay).await;
                    results.add(entry.id, done);
                }
                Err(fault) => results.failed.push(failed(entry.id, fault)),
            }
        }
        Ok(results)
    }
}

impl Results<Done> {
    fn add(&mut self, id: String, done: Result<(), crate::Error>) {
        match done {
            Ok(()) => self.successful.push(Done { id }),
            Err(error) => self.failed.push(failed(id, error.into())),
        }
    }
}

fn failed(id: String, fault: Fault) -> Failed {
    Failed { id, sender_fault: fault.is_sender(), code: fault.code, message: fault.message }
}

fn new_visibility(receipt: &Receipt) -> Result<Duration, Fault> {
    let seconds = receipt.visibility_timeout.ok_or_else(|| {
        Fault::invalid("The request must contain the parameter VisibilityTimeout.".to_owned())
    })?;
    Ok(Duration::from_secs(seconds))
}

/// Whether a batch has 1 to 10 entries with ids that are legal and differ.
fn check_batch<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Fault> {
    let count = ids.len();
    if count == 0 {
        return Err(Fault::empty_batch());
    }
    if count > 10 {
        return Err(Fault::long_batch(count));
    }
    let mut seen = HashSet::new();
    for id in ids {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=80).contains(&id.len()) || !id.bytes().all(legal) {
            return Err(Fault::bad_id(id));
        }
        if !seen.insert(id) {
            return Err(Fault::double_id(id));
        }
    }
    Ok(())
}

fn check_entry(entry: &Entry) -> Result<(), Fault> {
    if entry.message_body.is_empty() {
        return Err(Fault::invalid(
            "The request must contain the parameter MessageBody.".to_owned(),
        ));
    }
    if entry.message_body.len() > LIMIT {
        return Err(Fault::invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {LIMIT} bytes."
        )));
    }
    match entry.delay_seconds {
        Some(delay) if delay > 900 => Err(Fault::invalid(format!(
            "Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 \
             and <= 900."
        ))),
        _ => Ok(()),
    }
}

fn received(message: Message, request: &Receive) -> Received {
    let system = request.attribute_names.iter().chain(&request.message_system_attribute_names);
    let system: HashSet<&str> = system.map(String::as_str).collect();
    let mut attributes = BTreeMap::from([
        ("ApproximateReceiveCount", message.receives.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received_ms.to_string()),
        ("SentTimestamp", message.sent_ms.to_string()),
        ("SenderId", ACCOUNT.to_owned()),
    ]);
    attributes.retain(|name, _| system.contains("All") || system.contains(name));
    let mut users = message.attributes;
    users.retain(|name, _| {
        request.message_attribute_names.iter().any(|wanted| {
            matches!(wanted.as_str(), "All" | ".*")
                || wanted == name
                || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
        })
    });
    Received {
        message_id: message_id(message.id),
        receipt_handle: message.receipt,
        md5_of_body: md5_of(message.body.as_bytes()),
        body: message.body,
        attributes,
        md5_of_attributes: md5_of_attributes(&users),
        message_attributes: users,
    }
}

/// A message's id in the form that SQS' have.
fn message_id(id: i64) -> String {
    format!("00000000-0000-4000-8000-{id:012x}")
}

fn md5_of(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As the SQS developer guide says under "Calculating the MD5 message digest for message
/// attributes": by name, each of name, type and value with its length before it.
fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut text = Vec::new();
    for (name, attribute) in attributes {
        // A binary value would have to be decoded; without a digest SDKs check none.
        let value = attribute.string_value.as_ref()?;
        push(&mut text, name);
        push(&mut text, &attribute.data_type);
        // 1 says that the value is text.
        text.push(1);
        push(&mut text, value);
    }
    Some(md5_of(&text))
}

fn push(text: &mut Vec<u8>, part: &str) {
    text.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    text.extend_from_slice(part.as_bytes());
}
