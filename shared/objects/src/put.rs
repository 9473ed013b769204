//! Putting objects, large ones in parts.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;

use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use logmill_model::id;

use crate::client::{Objects, quoted, unquoted};
use crate::error::{Action, Error, ErrorKind};

/// What is larger is put in parts.
const SINGLE: u64 = 16 * 1024 * 1024;
/// The most parts that S3 takes.
const MOST_PARTS: u64 = 10_000;

/// What is put: bytes in memory, or a file, of which only a few kilobytes are in memory at a time.
#[derive(Clone, Debug)]
pub enum Content {
    /// Bytes in memory.
    Bytes(Bytes),
    /// The path of a file.
    File(PathBuf),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl Content {
    async fn size(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => Ok(tokio::fs::metadata(path).await?.len()),
        }
    }

    async fn stream(&self, offset: u64, length: u64) -> io::Result<ByteStream> {
        match self {
            Self::Bytes(bytes) => {
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
                Ok(ByteStream::from(bytes.slice(at(offset)..at(offset + length))))
            }
            Self::File(path) => {
                let file = ByteStream::read_from().path(path).offset(offset);
                let stream = file.length(Length::Exact(length)).build().await;
                stream.map_err(io::Error::other)
            }
        }
    }
}

/// How an object is put.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PutOptions {
    /// The user's metadata; names are ASCII, values any text. S3 takes 2 KB of it.
    pub user_metadata: BTreeMap<String, String>,
    /// Such as `application/json`.
    pub content_type: Option<String>,
    /// Only if there is no object of that key; otherwise [`ErrorKind::Changed`]. That is also the
    /// answer where an earlier try succeeded and only its answer was lost.
    pub if_none_match: bool,
    /// Only in the place of the version with this `ETag`; otherwise [`ErrorKind::Changed`], or
    /// [`ErrorKind::NotFound`] if there is no object.
    pub if_match: Option<String>,
}

impl PutOptions {
    fn encoded(&self) -> Option<HashMap<String, String>> {
        (!self.user_metadata.is_empty()).then(|| {
            let encode = |(name, value): (&String, &String)| (name.clone(), id::encode(value));
            self.user_metadata.iter().map(encode).collect()
        })
    }

    fn if_none_match(&self) -> Option<String> {
        self.if_none_match.then(|| "*".to_owned())
    }

    fn if_match(&self) -> Option<String> {
        self.if_match.as_deref().map(quoted)
    }
}

/// What was put.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Put {
    /// Which version it is, by content; without quotes.
    pub etag: String,
    /// Its version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

impl Objects {
    /// Puts an object, in parts if it is larger than 16 MiB; it appears whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the bucket is missing, [`ErrorKind::Changed`] if a condition does
    /// not hold, [`ErrorKind::Other`] if the file cannot be read, and the passing ones.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        content: impl Into<Content>,
        options: PutOptions,
    ) -> Result<Put, Error> {
        let content = content.into();
        let size =
            content.size().await.map_err(|error| unreadable(bucket, key, &content, error))?;
        if size > SINGLE {
            return self.put_parts(bucket, key, &content, size, &options).await;
        }
        let put = self
            .call(Action::Put, bucket, key, || async {
                let stream = content.stream(0, size).await.map_err(construction)?;
                let request = self.client.put_object().bucket(bucket).key(key);
                request
                    .body(stream)
                    .set_metadata(options.encoded())
                    .set_content_type(options.content_type.clone())
                    .set_if_none_match(options.if_none_match())
                    .set_if_match(options.if_match())
                    .send()
                    .await
            })
            .await?;
        Ok(Put { etag: unquoted(put.e_tag()), version_id: put.version_id().map(str::to_owned) })
    }

    async fn put_parts(
        &self,
        bucket: &str,
        key: &str,
        content: &Content,
        size: u64,
        options: &PutOptions,
    ) -> Result<Put, Error> {
        let begun = self
            .call(Action::Put, bucket, key, || {
                let request = self.client.create_multipart_upload().bucket(bucket).key(key);
                request
                    .set_metadata(options.encoded())
                    .set_content_type(options.content_type.clone())
                    .send()
            })
            .await?;
        let upload = begun.upload_id().unwrap_or_default();
        let put = self.put_all(bucket, key, content, size, options, upload).await;
        if put.is_err() {
            // Parts that nobody completes are paid for until a lifecycle rule removes them.
            let aborted = self
                .call(Action::Put, bucket, key, || {
                    let request = self.client.abort_multipart_upload().bucket(bucket).key(key);
                    request.upload_id(upload).send()
                })
                .await;
            if let Err(error) = aborted {
                tracing::warn!(%error, upload, "parts of a failed upload are left behind");
            }
        }
        put
    }

    async fn put_all(
        &self,
        bucket: &str,
        key: &str,
        content: &Content,
        size: u64,
        options: &PutOptions,
        upload: &str,
    ) -> Result<Put, Error> {
        let part_size = SINGLE.max(size.div_ceil(MOST_PARTS));
        let mut parts = Vec::new();
        let mut offset = 0;
        for number in 1.. {
            let length = part_size.min(size - offset);
            let part = self
                .call(Action::Put, bucket, key, || async {
                    let stream = content.stream(offset, length).await.map_err(construction)?;
                    let request = self.client.upload_part().bucket(bucket).key(key);
                    request.upload_id(upload).part_number(number).body(stream).send().await
                })
                .await?;
            let done = CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag().map(str::to_owned))
                .set_checksum_crc32(part.checksum_crc32().map(str::to_owned));
            parts.push(done.build());
            offset += length;
            if offset >= size {
                break;
            }
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let put = self
            .call(Action::Put, bucket, key, || {
                let request = self.client.complete_multipart_upload().bucket(bucket).key(key);
                request
                    .upload_id(upload)
                    .multipart_upload(parts.clone())
                    .set_if_none_match(options.if_none_match())
                    .set_if_match(options.if_match())
                    .send()
            })
            .await?;
        Ok(Put { etag: unquoted(put.e_tag()), version_id: put.version_id().map(str::to_owned) })
    }
}

fn construction<E>(
    error: io::Error,
) -> aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse> {
    aws_sdk_s3::error::SdkError::construction_failure(error)
}

fn unreadable(bucket: &str, key: &str, content: &Content, error: io::Error) -> Error {
    let reason = match content {
        Content::File(path) => format!("cannot read {}: {error}", path.display()),
        Content::Bytes(_) => error.to_string(),
    };
    Error::new(ErrorKind::Other, Action::Put, bucket, key, reason).with_source(error)
}
