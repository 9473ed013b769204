//! Consumer groups of one member: who it is, and whether it still is.
//!
//! A member is gone when it says so, when it was silent for its session's time, or as soon as its
//! connection is closed, so that a reader that was killed can be started again at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;

/// The longest session, as in Kafka.
const LONGEST_MS: i32 = 1_800_000;

#[derive(Debug)]
struct Member {
    id: String,
    connection: u64,
    generation: i32,
    session: Duration,
    heard: Instant,
    assignment: Bytes,
}

/// The groups that have a member now.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<HashMap<String, Member>>);

/// Who joins a group.
pub(crate) struct Joining<'a> {
    pub(crate) group: &'a str,
    /// Empty for one that was no member before.
    pub(crate) member: &'a str,
    /// The name that a new member gets.
    pub(crate) new_name: String,
    pub(crate) session_ms: i32,
    pub(crate) connection: u64,
}

impl Groups {
    /// Takes a member; its name and generation.
    pub(crate) fn join(&self, joining: Joining<'_>) -> Result<(String, i32), ResponseError> {
        if joining.group.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        if !(1..=LONGEST_MS).contains(&joining.session_ms) {
            return Err(ResponseError::InvalidSessionTimeout);
        }
        let mut groups = self.living();
        let known = groups.get(joining.group);
        let generation = known.map_or(1, |known| known.generation.wrapping_add(1).max(1));
        let id = match known {
            Some(known) if known.id == joining.member => known.id.clone(),
            None if joining.member.is_empty() => joining.new_name,
            Some(_) if joining.member.is_empty() => return Err(ResponseError::GroupMaxSizeReached),
            _ => return Err(ResponseError::UnknownMemberId),
        };
        let member = Member {
            id: id.clone(),
            connection: joining.connection,
            generation,
            session: Duration::from_millis(u64::try_from(joining.session_ms).unwrap_or(0)),
            heard: Instant::now(),
            assignment: Bytes::new(),
        };
        groups.insert(joining.group.to_owned(), member);
        Ok((id, generation))
    }

    /// Keeps what the member has assigned to itself, if it says so; and says it again.
    pub(crate) fn sync(
        &self,
        group: &str,
        member: &str,
        generation: i32,
        assignment: Option<Bytes>,
    ) -> Result<Bytes, ResponseError> {
        let mut groups = self.living();
        let known = find(&mut groups, group, member, generation)?;
        if let Some(assignment) = assignment {
            known.assignment = assignment;
        }
        Ok(known.assignment.clone())
    }

    pub(crate) fn heartbeat(
        &self,
        group: &str,
        member: &str,
        generation: i32,
    ) -> Result<(), ResponseError> {
        find(&mut self.living(), group, member, generation).map(drop)
    }

    pub(crate) fn leave(&self, group: &str, member: &str) -> Result<(), ResponseError> {
        let mut groups = self.living();
        if groups.get(group).is_none_or(|known| known.id != member) {
            return Err(ResponseError::UnknownMemberId);
        }
        groups.remove(group);
        Ok(())
    }

    /// Whether offsets may be committed so: by the member, or by anyone while there is none. The code
    /// of the refusal, or 0.
    pub(crate) fn may_commit(&self, group: &str, member: &str, generation: i32) -> i16 {
        let mut groups = self.living();
        let nobody = !groups.contains_key(group);
        if nobody && generation < 0 {
            return 0;
        }
        find(&mut groups, group, member, generation).err().map_or(0, |error| error.code())
    }

    /// Ends the membership of whoever joined by this connection.
    pub(crate) fn disconnected(&self, connection: u64) {
        self.living().retain(|_, member| member.connection != connection);
    }

    /// The groups whose members were heard of in time.
    fn living(&self) -> MutexGuard<'_, HashMap<String, Member>> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|_, member| member.heard.elapsed() < member.session);
        groups
    }
}

fn find<'a>(
    groups: &'a mut HashMap<String, Member>,
    group: &str,
    member: &str,
    generation: i32,
) -> Result<&'a mut Member, ResponseError> {
    let known = groups.get_mut(group).filter(|known| known.id == member);
    let known = known.ok_or(ResponseError::UnknownMemberId)?;
    if known.generation != generation {
        return Err(ResponseError::IllegalGeneration);
    }
    known.heard = Instant::now();
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(
        groups: &Groups,
        member: &str,
        connection: u64,
    ) -> Result<(String, i32), ResponseError> {
        let new_name = format!("member-{connection}");
        groups.join(Joining { group: "g", member, new_name, session_ms: 60_000, connection })
    }

    #[test]
    fn a_second_reader_is_told_that_the_group_is_full_and_takes_over_from_a_dead_one() {
        let groups = Groups::default();
        let (first, generation) = join(&groups, "", 1).unwrap();
        assert_eq!(join(&groups, "", 2), Err(ResponseError::GroupMaxSizeReached));
        assert_eq!(groups.heartbeat("g", &first, generation), Ok(()));
        groups.disconnected(1);
        assert_eq!(groups.heartbeat("g", &first, generation), Err(ResponseError::UnknownMemberId));
        assert!(join(&groups, "", 2).is_ok());
    }

    #[test]
    fn a_reader_that_lost_its_group_cannot_move_the_offsets_of_the_new_one() {
        let groups = Groups::default();
        let (first, generation) = join(&groups, "", 1).unwrap();
        assert_eq!(groups.may_commit("g", &first, generation), 0);
        groups.leave("g", &first).unwrap();
        let (second, generation) = join(&groups, "", 2).unwrap();
        let unknown = ResponseError::UnknownMemberId.code();
        assert_eq!(groups.may_commit("g", &first, generation), unknown);
        assert_eq!(groups.may_commit("g", "", -1), unknown);
        let (_, next) = join(&groups, &second, 2).unwrap();
        let stale = ResponseError::IllegalGeneration.code();
        assert_eq!(groups.may_commit("g", &second, next - 1), stale);
        assert_eq!(groups.may_commit("nobody's", "", -1), 0);
    }

    #[test]
    fn a_silent_reader_makes_room() {
        let groups = Groups::default();
        let joining = |new_name: &str| Joining {
            group: "g",
            member: "",
            new_name: new_name.to_owned(),
            session_ms: 1,
            connection: 1,
        };
        groups.join(joining("a")).unwrap();
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        assert_eq!(groups.join(joining("b")).unwrap().0, "b");
    }
}
