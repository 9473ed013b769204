//! Multipart uploads: their parts, and how they become an object.

use super::objects::Condition;
use super::{Change, Fault, NewObject, now_ms, to_sql};
use crate::attributes::{Attributes, Sums};
use crate::event::EventKind;
use rusqlite::{OptionalExtension as _, params};
use s3s::s3_error;

/// An upload that is under way.
#[derive(Clone, Debug)]
pub(crate) struct UploadRow {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) initiated_ms: i64,
    pub(crate) attributes: Attributes,
}

/// A part that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct PartRow {
    pub(crate) number: i32,
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: i64,
    pub(crate) sums: Sums,
}

/// What turns an upload into an object.
#[derive(Debug)]
pub(crate) struct Complete {
    pub(crate) upload: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) object: NewObject,
    pub(crate) condition: Condition,
    /// The parts' files as they were joined: if one was uploaded anew since, the join is void.
    pub(crate) files: Vec<String>,
}

impl Change<'_> {
    /// Begins an upload.
    pub(crate) fn create_upload(
        &self,
        id: &str,
        bucket: &str,
        key: &str,
        attributes: &Attributes,
    ) -> Result<(), Fault> {
        self.need_bucket(bucket)?;
        let attributes = serde_json::to_string(attributes).unwrap_or_default();
        self.db.execute(
            "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)",
            params![id, bucket, key.as_bytes(), now_ms(), attributes],
        )?;
        Ok(())
    }

    /// The upload, or NoSuchBucket, or NoSuchUpload.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<UploadRow, Fault> {
        self.need_bucket(bucket)?;
        let mut find = self.db.prepare_cached(
            "SELECT initiated_ms, attributes FROM uploads WHERE id = ? AND bucket = ? AND key = ?",
        )?;
        let row = find.query_row(params![id, bucket, key.as_bytes()], |row| {
            let attributes: String = row.get(1)?;
            Ok(UploadRow {
                id: id.to_owned(),
                key: key.to_owned(),
                initiated_ms: row.get(0)?,
                attributes: serde_json::from_str(&attributes).unwrap_or_default(),
            })
        });
        row.optional()?.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload \
                 may have been aborted or completed."
            )
            .into()
        })
    }

    /// Puts a part in place of the one of that number.
    pub(crate) fn put_part(
        &mut self,
        bucket: &str,
        key: &str,
        upload: &str,
        part: &PartRow,
    ) -> Result<(), Fault> {
        self.upload(bucket, key, upload)?;
        let mut old =
            self.db.prepare_cached("SELECT file FROM parts WHERE upload = ? AND number = ?")?;
        let old: Option<String> =
            old.query_row(params![upload, part.number], |row| row.get(0)).optional()?;
        self.garbage.extend(old);
        self.db.execute(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                upload,
                part.number,
                part.file,
                to_sql(part.size),
                part.etag,
                part.modified_ms,
                serde_json::to_string(&part.sums).unwrap_or_default()
            ],
        )?;
        Ok(())
    }

    /// The parts after a number, in their order.
    pub(crate) fn parts(
        &self,
        upload: &str,
        after: i32,
        most: usize,
    ) -> Result<Vec<PartRow>, Fault> {
        let mut parts = self.db.prepare_cached(
            "SELECT number, file, size, etag, modified_ms, sums FROM parts \
             WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
        )?;
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = parts.query_map(params![upload, after, limit], |row| {
            let sums: String = row.get(5)?;
            Ok(PartRow {
                number: row.get(0)?,
                file: row.get(1)?,
                size: row.get(2)?,
                etag: row.get(3)?,
                modified_ms: row.get(4)?,
                sums: serde_json::from_str(&sums).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The uploads under way whose keys begin so, after a key and an id, by key and id.
    pub(crate) fn uploads(
        &self,
        bucket: &str,
        prefix: &str,
        after: (&str, &str),
        most: usize,
    ) -> Result<Vec<UploadRow>, Fault> {
        self.need_bucket(bucket)?;
        let mut uploads = self.db.prepare_cached(
            "SELECT id, key, initiated_ms, attributes FROM uploads \
             WHERE bucket = ?1 AND substr(key, 1, length(?2)) = ?2 \
               AND (key > ?3 OR (key = ?3 AND ?4 <> '' AND id > ?4)) \
             ORDER BY key, id LIMIT ?5",
        )?;
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let values = params![bucket, prefix.as_bytes(), after.0.as_bytes(), after.1, limit];
        let rows = uploads.query_map(values, |row| {
            let (key, attributes): (Vec<u8>, String) = (row.get(1)?, row.get(3)?);
            Ok(UploadRow {
                id: row.get(0)?,
                key: String::from_utf8_lossy(&key).into_owned(),
                initiated_ms: row.get(2)?,
                attributes: serde_json::from_str(&attributes).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends an upload without an object.
    pub(crate) fn abort(&mut self, bucket: &str, key: &str, upload: &str) -> Result<(), Fault> {
        self.upload(bucket, key, upload)?;
        self.drop_upload(upload)
    }

    /// Makes the object of an upload and ends the upload, all or nothing; returns when.
    pub(crate) fn complete(&mut self, complete: &Complete) -> Result<i64, Fault> {
        let Complete { upload, bucket, key, object, condition, files } = complete;
        self.upload(bucket, key, upload)?;
        let there = self.parts(upload, 0, usize::MAX)?;
        if !files.iter().all(|file| there.iter().any(|part| part.file == *file)) {
            return Err(invalid_part());
        }
        let kind = EventKind::CompleteMultipartUpload;
        let at_ms = self.put(bucket, key, object, condition, kind)?;
        self.drop_upload(upload)?;
        Ok(at_ms)
    }

    pub(super) fn drop_upload(&mut self, upload: &str) -> Result<(), Fault> {
        let parts = self.parts(upload, 0, usize::MAX)?;
        self.garbage.extend(parts.into_iter().map(|part| part.file));
        self.db.execute("DELETE FROM uploads WHERE id = ?", [upload])?;
        Ok(())
    }
}

/// The answer to a part that is not there, or is not as the request says.
pub(crate) fn invalid_part() -> Fault {
    s3_error!(
        InvalidPart,
        "One or more of the specified parts could not be found. The part may not have been \
         uploaded, or the specified entity tag may not match the part's entity tag."
    )
    .into()
}
