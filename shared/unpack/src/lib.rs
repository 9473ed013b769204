//! What an object holds: one log, or a zip of several; plain, gzip or zstd. Told by content, never
//! by name; unpacked piece by piece in flat memory, within [`Limits`], and without opening any file.
//!
//! Input is hostile and storage fails: whatever was packed before a fault comes out, and the log's
//! [`End`] says in words why it is cut. An [`Error`] means that the reader failed, nothing else.
//!
//! ```
//! use logmill_unpack::{Entry, Limits, Object};
//! use std::io::Cursor;
//!
//! # fn main() -> Result<(), logmill_unpack::Error> {
//! let file = Cursor::new("cargo build\n"); // anything that is Read + Seek
//! let mut object = Object::open(file, Limits::default())?;
//! let mut text = Vec::new();
//! while let Some(entry) = object.next_entry()? {
//!     match entry {
//!         Entry::Log(mut log) => {
//!             if let Some(what) = log.binary()? {
//!                 eprintln!("{} is {what}, no log", log.name().unwrap_or("it"));
//!                 continue;
//!             }
//!             let part = log.part().to_owned(); // "" unless it is a member of a zip
//!             let end = log.read_to_end(|piece| text.extend_from_slice(piece))?;
//!             let cut: Option<String> = end.reason(); // for the parser's `finish`
//!             # assert_eq!((part.as_str(), cut), ("", None));
//!         }
//!         Entry::Aside(aside) => eprintln!("{aside}"), // a member that is left out, and why
//!     }
//! }
//! assert_eq!(text, b"cargo build\n");
//! # Ok(())
//! # }
//! ```
//!
//! What cannot seek, a pipe, is read by [`Log::from_stream`]; only a zip must be saved to a file
//! first, which [`Head`] tells without losing a byte:
//!
//! ```
//! use logmill_unpack::{Format, Head, Limits, Log};
//!
//! # fn main() -> Result<(), logmill_unpack::Error> {
//! let mut head = Head::read(std::io::empty())?;
//! if head.format() == Format::Zip {
//!     // std::io::copy(&mut head, &mut file), then Object::open(file, …)
//! }
//! let limits = Limits::default();
//! let mut log = Log::from_stream(head, &limits)?;
//! while let Some(piece) = log.next_piece()? {
//!     assert!(!piece.is_empty());
//! }
//! # Ok(())
//! # }
//! ```

mod binary;
mod decode;
mod end;
mod error;
mod format;
mod limits;
mod log;
mod object;
mod position;
mod source;
mod text;
mod zip;

pub use binary::looks_binary;
pub use end::{Cut, End, Why};
pub use error::{Error, ErrorKind};
pub use format::{Format, sniff};
pub use limits::Limits;
pub use log::{Head, Log};
pub use object::{Aside, AsideReason, Entry, Object};
pub use position::{Mark, Position, Restart};
pub use text::Encoding;
