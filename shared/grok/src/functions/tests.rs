//! What each function finds, by the public description of its format.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Function;
use crate::grok::Scratch;
use crate::library::{Library, Naming};

fn parse(name: &str, with: Value, text: &str) -> Option<Value> {
    let with: Map<String, Value> = serde_json::from_value(with).unwrap();
    let function = Function::new(name, &with, Library::bundled(Naming::Ecs)).unwrap();
    let at: Timestamp = "2021-06-15T12:00:00Z".parse().unwrap();
    function.parse(text, at, &mut Scratch::default()).found()
}

/// Each case: the function, its arguments, a text, and what it finds.
fn check(cases: &[(&str, Value, &str, Value)]) {
    for (name, with, text, expected) in cases {
        let found = parse(name, with.clone(), text).unwrap_or(Value::Null);
        assert_eq!(found, *expected, "{name} {with} of {text}");
    }
}

#[test]
fn numbers_sizes_and_durations_have_the_unit_that_is_asked_for() {
    check(&[
        ("parse_int", json!({}), "-42", json!(-42)),
        ("parse_int", json!({}), "0b1001", json!(9)),
        ("parse_int", json!({}), "0x1f", json!(31)),
        ("parse_int", json!({}), "042", json!(34)),
        ("parse_int", json!({}), "0", json!(0)),
        ("parse_int", json!({"base": 36}), "z", json!(35)),
        ("parse_int", json!({}), "1.5", Value::Null),
        ("parse_float", json!({}), "-1.5e3", json!(-1500.0)),
        ("parse_float", json!({}), "nan", Value::Null),
        ("parse_duration", json!({"unit": "s"}), "1005ms", json!(1.005)),
        ("parse_duration", json!({"unit": "ms"}), "1s 1ms", json!(1001.0)),
        ("parse_duration", json!({"unit": "s"}), "1h 30m", json!(5400.0)),
        ("parse_duration", json!({"unit": "us"}), "100ns", json!(0.1)),
        ("parse_duration", json!({"unit": "s"}), "1 fortnight", Value::Null),
        ("parse_bytes", json!({"unit": "MiB"}), "1024KiB", json!(1.0)),
        ("parse_bytes", json!({"unit": "kB", "base": "10"}), "1.5MB", json!(1500.0)),
        ("parse_bytes", json!({"unit": "B"}), "1kB", json!(1024.0)),
    ]);
}

#[test]
fn keys_and_values_are_read_as_they_are_written() {
    let comma = json!({"field_delimiter": ",", "key_value_delimiter": ":"});
    check(&[
        (
            "parse_key_value",
            json!({}),
            r#"@timestamp="Sun Jan 10 16:47:39 EST 2021" level=info msg="all \"is\" well" a#b=c"#,
            json!({"@timestamp": "Sun Jan 10 16:47:39 EST 2021", "level": "info", "msg": "all \"is\" well", "a#b": "c"}),
        ),
        (
            "parse_key_value",
            comma,
            r#"path:"/cart_link", host:store.app.com, fwd: "102.30.171.16", dyno: web.1, beta"#,
            json!({"path": "/cart_link", "host": "store.app.com", "fwd": "102.30.171.16", "dyno": "web.1", "beta": true}),
        ),
        (
            "parse_key_value",
            json!({"field_delimiter": ","}),
            "a=1,b=2,a=3",
            json!({"a": ["1", "3"], "b": "2"}),
        ),
        ("parse_key_value", json!({}), "a=1 b= c=3", json!({"a": "1", "b": "", "c": "3"})),
        ("parse_key_value", json!({}), "a = 1 b = 2", json!({"a": "1", "b": "2"})),
        ("parse_key_value", json!({"accept_standalone_key": false}), "a=1 b", Value::Null),
        (
            "parse_logfmt",
            json!({}),
            "level=info cached took=3ms",
            json!({"level": "info", "cached": true, "took": "3ms"}),
        ),
    ]);
}

#[test]
fn rows_of_fields_are_lists() {
    check(&[
        ("parse_csv", json!({}), r#"a,"b,""c""",,d"#, json!(["a", "b,\"c\"", "", "d"])),
        ("parse_csv", json!({"delimiter": " "}), "a b", json!(["a", "b"])),
        ("parse_csv", json!({}), "", json!([])),
        (
            "parse_tokens",
            json!({}),
            r#"a "b \"c\"" [d e] - 1"#,
            json!(["a", r#"b \"c\""#, "d e", null, "1"]),
        ),
        (
            "parse_query_string",
            json!({}),
            "?a=%2B1&b=2&b=3&c",
            json!({"a": "+1", "b": ["2", "3"], "c": ""}),
        ),
        (
            "parse_url",
            json!({}),
            "ftp://foo:bar@example.com:4343/foobar?hello=world#123",
            json!({"scheme": "ftp", "username": "foo", "password": "bar", "host": "example.com", "port": 4343,
                "path": "/foobar", "query": {"hello": "world"}, "fragment": "123"}),
        ),
        ("parse_url", json!({}), "no url", Value::Null),
        ("parse_regex", json!({"pattern": r"(?P<n>\d+) (\w+)?"}), "a 8 ", json!({"n": "8"})),
        (
            "parse_regex",
            json!({"pattern": r"(?P<n>\d)(x)?", "numeric_groups": true}),
            "8",
            json!({"0": "8", "1": "8", "n": "8", "2": null}),
        ),
        (
            "parse_regex_all",
            json!({"pattern": r"(?P<n>\d)"}),
            "1 2",
            json!([{"n": "1"}, {"n": "2"}]),
        ),
    ]);
}

#[test]
fn values_within_values_are_read_to_their_depth() {
    check(&[
        ("parse_json", json!({}), r#"{"a": [1, null]}"#, json!({"a": [1, null]})),
        (
            "parse_json",
            json!({"max_depth": 1}),
            r#"{"a": {"b": 1}, "c": 2}"#,
            json!({"a": "{\"b\": 1}", "c": 2}),
        ),
        ("parse_json", json!({}), "{", Value::Null),
        (
            "parse_ruby_hash",
            json!({}),
            r#"{ "a" => "b", :c => 0.2, d: [1, nil, :e], "f" => { "g" => true } }"#,
            json!({"a": "b", "c": 0.2, "d": [1, null, "e"], "f": {"g": true}}),
        ),
        (
            "parse_influxdb",
            json!({}),
            r"cpu\ x,host=A user=10i,on=true 1590488773254420000",
            json!([
                {"name": "cpu x_user", "kind": "absolute", "gauge": {"value": 10.0}, "tags": {"host": "A"}, "timestamp": "2020-05-26T10:26:13.254420Z"},
                {"name": "cpu x_on", "kind": "absolute", "gauge": {"value": 1.0}, "tags": {"host": "A"}, "timestamp": "2020-05-26T10:26:13.254420Z"},
            ]),
        ),
        (
            "parse_xml",
            json!({"text_key": "value", "parse_number": false}),
            r#"<?xml version="1.0"?><book category="A &amp; B"><title lang="en">Title</title><year>2005</year><t/></book>"#,
            json!({"book": {"@category": "A & B", "title": {"@lang": "en", "value": "Title"}, "year": "2005", "t": {}}}),
        ),
        (
            "parse_xml",
            json!({}),
            "<a><b>1</b> <b>true</b><c>x &lt;<![CDATA[&]]></c></a>",
            json!({"a": {"b": [1, true], "c": "x <&"}}),
        ),
        ("parse_xml", json!({}), "<a></a><b></b>", Value::Null),
        ("parse_xml", json!({}), "<a>", Value::Null),
    ]);
}

#[test]
fn depth_is_bounded() {
    for (name, open, close) in [
        ("parse_json", "[", "]"),
        ("parse_json", "{\"a\":", "}"),
        ("parse_ruby_hash", "{a: ", "}"),
        ("parse_xml", "<a>", "</a>"),
    ] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(parse(name, json!({}), &text), None, "{name}");
    }
    // What is below the depth that was asked for is not read at all.
    let text = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let found = parse("parse_json", json!({"max_depth": 3}), &text).unwrap();
    assert_eq!(found, json!([[[text[3..text.len() - 3]]]]));
}

#[test]
fn lines_of_servers_have_the_names_of_their_formats() {
    check(&[
        (
            "parse_apache_log",
            json!({"format": "combined"}),
            r#"127.0.0.1 bob frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://example.com/a" "Mozilla/5.0 (X11)""#,
            json!({"host": "127.0.0.1", "identity": "bob", "user": "frank", "timestamp": "2000-10-10T20:55:36Z",
                "message": "GET /apache_pb.gif HTTP/1.0", "method": "GET", "path": "/apache_pb.gif", "protocol": "HTTP/1.0",
                "status": 200, "size": 2326, "referrer": "http://example.com/a", "agent": "Mozilla/5.0 (X11)"}),
        ),
        (
            "apache_log",
            json!({"format": "error"}),
            "[01/Mar/2021:12:00:19 +0000] [ab:alert] [pid 4803:tid 3814] [client 147.159.108.175:24259] It failed!",
            json!({"timestamp": "2021-03-01T12:00:19Z", "module": "ab", "severity": "alert", "pid": 4803, "thread": "3814",
                "client": "147.159.108.175", "port": 24259, "message": "It failed!"}),
        ),
        (
            "parse_glog",
            json!({}),
            "I20210131 14:48:54.411655 15520 main.c++:9] Hello world!",
            json!({"level": "info", "timestamp": "2021-01-31T14:48:54.411655Z", "id": 15520, "file": "main.c++", "line": 9, "message": "Hello world!"}),
        ),
        (
            "parse_klog",
            json!({}),
            "I0505 17:59:40.692994   28133 klog.go:70] hello from klog",
            json!({"level": "info", "timestamp": "2021-05-05T17:59:40.692994Z", "id": 28133, "file": "klog.go", "line": 70, "message": "hello from klog"}),
        ),
        (
            "parse_timestamp",
            json!({"format": "%Y-%m-%d %H:%M:%S", "timezone": "Europe/Berlin"}),
            "2021-06-01 12:00:00",
            json!("2021-06-01T10:00:00Z"),
        ),
        (
            "parse_timestamp",
            json!({"format": "%+"}),
            "2021-06-01T12:00:00.25+02:00",
            json!("2021-06-01T10:00:00.250Z"),
        ),
        ("parse_timestamp", json!({"format": "%s"}), "1600000000", json!("2020-09-13T12:26:40Z")),
    ]);
}

#[test]
fn syslog_is_read_as_it_is_found() {
    check(&[
        (
            "parse_syslog",
            json!({}),
            r#"<13>1 2020-03-13T20:45:38.119Z dynamicwireless.name non 2426 ID931 [exampleSDID@32473 iut="3" eventSource= "Application" eventID="1011"] Try to override it!"#,
            json!({"facility": "user", "severity": "notice", "version": 1, "timestamp": "2020-03-13T20:45:38.119Z",
                "hostname": "dynamicwireless.name", "appname": "non", "procid": 2426, "msgid": "ID931",
                "exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"}, "message": "Try to override it!"}),
        ),
        (
            "parse_syslog",
            json!({}),
            "<190>Dec 28 2020 16:49:07 web01 nginx: 127.0.0.1 - GET",
            json!({"facility": "local7", "severity": "info", "timestamp": "2020-12-28T16:49:07Z", "hostname": "web01", "appname": "nginx", "message": "127.0.0.1 - GET"}),
        ),
        (
            "parse_linux_authorization",
            json!({}),
            "Mar 23 01:49:58 localhost sshd[1111]: Accepted publickey for eng from 10.1.1.1 port 8888 ssh2",
            json!({"timestamp": "2021-03-23T01:49:58Z", "hostname": "localhost", "appname": "sshd", "procid": 1111,
                "message": "Accepted publickey for eng from 10.1.1.1 port 8888 ssh2"}),
        ),
        (
            "parse_syslog",
            json!({}),
            "<34>1 2003-10-11T22:14:15.003Z - su - - - 'su root' failed",
            json!({"facility": "auth", "severity": "crit", "version": 1, "timestamp": "2003-10-11T22:14:15.003Z", "appname": "su", "message": "'su root' failed"}),
        ),
        ("parse_syslog", json!({}), "not syslog", Value::Null),
    ]);
}

#[test]
fn a_line_of_december_that_is_read_in_january_is_of_last_year() {
    let function = Function::new("parse_syslog", &Map::new(), &Library::empty()).unwrap();
    let at: Timestamp = "2022-01-01T00:00:05Z".parse().unwrap();
    let found =
        function.parse("Dec 31 23:59:59 a b: c", at, &mut Scratch::default()).found().unwrap();
    assert_eq!(found["timestamp"], json!("2021-12-31T23:59:59Z"));
}

#[test]
fn cef_and_the_logs_of_aws_are_read() {
    let cef = |extension: Value| {
        let mut fields = json!({"cefVersion": "0", "deviceVendor": "Dev", "deviceProduct": "fire|wall", "deviceVersion": "2.2",
            "deviceEventClassId": "1", "name": "denied", "severity": "5"});
        fields.as_object_mut().unwrap().extend(extension.as_object().unwrap().clone());
        fields
    };
    check(&[
        (
            "parse_cef",
            json!({}),
            r"Sep 29 08:26:10 host CEF:0|Dev|fire\|wall|2.2|1|denied|5|src=10.0.0.1 msg=A threat.\n None act=a \= shost= dst=1.1.1.1",
            cef(
                json!({"src": "10.0.0.1", "msg": "A threat.\n None", "act": "a =", "shost": "", "dst": "1.1.1.1"}),
            ),
        ),
        (
            "parse_cef",
            json!({"translate_custom_fields": true}),
            r"CEF:0|Dev|fire\|wall|2.2|1|denied|5|c6a1=2345::1 c6a1Label=Device IPv6 Address",
            cef(json!({"Device IPv6 Address": "2345::1"})),
        ),
        ("parse_cef", json!({}), r"CEF:0|Dev|fire\|wall|2.2|1|denied|5|", cef(json!({}))),
        ("parse_cef", json!({}), "CEF:0|Dev", Value::Null),
        (
            "parse_aws_vpc_flow_log",
            json!({}),
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
            json!({"version": 2, "account_id": "123456789010", "interface_id": "eni-1235b8ca123456789", "srcaddr": null,
                "dstaddr": null, "srcport": null, "dstport": null, "protocol": null, "packets": null, "bytes": null,
                "start": 1_431_280_876, "end": 1_431_280_934, "action": null, "log_status": "NODATA"}),
        ),
        ("parse_aws_vpc_flow_log", json!({"format": "version srcaddr"}), "2", Value::Null),
        (
            "parse_aws_cloudwatch_log_subscription_message",
            json!({}),
            r#"{"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": ["f"],
                "logEvents": [{"id": "3", "timestamp": 1432826855000, "message": "m"}]}"#,
            json!({"message_type": "DATA_MESSAGE", "owner": "1", "log_group": "g", "log_stream": "s",
                "subscription_filters": ["f"], "log_events": [{"id": "3", "timestamp": "2015-05-28T15:27:35Z", "message": "m"}]}),
        ),
    ]);
    let line = r#"http 2018-11-30T22:23:00.186641Z app/lb/1 192.168.131.39:2817 - 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-5" "-" "-" 0 2018-11-30T22:22:48.364000Z "forward" "-" "-" "-" "-" "-" "-""#;
    let found = parse("parse_aws_alb_log", json!({}), line).unwrap();
    for (name, value) in [
        ("client_host", json!("192.168.131.39:2817")),
        ("target_host", Value::Null),
        ("target_status_code", json!("200")),
        ("request_url", json!("http://www.example.com:80/")),
        ("target_processing_time", json!(0.001)),
        ("sent_bytes", json!(366)),
        ("target_port_list", json!([])),
        ("traceability_id", Value::Null),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    assert_eq!(found.as_object().unwrap().len(), 32);
    let more = format!("{line} TID_1 \"-\"");
    assert_eq!(parse("parse_aws_alb_log", json!({}), &more), None);
    assert!(parse("parse_aws_alb_log", json!({"strict_mode": false}), &more).is_some());
}

#[test]
fn an_argument_that_a_function_has_not_is_refused() {
    for (name, with, part) in [
        ("parse_nothing", json!({}), "there is no function parse_nothing"),
        ("parse_nginx_log", json!({}), "format is missing"),
        ("parse_nginx_log", json!({"format": "x"}), "must be one of"),
        ("parse_int", json!({"bas": 2}), "has no argument bas; it has base"),
        ("parse_timestamp", json!({"format": "%Y", "timezone": "Europe/Pariss"}), "no time zone"),
        ("parse_grok", json!({"pattern": "%{NOG}"}), "no pattern NOG"),
        ("parse_regex", json!({"pattern": "("}), "unclosed group"),
    ] {
        let with: Map<String, Value> = serde_json::from_value(with).unwrap();
        let fault = Function::new(name, &with, Library::bundled(Naming::Ecs)).unwrap_err();
        assert!(fault.contains(part), "{fault}");
    }
}
