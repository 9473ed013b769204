//! The policy by which the engine lets months grow cold: hot, warm, cold. Deletion is not its part.

use std::fmt;

use logmill_runtime::retry::Deadline;
use serde_json::{Value, json};

use crate::client::Request;
use crate::server::Distribution;
use crate::{Documents, Error, ErrorKind, Kind};

/// What index state management is told, for indices of the usual names.
const POLICY: &str = include_str!("../../../infra/aws/search/lifecycle.json");

/// What a migration would do with the policy of index state management.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// The policy's name.
    pub name: String,
    /// What is to be done.
    pub action: PolicyAction,
    body: Value,
}

/// What is to be done with the policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PolicyAction {
    /// It is not there.
    Create,
    /// It is there and says something else; these are the numbers of what was read.
    Replace {
        /// `_seq_no`
        seq_no: u64,
        /// `_primary_term`
        primary_term: u64,
    },
    /// It is there as it has to be.
    Keep,
    /// The engine has no plug-in for it.
    NoPlugin,
    /// It is Elasticsearch, which manages indices in another way.
    Elasticsearch,
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, action, .. } = self;
        match action {
            PolicyAction::Create => {
                write!(f, "create   {name}: months that begin from now on are hot, warm, cold")
            }
            PolicyAction::Replace { .. } => {
                write!(
                    f,
                    "replace  {name}: it says something else; a policy of your own for these \
                     indices belongs under another name, with a higher priority"
                )
            }
            PolicyAction::Keep => write!(f, "keep     {name}"),
            PolicyAction::NoPlugin => {
                write!(
                    f,
                    "leave    {name}: the server has no ISM plug-in, so months stay as they are"
                )
            }
            PolicyAction::Elasticsearch => {
                write!(
                    f,
                    "leave    {name}: Elasticsearch has ILM in place of ISM, and Logmill writes no \
                     policy for it, so months stay as they are"
                )
            }
        }
    }
}

impl Documents {
    pub(crate) async fn plan_lifecycle(
        &self,
        distribution: Distribution,
        deadline: Deadline,
    ) -> Result<Lifecycle, Error> {
        let name = self.names.lifecycle();
        let request = Request::get("reading a policy of ISM", path(&name));
        let body = self.policy(&request)?;
        let action = if distribution == Distribution::Elasticsearch {
            PolicyAction::Elasticsearch
        } else {
            match self.send::<Value>(&request, deadline).await {
                Ok(found) if says(&found["policy"], &body["policy"]) => PolicyAction::Keep,
                Ok(found) => match (found["_seq_no"].as_u64(), found["_primary_term"].as_u64()) {
                    (Some(seq_no), Some(primary_term)) => {
                        PolicyAction::Replace { seq_no, primary_term }
                    }
                    _ => return Err(request.fault(ErrorKind::Answer, "it holds no `_seq_no`")),
                },
                Err(error) if error.kind == ErrorKind::NotFound => PolicyAction::Create,
                Err(error) if error.detail.contains("no handler found") => PolicyAction::NoPlugin,
                Err(error) => return Err(error),
            }
        };
        Ok(Lifecycle { name, action, body })
    }

    pub(crate) async fn apply_lifecycle(
        &self,
        lifecycle: &Lifecycle,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let mut path = path(&lifecycle.name);
        match lifecycle.action {
            PolicyAction::Create => {}
            PolicyAction::Replace { seq_no, primary_term } => {
                path.push_str(&format!("?if_seq_no={seq_no}&if_primary_term={primary_term}"));
            }
            PolicyAction::Keep | PolicyAction::NoPlugin | PolicyAction::Elasticsearch => {
                return Ok(());
            }
        }
        let request = Request::put("writing a policy of ISM", path).json(&lifecycle.body);
        match self.send::<Value>(&request, deadline).await {
            // Somebody else, or a try of ours whose answer was lost, wrote it after it was read.
            Err(error) if error.detail.starts_with("status 409") => {
                let now = self.plan_lifecycle(Distribution::OpenSearch, deadline).await?;
                if now.action == PolicyAction::Keep { Ok(()) } else { Err(error) }
            }
            written => written.map(drop),
        }
    }

    /// The policy for indices of these names.
    fn policy(&self, request: &Request) -> Result<Value, Error> {
        let mut body: Value = serde_json::from_str(POLICY)
            .map_err(|error| request.fault(ErrorKind::Setting, error.to_string()))?;
        let patterns = Kind::ALL.map(|kind| self.names.pattern(kind));
        body["policy"]["ism_template"][0]["index_patterns"] = json!(patterns);
        Ok(body)
    }
}

fn path(name: &str) -> String {
    format!("/_plugins/_ism/policies/{name}")
}

/// Whether `found` says all that is `wanted`; the plug-in adds times, retries and defaults.
fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|it| says(it, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| says(a, b))
        }
        (found, wanted) => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_plug_in_adds_is_no_difference_and_what_somebody_changed_is() {
        let wanted = json!({ "states": [{ "name": "hot", "actions": [{ "x": { "n": 1 } }] }] });
        let found = json!({ "policy_id": "p", "last_updated_time": 7, "states": [{
            "name": "hot",
            "actions": [{ "retry": { "count": 3 }, "x": { "n": 1 } }],
        }] });
        assert!(says(&found, &wanted));
        for (place, value) in [
            ("/states/0/actions/0/x/n", json!(2)),
            ("/states/0/actions", json!([])),
            ("/states/0/name", Value::Null),
        ] {
            let mut changed = found.clone();
            *changed.pointer_mut(place).unwrap() = value;
            assert!(!says(&changed, &wanted), "{place}");
        }
    }
}
