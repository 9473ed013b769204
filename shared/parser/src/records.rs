//! Records: lines with their continuation lines.

use logmill_model::{Fields, Level, Record, RecordKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::append_line;

/// The longest message of a record, in bytes.
pub(crate) const MAX_RECORD: usize = 64 * 1024;

/// What is known of the line at hand before it becomes a record or a part of one.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) kind: RecordKind,
    pub(crate) fields: Fields,
    pub(crate) level: Option<Level>,
    pub(crate) joins: bool,
}

impl Draft {
    /// Begins the next line.
    pub(crate) fn begin(&mut self, level: Option<Level>) {
        self.kind = if level.is_some() { RecordKind::Log } else { RecordKind::Text };
        self.level = level;
        self.joins = false;
        self.fields.clear();
    }
}

/// The record that is still growing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Records {
    /// Kept when it has been told, so that the next one finds its memory.
    record: Record,
    /// Whether it may still grow.
    open: bool,
    /// Whether it has a level or a stamp of its own.
    logged: bool,
    pub(crate) count: u64,
    pub(crate) split: u64,
}

impl Default for Records {
    fn default() -> Self {
        let record = Record {
            line: 0,
            end_line: 0,
            timestamp: None,
            level: None,
            kind: RecordKind::Text,
            step: None,
            message: String::new(),
            template_id: None,
            fields: Fields::default(),
        };
        Self { record, open: false, logged: false, count: 0, split: 0 }
    }
}

/// A line that becomes a record or a part of one.
pub(crate) struct RecordLine<'a> {
    pub(crate) number: u64,
    pub(crate) text: &'a str,
    pub(crate) stamp: Option<Timestamp>,
    pub(crate) own_stamp: bool,
    /// Whether it goes on with the line before, with no line end between them.
    pub(crate) glued: bool,
    pub(crate) step: Option<u32>,
}

impl Records {
    /// Whether the open record is an application's log event.
    pub(crate) fn is_logged(&self) -> bool {
        self.logged && self.open
    }

    /// Takes a line: it goes on with the open record, or ends it through `told` and begins another.
    pub(crate) fn line(
        &mut self,
        line: &RecordLine<'_>,
        draft: &mut Draft,
        told: impl FnMut(&Record),
    ) {
        if draft.joins && self.open {
            if self.append(line) {
                self.record.kind = self.record.kind.max(draft.kind);
                for (name, value) in draft.fields.drain() {
                    self.record.fields.insert(name, value);
                }
                return;
            }
            self.split += 1;
        }
        self.finish(told);
        self.open = true;
        self.logged = line.own_stamp || draft.level.is_some();
        let record = &mut self.record;
        record.line = line.number;
        record.end_line = line.number;
        record.timestamp = line.stamp;
        record.level = draft.level;
        record.kind = draft.kind;
        record.step = line.step;
        record.message.clear();
        record.message.push_str(line.text);
        std::mem::swap(&mut record.fields, &mut draft.fields);
    }

    /// Appends the line if all of it finds room.
    fn append(&mut self, line: &RecordLine<'_>) -> bool {
        let fits = self.record.message.len() + 1 + line.text.len() <= MAX_RECORD;
        if fits && line.glued {
            self.record.message.push_str(line.text);
            self.record.end_line = line.number;
        } else if fits {
            append_line(&mut self.record.message, line.text, MAX_RECORD);
            self.record.end_line = line.number;
        }
        fits
    }

    /// Ends the open record.
    pub(crate) fn finish(&mut self, mut told: impl FnMut(&Record)) {
        if std::mem::take(&mut self.open) {
            self.count += 1;
            told(&self.record);
        }
    }
}
