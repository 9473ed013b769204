//! Batches that producers send, and the numbers by which idempotent ones are known.

use bytes::Bytes;
use futures_util::future::join_all;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
    TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Pending, Refused, Request, encode};
use crate::error::Error;
use crate::server::Broker;

/// From this version on an answer has room for words.
const WITH_WORDS: i16 = 8;

/// Gives the batches of a request to the log in their order, and answers when they are durable.
pub(super) fn start(broker: &Broker, request: &Request) -> Result<Pending, Refused> {
    let (version, correlation) = (request.version, request.correlation);
    if version < 3 {
        return Err(Refused::NotServed { key: request.api as i16, version });
    }
    let produce: ProduceRequest = request.decode()?;
    let unasked = produce.acks == 0;
    let refusal = refusal(&produce);
    let mut topics = Vec::new();
    for topic in produce.topic_data {
        let mut partitions = Vec::new();
        for data in topic.partition_data {
            let stored = match &refusal {
                Some(error) => Err(Error::answer(*error, "")),
                None => append(broker, &topic.name, data.index, data.records),
            };
            partitions.push(async move {
                let stored = match stored {
                    Ok(stored) => stored.await,
                    Err(error) => Err(error),
                };
                partition(data.index, &stored, version)
            });
        }
        topics.push(async move {
            TopicProduceResponse::default()
                .with_name(topic.name)
                .with_partition_responses(join_all(partitions).await)
        });
    }
    Ok(Box::pin(async move {
        let response = ProduceResponse::default().with_responses(join_all(topics).await);
        if unasked { Ok(None) } else { encode(correlation, version, &response) }
    }))
}

fn refusal(produce: &ProduceRequest) -> Option<ResponseError> {
    if produce.transactional_id.is_some() {
        return Some(ResponseError::TransactionalIdAuthorizationFailed);
    }
    (!(-1..=1).contains(&produce.acks)).then_some(ResponseError::InvalidRequiredAcks)
}

fn append(
    broker: &Broker,
    topic: &TopicName,
    partition: i32,
    records: Option<Bytes>,
) -> Result<impl Future<Output = Result<i64, Error>> + Send + use<>, Error> {
    let known = broker.log.topics.get(topic).ok_or_else(|| Error::no_topic(topic))?;
    let partition = broker.log.topics.partition(topic, partition);
    let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
    broker.log.append(&known, &partition, &records.unwrap_or_default())
}

fn partition(index: i32, stored: &Result<i64, Error>, version: i16) -> PartitionProduceResponse {
    let response =
        PartitionProduceResponse::default().with_index(index).with_log_append_time_ms(-1);
    match stored {
        Ok(offset) => response.with_base_offset(*offset),
        Err(error) => {
            let words = StrBytes::from_string(error.to_string());
            let words = (version >= WITH_WORDS).then_some(words);
            response.with_base_offset(-1).with_error_code(error.code()).with_error_message(words)
        }
    }
}

/// Gives an idempotent producer its number.
pub(super) async fn init(
    broker: &Broker,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let response =
        InitProducerIdResponse::default().with_producer_id(ProducerId(-1)).with_producer_epoch(-1);
    if request.transactional_id.is_some() {
        let refused = ResponseError::TransactionalIdAuthorizationFailed.code();
        return response.with_error_code(refused);
    }
    match broker.log.producer_id().await {
        Ok(id) => response.with_producer_id(ProducerId(id)).with_producer_epoch(0),
        Err(error) => response.with_error_code(error.code()),
    }
}
