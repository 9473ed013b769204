//! An environment of a function: one process at a time, started when it is needed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::InvokeError;
use crate::runtime_api::{self, Answer, Job};

/// Where the function runs.
#[derive(Debug)]
pub(crate) struct Environment {
    name: String,
    path: PathBuf,
    variables: Vec<(String, String)>,
    running: Mutex<Option<Running>>,
}

/// A process with a Runtime API of its own, so that nothing reaches it that was meant for the one
/// before. Both end when this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    jobs: mpsc::Sender<Job>,
    api: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.api.abort();
    }
}

impl Environment {
    pub(crate) fn new(name: &str, path: PathBuf, variables: Vec<(String, String)>) -> Self {
        Self { name: name.to_owned(), path, variables, running: Mutex::new(None) }
    }

    pub(crate) async fn invoke(
        &self,
        request_id: &str,
        event: &Value,
        timeout: Duration,
    ) -> Answer {
        let mut place = self.running.lock().await;
        let alive = place.take().and_then(|mut running| {
            matches!(running.child.try_wait(), Ok(None)).then_some(running)
        });
        let mut running = match alive {
            Some(running) => running,
            None => self.start().await?,
        };
        let answer = run(&mut running, request_id, event, timeout).await;
        // A process that may still be at work on this must not get the next: Lambda kills it too.
        if !matches!(answer, Err(InvokeError::TimedOut(_) | InvokeError::Died(_))) {
            *place = Some(running);
        }
        answer
    }

    pub(crate) async fn process_id(&self) -> Option<u32> {
        self.running.lock().await.as_ref()?.child.id()
    }

    async fn start(&self) -> Result<Running, InvokeError> {
        let path = self.path.display().to_string();
        let fault = |error: std::io::Error| InvokeError::NotStarted {
            path: path.clone(),
            reason: error.to_string(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let (jobs, waiting) = mpsc::channel(1);
        let router = runtime_api::router(&self.name, waiting);
        let child = Command::new(&self.path)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &self.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", address.port().to_string())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(fault)?;
        let api = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the Runtime API has stopped");
            }
        });
        tracing::debug!(path, id = child.id(), "a function's process was started");
        Ok(Running { child, jobs, api })
    }
}

async fn run(running: &mut Running, request_id: &str, event: &Value, timeout: Duration) -> Answer {
    let (answer, answered) = oneshot::channel();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let job = Job {
        request_id: request_id.to_owned(),
        deadline_ms: (now + timeout).as_millis(),
        event: event.to_string().into_bytes(),
        answer,
    };
    let work = async {
        if running.jobs.send(job).await.is_err() {
            return None;
        }
        answered.await.ok()
    };
    tokio::select! {
        // An answer that came counts, even if its process ended right after it.
        biased;
        answer = work => match answer {
            Some(answer) => answer,
            None => Err(InvokeError::Died("it does not ask for work any more".to_owned())),
        },
        ended = running.child.wait() => Err(InvokeError::Died(match ended {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        })),
        () = tokio::time::sleep(timeout) => {
            // It does not hear anything gentler while it computes.
            let _ = running.child.kill().await;
            Err(InvokeError::TimedOut(timeout))
        }
    }
}
