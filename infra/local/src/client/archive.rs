//! `logmill archive …`: every service log as it was sent.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use logmill_archive::{Line, ReadError, Reader};
use logmill_consume::Invocation;
use logmill_kafka_event::{event_json, record_json};
use logmill_runtime::retry::Deadline;

use crate::endpoints::{Clients, archive_bucket};
use crate::stdout::{Bulk, CANNOT_WRITE};

/// How many records are indexed at once.
const BATCH: usize = 500;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do with the archive.
#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveCommand {
    /// List the topics of a day, with their objects
    List {
        #[command(flatten)]
        day: Day,
    },
    /// Print the records of a topic, in the order of their offsets
    Cat {
        /// The topic
        topic: String,
        /// Only this partition
        #[arg(long)]
        partition: Option<i32>,
        /// Only what the records hold, without their keys, headers, offsets and times
        #[arg(long)]
        values: bool,
        #[command(flatten)]
        day: Day,
    },
    /// Print the records of a day that hold a text, in upper or lower case
    Search {
        /// The text
        text: String,
        /// Only those of this topic
        #[arg(long)]
        topic: Option<String>,
        #[command(flatten)]
        day: Day,
    },
    /// Index the records of a day again, each under the id that it had
    Restore {
        /// The topic
        topic: String,
        #[command(flatten)]
        day: Day,
    },
    /// Join the small objects of a day that is over into large ones
    Compact {
        /// Only those of this topic
        #[arg(long)]
        topic: Option<String>,
        #[command(flatten)]
        day: Day,
    },
}

/// A day of the archive.
#[derive(Args, Debug)]
pub(crate) struct Day {
    /// The day of the records' own times (UTC), 2026-03-04 for example; default today
    #[arg(long)]
    day: Option<Date>,
}

impl Day {
    fn date(&self) -> Date {
        self.day.unwrap_or_else(today)
    }

    /// As keys have it.
    fn key(&self) -> String {
        self.date().strftime("%Y/%m/%d").to_string()
    }
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Why records are not printed to the end.
enum Stop {
    Read(ReadError),
    Write(std::io::Error),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<Stop> for anyhow::Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Read(error) => error.into(),
            Stop::Write(error) => Self::new(error).context(CANNOT_WRITE),
        }
    }
}

/// Runs one of them and says what came of it; records are printed as they are read.
pub(crate) async fn run(clients: &Clients, command: &ArchiveCommand) -> anyhow::Result<String> {
    let reader = Reader { objects: clients.objects.clone(), bucket: archive_bucket() };
    match command {
        ArchiveCommand::List { day } => list(&reader, day).await,
        ArchiveCommand::Cat { topic, partition, values, day } => {
            cat(&reader, topic, *partition, *values, day).await
        }
        ArchiveCommand::Search { text, topic, day } => {
            search(&reader, text, topic.as_deref(), day).await
        }
        ArchiveCommand::Restore { topic, day } => restore(clients, &reader, topic, day).await,
        ArchiveCommand::Compact { topic, day } => compact(&reader, topic.as_deref(), day).await,
    }
}

async fn topics(reader: &Reader, topic: Option<&str>, day: &Day) -> anyhow::Result<Vec<String>> {
    match topic {
        Some(topic) => Ok(vec![topic.to_owned()]),
        None => Ok(reader.topics(&day.key()).await?),
    }
}

async fn list(reader: &Reader, day: &Day) -> anyhow::Result<String> {
    let mut text = String::new();
    for topic in reader.topics(&day.key()).await? {
        let places = reader.list(&day.key(), &topic).await?;
        let bytes: u64 = places.iter().map(|place| place.size).sum();
        // Writing to memory does not fail.
        let _ = writeln!(text, "{topic}  {} objects, {bytes} bytes compressed", places.len());
    }
    let none = || format!("Nothing is archived of {}.\n", day.date());
    Ok(if text.is_empty() { none() } else { text })
}

async fn cat(
    reader: &Reader,
    topic: &str,
    partition: Option<i32>,
    values: bool,
    day: &Day,
) -> anyhow::Result<String> {
    let (mut out, _) = Bulk::open();
    let (key, mut records) = (day.key(), 0_u64);
    let read = reader.read_day(&key, topic, partition, |text, line| {
        records += 1;
        let written = if values { write_value(&mut out, line) } else { writeln!(out, "{text}") };
        written.map_err(Stop::Write)
    });
    read.await?;
    out.flush().context(CANNOT_WRITE)?;
    ensure!(records > 0, "nothing of `{topic}` is archived of {}", day.date());
    Ok(String::new())
}

fn write_value(out: &mut impl std::io::Write, line: &Line<'_>) -> std::io::Result<()> {
    // A tombstone holds nothing.
    let Some(value) = line.value.decoded().map_err(std::io::Error::other)? else { return Ok(()) };
    out.write_all(&value)?;
    out.write_all(b"\n")
}

async fn search(
    reader: &Reader,
    text: &str,
    topic: Option<&str>,
    day: &Day,
) -> anyhow::Result<String> {
    let wanted = text.to_lowercase();
    let (mut out, _) = Bulk::open();
    let (key, mut found) = (day.key(), 0_u64);
    for topic in topics(reader, topic, day).await? {
        let read = reader.read_day(&key, &topic, None, |text, line| {
            let value = line.value.decoded().unwrap_or_default().unwrap_or_default();
            if !String::from_utf8_lossy(&value).to_lowercase().contains(&wanted) {
                return Ok(());
            }
            found += 1;
            writeln!(out, "{text}").map_err(Stop::Write)
        });
        read.await?;
    }
    out.flush().context(CANNOT_WRITE)?;
    ensure!(found > 0, "no record of {} holds {text:?}", day.date());
    Ok(String::new())
}

/// Hands records to `consume` as their topic once did.
async fn restore(
    clients: &Clients,
    reader: &Reader,
    topic: &str,
    day: &Day,
) -> anyhow::Result<String> {
    let consume = clients.consume()?;
    let mut restored = 0_usize;
    for place in reader.list(&day.key(), topic).await? {
        // An object of somebody else is none of ours to index.
        let Some(extent) = reader.extent(&place).await? else { continue };
        let mut lines = reader.lines(&place).await?;
        let mut batch = Vec::new();
        loop {
            let next = lines.read_next()?;
            let ended = next.is_none();
            if let Some((_, line)) = next {
                let record = line.record().with_context(|| format!("{} is damaged", place.key))?;
                batch.push(record_json(&record));
            }
            if batch.len() >= BATCH || ended && !batch.is_empty() {
                let event = event_json(&extent.cluster, batch.iter().map(|record| &**record));
                let now = Timestamp::now();
                let invocation = Invocation { now, deadline: Deadline::after(PATIENCE) };
                let answer = consume.handle(&event, &invocation).await?;
                ensure!(answer.is_done(), "not all of {} could be indexed: see the log", place.key);
                restored += batch.len();
                batch.clear();
            }
            if ended {
                break;
            }
        }
    }
    ensure!(restored > 0, "nothing of `{topic}` is archived of {}", day.date());
    Ok(format!("{restored} records are handed to consume again\n"))
}

async fn compact(reader: &Reader, topic: Option<&str>, day: &Day) -> anyhow::Result<String> {
    let (date, today) = (day.date(), today());
    if date >= today {
        return Err(anyhow!("{date} is not over: choose an earlier --day"));
    }
    let mut text = String::new();
    for topic in topics(reader, topic, day).await? {
        let done = reader.compact(&day.key(), &topic).await?;
        // Writing to memory does not fail.
        let _ = writeln!(text, "{topic}  {} objects, {} before", done.after, done.before);
    }
    Ok(if text.is_empty() { format!("Nothing is archived of {date}.\n") } else { text })
}
