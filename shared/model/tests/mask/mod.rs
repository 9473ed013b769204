//! What a user loses if masking fails: a secret that is shown, or a log that can't be read.

#![allow(clippy::needless_range_loop, reason = "a kind of secret is named by its number")]

mod harmless;
mod secrets;

use std::borrow::Cow;

use logmill_model::mask::{LOOKAHEAD, Masker, Policy, Rule, State, Stream};
use proptest::prelude::*;

use secrets::{Draw, KINDS, Planted, plant};

const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("2024-05-01T10:11:12.345Z ", ""),
    ("#12 3.456 + ", " (exit 0)"),
    ("app-1  | INFO  ", " größer ✓"),
    ("[12:01:02] ", " 42 tests"),
];

/// A line with a secret of `kind`, and the same as it should come out.
fn line_with(kind: usize, seed: u64) -> (String, String, Planted) {
    let planted = plant(kind, seed);
    let (head, tail) = AROUND[Draw::new(seed).below(AROUND.len())];
    let tail = if planted.last { "" } else { tail };
    let Planted { before, secret, after, rule, .. } = &planted;
    let line = format!("{head}{before}{secret}{after}{tail}");
    let masked = format!("{head}{before}[masked:{rule}]{after}{tail}");
    (line, masked, planted)
}

/// Whether eight bytes in a row of `secret` stand in `text`.
fn leaks(text: &[u8], secret: &str) -> bool {
    secret.as_bytes().windows(8).any(|slice| memchr::memmem::find(text, slice).is_some())
}

fn mask(line: &str) -> String {
    Masker::default().line(line).into_owned()
}

fn stream(text: &[u8], borders: &[usize]) -> Vec<u8> {
    let mut stream = Stream::new(Policy::all());
    let mut out = Vec::new();
    let mut from = 0;
    let mut borders: Vec<usize> = borders.iter().map(|at| at % (text.len() + 1)).collect();
    borders.sort_unstable();
    for to in borders.into_iter().chain([text.len()]) {
        stream.push(&text[from..to], &mut out);
        from = to;
    }
    stream.finish(&mut out);
    out
}

#[test]
fn no_kind_of_secret_is_shown_and_nothing_around_it_is_lost() {
    let mut wrong = Vec::new();
    for kind in 0..KINDS.len() {
        for seed in 0..40 {
            let (line, expected, planted) = line_with(kind, seed);
            let masked = mask(&line);
            if masked != expected || leaks(masked.as_bytes(), &planted.secret) {
                wrong.push(format!("{}\n   {line}\n-> {masked}", KINDS[kind].1));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} kinds:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ordinary_lines_stay_readable() {
    let masked: Vec<String> =
        harmless::LINES.iter().filter(|line| mask(line) != **line).map(|line| mask(line)).collect();
    assert!(masked.is_empty(), "{}", masked.join("\n"));
}

#[test]
fn an_ordinary_line_is_not_copied() {
    for line in harmless::LINES {
        assert!(matches!(Masker::default().line(line), Cow::Borrowed(_)), "{line}");
    }
}

#[test]
fn a_masked_log_stays_as_it_is_when_masked_again() {
    for kind in 0..KINDS.len() {
        let (line, ..) = line_with(kind, 3);
        let once = mask(&line);
        assert_eq!(mask(&once), once);
    }
}

#[test]
fn a_rule_that_is_switched_off_leaves_its_secrets_visible() {
    for kind in 0..KINDS.len() {
        let (line, _, planted) = line_with(kind, 5);
        let mut masker = Masker::new(Policy::none().with(planted.rule));
        assert_ne!(masker.line(&line), line, "{} alone", planted.rule);
        assert_eq!(masker.count(), 1);
        let mut masker = Masker::new(Policy::all().without(planted.rule));
        assert!(!masker.line(&line).contains(&format!("[masked:{}]", planted.rule)));
        assert_eq!(Masker::new(Policy::none()).line(&line), line);
    }
    for rule in Rule::ALL {
        assert!(KINDS.iter().any(|kind| kind.0 == rule), "no secret for {rule}");
    }
}

/// A key of `lines` lines as a tool prints it, each line behind `head`.
fn key_lines(label: &str, head: &str, lines: usize, seed: u64) -> Vec<String> {
    let mut draw = Draw::new(seed);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = (0..lines).map(|at| draw.text(alphabet, if at + 1 == lines { 10 } else { 64 }));
    let mut all = vec![format!("{head}-----BEGIN {label}-----")];
    all.extend(body.map(|line| format!("{head}{line}")));
    all.push(format!("{head}-----END {label}-----"));
    all
}

#[test]
fn no_line_of_a_private_key_is_shown_and_the_log_goes_on_behind_it() {
    let labels = [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ];
    for (seed, label) in labels.into_iter().enumerate() {
        for head in ["", "    ", "2024-05-01T10:11:12.345Z ", "app-1  | ", "#12 3.456 "] {
            let mut masker = Masker::default();
            let key = key_lines(label, head, 12, seed as u64);
            for (at, line) in key.iter().enumerate() {
                let masked = masker.line(line);
                let body = (1..key.len() - 1).contains(&at);
                let expected =
                    if body { format!("{head}[masked:private_key]") } else { line.clone() };
                assert_eq!(masked, expected);
            }
            assert_eq!(masker.line("Done"), "Done");
        }
    }
}

#[test]
fn a_key_that_does_not_end_does_not_hide_the_rest_of_the_log() {
    let key = key_lines("PRIVATE KEY", "", 5, 1);
    let mut masker = Masker::default();
    for line in &key[..4] {
        masker.line(line);
    }
    assert_eq!(masker.line("the build goes on here"), "the build goes on here");
    assert_eq!(masker.line("Done"), "Done");

    let mut masker = Masker::default();
    masker.line(&key[0]);
    let hidden = (0..1000).take_while(|_| masker.line(&key[1]).starts_with("[masked")).count();
    assert_eq!(hidden, 200);
}

#[test]
fn a_parser_that_goes_on_from_a_checkpoint_masks_the_rest_of_a_key() {
    let mut lines = key_lines("RSA PRIVATE KEY", "", 8, 2);
    lines.push(line_with(18, 1).0);
    lines.push("the end".to_owned());
    let mut whole = Masker::default();
    let expected: Vec<String> = lines.iter().map(|line| whole.line(line).into_owned()).collect();
    for cut in 0..=lines.len() {
        let mut first = Masker::default();
        let mut got: Vec<String> =
            lines[..cut].iter().map(|line| first.line(line).into_owned()).collect();
        let json = serde_json::to_string(first.state()).unwrap();
        let state: State = serde_json::from_str(&json).unwrap();
        assert_eq!(&state, first.state());
        let mut second = Masker::resume(Policy::all(), state);
        got.extend(lines[cut..].iter().map(|line| second.line(line).into_owned()));
        assert_eq!(got, expected);
        assert_eq!(second.count(), whole.count());
    }
}

#[test]
fn a_secret_at_the_cut_of_a_long_line_is_not_shown_in_part() {
    let limit = 64 * 1024;
    for kind in 0..KINDS.len() {
        let Planted { before, secret, after, .. } = plant(kind, 9);
        for shift in [1, 7, secret.len() / 2, secret.len(), secret.len() + before.len()] {
            let fill =
                "x ".repeat(limit)[..limit - (before.len() + secret.len()).min(limit)].to_owned();
            let line = format!("{fill}{}{before}{secret}{after}", " ".repeat(shift));
            let end = line.floor_char_boundary(limit + LOOKAHEAD);
            let masked = Masker::default().line_cut(&line[..end], limit).into_owned();
            assert!(!leaks(masked.as_bytes(), &secret), "{} at {shift}", KINDS[kind].1);
            assert!(masked.len() <= limit + 64);
        }
    }
}

#[test]
fn a_secret_in_a_line_that_never_ends_is_not_shown() {
    for kind in 0..KINDS.len() {
        let planted = plant(kind, 11);
        for (at, unit) in
            [(56, "x "), (60, "word-"), (63, ". "), (64, "é"), (68, "ab "), (71, "x ")]
        {
            let fill = unit.repeat(at * 1024 / unit.len() + 1);
            let Planted { before, secret, after, .. } = &planted;
            let text = format!("{fill} {before}{secret}{after} {}", "z ".repeat(12_000));
            let out = stream(text.as_bytes(), &[1000, 70_000]);
            assert!(!leaks(&out, secret), "{} at {at} KiB", KINDS[kind].1);
            let out = String::from_utf8(out).unwrap();
            assert_eq!(out.matches("[masked:").count(), 1, "{} at {at} KiB", KINDS[kind].1);
            assert!(planted.last || out.ends_with(&"z ".repeat(10_000)));
        }
    }
}

#[test]
fn bytes_that_are_no_text_pass_a_stream_unchanged() {
    let text = b"ok \xff\xfe\x00 caf\xc3\xa9 \xc3\r\nlast \xf0\x9f";
    assert_eq!(stream(text, &[4, 5, 13]), text);
}

#[test]
fn a_typo_in_the_rules_is_told_with_the_names_there_are() {
    let policy: Policy = "password, email".parse().unwrap();
    assert_eq!(policy, Policy::none().with(Rule::Password).with(Rule::Email));
    assert_eq!("all,-email".parse(), Ok(Policy::all().without(Rule::Email)));
    assert_eq!("-email".parse(), Ok(Policy::all().without(Rule::Email)));
    assert_eq!("none".parse(), Ok(Policy::none()));
    let message = "pasword".parse::<Policy>().unwrap_err().to_string();
    assert!(message.contains("`pasword`") && message.contains("password, token"), "{message}");
    for rule in Rule::ALL {
        assert_eq!(rule.name().parse(), Ok(rule));
        assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{}\"", rule.name()));
    }
    let policy = Policy::all().without(Rule::Email);
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    assert_eq!(policy.to_string().parse(), Ok(policy));
}

/// A log of harmless lines, secrets, keys and noise.
fn logs() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (0..KINDS.len(), any::<u64>()).prop_map(|(kind, seed)| line_with(kind, seed).0),
        (0..harmless::LINES.len()).prop_map(|at| harmless::LINES[at].to_owned()),
        any::<u64>().prop_map(|seed| key_lines("PRIVATE KEY", "", 4, seed).join("\n")),
        "[ -~éß✓]{0,80}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn a_live_stream_shows_the_same_wherever_its_chunks_end(
        text in logs(),
        borders in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let whole = stream(text.as_bytes(), &[]);
        prop_assert_eq!(&stream(text.as_bytes(), &borders), &whole);
        let mut masker = Masker::default();
        let lines: Vec<_> = text.split('\n').map(|line| masker.line(line).into_owned()).collect();
        prop_assert_eq!(String::from_utf8(whole).unwrap(), lines.join("\n"));
    }

    #[test]
    fn any_text_is_masked_once_and_for_all(
        line in "[ -~é✓]{0,60}(password|token=|secret: |https://a:|Authorization: |-----BEGIN |Cookie: a=|curl -u a:|@)[ -~é]{0,40}(@|&key=|;|\"|, pwd=)[ -~]{0,30}",
    ) {
        let once = mask(&line);
        prop_assert_eq!(mask(&once), once);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_long_line_shows_the_same_wherever_its_chunks_end(
        kinds in prop::collection::vec((0..KINDS.len(), 1000usize..40_000), 1..8),
        borders in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut text = String::new();
        for (kind, gap) in kinds {
            text.push_str(&"lorem-".repeat(gap / 6));
            text.push(' ');
            text.push_str(&line_with(kind, gap as u64).0);
            text.push(' ');
        }
        prop_assert_eq!(stream(text.as_bytes(), &borders), stream(text.as_bytes(), &[]));
    }
}
