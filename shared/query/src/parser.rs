//! The filter language: text → tree, by recursive descent.
//!
//! ```text
//! query      = or
//! or         = and { "OR" and }
//! and        = unary { ["AND"] unary }
//! unary      = ("NOT" | "-") unary | "(" or ")" | comparison | words
//! comparison = field ("=" | ":" | "!=" | ">=" | "<=" | ">" | "<") value
//! value      = word | "quoted" | prefix "*" | "*" | "(" word { "OR" word } ")"
//!            | ("[" | "{") (word | "*") "TO" (word | "*") ("]" | "}")
//! words      = word | "a phrase" | prefix "*"
//! ```
//! In quotes, `\"` and `\\` stand for the character alone.

use crate::comparison::{self, Operator, RangeEnds};
use crate::error::SyntaxErrorKind as Kind;
use crate::{Query, SyntaxError, Test, Words, analyzer, field};

/// The longest query, in bytes.
pub const MAX_BYTES: usize = 4096;
/// How deep conditions may stand in each other.
pub const MAX_DEPTH: usize = 32;

/// Reads a query. An empty text means [`Query::Everything`].
///
/// # Errors
/// The first fault with its column; see [`SyntaxError::render`].
pub fn parse(text: &str) -> Result<Query, SyntaxError> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > MAX_BYTES {
        let message = format!("the query has {} bytes, {MAX_BYTES} are allowed", text.len());
        return Err(parser.error(0, Kind::Limit, message, "search for less at once"));
    }
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(Query::Everything);
    }
    let query = parser.or(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(query),
        Some(found) => {
            let message = format!("`{found}` closes nothing");
            Err(parser.error(parser.at, Kind::Structure, message, "remove it, or open it before"))
        }
    }
}

/// A word as it was written.
#[derive(Debug)]
pub(crate) struct Word {
    /// What it says, without quotes and without a `*` at its end.
    pub(crate) text: String,
    /// Where it begins in the query.
    pub(crate) at: usize,
    /// Whether a `*` follows.
    pub(crate) star: bool,
    /// Whether it was in quotes.
    pub(crate) quoted: bool,
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes the keyword if it stands here alone.
    fn keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(after) = self.rest().strip_prefix(word) else { return false };
        if after.chars().next().is_some_and(|char| !char.is_whitespace() && !"()\"".contains(char))
        {
            return false;
        }
        self.at += word.len();
        true
    }

    pub(crate) fn error(
        &self,
        at: usize,
        kind: Kind,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> SyntaxError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        SyntaxError { column: before.chars().count() + 1, message: message.into(), hint, kind }
    }

    fn or(&mut self, depth: usize) -> Result<Query, SyntaxError> {
        let mut parts = vec![self.and(depth)?];
        while self.keyword("OR") {
            parts.push(self.and(depth)?);
        }
        Ok(Query::any_of(parts))
    }

    fn and(&mut self, depth: usize) -> Result<Query, SyntaxError> {
        let mut parts = vec![self.unary(depth)?];
        loop {
            let explicit = self.keyword("AND");
            let before = self.at;
            let ends = self.peek().is_none_or(|char| char == ')') || self.keyword("OR");
            self.at = before;
            if ends && !explicit {
                return Ok(Query::all_of(parts));
            }
            parts.push(self.unary(depth)?);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Query, SyntaxError> {
        self.skip_space();
        let start = self.at;
        if depth > MAX_DEPTH {
            let message = format!("conditions are nested deeper than {MAX_DEPTH}");
            return Err(self.error(start, Kind::Limit, message, "write it with fewer parentheses"));
        }
        if self.keyword("NOT") {
            return Ok(Query::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.rest().starts_with('-') && !self.rest()[1..].starts_with(char::is_whitespace) {
            self.at += 1;
            return Ok(Query::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.eat("(") {
            let query = self.or(depth + 1)?;
            self.skip_space();
            if self.eat(")") {
                return Ok(query);
            }
            return Err(self.error(
                start,
                Kind::Structure,
                "this `(` is never closed",
                "add a `)`",
            ));
        }
        for keyword in ["AND", "OR"] {
            if self.keyword(keyword) {
                let message = format!("{keyword} joins two conditions, one is missing before it");
                let hint = format!("to search for the word, write \"{keyword}\" in quotes");
                return Err(self.error(start, Kind::Structure, message, hint));
            }
        }
        match self.peek() {
            None => Err(self.error(start, Kind::Structure, "a condition is missing here", "")),
            Some(')') => {
                Err(self.error(start, Kind::Structure, "a condition is missing before `)`", ""))
            }
            Some('"') => {
                let word = self.quoted()?;
                Ok(Query::Text(self.words(word)?))
            }
            Some(_) => self.comparison_or_word(),
        }
    }

    /// A comparison, or a word of free text.
    fn comparison_or_word(&mut self) -> Result<Query, SyntaxError> {
        let start = self.at;
        let stop = |char: char| char.is_whitespace() || "()\"=:<>".contains(char);
        let length = self.rest().find(stop).unwrap_or(self.rest().len());
        let mut name = self.rest()[..length].to_owned();
        self.at += length;
        let end = self.at;
        self.skip_space();
        if let Some(before) =
            name.strip_suffix('!').filter(|_| self.at == end && self.peek() == Some('='))
        {
            name = before.to_owned();
            self.at -= 1;
        }
        let operator_at = self.at;
        let Some(operator) = self.operator() else {
            self.at = end;
            return Ok(Query::Text(self.words(unquoted(name, start))?));
        };
        if name.is_empty() {
            let message = format!("a field's name is missing before `{}`", operator.as_str());
            let hint = "quote the text to search for it as it stands";
            return Err(self.error(operator_at, Kind::Structure, message, hint));
        }
        let Some((known, field_type)) = field::find(&name) else {
            let message = format!("no document has a field `{name}`");
            let hint = field::nearest(&name).map_or_else(
                || "to search for this text, put it in quotes; own fields are `labels.NAME`, `fields.NAME`, `payload.NAME`".to_owned(),
                |near| format!("did you mean `{near}`? To search for this text, put it in quotes"),
            );
            return Err(self.error(start, Kind::UnknownField, message, hint));
        };
        let known = known.to_owned();
        self.skip_space();
        let (operator, negated) = match operator {
            Operator::NotEqual => (Operator::Equal, true),
            other => (other, false),
        };
        let test = self.test(&known, field_type, operator)?;
        let query = Query::Field { name: known, test };
        Ok(if negated { Query::Not(Box::new(query)) } else { query })
    }

    fn operator(&mut self) -> Option<Operator> {
        let all = [
            Operator::NotEqual,
            Operator::AtLeast,
            Operator::AtMost,
            Operator::More,
            Operator::Less,
            Operator::Equal,
        ];
        if self.eat(":") {
            return Some(Operator::Equal);
        }
        all.into_iter().find(|operator| self.eat(operator.as_str()))
    }

    fn test(
        &mut self,
        name: &str,
        field_type: field::FieldType,
        operator: Operator,
    ) -> Result<Test, SyntaxError> {
        let start = self.at;
        if operator == Operator::Equal {
            if let Some(open @ ('[' | '{')) = self.peek() {
                let ends = self.range(open)?;
                return comparison::range(self, name, field_type, &ends);
            }
            if self.eat("(") {
                let mut values = vec![self.value("()\"")?];
                while self.keyword("OR") {
                    self.skip_space();
                    values.push(self.value("()\"")?);
                }
                self.skip_space();
                if !self.eat(")") {
                    let message = "this list of values is never closed";
                    let hint = "write it as `field=(one OR two)`";
                    return Err(self.error(start, Kind::Structure, message, hint));
                }
                return comparison::list(self, name, field_type, &values, start);
            }
        }
        let value = self.value("()\"")?;
        comparison::single(self, name, field_type, operator, &value)
    }

    /// `[a TO b]`, with `{` and `}` for ends that are out.
    fn range(&mut self, open: char) -> Result<RangeEnds, SyntaxError> {
        let start = self.at;
        self.at += 1;
        self.skip_space();
        let lower = self.value("()\"[]{}")?;
        if !self.keyword("TO") {
            let message = "TO is missing in this range";
            return Err(self.error(self.at, Kind::Structure, message, "write it as `[a TO b]`"));
        }
        self.skip_space();
        let upper = self.value("()\"[]{}")?;
        self.skip_space();
        let upper_in = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => {
                let message = format!("this `{open}` is never closed");
                return Err(self.error(start, Kind::Structure, message, "add a `]`"));
            }
        };
        self.at += 1;
        Ok(RangeEnds { lower, lower_in: open == '[', upper, upper_in, at: start })
    }

    /// A value: a word up to white space or one of `stops`, or a quoted text.
    fn value(&mut self, stops: &str) -> Result<Word, SyntaxError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let start = self.at;
        let stop = |char: char| char.is_whitespace() || stops.contains(char);
        let length = self.rest().find(stop).unwrap_or(self.rest().len());
        if length == 0 {
            let hint = "write a value, or \"\" in quotes for the empty text";
            return Err(self.error(start, Kind::Structure, "a value is missing here", hint));
        }
        let word = self.rest()[..length].to_owned();
        self.at += length;
        let word = unquoted(word, start);
        if word.text.contains('*') {
            return Err(self.star_inside(&word));
        }
        Ok(word)
    }

    fn star_inside(&self, word: &Word) -> SyntaxError {
        let message = "`*` may stand only at the end of a value";
        self.error(word.at, Kind::Value, message, "in quotes it is a character as any other")
    }

    fn quoted(&mut self) -> Result<Word, SyntaxError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest()[1..].char_indices();
        while let Some((offset, char)) = chars.next() {
            match char {
                '"' => {
                    self.at = start + 1 + offset + 1;
                    let star = self.eat("*");
                    return Ok(Word { text, at: start, star, quoted: true });
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ => text.push(char),
            }
        }
        Err(self.error(start, Kind::Structure, "this quote is never closed", "add a `\"`"))
    }

    /// What a word or a phrase asks of an analysed text.
    pub(crate) fn words(&self, word: Word) -> Result<Words, SyntaxError> {
        if !word.quoted && word.text.contains('*') {
            return Err(self.star_inside(&word));
        }
        let short = format!(
            "`{}` has no word of {} to {} letters, digits, `_`, `.` or `-`, and only such are indexed",
            word.text,
            analyzer::MIN_CHARS,
            analyzer::MAX_CHARS
        );
        if !word.star {
            if analyzer::tokens(&word.text).next().is_none() {
                let hint = match word.text.as_str() {
                    "or" | "and" | "not" => "write OR, AND and NOT in capitals",
                    _ => "search for a longer word, or for a phrase that holds one",
                };
                return Err(self.error(word.at, Kind::ShortTerm, short, hint));
            }
            return Ok(Words::Phrase(word.text));
        }
        // One more letter keeps the analyzer from trimming the prefix' end.
        let whole = format!("{}x", word.text);
        let stem = analyzer::tokens(&whole)
            .next()
            .filter(|token| token.start == 0 && token.end == whole.len())
            .and_then(|token| token.text.strip_suffix('x').map(str::to_owned))
            .filter(|stem| stem.chars().count() >= analyzer::MIN_CHARS);
        stem.map(Words::Prefix).ok_or_else(|| {
            let hint = "a prefix is the beginning of one word, of 3 characters at least";
            self.error(word.at, Kind::ShortTerm, short, hint)
        })
    }
}

fn unquoted(text: String, at: usize) -> Word {
    match text.strip_suffix('*') {
        Some(stem) => Word { text: stem.to_owned(), at, star: true, quoted: false },
        None => Word { text, at, star: false, quoted: false },
    }
}
