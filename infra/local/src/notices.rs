//! What people are told on standard error: errors, warnings, hints.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use crate::human::readable;
use crate::progress::Progress;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Tells people what went wrong, and remembers whether anything was left out.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// A bar that stands where the text must go.
    pub(crate) progress: Progress,
    left_out: bool,
}

impl Notices {
    /// Whether something that was asked for could not be read whole.
    pub(crate) fn left_out(&self) -> bool {
        self.left_out
    }

    /// Something could not be used at all.
    pub(crate) fn error(&mut self, text: &str) {
        self.left_out = true;
        self.print("error: ", ERROR, text);
    }

    /// Something could be used in part.
    pub(crate) fn warning(&mut self, text: &str) {
        self.left_out = true;
        self.remark(text);
    }

    /// Something that people should know; nothing was left out.
    pub(crate) fn remark(&self, text: &str) {
        self.print("warning: ", WARNING, text);
    }

    /// A plain sentence.
    pub(crate) fn tell(&self, text: &str) {
        self.print("", Style::new(), text);
    }

    fn print(&self, word: &str, style: Style, text: &str) {
        let text = readable(text);
        self.progress.aside(|| {
            // Where standard error is closed, there is nobody to be told.
            let _ = writeln!(anstream::stderr(), "{style}{word}{style:#}{text}");
        });
    }
}
