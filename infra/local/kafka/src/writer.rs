//! The one thread that writes: what is asked of it at the same time becomes durable by one commit.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::Error;

/// The most jobs of one commit.
const TOGETHER: usize = 256;

/// Work within a transaction; what it returns is called when that has been committed or has not.
type Job = Box<dyn FnOnce(&Connection) -> After + Send>;
type After = Box<dyn FnOnce(bool)>;

/// Takes work; the thread ends, and closes the file, when the last of these is gone.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    pub(crate) fn start(db: Connection) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        thread::Builder::new().name("kafka-log".to_owned()).spawn(move || run(&db, &waiting))?;
        Ok(Self { jobs })
    }

    /// Gives work to the thread at once, in the order of these calls, and says later what came of it.
    /// `committed` is called as soon as it is durable, before anyone is told.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
    ) -> Outcome<T> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let done = within_savepoint(db, work);
            Box::new(move |durable| {
                if durable && let Ok(done) = &done {
                    committed(done);
                }
                if durable || done.is_err() {
                    // Nobody may be waiting any more.
                    let _ = tell.send(done);
                }
            })
        });
        // Without the thread the job is dropped, and nothing is ever told.
        let _ = self.jobs.send(job);
        Outcome(told)
    }
}

/// What will come of a job.
#[derive(Debug)]
pub(crate) struct Outcome<T>(oneshot::Receiver<Result<T, Error>>);

impl<T> Outcome<T> {
    /// Waits until it is durable, or has failed.
    pub(crate) async fn wait(self) -> Result<T, Error> {
        self.0.await.map_err(|_| Error::Stopping)?
    }
}

fn within_savepoint<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    db.prepare_cached("SAVEPOINT job")?.execute([])?;
    let done = work(db);
    if done.is_err() {
        db.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    db.prepare_cached("RELEASE job")?.execute([])?;
    done
}

fn run(db: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        if let Err(error) = db.execute_batch("BEGIN IMMEDIATE") {
            tracing::error!(%error, "Kafka's log cannot be written");
            continue;
        }
        let mut done = vec![first(db)];
        while done.len() < TOGETHER
            && let Ok(job) = waiting.try_recv()
        {
            done.push(job(db));
        }
        let committed = db.execute_batch("COMMIT");
        if let Err(error) = &committed {
            tracing::error!(%error, "Kafka's log cannot be written; see whether the disk is full");
            let _ = db.execute_batch("ROLLBACK");
        }
        for after in done {
            after(committed.is_ok());
        }
    }
}
