//! The protocol: requests read, done and answered.

mod configs;
mod fetch;
mod groups;
mod offsets;
mod produce;
pub(crate) mod shape;
mod topics;

use std::pin::Pin;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, BrokerId};
use kafka_protocol::protocol::{Decodable, Encodable};

use crate::server::Broker;

/// The number of the only broker.
pub(crate) const NODE: BrokerId = BrokerId(1);

/// An answer, ready to be sent; none where the client wants none.
pub(crate) type Answer = Result<Option<BytesMut>, Refused>;
/// An answer that is still to come.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Why a connection is closed: what came has no answer in the protocol.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The client should have seen in the list of versions that this is not served.
    #[error("request {key} in version {version} is not served by the local Kafka")]
    NotServed { key: i16, version: i16 },
    /// The bytes are no request.
    #[error("what came is no request of Kafka's protocol")]
    Malformed,
    /// The library cannot write an answer.
    #[error("an answer cannot be written: {0}")]
    Unwritable(String),
}

/// A request whose head has been read.
pub(crate) struct Request {
    api: ApiKey,
    version: i16,
    correlation: i32,
    body: Bytes,
}

/// What to do with a request.
pub(crate) enum Started {
    /// It is under way, in its place in the order, while others follow.
    Meanwhile(Pending),
    /// It begins when those before it are done.
    InTurn(Request),
}

/// Reads a request, and starts it if others need not wait for it.
pub(crate) fn start(broker: &Broker, mut frame: Bytes) -> Result<Started, Refused> {
    if frame.len() < 8 {
        return Err(Refused::Malformed);
    }
    let (key, version, correlation) = (frame.get_i16(), frame.get_i16(), frame.get_i32());
    let Some(shape) = shape::of(key, version) else {
        if key == ApiKey::ApiVersions as i16 {
            let answer = versions(0, correlation, ResponseError::UnsupportedVersion.code());
            return Ok(Started::Meanwhile(Box::pin(std::future::ready(answer))));
        }
        return Err(Refused::NotServed { key, version });
    };
    let client = frame.try_get_i16().map_err(|_| Refused::Malformed)?;
    let client = usize::try_from(client).unwrap_or(0);
    if frame.len() < client {
        return Err(Refused::Malformed);
    }
    frame.advance(client);
    if !shape.fits(&frame) {
        return Err(Refused::Malformed);
    }
    let request = Request { api: shape.api, version, correlation, body: frame };
    if request.api == ApiKey::Produce {
        return produce::start(broker, &request).map(Started::Meanwhile);
    }
    Ok(Started::InTurn(request))
}

/// Does a request that was in turn. `connection` is the number of the client's connection.
pub(crate) async fn answer(broker: &Broker, connection: u64, request: Request) -> Answer {
    let it = &request;
    match it.api {
        ApiKey::ApiVersions => versions(it.version, it.correlation, 0),
        ApiKey::Metadata => it.encode(&topics::metadata(broker, it.decode()?, it.version).await),
        ApiKey::CreateTopics => it.encode(&topics::create(broker, it.decode()?).await),
        ApiKey::DeleteTopics => it.encode(&topics::delete(broker, it.decode()?).await),
        ApiKey::DescribeConfigs => it.encode(&configs::describe(broker, it.decode()?)),
        ApiKey::Fetch => it.encode(&fetch::fetch(broker, it.decode()?).await),
        ApiKey::ListOffsets => it.encode(&offsets::list(broker, it.decode()?).await),
        ApiKey::OffsetCommit => it.encode(&offsets::commit(broker, it.decode()?).await),
        ApiKey::OffsetFetch => it.encode(&offsets::fetch(broker, it.decode()?, it.version).await),
        ApiKey::InitProducerId => it.encode(&produce::init(broker, it.decode()?).await),
        ApiKey::FindCoordinator => it.encode(&groups::find(broker, &it.decode()?)),
        ApiKey::JoinGroup => it.encode(&groups::join(broker, connection, it.decode()?)),
        ApiKey::SyncGroup => it.encode(&groups::sync(broker, &it.decode()?)),
        ApiKey::Heartbeat => it.encode(&groups::heartbeat(broker, &it.decode()?)),
        ApiKey::LeaveGroup => it.encode(&groups::leave(broker, &it.decode()?)),
        _ => Err(Refused::NotServed { key: it.api as i16, version: it.version }),
    }
}

impl Request {
    fn decode<T: Decodable>(&self) -> Result<T, Refused> {
        T::decode(&mut self.body.clone(), self.version).map_err(|_| Refused::Malformed)
    }

    fn encode(&self, body: &impl Encodable) -> Answer {
        encode(self.correlation, self.version, body)
    }
}

fn encode(correlation: i32, version: i16, body: &impl Encodable) -> Answer {
    let fail = |error: &dyn std::fmt::Display| Refused::Unwritable(error.to_string());
    let size = body.compute_size(version).map_err(|error| fail(&error))? + 4;
    let length = i32::try_from(size).map_err(|error| fail(&error))?;
    let mut answer = BytesMut::with_capacity(size + 4);
    answer.put_i32(length);
    answer.put_i32(correlation);
    body.encode(&mut answer, version).map_err(|error| fail(&error))?;
    Ok(Some(answer))
}

fn versions(version: i16, correlation: i32, error: i16) -> Answer {
    let keys = shape::served().into_iter().map(|(api, first, last)| {
        ApiVersion::default()
            .with_api_key(api as i16)
            .with_min_version(first)
            .with_max_version(last)
    });
    let body = ApiVersionsResponse::default().with_error_code(error).with_api_keys(keys.collect());
    encode(correlation, version, &body)
}
