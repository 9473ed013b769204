use logmill_model::Cuts;

use super::*;

fn read(text: &str) -> Option<(String, usize, bool)> {
    let assumed = Assumed { date: Some(Date::constant(2026, 11, 21)), seconds_east: 0 };
    let stamp = at_start(text)?;
    let instant = Clock::default().instant(&stamp, &assumed, &mut Cuts::default())?;
    Some((instant.to_string(), stamp.length, stamp.is_zoned()))
}

#[test]
fn stamps_of_the_usual_writers_are_read() {
    let cases = [
        ("2026-03-04T10:15:22.1234567Z x", "2026-03-04T10:15:22.1234567Z", 28, true),
        ("2026-03-04 10:15:22,123 INFO", "2026-03-04T10:15:22.123Z", 23, false),
        ("2026-03-04T10:15:22+01:00", "2026-03-04T09:15:22Z", 25, true),
        ("2026-03-04 10:15:22 -0530 x", "2026-03-04T15:45:22Z", 25, true),
        ("2026-03-04 10:15:22 - start", "2026-03-04T10:15:22Z", 19, false),
        ("2026-03-04T10:15:22-0530", "2026-03-04T15:45:22Z", 24, true),
        ("2026-03-04 10:15:22 UTC", "2026-03-04T10:15:22Z", 23, true),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z", 20, true),
        ("2009/01/23 01:23:23.123456 main.go:23: x", "2009-01-23T01:23:23.123456Z", 26, false),
        ("[2026-03-04 10:15:22] local.ERROR: x", "2026-03-04T10:15:22Z", 20, false),
        ("\"2014-06-15 01:04:52\"\tx", "2014-06-15T01:04:52Z", 20, false),
        ("INFO  2026-03-04 10:15:22,123 x", "2026-03-04T10:15:22.123Z", 29, false),
        ("[INFO] 2026-03-04 10:15:22 x", "2026-03-04T10:15:22Z", 26, false),
        ("Main::INFO::2011-12-05 07:04:56,101::x", "2011-12-05T07:04:56.101Z", 35, false),
        ("time=\"2026-03-04T10:15:22Z\" level=info", "2026-03-04T10:15:22Z", 26, true),
        ("ts=2026-03-04T10:15:22.5Z caller=x", "2026-03-04T10:15:22.5Z", 25, true),
        (
            "{\"level\":\"info\",\"ts\":1714564800.25,\"msg\":1}",
            "2024-05-01T12:00:00.25Z",
            34,
            true,
        ),
        ("{\"time\": \"2026-03-04T10:15:22Z\"}", "2026-03-04T10:15:22Z", 30, true),
        ("Oct 11 22:14:15 host su[12]: x", "2026-10-11T22:14:15Z", 15, false),
        ("Apr  7 00:49:42 host x", "2026-04-07T00:49:42Z", 15, false),
        ("<34>Oct 11 22:14:15 host su: x", "2026-10-11T22:14:15Z", 19, false),
        ("<165>1 2003-10-11T22:14:15.003Z host x", "2003-10-11T22:14:15.003Z", 31, true),
        ("Wed Oct 11 14:32:52 2000 x", "2000-10-11T14:32:52Z", 24, false),
        (
            "[Wed Oct 11 14:32:52.123456 2000] [core:error]",
            "2000-10-11T14:32:52.123456Z",
            32,
            false,
        ),
        ("Wed May 19 08:00:01 EST 2021 x", "2021-05-19T08:00:01Z", 28, false),
        ("Thu Apr  5 11:19:01 UTC 2018", "2018-04-05T11:19:01Z", 28, true),
        ("Wed, 19 May 2021 08:00:01 GMT x", "2021-05-19T08:00:01Z", 29, true),
        ("19-May-2021 08:00:01.123 INFO [main]", "2021-05-19T08:00:01.123Z", 24, false),
        ("Oct 11, 2000 2:32:52 PM com.x.Y run", "2000-10-11T14:32:52Z", 23, false),
        ("04.03.2026 10:15:22 x", "2026-03-04T10:15:22Z", 19, false),
        ("E0517 15:04:22.619632 1952 x.cc:253] y", "2026-05-17T15:04:22.619632Z", 21, false),
        ("1714564800.123456 x", "2024-05-01T12:00:00.123456Z", 17, true),
        ("1714564800123 x", "2024-05-01T12:00:00.123Z", 13, true),
        ("1714564800123456 x", "2024-05-01T12:00:00.123456Z", 16, true),
        ("1714564800123456789 x", "2024-05-01T12:00:00.123456789Z", 19, true),
        ("#+1162490366", "2006-11-02T17:59:26Z", 12, true),
        ("@40000000433225833b6e1a8c x", "2005-09-22T03:31:05.997071500Z", 25, true),
        ("08:09:33.814936 execve(1)", "2026-11-21T08:09:33.814936Z", 15, false),
        (
            "192.0.2.1 - - [20/Jul/2009:22:59:26 +0200] \"GET / HTTP/1.0\" 200 1",
            "2009-07-20T20:59:26Z",
            41,
            true,
        ),
        (
            "[pid: 8|app: 0] () {3} [Sun Mar 13 22:49:12 2016] GET /",
            "2016-03-13T22:49:12Z",
            48,
            false,
        ),
    ];
    for (text, time, length, zoned) in cases {
        let time: Timestamp = time.parse().unwrap();
        assert_eq!(read(text), Some((time.to_string(), length, zoned)), "{text}");
    }
}

#[test]
fn what_is_no_time_is_no_stamp() {
    for text in [
        "2026-13-04T10:15:22Z",
        "2026-02-30 10:15:22",
        "2026-03-04",
        "20x6-03-04T10:15:22",
        "May be it works 12:00:00",
        "1714564800 bytes",
        "12345678901 x",
        "12:34:56 elapsed",
        "March 12",
        "Octopus",
        "Wed",
        "[1/20] Building",
        "E0308 mismatched types",
        "INFO 20 files",
        "@4000 x",
        "<",
        "<1",
        "t=",
        "",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_a_stamp_lacks_is_that_of_the_stamp_before() {
    let (mut clock, mut cuts) = (Clock::default(), Cuts::default());
    let assumed = Assumed { date: Some(Date::constant(2024, 12, 31)), seconds_east: 3600 };
    let mut read = |text: &str| {
        clock.instant(&at_start(text).unwrap(), &assumed, &mut cuts).unwrap().to_string()
    };
    assert_eq!(read("Dec 31 23:59:59 h x"), "2024-12-31T22:59:59Z");
    assert_eq!(read("Jan  1 00:00:01 h x"), "2024-12-31T23:00:01Z");
    assert_eq!(read("23:00:00.000 x"), "2025-01-01T22:00:00Z");
    assert_eq!(read("01:00:00.000 x"), "2025-01-02T00:00:00Z");
    assert_eq!((cuts.date_assumed, cuts.zone_assumed), (1, 4));
}

#[test]
fn without_a_date_from_the_caller_the_year_is_plainly_none() {
    let (mut clock, mut cuts) = (Clock::default(), Cuts::default());
    let stamp = at_start("Feb 29 12:00:00 h x").unwrap();
    let instant = clock.instant(&stamp, &Assumed::default(), &mut cuts).unwrap();
    assert_eq!(instant.to_string(), "1970-02-28T12:00:00Z");
    assert_eq!(cuts.date_assumed, 1);
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_it(text in "[\\[\"(<{#@A-Fa-z]?[0-9A-Za-z:./, -]{0,40}\\PC{0,20}") {
        if let Some(stamp) = at_start(&text) {
            proptest::prop_assert!(stamp.length <= text.len());
            Clock::default().instant(&stamp, &Assumed::default(), &mut Cuts::default());
        }
    }
}
