//! The fields that a query may name, with what each can be asked for: one table.

/// What kind of values a field has, which decides how it may be compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldType {
    /// A name or an id: equality, prefix, existence.
    Keyword,
    /// One of these values, whatever the case in the query; where `ordered`, from low to high.
    Enum {
        /// The values as documents carry them.
        values: &'static [&'static str],
        /// Whether `>=` and `<` mean something.
        ordered: bool,
    },
    /// Analysed text: words, phrases, prefixes of words, existence.
    Text,
    /// An instant: equality, ranges, existence.
    Date,
    /// A number: equality, ranges, existence.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A path below a flattened field: equality, prefix and existence, always as text.
    Flat,
}

/// Which documents carry a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kinds {
    /// Records, builds and tests.
    All,
    /// Records only.
    Logs,
    /// Build documents only.
    Builds,
    /// Single tests only.
    Tests,
    /// Records and tests.
    LogsAndTests,
}

/// A field of the table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name in documents.
    pub name: &'static str,
    /// Another name that queries may use.
    pub alias: Option<&'static str>,
    /// How it may be compared.
    pub field_type: FieldType,
    /// Which documents carry it.
    pub kinds: Kinds,
}

const LEVELS: FieldType = FieldType::Enum {
    values: &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
    ordered: true,
};
const RESULTS: FieldType = FieldType::Enum {
    values: &[
        "success",
        "failed",
        "skipped",
        "cancelled",
        "unknown",
        "pass",
        "fail",
        "error",
        "skip",
    ],
    ordered: false,
};
const SEVERITIES: FieldType =
    FieldType::Enum { values: &["info", "warning", "error", "fatal"], ordered: true };

const fn field(name: &'static str, field_type: FieldType, kinds: Kinds) -> Field {
    Field { name, alias: None, field_type, kinds }
}

impl Field {
    const fn or(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }
}

/// Every field with a name of its own. Those below [`FLATTENED`], `num.` and `key.` have any name.
pub const FIELDS: &[Field] = {
    use FieldType::{Boolean, Date, Keyword, Number, Text};
    use Kinds::{All, Builds, Logs, LogsAndTests, Tests};
    &[
        field("@timestamp", Date, All).or("time"),
        field("deployment_key", Keyword, All).or("deployment"),
        field("part", Keyword, All),
        field("source", Keyword, All),
        field("application", Keyword, All).or("application_name"),
        field("generation", Keyword, All),
        field("parser_version", Keyword, All),
        field("observed_at", Date, All),
        field("time_fault", Keyword, All),
        field("message", Text, LogsAndTests),
        field("text", Text, All),
        field("line", Number, LogsAndTests),
        field("end_line", Number, Logs),
        field("service", Keyword, Logs).or("service.name"),
        field("level", LEVELS, Logs).or("log.level"),
        field("host", Keyword, Logs).or("host.name"),
        field("trace_id", Keyword, Logs).or("trace.id"),
        field("request_id", Keyword, Logs),
        field("client_ip", Keyword, Logs).or("client.ip"),
        field("env", Keyword, Logs).or("service.environment"),
        field("version", Keyword, Logs).or("service.version"),
        field("kind", Keyword, Logs),
        field("template_id", Keyword, Logs),
        field("step", Number, Logs),
        field("text_cut", Boolean, All),
        field("geo.country_iso_code", Keyword, Logs).or("geo_country"),
        field("geo.city_name", Keyword, Logs).or("geo_city"),
        field("deployment_type", Keyword, Builds),
        field("result", RESULTS, All),
        field("started_at", Date, Builds),
        field("finished_at", Date, Builds),
        field("duration_s", Number, All),
        field("tools", Keyword, Builds).or("tool"),
        field("frameworks", Keyword, Builds),
        field("steps.name", Keyword, Builds),
        field("steps.result", RESULTS, Builds),
        field("steps.duration_s", Number, Builds),
        field("errors.severity", SEVERITIES, Builds),
        field("errors.reason", Keyword, Builds),
        field("errors.tool", Keyword, Builds),
        field("errors.message", Text, Builds),
        field("errors.template_id", Keyword, Builds),
        field("explanation.reason", Keyword, Builds).or("reason"),
        field("explanation.tool", Keyword, Builds),
        field("explanation.message", Text, Builds),
        field("tests.run", Number, Builds),
        field("tests.passed", Number, Builds),
        field("tests.failed", Number, Builds),
        field("tests.skipped", Number, Builds),
        field("terraform.add", Number, Builds),
        field("terraform.change", Number, Builds),
        field("terraform.destroy", Number, Builds),
        field("terraform.import", Number, Builds),
        field("terraform.no_changes", Boolean, Builds),
        field("terraform.error", Boolean, Builds),
        field("failures.name", Keyword, Builds),
        field("failures.classname", Keyword, Builds),
        field("failures.message", Text, Builds),
        field("metrics.lines", Number, Builds),
        field("metrics.bytes", Number, Builds),
        field("metrics.records", Number, Builds),
        field("metrics.steps", Number, Builds),
        field("metrics.errors", Number, Builds),
        field("metrics.warnings", Number, Builds),
        field("metrics.error_rate", Number, Builds),
        field("framework", Keyword, Tests),
        field("name", Keyword, Tests),
        field("classname", Keyword, Tests),
    ]
};

/// The flattened fields: any path below them is a field.
pub const FLATTENED: &[&str] = &["labels", "fields", "payload"];

/// The name that documents use for `name`, and its type; `None` for what no document carries.
#[must_use]
pub fn find(name: &str) -> Option<(&str, FieldType)> {
    if let Some((first, path)) = name.split_once('.') {
        let typed = match first {
            _ if path.is_empty() || path.split('.').any(str::is_empty) => None,
            "num" => Some(FieldType::Number),
            "key" => Some(FieldType::Keyword),
            _ if FLATTENED.contains(&first) => Some(FieldType::Flat),
            _ => None,
        };
        if let Some(typed) = typed {
            return Some((name, typed));
        }
    }
    if FLATTENED.contains(&name) {
        return Some((name, FieldType::Flat));
    }
    let found = FIELDS.iter().find(|field| field.name == name || field.alias == Some(name))?;
    Some((found.name, found.field_type))
}

/// The known name that is spelled most alike, for a hint.
#[must_use]
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    FIELDS
        .iter()
        .flat_map(|field| [Some(field.name), field.alias])
        .flatten()
        .map(|known| (distance(name, known), known))
        .filter(|&(distance, known)| distance <= 2 && distance < known.len() / 2 + 1)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, known)| known)
}

/// The Levenshtein distance of two short names, in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
