//! What the filter language promises: a query means what it says, prints as itself, and a wrong one
//! is refused where it is wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use logmill_query::{
    Bound, Query, Scalar, SyntaxErrorKind, Test, Value, Words, parse, to_opensearch,
};
use proptest::prelude::*;
use serde_json::json;

fn dsl(text: &str) -> serde_json::Value {
    to_opensearch(&parse(text).unwrap())
}

fn text(words: &str) -> Query {
    Query::Text(Words::Phrase(words.to_owned()))
}

#[test]
fn people_write_conditions_as_they_are_used_to() {
    let both = Query::And(vec![Query::is("service", "shop"), text("timeout")]);
    for same in ["service=shop timeout", "service:shop AND timeout", "(service = \"shop\") timeout"]
    {
        assert_eq!(parse(same).unwrap(), both, "{same}");
    }
    assert_eq!(parse("  ").unwrap(), Query::Everything);
    let not = Query::Not(Box::new(Query::is("service", "shop")));
    for same in ["NOT service=shop", "-service=shop", "service!=shop", "service != shop"] {
        assert_eq!(parse(same).unwrap(), not, "{same}");
    }
    let precedence = parse("aaa bbb OR ccc ddd").unwrap();
    let pair = |a, b| Query::And(vec![text(a), text(b)]);
    assert_eq!(precedence, Query::Or(vec![pair("aaa", "bbb"), pair("ccc", "ddd")]));
    assert_eq!(parse("service.name=shop").unwrap(), Query::is("service", "shop"));
}

#[test]
fn a_query_finds_what_its_fields_types_say() {
    assert_eq!(dsl("level>=warning"), json!({"terms": {"level": ["WARN", "ERROR", "FATAL"]}}));
    assert_eq!(dsl("result=FAILED"), json!({"term": {"result": "failed"}}));
    assert_eq!(dsl("line:[10 TO 20}"), json!({"range": {"line": {"gte": 10, "lt": 20}}}));
    assert_eq!(dsl("num.ms>2.5"), json!({"range": {"num.ms": {"gt": 2.5}}}));
    assert_eq!(dsl("labels.team=pay*"), json!({"prefix": {"labels.team": "pay"}}));
    assert_eq!(dsl("trace_id=*"), json!({"exists": {"field": "trace_id"}}));
    assert_eq!(
        dsl("time=2026-11-21"),
        json!({"range": {"@timestamp": {"gte": "2026-11-21T00:00:00.000Z", "lt": "2026-11-22T00:00:00.000Z"}}})
    );
    assert_eq!(
        dsl("time<=2026-11-21 part=\"\""),
        json!({"bool": {"filter": [
            {"range": {"@timestamp": {"lt": "2026-11-22T00:00:00.000Z"}}},
            {"term": {"part": ""}},
        ]}})
    );
    assert_eq!(dsl("-aaa"), json!({"bool": {"must_not": [dsl("aaa")]}}));
    assert_eq!(
        dsl("\"out of memory\""),
        json!({"bool": {"should": [
            {"match_phrase": {"message": "out of memory"}},
            {"match_phrase": {"text": "out of memory"}},
        ], "minimum_should_match": 1}})
    );
    assert_eq!(
        dsl("explanation.message=Link*"),
        json!({"prefix": {"explanation.message": "link"}})
    );
}

#[test]
fn a_wrong_query_is_refused_where_it_is_wrong() {
    let cases = [
        ("service=shop ab", 14, SyntaxErrorKind::ShortTerm, "3 to 256"),
        ("servce=shop", 1, SyntaxErrorKind::UnknownField, "`servce`"),
        ("http://example.org", 1, SyntaxErrorKind::UnknownField, "`http`"),
        ("ärger OR", 9, SyntaxErrorKind::Structure, "missing"),
        ("(aaa bbb", 1, SyntaxErrorKind::Structure, "never closed"),
        ("aaa)", 4, SyntaxErrorKind::Structure, "closes nothing"),
        ("service=", 9, SyntaxErrorKind::Structure, "value is missing"),
        ("\"aaa", 1, SyntaxErrorKind::Structure, "never closed"),
        ("line>=ten", 7, SyntaxErrorKind::Value, "no number"),
        ("level=loud", 7, SyntaxErrorKind::Value, "no level"),
        ("fields.ms>10", 11, SyntaxErrorKind::Comparison, "flattened"),
        ("service>a", 9, SyntaxErrorKind::Comparison, "no order"),
        ("service=a*b*", 9, SyntaxErrorKind::Value, "only at the end"),
        ("level>FATAL", 7, SyntaxErrorKind::Value, "no level is > FATAL"),
        ("line:[1 2]", 9, SyntaxErrorKind::Structure, "TO is missing"),
        ("time>=yesterday", 7, SyntaxErrorKind::Value, "no time"),
        ("ab*", 1, SyntaxErrorKind::ShortTerm, "3 to 256"),
        ("labels=x", 8, SyntaxErrorKind::Comparison, "many fields"),
    ];
    for (query, column, kind, says) in cases {
        let error = parse(query).unwrap_err();
        assert_eq!((error.column, error.kind()), (column, kind), "{query}: {error}");
        assert!(error.message.contains(says), "{query}: {error}");
    }
    let error = parse("fields.ms>10").unwrap_err();
    assert!(error.hint.as_deref().unwrap().contains("num."), "the way out is named: {error}");
    assert_eq!(
        parse("servce=x").unwrap_err().render("servce=x").lines().nth(1).unwrap(),
        "^ no document has a field `servce`"
    );
    assert!(parse("servce=x").unwrap_err().hint.unwrap().contains("`service`"));
}

#[test]
fn a_hostile_query_is_refused_and_not_endured() {
    for query in ["(".repeat(4000), "-".repeat(4000), "NOT ".repeat(1000)] {
        assert_eq!(parse(&query).unwrap_err().kind(), SyntaxErrorKind::Limit);
    }
    assert_eq!(parse(&"x".repeat(5000)).unwrap_err().kind(), SyntaxErrorKind::Limit);
}

#[test]
fn a_query_survives_json() {
    let query = parse("level>=WARN (time>=2026-01-01 OR -labels.a=b*) \"a phrase\"").unwrap();
    let text = serde_json::to_string(&query).unwrap();
    assert_eq!(serde_json::from_str::<Query>(&text).unwrap(), query);
}

fn scalar_bounds() -> impl Strategy<Value = Query> {
    let number = || (-1e9..1e9_f64).prop_map(Scalar::Number);
    let bound = |scalar: BoxedStrategy<Scalar>| {
        prop_oneof![
            Just(Bound::Open),
            scalar.clone().prop_map(Bound::Included),
            scalar.prop_map(Bound::Excluded)
        ]
    };
    let time = || {
        (0_i64..4_000_000_000).prop_map(|s| Scalar::Time(jiff::Timestamp::from_second(s).unwrap()))
    };
    let pair = move |name: &'static str, scalar: BoxedStrategy<Scalar>| {
        (bound(scalar.clone()), bound(scalar)).prop_filter_map("a bound", move |(lower, upper)| {
            let test = Test::Within { lower, upper };
            (lower != Bound::Open || upper != Bound::Open)
                .then(|| Query::Field { name: name.to_owned(), test })
        })
    };
    prop_oneof![pair("num.ms", number().boxed()), pair("@timestamp", time().boxed())]
}

fn leaf() -> impl Strategy<Value = Query> {
    let field = |name: &str, test| Query::Field { name: name.to_owned(), test };
    prop_oneof![
        "[a-z\"\\\\*() =:äß-]{0,8}[a-z]{3}[a-zA-Z \"\\\\*-]{0,8}"
            .prop_map(|s| Query::Text(Words::Phrase(s))),
        "[a-z]{3}[a-z._-]{0,5}".prop_map(|s| Query::Text(Words::Prefix(s))),
        "\\PC{0,12}".prop_map(|s| Query::is("labels.team", s)),
        "\\PC{1,12}".prop_map(move |s| field("key.team", Test::Prefix(s))),
        prop::collection::vec("\\PC{0,9}", 2..4)
            .prop_map(move |v| field("service", Test::OneOf(v))),
        Just(field("trace_id", Test::Exists)),
        (-1e6..1e6_f64)
            .prop_map(move |n| { field("line", Test::Is(Value::Scalar(Scalar::Number(n)))) }),
        any::<bool>().prop_map(move |b| field("text_cut", Test::Is(Value::Boolean(b)))),
        "[a-z]{3,9}( [a-z]{1,9}){0,2}"
            .prop_map(move |s| field("message", Test::Holds(Words::Phrase(s)))),
        scalar_bounds(),
    ]
}

fn tree() -> impl Strategy<Value = Query> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Query::all_of),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Query::any_of),
            inner.prop_map(|part| Query::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn a_query_prints_as_a_text_that_means_the_same(query in tree()) {
        let printed = query.to_string();
        if printed.len() <= logmill_query::MAX_BYTES {
            let again = parse(&printed);
            prop_assert_eq!(again.as_ref(), Ok(&query), "{}", printed);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[a-z\"()\\[\\]{}=:<>!*\\\\ANDORTÄ -]{0,40}") {
        match parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
            }
            Err(error) => {
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
                prop_assert!(error.render(&text).contains(&error.message));
            }
        }
    }
}
