//! Buckets and objects.

use super::{Change, Fault, now_ms, to_sql};
use crate::attributes::Attributes;
use crate::event::EventKind;
use rusqlite::{OptionalExtension as _, params};
use s3s::dto::ETagCondition;
use s3s::s3_error;

/// An object as the table holds it.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRow {
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    pub(crate) attributes: Attributes,
}

/// What is to become an object.
#[derive(Debug)]
pub(crate) struct NewObject {
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) attributes: Attributes,
}

/// Under which condition a write happens, checked in its own transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl Condition {
    /// Whether the write may happen to the object that is there, or isn't. As S3 documents
    /// conditional writes: 412 where the condition fails, 404 for If-Match without an object.
    fn check(&self, there: Option<&str>) -> Result<(), Fault> {
        match (&self.if_none_match, there) {
            (Some(ETagCondition::ETag(_)), _) => {
                return Err(s3_error!(
                    NotImplemented,
                    "A header you provided implies functionality that is not implemented: \
                     If-None-Match takes * only when writing."
                )
                .into());
            }
            (Some(ETagCondition::Any), Some(_)) => return Err(precondition("If-None-Match")),
            _ => {}
        }
        match (&self.if_match, there) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => Ok(()),
            (Some(_), None) => Err(no_key()),
            (Some(ETagCondition::ETag(etag)), Some(there)) if etag.value() == there => Ok(()),
            (Some(_), Some(_)) => Err(precondition("If-Match")),
        }
    }
}

/// The answer to a condition that does not hold.
pub(crate) fn precondition(header: &str) -> Fault {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold: {header}"
    )
    .into()
}

/// The answer to a key that is not there.
pub(crate) fn no_key() -> Fault {
    s3_error!(NoSuchKey, "The specified key does not exist.").into()
}

impl Change<'_> {
    /// Makes a bucket; `false` if it is there already.
    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<bool, Fault> {
        let sql = "INSERT INTO buckets VALUES (?, ?) ON CONFLICT DO NOTHING";
        Ok(self.db.execute(sql, params![bucket, now_ms()])? > 0)
    }

    /// The buckets by name, each with the time when it was made.
    pub(crate) fn buckets(&self) -> Result<Vec<(String, i64)>, Fault> {
        let mut all =
            self.db.prepare_cached("SELECT name, created_ms FROM buckets ORDER BY name")?;
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Fails unless the bucket is there.
    pub(crate) fn need_bucket(&self, bucket: &str) -> Result<(), Fault> {
        let mut find = self.db.prepare_cached("SELECT 1 FROM buckets WHERE name = ?")?;
        if find.exists([bucket])? {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket, "The specified bucket does not exist").into())
    }

    /// Removes an empty bucket. Uploads that are under way go with it, as in S3.
    pub(crate) fn delete_bucket(&mut self, bucket: &str) -> Result<(), Fault> {
        self.need_bucket(bucket)?;
        if self.db.prepare_cached("SELECT 1 FROM objects WHERE bucket = ?")?.exists([bucket])? {
            let text = "The bucket you tried to delete is not empty";
            return Err(s3_error!(BucketNotEmpty, "{text}").into());
        }
        let mut left = self.db.prepare_cached("SELECT id FROM uploads WHERE bucket = ?")?;
        let left: Vec<String> =
            left.query_map([bucket], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for upload in left {
            self.drop_upload(&upload)?;
        }
        self.db.execute("DELETE FROM buckets WHERE name = ?", [bucket])?;
        Ok(())
    }

    /// The object, or NoSuchBucket, or NoSuchKey.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<ObjectRow, Fault> {
        self.need_bucket(bucket)?;
        self.find(bucket, key)?.ok_or_else(no_key)
    }

    fn find(&self, bucket: &str, key: &str) -> Result<Option<ObjectRow>, Fault> {
        let mut find = self.db.prepare_cached(
            "SELECT file, size, etag, modified_ms, attributes FROM objects \
             WHERE bucket = ? AND key = ?",
        )?;
        let row = find.query_row(params![bucket, key.as_bytes()], |row| {
            let attributes: String = row.get(4)?;
            Ok(ObjectRow {
                file: row.get(0)?,
                size: row.get(1)?,
                etag: row.get(2)?,
                modified_ms: row.get(3)?,
                attributes: serde_json::from_str(&attributes).unwrap_or_default(),
            })
        });
        Ok(row.optional()?)
    }

    /// Puts an object in place of the one that is there, if the condition holds; returns when.
    pub(crate) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        new: &NewObject,
        condition: &Condition,
        kind: EventKind,
    ) -> Result<i64, Fault> {
        self.need_bucket(bucket)?;
        let old = self.find(bucket, key)?;
        condition.check(old.as_ref().map(|old| old.etag.as_str()))?;
        let at_ms = now_ms();
        let mut replace = self
            .db
            .prepare_cached("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        let attributes = serde_json::to_string(&new.attributes).unwrap_or_default();
        replace.execute(params![
            bucket,
            key.as_bytes(),
            new.file,
            to_sql(new.size),
            new.etag,
            at_ms,
            attributes
        ])?;
        self.garbage.extend(old.map(|old| old.file));
        self.record(kind, bucket, key, (new.size, &new.etag), at_ms)?;
        Ok(at_ms)
    }

    /// Deletes an object. What is not there is deleted already, whatever the condition.
    pub(crate) fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        if_match: Option<&ETagCondition>,
    ) -> Result<(), Fault> {
        self.need_bucket(bucket)?;
        let Some(old) = self.find(bucket, key)? else { return Ok(()) };
        if let Some(ETagCondition::ETag(etag)) = if_match
            && etag.value() != old.etag
        {
            return Err(precondition("If-Match"));
        }
        let mut delete =
            self.db.prepare_cached("DELETE FROM objects WHERE bucket = ? AND key = ?")?;
        delete.execute(params![bucket, key.as_bytes()])?;
        self.garbage.push(old.file);
        self.record(EventKind::Delete, bucket, key, (0, ""), now_ms())
    }
}
