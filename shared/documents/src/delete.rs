//! Deleting: what older versions of a log left behind, and whole logs.

use logmill_query::{Query, to_opensearch};
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry::names;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Request;
use crate::{Documents, Error, ErrorKind, Origin};

#[derive(Deserialize)]
struct Answer {
    deleted: u64,
    #[serde(default)]
    version_conflicts: u64,
    #[serde(default)]
    failures: Vec<Value>,
    #[serde(default)]
    timed_out: bool,
}

impl Documents {
    /// Makes everything written so far visible to searches and deletions, in all kinds and months.
    ///
    /// # Errors
    /// Whatever keeps the engine from doing so.
    pub async fn refresh(&self, deadline: Deadline) -> Result<(), Error> {
        let path = format!("/{}/_refresh?ignore_unavailable=true", self.names.all());
        let request = Request::post("refreshing the indices", path);
        self.send::<Value>(&request, deadline).await.map(drop)
    }

    /// Deletes the documents of a log that other generations than this one, or another version of
    /// the parser, wrote, in all kinds and months, and returns how many. Refreshes before and after,
    /// so that none is missed and none is seen any more.
    ///
    /// # Errors
    /// Where not all of them could be deleted; doing so again is safe.
    pub async fn delete_other_generations(
        &self,
        origin: &Origin,
        deadline: Deadline,
    ) -> Result<u64, Error> {
        let this = Query::all_of([
            Query::is("generation", &origin.generation),
            Query::is("parser_version", &origin.parser_version),
        ]);
        let of_log = of_log(&origin.deployment_key, &origin.part);
        self.delete(&Query::all_of([of_log, Query::Not(Box::new(this))]), deadline).await
    }

    /// Deletes all documents of a log, in all kinds and months, and returns how many.
    ///
    /// # Errors
    /// As [`Self::delete_other_generations`].
    pub async fn delete_part(
        &self,
        deployment_key: &str,
        part: &str,
        deadline: Deadline,
    ) -> Result<u64, Error> {
        self.delete(&of_log(deployment_key, part), deadline).await
    }

    /// Deletes until nothing is left that fulfils the condition: a document that was written
    /// meanwhile makes a conflict, and is seen at the next go.
    async fn delete(&self, query: &Query, deadline: Deadline) -> Result<u64, Error> {
        self.refresh(deadline).await?;
        let options = "conflicts=proceed&refresh=true&ignore_unavailable=true";
        let path = format!("/{}/_delete_by_query?{options}", self.names.all());
        let body = json!({ "query": to_opensearch(query) });
        let request = Request::post("deleting documents", path).json(&body);
        let (mut deleted, mut failed) = (0, 0);
        loop {
            let answer: Answer = self.send(&request, deadline).await?;
            deleted += answer.deleted;
            let left = answer.version_conflicts + answer.failures.len() as u64;
            if left == 0 && !answer.timed_out {
                metrics::counter!(names::DOCUMENTS_DELETED).increment(deleted);
                return Ok(deleted);
            }
            let reason = answer.failures.first().map(|failure| format!(", first: {failure}"));
            let detail = format!("{left} documents are left{}", reason.unwrap_or_default());
            failed += 1;
            self.pause(failed, request.fault(ErrorKind::Throttled, detail), deadline).await?;
            self.refresh(deadline).await?;
        }
    }
}

fn of_log(deployment_key: &str, part: &str) -> Query {
    Query::all_of([Query::is("deployment_key", deployment_key), Query::is("part", part)])
}
