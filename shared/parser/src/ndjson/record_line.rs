//! A record as JSON, written byte by byte.

use std::io::Write;

use logmill_model::{Record, Timestamp};

/// Writes a record as the beginning of an object; the caller closes it.
pub(super) fn write(record: &Record, stamps: &mut Stamps, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"kind\":\"record\",\"line_number\":");
    number(record.line, out);
    if record.end_line != record.line {
        out.extend_from_slice(b",\"end_line_number\":");
        number(record.end_line, out);
    }
    if let Some(timestamp) = record.timestamp {
        out.extend_from_slice(b",\"timestamp\":\"");
        stamps.write(timestamp, out);
        out.push(b'"');
    }
    if let Some(level) = record.level {
        text(",\"level\":", level.as_str(), out);
    }
    text(",\"record_kind\":", record.kind.as_str(), out);
    if let Some(step) = record.step {
        out.extend_from_slice(b",\"step\":");
        number(u64::from(step), out);
    }
    text(",\"message\":", &record.message, out);
    if let Some(template_id) = &record.template_id {
        text(",\"template_id\":", template_id, out);
    }
    if !record.fields.is_empty() {
        out.extend_from_slice(b",\"fields\":{");
        for (at, (name, value)) in record.fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            escaped(name, out);
            out.push(b':');
            escaped(value, out);
        }
        out.push(b'}');
    }
}

/// Writes `key`, which holds its own comma and colon, and a text.
pub(super) fn text(key: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(key.as_bytes());
    escaped(value, out);
}

fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes a text as RFC 8259 wants it.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.push(b'"');
    loop {
        let plain = plain_length(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(&byte) = rest.get(plain) else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                // Writing to memory does not fail.
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &rest[plain + 1..];
    }
    out.push(b'"');
}

/// How many bytes from the beginning need no escape; eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // Whether one of the eight bytes is 0: exact as a whole, which is all that is asked here.
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let needs_escape = |chunk: &[u8; 8]| {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        control
            | has_zero(word ^ (ONES * u64::from(b'"')))
            | has_zero(word ^ (ONES * u64::from(b'\\')))
    };
    let (chunks, _) = bytes.as_chunks::<8>();
    let whole = 8 * chunks.iter().take_while(|chunk| needs_escape(chunk) == 0).count();
    let tail = &bytes[whole..];
    whole + tail.iter().take_while(|byte| **byte >= 0x20 && !matches!(byte, b'"' | b'\\')).count()
}

/// Writes stamps; those of one second share all but their fraction.
#[derive(Default)]
pub(super) struct Stamps {
    second: Option<i64>,
    /// The second up to its fraction, `2026-03-04T10:15:22`.
    text: Vec<u8>,
}

impl Stamps {
    fn write(&mut self, timestamp: Timestamp, out: &mut Vec<u8>) {
        let second = timestamp.as_second();
        let nanosecond = timestamp.subsec_nanosecond();
        if nanosecond < 0 {
            // Before 1970 seconds are cut towards it.
            let _ = write!(out, "{timestamp}");
            return;
        }
        if self.second != Some(second) {
            self.text.clear();
            let whole = Timestamp::from_second(second).unwrap_or(timestamp);
            let _ = write!(self.text, "{whole}");
            self.text.truncate(self.text.len() - 1);
            self.second = Some(second);
        }
        out.extend_from_slice(&self.text);
        if nanosecond != 0 {
            let mut digits = *b".000000000";
            let mut rest = nanosecond.unsigned_abs();
            for digit in digits[1..].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            let used = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
            out.extend_from_slice(&digits[..used]);
        }
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use logmill_model::{Fields, Level, RecordKind};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(
            message in any::<String>(),
            odd in "[\\x00-\\x7f\"\\\\]{0,40}",
            nanosecond in -10_000_000_000_000_000_i128..4_000_000_000_000_000_000,
            line in any::<u64>(),
        ) {
            let timestamp = Timestamp::from_nanosecond(nanosecond).unwrap();
            let mut fields = Fields::default();
            fields.insert("build_step", odd.clone());
            let record = Record {
                line,
                end_line: line,
                timestamp: Some(timestamp),
                level: Some(Level::Warn),
                kind: RecordKind::BuildStep,
                step: Some(3),
                message: message.clone(),
                template_id: None,
                fields,
            };
            let mut out = Vec::new();
            let mut stamps = Stamps::default();
            // A second time, with the second that is remembered.
            for _ in 0..2 {
                out.clear();
                write(&record, &mut stamps, &mut out);
                out.push(b'}');
            }
            let read: Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(read, json!({
                "kind": "record", "line_number": line, "timestamp": timestamp.to_string(),
                "level": "WARN", "record_kind": "build_step", "step": 3, "message": message,
                "fields": {"build_step": odd},
            }));
        }
    }
}
