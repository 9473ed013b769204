//! Listing, in both versions of the operation.

use super::{answer, length, owner, timestamp};
use crate::content::hex;
use crate::event::encode_key;
use crate::store::{Listed, Listing, Store};
use s3s::dto::*;
use s3s::{S3Response, S3Result, s3_error};
use std::sync::Arc;

/// The most items that S3 gives at once.
const MOST: i32 = 1000;

/// How names are written in the answer: as they are, or encoded where the client asks for it.
#[derive(Clone, Copy)]
pub(super) struct Naming {
    encoded: bool,
}

impl Naming {
    pub(super) fn of(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { encoded: false }),
            Some("url") => Ok(Self { encoded: true }),
            Some(_) => {
                Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn write(self, name: &str) -> String {
        if self.encoded { encode_key(name) } else { name.to_owned() }
    }
}

/// How many items are asked for.
pub(super) fn limit(asked: Option<i32>, what: &str) -> S3Result<i32> {
    match asked {
        None => Ok(MOST),
        Some(0..) => Ok(asked.unwrap_or(MOST).min(MOST)),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Argument {what} must be an integer between 0 and 2147483647"
        )),
    }
}

/// The answer's objects and common prefixes, whether there are more, and the last item's name.
struct Page {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    more: bool,
    last: Option<String>,
}

async fn page(store: &Arc<Store>, listing: Listing, naming: Naming, owned: bool) -> S3Result<Page> {
    let nothing = listing.most == 0;
    let (items, more) = store.change(move |change| change.list(&listing)).await?;
    let last = items.last().map(|item| item.name().to_owned());
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Listed::Object { key, size, etag, modified_ms } => contents.push(Object {
                e_tag: Some(ETag::Strong(etag)),
                key: Some(naming.write(&key)),
                last_modified: Some(timestamp(modified_ms)),
                owner: owned.then(owner),
                size: Some(length(size)),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Object::default()
            }),
            Listed::Prefix(prefix) => {
                prefixes.push(CommonPrefix { prefix: Some(naming.write(&prefix)) });
            }
        }
    }
    Ok(Page { contents, prefixes, more: more && !nothing, last })
}

pub(super) async fn list_objects(
    store: &Arc<Store>,
    input: ListObjectsInput,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let naming = Naming::of(input.encoding_type.as_ref())?;
    let max_keys = limit(input.max_keys, "max-keys")?;
    let listing = Listing {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone().unwrap_or_default(),
        most: usize::try_from(max_keys).unwrap_or(0),
    };
    let page = page(store, listing, naming, true).await?;
    // Without a delimiter the client takes the last key.
    let next = page.last.filter(|_| page.more && input.delimiter.is_some());
    answer(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(naming.write(&input.prefix.unwrap_or_default())),
        marker: Some(naming.write(&input.marker.unwrap_or_default())),
        max_keys: Some(max_keys),
        is_truncated: Some(page.more),
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.map(|delimiter| naming.write(&delimiter)),
        next_marker: next.map(|next| naming.write(&next)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(super) async fn list_objects_v2(
    store: &Arc<Store>,
    input: ListObjectsV2Input,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let naming = Naming::of(input.encoding_type.as_ref())?;
    let max_keys = limit(input.max_keys, "max-keys")?;
    let after = match &input.continuation_token {
        Some(token) => unhex(token).ok_or_else(|| {
            s3_error!(InvalidArgument, "The continuation token provided is incorrect")
        })?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let listing = Listing {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after,
        most: usize::try_from(max_keys).unwrap_or(0),
    };
    let page = page(store, listing, naming, input.fetch_owner.unwrap_or(false)).await?;
    let next = page.last.filter(|_| page.more);
    answer(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(naming.write(&input.prefix.unwrap_or_default())),
        max_keys: Some(max_keys),
        key_count: i32::try_from(page.contents.len() + page.prefixes.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.more),
        next_continuation_token: next.map(|next| hex(next.as_bytes())),
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.map(|delimiter| naming.write(&delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| naming.write(&after)),
        request_charged: None,
    })
}

/// The text of a continuation token.
fn unhex(token: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok().filter(|text| !text.is_empty())
}
