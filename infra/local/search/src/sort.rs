//! What hits are sorted by: OpenSearch's `sort` and `search_after`, and values that compare across
//! segments and indices.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::date::{self, Round};
use crate::document::{double, long};
use crate::error::{ApiError, ApiResult};
use crate::mapping::Kind;
use crate::query::known;

/// The most sort keys, the tie-break included.
pub(crate) const MAX_KEYS: usize = 8;

/// What a key reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum By {
    /// The relevance.
    Score,
    /// The place in the index.
    Doc,
    /// The document's id.
    Id,
    /// A field, by the name that the request used.
    Field(String),
}

/// One sort key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) by: By,
    pub(crate) descending: bool,
    pub(crate) missing_first: bool,
    /// What a field is that no mapping knows: missing everywhere, and shown so.
    pub(crate) unmapped: Option<Kind>,
}

/// A hit's value for one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SortValue {
    Missing,
    Long(i64),
    Double(f64),
    Text(String),
}

impl Key {
    fn new(by: By, descending: bool) -> Self {
        Self { by, descending, missing_first: false, unmapped: None }
    }

    /// Compares two values as this key orders them.
    pub(crate) fn compare(&self, a: &SortValue, b: &SortValue) -> Ordering {
        let missing = |first: bool| if first { Ordering::Less } else { Ordering::Greater };
        let order = match (a, b) {
            (SortValue::Missing, SortValue::Missing) => return Ordering::Equal,
            (SortValue::Missing, _) => return missing(self.missing_first),
            (_, SortValue::Missing) => return missing(!self.missing_first),
            (SortValue::Long(a), SortValue::Long(b)) => a.cmp(b),
            (SortValue::Text(a), SortValue::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (a, b) => a.number().total_cmp(&b.number()),
        };
        if self.descending { order.reverse() } else { order }
    }

    /// Reads a value of `search_after`. `kind` is the field's.
    pub(crate) fn read(&self, value: &Value, kind: Option<Kind>) -> ApiResult<SortValue> {
        let wrong = || {
            ApiError::bad(format!(
                "search_after: [{value}] is no value of the sort key {:?}",
                self.by
            ))
        };
        if value.is_null() {
            return Ok(SortValue::Missing);
        }
        match (&self.by, kind) {
            (By::Score, _) => double(value).map(SortValue::Double).ok_or_else(wrong),
            (By::Doc, _) => long(value).map(SortValue::Long).ok_or_else(wrong),
            (_, Some(Kind::Boolean)) => match value {
                Value::Bool(value) => Ok(SortValue::Text(value.to_string())),
                Value::String(text) => Ok(SortValue::Text(text.clone())),
                value => match long(value).ok_or_else(wrong)? {
                    0 => Ok(SortValue::Text("false".to_owned())),
                    1 => Ok(SortValue::Text("true".to_owned())),
                    _ => Ok(SortValue::Missing),
                },
            },
            (By::Id, _) | (_, Some(Kind::Keyword { .. })) => {
                value.as_str().map(|text| SortValue::Text(text.to_owned())).ok_or_else(wrong)
            }
            (_, Some(Kind::Date | Kind::Long)) => {
                let number = long(value).or_else(|| date::from_value(value, Round::Down));
                match number.ok_or_else(wrong)? {
                    i64::MAX | i64::MIN => Ok(SortValue::Missing),
                    number => Ok(SortValue::Long(number)),
                }
            }
            (_, Some(Kind::Double)) => match value.as_str() {
                Some("Infinity" | "-Infinity") => Ok(SortValue::Missing),
                _ => double(value).map(SortValue::Double).ok_or_else(wrong),
            },
            _ => Ok(SortValue::Missing),
        }
    }

    /// The value as an answer shows it: OpenSearch shows a missing number as the one that sorts so,
    /// and sorts by a boolean as by a number.
    pub(crate) fn show(&self, value: &SortValue, kind: Option<Kind>) -> Value {
        let high = self.descending == self.missing_first;
        match (value, kind) {
            (SortValue::Missing, Some(Kind::Boolean)) => {
                json!(if high { i32::MAX } else { i32::MIN })
            }
            (SortValue::Missing, Some(Kind::Date | Kind::Long)) => {
                json!(if high { i64::MAX } else { i64::MIN })
            }
            (SortValue::Missing, Some(Kind::Double)) => {
                json!(if high { "Infinity" } else { "-Infinity" })
            }
            (SortValue::Missing, _) => Value::Null,
            (SortValue::Long(number), _) => json!(number),
            (SortValue::Double(number), _) => json!(number),
            (SortValue::Text(text), Some(Kind::Boolean)) => json!(i32::from(text == "true")),
            (SortValue::Text(text), _) => json!(text),
        }
    }
}

impl SortValue {
    #[expect(clippy::cast_precision_loss, reason = "only where a field's type differs by index")]
    fn number(&self) -> f64 {
        match self {
            Self::Long(number) => *number as f64,
            Self::Double(number) => *number,
            Self::Missing | Self::Text(_) => f64::NAN,
        }
    }
}

/// Reads `sort`. The last key is always the place in the index, so that the order is total.
///
/// # Errors
///
/// 400 for options that are not served, and for too many keys.
pub(crate) fn parse(sort: &Value) -> ApiResult<Vec<Key>> {
    let list = match sort {
        Value::Null => &[][..],
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    };
    let mut keys = Vec::new();
    for entry in list {
        match entry {
            Value::String(name) => keys.push(key(name, &Value::Null)?),
            Value::Object(object) => {
                for (name, options) in object {
                    keys.push(key(name, options)?);
                }
            }
            _ => return Err(ApiError::parsing("malformed sort format: it wants names or objects")),
        }
    }
    if keys.is_empty() {
        keys.push(Key::new(By::Score, true));
    }
    if keys.len() >= MAX_KEYS {
        return Err(ApiError::bad(format!("the local search sorts by fewer than {MAX_KEYS} keys")));
    }
    Ok(keys)
}

fn key(name: &str, options: &Value) -> ApiResult<Key> {
    let by = match name {
        "_score" => By::Score,
        "_doc" | "_shard_doc" => By::Doc,
        "_id" => By::Id,
        name => By::Field(name.to_owned()),
    };
    let mut key = Key::new(by, name == "_score");
    let order = match options {
        Value::Null => None,
        Value::String(order) => Some(order.as_str()),
        options => {
            known("sort", options, &["order", "missing", "unmapped_type", "numeric_type"])?;
            match options.get("missing").and_then(Value::as_str) {
                None | Some("_last") => {}
                Some("_first") => key.missing_first = true,
                Some(other) => {
                    return Err(ApiError::bad(format!(
                        "sort on [{name}]: missing [{other}] is not served, only _first and _last"
                    )));
                }
            }
            if let Some(type_name) = options.get("unmapped_type") {
                let type_name = type_name.as_str().unwrap_or_default();
                key.unmapped = Some(Kind::of_type(type_name).ok_or_else(|| {
                    ApiError::bad(format!("No mapper found for type [{type_name}]"))
                })?);
            }
            options.get("order").and_then(Value::as_str)
        }
    };
    match order {
        None => {}
        Some("asc") => key.descending = false,
        Some("desc") => key.descending = true,
        Some(other) => return Err(ApiError::bad(format!("No enum constant SortOrder.{other}"))),
    }
    Ok(key)
}
