//! Writing: a bulk sent in one request and answered item by item.

use std::time::Instant;

use bytes::Bytes;
use logmill_runtime::retry::Deadline;
use serde::Deserialize;

use crate::client::Request;
use crate::{Bulk, Documents, Error, ErrorKind, pace};

/// A document that the engine will never take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// The status of its item, 400 for example.
    pub status: u16,
    /// What the engine said: the error's type and reason.
    pub reason: String,
    /// The document's two lines of the bulk request: index and id, then the body.
    pub item: Vec<u8>,
    /// By what it is known to whoever added it; 0 where it was not said.
    pub tag: usize,
}

/// What became of a bulk.
#[derive(Clone, Debug, Default)]
#[must_use = "rejected documents belong to the dead letters"]
pub struct Written {
    /// Documents that the engine holds now.
    pub written: usize,
    /// Documents that it will never take.
    pub rejected: Vec<Rejected>,
    /// How many requests it took.
    pub requests: u32,
}

#[derive(Deserialize)]
struct Answer {
    errors: bool,
    items: Vec<AnswerItem>,
}

#[derive(Deserialize)]
struct AnswerItem {
    index: ItemResult,
}

#[derive(Deserialize)]
struct ItemResult {
    status: u16,
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct ItemError {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    caused_by: Option<Box<ItemError>>,
}

impl ItemResult {
    fn is_retryable(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
            || self.error.as_ref().is_some_and(|error| error.name.contains("rejected_execution"))
    }

    fn reason(&self) -> String {
        let mut text = String::new();
        let mut error = self.error.as_ref();
        while let Some(one) = error {
            let between = if text.is_empty() { "" } else { ", by " };
            text.push_str(&format!(
                "{between}{}: {}",
                one.name,
                one.reason.as_deref().unwrap_or("")
            ));
            error = one.caused_by.as_deref();
        }
        text
    }
}

/// What one request came to.
enum Sent {
    /// Every item is written or refused.
    All,
    /// These items are worth another try after a pause, for this reason.
    Again(Vec<Bulk>, Error),
    /// The engine takes no request of this length.
    Halves([Bulk; 2]),
}

impl Documents {
    /// Writes a bulk. Items that were throttled are sent again, with pauses, inside the deadline;
    /// every item is written under its computed id, so a repeat writes nothing twice. A bulk that is
    /// too much for the engine is sent in halves; a document that is so alone is rejected.
    ///
    /// # Errors
    /// Where the engine took not all of the retryable items in time; then the whole bulk may be
    /// written again. The error is retryable unless the engine refuses the request as such.
    pub async fn write(&self, bulk: Bulk, deadline: Deadline) -> Result<Written, Error> {
        let mut done = Written::default();
        let mut waiting = vec![bulk];
        let mut failed = 0;
        while let Some(bulk) = waiting.pop().filter(|bulk| !bulk.is_empty()) {
            match self.send_bulk(bulk, &mut done, deadline).await? {
                Sent::All => failed = 0,
                Sent::Halves([first, second]) => waiting.extend([second, first]),
                Sent::Again(rest, error) => {
                    failed += 1;
                    self.pause(failed, error, deadline).await?;
                    waiting.extend(rest.into_iter().rev());
                }
            }
        }
        Ok(done)
    }

    async fn send_bulk(
        &self,
        mut bulk: Bulk,
        done: &mut Written,
        deadline: Deadline,
    ) -> Result<Sent, Error> {
        let post = || Request::post("writing documents", "/_bulk");
        let bytes = bulk.bytes();
        let request = post().ndjson(Bytes::from(std::mem::take(&mut bulk.body)));
        done.requests += 1;
        let started = Instant::now();
        let answer = self.send_once(&request, deadline).await;
        bulk.body = request.into_body();
        match answer {
            Ok(answer) => {
                self.pace.answered(bytes, started.elapsed());
                let (again, reason) = sort_out(&bulk, &answer, done)
                    .map_err(|detail| post().fault(ErrorKind::Answer, detail))?;
                if again.is_empty() {
                    return Ok(Sent::All);
                }
                let detail = format!("{} documents were put off, the first: {reason}", again.len());
                let error = post().fault(ErrorKind::of_throttling(&reason), detail);
                Ok(Sent::Again(vec![bulk.only(&again)], error))
            }
            Err(error) if error.kind == ErrorKind::TooLarge => {
                self.pace.too_large(bytes);
                if bulk.len() > 1 {
                    return Ok(Sent::Halves(bulk.halves()));
                }
                let item = bulk.item(0).to_vec();
                let (status, tag) = (413, bulk.tag(0));
                done.rejected.push(Rejected { status, reason: error.detail, item, tag });
                Ok(Sent::All)
            }
            Err(error) => {
                if error.kind == ErrorKind::Throttled {
                    self.pace.too_large(bytes);
                    // A part of its memory is all that OpenSearch takes at once, however idle it is.
                    if bulk.len() > 1 && bytes > pace::LEAST {
                        return Ok(Sent::Again(bulk.halves().into(), error));
                    }
                }
                Ok(Sent::Again(vec![bulk], error))
            }
        }
    }
}

/// Counts what was written, keeps what was rejected, and returns the items to send again with the
/// reason of the first.
fn sort_out(
    bulk: &Bulk,
    answer: &[u8],
    done: &mut Written,
) -> Result<(Vec<usize>, String), String> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    if answer.items.len() != bulk.len() {
        return Err(format!("{} items answered, {} sent", answer.items.len(), bulk.len()));
    }
    if !answer.errors && answer.items.iter().all(|item| item.index.status < 300) {
        done.written += bulk.len();
        return Ok((Vec::new(), String::new()));
    }
    let (mut again, mut first) = (Vec::new(), String::new());
    for (at, AnswerItem { index: item }) in answer.items.iter().enumerate() {
        if (200..300).contains(&item.status) {
            done.written += 1;
        } else if item.is_retryable() {
            if again.is_empty() {
                first = item.reason();
            }
            again.push(at);
        } else {
            let (status, reason) = (item.status, item.reason());
            let (item, tag) = (bulk.item(at).to_vec(), bulk.tag(at));
            done.rejected.push(Rejected { status, reason, item, tag });
        }
    }
    Ok((again, first))
}
