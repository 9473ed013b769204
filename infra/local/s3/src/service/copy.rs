//! Copies: of an object, and of a range into a part.

use super::get::{Conditions, Failed, open};
use super::put::{
    check_part_number, default_type, http_date, part_row, real_encoding, user_metadata,
};
use super::{answer, put_sums, sums_type, timestamp};
use crate::attributes::{Algorithm, Attributes, Sums};
use crate::content::Written;
use crate::event::EventKind;
use crate::store::{Condition, NewObject, ObjectRow, Store, precondition};
use s3s::dto::*;
use s3s::{S3Error, S3Response, S3Result, s3_error};
use std::io;
use std::sync::Arc;

pub(super) async fn copy_object(
    store: &Arc<Store>,
    input: CopyObjectInput,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let replace = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    if !replace && from_bucket == input.bucket && from_key == input.key {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without \
             changing the object's metadata, storage class, website redirect location or \
             encryption attributes."
        ));
    }
    let bucket = input.bucket.clone();
    store.change(move |change| change.need_bucket(&bucket)).await?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since.clone(),
        if_unmodified_since: input.copy_source_if_unmodified_since.clone(),
    };
    // A copy is a single object, though its source came in parts: it has a plain ETag then.
    let (object, written) = copied(store, &from_bucket, &from_key, &conditions, None).await?;
    let etag = if object.etag.contains('-') { written.etag() } else { object.etag };
    let mut attributes = object.attributes;
    if attributes.sums.kind() == Some("COMPOSITE") || attributes.sums.is_empty() {
        attributes.sums = written.sums.clone();
    }
    attributes.parts.clear();
    if replace {
        attributes = replaced(&input, attributes.sums)?;
    }
    let sums = attributes.sums.clone();
    let new = NewObject {
        file: written.name.clone(),
        size: written.size,
        etag: etag.clone(),
        attributes,
    };
    let (bucket, key) = (input.bucket, input.key);
    let at_ms = store
        .change(move |change| {
            change.put(&bucket, &key, &new, &Condition::default(), EventKind::Copy)
        })
        .await?;
    written.keep();
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(at_ms)),
        ..CopyObjectResult::default()
    };
    put_sums!(result, sums);
    result.checksum_type = sums_type(&sums);
    answer(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
}

/// The attributes that the request gives in place of the source's.
fn replaced(input: &CopyObjectInput, sums: Sums) -> S3Result<Attributes> {
    Ok(Attributes {
        content_type: Some(input.content_type.clone().unwrap_or_else(default_type)),
        content_encoding: input.content_encoding.as_deref().and_then(real_encoding),
        content_language: input.content_language.clone(),
        content_disposition: input.content_disposition.clone(),
        cache_control: input.cache_control.clone(),
        website_redirect: input.website_redirect_location.clone(),
        expires: input.expires.as_ref().and_then(http_date),
        user: user_metadata(input.metadata.clone())?.into_iter().collect(),
        sums,
        ..Attributes::default()
    })
}

pub(super) async fn upload_part_copy(
    store: &Arc<Store>,
    input: UploadPartCopyInput,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let (from_bucket, from_key) = source(&input.copy_source)?;
    check_part_number(input.part_number)?;
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    let upload = {
        let (bucket, key, id) = (bucket.clone(), key.clone(), id.clone());
        store.change(move |change| change.upload(&bucket, &key, &id)).await?
    };
    let conditions = Conditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let part = Part { range: input.copy_source_range, algorithm: upload.attributes.algorithm };
    let (_, written) = copied(store, &from_bucket, &from_key, &conditions, Some(part)).await?;
    let part = part_row(input.part_number, &written);
    let at_ms = part.modified_ms;
    store.change(move |change| change.put_part(&bucket, &key, &id, &part)).await?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(written.etag())),
        last_modified: Some(timestamp(at_ms)),
        ..CopyPartResult::default()
    };
    put_sums!(result, written.sums);
    written.keep();
    let copy_part_result = Some(result);
    answer(UploadPartCopyOutput { copy_part_result, ..UploadPartCopyOutput::default() })
}

/// What a part takes of its source.
struct Part {
    range: Option<String>,
    algorithm: Option<Algorithm>,
}

/// The source as it is now, and a content file of the copy's own.
async fn copied(
    store: &Arc<Store>,
    bucket: &str,
    key: &str,
    conditions: &Conditions,
    part: Option<Part>,
) -> S3Result<(ObjectRow, Written)> {
    let mut tries = 8;
    loop {
        // Opened only to know that this version's file is there.
        let (object, _file) = open(store, bucket, key).await?;
        match conditions.check(&object) {
            None => {}
            Some(Failed::Precondition(header) | Failed::NotModified(header)) => {
                return Err(precondition(header).into());
            }
        }
        let done = {
            let (contents, source) = (Arc::clone(&store.contents), object.clone());
            let (start, length) = match part.as_ref().and_then(|part| part.range.as_deref()) {
                Some(range) => part_range(range, object.size)?,
                None => (0, object.size),
            };
            let algorithm = part.as_ref().map(|part| part.algorithm);
            tokio::task::spawn_blocking(move || {
                let whole = [(source.file.clone(), start, length)];
                match algorithm {
                    Some(algorithm) => contents.join(&whole, algorithm.as_slice()),
                    None if source.etag.contains('-') => {
                        contents.join(&whole, &[Algorithm::Crc64nvme])
                    }
                    None => contents.link(&source.file, source.size),
                }
            })
            .await
            .map_err(S3Error::internal_error)?
        };
        match done {
            Ok(written) => return Ok((object, written)),
            // The source was replaced in between: take the new one.
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries > 0 => tries -= 1,
            Err(error) => return Err(S3Error::internal_error(error)),
        }
    }
}

/// The first byte and the length of `bytes=first-last`, which must lie within the source.
fn part_range(range: &str, size: u64) -> S3Result<(u64, u64)> {
    match Range::parse(range) {
        Ok(Range::Int { first, last: Some(last) }) if last < size => Ok((first, last + 1 - first)),
        Ok(Range::Int { last: Some(_), .. }) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and \
             last are the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => {
            Ok((bucket.to_string(), key.to_string()))
        }
        CopySource::Bucket { .. } => {
            Err(s3_error!(NotImplemented, "Versions are not served by the local cloud."))
        }
        _ => Err(s3_error!(NotImplemented, "Access points are not served by the local cloud.")),
    }
}
