//! Ports that are free, and questions that show whether an engine is ready.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

/// Where ports are taken from: below those that systems give to connections that go out, so that
/// none of these takes a port between the look and the engine's start.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A port on loopback that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    (0..1000)
        .map(|_| fastrand::u16(PORTS))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no port between 20000 and 32000 is free on 127.0.0.1")
}

/// The status and the body that a server answers a GET with; none if it does not answer so.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = connect(port)?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: */*\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Whether a PostgreSQL takes sessions: it asks who we are. While it starts it refuses.
pub(crate) fn postgres_asks_for_a_password(port: u16) -> bool {
    let startup = b"user\0postgres\0\0";
    let length = u32::try_from(startup.len() + 8).unwrap_or(0).to_be_bytes();
    let version = (3_u32 << 16).to_be_bytes();
    let message = [&length[..], &version, startup].concat();
    let ask = || {
        let mut stream = connect(port)?;
        stream.write_all(&message).ok()?;
        let mut kind = [0];
        stream.read_exact(&mut kind).ok()?;
        Some(kind[0] == b'R')
    };
    ask().unwrap_or(false)
}

/// Whether a Kafka lists a broker: until it does, no topic can be made.
pub(crate) fn kafka_has_a_broker(port: u16) -> bool {
    // Metadata in version 1, without a client's name, of all topics.
    let message = [&[0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1][..], &[0xff; 2], &[0xff; 4]].concat();
    let ask = || {
        let mut stream = connect(port)?;
        stream.write_all(&message).ok()?;
        // The length, the request's number, and how many brokers there are.
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).ok()?;
        Some(answer[8..] != [0; 4])
    };
    ask().unwrap_or(false)
}

fn connect(port: u16) -> Option<TcpStream> {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let stream = TcpStream::connect_timeout(&address.into(), PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}
