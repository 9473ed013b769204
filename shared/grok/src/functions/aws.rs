//! Logs of AWS' services.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Run, arguments::Arguments, moment, plain};
use crate::library::Library;

/// What an entry of a load balancer's access log has, and as what.
const ALB: [(&str, As); 30] = [
    ("type", As::Text),
    ("timestamp", As::Text),
    ("elb", As::Text),
    ("client_host", As::Text),
    ("target_host", As::Maybe),
    ("request_processing_time", As::Float),
    ("target_processing_time", As::Float),
    ("response_processing_time", As::Float),
    ("elb_status_code", As::Maybe),
    ("target_status_code", As::Maybe),
    ("received_bytes", As::Int),
    ("sent_bytes", As::Int),
    ("", As::Request),
    ("user_agent", As::Text),
    ("ssl_cipher", As::Maybe),
    ("ssl_protocol", As::Maybe),
    ("target_group_arn", As::Maybe),
    ("trace_id", As::Maybe),
    ("domain_name", As::Maybe),
    ("chosen_cert_arn", As::Maybe),
    ("matched_rule_priority", As::Maybe),
    ("request_creation_time", As::Text),
    ("actions_executed", As::Maybe),
    ("redirect_url", As::Maybe),
    ("error_reason", As::Maybe),
    ("target_port_list", As::List),
    ("target_status_code_list", As::List),
    ("classification", As::Maybe),
    ("classification_reason", As::Maybe),
    ("traceability_id", As::Maybe),
];

/// How many of them older entries have.
const ALB_NEEDED: usize = 25;

#[derive(Clone, Copy, PartialEq)]
enum As {
    Text,
    /// `-` is null.
    Maybe,
    Int,
    Float,
    Request,
    List,
}

/// `parse_aws_alb_log`: the access log of an Application Load Balancer.
pub(super) fn alb(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let is_strict = arguments.flag("strict_mode", true)?;
    Ok(plain(move |text| {
        let mut fields = Map::new();
        let mut rest = text.trim();
        for (at, (name, kind)) in ALB.iter().enumerate() {
            if rest.is_empty() && at >= ALB_NEEDED {
                let none = if *kind == As::List { json!([]) } else { Value::Null };
                fields.insert((*name).to_owned(), none);
                continue;
            }
            let (token, after) = token(rest)?;
            rest = after;
            alb_field(name, *kind, token, &mut fields)?;
        }
        (rest.is_empty() || !is_strict).then_some(Value::Object(fields))
    }))
}

fn alb_field(name: &str, kind: As, token: &str, fields: &mut Map<String, Value>) -> Option<()> {
    let value = match kind {
        As::Text => token.into(),
        As::Maybe if token == "-" => Value::Null,
        As::Maybe => token.into(),
        As::Int => token.parse::<i64>().ok()?.into(),
        As::Float => token.parse::<f64>().ok()?.into(),
        As::List if token == "-" => json!([]),
        As::List => token.split_whitespace().collect(),
        As::Request => {
            let (method, rest) = token.split_once(' ')?;
            let (url, protocol) = rest.rsplit_once(' ')?;
            for (name, part) in
                [("request_method", method), ("request_url", url), ("request_protocol", protocol)]
            {
                fields.insert(name.to_owned(), part.trim().into());
            }
            return Some(());
        }
    };
    fields.insert(name.to_owned(), value);
    Some(())
}

/// The next token, in quotes or not, and what comes after it.
fn token(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('"') {
        let mut is_escaped = false;
        let end = inner.char_indices().find(|&(_, c)| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })?;
        let after = &inner[end.0 + 1..];
        let is_apart = after.is_empty() || after.starts_with(' ');
        return is_apart.then_some((&inner[..end.0], after.trim_start()));
    }
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], text[end..].trim_start()))
}

/// The fields of a VPC flow log if its format is not said.
const VPC: &str = "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets \
    bytes start end action log_status";

/// `parse_aws_vpc_flow_log`: a flow log, by the format that it was made with.
pub(super) fn vpc(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let format = arguments.text("format")?.unwrap_or(VPC);
    let names: Vec<String> = format
        .split_whitespace()
        .map(|name| name.trim_start_matches("${").trim_end_matches('}').replace('-', "_"))
        .collect();
    Ok(plain(move |text| {
        let mut values = text.split_whitespace();
        let mut fields = Map::new();
        for name in &names {
            let value = values.next()?;
            let value = match name.as_str() {
                _ if value == "-" => Value::Null,
                "version" | "srcport" | "dstport" | "protocol" | "packets" | "bytes" | "start"
                | "end" | "tcp_flags" | "traffic_path" => value.parse::<i64>().ok()?.into(),
                _ => value.into(),
            };
            fields.insert(name.clone(), value);
        }
        values.next().is_none().then_some(Value::Object(fields))
    }))
}

/// `parse_aws_cloudwatch_log_subscription_message`: what a subscription of CloudWatch Logs delivers.
pub(super) fn cloudwatch(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let message: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| message.get(name)?.as_str().map(Value::from);
        let events = message.get("logEvents")?.as_array()?.iter().map(|event| {
            let at = Timestamp::from_millisecond(event.get("timestamp")?.as_i64()?).ok()?;
            Some(json!({
                "id": event.get("id")?.as_str()?,
                "timestamp": moment::value(at),
                "message": event.get("message")?.as_str()?,
            }))
        });
        let events: Option<Vec<Value>> = events.collect();
        let filters = message.get("subscriptionFilters")?.as_array()?;
        Some(json!({
            "owner": text("owner")?,
            "message_type": text("messageType")?,
            "log_group": text("logGroup")?,
            "log_stream": text("logStream")?,
            "subscription_filters": filters,
            "log_events": events?,
        }))
    }))
}
