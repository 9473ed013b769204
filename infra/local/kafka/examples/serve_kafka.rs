//! Serves the broker alone, for other clients' checks and to be killed: `serve_kafka FILE ADDRESS`.
//! Once it listens it says where.

use std::error::Error;
use std::io::Write as _;

use logmill_local_kafka::{LocalKafka, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: serve_kafka FILE ADDRESS")?;
    let address = arguments.next().ok_or("usage: serve_kafka FILE ADDRESS")?;
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let kafka = LocalKafka::open(file, Options::default())?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    kafka.serve(listener, std::future::pending()).await?;
    Ok(())
}
