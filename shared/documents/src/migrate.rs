//! Templates, and the policy beside them, brought to what this version of Logmill needs: first a
//! plan, then what it says.

use std::fmt;

use logmill_runtime::retry::Deadline;
use serde_json::{Value, json};

use crate::client::Request;
use crate::server::Distribution;
use crate::template::VERSION;
use crate::{Documents, Error, ErrorKind, Kind, Lifecycle, Server};

/// What a migration would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The engine that it is for.
    pub server: Server,
    /// Its steps, one for each template.
    pub steps: Vec<Step>,
    /// What becomes of the policy by which months grow cold.
    pub lifecycle: Lifecycle,
}

/// What a migration would do with one template.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The template's name.
    pub name: String,
    /// What is to be done.
    pub action: Action,
    body: Value,
}

/// What is to be done with a template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It is not there.
    Create,
    /// It is of this older version, or of this one with other settings.
    Replace(u64),
    /// It is there as it has to be.
    Keep,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.server)?;
        for Step { name, action, .. } in &self.steps {
            match action {
                Action::Create => writeln!(f, "  create   {name}: version {VERSION}")?,
                Action::Replace(VERSION) => {
                    writeln!(f, "  replace  {name}: version {VERSION} with other settings")?;
                }
                Action::Replace(found) => {
                    writeln!(f, "  replace  {name}: version {found} by {VERSION}")?;
                }
                Action::Keep => writeln!(f, "  keep     {name}: version {VERSION}")?,
            }
        }
        writeln!(f, "  {}", self.lifecycle)
    }
}

impl Documents {
    /// What [`Self::migrate`] would do. Changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Newer`] where a newer Logmill wrote a template: this one would break it.
    pub async fn plan(&self, deadline: Deadline) -> Result<Plan, Error> {
        let server = self.server(deadline).await?;
        let mut steps = Vec::new();
        for kind in Kind::ALL {
            let body = self.template_for(kind, server.distribution);
            let name = self.names.template(kind);
            let request =
                Request::get("reading an index template", format!("/_index_template/{name}"));
            let found = match self.send::<Value>(&request, deadline).await {
                Ok(mut answer) => Some(answer["index_templates"][0]["index_template"].take()),
                Err(error) if error.kind == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            let action = match &found {
                None => Action::Create,
                Some(found) => {
                    let version = found["version"].as_u64().unwrap_or(0);
                    if version > VERSION {
                        let detail = format!(
                            "the template {name} is of version {version}, and this Logmill writes \
                             version {VERSION}"
                        );
                        return Err(request.fault(ErrorKind::Newer, detail));
                    }
                    let same = version == VERSION && found["_meta"] == body["_meta"];
                    if same { Action::Keep } else { Action::Replace(version) }
                }
            };
            steps.push(Step { name, action, body });
        }
        let lifecycle = self.plan_lifecycle(server.distribution, deadline).await?;
        Ok(Plan { server, steps, lifecycle })
    }

    /// Does what a plan says. Months that exist keep the mapping that they were made with, and the
    /// plug-in lets those alone that were made before it knew the policy.
    ///
    /// # Errors
    /// Whatever keeps the engine from taking a template; doing so again is safe.
    pub async fn apply(&self, plan: &Plan, deadline: Deadline) -> Result<(), Error> {
        for step in plan.steps.iter().filter(|step| step.action != Action::Keep) {
            let path = format!("/_index_template/{}", step.name);
            let request = Request::put("writing an index template", path).json(&step.body);
            self.send::<Value>(&request, deadline).await?;
        }
        self.apply_lifecycle(&plan.lifecycle, deadline).await
    }

    /// Writes the index templates, and the policy of index state management, that are missing or
    /// older. Doing so again changes nothing.
    ///
    /// # Errors
    /// As [`Self::plan`] and [`Self::apply`].
    pub async fn migrate(&self, deadline: Deadline) -> Result<(), Error> {
        let plan = self.plan(deadline).await?;
        self.apply(&plan, deadline).await
    }

    /// The body of a kind's index template as an engine takes it.
    fn template_for(&self, kind: Kind, distribution: Distribution) -> Value {
        let mut body = self.template(kind);
        if distribution == Distribution::Elasticsearch {
            rename(&mut body, "flat_object", "flattened");
        }
        body["version"] = json!(VERSION);
        // All that settings make of it: engines show a template differently than it was given.
        body["_meta"] = json!({ "alias": self.names.alias(kind), "replicas": self.replicas });
        body
    }
}

/// Gives each field of one type another.
fn rename(body: &mut Value, from: &str, to: &str) {
    match body {
        Value::Object(object) => {
            for (key, value) in object {
                if key == "type" && value == from {
                    *value = json!(to);
                } else {
                    rename(value, from, to);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| rename(value, from, to)),
        _ => {}
    }
}
