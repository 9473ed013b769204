//! Queries on analysed text: `match`, `match_phrase` and `multi_match`. On a field that is not
//! analysed each of them is a `term`, as in OpenSearch.

use serde_json::Value;
use tantivy::query::{BooleanQuery, EmptyQuery, PhraseQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use crate::error::{ApiError, ApiResult};
use crate::mapping::Kind;
use crate::query::{Translator, Tree, known, list, scalar};

impl Translator<'_> {
    pub(crate) fn matches(&self, body: &Value) -> ApiResult<Tree> {
        let allowed =
            ["query", "operator", "boost", "minimum_should_match", "zero_terms_query", "lenient"];
        let (name, value) = self.leaf("match", body, "query", &allowed)?;
        let options = &body[name];
        if let Some(analyzed) =
            options.get("minimum_should_match").or_else(|| options.get("zero_terms_query"))
        {
            return Err(ApiError::bad(format!(
                "match on [{name}]: [{analyzed}]: minimum_should_match and zero_terms_query are not served by the local search"
            )));
        }
        let and = is_and(options)?;
        self.match_field(name, value, and)
    }

    fn match_field(&self, name: &str, value: &Value, and: bool) -> ApiResult<Tree> {
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        if field.kind != Kind::Text {
            return self.term(name, value);
        }
        let text = scalar(name, value)?;
        let terms: Vec<Tree> = logmill_query::analyzer::tokens(&text)
            .map(|token| {
                let term = self.fields.text_term(&field.path, &token.text);
                Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) as Tree
            })
            .collect();
        Ok(match terms.len() {
            0 => Box::new(EmptyQuery),
            _ if and => Box::new(BooleanQuery::intersection(terms)),
            _ => Box::new(BooleanQuery::union(terms)),
        })
    }

    pub(crate) fn phrase(&self, body: &Value) -> ApiResult<Tree> {
        let (name, value) =
            self.leaf("match_phrase", body, "query", &["query", "slop", "boost"])?;
        let slop = body[name].get("slop").map_or(Some(0), Value::as_u64);
        let slop = slop.and_then(|slop| u32::try_from(slop).ok()).ok_or_else(|| {
            ApiError::bad("[match_phrase] slop must be a number that is not negative")
        })?;
        self.phrase_field(name, value, slop)
    }

    fn phrase_field(&self, name: &str, value: &Value, slop: u32) -> ApiResult<Tree> {
        let Some(field) = self.mapping.resolve(name) else { return Ok(Box::new(EmptyQuery)) };
        if field.kind != Kind::Text {
            return self.term(name, value);
        }
        let text = scalar(name, value)?;
        let mut terms: Vec<_> = logmill_query::analyzer::tokens(&text)
            .map(|token| (token.position, self.fields.text_term(&field.path, &token.text)))
            .collect();
        Ok(match (terms.len(), terms.pop()) {
            (1, Some((_, term))) => self.exact(term),
            (_, Some(last)) => {
                terms.push(last);
                Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop))
            }
            (_, None) => Box::new(EmptyQuery),
        })
    }

    /// `cross_fields` with AND: each word in any of the fields; `phrase` and `best_fields`: all in one.
    pub(crate) fn multi_match(&self, body: &Value) -> ApiResult<Tree> {
        known("multi_match", body, &["query", "fields", "type", "operator", "boost", "slop"])?;
        let fields: Vec<&str> = list(body.get("fields")).iter().filter_map(Value::as_str).collect();
        if fields.is_empty() || fields.iter().any(|field| field.contains(['*', '^'])) {
            return Err(ApiError::bad(
                "[multi_match] wants a list of [fields] without patterns and boosts",
            ));
        }
        let query = body.get("query").unwrap_or(&Value::Null);
        let and = is_and(body)?;
        let any = |value: &Value| -> ApiResult<Tree> {
            let each: ApiResult<Vec<_>> =
                fields.iter().map(|field| self.match_field(field, value, and)).collect();
            Ok(Box::new(BooleanQuery::union(each?)))
        };
        match body.get("type").and_then(Value::as_str).unwrap_or("best_fields") {
            "best_fields" | "most_fields" => any(query),
            "phrase" => {
                let each: ApiResult<Vec<_>> =
                    fields.iter().map(|field| self.phrase_field(field, query, 0)).collect();
                Ok(Box::new(BooleanQuery::union(each?)))
            }
            "cross_fields" => {
                let text = scalar("multi_match", query)?;
                let words: ApiResult<Vec<_>> = logmill_query::analyzer::tokens(&text)
                    .map(|token| any(&Value::String(token.text.into_owned())))
                    .collect();
                let words = words?;
                Ok(match words.len() {
                    0 => Box::new(EmptyQuery),
                    _ if and => Box::new(BooleanQuery::intersection(words)),
                    _ => Box::new(BooleanQuery::union(words)),
                })
            }
            other => Err(ApiError::bad(format!(
                "[multi_match] type [{other}] is not served by the local search"
            ))),
        }
    }
}

fn is_and(options: &Value) -> ApiResult<bool> {
    match options.get("operator").and_then(Value::as_str) {
        None => Ok(false),
        Some(operator) if operator.eq_ignore_ascii_case("and") => Ok(true),
        Some(operator) if operator.eq_ignore_ascii_case("or") => Ok(false),
        Some(operator) => Err(ApiError::bad(format!(
            "operator needs to be either AND or OR, but not [{operator}]"
        ))),
    }
}
