//! Where an event comes from: environment, host and version, wherever senders write them.

use std::borrow::Cow;

use logmill_event::{Event, Object, Value};

/// Where OpenTelemetry's attributes of the sender stand in an event.
const RESOURCE: &str = "resource";
/// Names of the environment: OpenTelemetry's (semantic conventions, deployment), its former one, ECS'.
const ENVIRONMENT: [&str; 3] =
    ["deployment.environment.name", "deployment.environment", "service.environment"];
const VERSION: [&str; 1] = ["service.version"];
const HOST: [&str; 2] = ["host.name", "host.hostname"];
const SERVICE: [&str; 1] = ["service.name"];

/// Fills in what an event does not say under the names of its own: from its labels, OpenTelemetry's
/// attributes, and what patterns found.
pub(crate) fn fill(event: &mut Event<'_>) {
    if event.env.is_none() {
        event.env = text(&event.labels, "env").or_else(|| attribute(&event.other, &ENVIRONMENT));
    }
    if event.version.is_none() {
        event.version =
            text(&event.labels, "version").or_else(|| attribute(&event.other, &VERSION));
    }
    if event.host.is_none() {
        event.host = text(&event.labels, "host").or_else(|| attribute(&event.other, &HOST));
    }
    if event.service.is_none() {
        event.service = attribute(&event.other, &SERVICE);
    }
}

/// The first of these names that has a text, in the attributes of the resource or in the event.
fn attribute<'a>(other: &Object<'a>, names: &[&str]) -> Option<Cow<'a, str>> {
    let resource = match other.get(RESOURCE) {
        Some(Value::Object(resource)) => Some(resource),
        _ => None,
    };
    let attributes = match resource.and_then(|resource| resource.get("attributes")) {
        Some(Value::Object(attributes)) => Some(attributes),
        _ => None,
    };
    let places = [attributes, resource, Some(other)].into_iter().flatten();
    places.flat_map(|place| names.iter().map(move |name| find(place, name))).find_map(|found| found)
}

/// A text by its name with dots, or nested.
fn find<'a>(object: &Object<'a>, name: &str) -> Option<Cow<'a, str>> {
    text(object, name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        match object.get(outer)? {
            Value::Object(nested) => find(nested, inner),
            _ => None,
        }
    })
}

fn text<'a>(object: &Object<'a>, name: &str) -> Option<Cow<'a, str>> {
    match object.get(name)? {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_host_and_version_are_found_where_senders_write_them() {
        for (json, wanted) in [
            (r#"{"message":"m","env":"a","labels":{"env":"b"}}"#, [Some("a"), None, None]),
            (r#"{"message":"m","labels":{"env":"b","version":"2"}}"#, [Some("b"), Some("2"), None]),
            (
                r#"{"message":"m","resource":{"attributes":{"deployment.environment.name":"c","service.version":"3","host.name":"h"}}}"#,
                [Some("c"), Some("3"), Some("h")],
            ),
            (
                r#"{"message":"m","resource":{"deployment.environment":"d","host":{"name":"i"}}}"#,
                [Some("d"), None, Some("i")],
            ),
            (r#"{"message":"m","service.environment":"e","env":""}"#, [Some("e"), None, None]),
            (r#"{"message":"m","labels":{"env":7},"resource":1}"#, [None, None, None]),
        ] {
            let mut event = Event::read(json.as_bytes()).unwrap();
            fill(&mut event);
            let found = [event.env, event.version, event.host];
            assert_eq!(found.each_ref().map(Option::as_deref), wanted, "{json}");
        }
    }
}
