//! Reading an object piece by piece.

use std::ops::Range;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use logmill_runtime::retry::Retryable as _;

use crate::client::{Head, Objects, answered, decoded, quoted, timestamp, unquoted};
use crate::error::{Action, Error, ErrorKind};

/// What of an object is read, and of which version.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GetOptions {
    /// Only the version with this `ETag`; another one is [`ErrorKind::Changed`].
    pub if_match: Option<String>,
    /// Only these bytes, counted from 0; they end with the object if it is shorter. The first of
    /// them must be there.
    pub range: Option<Range<u64>>,
}

/// An object under way. Where the connection breaks, the rest is fetched of the same version, so
/// the pieces are those of one object whatever happens meanwhile.
#[derive(Debug)]
pub struct Body {
    objects: Objects,
    bucket: String,
    key: String,
    head: Head,
    stream: ByteStream,
    /// What is still to come, in bytes of the object.
    left: Range<u64>,
    /// Failures since the last piece.
    failed: u32,
}

impl Objects {
    /// Begins to read an object.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Changed`] and the passing ones.
    pub async fn get(&self, bucket: &str, key: &str, options: GetOptions) -> Result<Body, Error> {
        let if_match = options.if_match.as_deref().map(quoted);
        let range = options.range.as_ref().map(header);
        let got = self
            .call(Action::Get, bucket, key, || {
                let request = self.client.get_object().bucket(bucket).key(key);
                request.set_if_match(if_match.clone()).set_range(range.clone()).send()
            })
            .await?;
        let length = u64::try_from(got.content_length().unwrap_or_default()).unwrap_or_default();
        // A store that knows no ranges sends everything and no Content-Range.
        let whole = got.content_range().and_then(content_range);
        let (start, size) = whole.unwrap_or((0, length));
        if let Some(wanted) = options.range.filter(|wanted| wanted.start != start) {
            let reason = format!("asked for {}, got bytes from {start} on", header(&wanted));
            return Err(Error::new(ErrorKind::Other, Action::Get, bucket, key, reason));
        }
        Ok(Body {
            objects: self.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            head: Head {
                etag: unquoted(got.e_tag()),
                size,
                last_modified: timestamp(got.last_modified()),
                user_metadata: decoded(got.metadata()),
                version_id: got.version_id().map(str::to_owned),
            },
            stream: got.body,
            left: start..start + length,
            failed: 0,
        })
    }
}

impl Body {
    /// What is known of the object; its size is that of the whole, whatever the range.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The next piece, as it came from the network, never empty; none at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] if the object was replaced and the connection broke, so that the rest
    /// cannot be had; [`ErrorKind::NotFound`] likewise if it was deleted; the passing ones.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.piece().await {
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(Some(piece)) => {
                    self.left.start += piece.len() as u64;
                    self.failed = 0;
                    return Ok(Some(piece));
                }
                Ok(None) => return Ok(None),
                Err(error) => self.resume(error).await?,
            }
        }
    }

    /// Everything that is left in one piece.
    ///
    /// # Errors
    /// Those of [`Self::next`], and [`ErrorKind::Other`] if it is more than `most` bytes.
    pub async fn collect(mut self, most: u64) -> Result<Bytes, Error> {
        let length = self.length();
        if length > most {
            let reason = format!("{length} bytes, more than the {most} expected");
            return Err(self.error(ErrorKind::Other, reason));
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(piece) = self.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The same, if so many bytes are left.
    pub(crate) fn of_length(self, expected: u64) -> Result<Self, Error> {
        let length = self.length();
        if length == expected {
            return Ok(self);
        }
        Err(self.error(ErrorKind::Other, format!("{length} bytes, not the {expected} asked for")))
    }

    /// How many bytes are left.
    const fn length(&self) -> u64 {
        self.left.end - self.left.start
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let deadline = self.objects.deadline();
        let next = self.stream.try_next();
        match answered(deadline, Action::Get, &self.bucket, &self.key, next).await? {
            Ok(Some(piece)) => Ok(Some(piece)),
            Ok(None) => {
                let missing = self.left.end - self.left.start;
                let reason = format!("the answer ended {missing} bytes early");
                Err(self.error(ErrorKind::Unavailable, reason))
            }
            Err(error) => {
                Err(self.error(ErrorKind::Unavailable, "the answer broke off").with_source(error))
            }
        }
    }

    /// Asks for the rest after `error`, or gives it back where that cannot help.
    async fn resume(&mut self, error: Error) -> Result<(), Error> {
        self.failed += 1;
        let deadline = self.objects.deadline();
        let pause = self.objects.backoff().pause(self.failed);
        let hopeless = !error.is_retryable()
            || self.failed >= self.objects.backoff().attempts
            || pause >= deadline.remaining();
        if hopeless {
            return Err(error);
        }
        tracing::debug!(bucket = self.bucket, key = self.key, %error, "fetching the rest");
        tokio::time::sleep(pause).await;
        let options =
            GetOptions { if_match: Some(self.head.etag.clone()), range: Some(self.left.clone()) };
        let rest = Box::pin(self.objects.get(&self.bucket, &self.key, options)).await?;
        self.stream = rest.stream;
        Ok(())
    }

    fn error(&self, kind: ErrorKind, reason: impl Into<String>) -> Error {
        Error::new(kind, Action::Get, &self.bucket, &self.key, reason)
    }
}

/// A range as the header spells it: both ends included.
fn header(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
}

/// The first byte and the object's size from `bytes 0-9/100`.
fn content_range(header: &str) -> Option<(u64, u64)> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, size.parse().ok()?))
}
