//! A log of 20 GB (`LOGMILL_HUGE_GB`), made up while it is parsed, into a sink that only hashes what
//! it is told; prints throughput and the peak of memory on the way. `cargo soak huge` runs it.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use logmill_parser::{Options, Parser, ndjson};

/// Bytes of the log in one piece, about.
const PIECE: usize = 64 * 1024;
const GB: u64 = 1_000_000_000;

/// A place to write to that keeps a checksum and a length.
struct Hashing {
    digest: crc::Digest<'static, u32>,
    bytes: u64,
}

static CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines as builds print them, with steps, tests, warnings and errors among them.
fn fill(piece: &mut Vec<u8>, line: &mut u64) -> io::Result<()> {
    piece.clear();
    while piece.len() < PIECE {
        let (n, second) = (*line, *line / 5000);
        write!(
            piece,
            "2026-03-04T{:02}:{:02}:{:02}.",
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        )?;
        write!(piece, "{:07}Z ", n % 5000 * 2000)?;
        match n % 1000 {
            0 => writeln!(piece, "##[group]Run step {n}")?,
            900 => writeln!(piece, "##[endgroup]")?,
            17 | 401 => writeln!(piece, "test cart::case_{n} ... ok")?,
            333 => writeln!(piece, "warning: unused variable: `v{n}`")?,
            777 => writeln!(piece, "ERROR: request {n} took {} ms", n % 977)?,
            _ => writeln!(piece, "   Compiling crate_{} v0.{}.{}", n % 811, n % 13, n % 7)?,
        }
        *line += 1;
    }
    Ok(())
}

/// The most memory that this process had, in kB; none where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn main() -> Result<(), Box<dyn Error>> {
    let size = std::env::var("LOGMILL_HUGE_GB").map_or(Ok(20), |text| text.parse::<u64>())? * GB;
    let mut sink = ndjson::Writer::new(Hashing { digest: CRC.digest(), bytes: 0 });
    let mut parser = Parser::new(Options::default());
    let (mut piece, mut line, mut read, mut told) = (Vec::new(), 0, 0_u64, 0);
    let began = Instant::now();
    while read < size {
        fill(&mut piece, &mut line)?;
        parser.push(&piece, &mut sink);
        read += piece.len() as u64;
        if read / GB >= told + size.div_ceil(10 * GB) || read >= size {
            told = read / GB;
            #[expect(clippy::cast_precision_loss, reason = "for display")]
            let speed = read as f64 / 1e6 / began.elapsed().as_secs_f64();
            let state = parser.checkpoint()?.state.len();
            println!(
                "{told:3} GB, {line} lines: {speed:.0} MB/s, VmHWM {} kB, checkpoint {state} bytes",
                peak().unwrap_or_default()
            );
        }
    }
    parser.finish(None, &mut sink);
    let Hashing { digest, bytes } = sink.finish()?;
    println!("{bytes} bytes of output, CRC-32C {:08x}", digest.finalize());
    Ok(())
}
