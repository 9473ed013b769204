//! The settings of topics, by Kafka's names.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::error::Error;
use crate::server::Broker;
use crate::topics::TopicSettings;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from: the topic, or the default.
const OF_TOPIC: i8 = 1;
const BY_DEFAULT: i8 = 5;

/// Settings that are what the local Kafka does anyway: these values change nothing.
const FIXED: [(&str, &str); 4] = [
    ("cleanup.policy", "delete"),
    ("compression.type", "producer"),
    ("message.timestamp.type", "CreateTime"),
    ("min.insync.replicas", "1"),
];
/// How a log is cut into files is nothing that it could be told.
const WITHOUT_EFFECT: [&str; 5] =
    ["segment.bytes", "segment.ms", "segment.index.bytes", "flush.ms", "file.delete.delay.ms"];

/// Sets one of them.
pub(super) fn set(
    settings: &mut TopicSettings,
    name: &str,
    value: Option<&str>,
) -> Result<(), Error> {
    let value = value.unwrap_or_default();
    let number = || {
        value.parse::<i64>().map_err(|_| invalid(format!("{name}={value:.40} is no whole number")))
    };
    match name {
        "retention.ms" => settings.retention_ms = number()?,
        "retention.bytes" => settings.retention_bytes = number()?,
        "max.message.bytes" => settings.max_message_bytes = number()?,
        _ if WITHOUT_EFFECT.contains(&name) => {}
        _ => match FIXED.iter().find(|(fixed, _)| *fixed == name) {
            Some((_, only)) if *only == value => {}
            Some((_, only)) => {
                return Err(invalid(format!("the local Kafka knows only {name}={only}")));
            }
            None => return Err(invalid(format!("the local Kafka has no setting {name:.80}"))),
        },
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::answer(ResponseError::InvalidConfig, message)
}

pub(super) fn describe(
    broker: &Broker,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|resource| describe_one(broker, resource));
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn describe_one(broker: &Broker, resource: DescribeConfigsResource) -> DescribeConfigsResult {
    let name = resource.resource_name;
    let settings = match resource.resource_type {
        TOPIC => broker.log.topics.get(&name).map(|topic| topic.settings.clone()),
        BROKER => Some(TopicSettings::default()),
        _ => None,
    };
    let result = DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(name.clone());
    let Some(settings) = settings else {
        let missing = Error::no_topic(&name);
        let words = StrBytes::from_string(missing.to_string());
        return result.with_error_code(missing.code()).with_error_message(Some(words));
    };
    let wanted = |name: &str| {
        let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
        keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == name))
    };
    let entries = entries(&settings).into_iter().filter(|(name, ..)| wanted(name));
    let configs = entries.map(|(name, value, source)| {
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(StrBytes::from_string(value)))
            .with_config_source(source)
            .with_read_only(true)
    });
    result.with_configs(configs.collect())
}

/// Each setting with its value and where that comes from.
fn entries(settings: &TopicSettings) -> Vec<(&'static str, String, i8)> {
    let default = TopicSettings::default();
    let entry = |name, value: i64, default: i64| {
        let source = if value == default { BY_DEFAULT } else { OF_TOPIC };
        (name, value.to_string(), source)
    };
    let mut entries = vec![
        entry("retention.ms", settings.retention_ms, default.retention_ms),
        entry("retention.bytes", settings.retention_bytes, default.retention_bytes),
        entry("max.message.bytes", settings.max_message_bytes, default.max_message_bytes),
    ];
    entries.extend(FIXED.map(|(name, value)| (name, value.to_owned(), BY_DEFAULT)));
    entries
}
