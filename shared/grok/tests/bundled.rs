//! The bundled patterns: that they compile, what they find, and that no text makes them slow.

use logmill_grok::{Grok, Library, Naming, Outcome, Patterns, Scratch};
use serde_json::{Value, json};

const NAMINGS: [Naming; 2] = [Naming::Ecs, Naming::Legacy];

fn fields(naming: Naming, line: &str) -> Option<(String, Value)> {
    let patterns = Patterns::bundled(naming);
    let found = patterns.find_in(line, jiff::Timestamp::UNIX_EPOCH, &mut Scratch::default());
    found.hit.map(|hit| (hit.name.to_owned(), hit.value))
}

#[test]
fn every_bundled_pattern_can_be_used() {
    for naming in NAMINGS {
        let library = Library::bundled(naming);
        assert!(library.names().len() > 300);
        for name in library.names() {
            if let Err(fault) = Grok::new(&format!("%{{{name}}}"), library) {
                panic!("{naming:?} {name}: {fault}");
            }
        }
    }
}

#[test]
fn without_a_document_access_logs_syslog_and_exceptions_are_read() {
    let lines = [
        (
            "combined",
            r#"192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.1" 200 2326 "http://example.com/" "Mozilla/5.0""#,
        ),
        (
            "common",
            r#"192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.1" 200 2326"#,
        ),
        (
            "alb",
            r#"https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#,
        ),
        (
            "elb",
            r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#,
        ),
        (
            "nginx_error",
            r#"2021/04/01 13:02:31 [error] 31#31: *1 open() "/usr/share/nginx/html/not-found" failed (2: No such file or directory), client: 192.0.2.1, server: localhost, request: "POST /not-found HTTP/1.1", host: "localhost:8081""#,
        ),
        (
            "apache_error",
            "[Mon Aug 31 16:27:04 2015] [error] [client 192.0.2.1] Premature end of script headers",
        ),
        ("syslog_5424", "<34>1 2012-12-19T01:45:54.001234Z web01 app 12 - - disk is full"),
        ("syslog", "<34>Dec 19 01:45:54 web01 app[12]: disk is full"),
        (
            "java_exception",
            "java.lang.IllegalStateException: closed\n\tat com.example.Pool.take(Pool.java:12)",
        ),
    ];
    for naming in NAMINGS {
        for (name, line) in lines {
            let (found, fields) = fields(naming, line).unwrap();
            assert_eq!(found, name, "{line}");
            let has_address = line.contains("192.0.2.1");
            let address = logmill_grok::field::address(fields.as_object().unwrap());
            assert_eq!(
                address.map(|ip| ip.to_string()),
                has_address.then(|| "192.0.2.1".to_owned()),
                "{fields}"
            );
        }
    }
}

#[test]
fn an_access_log_has_the_names_of_the_naming_that_was_chosen() {
    let line =
        r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326 "-" "curl/8""#;
    let (_, ecs) = fields(Naming::Ecs, line).unwrap();
    assert_eq!(ecs["http"]["response"], json!({"status_code": 200, "body": {"bytes": 2326}}));
    assert_eq!(ecs["source"], json!({"address": "192.0.2.1"}));
    let (_, legacy) = fields(Naming::Legacy, line).unwrap();
    assert_eq!(legacy["response"], json!("200"));
    assert_eq!(legacy["clientip"], json!("192.0.2.1"));
}

#[test]
fn a_cloudfront_line_is_read() {
    let line = "2014-05-23\t01:13:11\tFRA2\t182\t192.0.2.10\tGET\td111111abcdef8.cloudfront.net\t/view/my/file.html\t200\twww.example.com\tMozilla/4.0%20(compatible;%20MSIE%205.0b1;%20Mac_PowerPC)\t-\tzip=98101\tRefreshHit\tMRVMF7KydIvxMWfJIglgwHQwZsbG2IhRJ07sn9AkKUFSHS9EXAMPLE==\td111111abcdef8.cloudfront.net\thttp\t58\t0.001\t-\t-\t-\tRefreshHit\tHTTP/1.1\t-\t-\t40001\t0.001\tRefreshHit\ttext/html\t182\t-\t-";
    for naming in NAMINGS {
        assert_eq!(fields(naming, line).unwrap().0, "cloudfront");
    }
}

/// Texts that make a match go back as often as it can: long runs of what a pattern takes, without
/// the end that it waits for.
fn hostile(seed: &str) -> Vec<String> {
    let pieces = [
        "a",
        " ",
        "1",
        ".",
        "a.",
        "1.",
        ":",
        "f:",
        "::",
        "a ",
        "\"",
        "\\",
        "\\\"",
        "/",
        "/a",
        "-",
        "a-",
        "[",
        "]",
        "<",
        "=",
        "a=",
        "\t",
        "-\t",
        "1\t",
        "\n",
        "%",
        "\u{e4}",
        "{",
        "127.0.0.1 ",
        "Jan 1 ",
        "at a.b(",
        "@",
        "a@",
    ];
    pieces.iter().map(|piece| format!("{seed}{}!", piece.repeat(3_000 / piece.len()))).collect()
}

#[test]
fn no_text_takes_a_bundled_pattern_more_steps_than_it_is_allowed() {
    let seeds = [
        "",
        "Mar 16 00:01:25 evita postfix/smtpd[1713]: ",
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"",
    ];
    let texts: Vec<String> = seeds.iter().flat_map(|seed| hostile(seed)).collect();
    let mut scratch = Scratch::default();
    let (mut tried, mut given_up) = (0, 0);
    for naming in NAMINGS {
        let library = Library::bundled(naming);
        for name in library.names() {
            let grok = Grok::new(&format!("%{{{name}}}"), library).unwrap();
            for text in &texts {
                let outcome = grok.captures(text, &mut scratch, |_, _| {});
                tried += 1;
                given_up += u32::from(outcome == Outcome::GaveUp);
                let (steps, limit) = (scratch.steps(), Grok::limit(text.len()));
                assert!(steps <= limit, "{naming:?} {name}: {steps} of {limit} steps");
                assert_eq!(
                    outcome == Outcome::GaveUp,
                    steps == limit,
                    "{naming:?} {name}: {steps}"
                );
            }
        }
    }
    // The limit is for what cannot be known in time; that is rare even where all are made for it.
    assert!(given_up * 200 < tried, "{given_up} of {tried} were given up");
}
