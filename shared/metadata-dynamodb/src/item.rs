//! Items from and to JSON values, so that rows are read and written as serde has them. Nulls are
//! left out; binary and sets are not JSON and come back as nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

/// An object's fields as attributes.
pub(crate) fn from_json(fields: Map<String, Value>) -> HashMap<String, AttributeValue> {
    fields.into_iter().filter_map(|(name, value)| Some((name, attribute(value)?))).collect()
}

fn attribute(value: Value) -> Option<AttributeValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => AttributeValue::Bool(yes),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => {
            AttributeValue::L(values.into_iter().filter_map(attribute).collect())
        }
        Value::Object(fields) => AttributeValue::M(from_json(fields)),
    })
}

/// Attributes as an object.
pub(crate) fn to_json(item: HashMap<String, AttributeValue>) -> Value {
    Value::Object(item.into_iter().map(|(name, value)| (name, json(value))).collect())
}

fn json(value: AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(yes) => Value::Bool(yes),
        AttributeValue::N(number) => {
            number.parse().map_or(Value::Null, |number: serde_json::Number| Value::Number(number))
        }
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => Value::Array(values.into_iter().map(json).collect()),
        AttributeValue::M(fields) => to_json(fields),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was_written() {
        let row = json!({
            "text": "", "big": u64::MAX, "yes": true, "list": ["a", -1], "map": {"b": {"c": 0}}
        });
        let Value::Object(fields) = row.clone() else { unreachable!() };
        assert_eq!(to_json(from_json(fields)), row);
    }

    #[test]
    fn what_is_none_takes_no_attribute() {
        let Value::Object(fields) = json!({"none": null}) else { unreachable!() };
        assert!(from_json(fields).is_empty());
    }
}
