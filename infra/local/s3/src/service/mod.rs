//! The operations of the protocol over the storage.

mod copy;
mod get;
mod list;
mod multipart;
mod put;

use crate::attributes::Sums;
use crate::store::{Fault, Store};
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// What `s3s` calls.
#[derive(Debug)]
pub(crate) struct Service {
    store: Arc<Store>,
}

impl Service {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

/// Where the local cloud says it is.
const REGION: &str = "us-east-1";

/// A time as the protocol has it.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

/// A length as the protocol has it.
fn length(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn owner() -> Owner {
    Owner { display_name: None, id: Some("logmill".to_owned()) }
}

/// Fills the checksum fields of an answer.
macro_rules! put_sums {
    ($output:expr, $sums:expr) => {
        $output.checksum_crc32 = $sums.crc32.clone();
        $output.checksum_crc32c = $sums.crc32c.clone();
        $output.checksum_crc64nvme = $sums.crc64nvme.clone();
        $output.checksum_sha1 = $sums.sha1.clone();
        $output.checksum_sha256 = $sums.sha256.clone();
    };
}
use put_sums;

/// The checksum type of an answer.
fn sums_type(sums: &Sums) -> Option<ChecksumType> {
    sums.kind().map(ChecksumType::from_static)
}

/// An answer without headers of its own.
fn answer<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let prefix = request.input.prefix.unwrap_or_default();
        let all = self.store.change(|change| change.buckets()).await?;
        let buckets = all
            .into_iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .map(|(name, at)| Bucket {
                bucket_region: Some(REGION.to_owned()),
                creation_date: Some(timestamp(at)),
                name: Some(name),
            })
            .collect();
        answer(ListBucketsOutput {
            buckets: Some(buckets),
            owner: Some(owner()),
            ..ListBucketsOutput::default()
        })
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let CreateBucketInput { bucket, create_bucket_configuration, .. } = request.input;
        let elsewhere = create_bucket_configuration
            .and_then(|configuration| configuration.location_constraint)
            .is_some_and(|region| region.as_str() != REGION);
        let name = bucket.clone();
        let made = self.store.change(move |change| change.create_bucket(&name)).await?;
        // In us-east-1, and only there, S3 lets an owner make a bucket twice.
        if !made && elsewhere {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ));
        }
        answer(CreateBucketOutput { location: Some(format!("/{bucket}")) })
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let bucket = request.input.bucket;
        self.store.change(move |change| change.need_bucket(&bucket)).await?;
        let bucket_region = Some(REGION.to_owned());
        answer(HeadBucketOutput { bucket_region, ..HeadBucketOutput::default() })
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = request.input.bucket;
        self.store.change(move |change| change.delete_bucket(&bucket)).await?;
        answer(DeleteBucketOutput {})
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let bucket = request.input.bucket;
        self.store.change(move |change| change.need_bucket(&bucket)).await?;
        answer(GetBucketLocationOutput::default())
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        put::put_object(&self.store, request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        get::get_object(&self.store, request.input).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        get::head_object(&self.store, request.input).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let DeleteObjectInput { bucket, key, if_match, .. } = request.input;
        self.store.change(move |change| change.delete(&bucket, &key, if_match.as_ref())).await?;
        answer(DeleteObjectOutput::default())
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        delete_objects(&self.store, request.input).await
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        copy::copy_object(&self.store, request.input).await
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        list::list_objects(&self.store, request.input).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        list::list_objects_v2(&self.store, request.input).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::create(&self.store, request.input).await
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        put::upload_part(&self.store, request).await
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        copy::upload_part_copy(&self.store, request.input).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        multipart::complete(&self.store, request.input).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
        self.store.change(move |change| change.abort(&bucket, &key, &upload_id)).await?;
        answer(AbortMultipartUploadOutput::default())
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        multipart::list_parts(&self.store, request.input).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        multipart::list_uploads(&self.store, request.input).await
    }
}

/// Deletes up to 1,000 objects in one transaction; each has its own result.
async fn delete_objects(
    store: &Arc<Store>,
    input: DeleteObjectsInput,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let DeleteObjectsInput { bucket, delete, .. } = input;
    let quiet = delete.quiet.unwrap_or(false);
    if delete.objects.is_empty() || delete.objects.len() > 1000 {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema"
        ));
    }
    let results = store
        .change(move |change| {
            change.need_bucket(&bucket)?;
            let mut results = Vec::new();
            for object in delete.objects {
                let condition = object.e_tag.map(ETagCondition::ETag);
                let error = match change.delete(&bucket, &object.key, condition.as_ref()) {
                    Ok(()) => None,
                    Err(Fault::Answer(error)) => Some(error),
                    Err(fault) => return Err(fault),
                };
                results.push((object.key, error));
            }
            Ok(results)
        })
        .await?;
    let (failed, done): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|(_, error)| error.is_some());
    let deleted = done
        .into_iter()
        .map(|(key, _)| DeletedObject { key: Some(key), ..DeletedObject::default() })
        .collect();
    let errors: Vec<_> =
        failed.into_iter().map(|(key, error)| item_error(key, error.as_ref())).collect();
    answer(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        request_charged: None,
    })
}

fn item_error(key: String, error: Option<&S3Error>) -> Error {
    Error {
        code: error.map(|error| error.code().as_str().to_owned()),
        message: error.and_then(|error| error.message().map(str::to_owned)),
        key: Some(key),
        version_id: None,
    }
}
