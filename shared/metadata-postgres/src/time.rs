//! `timestamptz` as the product's own time. It holds microseconds; what is finer is cut.

use logmill_model::Timestamp;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Type};

/// The type's number in every Postgres.
const TIMESTAMPTZ: Oid = Oid(1184);
/// 2000-01-01, from which Postgres counts, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// A moment as a column holds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Type<sqlx::Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl Encode<'_, sqlx::Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let since = self.0.as_microsecond().saturating_sub(EPOCH);
        buffer.extend_from_slice(&since.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, sqlx::Postgres> for Moment {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("a time came as text, not in binary".into());
        }
        let since = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        let micros = since.checked_add(EPOCH).ok_or("a time is infinite")?;
        Ok(Self(Timestamp::from_microsecond(micros)?))
    }
}
