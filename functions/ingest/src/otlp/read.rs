//! The log records of a request, one by one.

use prost::Message as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{Around, event};
use super::model::{LogRecord, Resource, Scope};
use crate::answer::Refusal;
use crate::batch::{Batch, MAX_EVENT_BYTES, TooMany};
use crate::native::too_many;
use crate::wire::{Damaged, fields};

/// Why the rest of a body is not read.
enum Stop {
    TooMany,
    Damaged(String),
}

impl From<TooMany> for Stop {
    fn from(_: TooMany) -> Self {
        Self::TooMany
    }
}

impl From<Damaged> for Stop {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged.to_string())
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::TooMany => too_many(TooMany),
            Stop::Damaged(why) => {
                Self::bad(format!("the body is no ExportLogsServiceRequest: {why}"))
            }
        }
    }
}

/// `ExportLogsServiceRequest { resource_logs = 1 }`, `ResourceLogs { resource = 1, scope_logs = 2 }`,
/// `ScopeLogs { scope = 1, log_records = 2 }`. A resource may stand behind its logs.
pub(super) fn protobuf(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Refusal> {
    let all = fields(body, |number, resource_logs| {
        if number != 1 {
            return Ok(());
        }
        let resource: Resource = part(resource_logs, 1)?;
        fields(resource_logs, |number, scope_logs| {
            if number != 2 {
                return Ok(());
            }
            let scope: Scope = part(scope_logs, 1)?;
            let around = Around::new(&resource, &scope);
            fields(scope_logs, |number, record| {
                if number != 2 {
                    return Ok(());
                }
                if record.len() > MAX_EVENT_BYTES {
                    return Ok(batch.add_bad(too_large(record.len()))?);
                }
                match LogRecord::decode(record) {
                    Ok(record) => Ok(batch.add(event(&record, &around))?),
                    Err(error) => Ok(batch.add_bad(error.to_string())?),
                }
            })
        })
    });
    all.map_err(|stop: Stop| stop.into())
}

/// The message in one field of another; what is larger than an event may be says nothing.
fn part<T: prost::Message + Default>(message: &[u8], wanted: u32) -> Result<T, Stop> {
    let mut found = T::default();
    fields(message, |number, bytes| {
        if number == wanted {
            small(bytes.len())?;
            found = T::decode(bytes)?;
        }
        Ok::<_, Stop>(())
    })?;
    Ok(found)
}

fn small(bytes: usize) -> Result<(), Stop> {
    if bytes <= MAX_EVENT_BYTES { Ok(()) } else { Err(Stop::Damaged(too_large(bytes))) }
}

fn too_large(bytes: usize) -> String {
    format!("it has {bytes} bytes, {MAX_EVENT_BYTES} at most are taken")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    resource_logs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scope_logs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default)]
    log_records: Vec<&'a RawValue>,
}

pub(super) fn json(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Refusal> {
    Ok(walk(body, batch)?)
}

fn walk(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Stop> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    for resource_logs in request.resource_logs {
        let resource_logs: ResourceLogs<'_> = serde_json::from_str(resource_logs.get())?;
        let resource: Resource = json_part(resource_logs.resource)?;
        for scope_logs in resource_logs.scope_logs {
            let scope_logs: ScopeLogs<'_> = serde_json::from_str(scope_logs.get())?;
            let scope: Scope = json_part(scope_logs.scope)?;
            let around = Around::new(&resource, &scope);
            for record in scope_logs.log_records {
                let record = record.get();
                if record.len() > MAX_EVENT_BYTES {
                    batch.add_bad(too_large(record.len()))?;
                    continue;
                }
                match serde_json::from_str::<LogRecord>(record) {
                    Ok(record) => batch.add(event(&record, &around))?,
                    Err(error) => batch.add_bad(error.to_string())?,
                }
            }
        }
    }
    Ok(())
}

fn json_part<'a, T: Deserialize<'a> + Default>(part: Option<&'a RawValue>) -> Result<T, Stop> {
    let Some(part) = part.filter(|part| part.get() != "null") else { return Ok(T::default()) };
    small(part.get().len())?;
    Ok(serde_json::from_str(part.get())?)
}
