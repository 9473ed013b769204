//! Numbers: whole ones of any base, sizes and durations with their units.

use serde_json::Value;

use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

/// `parse_int`: a whole number; without `base` its beginning says it: `0b`, `0o`, `0x`, `0`.
pub(super) fn int(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let base = arguments.whole("base", 2..=36)?.map(|base| base as u32);
    Ok(plain(move |text| {
        let (digits, base) = match base {
            Some(base) => (text.to_owned(), base),
            None => prefixed(text),
        };
        i64::from_str_radix(&digits, base).ok().map(Value::from)
    }))
}

/// The digits, with their sign, and the base that their beginning says.
fn prefixed(text: &str) -> (String, u32) {
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", text),
    };
    let bases = [("0b", 2), ("0o", 8), ("0x", 16), ("0", 8)];
    for (prefix, base) in bases {
        if let Some(digits) = bare.strip_prefix(prefix).filter(|digits| !digits.is_empty()) {
            return (format!("{sign}{digits}"), base);
        }
    }
    (text.to_owned(), 10)
}

/// `parse_float`: a number.
pub(super) fn float(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let number: f64 = text.trim().parse().ok()?;
        serde_json::Number::from_f64(number).map(Value::Number)
    }))
}

/// Seconds of each unit.
const DURATIONS: [(&str, f64); 11] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("cs", 1e-2),
    ("ds", 1e-1),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
];

/// `parse_duration`: the sum of parts such as `1m 30s`, in the unit asked for.
pub(super) fn duration(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let unit = arguments.needed_text("unit")?;
    let divisor = of_unit(&DURATIONS, unit).ok_or_else(|| {
        format!("there is no unit {unit}; there are ns, us, ms, cs, ds, s, m, h, d")
    })?;
    Ok(plain(move |text| {
        let mut rest = text.trim();
        let mut sum = Decimal::default();
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (number, unit, after) = part(rest)?;
            sum.add(number, of_unit(&DURATIONS, unit)?, divisor);
            rest = after.trim_start();
        }
        sum.value()
    }))
}

/// A sum that stays exact while numbers and factors are powers of ten.
#[derive(Default)]
struct Decimal(f64);

impl Decimal {
    fn add(&mut self, number: f64, factor: f64, divisor: f64) {
        // A division by a whole number is rounded once; a multiplication by a fraction twice.
        let ratio = divisor / factor;
        self.0 +=
            if ratio >= 1.0 { number / ratio.round() } else { number * (factor / divisor).round() };
    }

    fn value(&self) -> Option<Value> {
        serde_json::Number::from_f64(self.0).map(Value::Number)
    }
}

/// A number, its unit, and what comes after.
fn part(text: &str) -> Option<(f64, &str, &str)> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let number = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    Some((number, &rest[..letters], &rest[letters..]))
}

fn of_unit(units: &[(&str, f64)], unit: &str) -> Option<f64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// `parse_bytes`: a size such as `1.5 GiB`, in the unit asked for. With base 2 a `kB` is a `KiB`.
pub(super) fn bytes(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let unit = arguments.needed_text("unit")?;
    let is_binary = arguments.choice("base", &["2", "10"])? != Some("10");
    let divisor =
        size_of(unit, is_binary).ok_or_else(|| format!("there is no unit {unit} of that base"))?;
    Ok(plain(move |text| {
        let (number, unit, after) = part(text.trim())?;
        if !after.trim().is_empty() {
            return None;
        }
        let mut sum = Decimal::default();
        sum.add(number, size_of(unit, is_binary)?, divisor);
        sum.value()
    }))
}

fn size_of(unit: &str, is_binary: bool) -> Option<f64> {
    if matches!(unit, "B" | "b") {
        return Some(1.0);
    }
    let letters = unit.strip_suffix('B')?;
    let (letter, is_iec) = match letters.strip_suffix('i') {
        Some(letter) => (letter, true),
        None => (letters, false),
    };
    if is_iec && !is_binary {
        return None;
    }
    let letter = if letter == "k" { "K" } else { letter };
    let power = ["K", "M", "G", "T", "P", "E"].iter().position(|known| *known == letter)? + 1;
    Some(if is_binary { 1024_f64 } else { 1000_f64 }.powi(power as i32))
}
