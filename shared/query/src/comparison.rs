//! What a comparison means for each type of field, and which make no sense.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use logmill_model::Level;

use crate::error::SyntaxErrorKind as Kind;
use crate::field::{FLATTENED, FieldType};
use crate::parser::{Parser, Word};
use crate::{Bound, Scalar, SyntaxError, Test, Value};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    More,
    Less,
}

impl Operator {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::Less => "<",
        }
    }
}

/// The two ends of a range as they were written.
#[derive(Debug)]
pub(crate) struct RangeEnds {
    pub(crate) lower: Word,
    pub(crate) lower_in: bool,
    pub(crate) upper: Word,
    pub(crate) upper_in: bool,
    pub(crate) at: usize,
}

/// `name operator value`; `!=` was taken apart before.
pub(crate) fn single(
    parser: &Parser<'_>,
    name: &str,
    field_type: FieldType,
    operator: Operator,
    value: &Word,
) -> Result<Test, SyntaxError> {
    if operator == Operator::Equal {
        return equal(parser, name, field_type, value);
    }
    if let FieldType::Enum { values, ordered: true } = field_type {
        let found = enum_value(parser, name, values, value)?;
        let place = values.iter().position(|known| *known == found).unwrap_or(0);
        let range = match operator {
            Operator::AtLeast => place..values.len(),
            Operator::More => place + 1..values.len(),
            Operator::AtMost => 0..place + 1,
            _ => 0..place,
        };
        return match &values[range] {
            [] => {
                let message = format!("no {name} is {} {found}", operator.as_str());
                Err(parser.error(value.at, Kind::Value, message, "use >= or <="))
            }
            [only] => Ok(Test::Is(Value::Text((*only).to_owned()))),
            several => Ok(Test::OneOf(several.iter().map(|&one| one.to_owned()).collect())),
        };
    }
    let (open, span) = (Bound::Open, ordered(parser, name, field_type, value)?);
    let (lower, upper) = match operator {
        Operator::AtLeast => (span.from(true), open),
        Operator::More => (span.from(false), open),
        Operator::AtMost => (open, span.until(true)),
        _ => (open, span.until(false)),
    };
    Ok(Test::Within { lower, upper })
}

/// `name:[a TO b]`.
pub(crate) fn range(
    parser: &Parser<'_>,
    name: &str,
    field_type: FieldType,
    ends: &RangeEnds,
) -> Result<Test, SyntaxError> {
    let open = |word: &Word| word.star && !word.quoted && word.text.is_empty();
    let lower = if open(&ends.lower) {
        Bound::Open
    } else {
        ordered(parser, name, field_type, &ends.lower)?.from(ends.lower_in)
    };
    let upper = if open(&ends.upper) {
        Bound::Open
    } else {
        ordered(parser, name, field_type, &ends.upper)?.until(ends.upper_in)
    };
    if lower == Bound::Open && upper == Bound::Open {
        let hint = format!("write `{name}=*` to ask whether it has a value");
        return Err(parser.error(ends.at, Kind::Value, "this range has no bound", hint));
    }
    Ok(Test::Within { lower, upper })
}

/// `name=(a OR b)`.
pub(crate) fn list(
    parser: &Parser<'_>,
    name: &str,
    field_type: FieldType,
    values: &[Word],
    at: usize,
) -> Result<Test, SyntaxError> {
    let mut texts = Vec::new();
    for word in values {
        match equal(parser, name, field_type, word)? {
            Test::Is(Value::Text(text)) => texts.push(text),
            _ => {
                let message =
                    format!("a list of values is for names, and `{name}` has other values");
                let hint = format!("write `{name}=… OR {name}=…`");
                return Err(parser.error(at, Kind::Comparison, message, hint));
            }
        }
    }
    Ok(match <[String; 1]>::try_from(texts) {
        Ok([only]) => Test::Is(Value::Text(only)),
        Err(several) => Test::OneOf(several),
    })
}

fn equal(
    parser: &Parser<'_>,
    name: &str,
    field_type: FieldType,
    value: &Word,
) -> Result<Test, SyntaxError> {
    if value.star && !value.quoted && value.text.is_empty() {
        return Ok(Test::Exists);
    }
    if FLATTENED.contains(&name) {
        let message = format!("`{name}` holds many fields");
        let hint = format!("name one of them, as in `{name}.NAME=…`");
        return Err(parser.error(value.at, Kind::Comparison, message, hint));
    }
    match field_type {
        FieldType::Text => {
            let word = Word {
                text: value.text.clone(),
                at: value.at,
                star: value.star,
                quoted: value.quoted,
            };
            parser.words(word).map(Test::Holds)
        }
        FieldType::Keyword | FieldType::Flat if value.star => Ok(Test::Prefix(value.text.clone())),
        FieldType::Keyword | FieldType::Flat => Ok(Test::Is(Value::Text(value.text.clone()))),
        _ if value.star => {
            let message = format!("`{name}` has no texts, so nothing begins with this");
            Err(parser.error(value.at, Kind::Comparison, message, "write the whole value"))
        }
        FieldType::Enum { values, .. } => {
            enum_value(parser, name, values, value).map(|found| Test::Is(Value::Text(found)))
        }
        FieldType::Boolean => match value.text.as_str() {
            "true" => Ok(Test::Is(Value::Boolean(true))),
            "false" => Ok(Test::Is(Value::Boolean(false))),
            other => {
                let message = format!("`{other}` is neither `true` nor `false`");
                Err(parser.error(value.at, Kind::Value, message, ""))
            }
        },
        FieldType::Number | FieldType::Date => {
            let span = ordered(parser, name, field_type, value)?;
            Ok(match span.end {
                None => Test::Is(Value::Scalar(span.start)),
                Some(_) => Test::Within { lower: span.from(true), upper: span.until(true) },
            })
        }
    }
}

fn enum_value(
    parser: &Parser<'_>,
    name: &str,
    values: &[&str],
    value: &Word,
) -> Result<String, SyntaxError> {
    let level = Level::from_word(&value.text).map(Level::as_str);
    values
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&value.text))
        .or_else(|| values.iter().find(|known| Some(**known) == level))
        .map(|known| (*known).to_owned())
        .ok_or_else(|| {
            let message = format!("`{}` is no {name}", value.text);
            parser.error(
                value.at,
                Kind::Value,
                message,
                format!("it is one of {}", values.join(", ")),
            )
        })
}

/// A value that has an order: one point, or for a day all its instants.
struct Span {
    start: Scalar,
    /// The first instant behind it.
    end: Option<Scalar>,
}

impl Span {
    fn from(&self, included: bool) -> Bound {
        match (included, self.end) {
            (true, _) => Bound::Included(self.start),
            (false, Some(end)) => Bound::Included(end),
            (false, None) => Bound::Excluded(self.start),
        }
    }

    fn until(&self, included: bool) -> Bound {
        match (included, self.end) {
            (true, Some(end)) => Bound::Excluded(end),
            (true, None) => Bound::Included(self.start),
            (false, _) => Bound::Excluded(self.start),
        }
    }
}

fn ordered(
    parser: &Parser<'_>,
    name: &str,
    field_type: FieldType,
    value: &Word,
) -> Result<Span, SyntaxError> {
    match field_type {
        FieldType::Number => {
            let number = value.text.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(|number| Span { start: Scalar::Number(number), end: None }).ok_or_else(
                || {
                    let message = format!("`{}` is no number, and `{name}` is one", value.text);
                    parser.error(value.at, Kind::Value, message, "")
                },
            )
        }
        FieldType::Date => date(&value.text).ok_or_else(|| {
            let message = format!("`{}` is no time, and `{name}` is one", value.text);
            let hint = "write it as 2026-11-21 or 2026-11-21T14:30:00Z";
            parser.error(value.at, Kind::Value, message, hint)
        }),
        FieldType::Flat => {
            let message = format!(
                "`{name}` is a flattened field, which knows no order: only equality, prefix and existence"
            );
            let hint =
                "have this path promoted to a `num.…` field by the configuration, and compare that";
            Err(parser.error(value.at, Kind::Comparison, message, hint))
        }
        _ => {
            let message = format!("the values of `{name}` have no order");
            Err(parser.error(value.at, Kind::Comparison, message, "compare with `=`"))
        }
    }
}

/// A time stamp, a day, or a time without a zone, which is UTC.
fn date(text: &str) -> Option<Span> {
    let instant = |at: Timestamp| Span { start: Scalar::Time(at), end: None };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(instant(at));
    }
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if !text.contains(['T', ' ']) {
        let day: Date = text.parse().ok()?;
        let next = day.checked_add(1.day()).ok()?;
        let (start, end) = (utc(day.into())?, utc(next.into())?);
        return Some(Span { start: Scalar::Time(start), end: Some(Scalar::Time(end)) });
    }
    utc(text.parse().ok()?).map(instant)
}
