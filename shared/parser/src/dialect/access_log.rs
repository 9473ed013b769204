//! The access log of a web server in the common or the combined format:
//! `192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326 "http://…" "agent"`
//! (Apache's `mod_log_config`; nginx's default is the combined one).

use logmill_model::{Level, RecordKind};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct AccessLog {}

impl Dialect for AccessLog {
    const NAME: &'static str = "access_log";
    const LITERALS: &'static [&'static str] = &["] \"GET ", "] \"POST ", "] \"PUT ", "] \"DELETE ",
        "] \"HEAD ", "] \"PATCH ", "] \"OPTIONS "];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let Some(request) = request(line.text) else { return };
        report.kind(RecordKind::Log);
        report.field("client", request.client);
        if request.user != "-" {
            report.field("user", request.user);
        }
        report.field("method", request.method);
        report.field("path", request.path);
        report.field("status", request.status);
        report.field("bytes", request.bytes);
        report.draft.level = Some(match request.status.as_bytes()[0] {
            b'5' => Level::Error,
            b'4' => Level::Warn,
            _ => Level::Info,
        });
        // What a server answered is no error of the build that runs it.
        report.claim();
    }
}

struct Request<'a> {
    client: &'a str,
    user: &'a str,
    method: &'a str,
    path: &'a str,
    status: &'a str,
    bytes: &'a str,
}

fn request(text: &str) -> Option<Request<'_>> {
    let (head, rest) = text.split_once(" [")?;
    let (_, rest) = rest.split_once("] \"")?;
    let mut words = head.split(' ');
    let (client, _, user) = (words.next()?, words.next()?, words.next()?);
    let (request, rest) = rest.split_once("\" ")?;
    let (method, target) = request.split_once(' ')?;
    let path = target.split(' ').next()?;
    let mut numbers = rest.split(' ');
    let (status, bytes) = (numbers.next()?, numbers.next()?);
    let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    let is_size = bytes == "-" || bytes.bytes().all(|byte| byte.is_ascii_digit());
    let known = is_status && is_size && words.next().is_none() && !client.is_empty();
    known.then_some(Request { client, user, method, path, status, bytes })
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_request_can_be_found_by_its_client_path_and_status() {
        let seen = read(
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /error HTTP/1.1\" 500 12 \"-\" \"x\"\n\
             192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] \"POST /a?b HTTP/1.1\" 204 -\n",
        );
        let fields = &seen.records[0].fields;
        let values = ["client", "method", "path", "status", "bytes"].map(|name| fields.get(name));
        assert_eq!(values.map(Option::unwrap), ["192.0.2.1", "GET", "/error", "500", "12"]);
        assert_eq!(seen.records[1].fields.get("user"), Some("frank"));
        assert!(read("a [b] \"GET \" c\n").records[0].fields.is_empty());
        assert_eq!(seen.errors.len(), 0);
        let time = seen.records[0].timestamp.unwrap().to_string();
        assert_eq!(time, "2000-10-10T20:55:36Z");
    }
}
