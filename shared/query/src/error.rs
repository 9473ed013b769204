//! What is wrong with a query, and where.

/// A query that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("column {column}: {message}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct SyntaxError {
    /// Where the fault is: from 1, counted in Unicode scalar values.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write in its place.
    pub hint: Option<String>,
    /// What kind of fault it is.
    pub kind: SyntaxErrorKind,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SyntaxErrorKind {
    /// A bracket, quote or operand is missing or too many.
    Structure,
    /// No document carries a field of that name.
    UnknownField,
    /// The value does not fit the field.
    Value,
    /// The field cannot be compared like that.
    Comparison,
    /// Nothing in the term is a word that the index knows.
    ShortTerm,
    /// The query is longer or nested deeper than allowed.
    Limit,
}

impl SyntaxError {
    /// What kind of fault it is.
    #[must_use]
    pub const fn kind(&self) -> SyntaxErrorKind {
        self.kind
    }

    /// The query with a caret under the fault, the message and the hint, over several lines without
    /// a last line end. `query` is the text that was parsed.
    #[must_use]
    pub fn render(&self, query: &str) -> String {
        // Every char stands for one column here, so that the caret is under what it means.
        let shown: String =
            query.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        let indent = " ".repeat(self.column.saturating_sub(1));
        let mut text = format!("{shown}\n{indent}^ {}", self.message);
        if let Some(hint) = &self.hint {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        text
    }
}
