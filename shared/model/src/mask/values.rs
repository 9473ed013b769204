//! Values that stand by themselves under a name, as in JSON: what their name says counts.

use std::borrow::Cow;

use super::{Masker, Policy, mask_part};

/// Masks named values. Making one costs nothing; kept from value to value it asks for no memory.
#[derive(Clone, Debug, Default)]
pub struct Values {
    policy: Policy,
    count: u64,
    line: Vec<u8>,
}

impl Values {
    /// For values of any text.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, count: 0, line: Vec::new() }
    }

    /// Places masked so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// A text of any number of lines, such as a message. Linear in its length.
    pub fn text<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        let mut masker = Masker::new(self.policy);
        let masked = if text.contains('\n') {
            let lines: Vec<_> = text.split('\n').map(|line| masker.line(line)).collect();
            if masker.count() > 0 { Cow::Owned(lines.join("\n")) } else { Cow::Borrowed(text) }
        } else {
            masker.line(text)
        };
        self.count += masker.count();
        masked
    }

    /// The value of a name. Where the name says that its value is secret, such as `password`, all of
    /// it is masked.
    pub fn named<'a>(&mut self, name: &str, value: &'a str) -> Cow<'a, str> {
        if value.contains('\n') {
            return self.text(value);
        }
        // As it would stand in JSON, for that the rules know.
        self.line.clear();
        self.line.push(b'"');
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":\"");
        let start = self.line.len();
        self.line.extend_from_slice(value.as_bytes());
        let end = self.line.len();
        self.line.push(b'"');
        let mut spans = Masker::new(self.policy).find(&self.line);
        spans.retain(|span| span.end > start && span.start < end);
        if spans.is_empty() {
            return Cow::Borrowed(value);
        }
        self.count += spans.len() as u64;
        // A quote within the value is no end of it.
        if let Some(first) = spans.first_mut()
            && first.start == start
            && self.line.get(first.end) == Some(&b'"')
        {
            first.end = end;
        }
        let mut masked = Vec::with_capacity(value.len());
        for span in &mut spans {
            span.start = span.start.max(start);
        }
        mask_part(&self.line, &spans, start, end, &mut masked);
        Cow::Owned(String::from_utf8(masked).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, value: &str) -> String {
        Values::default().named(name, value).into_owned()
    }

    #[test]
    fn a_secret_that_only_its_name_tells_is_masked_whole() {
        assert_eq!(named("password", "hunter2!x"), "[masked:password]");
        assert_eq!(named("db_password", "cor\"rect horse 7"), "[masked:password]");
        assert_eq!(named("api_key", "9f8a7b6c5d4e3f2a1b0c"), "[masked:token]");
        assert_eq!(named("city", "hunter2!x"), "hunter2!x");
        assert_eq!(named("password", "***"), "***");
        assert_eq!(named("mail", "to bob@example.org now"), "to [masked:email] now");
    }

    #[test]
    fn a_private_key_over_several_lines_is_masked() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----";
        let mut values = Values::default();
        let text = format!("key:\n{key}\nend");
        for masked in [values.text(&text), values.named("note", &text)] {
            assert!(!masked.contains("MIIEvQ") && masked.ends_with("\nend"), "{masked}");
        }
        assert!(matches!(values.text("one\ntwo"), Cow::Borrowed(_)));
        assert!(values.count() >= 2);
    }

    #[test]
    fn a_masked_value_stays_as_it_is() {
        for (name, value) in [("password", "hunter2!x"), ("m", "bob@example.org")] {
            let once = named(name, value);
            assert_eq!(named(name, &once), once);
        }
    }
}
