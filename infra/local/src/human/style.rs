//! The looks of a page: few colours, and never colour alone.

use anstyle::{AnsiColor, Style};
use logmill_model::Outcome;

pub(super) const HEADING: Style = Style::new().bold();
pub(super) const NAME: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const BAD_BOLD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const GOOD_BOLD: Style = AnsiColor::Green.on_default().bold();
pub(super) const UNSURE: Style = AnsiColor::Yellow.on_default();
pub(super) const UNSURE_BOLD: Style = AnsiColor::Yellow.on_default().bold();

/// The sign of an outcome and its colour.
pub(super) const fn sign(outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Success => ("✓", GOOD),
        Outcome::Failed => ("✗", BAD_BOLD),
        Outcome::Skipped => ("–", DIM),
        Outcome::Cancelled => ("■", UNSURE),
        Outcome::Unknown => ("·", DIM),
    }
}

/// An outcome as the word at the top of a page.
pub(super) const fn verdict(outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Success => ("✓ PASSED", GOOD_BOLD),
        Outcome::Failed => ("✗ FAILED", BAD_BOLD),
        Outcome::Skipped => ("– SKIPPED", UNSURE_BOLD),
        Outcome::Cancelled => ("■ CANCELLED", UNSURE_BOLD),
        Outcome::Unknown => ("? UNKNOWN", UNSURE_BOLD),
    }
}
