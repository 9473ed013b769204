//! Access logs and other lines of one shape each, read by patterns of our own.

use serde_json::Value;

use super::moment::{self, Format};
use super::{Run, arguments::Arguments};
use crate::grok::{Grok, Outcome};
use crate::library::Library;

/// How access logs say times.
const COMMON_TIME: &str = "%d/%b/%Y:%T %z";

/// What most access logs have first.
const COMMON: &str = r#"(?:-|(?<host>.*?))\s+(?:-|(?<identity>.*?))\s+(?:-|(?<user>.*?))\s+(?:-|\[(?:-|(?<timestamp>[^\[]*))\])\s+(?:-|"(?:-|(?<message>(?:(?<method>\w+)\s+(?<path>[^"\s][^"]*?)\s+(?<protocol>[^"\s]*))|[^"]*?)\s*)")\s+(?:-|(?<status:int>\d+))\s+(?:-|(?<size:int>\d+))"#;

const REFERRER: &str =
    r#"\s+(?:-|"(?:-|(?<referrer>(?:[^"\\]|\\.)*))")\s+(?:-|"(?:-|(?<agent>(?:[^"\\]|\\.)*))")"#;

const APACHE_ERROR: &str = r"(?:-|\[(?:-|(?<timestamp>[^\[\]]*))\])\s+(?:-|\[(?:-|(?<module>[^:\[\]]*):(?<severity>[^\[\]]*))\])\s+(?:-|\[\s*pid\s*(?:-|(?<pid:int>\d+)(?::\s*tid\s*(?<thread>[^\[\]]*))?)\])\s+(?:(?:-|\[\s*client\s*(?:-|(?<client>[^\[\]]*?)(?::(?<port:int>\d+))?)\])\s+)?(?:-|(?<message>.*?))";

const NGINX_COMBINED: &str = r#"(?:-|(?<client>\S+))\s+-\s+(?:-|(?<user>\S+))\s+\[(?<timestamp>[^\]]+)\]\s+"(?<request>(?:[^"\\]|\\.)*)"\s+(?<status:int>\d+)\s+(?<size:int>\d+)\s+"(?<referer>[^"]*)"\s+"(?<agent>[^"]*)"(?:\s+"(?:-|(?<compression>[^"]*))")?"#;

const NGINX_MAIN: &str = r#"(?<remote_addr>\S+)\s+-\s+(?:-|(?<remote_user>\S+))\s+\[(?<timestamp>[^\]]+)\]\s+"(?:-|(?<request>(?:[^"\\]|\\.)*))"\s+(?<status:int>\d+)\s+(?<body_bytes_size:int>\d+)\s+"(?:-|(?<http_referer>[^"]*))"\s+"(?:-|(?<http_user_agent>[^"]*))"(?:\s+"(?:-|(?<http_x_forwarded_for>[^"]*))")?"#;

const NGINX_INGRESS: &str = r#"(?:-|(?<remote_addr>\S+))\s+-\s+(?:-|(?<remote_user>\S+))\s+\[(?<timestamp>[^\]]+)\]\s+"(?<request>(?:[^"\\]|\\.)*)"\s+(?<status:int>\d+)\s+(?<body_bytes_size:int>\d+)\s+"(?<http_referer>[^"]*)"\s+"(?<http_user_agent>[^"]*)"\s+(?<request_length:int>\d+)\s+(?<request_time:float>\d+\.\d+)\s+\[(?:-|(?<proxy_upstream_name>[^\]]+))?\]\s+\[(?:-|(?<proxy_alternative_upstream_name>[^\]]+))?\]\s+(?<upstream_addr>\S+(?:, \S+)*)\s+(?:-|(?<upstream_response_length:int>\d+)|(?<upstream_response_length>[\d-]+(?:, [\d-]+)+))\s+(?:-|(?<upstream_response_time:float>\d+\.\d+)|(?<upstream_response_time>[\d.-]+(?:, [\d.-]+)+))\s+(?:-|(?<upstream_status:int>\d+)|(?<upstream_status>[\d-]+(?:, [\d-]+)+))\s+(?<req_id>\S+)"#;

const NGINX_ERROR: &str = r#"(?<timestamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\s+\[(?<severity>\w+)\]\s+(?<pid:int>\d+)#(?<tid:int>\d+):(?:\s+\*(?<cid:int>\d+))?\s+(?<message>.*?)(?:,\s+excess:\s+(?<excess:float>[\d.]+),?\s+by\s+zone\s+"(?<zone>[^"]*)")?(?:,\s+client:\s+(?<client>[^,\s]*))?(?:,\s+server:\s+(?<server>[^,]*))?(?:,\s+request:\s+"(?<request>[^"]*)")?(?:,\s+subrequest:\s+"(?<subrequest>[^"]*)")?(?:,\s+upstream:\s+"(?<upstream>[^"]*)")?(?:,\s+host:\s+"(?<host>[^"]*)")?(?:,\s+referrer:\s+"(?<referer>[^"]*)")?"#;

const KLOG: &str = r"(?<level>[IWEF])(?<timestamp>\d{4} \d\d:\d\d:\d\d\.\d+)\s+(?<id:int>\d+)\s+(?<file>[^:\]]+):(?<line:int>\d+)\]\s?(?<message>.*?)";

const GLOG: &str = r"(?<level>[IWEF])(?<timestamp>\d{8} \d\d:\d\d:\d\d\.\d+)\s+(?<id:int>\d+)\s+(?<file>[^:\]]+):(?<line:int>\d+)\]\s?(?<message>.*?)";

/// A line that is one pattern from its first character to its last, but for white space around it.
pub(super) fn line(pattern: &str) -> Result<Grok, String> {
    let pattern = format!(r"\A\s*(?:{pattern})\s*\z");
    Grok::new(&pattern, &Library::empty()).map_err(|fault| fault.to_string())
}

/// Reads lines of the shape `pattern`, whose field `timestamp` has the given format.
fn shape(pattern: &str, format: Format) -> Result<Run, String> {
    let grok = line(pattern)?;
    Ok(Box::new(move |text, at, scratch| {
        let mut fields = match grok.parse_with(text, scratch, true) {
            Outcome::Found(fields) => fields,
            Outcome::Missed => return Outcome::Missed,
            Outcome::GaveUp => return Outcome::GaveUp,
        };
        if let Some(value) = fields.get_mut("timestamp") {
            let Some(moment) = value.as_str().and_then(|text| format.read(text, at)) else {
                return Outcome::Missed;
            };
            *value = moment::value(moment);
        }
        if let Some(level @ Value::String(_)) = fields.get_mut("level") {
            *level = Value::from(match level.as_str() {
                Some("I") => "info",
                Some("W") => "warning",
                Some("E") => "error",
                _ => "fatal",
            });
        }
        // A number too large for one.
        if ["id", "line", "status", "size", "pid"]
            .iter()
            .any(|name| fields.get(*name).is_some_and(Value::is_string))
        {
            return Outcome::Missed;
        }
        Outcome::Found(Value::Object(fields))
    }))
}

fn time_format(arguments: &mut Arguments<'_>, default: &str) -> Result<Format, String> {
    let pattern = arguments.text("timestamp_format")?.unwrap_or(default);
    Format::new(pattern, moment::zone(arguments)?)
}

/// `parse_common_log`: the Common Log Format.
pub(super) fn common(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    shape(COMMON, time_format(arguments, COMMON_TIME)?)
}

/// `parse_apache_log`: Apache's logs.
pub(super) fn apache(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let format = arguments
        .choice("format", &["common", "combined", "error"])?
        .ok_or("the argument format is missing: common, combined or error")?;
    let time = time_format(arguments, COMMON_TIME)?;
    match format {
        "combined" => shape(&format!("{COMMON}{REFERRER}"), time),
        "error" => shape(APACHE_ERROR, time),
        _ => shape(COMMON, time),
    }
}

/// `parse_nginx_log`: nginx' logs, and those of its ingress controller.
pub(super) fn nginx(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let format = arguments
        .choice("format", &["combined", "error", "ingress_upstreaminfo", "main"])?
        .ok_or("the argument format is missing: combined, error, ingress_upstreaminfo or main")?;
    let default = if format == "error" { "%Y/%m/%d %H:%M:%S" } else { COMMON_TIME };
    let time = time_format(arguments, default)?;
    match format {
        "combined" => shape(NGINX_COMBINED, time),
        "error" => shape(NGINX_ERROR, time),
        "main" => shape(NGINX_MAIN, time),
        _ => shape(NGINX_INGRESS, time),
    }
}

/// `parse_klog`: the logs of Kubernetes' components.
pub(super) fn klog(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    shape(KLOG, Format::new("%m%d %H:%M:%S%.f", moment::zone(arguments)?)?)
}

/// `parse_glog`: the logs of Google's logging library.
pub(super) fn glog(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    shape(GLOG, Format::new("%Y%m%d %H:%M:%S%.f", moment::zone(arguments)?)?)
}
