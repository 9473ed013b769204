//! The function that lets people search and read: pages over builds, their logs and errors, and the
//! same data as JSON.
//!
//! | address | page |
//! |---|---|
//! | `/?status=&application=&after=` | builds, newest first |
//! | `/builds/{key}?part=` | one build: why it failed, errors, tests, steps |
//! | `/builds/{key}/log?part=&from=` | its log, 500 lines a page, each with an anchor `#L123` |
//! | `/builds/{key}/log?part=&line=` | goes to that line |
//! | `/search?q=&from=&to=&size=&after=` | records by the query language; `from` and `to` are times |
//! | `/healthz` | `ok` as long as the process answers; asks no store |
//! | `/api/…` | the same as JSON, see [`view`] |
//!
//! Pages hold no script and load nothing from elsewhere. Text of a log is always escaped.

pub mod document;
pub mod fault;
mod http;
pub mod link;
pub mod page;
mod read;
pub mod text;
pub mod view;

pub use http::{Ports, router};
