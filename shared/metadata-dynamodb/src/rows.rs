//! The items of the table: their keys, and how rows become items and back.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::primitives::Blob as Bytes;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use logmill_metadata::{
    Blob, BlobChange, BlobKind, Change, Deployment, Error, ErrorKind, ObjectState,
};
use logmill_model::id;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Item, item};

/// The partition key.
pub(crate) const PARTITION: &str = "deployment_key";
/// The sort key.
pub(crate) const SORT: &str = "row";
/// The sort key of the deployment itself.
pub(crate) const DEPLOYMENT: &str = "deployment";
/// How the sort keys of objects begin.
pub(crate) const OBJECT: &str = "object#";
/// Orders the lists; see [`Deployment::place`].
pub(crate) const PLACE: &str = "place";
/// The partition key of the index `by-application`.
pub(crate) const APPLICATION: &str = "application";
/// When an item expires, in seconds.
pub(crate) const EXPIRES: &str = "expires_at";

/// How often a row was written.
pub(crate) const REVISION: &str = "revision";
const GENERATION: &str = "generation";
const BYTES: &str = "bytes";
/// A sort key has at most 1,024 bytes, and a part as many as an object's key, or more.
const MAX_PART: usize = 900;
/// The most of an application's name that is indexed.
const MAX_APPLICATION: usize = 1000;
/// How long a checkpoint is kept that nobody continues from: 30 days, in seconds.
const CHECKPOINT_SECONDS: i64 = 30 * 24 * 3600;

fn named(prefix: &str, part: &str) -> String {
    if part.len() <= MAX_PART {
        return format!("{prefix}{part}");
    }
    format!("{prefix}{}", id::deployment_key(part))
}

/// The sort key of an object.
pub(crate) fn object(part: &str) -> String {
    named(OBJECT, part)
}

/// The sort key of a summary or checkpoint.
pub(crate) fn blob(kind: BlobKind, part: &str) -> String {
    match kind {
        BlobKind::Summary => named("summary#", part),
        BlobKind::Checkpoint => named("checkpoint#", part),
    }
}

/// An application's name as the index has it; none if it can't be a key.
pub(crate) fn application(name: &str) -> Option<String> {
    let cut = &name[..name.floor_char_boundary(MAX_APPLICATION)];
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// A deployment or an object from its item.
pub(crate) fn read<T: DeserializeOwned>(item: Item, table: &str) -> Result<T, Error> {
    let name = name_of(&item);
    serde_json::from_value(item::to_json(item))
        .map_err(|error| damaged(table, &name).caused_by(error))
}

/// A summary or checkpoint from its item.
pub(crate) fn read_blob(mut item: Item, table: &str) -> Result<Blob, Error> {
    match (item.remove(GENERATION), item.remove(BYTES)) {
        (Some(AttributeValue::S(generation)), Some(AttributeValue::B(bytes))) => {
            Ok(Blob { generation, bytes: bytes.into_inner() })
        }
        _ => Err(damaged(table, &name_of(&item))),
    }
}

fn name_of(item: &Item) -> String {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok());
    let (key, row) = (text(PARTITION), text(SORT));
    format!("{:?}, {:?}", key.map_or("", String::as_str), row.map_or("", String::as_str))
}

fn damaged(table: &str, row: &str) -> Error {
    let message = format!(
        "the row {row} of table {table} is not as Logmill writes it: delete it and replay the \
         deployment, or restore the table"
    );
    Error::new(ErrorKind::Damaged, message)
}

/// The deployment's key and the conditional writes that a change is.
pub(crate) fn writes<'a>(
    change: &'a Change,
    table: &str,
) -> Result<(&'a str, Vec<TransactWriteItem>), Error> {
    let mut writes = Vec::new();
    let mut key = "";
    if let Some(deployment) = &change.deployment {
        key = &deployment.deployment_key;
        let item = deployment_item(deployment)?;
        writes.push(conditional(table, item, deployment.revision)?);
    }
    if let Some(object) = &change.object {
        key = &object.deployment_key;
        let item = row_item(object, key, self::object(&object.part))?;
        writes.push(conditional(table, item, object.revision)?);
        for (kind, change) in
            [(BlobKind::Summary, &change.summary), (BlobKind::Checkpoint, &change.checkpoint)]
        {
            writes.extend(blob_write(table, object, kind, change)?);
        }
    }
    Ok((key, writes))
}

fn row_item(row: &impl Serialize, key: &str, sort: String) -> Result<Item, Error> {
    let fields = match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => serde_json::Map::new(),
        Err(error) => {
            let message = format!("the row {sort:?} of {key:?} can't be written as JSON");
            return Err(Error::new(ErrorKind::Invalid, message).caused_by(error));
        }
    };
    let mut item = item::from_json(fields);
    item.insert(PARTITION.to_owned(), AttributeValue::S(key.to_owned()));
    item.insert(SORT.to_owned(), AttributeValue::S(sort));
    Ok(item)
}

fn deployment_item(deployment: &Deployment) -> Result<Item, Error> {
    let mut item = row_item(deployment, &deployment.deployment_key, DEPLOYMENT.to_owned())?;
    item.insert(PLACE.to_owned(), AttributeValue::S(deployment.place()));
    let application = deployment.application_name.as_deref().and_then(application);
    if let Some(application) = application {
        item.insert(APPLICATION.to_owned(), AttributeValue::S(application));
    }
    Ok(item)
}

/// The error of a request that lacks something.
pub(crate) fn incomplete(error: BuildError) -> Error {
    Error::new(ErrorKind::Other, "a request to DynamoDB is incomplete").caused_by(error)
}

fn conditional(table: &str, item: Item, revision: u64) -> Result<TransactWriteItem, Error> {
    let put = over_the_revision_before(table, item, revision).map_err(incomplete)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put that replaces the revision before this one, or makes the row.
pub(crate) fn over_the_revision_before(
    table: &str,
    item: Item,
    revision: u64,
) -> Result<Put, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .expression_attribute_names("#revision", REVISION);
    let put = if revision <= 1 {
        put.condition_expression("attribute_not_exists(#revision)")
    } else {
        let before = AttributeValue::N((revision - 1).to_string());
        put.condition_expression("#revision = :before")
            .expression_attribute_values(":before", before)
    };
    put.build()
}

fn blob_write(
    table: &str,
    object: &ObjectState,
    kind: BlobKind,
    change: &BlobChange,
) -> Result<Option<TransactWriteItem>, Error> {
    let key = AttributeValue::S(object.deployment_key.clone());
    let sort = AttributeValue::S(blob(kind, &object.part));
    let write = TransactWriteItem::builder();
    let write = match change {
        BlobChange::Keep => return Ok(None),
        BlobChange::Delete => {
            let delete = Delete::builder().table_name(table).key(PARTITION, key).key(SORT, sort);
            write.delete(delete.build().map_err(incomplete)?)
        }
        BlobChange::Put(blob) => {
            let mut put = Put::builder()
                .table_name(table)
                .item(PARTITION, key)
                .item(SORT, sort)
                .item(GENERATION, AttributeValue::S(blob.generation.clone()))
                .item(BYTES, AttributeValue::B(Bytes::new(blob.bytes.as_slice())));
            if kind == BlobKind::Checkpoint {
                let from = object.lease.as_ref().map_or(object.status_since, |lease| lease.until);
                let expires = from.as_second() + CHECKPOINT_SECONDS;
                put = put.item(EXPIRES, AttributeValue::N(expires.to_string()));
            }
            write.put(put.build().map_err(incomplete)?)
        }
    };
    Ok(Some(write.build()))
}
