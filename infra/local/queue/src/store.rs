//! The messages: sent, received, released, deleted, moved to the dead-letter queue.

use crate::error::Error;
use crate::message::{Message, NewMessage, Sent};
use crate::queues::{self, QueueRow, millis};
use crate::schema;
use crate::settings::{Counts, Settings, check_delay, check_visibility};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// All queues of one file. Clones share it. Every operation is one transaction on a thread of its
/// own, so it may be called from many tasks at once; one process at a time may hold the file.
#[derive(Clone, Debug)]
pub struct Queue {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Mutex<Connection>,
    /// Told whenever a message may have become visible earlier than was known.
    changed: Notify,
}

impl Queue {
    /// Opens the file, or makes it. This blocks for as long as SQLite needs to read its log.
    ///
    /// # Errors
    /// If the file cannot be opened or has another format: [`crate::ErrorKind::Open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let db = Mutex::new(schema::open(path.as_ref())?);
        Ok(Self { inner: Arc::new(Inner { db, changed: Notify::new() }) })
    }

    /// Makes a queue. One that exists with the same settings is left as it is.
    ///
    /// # Errors
    /// If one exists with other settings, the name or a setting is out of bounds, the dead-letter
    /// queue does not exist, or the store fails.
    pub async fn create(&self, queue: &str, settings: Settings) -> Result<(), Error> {
        let queue = queue.to_owned();
        self.run(move |db| queues::create(db, &queue, &settings, now_ms())).await
    }

    /// Gives a queue other settings.
    ///
    /// # Errors
    /// As [`Queue::create`], and if the queue does not exist.
    pub async fn configure(&self, queue: &str, settings: Settings) -> Result<(), Error> {
        let queue = queue.to_owned();
        self.run(move |db| queues::change(db, &queue, &settings, now_ms())).await
    }

    /// The settings of a queue.
    ///
    /// # Errors
    /// If the queue does not exist or the store fails.
    pub async fn settings(&self, queue: &str) -> Result<Settings, Error> {
        Ok(self.row(queue).await?.settings)
    }

    /// The queues whose names begin so, in order; all of them for `""`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn names(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let prefix = prefix.to_owned();
        self.run(move |db| queues::names(db, &prefix)).await
    }

    /// Removes a queue with all its messages.
    ///
    /// # Errors
    /// If the queue does not exist or the store fails.
    pub async fn remove(&self, queue: &str) -> Result<(), Error> {
        let queue = queue.to_owned();
        self.run(move |db| queues::remove(db, &queue)).await
    }

    /// Stores a message that becomes visible after `delay`. It is on the disk when this returns.
    ///
    /// # Errors
    /// If the queue does not exist, the delay is above 15 minutes, or the store fails.
    pub async fn send(
        &self,
        queue: &str,
        body: impl Into<String>,
        delay: Duration,
    ) -> Result<Sent, Error> {
        let message =
            NewMessage { body: body.into(), delay: Some(delay), attributes: BTreeMap::new() };
        let mut sent = self.send_all(queue, vec![message]).await?;
        sent.pop().ok_or(Error::Stopping)
    }

    /// Stores all messages or none, in one commit; the answers are in the same order.
    ///
    /// # Errors
    /// As [`Queue::send`].
    pub async fn send_all(
        &self,
        queue: &str,
        messages: Vec<NewMessage>,
    ) -> Result<Vec<Sent>, Error> {
        let queue = queue.to_owned();
        let sent = self.run(move |db| insert(db, &queue, &messages, now_ms())).await?;
        self.inner.changed.notify_waiters();
        Ok(sent)
    }

    /// Takes up to `most` visible messages, oldest first, and hides them for `visibility`. Does
    /// not wait: see [`Queue::receive_wait`]. A message that was received as often as the queue's
    /// redrive allows is moved to the dead-letter queue in its place.
    ///
    /// # Errors
    /// If the queue does not exist, the visibility is above 12 hours, or the store fails.
    pub async fn receive(
        &self,
        queue: &str,
        most: usize,
        visibility: Duration,
    ) -> Result<Vec<Message>, Error> {
        self.receive_wait(queue, most, Some(visibility), Duration::ZERO).await
    }

    /// As [`Queue::receive`], but waits up to `wait` for a first message. A `visibility` of `None`
    /// is the queue's own.
    ///
    /// # Errors
    /// As [`Queue::receive`].
    pub async fn receive_wait(
        &self,
        queue: &str,
        most: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Message>, Error> {
        let end = Instant::now() + wait;
        loop {
            let mut changed = std::pin::pin!(self.inner.changed.notified());
            // Registered before the look, so that what is sent right after it is not missed.
            changed.as_mut().enable();
            let name = queue.to_owned();
            let (messages, next_ms, moved) =
                self.run(move |db| take(db, &name, most, visibility, now_ms())).await?;
            if moved {
                self.inner.changed.notify_waiters();
            }
            let left = end.saturating_duration_since(Instant::now());
            if !messages.is_empty() || left.is_zero() || most == 0 {
                return Ok(messages);
            }
            let next = next_ms.map_or(left, |at| {
                Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or(0).max(1))
            });
            // Whichever comes first, the next turn looks again.
            let _ = tokio::time::timeout(left.min(next), changed).await;
        }
    }

    /// Deletes a message. `false` if the receipt is void: the message has been received again
    /// since, or is deleted already.
    ///
    /// # Errors
    /// If the queue does not exist, the receipt is none, or the store fails.
    pub async fn delete(&self, queue: &str, receipt: &str) -> Result<bool, Error> {
        let (queue, receipt) = (queue.to_owned(), receipt.to_owned());
        self.run(move |db| {
            queues::get(db, &queue)?;
            let (id, receives) = parse_receipt(&queue, &receipt)?;
            let mut delete = db.prepare_cached(
                "DELETE FROM messages WHERE id = ? AND queue = ? AND receives = ?",
            )?;
            Ok(delete.execute(params![id, queue, receives])? > 0)
        })
        .await
    }

    /// Gives a message back: it becomes visible after `delay`, counted from now. The receipt stays
    /// good until it is received again. Asked for in time, this also prolongs the hiding.
    ///
    /// # Errors
    /// If the message is not in flight by this receipt ([`crate::ErrorKind::NotInFlight`]), the
    /// queue does not exist, the delay is above 12 hours, or the store fails.
    pub async fn release(&self, queue: &str, receipt: &str, delay: Duration) -> Result<(), Error> {
        let (queue, receipt) = (queue.to_owned(), receipt.to_owned());
        self.run(move |db| hide(db, &queue, &receipt, delay, now_ms())).await?;
        self.inner.changed.notify_waiters();
        Ok(())
    }

    /// Makes all messages in flight visible at once: for a start, when their receivers were of the
    /// process that held the file before and are dead. Returns how many there were.
    ///
    /// # Errors
    /// If the queue does not exist or the store fails.
    pub async fn reclaim(&self, queue: &str) -> Result<usize, Error> {
        let queue = queue.to_owned();
        let reclaimed = self
            .run(move |db| {
                queues::get(db, &queue)?;
                let mut update = db.prepare_cached(
                    "UPDATE messages SET visible_ms = ?, in_flight = 0 WHERE queue = ? AND in_flight <> 0",
                )?;
                Ok(update.execute(params![now_ms(), queue])?)
            })
            .await?;
        self.inner.changed.notify_waiters();
        Ok(reclaimed)
    }

    /// How many messages the queue holds now.
    ///
    /// # Errors
    /// If the queue does not exist or the store fails.
    pub async fn counts(&self, queue: &str) -> Result<Counts, Error> {
        let queue = queue.to_owned();
        self.run(move |db| count(db, &queue, now_ms())).await
    }

    /// Deletes all messages of a queue, those in flight too.
    ///
    /// # Errors
    /// If the queue does not exist or the store fails.
    pub async fn purge(&self, queue: &str) -> Result<(), Error> {
        let queue = queue.to_owned();
        self.run(move |db| {
            queues::get(db, &queue)?;
            db.execute("DELETE FROM messages WHERE queue = ?", [queue])?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn row(&self, queue: &str) -> Result<QueueRow, Error> {
        let queue = queue.to_owned();
        self.run(move |db| queues::get(db, &queue)).await
    }

    /// Runs a transaction away from the async threads.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let mut db = inner.db.lock().unwrap_or_else(PoisonError::into_inner);
            let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&change)?;
            change.commit()?;
            Ok(done)
        });
        done.await.map_err(|_| Error::Stopping)?
    }
}

fn insert(
    db: &Transaction<'_>,
    queue: &str,
    messages: &[NewMessage],
    now: i64,
) -> Result<Vec<Sent>, Error> {
    let settings = queues::get(db, queue)?.settings;
    let mut insert = db.prepare_cached(
        "INSERT INTO messages (queue, body, attributes, sent_ms, visible_ms) VALUES (?, ?, ?, ?, ?)",
    )?;
    let mut sent = Vec::with_capacity(messages.len());
    for message in messages {
        let delay = message.delay.unwrap_or(settings.delay);
        check_delay(delay)?;
        let attributes = (!message.attributes.is_empty())
            .then(|| serde_json::to_string(&message.attributes).unwrap_or_default());
        let visible = now + millis(delay);
        let id = insert.insert(params![queue, message.body, attributes, now, visible])?;
        sent.push(Sent { id });
    }
    Ok(sent)
}

/// The messages taken, when the next one becomes visible if there was none, and whether some were
/// moved to the dead-letter queue.
type Taken = (Vec<Message>, Option<i64>, bool);

fn take(
    db: &Transaction<'_>,
    queue: &str,
    most: usize,
    visibility: Option<Duration>,
    now: i64,
) -> Result<Taken, Error> {
    let settings = queues::get(db, queue)?.settings;
    let visibility = visibility.unwrap_or(settings.visibility);
    check_visibility(visibility)?;
    let mut expired = db.prepare_cached("DELETE FROM messages WHERE queue = ? AND sent_ms < ?")?;
    expired.execute(params![queue, now - millis(settings.retention)])?;
    let moved = match &settings.redrive {
        Some(redrive) => {
            // The age counts from the first sending there too, as SQS documents it.
            let mut redrive_them = db.prepare_cached(
                "UPDATE messages SET queue = ?1, visible_ms = ?4, in_flight = 0, receives = 0, \
                 first_received_ms = NULL \
                 WHERE queue = ?2 AND visible_ms <= ?4 AND receives >= ?3",
            )?;
            redrive_them.execute(params![redrive.queue, queue, redrive.max_receives, now])? > 0
        }
        None => false,
    };
    let mut next = db.prepare_cached(
        "UPDATE messages SET visible_ms = ?1, in_flight = 1, receives = receives + 1, \
         first_received_ms = coalesce(first_received_ms, ?2) \
         WHERE id IN (SELECT id FROM messages WHERE queue = ?3 AND visible_ms <= ?2 \
                      ORDER BY visible_ms, id LIMIT ?4) \
         RETURNING id, receives, body, attributes, sent_ms, first_received_ms",
    )?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let taken = next.query_map(params![now + millis(visibility), now, queue, limit], |row| {
        let (id, receives): (i64, u32) = (row.get(0)?, row.get(1)?);
        let attributes: Option<String> = row.get(3)?;
        Ok(Message {
            id,
            receipt: format!("{id:x}-{receives:x}"),
            body: row.get(2)?,
            attributes: attributes
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default(),
            receives,
            sent_ms: row.get(4)?,
            first_received_ms: row.get(5)?,
        })
    })?;
    let mut messages = taken.collect::<Result<Vec<_>, _>>()?;
    // RETURNING promises no order.
    messages.sort_unstable_by_key(|message| message.id);
    let next_ms = if messages.is_empty() {
        let mut earliest =
            db.prepare_cached("SELECT min(visible_ms) FROM messages WHERE queue = ?")?;
        earliest.query_row([queue], |row| row.get(0)).optional()?.flatten()
    } else {
        None
    };
    Ok((messages, next_ms, moved))
}

fn hide(
    db: &Transaction<'_>,
    queue: &str,
    receipt: &str,
    delay: Duration,
    now: i64,
) -> Result<(), Error> {
    queues::get(db, queue)?;
    check_visibility(delay)?;
    let (id, receives) = parse_receipt(queue, receipt)?;
    let mut update = db.prepare_cached(
        "UPDATE messages SET visible_ms = ?1 \
         WHERE id = ?2 AND queue = ?3 AND receives = ?4 AND in_flight = 1 AND visible_ms > ?5",
    )?;
    if update.execute(params![now + millis(delay), id, queue, receives, now])? == 0 {
        return Err(Error::NotInFlight { queue: queue.to_owned() });
    }
    Ok(())
}

fn count(db: &Transaction<'_>, queue: &str, now: i64) -> Result<Counts, Error> {
    let settings = queues::get(db, queue)?.settings;
    let mut count = db.prepare_cached(
        "SELECT count(*) FILTER (WHERE visible_ms <= ?2), \
                count(*) FILTER (WHERE visible_ms > ?2 AND in_flight = 1), \
                count(*) FILTER (WHERE visible_ms > ?2 AND in_flight = 0) \
         FROM messages WHERE queue = ?1 AND sent_ms >= ?3",
    )?;
    let oldest = now - millis(settings.retention);
    Ok(count.query_row(params![queue, now, oldest], |row| {
        Ok(Counts { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
    })?)
}

/// The id of the message and which receive it was: what a receipt says.
fn parse_receipt(queue: &str, receipt: &str) -> Result<(i64, u32), Error> {
    receipt
        .split_once('-')
        .and_then(|(id, receives)| {
            Some((i64::from_str_radix(id, 16).ok()?, u32::from_str_radix(receives, 16).ok()?))
        })
        .ok_or_else(|| Error::BadReceipt {
            queue: queue.to_owned(),
            receipt: receipt.chars().take(80).collect(),
        })
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}
