//! Batches that readers ask for, at once or as soon as there are some.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchResponse, TopicName};
use tokio::time::Instant;

use crate::server::Broker;

/// The most bytes of an answer, and the longest that one waits for some, whatever is asked for.
const MOST_BYTES: usize = 32 << 20;
const LONGEST: Duration = Duration::from_secs(60);

/// Reads what there is, and waits for it as long as the reader wants if there is too little.
pub(super) async fn fetch(broker: &Broker, request: FetchRequest) -> FetchResponse {
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST);
    let deadline = Instant::now() + wait;
    let enough = usize::try_from(request.min_bytes).unwrap_or(0);
    let mut appended = broker.log.appended();
    loop {
        // From here on, so that what comes during the look is not missed.
        appended.mark_unchanged();
        let (topics, bytes, failed) = look(broker, &request).await;
        if failed || bytes >= enough || Instant::now() >= deadline {
            return FetchResponse::default().with_responses(topics);
        }
        // Whichever comes first, the next turn looks again.
        let _ = tokio::time::timeout_at(deadline, appended.changed()).await;
    }
}

/// What there is, how many bytes, and whether a partition has an error.
async fn look(
    broker: &Broker,
    request: &FetchRequest,
) -> (Vec<FetchableTopicResponse>, usize, bool) {
    let mut left = usize::try_from(request.max_bytes).unwrap_or(0).min(MOST_BYTES);
    let (mut bytes, mut failed) = (0, false);
    let mut topics = Vec::new();
    for topic in &request.topics {
        let mut partitions = Vec::new();
        for asked in &topic.partitions {
            // The first batch is sent even if it is too large, or the reader would never go on.
            let most = if bytes == 0 { left.max(1) } else { left };
            let data = partition(broker, &topic.topic, asked, most).await;
            let read = data.records.as_ref().map_or(0, Bytes::len);
            bytes += read;
            left = left.saturating_sub(read);
            failed |= data.error_code != 0;
            partitions.push(data);
        }
        let response = FetchableTopicResponse::default();
        topics.push(response.with_topic(topic.topic.clone()).with_partitions(partitions));
    }
    (topics, bytes, failed)
}

async fn partition(
    broker: &Broker,
    topic: &TopicName,
    asked: &FetchPartition,
    most: usize,
) -> PartitionData {
    let data = PartitionData::default()
        .with_partition_index(asked.partition)
        .with_records(Some(Bytes::new()))
        .with_high_watermark(-1)
        .with_last_stable_offset(-1);
    let Some(partition) = broker.log.topics.partition(topic, asked.partition) else {
        return data.with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    let (start, end) = (partition.start(), partition.end());
    let data =
        data.with_high_watermark(end).with_last_stable_offset(end).with_log_start_offset(start);
    if !(start..=end).contains(&asked.fetch_offset) {
        return data.with_error_code(ResponseError::OffsetOutOfRange.code());
    }
    if asked.fetch_offset == end || most == 0 {
        return data;
    }
    let most = usize::try_from(asked.partition_max_bytes).unwrap_or(0).min(most);
    match broker.log.read(&partition, asked.fetch_offset, most).await {
        Ok(batches) => data.with_records(Some(batches.into())),
        Err(error) => {
            tracing::error!(%error, topic = topic.as_str(), "a partition cannot be read");
            data.with_error_code(error.code())
        }
    }
}
