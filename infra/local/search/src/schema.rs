//! The one tantivy schema that every index has, whatever its mapping: a mapping may grow, a
//! tantivy schema may not.
//!
//! | field | holds | for |
//! |---|---|---|
//! | `_id` | the document's id | lookups, deletes, tie-breaks |
//! | `_source` | the document as it was sent | hits |
//! | `k` | `path NUL value` of keywords and flattened values | term, prefix, range, wildcard, existence |
//! | `t` | `path NUL token` of analysed text, with positions | match, match_phrase |
//! | `v` | columns by path: numbers, dates (ms), keywords | sorting, aggregations, numeric ranges |

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{FastFieldRangeQuery, InvertedIndexRangeQuery, Query};
use tantivy::schema::{
    Field, IndexRecordOption, JsonObjectOptions, STORED, STRING, Schema, TextFieldIndexing,
    TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};

/// Between a path and a value; neither JSON keys of ours nor tokens hold it.
pub(crate) const SEPARATOR: char = '\0';
/// The path under which `k` names the fields that a document has, where no column tells.
pub(crate) const FIELD_NAMES: &str = "_field_names";
/// The columns' field.
pub(crate) const VALUES: &str = "v";
const ANALYZER: &str = "logmill";
/// How far apart the values of one field are, so that no phrase crosses from one into the next.
const VALUE_GAP: usize = 100;

/// The schema's fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) source: Field,
    pub(crate) keyword: Field,
    pub(crate) text: Field,
    pub(crate) value: Field,
}

/// The schema, and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let fast_raw = || TextOptions::default().set_fast("raw");
    let raw = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let id = builder.add_text_field("_id", STRING | fast_raw());
    let source = builder.add_bytes_field("_source", STORED);
    let keyword = builder.add_text_field("k", TextOptions::default().set_indexing_options(raw));
    let analysed = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = builder.add_text_field("t", TextOptions::default().set_indexing_options(analysed));
    let columns = JsonObjectOptions::default().set_fast("raw").set_expand_dots_enabled();
    let value = builder.add_json_field(VALUES, columns);
    (builder.build(), Fields { id, source, keyword, text, value })
}

/// The tokenizers that the schema names.
pub(crate) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(ANALYZER, TextAnalyzer::from(PathTokenizer));
    manager
}

/// The name of the column of `path`.
pub(crate) fn column(path: &str) -> String {
    format!("{VALUES}.{path}")
}

impl Fields {
    /// The term of a keyword or flattened value.
    pub(crate) fn keyword_term(&self, path: &str, value: &str) -> Term {
        Term::from_field_text(self.keyword, &format!("{path}{SEPARATOR}{value}"))
    }

    /// The term of a token of a text.
    pub(crate) fn text_term(&self, path: &str, token: &str) -> Term {
        Term::from_field_text(self.text, &format!("{path}{SEPARATOR}{token}"))
    }

    /// The term of an id.
    pub(crate) fn id_term(&self, id: &str) -> Term {
        Term::from_field_text(self.id, id)
    }

    /// Every term of `field` that begins with `prefix`.
    pub(crate) fn prefix(field: Field, prefix: &str) -> Box<dyn Query> {
        let mut upper = Term::from_field_text(field, prefix);
        // No byte of UTF-8 is as large.
        upper.append_bytes(&[0xFF]);
        Box::new(InvertedIndexRangeQuery::new(
            Bound::Included(Term::from_field_text(field, prefix)),
            Bound::Excluded(upper),
        ))
    }

    /// The keywords of `path` between the bounds, by their bytes.
    pub(crate) fn keyword_range(
        &self,
        path: &str,
        lower: Bound<&str>,
        upper: Bound<&str>,
    ) -> Box<dyn Query> {
        let term = |value: &str| self.keyword_term(path, value);
        let lower = match lower {
            Bound::Unbounded => Bound::Included(term("")),
            bound => bound.map(term),
        };
        let upper = match upper {
            Bound::Unbounded => {
                let mut last = term("");
                last.append_bytes(&[0xFF]);
                Bound::Excluded(last)
            }
            bound => bound.map(term),
        };
        Box::new(InvertedIndexRangeQuery::new(lower, upper))
    }

    /// The documents whose whole number (or date, in ms) at `path` is between the bounds.
    pub(crate) fn long_range(&self, path: &str, lower: i64, upper: i64) -> Box<dyn Query> {
        let term = |value: i64| {
            let mut term = Term::from_field_json_path(self.value, path, true);
            term.append_type_and_fast_value(value);
            term
        };
        Box::new(FastFieldRangeQuery::new(
            Bound::Included(term(lower)),
            Bound::Included(term(upper)),
        ))
    }

    /// The documents whose number at `path` is between the bounds.
    pub(crate) fn double_range(
        &self,
        path: &str,
        lower: Bound<f64>,
        upper: Bound<f64>,
    ) -> Box<dyn Query> {
        let term = |value: f64| {
            let mut term = Term::from_field_json_path(self.value, path, true);
            term.append_type_and_fast_value(value);
            term
        };
        Box::new(FastFieldRangeQuery::new(lower.map(term), upper.map(term)))
    }
}

/// Reads `path NUL text` and yields `path NUL token` for each token of the text.
#[derive(Clone)]
struct PathTokenizer;

/// The tokens of one value.
struct PathTokens<'a> {
    prefix: &'a str,
    tokens: Box<dyn Iterator<Item = logmill_query::analyzer::Token<'a>> + 'a>,
    token: Token,
}

impl Tokenizer for PathTokenizer {
    type TokenStream<'a> = PathTokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PathTokens<'a> {
        let at = text.find(SEPARATOR).map_or(0, |at| at + 1);
        let (prefix, text) = text.split_at(at);
        let tokens = Box::new(logmill_query::analyzer::tokens(text));
        PathTokens { prefix, tokens, token: Token::default() }
    }
}

impl TokenStream for PathTokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(next) = self.tokens.next() else { return false };
        self.token.text.clear();
        self.token.text.push_str(self.prefix);
        self.token.text.push_str(&next.text);
        self.token.position = VALUE_GAP + next.position;
        self.token.offset_from = self.prefix.len() + next.start;
        self.token.offset_to = self.prefix.len() + next.end;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
