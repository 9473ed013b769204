//! Dead letters: inputs that no retry will mend, kept whole with the reason, and replayable.
//!
//! One letter is one JSON object ([`DeadLetter`]) in the bucket of dead letters, under
//! `{function}/YYYY/MM/DD/{id}.json`. Day and id are computed from the input, never drawn or read
//! from a clock: the same input that fails for the same reason is the same letter, and a repeat
//! raises its count. [`DeadLetters`] keeps them.
//!
//! A letter holds the original, secrets included, for operators only; the reason's message is shown
//! to people, so whoever writes it masks it before.

mod error;
mod letter;
mod store;

pub use error::{Error, ErrorKind};
pub use letter::{DeadLetter, FORMAT, Failure, Header, Input, MOST_INLINE, Place, Reason};
pub use store::{DeadLetters, Entry, Page, Replay};
