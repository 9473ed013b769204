//! Documents in OpenSearch: templates, bounded bulk writes, deletion of older generations, search.
//!
//! Any endpoint that speaks OpenSearch's REST will do; [`conformance`] says whether one does. All ids
//! and index names are computed from what a document is about, so whatever is written twice is there
//! once. Every call takes a deadline, tries again what can be mended inside it, and then says by
//! [`logmill_runtime::retry::Retryable`] whether a later try can help.

pub mod aggs;
mod body;
mod bulk;
mod client;
pub mod conformance;
mod connect;
mod delete;
mod error;
mod lifecycle;
mod migrate;
mod names;
mod pace;
mod search;
mod server;
mod service;
mod template;
mod write;

pub use body::{BuildParts, ListCuts, MAX_ERRORS, MAX_FAILURES, MAX_STEPS, MAX_TEXT, Origin};
pub use bulk::{Bulk, BulkLimits, BulkWriter};
pub use client::Documents;
pub use connect::{Endpoint, SettingsError, Signing};
pub use error::{Error, ErrorKind};
pub use lifecycle::{Lifecycle, PolicyAction};
pub use migrate::{Action, Plan, Step};
pub use names::{Kind, Month, Names, TimeFault, place};
pub use search::{Cursor, Hit, MAX_PAGE, Page, Search, Sort, Total};
pub use server::{Distribution, Server};
pub use service::{Geo, Location, ServiceRecord};
pub use write::{Rejected, Written};
