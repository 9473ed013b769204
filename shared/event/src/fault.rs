//! What is wrong with an event.

use std::fmt;

/// One thing that is wrong with an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Which field; none if it is the event as a whole.
    pub field: Option<&'static str>,
    /// What is wrong, and what is wanted.
    pub what: String,
}

/// All that is wrong with an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub(crate) fn whole(what: impl Into<String>) -> Self {
        Self(vec![Fault { field: None, what: what.into() }])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "`{field}` {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            let comma = if at > 0 { "; " } else { "" };
            write!(f, "{comma}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
