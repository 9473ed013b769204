//! What the fields of an index are: a mapping as OpenSearch writes it, read into a table from path
//! to kind, with multi-fields and aliases resolved, and grown by dynamic mapping.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult};

/// The most fields of one index, as `index.mapping.total_fields.limit` has it.
const MAX_FIELDS: usize = 1_000;

/// What a field's values are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A text compared as a whole; one longer than `ignore_above` chars is not indexed.
    Keyword { ignore_above: Option<usize> },
    /// A text cut into words by the analyzer of `logmill_query`, whatever analyzer is named.
    Text,
    /// A moment, in milliseconds since 1970.
    Date,
    /// A whole number.
    Long,
    /// A number.
    Double,
    /// True or false.
    Boolean,
    /// `flat_object`: every leaf under it is a keyword that knows equality, prefix, ranges by
    /// bytes, and existence.
    Flat,
    /// Kept in `_source` and known to exist, but not searchable: `geo_point`, `index: false`.
    Opaque,
}

impl Kind {
    /// What a field of this type is.
    pub(crate) fn of_type(name: &str) -> Option<Self> {
        Some(match name {
            "keyword" | "constant_keyword" | "wildcard" | "ip" | "version" => {
                Self::Keyword { ignore_above: None }
            }
            "text" | "match_only_text" => Self::Text,
            "date" | "date_nanos" => Self::Date,
            "long" | "integer" | "short" | "byte" | "unsigned_long" => Self::Long,
            "double" | "float" | "half_float" => Self::Double,
            "boolean" => Self::Boolean,
            "flat_object" => Self::Flat,
            "geo_point" | "binary" => Self::Opaque,
            _ => return None,
        })
    }
}

/// Where a queried name's values are found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Resolved {
    /// The path under which they are indexed.
    pub(crate) path: String,
    /// What they are.
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Dynamic {
    #[default]
    Add,
    Ignore,
    Refuse,
}

#[derive(Clone, Debug)]
struct Field {
    kind: Kind,
    /// Multi-fields with an index of their own.
    also: Vec<(String, Kind)>,
}

/// A field that dynamic mapping wants to add: its path and its definition.
pub(crate) type Addition = (String, Value);

/// The fields of an index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping {
    raw: Value,
    fields: HashMap<String, Field>,
    /// Names that stand for the values of another: aliases, and multi-fields of their parent's kind.
    names: HashMap<String, String>,
    /// Multi-fields with an index of their own.
    multi: HashMap<String, Kind>,
    objects: HashMap<String, Option<Dynamic>>,
    disabled: Vec<String>,
    templates: Vec<DynamicTemplate>,
    dynamic: Dynamic,
    /// Whether a text that is a date is a text for dynamic mapping even so.
    keep_dates: bool,
    excludes: Vec<String>,
}

#[derive(Clone, Debug)]
struct DynamicTemplate {
    matches: Option<String>,
    path_match: Option<String>,
    json_type: Option<String>,
    mapping: Value,
}

impl DynamicTemplate {
    fn fits(&self, path: &str, name: &str, json_type: &str) -> bool {
        let fits = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| wildcard(pattern, text))
        };
        let typed = |wanted: &String| {
            wanted == json_type || wanted == "*" || (wanted == "string" && json_type == "date")
        };
        fits(&self.matches, name)
            && fits(&self.path_match, path)
            && self.json_type.as_ref().is_none_or(typed)
    }
}

impl Mapping {
    /// Reads `{"properties": …, "dynamic": …, "dynamic_templates": …, "_source": …}`.
    ///
    /// # Errors
    ///
    /// `mapper_parsing_exception` for what this server does not know.
    pub(crate) fn parse(raw: &Value) -> ApiResult<Self> {
        let mut mapping = Self { raw: raw.clone(), ..Self::default() };
        let Some(object) = raw.as_object() else {
            return if raw.is_null() {
                mapping.raw = json!({});
                Ok(mapping)
            } else {
                Err(ApiError::mapper("mappings must be an object"))
            };
        };
        for (key, value) in object {
            match key.as_str() {
                "properties" => mapping.properties("", value)?,
                "dynamic" => mapping.dynamic = dynamic(value)?,
                "dynamic_templates" => mapping.templates = dynamic_templates(value)?,
                "_source" => mapping.excludes = source_excludes(value)?,
                "date_detection" if value.is_boolean() => mapping.keep_dates = value == false,
                "numeric_detection" if value == false => {}
                "_meta" | "_routing" => {}
                _ => {
                    let reason = format!(
                        "Root mapping definition has unsupported parameters:  [{key} : {value}]"
                    );
                    return Err(ApiError::mapper(reason));
                }
            }
        }
        if mapping.fields.len() + mapping.names.len() + mapping.multi.len() > MAX_FIELDS {
            let reason = format!("Limit of total fields [{MAX_FIELDS}] has been exceeded");
            return Err(ApiError::bad(reason));
        }
        for (alias, path) in &mapping.names {
            if !mapping.fields.contains_key(path) {
                let reason = format!(
                    "Invalid [path] value [{path}] for field alias [{alias}]: an alias must refer to an existing field in the mappings."
                );
                return Err(ApiError::mapper(reason));
            }
        }
        Ok(mapping)
    }

    /// The mapping as it was given, with what was added since.
    pub(crate) const fn raw(&self) -> &Value {
        &self.raw
    }

    /// Paths that are left out of `_source`.
    pub(crate) fn excludes(&self) -> &[String] {
        &self.excludes
    }

    /// Where the values of `name` are, or `None` for a name that the mapping does not know.
    pub(crate) fn resolve(&self, name: &str) -> Option<Resolved> {
        let path = self.names.get(name).map_or(name, String::as_str);
        if let Some(field) = self.fields.get(path) {
            return Some(Resolved { path: path.to_owned(), kind: field.kind });
        }
        if let Some(&kind) = self.multi.get(path) {
            return Some(Resolved { path: path.to_owned(), kind });
        }
        self.flat_root(path).map(|_| Resolved { path: path.to_owned(), kind: Kind::Flat })
    }

    /// Every field's path and kind under the object `name`.
    pub(crate) fn under(&self, name: &str) -> Vec<Resolved> {
        let prefix = format!("{name}.");
        let fields = self.fields.iter().filter(|(path, _)| path.starts_with(&prefix));
        fields.map(|(path, field)| Resolved { path: path.clone(), kind: field.kind }).collect()
    }

    /// The `flat_object` that `path` lies in.
    fn flat_root<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.match_indices('.')
            .map(|(at, _)| &path[..at])
            .find(|root| self.fields.get(*root).is_some_and(|field| field.kind == Kind::Flat))
    }

    /// What a document's field at exactly `path` is, and its multi-fields.
    pub(crate) fn at(&self, path: &str) -> Option<(Kind, &[(String, Kind)])> {
        self.fields.get(path).map(|field| (field.kind, field.also.as_slice()))
    }

    pub(crate) fn is_object(&self, path: &str) -> bool {
        self.objects.contains_key(path)
    }

    pub(crate) fn is_disabled(&self, path: &str) -> bool {
        self.disabled.iter().any(|disabled| disabled == path)
    }

    pub(crate) fn is_alias(&self, path: &str) -> bool {
        self.names.contains_key(path) || self.multi.contains_key(path)
    }

    /// The definition that dynamic mapping gives a field that no one mapped; `None` to leave it out.
    ///
    /// # Errors
    ///
    /// `strict_dynamic_mapping_exception` where the mapping forbids it.
    pub(crate) fn dynamic_field(&self, path: &str, value: &Value) -> ApiResult<Option<Value>> {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        match self.dynamic_of(parent) {
            Dynamic::Ignore => return Ok(None),
            Dynamic::Refuse => {
                let within = if parent.is_empty() { "_doc" } else { parent };
                let reason = format!(
                    "mapping set to strict, dynamic introduction of [{name}] within [{within}] is not allowed"
                );
                return Err(ApiError::new(400, "strict_dynamic_mapping_exception", reason));
            }
            Dynamic::Add => {}
        }
        let (json_type, default) = match value {
            Value::Bool(_) => ("boolean", json!({"type": "boolean"})),
            Value::Number(number) if number.is_f64() => ("double", json!({"type": "float"})),
            Value::Number(_) => ("long", json!({"type": "long"})),
            Value::String(text) if !self.keep_dates && is_date(text) => {
                ("date", json!({"type": "date"}))
            }
            Value::String(_) => (
                "string",
                json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}),
            ),
            Value::Null | Value::Array(_) | Value::Object(_) => return Ok(None),
        };
        let template = self.templates.iter().find(|template| template.fits(path, name, json_type));
        Ok(Some(template.map_or(default, |template| {
            let mut mapping = template.mapping.clone();
            if mapping.get("type").is_none() {
                mapping["type"] = default_type(json_type);
            }
            mapping
        })))
    }

    /// Whether dynamic mapping takes an object that no one mapped for a value: where a rule without
    /// a type fits its path.
    pub(crate) fn takes_object_for_value(&self, path: &str) -> bool {
        let name = path.rsplit('.').next().unwrap_or(path);
        let rule = self.templates.iter().find(|template| template.fits(path, name, "object"));
        let typed =
            |rule: &DynamicTemplate| rule.mapping.get("type").is_some_and(|name| name != "object");
        rule.is_some_and(typed)
            && !self.objects.contains_key(path)
            && self.dynamic_of(path) == Dynamic::Add
    }

    fn dynamic_of(&self, mut path: &str) -> Dynamic {
        while !path.is_empty() {
            if let Some(Some(dynamic)) = self.objects.get(path) {
                return *dynamic;
            }
            path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        }
        self.dynamic
    }

    /// This mapping with fields added.
    ///
    /// # Errors
    ///
    /// As [`Mapping::parse`]; `illegal_argument_exception` for too many fields.
    pub(crate) fn with(&self, additions: &[Addition]) -> ApiResult<Self> {
        let mut raw = self.raw.clone();
        for (path, definition) in additions {
            let mut at = &mut raw;
            for name in path.split('.') {
                at = &mut at["properties"][name];
            }
            if at.is_null() {
                *at = definition.clone();
            }
        }
        Self::parse(&raw)
    }

    fn properties(&mut self, prefix: &str, value: &Value) -> ApiResult<()> {
        let Some(properties) = value.as_object() else {
            return Err(ApiError::mapper(format!(
                "Expected map for property [properties] on field [{prefix}]"
            )));
        };
        for (name, definition) in properties {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let Some(definition) = definition.as_object() else {
                return Err(ApiError::mapper(format!("Expected map for property [{path}]")));
            };
            self.property(path, definition)?;
        }
        Ok(())
    }

    fn property(&mut self, path: String, definition: &Map<String, Value>) -> ApiResult<()> {
        let kind = definition.get("type").and_then(Value::as_str).unwrap_or("object");
        match kind {
            "object" => {
                if definition.get("enabled") == Some(&json!(false)) {
                    self.disabled.push(path.clone());
                }
                let own = definition.get("dynamic").map(dynamic).transpose()?;
                self.objects.insert(path.clone(), own);
                if let Some(properties) = definition.get("properties") {
                    self.properties(&path, properties)?;
                }
                return Ok(());
            }
            "alias" => {
                let Some(target) = definition.get("path").and_then(Value::as_str) else {
                    return Err(ApiError::mapper(format!(
                        "The [path] property must be specified for field [{path}]."
                    )));
                };
                self.names.insert(path, target.to_owned());
                return Ok(());
            }
            _ => {}
        }
        let kind = field_kind(&path, kind, definition)?;
        let mut also = Vec::new();
        if let Some(multi) = definition.get("fields").and_then(Value::as_object) {
            for (name, inner) in multi {
                let name = format!("{path}.{name}");
                let inner = inner.as_object().cloned().unwrap_or_default();
                let type_name = inner.get("type").and_then(Value::as_str).unwrap_or_default();
                let inner = field_kind(&name, type_name, &inner)?;
                if inner == kind {
                    self.names.insert(name, path.clone());
                } else {
                    self.multi.insert(name.clone(), inner);
                    also.push((name, inner));
                }
            }
        }
        let mut parent = path.as_str();
        while let Some((up, _)) = parent.rsplit_once('.') {
            self.objects.entry(up.to_owned()).or_insert(None);
            parent = up;
        }
        self.fields.insert(path, Field { kind, also });
        Ok(())
    }
}

fn default_type(json_type: &str) -> Value {
    json!(match json_type {
        "string" => "text",
        "double" => "float",
        other => other,
    })
}

/// Reads a field's `type` and the parameters that change what a query finds.
fn field_kind(path: &str, name: &str, definition: &Map<String, Value>) -> ApiResult<Kind> {
    if definition.get("index") == Some(&json!(false)) {
        return Ok(Kind::Opaque);
    }
    if definition.contains_key("copy_to") || definition.contains_key("null_value") {
        return Err(ApiError::mapper(format!(
            "field [{path}]: copy_to and null_value are not served by the local search"
        )));
    }
    let kind = Kind::of_type(name).ok_or_else(|| {
        ApiError::mapper(format!("No handler for type [{name}] declared on field [{path}]"))
    })?;
    Ok(match kind {
        Kind::Keyword { .. } => Kind::Keyword {
            ignore_above: definition
                .get("ignore_above")
                .and_then(Value::as_u64)
                .and_then(|chars| usize::try_from(chars).ok()),
        },
        kind => kind,
    })
}

fn dynamic(value: &Value) -> ApiResult<Dynamic> {
    match value {
        Value::Bool(true) => Ok(Dynamic::Add),
        Value::Bool(false) => Ok(Dynamic::Ignore),
        Value::String(text) => match text.as_str() {
            "true" => Ok(Dynamic::Add),
            "false" => Ok(Dynamic::Ignore),
            "strict" => Ok(Dynamic::Refuse),
            _ => Err(ApiError::mapper(format!(
                "[dynamic] knows true, false and strict, not [{text}]"
            ))),
        },
        _ => Err(ApiError::mapper("[dynamic] must be true, false or strict")),
    }
}

fn dynamic_templates(value: &Value) -> ApiResult<Vec<DynamicTemplate>> {
    let wrong = || ApiError::mapper("dynamic_templates must be a list of {name: {…}}");
    let list = value.as_array().ok_or_else(wrong)?;
    let mut templates = Vec::new();
    for named in list {
        for definition in named.as_object().ok_or_else(wrong)?.values() {
            let object = definition.as_object().ok_or_else(wrong)?;
            let known = ["match", "path_match", "match_mapping_type", "mapping"];
            if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(ApiError::mapper(format!(
                    "Illegal dynamic template parameter: [{key}]"
                )));
            }
            let text = |key| object.get(key).and_then(Value::as_str).map(str::to_owned);
            templates.push(DynamicTemplate {
                matches: text("match"),
                path_match: text("path_match"),
                json_type: text("match_mapping_type"),
                mapping: object.get("mapping").cloned().unwrap_or_else(|| json!({})),
            });
        }
    }
    Ok(templates)
}

fn source_excludes(value: &Value) -> ApiResult<Vec<String>> {
    for key in value.as_object().into_iter().flat_map(Map::keys) {
        if key != "excludes" {
            return Err(ApiError::mapper(format!(
                "_source: only [excludes] is served by the local search, not [{key}]"
            )));
        }
    }
    let list = value.get("excludes").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Whether dynamic mapping takes a text for a date: `yyyy-MM-dd` with or without a time.
fn is_date(text: &str) -> bool {
    text.len() >= 10
        && text.as_bytes().get(4) == Some(&b'-')
        && crate::date::parse(text, crate::date::Round::Down).is_some()
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}
