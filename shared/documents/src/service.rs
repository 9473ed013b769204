//! The document of a service's record: an event that a service sent, with what was found out about it.

use jiff::Timestamp;
use logmill_event::{Object, Value};
use logmill_model::{Level, RecordKind};
use serde::Serialize;

use crate::Kind;
use crate::body::{Document, Texts};
use crate::names::{TimeFault, place};

/// A record of a service's log; what is shown of it is masked by whoever makes it.
#[derive(Clone, Debug)]
pub struct ServiceRecord<'a> {
    /// The document's id ([`logmill_model::id`]).
    pub id: String,
    /// When it happened, by its own account.
    pub timestamp: Option<Timestamp>,
    /// The broker's time, so that a repeat writes the same.
    pub observed_at: Timestamp,
    /// Which service sent it.
    pub service: &'a str,
    /// How serious it is.
    pub level: Level,
    /// What happened.
    pub message: &'a str,
    /// Whether it came as an event or as a line of text.
    pub kind: RecordKind,
    /// The machine it happened on.
    pub host: Option<&'a str>,
    /// The trace it is part of.
    pub trace_id: Option<&'a str>,
    /// The request it is part of.
    pub request_id: Option<&'a str>,
    /// Whose request it is about.
    pub client_ip: Option<&'a str>,
    /// The environment, `prod` for example.
    pub env: &'a str,
    /// The service's version.
    pub version: Option<&'a str>,
    /// Where it comes from: its topic.
    pub source: &'a str,
    /// What it was written from: its place in the topic.
    pub generation: &'a str,
    /// Who wrote it.
    pub parser_version: &'a str,
    /// What it is to be found by.
    pub labels: &'a Object<'a>,
    /// What belongs to it.
    pub payload: &'a Object<'a>,
    /// Its other fields, and those that patterns found.
    pub fields: &'a Object<'a>,
    /// Numbers that are promoted, by their paths: fields `num.…`.
    pub num: &'a Object<'a>,
    /// Words that are promoted, by their paths: fields `key.…`.
    pub key: &'a Object<'a>,
    /// Where its address is.
    pub geo: Option<Geo<'a>>,
    /// How many values were cut to what engines take.
    pub values_cut: u64,
}

/// Where an address is, and whose network it is in; names as in ECS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Geo<'a> {
    /// `EU` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continent_code: Option<&'a str>,
    /// `DE` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_iso_code: Option<&'a str>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_name: Option<&'a str>,
    /// The code of the region within the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_iso_code: Option<&'a str>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_name: Option<&'a str>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_name: Option<&'a str>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<&'a str>,
    /// `Europe/Berlin` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<&'a str>,
    /// The middle of where it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The number of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_number: Option<u32>,
    /// Whose network it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_organization: Option<&'a str>,
}

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Location {
    /// From -90 to 90.
    pub lat: f64,
    /// From -180 to 180.
    pub lon: f64,
}

/// As it is written.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(rename = "@timestamp")]
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_fault: Option<&'static str>,
    observed_at: Timestamp,
    service: &'a str,
    level: Level,
    message: &'a str,
    kind: RecordKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<&'a str>,
    env: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    source: &'a str,
    generation: &'a str,
    parser_version: &'a str,
    #[serde(skip_serializing_if = "Object::is_empty")]
    labels: &'a Object<'a>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    payload: &'a Object<'a>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    fields: &'a Object<'a>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    num: &'a Object<'a>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    key: &'a Object<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<Geo<'a>>,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    text: Texts<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    text_cut: bool,
    #[serde(skip_serializing_if = "is_zero")]
    values_cut: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Body<'_> {
    pub(crate) const fn is_text_cut(&self) -> bool {
        self.text_cut
    }
}

impl<'a> ServiceRecord<'a> {
    fn texts(&self) -> Texts<'a> {
        let mut texts = Texts::empty();
        for object in [self.payload, self.fields, self.labels] {
            object.0.iter().for_each(|(_, value)| gather(value, &mut texts));
        }
        texts
    }

    pub(crate) fn document(self) -> Document<Body<'a>> {
        let (at, month, fault) = place(self.timestamp, self.observed_at);
        let text = self.texts();
        let body = Body {
            at,
            time_fault: fault.map(TimeFault::as_str),
            observed_at: self.observed_at,
            service: self.service,
            level: self.level,
            message: self.message,
            kind: self.kind,
            host: self.host,
            trace_id: self.trace_id,
            request_id: self.request_id,
            client_ip: self.client_ip,
            env: self.env,
            version: self.version,
            source: self.source,
            generation: self.generation,
            parser_version: self.parser_version,
            labels: self.labels,
            payload: self.payload,
            fields: self.fields,
            num: self.num,
            key: self.key,
            geo: self.geo,
            text_cut: text.cut,
            text,
            values_cut: self.values_cut,
        };
        Document { kind: Kind::Logs, month, id: self.id, body }
    }
}

fn gather<'a>(value: &'a Value<'_>, texts: &mut Texts<'a>) {
    match value {
        Value::Text(text) => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(object) => object.0.iter().for_each(|(_, value)| gather(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
