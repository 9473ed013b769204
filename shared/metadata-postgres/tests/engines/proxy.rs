//! A proxy that cuts the connection at a chosen message from the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of the message at which the connection is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    /// It does not arrive.
    Request,
    /// It arrives, and its answer does not.
    Answer,
}

/// Cuts one connection once; before and after it lets everything through.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    server: String,
    /// Whether messages are counted yet.
    armed: AtomicBool,
    seen: AtomicU32,
    at: u32,
    cut: Cut,
    done: AtomicBool,
}

impl Proxy {
    /// In front of `server`: cuts at the `at`-th message after [`Self::arm`], counted from 0.
    pub(crate) async fn start(server: String, at: u32, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(Plan {
            server,
            armed: AtomicBool::new(false),
            seen: AtomicU32::new(0),
            at,
            cut,
            done: AtomicBool::new(false),
        });
        let shared = plan.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, shared.clone()));
            }
        });
        Self { port, plan }
    }

    /// From now on messages count.
    pub(crate) fn arm(&self) {
        self.plan.armed.store(true, Ordering::SeqCst);
    }

    /// Whether it has cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.plan.done.load(Ordering::SeqCst)
    }
}

async fn forward(client: TcpStream, plan: Arc<Plan>) {
    client.set_nodelay(true).unwrap();
    let server = TcpStream::connect(&plan.server).await.unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (silence, silent) = tokio::sync::oneshot::channel::<()>();
    let back = tokio::spawn(async move {
        tokio::select! {
            _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
            _ = silent => {
                // The server has the message; what it answers is read, so that it is done.
                let mut answer = [0; 4096];
                let _ = from_server.read(&mut answer).await;
            }
        }
    });
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let counted = plan.armed.load(Ordering::SeqCst) && !plan.done.load(Ordering::SeqCst);
        if counted && plan.seen.fetch_add(1, Ordering::SeqCst) == plan.at {
            plan.done.store(true, Ordering::SeqCst);
            if plan.cut == Cut::Request {
                back.abort();
                return;
            }
            let _ = silence.send(());
            let _ = to_server.write_all(&buffer[..read]).await;
            let _ = back.await;
            return;
        }
        if to_server.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    let _ = to_server.shutdown().await;
    let _ = back.await;
}
