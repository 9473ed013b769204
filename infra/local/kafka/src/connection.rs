//! One client's connection: frames in, answers out in the same order.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::protocol::{self, Pending, Refused, Started};
use crate::server::Broker;

/// The most bytes of a request.
const MOST: usize = 32 << 20;
/// How much room is made at once: as bytes come, not as many as they are said to be.
const ROOM: usize = 256 << 10;
/// The most requests of a connection that are under way.
const UNDER_WAY: usize = 64;

/// Serves a client until it goes.
pub(crate) async fn serve(
    broker: &Broker,
    connection: u64,
    mut stream: TcpStream,
) -> Result<(), Closed> {
    let mut frames = Frames::default();
    let mut under_way: VecDeque<Pending> = VecDeque::new();
    loop {
        if under_way.len() < UNDER_WAY
            && let Some(frame) = frames.next()?
        {
            match protocol::start(broker, frame)? {
                Started::Meanwhile(pending) => under_way.push_back(pending),
                Started::InTurn(request) => {
                    for pending in under_way.drain(..) {
                        send(&mut stream, pending.await?).await?;
                    }
                    let answer = protocol::answer(broker, connection, request).await?;
                    send(&mut stream, answer).await?;
                }
            }
            continue;
        }
        let room = under_way.len() < UNDER_WAY;
        let next = under_way.front_mut();
        tokio::select! {
            answer = async { match next {
                Some(next) => next.await,
                None => std::future::pending().await,
            } } => {
                under_way.pop_front();
                send(&mut stream, answer?).await?;
            }
            read = frames.read(&mut stream), if room => if read? == 0 { break },
        }
    }
    // The client may still read what it was waiting for.
    for pending in under_way {
        send(&mut stream, pending.await?).await?;
    }
    Ok(())
}

/// Why a connection has ended before the client wanted it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

async fn send(stream: &mut TcpStream, answer: Option<BytesMut>) -> Result<(), std::io::Error> {
    match answer {
        Some(answer) => stream.write_all(&answer).await,
        None => Ok(()),
    }
}

/// What has come, cut into requests.
#[derive(Default)]
struct Frames(BytesMut);

impl Frames {
    /// The length of the request that comes next, if so much is there.
    fn length(&self) -> Result<Option<usize>, Refused> {
        let Some(length) = self.0.first_chunk::<4>() else { return Ok(None) };
        let length =
            usize::try_from(i32::from_be_bytes(*length)).map_err(|_| Refused::Malformed)?;
        if length > MOST { Err(Refused::Malformed) } else { Ok(Some(length)) }
    }

    fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.0.len() < length + 4 {
            return Ok(None);
        }
        self.0.advance(4);
        Ok(Some(self.0.split_to(length).freeze()))
    }

    /// Reads some more; nothing is lost if this is given up.
    async fn read(&mut self, stream: &mut TcpStream) -> Result<usize, std::io::Error> {
        let missing = match self.length() {
            Ok(Some(length)) => (length + 4).saturating_sub(self.0.len()),
            _ => 4,
        };
        // What has come already doubles the room, so that much comes in few pieces.
        self.0.reserve(missing.min(ROOM.max(self.0.len())));
        stream.read_buf(&mut self.0).await
    }
}
