//! Rows from and to the types of the port.

use logmill_metadata::{
    Blob, BlobChange, BlobKind, Deployment, Lease, ObjectState, Owner, Progress, Tally, Version,
};
use logmill_model::id;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{Decode, Row as _, SqlStr, Type};

use crate::table::DEPLOYMENT;
use crate::text::{name, read_name, shown};
use crate::time::Moment;

/// A statement with its parameters.
pub(crate) type Bound<'q> = Query<'q, sqlx::Postgres, PgArguments>;

/// An entry of an index has at most some 2,700 bytes, and a part as many as an object's key.
const MAX_PART: usize = 900;
/// How long a checkpoint is kept that nobody continues from: 30 days, in seconds.
const CHECKPOINT_SECONDS: i64 = 30 * 24 * 3600;

/// The part as keys have it.
pub(crate) fn part_key(part: &str) -> String {
    if part.len() > MAX_PART { id::deployment_key(&name(part)) } else { name(part).into_owned() }
}

/// The columns of a row, one after the other.
pub(crate) struct Columns<'r> {
    row: &'r PgRow,
    next: usize,
}

type Read<T> = Result<T, sqlx::Error>;

impl<'r> Columns<'r> {
    pub(crate) const fn from(row: &'r PgRow, first: usize) -> Self {
        Self { row, next: first }
    }

    fn take<T: Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>>(&mut self) -> Read<T> {
        let value = self.row.try_get(self.next);
        self.next += 1;
        value
    }

    fn damaged(&self, why: impl Into<sqlx::error::BoxDynError>) -> sqlx::Error {
        sqlx::Error::ColumnDecode { index: (self.next - 1).to_string(), source: why.into() }
    }

    fn name(&mut self) -> Read<String> {
        Ok(read_name(self.take()?))
    }

    fn optional_name(&mut self) -> Read<Option<String>> {
        Ok(self.take::<Option<String>>()?.map(read_name))
    }

    fn moment(&mut self) -> Read<logmill_model::Timestamp> {
        Ok(self.take::<Moment>()?.0)
    }

    fn optional_moment(&mut self) -> Read<Option<logmill_model::Timestamp>> {
        Ok(self.take::<Option<Moment>>()?.map(|moment| moment.0))
    }

    fn number<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
        &mut self,
    ) -> Read<T> {
        let number: i64 = self.take()?;
        T::try_from(number).map_err(|error| self.damaged(error))
    }

    fn optional_number<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
        &mut self,
    ) -> Read<Option<T>> {
        let number: Option<i64> = self.take()?;
        number.map(T::try_from).transpose().map_err(|error| self.damaged(error))
    }

    /// One of an enum's words.
    fn word<T: DeserializeOwned>(&mut self) -> Read<T> {
        let word: &str = self.take()?;
        let word: StrDeserializer<'_, WordError> = word.into_deserializer();
        T::deserialize(word).map_err(|error| self.damaged(error))
    }

    fn optional_word<T: DeserializeOwned>(&mut self) -> Read<Option<T>> {
        let is_none = self.row.try_get::<Option<&str>, _>(self.next)?.is_none();
        if is_none {
            self.next += 1;
            return Ok(None);
        }
        self.word().map(Some)
    }
}

/// A deployment, from the columns [`DEPLOYMENT`]; none where a join found none.
pub(crate) fn read_deployment(row: &PgRow) -> Read<Option<Deployment>> {
    let mut columns = Columns::from(row, 0);
    let Some(deployment_key) = columns.optional_name()? else { return Ok(None) };
    Ok(Some(Deployment {
        deployment_key,
        revision: columns.number()?,
        s3_path: columns.optional_name()?,
        status: columns.word()?,
        status_since: columns.moment()?,
        created_at: columns.optional_moment()?,
        seen_at: columns.moment()?,
        processed_at: columns.optional_moment()?,
        application_name: columns.take()?,
        deployment_type: columns.take()?,
        source: columns.take()?,
        run: columns.take()?,
        commit: columns.take()?,
        branch: columns.take()?,
        actor: columns.take()?,
        objects_expected: columns.optional_number()?,
        result: columns.optional_word()?,
        error: columns.take()?,
        error_part: columns.optional_name()?,
        tally: columns.take::<Json<Tally>>()?.0,
    }))
}

/// The object beside a deployment, from a row that holds both.
pub(crate) fn read_joined_object(row: &PgRow) -> Read<Option<ObjectState>> {
    read_object(row, DEPLOYMENT.len())
}

/// An object, from the columns [`crate::table::OBJECT`]; none where a join found none.
pub(crate) fn read_object(row: &PgRow, first: usize) -> Read<Option<ObjectState>> {
    let mut columns = Columns::from(row, first);
    let Some(deployment_key) = columns.optional_name()? else { return Ok(None) };
    let revision = columns.number()?;
    let part = columns.name()?;
    let object_key = columns.name()?;
    let status = columns.word()?;
    let version = Version {
        etag: columns.name()?,
        sequencer: columns.optional_name()?,
        last_modified: columns.moment()?,
    };
    let owner = columns.optional_name()?.map(Owner::new);
    let until = columns.optional_moment()?;
    let object = ObjectState {
        deployment_key,
        part,
        object_key,
        status,
        version,
        lease: owner.zip(until).map(|(owner, until)| Lease { owner, until }),
        attempts: columns.number()?,
        continuations: columns.number()?,
        replays: columns.number()?,
        result: columns.optional_word()?,
        error: columns.take()?,
        ended_by: columns.optional_name()?.map(Owner::new),
        progress: {
            let read = columns.optional_number()?;
            let size = columns.optional_number()?;
            read.zip(size).map(|(read, size)| Progress { read, size })
        },
        status_since: columns.moment()?,
        revision,
    };
    Ok(Some(object))
}

/// A summary or checkpoint.
pub(crate) fn read_blob(row: &PgRow) -> Read<Blob> {
    let mut columns = Columns::from(row, 0);
    Ok(Blob { generation: columns.name()?, bytes: columns.take()? })
}

/// What counts bytes and changes fits a signed number for ever.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The statement that writes a deployment.
pub(crate) fn write_deployment<'q>(
    statement: SqlStr,
    row: &'q Deployment,
    change_id: i64,
) -> Bound<'q> {
    let text = |text: &'q Option<String>| text.as_deref().map(shown);
    sqlx::query(statement)
        .bind(name(&row.deployment_key))
        .bind(signed(row.revision))
        .bind(row.s3_path.as_deref().map(name))
        .bind(row.status.as_str())
        .bind(Moment(row.status_since))
        .bind(row.created_at.map(Moment))
        .bind(Moment(row.seen_at))
        .bind(row.processed_at.map(Moment))
        .bind(text(&row.application_name))
        .bind(text(&row.deployment_type))
        .bind(text(&row.source))
        .bind(text(&row.run))
        .bind(text(&row.commit))
        .bind(text(&row.branch))
        .bind(text(&row.actor))
        .bind(row.objects_expected.map(i64::from))
        .bind(row.result.map(logmill_model::Outcome::as_str))
        .bind(text(&row.error))
        .bind(row.error_part.as_deref().map(name))
        .bind(Json(row.tally))
        .bind(change_id)
        .bind(name(&row.place()).into_owned())
}

/// The statement that writes an object.
pub(crate) fn write_object<'q>(
    statement: SqlStr,
    row: &'q ObjectState,
    change_id: i64,
) -> Bound<'q> {
    let owner = |owner: &'q Owner| name(owner.as_str());
    sqlx::query(statement)
        .bind(name(&row.deployment_key))
        .bind(signed(row.revision))
        .bind(name(&row.part))
        .bind(name(&row.object_key))
        .bind(row.status.as_str())
        .bind(name(&row.version.etag))
        .bind(row.version.sequencer.as_deref().map(name))
        .bind(Moment(row.version.last_modified))
        .bind(row.lease.as_ref().map(|lease| owner(&lease.owner)))
        .bind(row.lease.as_ref().map(|lease| Moment(lease.until)))
        .bind(i64::from(row.attempts))
        .bind(i64::from(row.continuations))
        .bind(i64::from(row.replays))
        .bind(row.result.map(logmill_model::Outcome::as_str))
        .bind(row.error.as_deref().map(shown))
        .bind(row.ended_by.as_ref().map(owner))
        .bind(row.progress.map(|progress| signed(progress.read)))
        .bind(row.progress.map(|progress| signed(progress.size)))
        .bind(Moment(row.status_since))
        .bind(change_id)
        .bind(part_key(&row.part))
}

/// The statement that writes or deletes a summary or checkpoint; none where it stays.
pub(crate) fn write_blob<'q>(
    statements: &crate::table::Statements,
    object: &'q ObjectState,
    kind: BlobKind,
    change: &'q BlobChange,
) -> Option<Bound<'q>> {
    let statements = statements.blob(kind);
    let statement = match change {
        BlobChange::Keep => return None,
        BlobChange::Delete => statements.delete.clone(),
        BlobChange::Put(_) => statements.put.clone(),
    };
    let bound =
        sqlx::query(statement).bind(name(&object.deployment_key)).bind(part_key(&object.part));
    let BlobChange::Put(blob) = change else { return Some(bound) };
    let expires = (kind == BlobKind::Checkpoint).then(|| {
        let from = object.lease.as_ref().map_or(object.status_since, |lease| lease.until);
        let kept = logmill_model::Timestamp::from_second(from.as_second() + CHECKPOINT_SECONDS);
        Moment(kept.unwrap_or(logmill_model::Timestamp::MAX))
    });
    Some(bound.bind(name(&blob.generation)).bind(blob.bytes.as_slice()).bind(expires))
}
