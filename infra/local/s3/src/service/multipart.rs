//! Multipart uploads.

use super::list::{Naming, limit};
use super::put::{base64_decode, default_type, http_date, real_encoding, user_metadata};
use super::{answer, length, owner, put_sums, sums_type, timestamp};
use crate::attributes::{Algorithm, Attributes, Sums};
use crate::content::{Written, hex};
use crate::store::{Complete, Condition, NewObject, PartRow, Store, UploadRow, invalid_part};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Md5, Sha1, Sha256};
use s3s::dto::*;
use s3s::{S3Error, S3Response, S3Result, s3_error};
use std::sync::Arc;

/// The least bytes of a part that is not the last one: 5 MiB.
const LEAST: u64 = 5 << 20;

pub(super) async fn create(
    store: &Arc<Store>,
    input: CreateMultipartUploadInput,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let asked = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
    let attributes = Attributes {
        content_type: Some(input.content_type.unwrap_or_else(default_type)),
        content_encoding: input.content_encoding.as_deref().and_then(real_encoding),
        content_language: input.content_language,
        content_disposition: input.content_disposition,
        cache_control: input.cache_control,
        website_redirect: input.website_redirect_location,
        expires: input.expires.as_ref().and_then(http_date),
        user: user_metadata(input.metadata)?.into_iter().collect(),
        algorithm: asked.and_then(Algorithm::from_name),
        ..Attributes::default()
    };
    let id = store.contents.new_name();
    let (upload_id, bucket, key) = (id.clone(), input.bucket.clone(), input.key.clone());
    store.change(move |change| change.create_upload(&id, &bucket, &key, &attributes)).await?;
    answer(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        checksum_algorithm: input.checksum_algorithm,
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) async fn complete(
    store: &Arc<Store>,
    input: CompleteMultipartUploadInput,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    let (upload, there) = {
        let (bucket, key, id) = (bucket.clone(), key.clone(), id.clone());
        let look = move |change: &mut crate::store::Change<'_>| {
            let upload = change.upload(&bucket, &key, &id)?;
            let parts = change.parts(&id, 0, usize::MAX)?;
            Ok((upload, parts))
        };
        store.change(look).await?
    };
    let asked = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let parts = chosen(&there, &asked)?;
    let etag = etag_of(&parts)?;
    let size = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|said| said != length(size)) {
        let text = "The provided 'x-amz-mp-object-size' header does not match what was uploaded.";
        return Err(s3_error!(InvalidRequest, "{text}"));
    }
    let (written, sums) = join(store, &parts, upload.attributes.algorithm).await?;
    let attributes = Attributes {
        parts: parts.iter().map(|part| part.size).collect(),
        sums: sums.clone(),
        algorithm: None,
        ..upload.attributes
    };
    let done = Complete {
        upload: id,
        bucket: bucket.clone(),
        key: key.clone(),
        object: NewObject { file: written.name.clone(), size, etag: etag.clone(), attributes },
        condition: Condition { if_match: input.if_match, if_none_match: input.if_none_match },
        files: parts.into_iter().map(|part| part.file).collect(),
    };
    store.change(move |change| change.complete(&done)).await?;
    written.keep();
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(ETag::Strong(etag)),
        ..CompleteMultipartUploadOutput::default()
    };
    put_sums!(output, sums);
    output.checksum_type = sums_type(&sums);
    answer(output)
}

/// One content file of the parts', with its checksums: composite where the upload asked for an
/// algorithm that has it, else of the whole.
async fn join(
    store: &Arc<Store>,
    parts: &[PartRow],
    algorithm: Option<Algorithm>,
) -> S3Result<(Written, Sums)> {
    let composite = algorithm.and_then(|one| composite_sum(one, parts));
    let pieces: Vec<_> = parts.iter().map(|part| (part.file.clone(), 0, part.size)).collect();
    let contents = Arc::clone(&store.contents);
    let full = composite.is_none().then_some(Algorithm::Crc64nvme);
    let joined = tokio::task::spawn_blocking(move || contents.join(&pieces, full.as_slice()));
    let written = match joined.await.map_err(S3Error::internal_error)? {
        Ok(written) => written,
        // A part was uploaded anew, or the upload ended, while its parts were joined.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(invalid_part().into());
        }
        Err(error) => return Err(S3Error::internal_error(error)),
    };
    let mut sums = written.sums.clone();
    if let Some((algorithm, sum)) = composite {
        sums = Sums::default();
        sums.set(algorithm, sum);
    }
    Ok((written, sums))
}

/// The parts that the request names, in its order, which must grow.
fn chosen(there: &[PartRow], asked: &[CompletedPart]) -> S3Result<Vec<PartRow>> {
    if asked.is_empty() {
        let text = "The XML you provided was not well-formed or did not validate against our \
                    published schema";
        return Err(s3_error!(MalformedXML, "{text}"));
    }
    let mut parts: Vec<PartRow> = Vec::with_capacity(asked.len());
    for one in asked {
        let number = one.part_number.unwrap_or(0);
        if parts.last().is_some_and(|last| number <= last.number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ));
        }
        let found = there.iter().find(|part| {
            part.number == number && one.e_tag.as_ref().is_none_or(|etag| etag.value() == part.etag)
        });
        parts.push(found.cloned().ok_or_else(invalid_part)?);
    }
    let small = parts.split_last().is_some_and(|(_, most)| most.iter().any(|p| p.size < LEAST));
    if small {
        let text = "Your proposed upload is smaller than the minimum allowed size";
        return Err(s3_error!(EntityTooSmall, "{text}"));
    }
    Ok(parts)
}

/// The MD5 of the parts' MD5s, and how many they are.
fn etag_of(parts: &[PartRow]) -> S3Result<String> {
    let mut all = Md5::new();
    for part in parts {
        let digits = (0..32).step_by(2).map(|at| part.etag.get(at..at + 2));
        let bytes: Option<Vec<u8>> = digits.map(|two| u8::from_str_radix(two?, 16).ok()).collect();
        all.update(&bytes.ok_or_else(invalid_part)?);
    }
    Ok(format!("{}-{}", hex(&all.finalize()), parts.len()))
}

/// The checksum of the parts' checksums, as the composite type is defined; CRC-64/NVME has none.
fn composite_sum(algorithm: Algorithm, parts: &[PartRow]) -> Option<(Algorithm, String)> {
    let sums: Option<Vec<Vec<u8>>> =
        parts.iter().map(|part| base64_decode(part.sums.get(algorithm)?)).collect();
    let joined = sums?.concat();
    let mut hasher = s3s::checksum::ChecksumHasher::default();
    match algorithm {
        Algorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
        Algorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
        Algorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
        Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
        Algorithm::Crc64nvme => return None,
    }
    hasher.update(&joined);
    let sum = Sums::from(hasher.finalize()).get(algorithm)?.clone();
    Some((algorithm, format!("{sum}-{}", parts.len())))
}

pub(super) async fn list_parts(
    store: &Arc<Store>,
    input: ListPartsInput,
) -> S3Result<S3Response<ListPartsOutput>> {
    let most = limit(input.max_parts, "max-parts")?;
    let after = input.part_number_marker.unwrap_or(0);
    let wanted = usize::try_from(most).unwrap_or(0);
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let (upload, mut parts) = store
        .change(move |change| {
            let upload = change.upload(&bucket, &key, &id)?;
            let parts = change.parts(&id, after, wanted + 1)?;
            Ok((upload, parts))
        })
        .await?;
    let more = parts.len() > wanted && wanted > 0;
    parts.truncate(wanted);
    let next = parts.last().map_or(0, |part| part.number);
    let parts = parts.into_iter().map(|part| {
        let mut one = Part {
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(timestamp(part.modified_ms)),
            part_number: Some(part.number),
            size: Some(length(part.size)),
            ..Part::default()
        };
        put_sums!(one, part.sums);
        one
    });
    answer(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(more),
        max_parts: Some(most),
        next_part_number_marker: Some(next),
        part_number_marker: Some(after),
        owner: Some(owner()),
        parts: Some(parts.collect()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: algorithm(&upload),
        ..ListPartsOutput::default()
    })
}

pub(super) async fn list_uploads(
    store: &Arc<Store>,
    input: ListMultipartUploadsInput,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let naming = Naming::of(input.encoding_type.as_ref())?;
    let most = limit(input.max_uploads, "max-uploads")?;
    let wanted = usize::try_from(most).unwrap_or(0);
    let bucket = input.bucket.clone();
    let prefix = input.prefix.clone().unwrap_or_default();
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let id_marker = input.upload_id_marker.clone().unwrap_or_default();
    let mut uploads = store
        .change(move |change| {
            change.uploads(&bucket, &prefix, (&key_marker, &id_marker), wanted + 1)
        })
        .await?;
    let more = uploads.len() > wanted && wanted > 0;
    uploads.truncate(wanted);
    let last = uploads.last().filter(|_| more).cloned();
    let uploads = uploads.iter().map(|upload| MultipartUpload {
        checksum_algorithm: algorithm(upload),
        initiated: Some(timestamp(upload.initiated_ms)),
        key: Some(naming.write(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(upload.id.clone()),
        ..MultipartUpload::default()
    });
    answer(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        is_truncated: Some(more),
        max_uploads: Some(most),
        prefix: input.prefix.map(|prefix| naming.write(&prefix)),
        key_marker: Some(naming.write(&input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: last.as_ref().map(|last| naming.write(&last.key)),
        next_upload_id_marker: last.map(|last| last.id),
        uploads: Some(uploads.collect()),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    })
}

fn algorithm(upload: &UploadRow) -> Option<ChecksumAlgorithm> {
    upload.attributes.algorithm.map(|one| ChecksumAlgorithm::from_static(one.name()))
}
