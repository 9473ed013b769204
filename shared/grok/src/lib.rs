//! Lines of known shapes become named fields.
//!
//! A [`Library`] has patterns by name; a [`Grok`] is one of them, or any text made of them, compiled.
//! No I/O and no clock.

mod document;
mod expression;
mod fault;
pub mod field;
mod functions;
mod grok;
mod library;
mod patterns;

pub use fault::Fault;
pub use field::Field;
pub use functions::Function;
pub use grok::{Grok, Outcome, Scratch};
pub use library::{Library, Naming};
pub use patterns::{Found, Hit, Patterns};
