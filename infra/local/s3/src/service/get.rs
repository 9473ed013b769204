//! Reading: whole objects, ranges, parts, under conditions.

use super::{answer, length, put_sums, sums_type, timestamp};
use crate::store::{ObjectRow, Store};
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use s3s::dto::*;
use s3s::{S3Error, S3Response, S3Result, s3_error};
use std::io::{ErrorKind, SeekFrom};
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// How much of a file is read at once.
const BLOCK: usize = 256 * 1024;
/// How often a look-up is repeated because the object was replaced before its file was opened.
const TRIES: usize = 8;

/// The conditions of a read.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

/// Which of the conditions does not hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failed {
    /// 412.
    Precondition(&'static str),
    /// 304 for a read, 412 for a copy.
    NotModified(&'static str),
}

impl Conditions {
    /// In the order of RFC 9110, 13.2.2, which S3 documents too: an ETag outweighs a date.
    pub(super) fn check(&self, object: &ObjectRow) -> Option<Failed> {
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        // HTTP dates have whole seconds.
        let modified = timestamp(object.modified_ms / 1000 * 1000);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition) => {
                return Some(Failed::Precondition("If-Match"));
            }
            (None, Some(since)) if modified > *since => {
                return Some(Failed::Precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if matches(condition) => {
                Some(Failed::NotModified("If-None-Match"))
            }
            (None, Some(since)) if modified <= *since => {
                Some(Failed::NotModified("If-Modified-Since"))
            }
            _ => None,
        }
    }
}

/// What is to be sent of an object.
struct Slice {
    start: u64,
    length: u64,
    /// The `Content-Range`, if it is not the whole.
    range: Option<String>,
}

pub(super) async fn get_object(
    store: &Arc<Store>,
    input: GetObjectInput,
) -> S3Result<S3Response<GetObjectOutput>> {
    let (object, file) = open(store, &input.bucket, &input.key).await?;
    check(
        &Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        },
        &object,
    )?;
    let slice = slice(&object, input.range.as_ref(), input.part_number)?;
    let whole = slice.range.is_none();
    let body = read(file, slice.start, slice.length).await.map_err(S3Error::internal_error)?;
    let ObjectRow { size: _, etag, modified_ms, attributes, .. } = object;
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(body),
        cache_control: attributes.cache_control,
        content_disposition: attributes.content_disposition,
        content_encoding: attributes.content_encoding,
        content_language: attributes.content_language,
        content_length: Some(length(slice.length)),
        content_range: slice.range,
        content_type: attributes.content_type,
        e_tag: Some(ETag::Strong(etag)),
        expires: expires(attributes.expires.as_deref()),
        last_modified: Some(timestamp(modified_ms)),
        metadata: Some(attributes.user.into_iter().collect()),
        parts_count: parts_count(input.part_number, &attributes.parts),
        website_redirect_location: attributes.website_redirect,
        ..GetObjectOutput::default()
    };
    if whole && input.checksum_mode.is_some() {
        put_sums!(output, attributes.sums);
        output.checksum_type = sums_type(&attributes.sums);
    }
    answer(output)
}

pub(super) async fn head_object(
    store: &Arc<Store>,
    input: HeadObjectInput,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let (bucket, key) = (input.bucket, input.key);
    let object = store.change(move |change| change.object(&bucket, &key)).await?;
    check(
        &Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        },
        &object,
    )?;
    let slice = slice(&object, input.range.as_ref(), input.part_number)?;
    let whole = slice.range.is_none();
    let ObjectRow { etag, modified_ms, attributes, .. } = object;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: attributes.cache_control,
        content_disposition: attributes.content_disposition,
        content_encoding: attributes.content_encoding,
        content_language: attributes.content_language,
        content_length: Some(length(slice.length)),
        content_range: slice.range,
        content_type: attributes.content_type,
        e_tag: Some(ETag::Strong(etag)),
        expires: expires(attributes.expires.as_deref()),
        last_modified: Some(timestamp(modified_ms)),
        metadata: Some(attributes.user.into_iter().collect()),
        parts_count: parts_count(input.part_number, &attributes.parts),
        website_redirect_location: attributes.website_redirect,
        ..HeadObjectOutput::default()
    };
    if whole && input.checksum_mode.is_some() {
        put_sums!(output, attributes.sums);
        output.checksum_type = sums_type(&attributes.sums);
    }
    answer(output)
}

/// The object and its open file: of one version, though it be replaced at the same time.
pub(super) async fn open(
    store: &Arc<Store>,
    bucket: &str,
    key: &str,
) -> S3Result<(ObjectRow, File)> {
    let mut left = TRIES;
    loop {
        let (in_bucket, of_key) = (bucket.to_owned(), key.to_owned());
        let object = store.change(move |change| change.object(&in_bucket, &of_key)).await?;
        match File::open(store.contents.path(&object.file)).await {
            Ok(file) => return Ok((object, file)),
            // It was replaced in between: look again.
            Err(error) if error.kind() == ErrorKind::NotFound && left > 0 => left -= 1,
            Err(error) => return Err(S3Error::internal_error(error)),
        }
    }
}

/// The bytes of a file, read as the client takes them.
async fn read(mut file: File, start: u64, length: u64) -> std::io::Result<StreamingBlob> {
    if start > 0 {
        file.seek(SeekFrom::Start(start)).await?;
    }
    let pieces = futures_util::stream::try_unfold((file, length), async |(mut file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let want = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let mut block = BytesMut::with_capacity(want);
        let mut source = (&mut file).take(want as u64);
        if source.read_buf(&mut block).await? == 0 {
            return Err(std::io::Error::from(ErrorKind::UnexpectedEof));
        }
        let left = left - block.len() as u64;
        Ok(Some((block.freeze(), (file, left))))
    });
    Ok(StreamingBlob::wrap(pieces))
}

/// Answers a condition that does not hold.
fn check(conditions: &Conditions, object: &ObjectRow) -> S3Result<()> {
    match conditions.check(object) {
        None => Ok(()),
        Some(Failed::Precondition(header)) => Err(crate::store::precondition(header).into()),
        Some(Failed::NotModified(_)) => {
            let mut error = s3_error!(NotModified, "Not Modified");
            let mut headers = HeaderMap::new();
            if let Ok(etag) = ETag::Strong(object.etag.clone()).to_http_header() {
                headers.insert("etag", etag);
            }
            let mut date = Vec::new();
            let modified = timestamp(object.modified_ms);
            if modified.format(TimestampFormat::HttpDate, &mut date).is_ok()
                && let Ok(date) = date.as_slice().try_into()
            {
                headers.insert("last-modified", date);
            }
            error.set_headers(headers);
            Err(error)
        }
    }
}

fn slice(object: &ObjectRow, range: Option<&Range>, part: Option<i32>) -> S3Result<Slice> {
    let unsatisfiable = || s3_error!(InvalidRange, "The requested range is not satisfiable");
    let size = object.size;
    let (start, end) = match (range, part) {
        (Some(_), Some(_)) => {
            let text = "Cannot specify both Range header and partNumber query parameter";
            return Err(s3_error!(InvalidRequest, "{text}"));
        }
        (None, None) => return Ok(Slice { start: 0, length: size, range: None }),
        (Some(range), None) => {
            let range = range.check(size).map_err(|_| unsatisfiable())?;
            if range.is_empty() {
                return Err(unsatisfiable());
            }
            (range.start, range.end)
        }
        (None, Some(number)) => {
            let index = usize::try_from(number - 1).map_err(|_| bad_part_number())?;
            let parts = &object.attributes.parts;
            if parts.is_empty() && index == 0 {
                return Ok(Slice { start: 0, length: size, range: None });
            }
            let Some(part) = parts.get(index) else {
                let text = "The requested partnumber is not satisfiable";
                let code = s3s::S3ErrorCode::Custom("InvalidPartNumber".into());
                let mut error = S3Error::with_message(code, text);
                error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
                return Err(error);
            };
            let start: u64 = parts.iter().take(index).sum();
            (start, start + part)
        }
    };
    let text = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
    Ok(Slice { start, length: end - start, range: Some(text) })
}

/// The answer to a part number out of bounds.
pub(super) fn bad_part_number() -> S3Error {
    s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
}

fn parts_count(asked: Option<i32>, parts: &[u64]) -> Option<i32> {
    asked.and(i32::try_from(parts.len()).ok()).filter(|count| *count > 0)
}

fn expires(date: Option<&str>) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::HttpDate, date?).ok()
}
