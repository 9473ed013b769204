//! One log: pieces of text out, whatever it was packed with.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use crate::decode::{Decoder, Member, Step};
use crate::limits::Budget;
use crate::source::{Source, read};
use crate::text::{Encoding, Utf16};
use crate::{Cut, End, Error, Format, Limits, Mark, Restart, looks_binary, sniff};

/// Bytes that a piece has at most; UTF-16 may come out half as long again.
const PIECE: usize = 8 * 1024;

/// Bytes by which a format and an encoding are told, and binary data is.
const HEAD: usize = 8 * 1024;

/// The beginning of an input, read ahead to tell its format. It reads like the input itself.
#[derive(Debug)]
pub struct Head<R> {
    bytes: Vec<u8>,
    position: usize,
    rest: R,
}

impl<R: Read> Head<R> {
    /// Reads the first 8 KiB of `reader`.
    ///
    /// # Errors
    /// When `reader` fails.
    pub fn read(mut reader: R) -> Result<Self, Error> {
        let mut bytes = vec![0; HEAD];
        let mut filled = 0;
        while filled < HEAD {
            match read(&mut reader, &mut bytes[filled..])? {
                0 => break,
                more => filled += more,
            }
        }
        bytes.truncate(filled);
        Ok(Self { bytes, position: 0, rest: reader })
    }

    /// The format of the whole input.
    #[must_use]
    pub fn format(&self) -> Format {
        sniff(&self.bytes)
    }

    /// The reader, which stands behind the first 8 KiB.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.rest
    }
}

impl<R: Read + Seek> Head<R> {
    /// Goes to a place in the input, whose beginning is the reader's.
    pub(crate) fn seek(&mut self, to: u64) -> Result<(), Error> {
        let read = self.bytes.len() as u64;
        self.position = usize::try_from(to).map_or(self.bytes.len(), |to| to.min(self.bytes.len()));
        self.rest.seek(SeekFrom::Start(to.max(read))).map_err(Error::Read)?;
        Ok(())
    }
}

impl<R: Read> Read for Head<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let left = &self.bytes[self.position..];
        if left.is_empty() {
            return self.rest.read(to);
        }
        let count = left.len().min(to.len());
        to[..count].copy_from_slice(&left[..count]);
        self.position += count;
        Ok(count)
    }
}

/// One log, decompressed piece by piece in flat memory (0.1 MiB, and the window of a zstd frame).
///
/// [`crate::Object`] makes them; [`Log::from_stream`] makes one of what cannot seek.
pub struct Log<'a> {
    source: Source<'a>,
    decoder: Decoder,
    budget: Budget<'a>,
    format: Format,
    encoding: Option<Encoding>,
    utf16: Utf16,
    /// The decoder's output, and the text of it if that differs.
    raw: Vec<u8>,
    text: Vec<u8>,
    piece: Piece,
    decoded: u64,
    /// Where it begins in its object.
    begins_at: u64,
    /// The last place where a new decoder could begin.
    restart: Restart,
    /// Its beginning was read by another process.
    is_resumed: bool,
    end: Option<End>,
    name: Option<String>,
    part: String,
    remark: Option<String>,
}

/// Where the piece stands that was decoded last.
#[derive(Clone, Copy)]
enum Piece {
    None,
    Raw { begin: usize, end: usize },
    Text,
}

impl<'a> Log<'a> {
    /// The log in what `reader` yields, packed as it may be, but for a zip.
    ///
    /// # Errors
    /// [`Error::ZipFromStream`] for a zip; [`Error::Read`] when `reader` fails.
    pub fn from_stream(reader: impl Read + 'a, limits: &'a Limits) -> Result<Self, Error> {
        let mut source = Source::new(Box::new(reader));
        let format = sniff(source.peek(HEAD)?);
        let decoder = Decoder::of_log(format, limits)?;
        Ok(Self::new(source, decoder, Budget::of_log(limits, 0), format))
    }

    /// The log, in UTF-8, of which `reader` yields what stands behind `restart`.
    pub(crate) fn restarted(
        reader: impl Read + 'a,
        format: Format,
        restart: Restart,
        limits: &'a Limits,
    ) -> Result<Self, Error> {
        let source = Source::behind(restart.packed, Box::new(reader));
        let decoder = Decoder::restarted(format, limits)?;
        let mut log = Self::new(source, decoder, Budget::of_log(limits, restart.unpacked), format);
        log.encoding = Some(Encoding::Utf8);
        log.decoded = restart.unpacked;
        log.restart = restart;
        Ok(log)
    }

    /// The log in a member of a zip.
    pub(crate) fn of_member(
        reader: impl Read + 'a,
        member: Member,
        budget: Budget<'a>,
        name: String,
    ) -> Self {
        let source = Source::new(Box::new(reader));
        let decoder = Decoder::Member(Box::new(member));
        let mut log = Self::new(source, decoder, budget, Format::Zip);
        log.name = Some(name);
        log
    }

    fn new(source: Source<'a>, decoder: Decoder, budget: Budget<'a>, format: Format) -> Self {
        Self {
            source,
            decoder,
            budget,
            format,
            encoding: None,
            utf16: Utf16::default(),
            raw: vec![0; PIECE],
            text: Vec::new(),
            piece: Piece::None,
            decoded: 0,
            begins_at: 0,
            restart: Restart::default(),
            is_resumed: false,
            end: None,
            name: None,
            part: String::new(),
            remark: None,
        }
    }

    pub(crate) fn set_part(&mut self, begins_at: u64, part: String, remark: Option<String>) {
        self.begins_at = begins_at;
        self.part = part;
        self.remark = remark;
    }

    /// What it was packed in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The member's path in its zip; `None` for an object that is one log.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The log's name within its deployment: the member's path without its extension; `""` for an
    /// object that is one log. No two logs of an object have the same.
    #[must_use]
    pub fn part(&self) -> &str {
        &self.part
    }

    /// What people should know about the log beside its text: it shares its name with another.
    #[must_use]
    pub fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// What the log is if it is none: `a PNG image`. Looks at its first 8 KiB, which
    /// [`Log::next_piece`] yields all the same; to be asked before the first piece is taken. A log
    /// that is gone on with was found to be one before.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn binary(&mut self) -> Result<Option<&'static str>, Error> {
        if self.is_resumed {
            return Ok(None);
        }
        self.fill()?;
        Ok(self.current().and_then(looks_binary))
    }

    /// How the log's characters are written, once a piece was asked for.
    #[must_use]
    pub fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// The next piece of the log, up to 12 KiB and never empty; cut anywhere, in lines and
    /// characters too. `None` at the end, of which [`Log::end`] tells more.
    ///
    /// # Errors
    /// When the reader fails. Damaged data is no error.
    pub fn next_piece(&mut self) -> Result<Option<&[u8]>, Error> {
        self.fill()?;
        let piece = std::mem::replace(&mut self.piece, Piece::None);
        Ok(self.bytes(piece))
    }

    /// Where it stands: behind the piece that was taken last.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { unpacked: self.decoded, restart: self.restart }
    }

    /// Goes on to a place where the same log stood before.
    pub(crate) fn skip_to(&mut self, mark: &Mark) -> Result<(), Error> {
        self.is_resumed = mark.unpacked > 0;
        while self.end.is_none() {
            let left = mark.unpacked.saturating_sub(self.decoded);
            if left == 0 {
                break;
            }
            self.fill_up_to(usize::try_from(left).unwrap_or(usize::MAX))?;
            self.piece = Piece::None;
        }
        Ok(())
    }

    /// Hands every piece that is left to `take`; how the log ended.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn read_to_end(&mut self, mut take: impl FnMut(&[u8])) -> Result<End, Error> {
        while let Some(piece) = self.next_piece()? {
            take(piece);
        }
        Ok(self.end.clone().unwrap_or(End::Complete))
    }

    /// How the log ended, once its last piece was decoded.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Bytes of the object, as it is packed, before the place where the log stands, for a progress
    /// bar.
    #[must_use]
    pub fn packed_position(&self) -> u64 {
        self.begins_at + self.source.consumed()
    }

    /// Bytes that were taken from the reader so far.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.source.consumed()
    }

    pub(crate) fn current(&self) -> Option<&[u8]> {
        self.bytes(self.piece)
    }

    fn bytes(&self, piece: Piece) -> Option<&[u8]> {
        match piece {
            Piece::None => None,
            Piece::Raw { begin, end } => Some(&self.raw[begin..end]),
            Piece::Text => Some(&self.text),
        }
    }

    /// Sees to it that a piece is at hand, unless the log has ended.
    pub(crate) fn fill(&mut self) -> Result<(), Error> {
        self.fill_up_to(usize::MAX)
    }

    /// The same with a piece of at most so many unpacked bytes.
    fn fill_up_to(&mut self, most: usize) -> Result<(), Error> {
        while matches!(self.piece, Piece::None) && self.end.is_none() {
            let count = self.decode(most)?;
            let (encoding, begin) = match self.encoding {
                Some(encoding) => (encoding, 0),
                None => Encoding::of(&self.raw[..count]),
            };
            if self.encoding.is_none() {
                self.encoding = Some(encoding);
                self.utf16 = Utf16::new(encoding);
            }
            if encoding == Encoding::Utf8 {
                if begin < count {
                    self.piece = Piece::Raw { begin, end: count };
                }
            } else {
                self.text.clear();
                self.utf16.convert(&self.raw[begin..count], self.end.is_some(), &mut self.text);
                if !self.text.is_empty() {
                    self.piece = Piece::Text;
                }
            }
        }
        Ok(())
    }

    /// Decodes until the buffer is full, `most` bytes came out or the log ends; a plain log comes as
    /// its reader yields it.
    fn decode(&mut self, most: usize) -> Result<usize, Error> {
        let mut filled = 0;
        let room = self.raw.len().min(most);
        while filled < room && self.end.is_none() {
            let step = self.decoder.step(&mut self.source, &mut self.raw[filled..room])?;
            let (count, ended) = match step {
                Step::More(count) => (count, None),
                Step::End(count, why) => (count, Some(why)),
            };
            let (kept, limit) = self.budget.take(count, self.source.consumed());
            filled += kept;
            self.decoded += kept as u64;
            // What UTF-16 was cut in the middle of is not known at a restart.
            if self.encoding == Some(Encoding::Utf8) && self.decoder.can_restart() {
                self.restart = Restart { packed: self.source.consumed(), unpacked: self.decoded };
            }
            let why = limit.map(Some).or(ended);
            self.end = why.map(|why| match why {
                None => End::Complete,
                Some(why) => End::Cut(Cut { why, bytes: self.decoded }),
            });
            if matches!(self.decoder, Decoder::Plain) && filled > 0 {
                break;
            }
        }
        Ok(filled)
    }
}

impl fmt::Debug for Log<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("name", &self.name)
            .field("format", &self.format)
            .field("decoded", &self.decoded)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
