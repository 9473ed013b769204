//! The store of dead letters.

use bytes::Bytes;
use logmill_model::{Timestamp, id};
use logmill_objects::{ErrorKind as StoreError, GetOptions, Objects, PutOptions};
use logmill_runtime::telemetry::names;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::letter::{DeadLetter, FORMAT, Failure, MOST_INLINE};

/// How often a letter is read and written anew while others change it.
const TRIES: usize = 20;
/// The largest letter that is read, in bytes: an input of [`crate::MOST_INLINE`] whose every byte is
/// escaped, and the rest.
const MOST_LETTER: u64 = 8 * MOST_INLINE as u64;
/// How many letters of a page are read at once.
const AT_ONCE: usize = 8;

/// The dead letters in one bucket.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    objects: Objects,
    bucket: String,
}

/// One letter of a list.
#[derive(Debug)]
pub struct Entry {
    /// Its key, by which it is fetched, replayed and dropped.
    pub key: String,
    /// The letter; an error where something else lies in its place.
    pub letter: Result<DeadLetter, Error>,
}

/// A part of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// By function, then from the oldest day on.
    pub entries: Vec<Entry>,
    /// After which key the list goes on; none at its end.
    pub next: Option<String>,
}

/// What became of a replay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replay {
    /// The input was handed over.
    Done,
    /// It had been replayed at this time and has not failed since; nothing was done.
    Before(Timestamp),
}

impl DeadLetters {
    /// The dead letters in `bucket`, which must be another one than those that trigger functions.
    #[must_use]
    pub fn new(objects: Objects, bucket: &str) -> Self {
        Self { objects, bucket: bucket.to_owned() }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Makes the bucket if it is not there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn prepare(&self) -> Result<(), Error> {
        Ok(self.objects.create_bucket(&self.bucket).await?)
    }

    /// Keeps a failure and says under which key. If it was kept before, its letter's count is raised
    /// and its first time stays; if an answer of the store is lost, the count may be one too high.
    ///
    /// # Errors
    /// Those of the store. The caller then has to report its input as retryable: it is kept nowhere.
    pub async fn put(&self, failure: Failure) -> Result<String, Error> {
        self.put_at(failure, Timestamp::now()).await
    }

    /// The same with a time of one's own in place of the present one.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_at(&self, failure: Failure, now: Timestamp) -> Result<String, Error> {
        let key = failure.key();
        let function = failure.function.clone();
        let letter = failure.into_letter(now);
        for _ in 0..TRIES {
            let options = PutOptions { if_none_match: true, ..PutOptions::default() };
            if self.write(&key, &letter, options).await? {
                metrics::counter!(names::DLQ_EVENTS, "function" => function).increment(1);
                return Ok(key);
            }
            let replaced = match self.read(&key).await {
                Ok((before, etag)) => self.replace(&key, &before.repeated(&letter), etag).await?,
                // What is there is no letter; it must not cost us this one.
                Err(Error::Format { .. }) => {
                    self.write(&key, &letter, PutOptions::default()).await?
                }
                Err(Error::Store(error)) if error.kind() == StoreError::NotFound => false,
                Err(error) => return Err(error),
            };
            if replaced {
                metrics::counter!(names::DLQ_EVENTS, "function" => function).increment(1);
                return Ok(key);
            }
        }
        Err(Error::Contended { key })
    }

    /// Up to `most` letters (1,000 at most), of one function or of all, after the key `after` where
    /// one is given.
    ///
    /// # Errors
    /// Those of the store; a letter that cannot be understood is an entry and not an error.
    pub async fn list(
        &self,
        function: Option<&str>,
        after: Option<&str>,
        most: usize,
    ) -> Result<Page, Error> {
        let prefix = function.map(|name| format!("{}/", id::encode(name))).unwrap_or_default();
        let listed = self.objects.list(&self.bucket, &prefix, after).await?;
        let cut = listed.objects.len() > most;
        let keys: Vec<_> = listed.objects.into_iter().take(most).map(|found| found.key).collect();
        let next = if cut { keys.last().cloned() } else { listed.next };
        let mut entries = Vec::with_capacity(keys.len());
        for keys in keys.chunks(AT_ONCE) {
            entries.extend(self.entries(keys).await?);
        }
        entries.sort_by(|a: &Entry, b| a.key.cmp(&b.key));
        Ok(Page { entries, next })
    }

    async fn entries(&self, keys: &[String]) -> Result<Vec<Entry>, Error> {
        let mut reads = JoinSet::new();
        for key in keys.iter().cloned() {
            let letters = self.clone();
            reads.spawn(async move {
                let letter = letters.get(&key).await;
                (key, letter)
            });
        }
        let mut entries = Vec::new();
        for (key, letter) in reads.join_all().await {
            match letter {
                // Dropped since it was listed.
                Err(Error::Store(error)) if error.kind() == StoreError::NotFound => {}
                Err(error @ Error::Store(_)) => return Err(error),
                letter => entries.push(Entry { key, letter }),
            }
        }
        Ok(entries)
    }

    /// One letter.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Format`] if something else lies there; those of the store.
    pub async fn get(&self, key: &str) -> Result<DeadLetter, Error> {
        self.read(key).await.map(|(letter, _)| letter)
    }

    /// Removes a letter for good. It is no error if it is not there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn drop(&self, key: &str) -> Result<(), Error> {
        Ok(self.objects.delete(&self.bucket, key).await?)
    }

    /// Notes that a letter was replayed.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Format`] if something else lies there; those of the store.
    pub async fn mark_replayed(&self, key: &str, at: Timestamp) -> Result<(), Error> {
        for _ in 0..TRIES {
            let (mut letter, etag) = self.read(key).await?;
            letter.replayed_at = letter.replayed_at.max(Some(at));
            letter.replays = letter.replays.saturating_add(1);
            if self.replace(key, &letter, etag).await? {
                let function = letter.function;
                metrics::counter!(names::DLQ_REPLAYED, "function" => function).increment(1);
                return Ok(());
            }
        }
        Err(Error::Contended { key: key.to_owned() })
    }

    /// Hands a letter to `receiver` and notes that. A letter that was replayed and has not failed
    /// since is left alone, unless `again`. If the process dies between the two, the next replay
    /// hands the input over once more: receivers write whatever comes twice once.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Refused`] with what the receiver says, and then the letter stays open;
    /// otherwise as [`Self::mark_replayed`].
    pub async fn replay<F, E>(
        &self,
        key: &str,
        again: bool,
        receiver: impl FnOnce(DeadLetter) -> F,
    ) -> Result<Replay, Error>
    where
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let letter = self.get(key).await?;
        if let Some(before) = letter.replayed_at.filter(|_| !again && !letter.is_open()) {
            return Ok(Replay::Before(before));
        }
        // Noted with the time before the input is handed over: it may fail anew before we are back.
        let at = Timestamp::now().max(letter.last_at);
        let refused = |error: E| Error::Refused { key: key.to_owned(), source: error.into() };
        receiver(letter).await.map_err(refused)?;
        self.mark_replayed(key, at).await?;
        Ok(Replay::Done)
    }

    async fn read(&self, key: &str) -> Result<(DeadLetter, String), Error> {
        let body = self.objects.get(&self.bucket, key, GetOptions::default()).await?;
        let format = |reason: String| Error::Format { key: key.to_owned(), reason };
        let (etag, size) = (body.head().etag.clone(), body.head().size);
        if size > MOST_LETTER {
            return Err(format(format!("{size} bytes")));
        }
        let bytes = body.collect(MOST_LETTER).await?;
        let letter: DeadLetter =
            serde_json::from_slice(&bytes).map_err(|error| format(error.to_string()))?;
        if letter.format > FORMAT {
            return Err(format(format!("format {}, of a later Logmill", letter.format)));
        }
        Ok((letter, etag))
    }

    /// Writes a letter in the place of the version `etag`; false if it is another by now.
    async fn replace(&self, key: &str, letter: &DeadLetter, etag: String) -> Result<bool, Error> {
        let options = PutOptions { if_match: Some(etag), ..PutOptions::default() };
        self.write(key, letter, options).await
    }

    /// Writes a letter; false if the condition does not hold.
    async fn write(
        &self,
        key: &str,
        letter: &DeadLetter,
        options: PutOptions,
    ) -> Result<bool, Error> {
        let format = |error: serde_json::Error| Error::Format {
            key: key.to_owned(),
            reason: error.to_string(),
        };
        let bytes = Bytes::from(serde_json::to_vec(letter).map_err(format)?);
        let conditional = options.if_match.is_some();
        let options = PutOptions { content_type: Some("application/json".to_owned()), ..options };
        match self.objects.put(&self.bucket, key, bytes, options).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == StoreError::Changed => Ok(false),
            // The letter that was to be replaced has been dropped.
            Err(error) if conditional && error.kind() == StoreError::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
