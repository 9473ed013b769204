//! Writing: single puts and parts, with what clients send to have them checked.

use super::get::bad_part_number;
use super::{answer, put_sums, sums_type};
use crate::attributes::{Algorithm, Attributes, Sums};
use crate::content::Written;
use crate::event::EventKind;
use crate::store::{Condition, NewObject, PartRow, Store, now_ms};
use axum::http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, TrailingHeaders, s3_error};
use std::collections::HashMap;
use std::sync::Arc;

/// The bytes of user metadata that S3 takes.
const METADATA_LIMIT: usize = 2048;
/// The bytes of a single put or a part that S3 takes: 5 GiB.
const SIZE_LIMIT: u64 = 5 << 30;

/// What a request says of its body, to be held against what came.
struct Expected {
    sums: Sums,
    md5: Option<String>,
    trailers: Option<TrailingHeaders>,
}

pub(super) async fn put_object(
    store: &Arc<Store>,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let bucket = input.bucket.clone();
    store.change(move |change| change.need_bucket(&bucket)).await?;
    let mut attributes = Attributes {
        content_type: Some(input.content_type.unwrap_or_else(default_type)),
        content_encoding: input.content_encoding.as_deref().and_then(real_encoding),
        content_language: input.content_language,
        content_disposition: input.content_disposition,
        cache_control: input.cache_control,
        website_redirect: input.website_redirect_location,
        expires: input.expires.as_ref().and_then(http_date),
        user: user_metadata(input.metadata)?.into_iter().collect(),
        ..Attributes::default()
    };
    let sums = Sums {
        crc32: input.checksum_crc32,
        crc32c: input.checksum_crc32c,
        crc64nvme: input.checksum_crc64nvme,
        sha1: input.checksum_sha1,
        sha256: input.checksum_sha256,
    };
    let asked = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let algorithms = algorithms(&sums, asked, &headers);
    check_length(input.content_length)?;
    let written = store.contents.receive(input.body, algorithms).await?;
    Expected { sums, md5: input.content_md5, trailers: trailing_headers }.check(&written)?;
    attributes.sums = written.sums.clone();

    let condition = Condition { if_match: input.if_match, if_none_match: input.if_none_match };
    let (bucket, key) = (input.bucket, input.key);
    let object = NewObject {
        file: written.name.clone(),
        size: written.size,
        etag: written.etag(),
        attributes,
    };
    let (sums, etag) = (written.sums.clone(), written.etag());
    store
        .change(move |change| change.put(&bucket, &key, &object, &condition, EventKind::Put))
        .await?;
    written.keep();
    let mut output =
        PutObjectOutput { e_tag: Some(ETag::Strong(etag)), ..PutObjectOutput::default() };
    put_sums!(output, sums);
    output.checksum_type = sums_type(&sums);
    answer(output)
}

pub(super) async fn upload_part(
    store: &Arc<Store>,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    check_part_number(input.part_number)?;
    let upload = {
        let (bucket, key, id) = (bucket.clone(), key.clone(), id.clone());
        store.change(move |change| change.upload(&bucket, &key, &id)).await?
    };
    let sums = Sums {
        crc32: input.checksum_crc32,
        crc32c: input.checksum_crc32c,
        crc64nvme: input.checksum_crc64nvme,
        sha1: input.checksum_sha1,
        sha256: input.checksum_sha256,
    };
    let asked = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let mut algorithms = algorithms(&sums, asked, &headers);
    algorithms.extend(upload.attributes.algorithm);
    check_length(input.content_length)?;
    let written = store.contents.receive(input.body, algorithms).await?;
    Expected { sums, md5: input.content_md5, trailers: trailing_headers }.check(&written)?;

    let part = part_row(input.part_number, &written);
    store.change(move |change| change.put_part(&bucket, &key, &id, &part)).await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(written.etag())),
        ..UploadPartOutput::default()
    };
    put_sums!(output, written.sums);
    written.keep();
    answer(output)
}

/// The row of a part whose content is written.
pub(super) fn part_row(number: i32, written: &Written) -> PartRow {
    PartRow {
        number,
        file: written.name.clone(),
        size: written.size,
        etag: written.etag(),
        modified_ms: now_ms(),
        sums: written.sums.clone(),
    }
}

/// Whether a part may have this number.
pub(super) fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) { Ok(()) } else { Err(bad_part_number()) }
}

/// The type of an object that was put without one, as S3 gives it.
pub(super) fn default_type() -> String {
    "binary/octet-stream".to_owned()
}

/// A `Content-Encoding` without `aws-chunked`, which is the request's and not the object's.
pub(super) fn real_encoding(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty() && !one.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// A time as HTTP has it.
pub(super) fn http_date(time: &Timestamp) -> Option<String> {
    let mut text = Vec::new();
    time.format(TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

/// The user's metadata, if it is not too large.
pub(super) fn user_metadata(
    metadata: Option<HashMap<String, String>>,
) -> S3Result<HashMap<String, String>> {
    let metadata = metadata.unwrap_or_default();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > METADATA_LIMIT {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size"
        ));
    }
    Ok(metadata)
}

fn check_length(length: Option<i64>) -> S3Result<()> {
    match length.and_then(|length| u64::try_from(length).ok()) {
        Some(length) if length > SIZE_LIMIT => {
            let text = "Your proposed upload exceeds the maximum allowed size";
            Err(s3_error!(EntityTooLarge, "{text}"))
        }
        _ => Ok(()),
    }
}

/// What is to be computed of a body: what the request says or asks for; CRC-64/NVME if nothing, as
/// S3 does.
fn algorithms(sums: &Sums, asked: Option<&str>, headers: &HeaderMap) -> Vec<Algorithm> {
    let trailer = headers.get("x-amz-trailer").and_then(|value| value.to_str().ok());
    let announced = |algorithm: &Algorithm| {
        let names = trailer.unwrap_or_default().split(',').map(str::trim);
        sums.get(*algorithm).is_some()
            || names.into_iter().any(|name| name.eq_ignore_ascii_case(algorithm.header()))
    };
    let mut algorithms: Vec<_> = Algorithm::ALL.into_iter().filter(announced).collect();
    algorithms.extend(asked.and_then(Algorithm::from_name));
    if algorithms.is_empty() {
        algorithms.push(Algorithm::Crc64nvme);
    }
    algorithms
}

impl Expected {
    /// Whether the body is what the request says, in its headers and its trailers.
    fn check(mut self, written: &Written) -> S3Result<()> {
        if written.size > SIZE_LIMIT {
            check_length(Some(i64::MAX))?;
        }
        if let Some(trailers) = &self.trailers {
            for algorithm in Algorithm::ALL {
                let value = trailers.read(|headers| {
                    headers.get(algorithm.header())?.to_str().ok().map(str::to_owned)
                });
                if let Some(value) = value.flatten() {
                    self.sums.set(algorithm, value);
                }
            }
        }
        for algorithm in Algorithm::ALL {
            if let Some(said) = self.sums.get(algorithm)
                && written.sums.get(algorithm) != Some(said)
            {
                return Err(s3_error!(
                    BadDigest,
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.name()
                ));
            }
        }
        let Some(md5) = self.md5 else { return Ok(()) };
        let said = base64_decode(&md5).filter(|bytes| bytes.len() == 16);
        let Some(said) = said else {
            return Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."));
        };
        if said != written.md5 {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        Ok(())
    }
}

/// Standard base64 with padding, of a checksum's length; `None` if it is none.
pub(super) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - trimmed.len() > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in trimmed.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}
