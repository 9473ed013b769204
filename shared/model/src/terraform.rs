//! What a run of Terraform came to.

use serde::{Deserialize, Serialize};

/// What Terraform planned or, where it applied the plan, did.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TerraformRun {
    /// Resources that are created.
    pub add: u64,
    /// Resources that are changed in place.
    pub change: u64,
    /// Resources that are destroyed.
    pub destroy: u64,
    /// Resources that are imported.
    pub import: u64,
    /// Whether the infrastructure stays as it is: nothing is created, changed or destroyed, nor an
    /// output.
    pub no_changes: bool,
    /// Whether the run ended with an error.
    pub error: bool,
    /// The line that states it.
    pub line: u64,
}

impl TerraformRun {
    /// What this run and `other` come to together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            add: self.add.saturating_add(other.add),
            change: self.change.saturating_add(other.change),
            destroy: self.destroy.saturating_add(other.destroy),
            import: self.import.saturating_add(other.import),
            no_changes: self.no_changes && other.no_changes,
            error: self.error || other.error,
            line: self.line,
        }
    }
}
