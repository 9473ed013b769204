//! Groups of one member, who is their leader.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
    SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::NODE;
use crate::groups::Joining;
use crate::server::Broker;

/// The kind of key that names a group; the other names a transaction.
const GROUP: i8 = 0;

pub(super) fn find(broker: &Broker, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
    if request.key_type != GROUP {
        let words = "transactions are not served by the local Kafka";
        return FindCoordinatorResponse::default()
            .with_error_code(ResponseError::TransactionalIdAuthorizationFailed.code())
            .with_error_message(Some(StrBytes::from_static_str(words)))
            .with_node_id((-1).into())
            .with_port(-1);
    }
    FindCoordinatorResponse::default()
        .with_node_id(NODE)
        .with_host(StrBytes::from_string(broker.host.clone()))
        .with_port(i32::from(broker.port))
}

pub(super) fn join(
    broker: &Broker,
    connection: u64,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let failed = |error: ResponseError| {
        JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_generation_id(-1)
            .with_protocol_name(Some(StrBytes::new()))
    };
    let Some(protocol) = request.protocols.into_iter().next() else {
        return failed(ResponseError::InconsistentGroupProtocol);
    };
    let joined = broker.groups.join(Joining {
        group: &request.group_id,
        member: &request.member_id,
        new_name: format!("member-{:x}-{}", broker.started_ms, broker.log.member_number()),
        session_ms: request.session_timeout_ms,
        connection,
    });
    match joined {
        Ok((id, generation)) => {
            let id = StrBytes::from_string(id);
            let member = JoinGroupResponseMember::default()
                .with_member_id(id.clone())
                .with_metadata(protocol.metadata);
            JoinGroupResponse::default()
                .with_generation_id(generation)
                .with_protocol_name(Some(protocol.name))
                .with_leader(id.clone())
                .with_member_id(id)
                .with_members(vec![member])
        }
        Err(error) => failed(error),
    }
}

pub(super) fn sync(broker: &Broker, request: &SyncGroupRequest) -> SyncGroupResponse {
    let own = |given: &kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment| {
        given.member_id == request.member_id
    };
    let assignment = request.assignments.iter().find(|given| own(given));
    let assignment = assignment.map(|given| given.assignment.clone());
    let (group, member) = (&request.group_id, &request.member_id);
    match broker.groups.sync(group, member, request.generation_id, assignment) {
        Ok(assignment) => SyncGroupResponse::default().with_assignment(assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

pub(super) fn heartbeat(broker: &Broker, request: &HeartbeatRequest) -> HeartbeatResponse {
    let (group, member) = (&request.group_id, &request.member_id);
    let heard = broker.groups.heartbeat(group, member, request.generation_id);
    HeartbeatResponse::default().with_error_code(heard.err().map_or(0, |error| error.code()))
}

pub(super) fn leave(broker: &Broker, request: &LeaveGroupRequest) -> LeaveGroupResponse {
    let left = broker.groups.leave(&request.group_id, &request.member_id);
    LeaveGroupResponse::default().with_error_code(left.err().map_or(0, |error| error.code()))
}
