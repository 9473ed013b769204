//! How fast Logmill reads a gzipped CI log, next to a plain pipeline that reads the same log.
//!
//! `cargo bench -p logmill-parser` makes a log of 100 MB (see `input`) and runs this program anew for
//! every measurement, so that CPU time and peak memory are those of a whole process. The ways to read
//! the log take turns, and the table has medians over the rounds. Without `--bench`, as under
//! `cargo test --benches`, or with `--test` each way is only tried on a small log.
//!
//! `throughput --measure WAY FILE.gz` reads any log in one way and prints CPU nanoseconds, peak KiB
//! and bytes.
#![allow(clippy::print_stdout, reason = "a bench tells its results on the terminal")]

mod input;
mod plain;

use std::cell::Cell;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::MultiGzDecoder;
use logmill_model::mask::Policy;
use logmill_parser::{Options, Parser, ndjson};
use rustix::time::{ClockId, clock_gettime};

/// Bytes of the log that is measured, and of the one that is only tried.
const SIZE: u64 = 100_000_000;
const SMALL_SIZE: u64 = 1_000_000;
/// How often every way is measured.
const ROUNDS: usize = 7;
/// Bytes of the buffers behind gzip and in front of the output, for all ways alike.
const BUFFER: usize = 128 * 1024;

/// A way to read the log.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Inflate,
    Split,
    Plain,
    Logmill,
    Unmasked,
}

impl Way {
    const ALL: [Self; 5] = [Self::Inflate, Self::Split, Self::Plain, Self::Logmill, Self::Unmasked];

    /// The name on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::Inflate => "inflate",
            Self::Split => "split",
            Self::Plain => "plain",
            Self::Logmill => "logmill",
            Self::Unmasked => "unmasked",
        }
    }

    /// The name in the table.
    const fn title(self) -> &'static str {
        match self {
            Self::Inflate => "inflate only",
            Self::Split => "inflate, split into lines",
            Self::Plain => "plain pipeline",
            Self::Logmill => "Logmill",
            Self::Unmasked => "Logmill, masking off",
        }
    }

    /// Reads the log at `path`, throws the output away and tells how many bytes the log has.
    fn run(self, path: &Path) -> Result<u64, Box<dyn Error>> {
        let bytes = Cell::new(0);
        let mut input = Counted { inner: MultiGzDecoder::new(File::open(path)?), bytes: &bytes };
        let out = || -> Result<_, Box<dyn Error>> {
            let null = File::options().write(true).open("/dev/null")?;
            Ok(BufWriter::with_capacity(BUFFER, null))
        };
        match self {
            Self::Inflate => pieces(&mut input, |_| {})?,
            Self::Split => {
                let mut input = BufReader::with_capacity(BUFFER, input);
                let mut line = Vec::new();
                while input.read_until(b'\n', &mut line)? > 0 {
                    line.clear();
                }
            }
            Self::Plain => plain::run(BufReader::with_capacity(BUFFER, input), out()?)?,
            Self::Logmill | Self::Unmasked => {
                let masked = self == Self::Logmill;
                let masking = if masked { Policy::all() } else { Policy::none() };
                let mut parser = Parser::new(Options { masking, ..Options::default() });
                let mut writer = ndjson::Writer::new(out()?);
                pieces(&mut input, |piece| parser.push(piece, &mut writer))?;
                parser.finish(None, &mut writer);
                writer.finish()?;
            }
        }
        Ok(bytes.get())
    }
}

/// Hands what `input` has to `each`, piece by piece.
fn pieces(input: &mut impl Read, mut each: impl FnMut(&[u8])) -> Result<(), Box<dyn Error>> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(()),
            length => each(&buffer[..length]),
        }
    }
}

/// Counts the bytes that are read.
struct Counted<'a, R> {
    inner: R,
    bytes: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + length as u64);
        Ok(length)
    }
}

/// What a process took.
#[derive(Clone, Copy)]
struct Cost {
    /// User and system time.
    cpu_s: f64,
    peak_mib: f64,
    /// Bytes of the log.
    bytes: u64,
}

impl Cost {
    /// Reads the log in a process of its own.
    fn of(way: Way, log: &Path) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--measure").arg(way.name()).arg(log).stderr(Stdio::inherit());
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", way.title(), output.status).into());
        }
        let text = String::from_utf8(output.stdout)?;
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            [cpu_ns, peak_kib, bytes] => Ok(Self {
                cpu_s: cpu_ns.parse::<f64>()? / 1e9,
                peak_mib: peak_kib.parse::<f64>()? / 1024.0,
                bytes: bytes.parse()?,
            }),
            _ => Err(format!("{}: printed {text:?}", way.title()).into()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, log] = &arguments[..]
        && flag == "--measure"
    {
        return measure(name, Path::new(log));
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        return Ok(());
    }
    let measured = has("--bench") && !has("--test");
    let (size, rounds) = if measured { (SIZE, ROUNDS) } else { (SMALL_SIZE, 1) };
    let log = Temporary::new();
    let bytes = input::write(&log.0, size)?;
    let costs = rounds_of(&log.0, rounds, bytes)?;
    if measured {
        let gzipped = fs::metadata(&log.0)?.len();
        println!("cargo bench -p logmill-parser");
        println!(
            "{:.1} MB of CI log, {:.1} MB gzipped; CPU time of whole processes, medians of {rounds} rounds\n",
            bytes as f64 / 1e6,
            gzipped as f64 / 1e6,
        );
        print_table(&costs);
    } else {
        println!("every way reads a log of {bytes} bytes to its end");
    }
    Ok(())
}

/// Reads `log` in one way and tells what this process took for it.
fn measure(name: &str, log: &Path) -> Result<(), Box<dyn Error>> {
    let way = Way::ALL.into_iter().find(|way| way.name() == name).ok_or("no such way")?;
    let bytes = way.run(log)?;
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next()).ok_or("no VmHWM")?;
    println!("{} {peak} {bytes}", i128::from(cpu.tv_sec) * 1_000_000_000 + i128::from(cpu.tv_nsec));
    Ok(())
}

/// What each way of [`Way::ALL`] cost in each round. Every second round goes the other way round,
/// so that a machine that slows down over time is fair to all.
fn rounds_of(log: &Path, rounds: usize, bytes: u64) -> Result<Vec<[Cost; 5]>, Box<dyn Error>> {
    let mut costs = vec![[Cost { cpu_s: 0.0, peak_mib: 0.0, bytes }; 5]; rounds];
    for (round, costs) in costs.iter_mut().enumerate() {
        let mut turns: Vec<_> = Way::ALL.into_iter().zip(costs).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (way, cost) in turns {
            *cost = Cost::of(way, log)?;
            if cost.bytes != bytes {
                return Err(format!("{} read {} of {bytes} bytes", way.title(), cost.bytes).into());
            }
        }
    }
    Ok(costs)
}

/// Prints the medians; a way's speed is compared with that of the plain pipeline in the same round.
fn print_table(costs: &[[Cost; 5]]) {
    let plain = Way::ALL.iter().position(|way| *way == Way::Plain).unwrap_or_default();
    println!("| way | MB/s | CPU s | times plain | peak MiB |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (at, way) in Way::ALL.into_iter().enumerate() {
        let of = |value: &dyn Fn(&[Cost; 5]) -> f64| median(costs.iter().map(value).collect());
        println!(
            "| {} | {:.0} | {:.3} | {:.2} | {:.1} |",
            way.title(),
            of(&|round| round[at].bytes as f64 / 1e6 / round[at].cpu_s),
            of(&|round| round[at].cpu_s),
            of(&|round| round[plain].cpu_s / round[at].cpu_s),
            of(&|round| round[at].peak_mib),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        values[middle - 1..=middle].iter().sum::<f64>() / 2.0
    }
}

/// A file in the target folder that is removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let name = format!("throughput-{}.log.gz", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Without the file there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}
