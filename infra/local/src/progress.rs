//! The bar on a terminal that says how much of a large input has been read.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Inputs below this are read before anyone wonders, in bytes.
const WORTH_A_BAR: u64 = 20_000_000;

/// Shows how far the reading of one input has come, in bytes as they are stored. Clones are the same
/// bar.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Whether a bar may be drawn at all.
    wanted: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden(), wanted: false }
    }
}

impl Progress {
    /// Makes ready for an input of `length` bytes, where that is known.
    pub(crate) fn of(name: &str, length: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let template = match length {
            Some(_) => "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}, {eta} left",
            None => "{msg} {spinner} {decimal_bytes}, {decimal_bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_message(name.to_owned());
        let wanted = io::stderr().is_terminal() && length.is_none_or(|length| length > WORTH_A_BAR);
        Self { bar, wanted }
    }

    /// Counts bytes that were read.
    pub(crate) fn read(&self, bytes: usize) {
        if !self.wanted {
            return;
        }
        self.bar.inc(bytes as u64);
        let known = self.bar.length().is_some();
        if self.bar.is_hidden() && (known || self.bar.position() > WORTH_A_BAR) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            self.bar.enable_steady_tick(Duration::from_millis(250));
        }
    }

    /// Prints something else while the bar is out of the way.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
