//! Index templates: which settings, mappings and aliases a new index gets by its name.

use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult};
use crate::mapping::{Mapping, wildcard};
use crate::shard::Meta;

/// Checks a template's body.
///
/// # Errors
///
/// 400 for what this server does not know.
pub(crate) fn check(name: &str, body: &Value) -> ApiResult<()> {
    let known = ["index_patterns", "template", "priority", "version", "_meta"];
    let object =
        body.as_object().ok_or_else(|| ApiError::parsing("a template must be an object"))?;
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(ApiError::bad(format!("index template [{name}]: unknown field [{key}]")));
    }
    if patterns(body).next().is_none() {
        return Err(ApiError::bad(format!("index template [{name}]: [index_patterns] is missing")));
    }
    meta(body.get("template").unwrap_or(&json!({}))).map(|_| ())
}

fn patterns(body: &Value) -> impl Iterator<Item = &str> {
    let list = match body.get("index_patterns") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter().filter_map(Value::as_str)
}

/// Reads `{"settings": …, "mappings": …, "aliases": …}`.
///
/// # Errors
///
/// 400 for what this server does not know.
pub(crate) fn meta(body: &Value) -> ApiResult<Meta> {
    let mut meta = Meta { settings: json!({}), mappings: json!({}), ..Meta::default() };
    let Some(object) = body.as_object() else {
        return if body.is_null() {
            Ok(meta)
        } else {
            Err(ApiError::parsing("the body must be an object"))
        };
    };
    for (key, value) in object {
        match key.as_str() {
            "settings" => meta.settings = value.clone(),
            "mappings" => meta.mappings = Mapping::parse(value)?.raw().clone(),
            "aliases" => {
                for (alias, definition) in value.as_object().into_iter().flatten() {
                    if definition.as_object().is_none_or(|definition| !definition.is_empty()) {
                        let reason = format!(
                            "alias [{alias}]: filters and routing are not served by the local search"
                        );
                        return Err(ApiError::bad(reason));
                    }
                    meta.aliases.push(alias.clone());
                }
            }
            _ => return Err(ApiError::parsing(format!("unknown key [{key}] for create index"))),
        }
    }
    Ok(meta)
}

/// What a new index `name` gets: the matching template of the highest priority, and over it `own`.
///
/// # Errors
///
/// 400 if they do not go together.
pub(crate) fn resolve(templates: &Map<String, Value>, name: &str, own: &Value) -> ApiResult<Meta> {
    let priority = |body: &Value| body.get("priority").and_then(Value::as_u64).unwrap_or(0);
    let template = templates
        .values()
        .filter(|body| patterns(body).any(|pattern| wildcard(pattern, name)))
        .max_by_key(|body| priority(body))
        .and_then(|body| body.get("template"));
    let mut merged = template.cloned().unwrap_or_else(|| json!({}));
    merge(&mut merged, own);
    meta(&merged)
}

/// Lays `over` upon `under`, object by object.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (under, over) => *under = over.clone(),
    }
}
