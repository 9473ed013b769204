//! Serves the storage alone, for other clients' checks: `serve FOLDER ADDRESS`.

use logmill_local_s3::{LocalS3, Options};
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: serve FOLDER ADDRESS")?;
    let address = arguments.next().ok_or("usage: serve FOLDER ADDRESS")?;
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let s3 = LocalS3::open(folder, Options::default())?;
    s3.serve(listener, std::future::pending()).await?;
    Ok(())
}
