//! The decoders: packed bytes from a source in, bytes of the log out. What could be unpacked before
//! a fault comes out, but for the last 16 KiB before damage in a zstd stream.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as RawZstd, InBuffer, Operation, OutBuffer};

use crate::end::Why;
use crate::format::is_zstd_frame;
use crate::source::Source;
use crate::{Error, Format, Limits};

/// One step of a decoder.
pub(crate) enum Step {
    /// So many bytes came out; there may be more.
    More(usize),
    /// So many bytes came out, the last ones; why, unless all is well.
    End(usize, Option<Why>),
}

pub(crate) enum Decoder {
    Plain,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
    Member(Box<Member>),
}

impl Decoder {
    /// The decoder of a log by itself.
    pub(crate) fn of_log(format: Format, limits: &Limits) -> Result<Self, Error> {
        Ok(match format {
            Format::Plain => Self::Plain,
            Format::Gzip => Self::Gzip(Box::new(Gzip::new())),
            Format::Zstd => Self::Zstd(Box::new(Zstd::new(Format::Zstd, limits)?)),
            Format::Zip => return Err(Error::ZipFromStream),
        })
    }

    /// The decoder of a log by itself, from a place where [`Decoder::can_restart`] was true.
    pub(crate) fn restarted(format: Format, limits: &Limits) -> Result<Self, Error> {
        let mut decoder = Self::of_log(format, limits)?;
        if let Self::Gzip(gzip) = &mut decoder {
            gzip.first = false;
        }
        Ok(decoder)
    }

    /// Whether a new decoder could take over here.
    pub(crate) fn can_restart(&self) -> bool {
        match self {
            Self::Plain => true,
            Self::Gzip(gzip) => matches!(gzip.place, Place::Header),
            Self::Zstd(zstd) => !zstd.inside,
            Self::Member(_) => false,
        }
    }

    pub(crate) fn step(&mut self, source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
        match self {
            Self::Plain => stored(source, out),
            Self::Gzip(gzip) => gzip.step(source, out),
            Self::Zstd(zstd) => zstd.step(source, out),
            Self::Member(member) => member.step(source, out),
        }
    }
}

fn stored(source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
    Ok(match source.copy_some(out)? {
        0 => Step::End(0, None),
        count => Step::More(count),
    })
}

/// A raw deflate stream (RFC 1951).
pub(crate) struct Inflate {
    raw: Decompress,
    format: Format,
}

impl Inflate {
    fn new(format: Format) -> Self {
        Self { raw: Decompress::new(false), format }
    }

    fn step(&mut self, source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
        let mut written = 0;
        loop {
            let input = source.fill()?;
            let at_end = input.is_empty();
            let (seen, made) = (self.raw.total_in(), self.raw.total_out());
            let status = self.raw.decompress(input, &mut out[written..], FlushDecompress::None);
            let consumed = difference(self.raw.total_in(), seen);
            let more = difference(self.raw.total_out(), made);
            source.consume(consumed);
            written += more;
            match status {
                Ok(Status::StreamEnd) => return Ok(Step::End(written, None)),
                Err(_) => return Ok(Step::End(written, Some(Why::Damaged(self.format)))),
                Ok(_) if written == out.len() => return Ok(Step::More(written)),
                Ok(_) if at_end && more == 0 => {
                    return Ok(Step::End(written, Some(Why::Truncated(self.format))));
                }
                // Neither progress nor a wish for input or room: it would go round for ever.
                Ok(_) if consumed == 0 && more == 0 => {
                    return Ok(Step::End(written, Some(Why::Damaged(self.format))));
                }
                Ok(_) => {}
            }
        }
    }
}

/// How far a counter of one call moved; it cannot exceed the buffers of the call.
fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now - before).unwrap_or(usize::MAX)
}

/// A gzip stream of any number of members (RFC 1952).
pub(crate) struct Gzip {
    inflate: Inflate,
    crc: Crc,
    place: Place,
    first: bool,
}

#[derive(Clone, Copy)]
enum Place {
    Header,
    Body,
    Trailer,
}

impl Gzip {
    fn new() -> Self {
        let inflate = Inflate::new(Format::Gzip);
        Self { inflate, crc: Crc::new(), place: Place::Header, first: true }
    }

    fn step(&mut self, source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
        let end = |why| Ok(Step::End(0, Some(why)));
        match self.place {
            Place::Header => {
                if !self.first {
                    match boundary(source)? {
                        Boundary::Member => {}
                        Boundary::End => return Ok(Step::End(0, None)),
                        Boundary::Other => return end(Why::Trailing(Format::Gzip)),
                    }
                }
                if let Some(why) = gzip_header(source)? {
                    return end(why);
                }
                self.first = false;
                self.inflate.raw.reset(false);
                self.crc.reset();
                self.place = Place::Body;
                Ok(Step::More(0))
            }
            Place::Body => Ok(match self.inflate.step(source, out)? {
                Step::End(count, None) => {
                    self.crc.update(&out[..count]);
                    self.place = Place::Trailer;
                    Step::More(count)
                }
                Step::More(count) => {
                    self.crc.update(&out[..count]);
                    Step::More(count)
                }
                end => end,
            }),
            Place::Trailer => {
                let mut trailer = [0; 8];
                if !source.copy(&mut trailer)? {
                    return end(Why::Truncated(Format::Gzip));
                }
                // The length is kept modulo 2^32.
                let [a, b, c, d, e, f, g, h] = trailer;
                let length = self.inflate.raw.total_out() & u64::from(u32::MAX);
                if u32::from_le_bytes([a, b, c, d]) != self.crc.sum()
                    || u64::from(u32::from_le_bytes([e, f, g, h])) != length
                {
                    return end(Why::Checksum(Format::Gzip));
                }
                self.place = Place::Header;
                Ok(Step::More(0))
            }
        }
    }
}

/// What follows a member; zeros are padding (tapes, block devices).
fn boundary(source: &mut Source<'_>) -> Result<Boundary, Error> {
    loop {
        let data = source.peek(2)?;
        match data {
            [] => return Ok(Boundary::End),
            [0x1f, 0x8b, ..] | [0x1f] => return Ok(Boundary::Member),
            [0, ..] => {
                let zeros = data.iter().take_while(|&&byte| byte == 0).count();
                source.consume(zeros);
            }
            _ => return Ok(Boundary::Other),
        }
    }
}

enum Boundary {
    Member,
    End,
    Other,
}

/// Reads the header of a gzip member; what is wrong with it, if anything.
fn gzip_header(source: &mut Source<'_>) -> Result<Option<Why>, Error> {
    let truncated = Ok(Some(Why::Truncated(Format::Gzip)));
    let mut fixed = [0; 10];
    if !source.copy(&mut fixed)? {
        return truncated;
    }
    let [0x1f, 0x8b, 8, flags, ..] = fixed else {
        return Ok(Some(Why::Damaged(Format::Gzip)));
    };
    if flags & 0xe0 != 0 {
        return Ok(Some(Why::Damaged(Format::Gzip)));
    }
    if flags & 4 != 0 {
        let mut length = [0; 2];
        if !source.copy(&mut length)? {
            return truncated;
        }
        let mut extra = vec![0; usize::from(u16::from_le_bytes(length))];
        if !source.copy(&mut extra)? {
            return truncated;
        }
    }
    // The name and the comment, each up to a NUL.
    for flag in [8, 16] {
        let mut open = flags & flag != 0;
        while open {
            let data = source.fill()?;
            if data.is_empty() {
                return truncated;
            }
            let nul = data.iter().position(|&byte| byte == 0);
            let count = nul.map_or(data.len(), |at| at + 1);
            source.consume(count);
            open = nul.is_none();
        }
    }
    if flags & 2 != 0 && !source.copy(&mut [0; 2])? {
        return truncated;
    }
    Ok(None)
}

/// Zstd frames (RFC 8878), data and skippable ones.
pub(crate) struct Zstd {
    raw: RawZstd<'static>,
    format: Format,
    window: u64,
    inside: bool,
}

impl Zstd {
    /// Bytes that one call may write: a call that meets a fault takes its output with it.
    const CALL: usize = 16 * 1024;

    fn new(format: Format, limits: &Limits) -> Result<Self, Error> {
        let mut raw = RawZstd::new().map_err(Error::Memory)?;
        // What the format allows is 10 to 31.
        let log = limits.max_zstd_window_log.clamp(10, 31);
        raw.set_parameter(DParameter::WindowLogMax(log)).map_err(Error::Memory)?;
        Ok(Self { raw, format, window: 1 << log, inside: false })
    }

    fn step(&mut self, source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
        let end = |why| Ok(Step::End(0, Some(why)));
        let room = out.len().min(Self::CALL);
        let input = source.peek(if self.inside { 1 } else { 4 })?;
        if !self.inside {
            if input.is_empty() {
                return Ok(Step::End(0, None));
            }
            if input.len() < 4 && input != &[0; 3][..input.len()] {
                return end(Why::Truncated(self.format));
            }
            if !is_zstd_frame(input) {
                return rest_is_zero(source, self.format);
            }
        }
        let at_end = input.is_empty();
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(&mut out[..room]);
        let hint = match self.raw.run(&mut from, &mut to) {
            Ok(hint) => hint,
            Err(error) => return end(self.fault(&error.to_string())),
        };
        let (consumed, written) = (from.pos(), to.pos());
        source.consume(consumed);
        self.inside = hint != 0;
        if at_end && written == 0 && self.inside {
            return end(Why::Truncated(self.format));
        }
        if consumed == 0 && written == 0 && !at_end {
            return end(Why::Damaged(self.format));
        }
        Ok(Step::More(written))
    }

    /// What a message of the library means.
    fn fault(&self, message: &str) -> Why {
        let message = message.to_ascii_lowercase();
        if message.contains("memory") || message.contains("window") {
            Why::Window { limit: self.window }
        } else if message.contains("dictionary") {
            Why::Dictionary
        } else if message.contains("checksum") {
            Why::Checksum(self.format)
        } else {
            Why::Damaged(self.format)
        }
    }
}

/// The end of a stream, with or without other data behind it.
fn rest_is_zero(source: &mut Source<'_>, format: Format) -> Result<Step, Error> {
    loop {
        let data = source.fill()?;
        let count = data.len();
        if count == 0 {
            return Ok(Step::End(0, None));
        }
        if data.iter().any(|&byte| byte != 0) {
            return Ok(Step::End(0, Some(Why::Trailing(format))));
        }
        source.consume(count);
    }
}

/// A member of a zip archive: its method, and the checksum and length that must come out.
pub(crate) struct Member {
    method: Method,
    crc: Crc,
    length: u64,
    expected: Option<(u32, u64)>,
}

enum Method {
    Stored,
    Deflate(Inflate),
    Zstd(Zstd),
}

impl Member {
    /// Whether there is a decoder for the compression method of this number.
    pub(crate) fn is_known(method: u16) -> bool {
        matches!(method, 0 | 8 | 93)
    }

    /// A decoder for the compression method of this number; `None` if there is none. `expected`:
    /// the checksum and the length, if they are known.
    pub(crate) fn new(
        method: u16,
        expected: Option<(u32, u64)>,
        limits: &Limits,
    ) -> Result<Option<Self>, Error> {
        let method = match method {
            0 => Method::Stored,
            8 => Method::Deflate(Inflate::new(Format::Zip)),
            93 => Method::Zstd(Zstd::new(Format::Zip, limits)?),
            _ => return Ok(None),
        };
        Ok(Some(Self { method, crc: Crc::new(), length: 0, expected }))
    }

    fn step(&mut self, source: &mut Source<'_>, out: &mut [u8]) -> Result<Step, Error> {
        let empty = self.length == 0 && matches!(self.expected, Some((_, 0)));
        if empty && source.fill()?.is_empty() {
            return Ok(Step::End(0, None));
        }
        let step = match &mut self.method {
            Method::Stored => stored(source, out)?,
            Method::Deflate(inflate) => inflate.step(source, out)?,
            Method::Zstd(zstd) => zstd.step(source, out)?,
        };
        let (Step::More(count) | Step::End(count, _)) = step;
        self.crc.update(&out[..count]);
        self.length += count as u64;
        Ok(match (step, self.expected) {
            (Step::End(count, None), Some((_, length))) if self.length < length => {
                Step::End(count, Some(Why::Truncated(Format::Zip)))
            }
            (Step::End(count, None), Some((crc, length)))
                if self.length != length || self.crc.sum() != crc =>
            {
                Step::End(count, Some(Why::Checksum(Format::Zip)))
            }
            (step, _) => step,
        })
    }
}
