//! Index templates: mappings and settings of each kind, written by `migrate`.
//!
//! `dynamic: false`: what a mapping does not name is kept in the document and not searchable, so no
//! log can grow a mapping. Free-form values are flattened.

use logmill_query::analyzer;
use serde_json::{Value, json};

use crate::{Documents, Kind};

/// The version of the templates: one more with every change of a mapping or a setting.
pub(crate) const VERSION: u64 = 1;

impl Documents {
    /// The body of a kind's index template, as OpenSearch takes it.
    #[must_use]
    pub fn template(&self, kind: Kind) -> Value {
        let alias = self.names.alias(kind);
        let aliases: serde_json::Map<_, _> = [(alias, json!({}))].into_iter().collect();
        let mut properties = common();
        let own = match kind {
            Kind::Logs => logs(),
            Kind::Builds => builds(),
            Kind::Tests => tests(),
        };
        if let (Value::Object(all), Value::Object(own)) = (&mut properties, own) {
            all.extend(own);
        }
        json!({
            "index_patterns": [self.names.pattern(kind)],
            "priority": 200,
            "template": {
                "settings": {
                    "index": {
                        "number_of_shards": 1,
                        "number_of_replicas": self.replicas,
                        "refresh_interval": "1s",
                    },
                    "analysis": analyzer::opensearch_settings(),
                },
                "mappings": {
                    "dynamic": false,
                    "_source": { "excludes": ["text"] },
                    "date_detection": false,
                    "dynamic_templates": promoted(),
                    "properties": properties,
                },
                "aliases": aliases,
            },
        })
    }
}

/// What the promoted fields are: one rule for each type of values, for a rule without one takes the
/// objects on the way to `num.a.b` for values, and OpenSearch then refuses the document.
fn promoted() -> Vec<Value> {
    let mut rules = Vec::new();
    for (root, mapping) in [("num", typed("double")), ("key", keyword())] {
        for values in ["string", "long", "double", "boolean"] {
            let rule = json!({
                "path_match": format!("{root}.*"),
                "match_mapping_type": values,
                "mapping": mapping,
            });
            rules.push(json!({ (format!("{root}_{values}")): rule }));
        }
    }
    rules
}

/// Lucene takes no term over 32,766 bytes; a longer value is kept and not searchable.
fn keyword() -> Value {
    json!({ "type": "keyword", "ignore_above": 8000 })
}

/// An ECS name beside ours: `service.name` for `service`.
fn named_keyword(names: &[&str]) -> Value {
    let fields: serde_json::Map<_, _> =
        names.iter().map(|&name| (name.to_owned(), keyword())).collect();
    json!({ "type": "keyword", "ignore_above": 8000, "fields": fields })
}

fn text() -> Value {
    json!({ "type": "text", "analyzer": analyzer::NAME })
}

fn typed(name: &str) -> Value {
    json!({ "type": name })
}

fn alias(path: &str) -> Value {
    json!({ "type": "alias", "path": path })
}

fn common() -> Value {
    json!({
        "@timestamp": typed("date"),
        "deployment_key": keyword(),
        "part": keyword(),
        "source": keyword(),
        "application": keyword(),
        "generation": keyword(),
        "parser_version": keyword(),
        "observed_at": typed("date"),
        "time_fault": keyword(),
        "text": text(),
        "text_cut": typed("boolean"),
    })
}

fn logs() -> Value {
    json!({
        "message": text(),
        "line": typed("long"),
        "end_line": typed("long"),
        "service": named_keyword(&["name"]),
        "level": keyword(),
        "host": named_keyword(&["name"]),
        "trace_id": keyword(),
        "request_id": keyword(),
        "client_ip": keyword(),
        "env": keyword(),
        "version": keyword(),
        "kind": keyword(),
        "template_id": keyword(),
        "step": typed("long"),
        "labels": typed("flat_object"),
        "payload": typed("flat_object"),
        "fields": typed("flat_object"),
        "num": { "type": "object", "dynamic": true },
        "key": { "type": "object", "dynamic": true },
        "geo": { "properties": {
            "country_iso_code": keyword(),
            "city_name": keyword(),
            "location": typed("geo_point"),
        } },
        "log": { "properties": { "level": alias("level") } },
        "trace": { "properties": { "id": alias("trace_id") } },
        "client": { "properties": { "ip": alias("client_ip") } },
        "geo_country": alias("geo.country_iso_code"),
        "geo_city": alias("geo.city_name"),
    })
}

fn builds() -> Value {
    json!({
        "deployment_type": keyword(),
        "result": keyword(),
        "started_at": typed("date"),
        "finished_at": typed("date"),
        "duration_s": typed("double"),
        "tools": keyword(),
        "frameworks": keyword(),
        "steps": { "properties": {
            "number": typed("long"),
            "name": keyword(),
            "result": keyword(),
            "duration_s": typed("double"),
        } },
        "errors": { "properties": {
            "line": typed("long"),
            "severity": keyword(),
            "reason": keyword(),
            "tool": keyword(),
            "message": text(),
            "template_id": keyword(),
        } },
        "explanation": { "properties": {
            "line": typed("long"),
            "headline": text(),
            "headline_line": typed("long"),
            "reason": keyword(),
            "tool": keyword(),
            "message": text(),
        } },
        "tests": { "properties": {
            "run": typed("long"),
            "passed": typed("long"),
            "failed": typed("long"),
            "skipped": typed("long"),
        } },
        "terraform": { "properties": {
            "add": typed("long"),
            "change": typed("long"),
            "destroy": typed("long"),
            "import": typed("long"),
            "no_changes": typed("boolean"),
            "error": typed("boolean"),
            "line": typed("long"),
        } },
        "failures": { "properties": {
            "framework": keyword(),
            "name": keyword(),
            "classname": keyword(),
            "message": text(),
        } },
        "metrics": { "properties": {
            "lines": typed("long"),
            "bytes": typed("long"),
            "records": typed("long"),
            "steps": typed("long"),
            "errors": typed("long"),
            "warnings": typed("long"),
            "error_rate": typed("double"),
        } },
        "cuts": { "type": "object", "enabled": false },
    })
}

fn tests() -> Value {
    json!({
        "framework": keyword(),
        "name": keyword(),
        "classname": keyword(),
        "result": keyword(),
        "duration_s": typed("double"),
        "message": text(),
        "line": typed("long"),
    })
}
