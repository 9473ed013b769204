//! Postgres through the proxy: what a script says is done to each of the client's requests, amid
//! transactions too. It knows of the protocol where requests and answers end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::proxy::{Action, Answer, Request, Script};

/// A message that ends a request: Query, Sync or Terminate.
const ENDS_REQUEST: [u8; 3] = [b'Q', b'S', b'X'];
/// A message that ends an answer: `ReadyForQuery`.
const ENDS_ANSWER: [u8; 1] = [b'Z'];
/// What that message ends with where a transaction goes on.
const AMID_TRANSACTION: u8 = b'T';

/// Serves one connection. That it begins is never disturbed; each request after that may be.
pub(crate) async fn serve(
    client: TcpStream,
    engine: SocketAddr,
    script: &dyn Script,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = TcpStream::connect(engine).await?;
    server.set_nodelay(true)?;
    let (mut client, mut server) = (Stream::from(client), Stream::from(server));
    begin(&mut client, &mut server).await?;
    let mut transaction = Vec::new();
    loop {
        tokio::select! {
            read = client.fill() => read?,
            read = server.fill() => {
                read?;
                // What a server says unasked: a notice, or that it ends.
                let said = std::mem::take(&mut server.buffer);
                client.stream.write_all(&said).await?;
            }
        }
        while let Some(end) = client.end_of(&ENDS_REQUEST) {
            let body = client.buffer.drain(..end).collect();
            let asked = Request::raw(body, std::mem::take(&mut transaction));
            let Some(after) = request(asked, &mut client, &mut server, script).await? else {
                // The client sees an error, not an end.
                return client.stream.set_zero_linger();
            };
            transaction = after;
        }
    }
}

/// Passes everything on until the server is ready for the first request.
async fn begin(client: &mut Stream, server: &mut Stream) -> io::Result<()> {
    loop {
        tokio::select! {
            read = client.fill() => {
                read?;
                let said = std::mem::take(&mut client.buffer);
                server.stream.write_all(&said).await?;
            }
            read = server.fill() => {
                read?;
                if server.end_of(&ENDS_ANSWER) == Some(server.buffer.len()) {
                    let said = std::mem::take(&mut server.buffer);
                    return client.stream.write_all(&said).await;
                }
                let whole = server.whole();
                let said: Vec<u8> = server.buffer.drain(..whole).collect();
                client.stream.write_all(&said).await?;
            }
        }
    }
}

/// Does to one request what the script says; what its transaction then consists of, or none where
/// the connection ends.
async fn request(
    mut request: Request,
    client: &mut Stream,
    server: &mut Stream,
    script: &dyn Script,
) -> io::Result<Option<Vec<u8>>> {
    if request.body.first() == Some(&b'X') {
        server.stream.write_all(&request.body).await?;
        return Ok(Some(Vec::new()));
    }
    let action = script.act(&mut request);
    let mut asking = async || -> io::Result<Vec<u8>> {
        let answer = server.answer(&request.body).await?;
        script.answered(&request, &Answer::raw(answer.clone()));
        Ok(answer)
    };
    match action {
        Action::Forward(pause) => {
            tokio::time::sleep(pause).await;
            let answer = asking().await?;
            client.stream.write_all(&answer).await?;
            let goes_on = answer.last() == Some(&AMID_TRANSACTION);
            let parts = [std::mem::take(&mut request.transaction), request.body];
            return Ok(Some(if goes_on { parts.concat() } else { Vec::new() }));
        }
        Action::LoseAnswer => drop(asking().await?),
        Action::Truncate => {
            let answer = asking().await?;
            let cut = answer.len() - answer.len().div_ceil(4);
            client.stream.write_all(&answer[..cut]).await?;
            client.stream.shutdown().await?;
        }
        Action::Silence(pause) => tokio::time::sleep(pause).await,
        Action::Answer(answer) => {
            client.stream.write_all(&answer.body).await?;
            client.stream.shutdown().await?;
            // Until the client has read it; what it says then, nobody hears.
            let _ = tokio::time::timeout(Duration::from_secs(1), client.fill()).await;
        }
        Action::Reset | Action::SomeItems(_) | Action::Half => {}
    }
    Ok(None)
}

/// One side of a connection, with what was read of it and not used.
struct Stream {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }
}

impl Stream {
    /// Reads more; an error at the end.
    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Sends a request and reads its whole answer.
    async fn answer(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        loop {
            if let Some(end) = self.end_of(&ENDS_ANSWER) {
                return Ok(self.buffer.drain(..end).collect());
            }
            self.fill().await?;
        }
    }

    /// Where the first message of one of these types ends.
    fn end_of(&self, types: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(end) = self.end_of_message(at) {
            if types.contains(&self.buffer[at]) {
                return Some(end);
            }
            at = end;
        }
        None
    }

    /// How many bytes are whole messages.
    fn whole(&self) -> usize {
        let mut at = 0;
        while let Some(end) = self.end_of_message(at) {
            at = end;
        }
        at
    }

    /// Where the message at `at` ends: a byte for its type, four for the length of the rest.
    fn end_of_message(&self, at: usize) -> Option<usize> {
        let length = self.buffer.get(at + 1..at + 5)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let end = at + 1 + usize::try_from(length).ok()?;
        (end <= self.buffer.len()).then_some(end)
    }
}
