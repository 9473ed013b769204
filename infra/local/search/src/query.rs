//! The query language: OpenSearch's JSON turned into tantivy queries, node by node.

use std::ops::Bound;

use serde_json::{Map, Value};
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, ExistsQuery, Occur, Query, RegexQuery,
    TermQuery, TermSetQuery,
};
use tantivy::schema::IndexRecordOption;

use crate::date::{self, Round};
use crate::document::{double, long};
use crate::error::{ApiError, ApiResult};
use crate::mapping::{Kind, Mapping, Resolved};
use crate::schema::{FIELD_NAMES, Fields, SEPARATOR, column};

/// The deepest query, and the most clauses of one `bool` or values of one `terms`.
const MAX_DEPTH: usize = 64;
const MAX_CLAUSES: usize = 65_536;

pub(crate) type Tree = Box<dyn Query>;

/// Turns queries into those of one index.
#[derive(Clone, Copy)]
pub(crate) struct Translator<'a> {
    pub(crate) fields: Fields,
    pub(crate) mapping: &'a Mapping,
}

impl Translator<'_> {
    /// The tantivy query for `query`; `null` means everything.
    ///
    /// # Errors
    ///
    /// 400 with OpenSearch's type for what is wrong or not served.
    pub(crate) fn query(&self, query: &Value) -> ApiResult<Tree> {
        if query.is_null() { Ok(Box::new(AllQuery)) } else { self.node(query, 0) }
    }

    fn node(&self, query: &Value, depth: usize) -> ApiResult<Tree> {
        if depth > MAX_DEPTH {
            return Err(ApiError::bad(format!("the query is nested deeper than {MAX_DEPTH}")));
        }
        let (name, body) = single(query, "query")?;
        match name {
            "match_all" => known(name, body, &["boost"]).map(|()| Box::new(AllQuery) as Tree),
            "match_none" => Ok(Box::new(EmptyQuery)),
            "bool" => self.boolean(body, depth),
            "constant_score" => {
                known(name, body, &["filter", "boost"])?;
                let filter = self.node(body.get("filter").unwrap_or(&Value::Null), depth + 1)?;
                Ok(Box::new(ConstScoreQuery::new(filter, 1.0)))
            }
            "ids" => {
                known(name, body, &["values", "boost"])?;
                let values =
                    body.get("values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                self.ids(values)
            }
            "exists" => {
                known(name, body, &["field", "boost"])?;
                let field = body
                    .get("field")
                    .and_then(Value::as_str)
                    .ok_or_else(|| ApiError::parsing("[exists] must be provided with a [field]"))?;
                Ok(self.exists(field))
            }
            "term" => {
                let (field, value) = self.leaf(name, body, "value", &["value", "boost"])?;
                self.term(field, value)
            }
            "terms" => self.terms(body),
            "range" => self.range(body),
            "prefix" => {
                let (field, value) =
                    self.leaf(name, body, "value", &["value", "boost", "rewrite"])?;
                self.prefix(field, value)
            }
            "wildcard" => {
                let (field, value) =
                    self.leaf(name, body, "value", &["value", "wildcard", "boost", "rewrite"])?;
                self.wildcard(field, value)
            }
            "match" => self.matches(body),
            "match_phrase" => self.phrase(body),
            "multi_match" => self.multi_match(body),
            _ => Err(ApiError::parsing(format!("unknown query [{name}]"))),
        }
    }

    fn boolean(&self, body: &Value, depth: usize) -> ApiResult<Tree> {
        known(
            "bool",
            body,
            &["must", "filter", "should", "must_not", "minimum_should_match", "boost"],
        )?;
        let mut clauses = Vec::new();
        let mut should = Vec::new();
        for (key, occur) in
            [("must", Occur::Must), ("filter", Occur::Must), ("must_not", Occur::MustNot)]
        {
            for query in list(body.get(key)) {
                let mut tree = self.node(query, depth + 1)?;
                if key == "filter" {
                    tree = Box::new(ConstScoreQuery::new(tree, 0.0));
                }
                clauses.push((occur, tree));
            }
        }
        for query in list(body.get("should")) {
            should.push((Occur::Should, self.node(query, depth + 1)?));
        }
        if clauses.len() + should.len() > MAX_CLAUSES {
            let reason = format!("too many clauses: maxClauseCount is set to {MAX_CLAUSES}");
            return Err(ApiError::new(400, "too_many_nested_clauses", reason));
        }
        let required = clauses.iter().any(|(occur, _)| *occur == Occur::Must);
        let minimum = match body.get("minimum_should_match") {
            None => usize::from(!should.is_empty() && !required),
            Some(value) => {
                long(value).and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
                    ApiError::bad("[minimum_should_match] must be a number that is not negative")
                })?
            }
        };
        if minimum > should.len() {
            return Ok(Box::new(EmptyQuery));
        }
        if minimum > 0 {
            let any = BooleanQuery::with_minimum_required_clauses(should, minimum);
            clauses.push((Occur::Must, Box::new(any)));
        } else {
            clauses.append(&mut should);
        }
        // What has only exclusions, or only wishes, begins with everything.
        if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn ids(&self, values: &[Value]) -> ApiResult<Tree> {
        check_count(values.len())?;
        let terms = values.iter().filter_map(Value::as_str).map(|id| self.fields.id_term(id));
        Ok(Box::new(TermSetQuery::new(terms)))
    }

    fn exists(&self, name: &str) -> Tree {
        if name == "_id" {
            return Box::new(AllQuery);
        }
        let Some(field) = self.mapping.resolve(name) else {
            let inner = self.mapping.under(name);
            let inner = inner.iter().map(|field| self.exists_at(field)).collect();
            return Box::new(BooleanQuery::union(inner));
        };
        self.exists_at(&field)
    }

    fn exists_at(&self, field: &Resolved) -> Tree {
        match field.kind {
            Kind::Text | Kind::Flat | Kind::Opaque => {
                self.exact(self.fields.keyword_term(FIELD_NAMES, &field.path))
            }
            _ => Box::new(ExistsQuery::new(column(&field.path), false)),
        }
    }

    pub(crate) fn exact(&self, term: tantivy::Term) -> Tree {
        Box::new(TermQuery::new(term, IndexRecordOption::Basic))
    }

    /// The one field of `{"name": {"field": value}}` or `{"name": {"field": {key: value, …}}}`.
    pub(crate) fn leaf<'v>(
        &self,
        name: &str,
        body: &'v Value,
        key: &str,
        allowed: &[&str],
    ) -> ApiResult<(&'v str, &'v Value)> {
        let (field, value) = single(body, name)?;
        if !value.is_object() {
            return Ok((field, value));
        }
        known(name, value, allowed)?;
        let value = value.get(key).or_else(|| value.get(name));
        let value = value.ok_or_else(|| {
            ApiError::parsing(format!("[{name}] query for field [{field}] has no [{key}]"))
        })?;
        Ok((field, value))
    }

    pub(crate) fn term(&self, name: &str, value: &Value) -> ApiResult<Tree> {
        if name == "_id" {
            return self.ids(std::slice::from_ref(value));
        }
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        let path = &field.path;
        Ok(match field.kind {
            Kind::Keyword { .. } | Kind::Flat | Kind::Boolean => {
                self.exact(self.fields.keyword_term(path, &scalar(name, value)?))
            }
            Kind::Text => self.exact(self.fields.text_term(path, &scalar(name, value)?)),
            Kind::Date => {
                let from =
                    date::bound(value, Round::Down).ok_or_else(|| not_a(name, "date", value))?;
                let to = date::bound(value, Round::Up).unwrap_or(from);
                self.fields.long_range(path, from, to)
            }
            Kind::Long => match double(value) {
                Some(number) if number.fract() != 0.0 => Box::new(EmptyQuery),
                _ => {
                    let number = long(value).ok_or_else(|| not_a(name, "number", value))?;
                    self.fields.long_range(path, number, number)
                }
            },
            Kind::Double => {
                let number = double(value).ok_or_else(|| not_a(name, "number", value))?;
                self.fields.double_range(path, Bound::Included(number), Bound::Included(number))
            }
            Kind::Opaque => return Err(not_searchable(name)),
        })
    }

    fn terms(&self, body: &Value) -> ApiResult<Tree> {
        let object = object("terms", body)?;
        let mut found = None;
        for (key, value) in object {
            match (key.as_str(), value) {
                ("boost", _) => {}
                (field, Value::Array(values)) if found.is_none() => found = Some((field, values)),
                _ => {
                    return Err(ApiError::parsing(format!(
                        "[terms] query: [{key}] is not served; give one field with a list of values"
                    )));
                }
            }
        }
        let Some((name, values)) = found else {
            return Err(ApiError::parsing("[terms] query requires a field with a list of values"));
        };
        check_count(values.len())?;
        if name == "_id" {
            return self.ids(values);
        }
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        if matches!(field.kind, Kind::Keyword { .. } | Kind::Flat | Kind::Boolean) {
            let terms: ApiResult<Vec<_>> = values
                .iter()
                .map(|value| Ok(self.fields.keyword_term(&field.path, &scalar(name, value)?)))
                .collect();
            return Ok(Box::new(TermSetQuery::new(terms?)));
        }
        let terms: ApiResult<Vec<_>> = values.iter().map(|value| self.term(name, value)).collect();
        Ok(Box::new(BooleanQuery::union(terms?)))
    }

    fn range(&self, body: &Value) -> ApiResult<Tree> {
        let (name, bounds) = single(body, "range")?;
        known("range", bounds, &["gt", "gte", "lt", "lte", "boost", "format"])?;
        let served = |format: &str| {
            let mut parts = format.split("||");
            parts.all(|part| part.contains("date_optional_time") || part == "epoch_millis")
        };
        if let Some(format) =
            bounds.get("format").filter(|format| !format.as_str().is_some_and(served))
        {
            return Err(ApiError::bad(format!(
                "range on [{name}]: the date format {format} is not served by the local search"
            )));
        }
        let get = |key: &str| bounds.get(key).filter(|value| !value.is_null());
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        let path = &field.path;
        match field.kind {
            Kind::Date => self.whole_range(path, |key, up| {
                let round = if up { Round::Up } else { Round::Down };
                get(key)
                    .map(|value| {
                        date::bound(value, round).ok_or_else(|| not_a(name, "date", value))
                    })
                    .transpose()
            }),
            Kind::Long => self.whole_range(path, |key, _| {
                get(key)
                    .map(|value| {
                        whole_bound(value, key).ok_or_else(|| not_a(name, "number", value))
                    })
                    .transpose()
            }),
            Kind::Double => {
                let bound = |inclusive: &str, exclusive: &str| -> ApiResult<Bound<f64>> {
                    let read =
                        |value: &Value| double(value).ok_or_else(|| not_a(name, "number", value));
                    Ok(match (get(inclusive), get(exclusive)) {
                        (_, Some(value)) => Bound::Excluded(read(value)?),
                        (Some(value), None) => Bound::Included(read(value)?),
                        (None, None) => Bound::Unbounded,
                    })
                };
                match (bound("gte", "gt")?, bound("lte", "lt")?) {
                    (Bound::Unbounded, Bound::Unbounded) => Ok(self.exists_at(&field)),
                    (lower, upper) => Ok(self.fields.double_range(path, lower, upper)),
                }
            }
            Kind::Keyword { .. } | Kind::Flat | Kind::Boolean => {
                let text = |key: &str| get(key).map(|value| scalar(name, value)).transpose();
                let (gt, gte, lt, lte) = (text("gt")?, text("gte")?, text("lt")?, text("lte")?);
                let lower = bound_of(gt.as_deref(), gte.as_deref());
                let upper = bound_of(lt.as_deref(), lte.as_deref());
                Ok(self.fields.keyword_range(path, lower, upper))
            }
            Kind::Text | Kind::Opaque => Err(not_searchable(name)),
        }
    }

    /// A range of whole numbers; `read` gives a bound by its key, rounded up or down.
    fn whole_range(
        &self,
        path: &str,
        read: impl Fn(&str, bool) -> ApiResult<Option<i64>>,
    ) -> ApiResult<Tree> {
        let lower = match (read("gt", true)?, read("gte", false)?) {
            (Some(i64::MAX), _) => return Ok(Box::new(EmptyQuery)),
            (Some(gt), _) => gt + 1,
            (None, gte) => gte.unwrap_or(i64::MIN),
        };
        let upper = match (read("lt", false)?, read("lte", true)?) {
            (Some(i64::MIN), _) => return Ok(Box::new(EmptyQuery)),
            (Some(lt), _) => lt - 1,
            (None, lte) => lte.unwrap_or(i64::MAX),
        };
        if lower > upper {
            return Ok(Box::new(EmptyQuery));
        }
        Ok(self.fields.long_range(path, lower, upper))
    }

    fn prefix(&self, name: &str, value: &Value) -> ApiResult<Tree> {
        let prefix = scalar(name, value)?;
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        let start = format!("{}{SEPARATOR}{prefix}", field.path);
        match field.kind {
            Kind::Keyword { .. } | Kind::Flat => Ok(Fields::prefix(self.fields.keyword, &start)),
            Kind::Text => Ok(Fields::prefix(self.fields.text, &start)),
            _ => Err(ApiError::bad(format!(
                "Can only use prefix queries on keyword, text and wildcard fields - not on [{name}]"
            ))),
        }
    }

    fn wildcard(&self, name: &str, value: &Value) -> ApiResult<Tree> {
        let pattern = scalar(name, value)?;
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        let target = match field.kind {
            Kind::Keyword { .. } | Kind::Flat => self.fields.keyword,
            Kind::Text => self.fields.text,
            _ => {
                return Err(ApiError::bad(format!(
                    "Can only use wildcard queries on keyword, text and wildcard fields - not on [{name}]"
                )));
            }
        };
        let mut regex = String::new();
        escape(&mut regex, &field.path);
        regex.push('\0');
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            match char {
                '*' => regex.push_str("(.|\n)*"),
                '?' => regex.push_str("(.|\n)"),
                '\\' => {
                    let next = chars.next().unwrap_or('\\');
                    escape(&mut regex, next.encode_utf8(&mut [0; 4]));
                }
                char => escape(&mut regex, char.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(Box::new(RegexQuery::from_pattern(&regex, target)?))
    }
}

fn bound_of<'a>(exclusive: Option<&'a str>, inclusive: Option<&'a str>) -> Bound<&'a str> {
    match (exclusive, inclusive) {
        (Some(value), _) => Bound::Excluded(value),
        (None, Some(value)) => Bound::Included(value),
        (None, None) => Bound::Unbounded,
    }
}

/// A bound for whole numbers from one that may have a fraction.
#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, as a bound may")]
fn whole_bound(value: &Value, key: &str) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let number = double(value)?;
    if number.fract() == 0.0 {
        return long(value).or(Some(number as i64));
    }
    // x > 2.5 is x > 2, x >= 2.5 is x >= 3, x < 2.5 is x < 3, x <= 2.5 is x <= 2.
    Some(if matches!(key, "gt" | "lte") { number.floor() as i64 } else { number.ceil() as i64 })
}

fn escape(regex: &mut String, text: &str) {
    for char in text.chars() {
        if r".+*?()|[]{}^$\#&-~".contains(char) {
            regex.push('\\');
        }
        regex.push(char);
    }
}

fn check_count(count: usize) -> ApiResult<()> {
    if count <= MAX_CLAUSES {
        return Ok(());
    }
    Err(ApiError::bad(format!(
        "The number of terms [{count}] used in the Terms Query request has exceeded the allowed maximum of [{MAX_CLAUSES}]"
    )))
}

/// A value as keywords have it.
pub(crate) fn scalar(name: &str, value: &Value) -> ApiResult<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => {
            Err(ApiError::bad(format!("the query on [{name}] needs a text, a number or a boolean")))
        }
    }
}

fn not_a(name: &str, kind: &str, value: &Value) -> ApiError {
    let reason = format!("failed to parse {kind} field [{name}]: for input [{value}]");
    ApiError::new(
        400,
        if kind == "date" { "parse_exception" } else { "number_format_exception" },
        reason,
    )
}

fn not_searchable(name: &str) -> ApiError {
    let reason = format!(
        "Cannot search on field [{name}] in this way: the local search does not index it so"
    );
    ApiError::new(400, "query_shard_exception", reason)
}

pub(crate) fn list(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
    }
}

fn object<'v>(name: &str, value: &'v Value) -> ApiResult<&'v Map<String, Value>> {
    value.as_object().ok_or_else(|| {
        ApiError::parsing(format!("[{name}] query malformed, no start_object after query name"))
    })
}

fn single<'v>(value: &'v Value, name: &str) -> ApiResult<(&'v str, &'v Value)> {
    let object = object(name, value)?;
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((key, value)), None) => Ok((key, value)),
        (None, _) => Err(ApiError::bad(format!("[{name}] is empty: it wants one query or field"))),
        (Some((first, _)), Some((second, _))) => Err(ApiError::parsing(format!(
            "[{name}] query doesn't support multiple fields, found [{first}] and [{second}]"
        ))),
    }
}

/// Refuses parameters that are not served.
pub(crate) fn known(name: &str, value: &Value, allowed: &[&str]) -> ApiResult<()> {
    for key in object(name, value)?.keys() {
        if !allowed.contains(&key.as_str()) {
            return Err(ApiError::parsing(format!("[{name}] query does not support [{key}]")));
        }
    }
    Ok(())
}
