//! What the command line prints for programs, read back.

use serde_json::Value;

pub use crate::binary::{Run, example, file, folder, run, run_with, start, workspace};

impl Run {
    /// The JSON lines on standard output.
    pub fn documents(&self) -> Vec<Value> {
        documents(&self.stdout)
    }

    /// The build documents on standard output.
    pub fn builds(&self) -> Vec<Value> {
        of_kind(self.documents(), "build")
    }

    /// The only build document.
    pub fn build(&self) -> Value {
        let mut builds = self.builds();
        assert_eq!(builds.len(), 1, "one log has one build: {self:?}");
        builds.remove(0)
    }

    /// The messages of all records.
    pub fn messages(&self) -> Vec<String> {
        let records = of_kind(self.documents(), "record");
        records.iter().map(|record| record["message"].as_str().unwrap().to_owned()).collect()
    }
}

/// The JSON lines of a text.
pub fn documents(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Those documents that are of a kind.
pub fn of_kind(documents: Vec<Value>, kind: &str) -> Vec<Value> {
    documents.into_iter().filter(|document| document["kind"] == kind).collect()
}
