//! Processing events: a deployment whose objects are to be parsed.
//!
//! A processing event is a JSON object `{deployment_key, timestamp, source}`; only `deployment_key`
//! is needed, other fields are carried along. While nothing is known of the deployment yet, the
//! function sends the event to its own queue with a field `lookup` of its own:
//! `{"tries": 2, "topic": "log-processing-events", "partition": 0, "offset": 41, "at": "…"}`: how
//! often it was looked for, and where the event came from.

use logmill_model::{Timestamp, id};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Malformed, number, text, time};

/// A deployment to be looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The deployment, as rows name it.
    pub deployment_key: String,
    /// How often it was looked for in vain, and where the event came from.
    pub origin: Origin,
    event: Map<String, Value>,
}

/// Where a processing event came from, and how often its deployment was looked for in vain.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Origin {
    /// How often.
    pub tries: u32,
    /// The topic that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The topic's partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The partition's offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The broker's time, else the event's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Lookup {
    /// Reads a processing event.
    ///
    /// # Errors
    /// [`Malformed::Deployment`]
    pub fn read(event: &Value) -> Result<Self, Malformed> {
        let Some(fields) = event.as_object() else { return Err(Malformed::Unknown) };
        let key = text(event, "deployment_key")
            .ok_or_else(|| Malformed::Deployment(event["deployment_key"].to_string()))?;
        let origin = fields.get("lookup").cloned().unwrap_or_default();
        // Somebody else's field of that name is as good as none.
        let mut origin: Origin = serde_json::from_value(origin).unwrap_or_default();
        let stamp = number(event, "timestamp");
        let stamp = stamp.and_then(|at| Timestamp::from_millisecond(at).ok());
        origin.at = origin.at.or(stamp).or_else(|| time(event, "timestamp"));
        let mut fields = fields.clone();
        fields.remove("lookup");
        Ok(Self { deployment_key: id::deployment_key(key), origin, event: fields })
    }

    /// The same, found at a place of a topic.
    #[must_use]
    pub(super) fn found_at(mut self, origin: &Origin) -> Self {
        self.origin = Origin { at: origin.at.or(self.origin.at), ..origin.clone() };
        self
    }

    /// The message that has it looked for once more, after `tries` in vain.
    #[must_use]
    pub fn message(&self, tries: u32) -> String {
        let mut event = self.event.clone();
        let origin = Origin { tries, ..self.origin.clone() };
        // A struct of numbers and texts is always JSON.
        event.insert("lookup".to_owned(), serde_json::to_value(origin).unwrap_or_default());
        Value::Object(event).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_processing_event_waits_in_the_queue_without_losing_anything() {
        let event = json!({ "deployment_key": "a", "timestamp": 1_772_600_000_000_i64,
            "source": "jenkins", "more": { "x": [1] } });
        let mut lookup = Lookup::read(&event).unwrap();
        assert_eq!((lookup.deployment_key.as_str(), lookup.origin.tries), ("a", 0));
        lookup.origin = Origin {
            topic: Some("log-processing-events".to_owned()),
            partition: Some(3),
            offset: Some(41),
            at: "2026-03-04T05:13:20Z".parse().ok(),
            ..Origin::default()
        };
        let again: Value = serde_json::from_str(&lookup.message(2)).unwrap();
        let read = Lookup::read(&again).unwrap();
        assert_eq!(read.origin, Origin { tries: 2, ..lookup.origin.clone() });
        assert_eq!(read.event, *event.as_object().unwrap());
    }

    #[test]
    fn a_long_key_is_looked_for_under_the_name_its_row_has() {
        let long = "k".repeat(400);
        let lookup = Lookup::read(&json!({ "deployment_key": long, "lookup": "odd" })).unwrap();
        assert_eq!(lookup.deployment_key, id::deployment_key(&long));
        assert_eq!(lookup.origin, Origin::default());
    }
}
