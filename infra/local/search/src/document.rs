//! A document's JSON turned into the terms and columns of the one schema, as its index's mapping
//! says.

use serde_json::Value;
use tantivy::TantivyDocument;
use tantivy::schema::OwnedValue;

use crate::date::{self, Round};
use crate::error::{ApiError, ApiResult};
use crate::mapping::{Addition, Kind, Mapping, wildcard};
use crate::schema::{FIELD_NAMES, Fields, SEPARATOR};

/// The longest keyword, in bytes, as Lucene has it.
const MAX_TERM: usize = 32_766;
/// The deepest object, as `index.mapping.depth.limit` has it.
const MAX_DEPTH: usize = 20;

/// A document ready to be indexed.
pub(crate) struct Built {
    pub(crate) document: TantivyDocument,
    /// What `_source` shows.
    pub(crate) source: Vec<u8>,
}

struct Builder<'a> {
    fields: &'a Fields,
    mapping: &'a Mapping,
    id: &'a str,
    document: TantivyDocument,
    columns: Vec<(String, OwnedValue)>,
    additions: Vec<Addition>,
    path: String,
    term: String,
}

/// Builds the document `id` from its source.
///
/// # Errors
///
/// `mapper_parsing_exception` where the source is no object or a value does not fit the mapping.
/// The inner `Err` lists fields that dynamic mapping has to add first.
pub(crate) fn build(
    fields: &Fields,
    mapping: &Mapping,
    id: &str,
    source: &[u8],
) -> ApiResult<Result<Built, Vec<Addition>>> {
    let value: Value = serde_json::from_slice(source)
        .map_err(|error| ApiError::mapper(format!("failed to parse document [{id}]: {error}")))?;
    let Value::Object(object) = &value else {
        return Err(ApiError::mapper(format!("failed to parse document [{id}]: it is no object")));
    };
    let mut builder = Builder {
        fields,
        mapping,
        id,
        document: TantivyDocument::with_capacity(source.len() * 2),
        columns: Vec::new(),
        additions: Vec::new(),
        path: String::new(),
        term: String::new(),
    };
    builder.document.add_text(fields.id, id);
    for (name, value) in object {
        if name.starts_with('_') && matches!(name.as_str(), "_id" | "_index" | "_source") {
            let reason = format!(
                "Field [{name}] is a metadata field and cannot be added inside a document."
            );
            return Err(ApiError::mapper(reason));
        }
        builder.member(name, value, 0)?;
    }
    if !builder.additions.is_empty() {
        return Ok(Err(builder.additions));
    }
    let source = if mapping.excludes().is_empty() {
        source.to_vec()
    } else {
        let mut value = value;
        exclude(&mut value, "", mapping.excludes());
        value.to_string().into_bytes()
    };
    builder.document.add_bytes(fields.source, &source);
    if !builder.columns.is_empty() {
        builder.document.add_field_value(fields.value, &OwnedValue::Object(builder.columns));
    }
    Ok(Ok(Built { document: builder.document, source }))
}

/// Removes what the patterns name.
pub(crate) fn exclude(value: &mut Value, path: &str, patterns: &[String]) {
    match value {
        Value::Object(object) => object.retain(|name, inner| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if patterns.iter().any(|pattern| wildcard(pattern, &path)) {
                return false;
            }
            exclude(inner, &path, patterns);
            true
        }),
        Value::Array(list) => list.iter_mut().for_each(|inner| exclude(inner, path, patterns)),
        _ => {}
    }
}

impl Builder<'_> {
    fn member(&mut self, name: &str, value: &Value, depth: usize) -> ApiResult<()> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = self.field(value, depth);
        self.path.truncate(length);
        result
    }

    fn field(&mut self, value: &Value, depth: usize) -> ApiResult<()> {
        if depth > MAX_DEPTH {
            let reason = format!(
                "Limit of mapping depth [{MAX_DEPTH}] has been exceeded due to object field [{}]",
                self.path
            );
            return Err(ApiError::bad(reason));
        }
        let mapping = self.mapping;
        match mapping.at(&self.path) {
            Some((Kind::Flat, _)) => return self.flat(value),
            Some((kind, also)) => {
                self.leaves(kind, value)?;
                let length = self.path.len();
                for (name, kind) in also {
                    self.path.clone_from(name);
                    let result = self.leaves(*kind, value);
                    self.path.truncate(length);
                    result?;
                }
                return Ok(());
            }
            None => {}
        }
        if mapping.is_disabled(&self.path) {
            return Ok(());
        }
        match value {
            Value::Object(object) => {
                if object.is_empty() {
                    return Ok(());
                }
                if depth > 0 && mapping.takes_object_for_value(&self.path) {
                    return Err(self.unfit("keyword", value));
                }
                object.iter().try_for_each(|(name, value)| self.member(name, value, depth + 1))
            }
            Value::Array(list) => list.iter().try_for_each(|value| self.field(value, depth + 1)),
            Value::Null => Ok(()),
            value => self.unmapped(value),
        }
    }

    fn unmapped(&mut self, value: &Value) -> ApiResult<()> {
        let path = &self.path;
        if self.mapping.is_object(path) {
            let reason = format!(
                "object mapping for [{path}] tried to parse field [{path}] as object, but found a concrete value"
            );
            return Err(ApiError::mapper(reason));
        }
        if self.mapping.is_alias(path) {
            return Err(ApiError::mapper(format!("Cannot write to a field alias [{path}].")));
        }
        if path.is_empty() || path.split('.').any(str::is_empty) || path.contains(SEPARATOR) {
            return Err(ApiError::mapper(format!(
                "field name [{}] is empty or holds NUL",
                path.escape_debug()
            )));
        }
        if let Some(definition) = self.mapping.dynamic_field(path, value)? {
            self.additions.push((path.clone(), definition));
        }
        Ok(())
    }

    fn leaves(&mut self, kind: Kind, value: &Value) -> ApiResult<()> {
        match value {
            Value::Null => Ok(()),
            Value::Array(list) => list.iter().try_for_each(|value| self.leaves(kind, value)),
            value => self.leaf(kind, value),
        }
    }

    fn leaf(&mut self, kind: Kind, value: &Value) -> ApiResult<()> {
        let path = self.path.clone();
        match kind {
            Kind::Keyword { ignore_above } => {
                let text = self.text(kind, value)?;
                if ignore_above.is_some_and(|max| text.chars().nth(max).is_some()) {
                    return Ok(());
                }
                self.keyword(&path, &text)?;
                self.columns.push((path, OwnedValue::Str(text.into_owned())));
            }
            Kind::Text => {
                let text = self.text(kind, value)?;
                self.term.clear();
                self.term.extend([path.as_str(), "\0", &text]);
                self.document.add_text(self.fields.text, &self.term);
                self.exists(&path);
            }
            Kind::Date => {
                let date = date::from_value(value, Round::Down)
                    .ok_or_else(|| self.unfit("date", value))?;
                self.columns.push((path, OwnedValue::I64(date)));
            }
            Kind::Long => {
                let number = long(value).ok_or_else(|| self.unfit("long", value))?;
                self.columns.push((path, OwnedValue::I64(number)));
            }
            Kind::Double => {
                let number = double(value).ok_or_else(|| self.unfit("double", value))?;
                self.columns.push((path, OwnedValue::F64(number)));
            }
            Kind::Boolean => {
                let text = match value {
                    Value::Bool(true) => "true",
                    Value::Bool(false) => "false",
                    Value::String(text) if text == "true" => "true",
                    Value::String(text) if text == "false" || text.is_empty() => "false",
                    _ => return Err(self.unfit("boolean", value)),
                };
                self.keyword(&path, text)?;
                self.columns.push((path, OwnedValue::Str(text.to_owned())));
            }
            Kind::Flat | Kind::Opaque => self.exists(&path),
        }
        Ok(())
    }

    fn text<'v>(&self, kind: Kind, value: &'v Value) -> ApiResult<std::borrow::Cow<'v, str>> {
        match value {
            Value::String(text) => Ok(text.as_str().into()),
            Value::Number(number) => Ok(number.to_string().into()),
            Value::Bool(value) => Ok(value.to_string().into()),
            _ => Err(self.unfit(if kind == Kind::Text { "text" } else { "keyword" }, value)),
        }
    }

    fn unfit(&self, kind: &str, value: &Value) -> ApiError {
        let shown: String = value.to_string().chars().take(80).collect();
        let reason = format!(
            "failed to parse field [{}] of type [{kind}] in document with id '{}'. Preview of field's value: '{shown}'",
            self.path, self.id
        );
        ApiError::mapper(reason)
    }

    fn keyword(&mut self, path: &str, value: &str) -> ApiResult<()> {
        if value.len() > MAX_TERM {
            let reason = format!(
                "Document contains at least one immense term in field=\"{path}\" (whose UTF8 encoding is longer than the max length {MAX_TERM})"
            );
            return Err(ApiError::bad(reason));
        }
        self.term.clear();
        self.term.extend([path, "\0", value]);
        self.document.add_text(self.fields.keyword, &self.term);
        Ok(())
    }

    fn exists(&mut self, path: &str) {
        self.term.clear();
        self.term.extend([FIELD_NAMES, "\0", path]);
        self.document.add_text(self.fields.keyword, &self.term);
    }

    /// A `flat_object`: its leaves by path, and once more under the root, as OpenSearch has it.
    fn flat(&mut self, value: &Value) -> ApiResult<()> {
        match value {
            Value::Null => return Ok(()),
            Value::Array(list) => return list.iter().try_for_each(|value| self.flat(value)),
            Value::Object(_) => {}
            _ => return Err(self.unfit("flat_object", value)),
        }
        let root = self.path.clone();
        self.flat_leaves(&root, value, 0)
    }

    fn flat_leaves(&mut self, root: &str, value: &Value, depth: usize) -> ApiResult<()> {
        if depth > MAX_DEPTH {
            return Err(self.unfit("flat_object", &Value::String("nested too deeply".to_owned())));
        }
        match value {
            Value::Null => Ok(()),
            Value::Array(list) => {
                list.iter().try_for_each(|value| self.flat_leaves(root, value, depth + 1))
            }
            Value::Object(object) => {
                for (name, value) in object {
                    let length = self.path.len();
                    self.path.push('.');
                    self.path.push_str(name);
                    let result = self.flat_leaves(root, value, depth + 1);
                    self.path.truncate(length);
                    result?;
                }
                Ok(())
            }
            value => {
                let path = self.path.clone();
                let text = self.text(Kind::Flat, value)?;
                // What has a value exists, and the root, but not the objects on the way.
                self.exists(&path);
                self.exists(root);
                self.keyword(&path, &text)?;
                self.keyword(root, &text)
            }
        }
    }
}

/// A whole number, as OpenSearch coerces it: `"12"` and `12.9` are taken.
pub(crate) fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(truncate)),
        Value::String(text) => {
            text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(truncate))
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
fn truncate(number: f64) -> Option<i64> {
    (number.abs() < 9.2e18).then_some(number as i64)
}

/// A finite number.
pub(crate) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}
