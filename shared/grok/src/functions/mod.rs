//! Functions for what no pattern reads well: formats with quotes, escapes and nesting of their own.
//!
//! Each has the name and the arguments by which the field knows it. What a function cannot read is a
//! miss, as with patterns.

mod access;
mod arguments;
mod aws;
mod cef;
mod expressions;
mod moment;
mod nested;
mod numbers;
mod pairs;
mod patterns;
mod syslog;
#[cfg(test)]
mod tests;
mod text;
mod xml;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::grok::{Outcome, Scratch};
use crate::library::Library;
use arguments::Arguments;

/// What a compiled function does with a text; the time is that at which it came.
type Run = Box<dyn Fn(&str, Timestamp, &mut Scratch) -> Outcome<Value> + Send + Sync>;

/// Makes a function of its arguments.
type Make = fn(&mut Arguments<'_>, &Library) -> Result<Run, String>;

/// A function with its arguments.
#[derive(Clone)]
pub struct Function {
    name: &'static str,
    run: Arc<Run>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All functions.
const FUNCTIONS: &[(&str, Make)] = &[
    ("parse_apache_log", access::apache),
    ("parse_aws_alb_log", aws::alb),
    ("parse_aws_cloudwatch_log_subscription_message", aws::cloudwatch),
    ("parse_aws_vpc_flow_log", aws::vpc),
    ("parse_bytes", numbers::bytes),
    ("parse_cef", cef::cef),
    ("parse_common_log", access::common),
    ("parse_csv", text::csv),
    ("parse_duration", numbers::duration),
    ("parse_float", numbers::float),
    ("parse_glog", access::glog),
    ("parse_grok", patterns::grok),
    ("parse_groks", patterns::groks),
    ("parse_influxdb", nested::influxdb),
    ("parse_int", numbers::int),
    ("parse_json", nested::json),
    ("parse_key_value", pairs::key_value),
    ("parse_klog", access::klog),
    ("parse_linux_authorization", syslog::syslog),
    ("parse_logfmt", pairs::logfmt),
    ("parse_nginx_log", access::nginx),
    ("parse_query_string", text::query_string),
    ("parse_regex", expressions::regex),
    ("parse_regex_all", expressions::regex_all),
    ("parse_ruby_hash", nested::ruby_hash),
    ("parse_syslog", syslog::syslog),
    ("parse_timestamp", moment::timestamp),
    ("parse_tokens", text::tokens),
    ("parse_url", text::url),
    ("parse_xml", xml::xml),
];

impl Function {
    /// The function `name` with the arguments `with`. Its name may be written without `parse_`.
    ///
    /// # Errors
    /// If there is no such function, or what is wrong with the arguments.
    pub fn new(name: &str, with: &Map<String, Value>, library: &Library) -> Result<Self, String> {
        let bare = name.strip_prefix("parse_").unwrap_or(name);
        let found = FUNCTIONS.iter().find(|(known, _)| known.strip_prefix("parse_") == Some(bare));
        let &(name, make) = found.ok_or_else(|| {
            let names: Vec<_> = Self::names().collect();
            format!("there is no function {name}; there are {}", names.join(", "))
        })?;
        let mut arguments = Arguments::new(with);
        let run = make(&mut arguments, library).map_err(|what| format!("{name}: {what}"))?;
        arguments.finish().map_err(|what| format!("{name}: {what}"))?;
        Ok(Self { name, run: Arc::new(run) })
    }

    /// The names of all functions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, _)| *name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it finds in `text`, which came `at` this time: an object of fields, or one value.
    pub fn parse(&self, text: &str, at: Timestamp, scratch: &mut Scratch) -> Outcome<Value> {
        (self.run)(text, at, scratch)
    }
}

/// A function that needs neither the time nor room to work in.
fn plain(parse: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> Run {
    Box::new(move |text, _, _| parse(text).map_or(Outcome::Missed, Outcome::Found))
}
