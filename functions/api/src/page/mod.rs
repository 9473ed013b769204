//! Pages: data in, markup out. No I/O, no clock; everything that comes from a log is escaped and
//! without characters that turn the reading direction.

mod build;
mod list;
mod log;
mod parts;
mod search;
mod steps;

use maud::{DOCTYPE, Markup, html};

pub use build::{build, deployment};
pub use list::{ListFilter, list};
pub use log::log;
pub use search::{SearchForm, found, misread, search_help};

use crate::fault::Fault;
use crate::text::readable;

/// The page around `main`. `query` stands in the search field.
fn layout(title: &str, query: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (readable(title)) " · Logmill" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    nav aria-label="Main" {
                        a.brand href="/" { "Logmill" }
                        a href="/" { "Builds" }
                        a href="/search" { "Search" }
                    }
                    @if query != NO_SEARCH {
                        form.quick role="search" action="/search" method="get" {
                            input type="search" name="q" value=(query) maxlength="4096"
                                aria-label="Search the lines of all logs"
                                placeholder="Search all logs: level>=ERROR timeout" autocomplete="off"
                                autocapitalize="off" spellcheck="false";
                            button type="submit" { "Search" }
                        }
                    }
                }
                main id="main" { (main) }
            }
        }
    }
}

/// In place of a query, for pages that have a search form of their own.
const NO_SEARCH: &str = "\0";

/// The page that says why there is none.
#[must_use]
pub fn fault(fault: &Fault) -> Markup {
    let main = html! {
        h1 { (fault.title) }
        div.alert role="alert" {
            p { (readable(&fault.text.message)) }
            @if let Some(advice) = &fault.text.advice { p.advice { (readable(advice)) } }
        }
        p { a href="/" { "All builds" } }
    };
    layout(fault.title, "", &main)
}
