//! No text and no pattern makes anything panic, and what a pattern finds is what others find.

use std::sync::OnceLock;

use fancy_regex::Regex;
use jiff::Timestamp;
use logmill_grok::{Function, Grok, Library, Naming, Outcome, Patterns, Scratch};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every bundled pattern, and every function with arguments that it takes.
struct All {
    groks: Vec<Grok>,
    functions: Vec<Function>,
}

fn all() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| {
        let groks = [Naming::Ecs, Naming::Legacy].into_iter().flat_map(|naming| {
            let library = Library::bundled(naming);
            let names = library.names();
            names
                .into_iter()
                .filter_map(|name| Grok::new(&format!("%{{{name}}}"), library).ok())
                .collect::<Vec<_>>()
        });
        let with = [
            json!({}),
            json!({"format": "combined"}),
            json!({"format": "error"}),
            json!({"format": "main"}),
            json!({"format": "ingress_upstreaminfo"}),
            json!({"format": "%Y-%m-%d %H:%M:%S"}),
            json!({"unit": "s"}),
            json!({"unit": "B"}),
            json!({"pattern": "%{GREEDYDATA:a} %{INT:b:int}"}),
            json!({"pattern": "(?P<a>.)(.)?"}),
            json!({"patterns": ["%{IP:a}", "%{WORD:b}"]}),
            json!({"max_depth": 2}),
            json!({"field_delimiter": ",", "key_value_delimiter": ":", "whitespace": "strict"}),
            json!({"translate_custom_fields": true}),
            json!({"always_use_text_key": true, "trim": false}),
        ];
        let library = Library::bundled(Naming::Ecs);
        let functions = Function::names().flat_map(|name| {
            with.iter().filter_map(move |with| Function::new(name, with.as_object()?, library).ok())
        });
        All { groks: groks.collect(), functions: functions.collect() }
    })
}

#[test]
fn every_function_is_tried() {
    let tried: std::collections::BTreeSet<_> = all().functions.iter().map(Function::name).collect();
    assert_eq!(tried, Function::names().collect());
}

fn try_all(text: &str) {
    let mut scratch = Scratch::default();
    for grok in &all().groks {
        if let Outcome::Found(fields) = grok.parse(text, &mut scratch) {
            assert!(serde_json::to_string(&fields).is_ok());
        }
    }
    for function in &all().functions {
        function.parse(text, Timestamp::UNIX_EPOCH, &mut scratch);
    }
}

/// Texts made of what formats are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        proptest::sample::select(vec![
            "\"",
            "\\",
            "[",
            "]",
            "{",
            "}",
            "<",
            ">",
            "=",
            ":",
            "|",
            "-",
            " ",
            "\t",
            "\n",
            "\u{0}",
            "ä",
            "\u{1F600}",
            "<34>1 ",
            "<13>",
            "CEF:0|a|b|c|d|e|f|",
            "I0505 17:59:40.692994 1 a.go:70] ",
            "192.0.2.1",
            "2001:db8::1",
            " - - [10/Oct/2000:13:55:36 -0700] ",
            "Oct 11 22:14:15 ",
            "2021-06-01T12:00:00Z",
            "host app[12]: ",
            "\"GET / HTTP/1.1\" 200 1",
            "<a b=\"c\">",
            "</a>",
            "&#xD800;",
            "&lt;",
            "=>",
            "a=\"b\\",
            "1590488773254420000",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_pattern_or_a_function_panic(text in pieces()) {
        try_all(&text);
    }

    #[test]
    fn no_document_makes_its_reader_panic(text in "(names|\\[patterns\\]|\\[\\[entry\\]\\]|match|parse|with|[ =\n'\"{}a-z%:()\\\\\\[\\]*+?|-]){0,30}") {
        let _ = Patterns::compile(&text);
    }

    #[test]
    fn no_pattern_makes_its_reader_or_a_match_panic(
        pattern in "([a-c]|[.*+?|()\\[\\]{},^$\\\\-]|\\(\\?[:=!>]|\\(\\?<[a=!]|%\\{|INT|:|\\})*",
        text in "[a-c0-9\n ä]{0,20}",
    ) {
        if let Ok(grok) = Grok::new(&pattern, Library::bundled(Naming::Ecs)) {
            grok.parse(&text, &mut Scratch::default());
        }
    }
}

/// Patterns that mean the same to us and to `fancy-regex`, and whether each can match nothing. None
/// repeats what can: at a round of nothing Ruby's loops end, and ours, where theirs try what else the
/// round could be.
fn patterns() -> impl Strategy<Value = (String, bool)> {
    let named = |texts: Vec<&'static str>, is_empty: bool| {
        proptest::sample::select(texts).prop_map(move |text| (text.to_owned(), is_empty))
    };
    let looks = ["(?m:^)", "\\A", "\\z", "\\b", "(?<=a)", "(?<!b)", "(?=c)", "(?!a)", "(?<!ab|c)"];
    let leaf = prop_oneof![
        4 => named(vec!["a", "b", "c", "ab", "ä"], false),
        2 => named(vec!["[ab]", "[^a]", "[b-cä]", "(?s:.)"], false),
        1 => named(looks.to_vec(), true),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let repeats = proptest::sample::select(vec![
            "*", "+", "?", "*?", "+?", "??", "{0,2}", "{2}", "{1,3}?", "++", "*+", "?+",
        ]);
        let concat = |parts: Vec<(String, bool)>| {
            let is_empty = parts.iter().all(|(_, is_empty)| *is_empty);
            (parts.into_iter().map(|(part, _)| part).collect::<String>(), is_empty)
        };
        let either = |parts: Vec<(String, bool)>| {
            let is_empty = parts.iter().any(|(_, is_empty)| *is_empty);
            let parts: Vec<_> = parts.into_iter().map(|(part, _)| part).collect();
            (format!("(?:{})", parts.join("|")), is_empty)
        };
        let repeated = |((inner, is_empty), repeat): ((String, bool), &str)| {
            if is_empty {
                return (inner, true);
            }
            (format!("(?:{inner}){repeat}"), repeat.starts_with(['*', '?']) || repeat == "{0,2}")
        };
        prop_oneof![
            4 => proptest::collection::vec(inner.clone(), 1..4).prop_map(concat),
            3 => proptest::collection::vec(inner.clone(), 2..4).prop_map(either),
            3 => (inner.clone(), repeats).prop_map(repeated),
            1 => inner.clone().prop_map(|(inner, is_empty)| (format!("(?>{inner})"), is_empty)),
            1 => inner.clone().prop_map(|(inner, _)| (format!("(?={inner})"), true)),
            1 => inner.prop_map(|(inner, _)| (format!("(?!{inner})"), true)),
        ]
    })
}

/// The whole match and a group of it, as ours and as theirs; nothing where one of them gives up.
fn compare(pattern: &str, text: &str) -> Option<(Option<Value>, Option<Value>)> {
    let pattern = format!("(?<all>{pattern}(?<rest>[a-c]?))");
    let theirs = Regex::new(&pattern).ok()?;
    let ours = Grok::new(&pattern, &Library::empty()).ok()?;
    let theirs = theirs.captures(text).ok()?.map(|captures| {
        let mut fields = Map::new();
        for name in ["all", "rest"] {
            let text = captures.name(name).map_or(Value::Null, |found| found.as_str().into());
            fields.insert(name.to_owned(), text);
        }
        Value::Object(fields)
    });
    match ours.parse_with(text, &mut Scratch::default(), true) {
        Outcome::GaveUp => None,
        outcome => Some((outcome.found().map(Value::Object), theirs)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_finds_what_another_engine_finds((pattern, _) in patterns(), text in "[abcä]{0,12}") {
        if let Some((ours, theirs)) = compare(&pattern, &text) {
            prop_assert_eq!(ours, theirs, "{} in {:?}", pattern, text);
        }
    }
}

#[test]
fn a_line_of_a_megabyte_is_bounded() {
    let mut scratch = Scratch::default();
    let grok = Grok::new("%{COMBINEDAPACHELOG}", Library::bundled(Naming::Ecs)).unwrap();
    for piece in
        ["a", "\" ", "a=\"\\\" ", "1.", "a b ", "[ ", "=", "\\\"", "a,b=c ", "<a>", "<a b=\"c\"/>"]
    {
        let text = piece.repeat((1 << 20) / piece.len());
        grok.captures(&text, &mut scratch, |_, _| {});
        assert!(scratch.steps() <= Grok::limit(text.len()));
        for function in &all().functions {
            function.parse(&text, Timestamp::UNIX_EPOCH, &mut scratch);
        }
    }
}
