//! What expressions mean, beside what Ruby says that they mean.

use std::collections::HashMap;

use super::{Expression, Memory, NOWHERE, Verdict};

/// The match and the captures of `text`.
fn captures(pattern: &str, text: &str) -> Option<Vec<Option<String>>> {
    let expression = Expression::new(&format!("(?<all>{pattern})"), &HashMap::new())
        .unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
    let mut memory = Memory::default();
    match expression.search(text, &mut memory, 1_000_000).0 {
        Verdict::Missed => None,
        Verdict::GaveUp => panic!("{pattern} gave up"),
        Verdict::Found => Some(
            memory
                .places
                .chunks_exact(2)
                .take(expression.names().len())
                .map(|place| {
                    (place[0] != NOWHERE && place[1] != NOWHERE)
                        .then(|| text[place[0] as usize..place[1] as usize].to_owned())
                })
                .collect(),
        ),
    }
}

fn found(pattern: &str, text: &str) -> Option<String> {
    captures(pattern, text)?.remove(0)
}

#[test]
fn a_pattern_finds_what_ruby_finds() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("a|ab", "xab", Some("a")),
        ("a*?b", "aaab", Some("aaab")),
        ("(?:a|ab)(?:c|bcd)", "abcd", Some("abcd")),
        ("a{2,3}", "aaaa", Some("aaa")),
        ("a{2,3}?", "aaaa", Some("aa")),
        ("a{,2}b", "aaab", Some("aab")),
        ("x{,}", "x{,}", Some("x{,}")),
        ("(?:(?:[ab])+){2}", "aa", Some("aa")),
        ("(?:[ab]+){2,}", "ab", Some("ab")),
        ("(?:[ab]+?){3}", "abab", Some("aba")),
        ("(?:[ab]*){3}c?", "ab", Some("ab")),
        ("(?:a{0,2}|b)+", "ab", Some("a")),
        ("(?>a+)ab", "aaab", None),
        ("a++b", "aaab", Some("aaab")),
        ("a++ab", "aaab", None),
        ("(?>a|ab)c", "abc", None),
        ("(?<!x)b", "xbab", Some("b")),
        ("(?<=ab|c)d", "cd", Some("d")),
        ("(?<=ab|c)d", "bd", None),
        ("(?<!ab)d", "abd", None),
        ("(?=ab)a", "acab", Some("a")),
        ("a(?!b)", "abac", Some("a")),
        ("(?!a|b).", "abc", Some("c")),
        ("^b$", "a\nb\nc", Some("b")),
        (r"\Ab", "a\nb", None),
        (r"b\z", "b\n", None),
        (r"b\Z", "b\n", Some("b")),
        ("a.c", "a\nc", Some("a\nc")),
        ("(?-m)a.c", "a\nc", None),
        ("(?i)straße", "STRAßE", Some("STRAßE")),
        ("a(?i)b|c", "aC", Some("aC")),
        ("(?i:a)b", "AB", None),
        (r"(a)\1", "abaa", Some("aa")),
        (r"(?<n>a|b)\k<n>", "abb", Some("bb")),
        ("[[:alpha:]]+", "1äö2", Some("äö")),
        (r"\w+", "äab", Some("ab")),
        (r"[^\W\d]+", "12ab", Some("ab")),
        ("[a-z&&[^b-y]]+", "bazc", Some("az")),
        ("[]a]+", "]a", Some("]a")),
        ("[a-]+", "a-a", Some("a-a")),
        (r"[\[[:alnum:]_-]+", "[a_-", Some("[a_-")),
        (r"\h{2}", "xfg0aa", Some("0a")),
        ("(?x) a b # no\n c", "abc", Some("abc")),
        ("(?:a?b?)*c", "ababbac", Some("ababbac")),
        ("(?:)*a", "a", Some("a")),
        (r"\bä\b", "x ä y", Some("ä")),
        (".*?x", "aäbx", Some("aäbx")),
        (".{2}x", "aäbx", Some("äbx")),
        (".*ä", "aäbäc", Some("aäbä")),
        (r"\p{Lu}+", "aÄÖb", Some("ÄÖ")),
        (r"\R", "a\r\nb", Some("\r\n")),
        (r"\x41\u0042\x{43}", "ABC", Some("ABC")),
        ("a{1,2}{2}", "aaaaa", Some("aaaa")),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(found(pattern, text).as_deref(), *expected, "{pattern} in {text:?}");
    }
}

#[test]
fn what_a_group_took_before_a_failure_is_not_told() {
    assert_eq!(
        captures("(?:(?<a>x)y|(?<b>x)z)", "xz"),
        Some(vec![Some("xz".into()), None, Some("x".into())])
    );
    assert_eq!(
        captures("(?!(?<a>x)y)(?<b>x)", "xz"),
        Some(vec![Some("x".into()), None, Some("x".into())])
    );
}

#[test]
fn a_pattern_that_cannot_be_is_refused_where_it_is_wrong() {
    for (pattern, place) in [
        ("a(b", "character 4"),
        ("a)b", "character 2"),
        ("a[b", "missing"),
        ("*a", "character 2"),
        ("a{3,2}", "character 2"),
        ("(?<=a*)b", "length"),
        (r"\1", "group"),
        ("%{NONE}", "no pattern NONE"),
        ("%{", "missing"),
        (r"a\", "end"),
        ("(?:(?:(?:a{500}){500}){500})", "too large"),
        ("[z-a]", "empty"),
        (r"\p{Nothing}", "no property"),
    ] {
        let fault = Expression::new(pattern, &HashMap::new()).unwrap_err();
        assert!(fault.contains(place), "{pattern}: {fault}");
    }
    let own =
        HashMap::from([("A".to_owned(), "%{B}".to_owned()), ("B".to_owned(), "%{A}".to_owned())]);
    assert!(Expression::new("%{A}", &own).unwrap_err().contains("stands in itself"));
    assert!(
        Expression::new(&"(".repeat(100_000), &HashMap::new()).unwrap_err().contains("too deep")
    );
}

/// How many steps it takes to see that `pattern` does not match.
fn steps(pattern: &str, text: &str) -> (Verdict, u32) {
    let expression = Expression::new(pattern, &HashMap::new()).unwrap();
    expression.search(text, &mut Memory::default(), 1_000_000)
}

#[test]
fn a_match_that_would_take_too_long_is_given_up() {
    // What an atomic group has tried is not noted, for its beginning matters.
    let (verdict, steps) = steps("(?>(?:a|a)*(?:a|a)*(?:a|a)*[bc])", &"a".repeat(400));
    assert_eq!((verdict, steps), (Verdict::GaveUp, 1_000_000));
}

#[test]
fn what_has_failed_at_a_place_is_not_tried_there_again() {
    let many = "a".repeat(500);
    for pattern in ["(?:a|a)*(?:a|a)*c|(?:.a)*d", "a*?a*?a*?a*?a*?a*?b", "(?:a{1,9}){1,9}x"] {
        let (verdict, steps) = steps(pattern, &format!("{many}!"));
        assert_eq!(verdict, Verdict::Missed, "{pattern}");
        assert!(steps < 400_000, "{pattern}: {steps}");
    }
}
