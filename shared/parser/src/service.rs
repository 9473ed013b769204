//! Whether the log is a service's own, whose every record begins with a stamp: then a line without
//! one goes on with the record before, whatever it holds.

use serde::{Deserialize, Serialize};

/// How many lines without a stamp may follow one another before the log counts as another kind.
const MAX_RUN: u32 = 100;

/// Follows the stamps from line to line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Service {
    /// Whether a line with text was seen.
    begun: bool,
    /// Whether the log is a service's, as far as it was seen.
    is_service: bool,
    /// Lines since the last stamp.
    run: u32,
}

impl Service {
    /// Whether a line goes on with the record before it. `is_stamped` says that it has a stamp of
    /// its own, not a CI system's.
    pub(crate) fn joins(&mut self, text: &str, is_stamped: bool) -> bool {
        if !self.begun && !text.trim().is_empty() {
            (self.begun, self.is_service) = (true, is_stamped);
        }
        self.run = if is_stamped { 0 } else { self.run.saturating_add(1) };
        self.is_service &= self.run <= MAX_RUN;
        self.is_service && !is_stamped
    }
}

#[cfg(test)]
mod tests {
    use super::Service;

    #[test]
    fn lines_without_a_stamp_belong_to_a_service_s_record_but_not_to_a_tool_s() {
        let mut service = Service::default();
        assert!(!service.joins("2026-03-04 10:15:22 ERROR x", true));
        assert!(service.joins("[stacktrace]", false) && service.joins("", false));
        assert!(!service.joins("2026-03-04 10:15:23 INFO x", true));

        let mut tool = Service::default();
        assert!(!tool.joins("make", false));
        assert!(!tool.joins("2026-03-04 10:15:22 x", true));
        assert!(!tool.joins("gcc", false));
    }

    #[test]
    fn a_stamp_in_the_first_line_makes_no_record_of_the_whole_log() {
        let mut service = Service::default();
        assert!(!service.joins("2026-03-04 10:15:22 begin", true));
        let joined = (0..1000).filter(|_| service.joins("output", false)).count();
        assert_eq!(joined, 100);
    }
}
