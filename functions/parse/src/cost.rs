//! What a log costs in documents, by which records are indexed.

use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use logmill_documents::{BulkLimits, BulkWriter, Names, Origin};
use logmill_model::Timestamp;
use logmill_model::mask::Policy;
use logmill_parser::Options;
use logmill_runtime::config::Records;
use logmill_runtime::retry::Deadline;
use tokio::sync::mpsc;

use crate::collect::Collector;
use crate::read::{self, Plan};

/// Documents and their bytes as they are sent to be indexed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// Records, single tests and build documents.
    pub documents: u64,
    /// Their bytes as JSON, with the lines that say where each belongs.
    pub bytes: u64,
}

/// Parses an object as the function does, sends nothing, and says what it would have sent. Blocks.
///
/// # Errors
/// Where the object cannot be read or is no log.
pub fn cost(reader: impl Read + Seek + Send, records: Records) -> anyhow::Result<Cost> {
    let origin = Origin {
        deployment_key: "github_actions-github.com-1234567890-1".to_owned(),
        part: String::new(),
        source: Some("github_actions".to_owned()),
        application: None,
        generation: format!("{:032x}-{:010}", 0, 0),
        parser_version: logmill_parser::VERSION.to_owned(),
        observed_at: Timestamp::UNIX_EPOCH,
    };
    let plan = Plan {
        origin: origin.clone(),
        options: Options { masking: Policy::all(), ..Options::default() },
        records,
        until: Deadline::after(Duration::MAX),
        progress: Arc::default(),
    };
    let (bulks, mut gathered) = mpsc::channel(1);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let writer = BulkWriter::new(Names::default(), BulkLimits::default());
            let mut collector = Collector::new(&origin, writer, &bulks);
            read::read(reader, &plan, &mut collector, None).map(drop)
        });
        let mut cost = Cost::default();
        while let Some(bulk) = gathered.blocking_recv() {
            cost.documents += bulk.len() as u64;
            cost.bytes += bulk.bytes() as u64;
        }
        match reading.join() {
            Ok(read) => Ok(read.map(|()| cost)?),
            Err(_) => anyhow::bail!("parsing it failed"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Documents of a log of 1,000 lines, for each kind of choice.
    fn documents(last: &str) -> [u64; 4] {
        let mut log: String = (1..1000).map(|line| format!("line {line}\n")).collect();
        log.push_str(last);
        let all = Records::NAMES
            .map(|(_, records)| cost(Cursor::new(log.as_bytes()), records).unwrap().documents);
        let text = cost(Cursor::new(log.as_bytes()), Records::All).unwrap();
        assert!(text.bytes > log.len() as u64);
        all
    }

    #[test]
    fn fewer_records_cost_less_and_the_build_document_is_always_there() {
        let failed = documents("##[error]Process completed with exit code 1.\n");
        assert_eq!(failed, [1001, 1001, 52, 1], "all, failed, context, none");
        let passed = documents("done\n");
        assert_eq!(passed, [1001, 1, 1, 1]);
    }
}
