//! A record: one event of a log.

use std::borrow::Cow;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Level, Timestamp};

/// One log event: a line with its continuation lines (a stack trace, a source excerpt).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// First line in the log, from 1; lines end at `\n` only.
    pub line: u64,
    /// Last line, the same as `line` for a record of one line.
    pub end_line: u64,
    /// The record's own stamp; a line without one has its predecessor's.
    pub timestamp: Option<Timestamp>,
    /// The level that the line itself states.
    pub level: Option<Level>,
    /// What kind of event it is.
    pub kind: RecordKind,
    /// The innermost step that was open, by [`crate::Step::number`].
    pub step: Option<u32>,
    /// The text without the CI system's own prefix, terminal codes and secrets; continuation lines
    /// follow behind `\n`. At most 64 KiB.
    pub message: String,
    /// The id of the message's constant part. Nothing fills it yet.
    pub template_id: Option<String>,
    /// What the line's dialect read out of it, `maven_phase` for example.
    pub fields: Fields,
}

/// What kind of event a record is. The first that applies from the bottom of this list up.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A line of output that states no level.
    #[default]
    Text,
    /// A line that states its level, as logging libraries write them.
    Log,
    /// A marker of the CI system: a group's begin or end.
    Marker,
    /// The result of a test, or a test run's summary.
    Test,
    /// `Building …`, `Testing …`, `Deploying …`, `Scanning …`, `Publishing …`; fields `build_step`
    /// and `build_step_target`.
    BuildStep,
    /// A layer of an image build; fields `docker_layer` and `docker_instruction`.
    DockerLayer,
    /// A goal that Maven runs; fields `maven_phase` (the plug-in's goal), `maven_plugin`,
    /// `maven_version`, `maven_execution`, `maven_module`.
    MavenPhase,
    /// The verdict of a SonarQube quality gate; field `sonarqube_result`.
    SonarqubeResult,
    /// An error, with the field `error_message`.
    ErrorMessage,
}

impl RecordKind {
    /// The name as documents carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Log => "log",
            Self::Marker => "marker",
            Self::Test => "test",
            Self::BuildStep => "build_step",
            Self::DockerLayer => "docker_layer",
            Self::MavenPhase => "maven_phase",
            Self::SonarqubeResult => "sonarqube_result",
            Self::ErrorMessage => "error_message",
        }
    }
}

/// Named values of a record, in the order in which they were found; a name stands once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(Cow<'static, str>, String)>);

impl Fields {
    /// Sets `name`, unless it is set already: the first that reads a line knows it best.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        if self.get(&name).is_none() {
            self.0.push((name, value.into()));
        }
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all of them out, keeping the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = (Cow<'static, str>, String)> {
        self.0.drain(..)
    }

    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, String>()? {
                    fields.push((Cow::Owned(key), value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn fields_keep_their_first_value_and_survive_json() {
        let mut fields = Fields::default();
        fields.insert("maven_phase", "compile");
        fields.insert("maven_phase", "test");
        assert_eq!(fields.get("maven_phase"), Some("compile"));
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json, r#"{"maven_phase":"compile"}"#);
        assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), fields);
    }
}
