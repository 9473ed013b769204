//! A log as compilers make it, gzipped as it is made up, the same in every run.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use logmill_parser::{Event, Options, Parser};

/// The bytes of the log in one gzip member: who goes on in the middle unpacks no more than that.
const MEMBER: usize = 8 << 20;
/// How wide the buckets are by which documents are compared.
pub const BUCKET: u64 = 100_000;

/// A log and what the parser makes of it in one go.
#[derive(Debug)]
pub struct Log {
    /// Gzipped.
    pub packed: Vec<u8>,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// What is to be found.
    pub wanted: Wanted,
}

/// The documents of a log.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// Records in each [`BUCKET`] of lines, and the sum of their last lines.
    pub records: Vec<(u64, u64)>,
    /// Single tests.
    pub tests: u64,
    /// Build documents.
    pub builds: u64,
}

impl Wanted {
    /// All documents.
    pub fn documents(&self) -> u64 {
        self.records.iter().map(|(count, _)| count).sum::<u64>() + self.tests + self.builds
    }

    fn count(&mut self, event: &Event<'_>) {
        match event {
            Event::Record(record) => {
                let at = usize::try_from(record.line / BUCKET).expect("it fits");
                if self.records.len() <= at {
                    self.records.resize(at + 1, (0, 0));
                }
                self.records[at].0 += 1;
                self.records[at].1 += record.end_line;
            }
            Event::Test(_) => self.tests += 1,
            Event::Build(_) => self.builds += 1,
            _ => {}
        }
    }
}

/// Makes a log of at least so many bytes, and parses it.
pub fn make(bytes: u64) -> Log {
    let mut log = Log { packed: Vec::new(), bytes: 0, lines: 0, wanted: Wanted::default() };
    let mut parser = Parser::new(Options::default());
    let mut random = fastrand::Rng::with_seed(1);
    let mut now: Timestamp = "2026-03-04T08:00:00Z".parse().expect("it is a time");
    let mut member = Vec::with_capacity(MEMBER + 1024);
    while log.bytes < bytes {
        member.clear();
        while member.len() < MEMBER && log.bytes + (member.len() as u64) < bytes {
            now += SignedDuration::from_micros(random.i64(1..2_000));
            write!(member, "{now:.7} ").expect("memory takes it");
            line(&mut member, log.lines, &mut random);
            log.lines += 1;
        }
        log.bytes += member.len() as u64;
        parser.push(&member, &mut |event: Event<'_>| log.wanted.count(&event));
        let mut encoder = GzEncoder::new(&mut log.packed, Compression::fast());
        encoder.write_all(&member).and_then(|()| encoder.finish().map(drop)).expect("in memory");
    }
    parser.finish(None, &mut |event: Event<'_>| log.wanted.count(&event));
    log
}

/// A line: mostly a compiler's command, with steps, tests, warnings and errors of some lines among
/// them.
fn line(into: &mut Vec<u8>, n: u64, random: &mut fastrand::Rng) {
    let (module, unit) = (n % 811, random.u32(..100_000));
    let written = match n % 1000 {
        0 => writeln!(into, "##[group]Run step {n}"),
        900 => writeln!(into, "##[endgroup]"),
        17 | 401 => writeln!(into, "test cart::case_{n} ... ok"),
        333 => {
            writeln!(into, "src/mod{module}/unit{unit}.c:{}:5: warning: unused variable", n % 977)
        }
        777 => writeln!(into, "ERROR: request {unit} of client {module} took {} ms", n % 9_773),
        778 => writeln!(
            into,
            "    at com.example.shop.Cart{module}.add(Cart{module}.java:{})",
            n % 977
        ),
        _ => writeln!(
            into,
            "[{n}] /usr/bin/c++ -DNDEBUG -DMODULE_{module} -I/work/include -I/work/mod{module} -O2 \
             -std=gnu++20 -Wall -Wextra -MD -MF mod{module}/unit{unit}.cpp.o.d -o \
             mod{module}/unit{unit}.cpp.o -c /work/mod{module}/unit{unit}.cpp"
        ),
    };
    written.expect("memory takes it");
}
