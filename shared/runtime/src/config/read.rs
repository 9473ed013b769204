//! Reading settings with all their faults.

use std::fmt::Display;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use super::secret::Template;
use super::{SETTINGS, Setting};

/// What is wrong with one setting.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct Fault {
    /// The name under which it was set; where that is an alias, followed by its own name in
    /// parentheses.
    pub setting: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// All that is wrong with a configuration; never empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) const fn of(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// Each fault, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "a setting is wrong: {one}"),
            many => {
                write!(f, "{} settings are wrong:", many.len())?;
                many.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for Faults {}

/// A value as it was found.
struct Found {
    setting: Option<&'static Setting>,
    /// How messages name the setting.
    label: String,
    /// Trimmed; empty where neither set nor defaulted.
    value: String,
}

/// Reads settings one after the other and keeps their faults. Where one has a fault, a neutral value
/// is returned, which nobody sees, for [`Reader::finish`] then gives the faults instead.
pub(super) struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
    secrets: Secrets,
}

/// What is done with a setting that refers to a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Secrets {
    /// It is a fault: by now every secret has taken the place of its reference.
    Known,
    /// It is left out; what it stands for is checked once it is known.
    Later,
}

/// The name by which a setting is set, and its value, trimmed; none where it is not set.
pub(super) fn given(
    setting: &'static Setting,
    get: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, String)> {
    std::iter::once(&setting.name).chain(setting.aliases).find_map(|tried| {
        let value = get(tried)?.trim().to_owned();
        (!value.is_empty()).then_some((*tried, value))
    })
}

impl<'a> Reader<'a> {
    pub(super) fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, faults: Vec::new(), secrets: Secrets::Known }
    }

    /// One that knows no secrets yet.
    pub(super) fn before_secrets(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { secrets: Secrets::Later, ..Self::new(get) }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.faults.is_empty() { Ok(value) } else { Err(Faults(self.faults)) }
    }

    fn find(&self, name: &'static str) -> Found {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        debug_assert!(setting.is_some(), "{name} is in no table");
        if let Some((tried, value)) = setting.and_then(|setting| given(setting, self.get)) {
            let label = if tried == name { name.to_owned() } else { format!("{tried} ({name})") };
            return Found { setting, label, value };
        }
        let default = setting.and_then(|setting| setting.default).unwrap_or_default();
        Found { setting, label: name.to_owned(), value: default.to_owned() }
    }

    /// Notes a fault: `problem` follows the value, which is left out where it may be secret.
    fn fault(&mut self, found: &Found, problem: impl Display) {
        let secret = found.setting.is_some_and(|setting| setting.secret);
        let problem = if secret || found.value.is_empty() {
            problem.to_string()
        } else {
            format!("`{}` {problem}", found.value)
        };
        self.faults.push(Fault { setting: found.label.clone(), problem });
    }

    /// Notes a fault of a setting that was read, where its value alone does not say it.
    pub(super) fn fault_of(&mut self, name: &'static str, problem: String) {
        let setting = self.find(name).label;
        self.faults.push(Fault { setting, problem });
    }

    /// The value, or none and a fault where it must be set and is not.
    fn value(&mut self, name: &'static str) -> Option<Found> {
        let found = self.find(name);
        if !found.value.is_empty() {
            return self.without_reference(found);
        }
        if let Some(setting) = found.setting.filter(|setting| setting.required) {
            let aliases: Vec<_> =
                setting.aliases.iter().map(|alias| format!(" (or {alias})")).collect();
            let meaning = lower_first(setting.meaning);
            self.fault(&found, format_args!("is not set: set it{} to {meaning}", aliases.concat()));
        }
        None
    }

    /// The value, unless it refers to a secret.
    fn without_reference(&mut self, found: Found) -> Option<Found> {
        let problem = match Template::parse(&found.value) {
            Ok(None) => return Some(found),
            Ok(Some(_)) if found.setting.is_some_and(|setting| !setting.secret) => {
                "refers to a secret, and is none: give the value itself".to_owned()
            }
            Ok(Some(_)) if self.secrets == Secrets::Later => return None,
            Ok(Some(_)) => {
                "refers to a secret, which only deployed functions look up: give the value itself"
                    .to_owned()
            }
            Err(problem) => problem,
        };
        self.fault(&found, problem);
        None
    }

    /// A required address.
    pub(super) fn url(&mut self, name: &'static str) -> String {
        self.optional_url(name).unwrap_or_default()
    }

    /// An address `http://…` or `https://…`, without a trailing `/`.
    pub(super) fn optional_url(&mut self, name: &'static str) -> Option<String> {
        let found = self.value(name)?;
        let rest = found.value.strip_prefix("http://").or(found.value.strip_prefix("https://"));
        match rest {
            _ if found.value.contains(',') => {
                self.fault(&found, "is a list: give one address, that of the cluster as a whole");
            }
            Some(rest)
                if !rest.is_empty()
                    && !rest.starts_with(['/', ':'])
                    && !rest.contains(char::is_whitespace) =>
            {
                return Some(found.value.trim_end_matches('/').to_owned());
            }
            _ => self.fault(&found, "is no address: it has to begin with http:// or https://"),
        }
        None
    }

    /// An address of Postgres.
    pub(super) fn optional_database_url(&mut self, name: &'static str) -> Option<String> {
        let found = self.value(name)?;
        if ["postgres://", "postgresql://"].iter().any(|scheme| found.value.starts_with(scheme)) {
            return Some(found.value);
        }
        self.fault(
            &found,
            "is no address of Postgres: give postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        );
        None
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&mut self, name: &'static str, least: T, most: T) -> T
    where
        T: FromStr + PartialOrd + Copy + Display,
    {
        self.optional_number(name, least, most).unwrap_or(least)
    }

    pub(super) fn optional_number<T>(&mut self, name: &'static str, least: T, most: T) -> Option<T>
    where
        T: FromStr + PartialOrd + Copy + Display,
    {
        let found = self.value(name)?;
        let what = if found.value.bytes().all(|byte| byte.is_ascii_digit()) {
            match found.value.parse() {
                Ok(number) if (least..=most).contains(&number) => return Some(number),
                _ => "out of range",
            }
        } else {
            "no whole number"
        };
        self.fault(&found, format_args!("is {what}: give a whole number from {least} to {most}"));
        None
    }

    /// One of several words.
    pub(super) fn one_of<T: Copy + Default>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> T {
        let Some(found) = self.value(name) else { return T::default() };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == found.value) {
            return *value;
        }
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.fault(&found, format_args!("is unknown: give one of {}", known.join(", ")));
        T::default()
    }

    /// Any text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.value(name).map(|found| found.value)
    }

    /// A text that must be set where `wanted`.
    pub(super) fn text_if(&mut self, wanted: bool, name: &'static str) -> Option<String> {
        let found = self.find(name);
        if wanted && found.value.is_empty() {
            let meaning = found.setting.map_or("", |setting| setting.meaning);
            self.fault(&found, format_args!("is not set: set it to {}", lower_first(meaning)));
        }
        self.text(name)
    }

    /// Brokers: `host:port`, separated by commas.
    pub(super) fn servers(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        let is_server = |server: &str| {
            let port = server.trim().rsplit_once(':').filter(|(host, _)| !host.is_empty());
            port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        };
        if !found.value.split(',').all(is_server) {
            self.fault(
                &found,
                "is no list of brokers: give HOST:PORT, several with commas between",
            );
        }
        found.value
    }

    /// The name of a topic of Kafka.
    pub(super) fn topic(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if found.value.len() > 249 || !found.value.bytes().all(allowed) {
            self.fault(
                &found,
                "is no topic's name: give at most 249 of a-z, A-Z, 0-9, `-`, `_`, `.`",
            );
        }
        found.value
    }

    /// Words separated by commas.
    pub(super) fn list(&mut self, name: &'static str) -> Vec<String> {
        let value = self.value(name).map(|found| found.value).unwrap_or_default();
        value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// A bucket's name, as S3 wants it for buckets of general purpose.
    pub(super) fn bucket(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        let bucket = found.value.as_bytes();
        let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = (3..=63).contains(&bucket.len())
            && bucket.iter().all(|byte| inner(byte) || matches!(byte, b'-' | b'.'))
            && bucket.first().is_some_and(inner)
            && bucket.last().is_some_and(inner);
        if !good {
            self.fault(
                &found,
                "is no bucket name: 3 to 63 of a-z, 0-9, `-` and `.`, a letter or digit at both ends",
            );
        }
        found.value
    }

    /// A bucket that has to be another one than that of the setting `than`.
    pub(super) fn other_bucket(&mut self, name: &'static str, than: &'static str) -> String {
        let bucket = self.bucket(name);
        if bucket == self.find(than).value {
            let found = self.find(name);
            let problem =
                format_args!("is that of {than} too: give another, or it triggers itself");
            self.fault(&found, problem);
        }
        bucket
    }

    /// The name of an index or alias, as OpenSearch wants it.
    pub(super) fn index_name(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if !found.value.chars().all(allowed) || found.value.starts_with(['-', '_', '.']) {
            self.fault(
                &found,
                "is no alias: give a-z, 0-9, `-`, `_`, `.`, a letter or digit first",
            );
        }
        found.value
    }

    /// The beginning of a DynamoDB table's name.
    pub(super) fn table_prefix(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if found.value.len() > 200 || !found.value.bytes().all(allowed) {
            self.fault(
                &found,
                "can begin no table's name: give at most 200 of a-z, A-Z, 0-9, `-_.`",
            );
        }
        found.value
    }

    /// A filter of the log.
    pub(super) fn log_filter(&mut self, name: &'static str) -> String {
        let Some(found) = self.value(name) else { return String::new() };
        if let Err(error) = EnvFilter::try_new(&found.value) {
            self.fault(
                &found,
                format_args!(
                    "is no filter ({error}): give a level such as `info`, or `info,logmill=debug`"
                ),
            );
        }
        found.value
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
