//! How bad something is: the level of a log record and the severity of an error.

use serde::{Deserialize, Serialize};

/// The level of a log record, from the least to the most serious.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// The level that a logging library means by `word`, whatever its case: `warning` is
    /// [`Level::Warn`], `CRITICAL` is [`Level::Fatal`]. `None` when it is no level.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 24] = [
            ("trace", Level::Trace),
            ("finest", Level::Trace),
            ("finer", Level::Trace),
            ("verbose", Level::Debug),
            ("debug", Level::Debug),
            ("fine", Level::Debug),
            ("config", Level::Info),
            ("info", Level::Info),
            ("information", Level::Info),
            ("notice", Level::Info),
            ("warn", Level::Warn),
            ("warning", Level::Warn),
            ("error", Level::Error),
            ("err", Level::Error),
            ("eror", Level::Error),
            ("severe", Level::Error),
            ("fail", Level::Error),
            ("fatal", Level::Fatal),
            ("crit", Level::Fatal),
            ("critical", Level::Fatal),
            ("alert", Level::Fatal),
            ("emerg", Level::Fatal),
            ("emergency", Level::Fatal),
            ("panic", Level::Fatal),
        ];
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, level)| level)
    }

    /// The name as documents carry it, `WARN` for example.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// How serious an error or a finding is. [`Severity::Error`] and above break a build.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Severity {
    Info,
    Warning,
    Error,
    Fatal,
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn spellings_of_the_usual_libraries_are_levels() {
        assert_eq!(Level::from_word("Warning"), Some(Level::Warn));
        assert_eq!(Level::from_word("SEVERE"), Some(Level::Error));
        assert_eq!(Level::from_word("crit"), Some(Level::Fatal));
        assert_eq!(Level::from_word("warnings"), None);
        assert_eq!(Level::from_word(""), None);
    }
}
