//! Offsets: where a partition begins and ends, and where a group goes on.

use std::collections::HashMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::error::Error;
use crate::server::Broker;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// From this version on, no topics means all topics.
const ALL: i16 = 2;
/// The most bytes of what a reader notes beside its offset, as in Kafka.
const MOST_METADATA: usize = 4_096;

pub(super) async fn list(broker: &Broker, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let mut topics = Vec::new();
    for topic in request.topics {
        let mut partitions = Vec::new();
        for asked in topic.partitions {
            let found = find(broker, &topic.name, asked.partition_index, asked.timestamp).await;
            let response =
                ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            partitions.push(match found {
                Ok((offset, timestamp)) => response.with_offset(offset).with_timestamp(timestamp),
                Err(error) => response.with_error_code(error.code()),
            });
        }
        let response = ListOffsetsTopicResponse::default();
        topics.push(response.with_name(topic.name).with_partitions(partitions));
    }
    ListOffsetsResponse::default().with_topics(topics)
}

/// The offset for a time, and the time of the record that stands there; -1 for none.
async fn find(
    broker: &Broker,
    topic: &TopicName,
    partition: i32,
    timestamp: i64,
) -> Result<(i64, i64), Error> {
    let partition = broker.log.topics.partition(topic, partition);
    let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
    match timestamp {
        LATEST => Ok((partition.end(), -1)),
        EARLIEST => Ok((partition.start(), -1)),
        0.. => Ok(broker.log.since(&partition, timestamp).await?.unwrap_or((-1, -1))),
        _ => {
            let message = "only the earliest and the latest offset and those of times are served";
            Err(Error::answer(ResponseError::UnsupportedVersion, message))
        }
    }
}

pub(super) async fn commit(broker: &Broker, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let generation = request.generation_id_or_member_epoch;
    let code = broker.groups.may_commit(&request.group_id, &request.member_id, generation);
    let mut offsets = Vec::new();
    let mut topics = Vec::new();
    for topic in request.topics {
        let mut partitions = Vec::new();
        for asked in topic.partitions {
            let metadata = asked.committed_metadata.unwrap_or_default().to_string();
            let known = broker.log.topics.partition(&topic.name, asked.partition_index);
            let code = match known {
                _ if code != 0 => code,
                None => ResponseError::UnknownTopicOrPartition.code(),
                Some(_) if metadata.len() > MOST_METADATA => {
                    ResponseError::OffsetMetadataTooLarge.code()
                }
                Some(known) => {
                    offsets.push((known.id, asked.committed_offset, metadata));
                    0
                }
            };
            partitions.push((asked.partition_index, code));
        }
        topics.push((topic.name, partitions));
    }
    let stored = broker.log.commit(&request.group_id, offsets).await;
    let failed = stored.err().map_or(0, |error| error.code());
    let partition = |(index, code): (i32, i16)| {
        let code = if code == 0 { failed } else { code };
        OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code)
    };
    let topics = topics.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(partition).collect();
        OffsetCommitResponseTopic::default().with_name(name).with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

pub(super) async fn fetch(
    broker: &Broker,
    request: OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    let committed = match broker.log.committed(&request.group_id).await {
        Ok(committed) => committed,
        Err(error) => return failed(request, error.code(), version),
    };
    let committed: HashMap<i64, (i64, String)> =
        committed.into_iter().map(|(id, offset, metadata)| (id, (offset, metadata))).collect();
    let asked = match request.topics {
        Some(topics) => {
            topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect()
        }
        None if version >= ALL => with_offsets(broker, &committed),
        None => Vec::new(),
    };
    let topics = asked.into_iter().map(|(name, indexes)| {
        let partition = |index: i32| {
            let known = broker.log.topics.partition(&name, index);
            let found = known.and_then(|known| committed.get(&known.id));
            let (offset, metadata) = found.map_or((-1, ""), |(offset, said)| (*offset, said));
            OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_metadata(Some(StrBytes::from_string(metadata.to_owned())))
        };
        let partitions = indexes.into_iter().map(partition).collect();
        OffsetFetchResponseTopic::default().with_name(name.clone()).with_partitions(partitions)
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

/// All partitions for which something is committed.
fn with_offsets(
    broker: &Broker,
    committed: &HashMap<i64, (i64, String)>,
) -> Vec<(TopicName, Vec<i32>)> {
    let topics = broker.log.topics.all().into_iter().filter_map(|(name, topic)| {
        let indexes: Vec<i32> = (0_i32..)
            .zip(&topic.partitions)
            .filter(|(_, partition)| committed.contains_key(&partition.id))
            .map(|(index, _)| index)
            .collect();
        (!indexes.is_empty()).then(|| (TopicName(StrBytes::from_string(name)), indexes))
    });
    topics.collect()
}

fn failed(request: OffsetFetchRequest, code: i16, version: i16) -> OffsetFetchResponse {
    let topics = request.topics.unwrap_or_default().into_iter().map(|topic| {
        let partition = |index: i32| {
            let response = OffsetFetchResponsePartition::default().with_partition_index(index);
            response.with_committed_offset(-1).with_error_code(code)
        };
        let partitions = topic.partition_indexes.into_iter().map(partition).collect();
        OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    let response = OffsetFetchResponse::default().with_topics(topics.collect());
    if version >= ALL { response.with_error_code(code) } else { response }
}
