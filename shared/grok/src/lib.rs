//! Lines of known shapes become named fields.
//!
//! A [`Library`] has patterns by name; a [`Grok`] is one of them, or any text made of them, compiled; a
//! [`Function`] reads what patterns read badly. [`Patterns`] is a user's document of both, in order: the
//! first that fits wins. No I/O and no clock; decision 15 says how patterns are matched.
//!
//! ```
//! use logmill_grok::{Patterns, Scratch};
//!
//! let patterns = Patterns::compile(r#"
//!     [[entry]]
//!     name = "order"
//!     match = '^order=%{INT:[order][id]:int} from %{IP:client_ip}$'
//!
//!     [[entry]]
//!     parse = "logfmt"
//! "#).map_err(|faults| faults[0].clone())?;
//! let found = patterns.find_in("order=7 from 192.0.2.1", jiff::Timestamp::UNIX_EPOCH, &mut Scratch::default());
//! let hit = found.hit.map(|hit| (hit.name, hit.value["order"]["id"].clone()));
//! assert_eq!(hit, Some(("order", 7.into())));
//! # Ok::<(), logmill_grok::Fault>(())
//! ```

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
