//! An object: one log, or a zip of several.

use std::fmt;
use std::io::{Read, Seek};

use crate::zip::Archive;
use crate::{Error, Format, Head, Limits, Log, Mark, Position};

/// What an object holds, one log after another.
pub struct Object<R> {
    state: State<R>,
    limits: Limits,
    /// Entries that were handed out.
    entries: u64,
    /// Where the next entry is gone on with.
    resume: Mark,
}

enum State<R> {
    /// One log, and whether it was handed out.
    Log(Head<R>, bool),
    Archive(Box<Archive<R>>),
}

/// One thing that an object holds.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A log to be read.
    Log(Box<Log<'a>>),
    /// Something that is left out, to be told to people.
    Aside(Aside),
}

impl<R: Read + Seek> Object<R> {
    /// Opens the object in `reader`, which stands at the object's beginning. It seeks in zips only,
    /// from the reader's very beginning.
    ///
    /// # Errors
    /// When `reader` fails.
    pub fn open(reader: R, limits: Limits) -> Result<Self, Error> {
        let head = Head::read(reader)?;
        let state = if head.format() == Format::Zip {
            State::Archive(Box::new(Archive::open(head.into_inner(), &limits)?))
        } else {
            State::Log(head, false)
        };
        Ok(Self { state, limits, entries: 0, resume: Mark::default() })
    }

    /// Opens the same object again to go on where another process stopped: the next entry is the log
    /// that `position` is in, and its next piece the one after those that were taken.
    ///
    /// # Errors
    /// When `reader` fails.
    pub fn resume(reader: R, limits: Limits, position: &Position) -> Result<Self, Error> {
        let mut object = Self::open(reader, limits)?;
        if let State::Archive(archive) = &mut object.state {
            archive.skip(position.entry, position.spent, &object.limits)?;
        }
        object.entries = position.entry;
        object.resume = position.mark;
        Ok(object)
    }

    /// Where the log stands that was handed out last, of which `mark` tells how far it is.
    #[must_use]
    pub fn position(&self, mark: Mark) -> Position {
        let spent = match &self.state {
            State::Log(..) => 0,
            State::Archive(archive) => archive.spent_before(),
        };
        Position { entry: self.entries.saturating_sub(1), mark, spent }
    }

    /// Where the next entry of an archive begins; `None` if it is none, for nothing comes after its
    /// one log.
    #[must_use]
    pub fn next_position(&self) -> Option<Position> {
        match &self.state {
            State::Log(..) => None,
            State::Archive(archive) => Some(Position {
                entry: self.entries,
                mark: Mark::default(),
                spent: archive.spent(),
            }),
        }
    }

    /// The log that was handed out last, once more from its beginning; `None` if it was none.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn again(&mut self) -> Result<Option<Log<'_>>, Error> {
        match &mut self.state {
            State::Log(head, true) => {
                head.seek(0)?;
                Ok(Some(Log::from_stream(head, &self.limits)?))
            }
            State::Log(_, false) => Ok(None),
            State::Archive(archive) => archive.again(&self.limits),
        }
    }

    /// Whether it is a zip.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        matches!(self.state, State::Archive(_))
    }

    /// The next log, or what is left out in its place; `None` at the end. Members of a zip come in
    /// the order of its directory, folders without being mentioned; nor are the logs of the steps of
    /// a GitHub job, `build/2_Run tests.txt`, if the archive has the job's whole log `0_build.txt`.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        let mark = std::mem::take(&mut self.resume);
        self.entries += 1;
        match &mut self.state {
            State::Log(_, true) => Ok(None),
            State::Log(head, done) => {
                *done = true;
                Ok(Some(Entry::Log(Box::new(log_at(head, &mark, &self.limits)?))))
            }
            State::Archive(archive) => archive.next_entry(&mark, &self.limits),
        }
    }
}

/// The log of an object that is one, at a place.
fn log_at<'a, R: Read + Seek>(
    head: &'a mut Head<R>,
    mark: &Mark,
    limits: &'a Limits,
) -> Result<Log<'a>, Error> {
    let mut log = if mark.restart.packed > 0 {
        let format = head.format();
        head.seek(mark.restart.packed)?;
        Log::restarted(head, format, mark.restart, limits)?
    } else {
        Log::from_stream(head, limits)?
    };
    log.skip_to(mark)?;
    Ok(log)
}

impl<R> fmt::Debug for Object<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("is_archive", &matches!(self.state, State::Archive(_)))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A member of a zip that is left out, or something about the zip itself. Displayed, it is a
/// sentence without its full stop, and control characters in names are escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aside {
    /// The member's path as the zip writes it; `None` when the zip itself is meant.
    pub name: Option<String>,
    /// The reason.
    pub why: AsideReason,
}

/// Why a member of a zip was left out, or what is wrong with the zip.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AsideReason {
    /// It needs a password.
    Encrypted,
    /// Its path leads out of a folder that it would be unpacked to, or is none on every system.
    UnsafePath,
    /// Its path is longer than 1,024 bytes.
    LongPath,
    /// It is a link to another file.
    SymbolicLink,
    /// It is packed itself.
    Nested(Format),
    /// It is packed by a method that is not known here, by its number in PKWARE's APPNOTE.TXT.
    Method(u16),
    /// The directory names a place where no member begins.
    NoMember,
    /// Its end cannot be found without the archive's directory.
    NoLength,
    /// The zip holds more members than this limit; the others were left out.
    TooManyMembers(usize),
    /// What the zip's members unpack to exceeds this limit of bytes; the others were left out.
    TooLarge(u64),
    /// The zip's directory, at its end, is missing or wrong; its members were looked for by their
    /// own headers.
    NoDirectory,
    /// The zip's directory breaks off; members behind that were left out.
    DirectoryCut,
}

impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "its member {} was left out: ", name.escape_debug())?,
            None => f.write_str("the zip archive: ")?,
        }
        match &self.why {
            AsideReason::Encrypted => f.write_str("it is encrypted; pack it without a password"),
            AsideReason::UnsafePath => f.write_str("its path is unsafe or not portable"),
            AsideReason::LongPath => f.write_str("its path is longer than 1024 bytes"),
            AsideReason::SymbolicLink => f.write_str("it is a symbolic link"),
            AsideReason::Nested(format) => {
                write!(f, "it is a {format} inside the archive; unpack that first")
            }
            AsideReason::Method(method) => write!(
                f,
                "it is packed by method {method}; pack it by deflate, which every tool knows"
            ),
            AsideReason::NoMember => {
                f.write_str("the archive's directory names a place where it is not")
            }
            AsideReason::NoLength => {
                f.write_str("where it ends is written in the archive's directory, which is missing")
            }
            AsideReason::TooManyMembers(limit) => {
                write!(
                    f,
                    "it holds more than the limit of {limit} members; the others were left out"
                )
            }
            AsideReason::TooLarge(limit) => write!(
                f,
                "it unpacks to more than the limits (of {limit} bytes, for one) allow; the other \
                 members were left out"
            ),
            AsideReason::NoDirectory => f.write_str(
                "its directory, at its end, is missing or damaged, as when a copy was cut; its \
                 members were looked for one by one",
            ),
            AsideReason::DirectoryCut => {
                f.write_str("its directory is damaged; members behind that place were left out")
            }
        }
    }
}
