//! The inputs that people name: files, pipes and standard input, opened for unpacking.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use logmill_model::Timestamp;
use logmill_unpack::{Cut, Error, ErrorKind as UnpackErrorKind, Format, Head, Limits, Object, Why};

use crate::progress::Progress;

/// One input, as it was named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Input {
    /// `-`
    Stdin,
    /// A path.
    File(PathBuf),
}

impl Input {
    pub(crate) fn new(argument: PathBuf) -> Self {
        if argument.as_os_str() == "-" { Self::Stdin } else { Self::File(argument) }
    }

    /// The name for documents: the path as it was given.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The name for sentences.
    pub(crate) fn spoken(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The last part of the name.
    pub(crate) fn base_name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    /// When it was written last: now, unless it is a file.
    pub(crate) fn written_at(&self) -> Timestamp {
        let modified = match self {
            Self::Stdin => None,
            Self::File(path) => path.metadata().and_then(|metadata| metadata.modified()).ok(),
        };
        modified.and_then(|time| time.try_into().ok()).unwrap_or_else(Timestamp::now)
    }

    /// Opens it; the error is a sentence that says what to do.
    pub(crate) fn open(&self, progress: &mut Progress) -> Result<Object<Source>, String> {
        let (reader, length): (Box<dyn Read>, _) = match self {
            Self::Stdin => (Box::new(io::stdin().lock()), None),
            Self::File(path) => match open_file(path)? {
                (file, Some(length)) => {
                    *progress = Progress::of(&self.base_name(), Some(length));
                    let source = Source { from: From::File(file), progress: progress.clone() };
                    return Object::open(source, Limits::default()).map_err(|e| unreadable(&e));
                }
                (pipe, None) => (Box::new(pipe), None),
            },
        };
        *progress = Progress::of(&self.spoken(), length);
        open_pipe(reader, progress.clone())
    }
}

/// A file, and its length if it is one that can be read from any place.
fn open_file(path: &Path) -> Result<(File, Option<u64>), String> {
    let refused = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => "there is no such file; check the name".to_owned(),
        ErrorKind::PermissionDenied => {
            "you are not allowed to read it; ask its owner, or check the rights of its folders"
                .to_owned()
        }
        _ => format!("it cannot be opened: {error}"),
    };
    let file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if metadata.is_dir() {
        let inside = path.join("*.log");
        return Err(format!("it is a folder; name the logs in it, such as {}", inside.display()));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((file, length))
}

/// Opens what cannot seek. A zip's directory stands at its end, so a zip is first saved to a file,
/// which has no name and vanishes with this process.
fn open_pipe(reader: Box<dyn Read>, progress: Progress) -> Result<Object<Source>, String> {
    let mut head = Head::read(reader).map_err(|error| unreadable(&error))?;
    let from = if head.format() == Format::Zip {
        From::File(save(&mut head).map_err(|error| {
            format!("it is a zip archive, which cannot be saved to a temporary file: {error}")
        })?)
    } else {
        From::Pipe(head)
    };
    Object::open(Source { from, progress }, Limits::default()).map_err(|error| unreadable(&error))
}

fn save(from: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// The bytes of an input as they are stored.
pub(crate) struct Source {
    from: From,
    progress: Progress,
}

enum From {
    File(File),
    /// Anything but a zip, which is never sought in.
    Pipe(Head<Box<dyn Read>>),
}

impl Read for Source {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.from {
            From::File(file) => file.read(to),
            From::Pipe(pipe) => pipe.read(to),
        }?;
        self.progress.read(count);
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.from {
            From::File(file) => file.seek(to),
            From::Pipe(_) => Err(ErrorKind::Unsupported.into()),
        }
    }
}

/// Why reading stopped, as a sentence that says what to do.
pub(crate) fn unreadable(error: &Error) -> String {
    match error.kind() {
        UnpackErrorKind::Read => format!("{error}; try again, or copy it to this machine first"),
        UnpackErrorKind::NeedsSeek | UnpackErrorKind::Memory => error.to_string(),
    }
}

/// Why a log is cut, as a sentence that says what to do.
pub(crate) fn cut(cut: &Cut) -> String {
    match &cut.why {
        Why::Truncated(_) | Why::Damaged(_) | Why::Checksum(_) => {
            format!("{cut}; download or copy it again")
        }
        Why::TooLarge { .. } | Why::TooDense { .. } => {
            format!("{cut}; if you trust it, unpack it yourself and pass it by a pipe")
        }
        Why::Window { .. } | Why::Dictionary | Why::Trailing(_) => cut.to_string(),
    }
}
