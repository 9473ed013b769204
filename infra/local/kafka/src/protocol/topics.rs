//! Topics: listed, made, deleted.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{NODE, configs};
use crate::error::Error;
use crate::server::Broker;
use crate::topics::{Topic, TopicSettings};

/// From this version on a client says whether missing topics are made.
const SAYS_CREATE: i16 = 4;

pub(super) async fn metadata(
    broker: &Broker,
    request: MetadataRequest,
    version: i16,
) -> MetadataResponse {
    let create =
        broker.creates_topics && (version < SAYS_CREATE || request.allow_auto_topic_creation);
    let asked = request.topics.filter(|topics| version > 0 || !topics.is_empty());
    let mut topics = Vec::new();
    match asked {
        None => {
            let all = broker.log.topics.all().into_iter();
            topics.extend(all.map(|(name, known)| topic(&name, Some(&known), 0)));
        }
        Some(asked) => {
            for name in asked.into_iter().filter_map(|topic| topic.name) {
                topics.push(find(broker, &name, create).await);
            }
        }
    }
    MetadataResponse::default()
        .with_brokers(vec![
            MetadataResponseBroker::default()
                .with_node_id(NODE)
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port)),
        ])
        .with_cluster_id(Some(StrBytes::from_static_str("logmill-local")))
        .with_controller_id(NODE)
        .with_topics(topics)
}

/// A topic that is asked for; producers wait for ever for one that is missing, so it is made.
async fn find(broker: &Broker, name: &TopicName, create: bool) -> MetadataResponseTopic {
    let mut code = 0;
    if create && broker.log.topics.get(name).is_none() {
        let created = broker.log.create(name, TopicSettings::default()).await;
        code = created.err().map_or(0, |error| error.code());
    }
    let known = broker.log.topics.get(name);
    topic(name, known.as_deref(), code)
}

fn topic(name: &str, known: Option<&Topic>, code: i16) -> MetadataResponseTopic {
    let response = MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(name.to_owned()))));
    let Some(known) = known else {
        let missing = ResponseError::UnknownTopicOrPartition.code();
        return response.with_error_code(if code == 0 { missing } else { code });
    };
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![NODE])
            .with_isr_nodes(vec![NODE])
    };
    response.with_partitions((0..known.settings.partitions).map(partition).collect())
}

pub(super) async fn create(broker: &Broker, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut results = Vec::new();
    for topic in request.topics {
        let created = create_one(broker, &topic, request.validate_only).await;
        let (code, message) = told(&created);
        results.push(
            CreatableTopicResult::default()
                .with_name(topic.name)
                .with_error_code(code)
                .with_error_message(message),
        );
    }
    CreateTopicsResponse::default().with_topics(results)
}

async fn create_one(
    broker: &Broker,
    topic: &CreatableTopic,
    validate_only: bool,
) -> Result<(), Error> {
    if !topic.assignments.is_empty() {
        let message = "the local Kafka is one broker: give no assignment of replicas";
        return Err(Error::answer(ResponseError::InvalidReplicaAssignment, message));
    }
    if !matches!(topic.replication_factor, -1 | 1) {
        let message = "the local Kafka is one broker: give a replication factor of 1";
        return Err(Error::answer(ResponseError::InvalidReplicationFactor, message));
    }
    let mut settings = TopicSettings::default();
    if topic.num_partitions != -1 {
        settings.partitions = topic.num_partitions;
    }
    for config in &topic.configs {
        configs::set(&mut settings, &config.name, config.value.as_deref())?;
    }
    if validate_only {
        return broker.log.topics.check(&topic.name, &settings);
    }
    broker.log.create(&topic.name, settings).await
}

pub(super) async fn delete(broker: &Broker, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let mut results = Vec::new();
    for name in request.topic_names {
        let (code, _) = told(&broker.log.delete(&name).await);
        results.push(DeletableTopicResult::default().with_name(Some(name)).with_error_code(code));
    }
    DeleteTopicsResponse::default().with_responses(results)
}

/// The code and the words of what was done.
fn told(done: &Result<(), Error>) -> (i16, Option<StrBytes>) {
    match done {
        Ok(()) => (0, None),
        Err(error) => (error.code(), Some(StrBytes::from_string(error.to_string()))),
    }
}
