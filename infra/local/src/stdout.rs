//! Standard output, and the end of it when its reader has gone.

use std::cell::Cell;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, StdoutLock, Write};
use std::rc::Rc;

use anyhow::Context;

/// Bytes that are written at once.
const BUFFER: usize = 64 * 1024;

/// Whether a person looks at it.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Standard output for much data. It tells whether writing still makes sense, also where the error
/// itself is kept for later.
pub(crate) struct Bulk {
    out: StdoutLock<'static>,
    broken: Rc<Cell<bool>>,
}

impl Bulk {
    /// The buffered output, and whether it is broken.
    pub(crate) fn open() -> (BufWriter<Self>, Rc<Cell<bool>>) {
        let broken = Rc::new(Cell::new(false));
        let out = Self { out: io::stdout().lock(), broken: Rc::clone(&broken) };
        (BufWriter::with_capacity(BUFFER, out), broken)
    }
}

impl Write for Bulk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        let failed = matches!(&done, Err(error) if error.kind() != ErrorKind::Interrupted);
        self.broken.set(self.broken.get() || failed);
        done
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes all of `bytes`.
pub(crate) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context(CANNOT_WRITE)
}

/// What stands in front of an error of writing.
pub(crate) const CANNOT_WRITE: &str = "cannot write to standard output";

/// Whether `error` only says that the reader of a pipe has gone.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
