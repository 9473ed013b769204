//! The rules of every step, without I/O: from the rows as they stand to the rows as they shall be.
//! An adapter only has to write them if nobody else did meanwhile.

use logmill_model::{Outcome, Timestamp};

use crate::error::{Error, ErrorKind};
use crate::store::{BlobChange, Change, Loaded};
use crate::types::{
    Blob, Deployment, Facts, Lease, MAX_ERROR, ObjectRef, ObjectState, Owner, Progress, Reopen,
    Status, Take, Taken, Witness,
};
use crate::version::{Relation, Version};

/// What a rule decides.
pub(crate) enum Step<T> {
    /// Nothing is to be written.
    Done(T),
    /// Write this; the answer counts once it is written.
    Write(Box<Change>, T),
}

/// Who does what to which version, and when.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    pub(crate) object: &'a ObjectRef,
    pub(crate) version: &'a Version,
    pub(crate) owner: &'a Owner,
    pub(crate) now: Timestamp,
}

fn relation(known: &ObjectState, object: &ObjectRef, version: &Version) -> Relation {
    if known.object_key == object.object_key {
        version.relation_to(&known.version)
    } else {
        version.relation_by_time(&known.version)
    }
}

fn fresh(act: &Act<'_>) -> ObjectState {
    ObjectState {
        deployment_key: act.object.deployment_key.clone(),
        part: act.object.part.clone(),
        object_key: act.object.object_key.clone(),
        status: Status::Pending,
        version: act.version.clone(),
        lease: None,
        attempts: 0,
        continuations: 0,
        replays: 0,
        result: None,
        error: None,
        ended_by: None,
        progress: None,
        status_since: act.now,
        revision: 0,
    }
}

pub(crate) fn take(loaded: &Loaded, act: &Act<'_>, until: Timestamp) -> Step<Take> {
    let mut next = fresh(act);
    if let Some(known) = &loaded.object {
        match relation(known, act.object, act.version) {
            Relation::Older => return Step::Done(Take::Newer { version: known.version.clone() }),
            Relation::Same => {
                if known.status.has_ended() {
                    return Step::Done(Take::Finished { status: known.status });
                }
                match &known.lease {
                    Some(lease) if lease.owner == *act.owner => {
                        let taken = Taken { object: known.clone(), checkpoint: None };
                        return Step::Done(Take::Taken(Box::new(taken)));
                    }
                    Some(lease) if lease.binds(act.owner, act.now) => {
                        return Step::Done(Take::Held { until: lease.until });
                    }
                    _ => {}
                }
                next = known.clone();
                // A version known from a HEAD learns its place in the order from the event.
                if next.version.sequencer.is_none() && next.object_key == act.object.object_key {
                    next.version.sequencer.clone_from(&act.version.sequencer);
                }
            }
            Relation::Newer => {
                // Whoever works on the older version may still write documents, and deletes those
                // of all others before it learns that its time has passed.
                if let Some(lease) = &known.lease
                    && lease.owner != *act.owner
                    && lease.binds(act.owner, act.now)
                {
                    return Step::Done(Take::Held { until: lease.until });
                }
                next.revision = known.revision;
            }
        }
    }
    if next.status != Status::Processing {
        next.status_since = act.now;
    }
    next.status = Status::Processing;
    next.lease = Some(Lease { owner: act.owner.clone(), until });
    next.attempts = next.attempts.saturating_add(1);
    next.revision += 1;
    let taken = Take::Taken(Box::new(Taken { object: next.clone(), checkpoint: None }));
    Step::Write(Box::new(with_deployment(loaded, next, act.now)), taken)
}

/// The object as it stands, if it is still this owner's and of this version.
fn owned(loaded: &Loaded, act: &Act<'_>) -> Result<ObjectState, Error> {
    let lost = |why: &str| {
        let Act { object, owner, .. } = act;
        let message = format!(
            "the object {:?} (deployment {:?}, part {:?}) is not {}'s any more: {why}; \
             what it wrote is left to whoever has it now",
            object.object_key,
            object.deployment_key,
            object.part,
            owner.as_str()
        );
        Error::new(ErrorKind::LeaseLost, message)
    };
    let Some(known) = &loaded.object else { return Err(lost("its row is gone")) };
    if relation(known, act.object, act.version) != Relation::Same {
        return Err(lost("another version is known"));
    }
    match &known.lease {
        Some(lease) if lease.owner == *act.owner => Ok(known.clone()),
        Some(lease) => Err(lost(&format!("{} has its lease", lease.owner.as_str()))),
        None => Err(lost("it has no lease")),
    }
}

pub(crate) fn extend(
    loaded: &Loaded,
    act: &Act<'_>,
    until: Timestamp,
    progress: Progress,
) -> Result<Step<()>, Error> {
    let mut next = owned(loaded, act)?;
    next.lease = Some(Lease { owner: act.owner.clone(), until });
    next.progress = Some(progress);
    next.revision += 1;
    Ok(Step::Write(Box::new(Change { object: Some(next), ..Change::default() }), ()))
}

/// Gives the lease back; with a checkpoint it is progress, so attempts count anew.
pub(crate) fn release(
    loaded: &Loaded,
    act: &Act<'_>,
    checkpoint: Option<(&[u8], Progress)>,
) -> Result<Step<()>, Error> {
    let mut next = match owned(loaded, act) {
        Ok(next) => next,
        // Somebody else's, or given back already: there is nothing to give.
        Err(_) if checkpoint.is_none() => return Ok(Step::Done(())),
        Err(lost) => return Err(lost),
    };
    next.lease = None;
    next.revision += 1;
    let mut change = Change::default();
    if let Some((bytes, progress)) = checkpoint {
        next.attempts = 0;
        next.progress = Some(progress);
        next.continuations = next.continuations.saturating_add(1);
        change.checkpoint =
            BlobChange::Put(Blob { generation: next.generation(), bytes: bytes.to_vec() });
    }
    change.object = Some(next);
    Ok(Step::Write(Box::new(change), ()))
}

/// How an object ends.
pub(crate) enum End<'a> {
    Completed(&'a [u8], Outcome),
    Failed(&'a str),
}

pub(crate) fn end(loaded: &Loaded, act: &Act<'_>, end: &End<'_>) -> Result<Step<()>, Error> {
    let status = match end {
        End::Completed(..) => Status::Completed,
        End::Failed(_) => Status::Failed,
    };
    // The answer to the first call was lost, and it is made again.
    let again = loaded.object.as_ref().is_some_and(|known| {
        known.status == status
            && known.ended_by.as_ref() == Some(act.owner)
            && relation(known, act.object, act.version) == Relation::Same
    });
    if again {
        return Ok(Step::Done(()));
    }
    let mut next = owned(loaded, act)?;
    next.status = status;
    next.status_since = act.now;
    next.lease = None;
    next.progress = None;
    next.ended_by = Some(act.owner.clone());
    next.revision += 1;
    let summary = match end {
        End::Completed(summary, result) => {
            next.result = Some(*result);
            BlobChange::Put(Blob { generation: next.generation(), bytes: summary.to_vec() })
        }
        End::Failed(error) => {
            next.error = Some(cut(error));
            BlobChange::Delete
        }
    };
    let mut change = with_deployment(loaded, next, act.now);
    change.summary = summary;
    change.checkpoint = BlobChange::Delete;
    Ok(Step::Write(Box::new(change), ()))
}

fn cut(error: &str) -> String {
    error[..error.floor_char_boundary(MAX_ERROR)].to_owned()
}

pub(crate) fn reopen(loaded: &Loaded, owner: &Owner, now: Timestamp) -> Step<Reopen> {
    let Some(known) = &loaded.object else { return Step::Done(Reopen::Unknown) };
    if let Some(lease) = &known.lease
        && lease.binds(owner, now)
    {
        return Step::Done(Reopen::Held { until: lease.until });
    }
    // Only a replay makes a row PENDING: this one was asked for before.
    if known.status == Status::Pending {
        return Step::Done(Reopen::Reopened);
    }
    let next = ObjectState {
        status: Status::Pending,
        lease: None,
        attempts: 0,
        continuations: 0,
        replays: known.replays.saturating_add(1),
        result: None,
        error: None,
        ended_by: None,
        progress: None,
        status_since: now,
        revision: known.revision + 1,
        ..known.clone()
    };
    let mut change = with_deployment(loaded, next, now);
    change.checkpoint = BlobChange::Delete;
    Step::Write(Box::new(change), Reopen::Reopened)
}

/// The change of an object, and of its deployment where that shows.
fn with_deployment(loaded: &Loaded, next: ObjectState, now: Timestamp) -> Change {
    let known = loaded.deployment.as_ref();
    let mut deployment =
        known.cloned().unwrap_or_else(|| Deployment::new(&next.deployment_key, now));
    if let Some(before) = &loaded.object {
        deployment.tally.remove(before.status, before.result);
    }
    deployment.tally.add(next.status, next.result);
    deployment.s3_path.get_or_insert_with(|| next.object_key.clone());
    let about_this = deployment.error_part.as_ref().is_none_or(|part| *part == next.part);
    if about_this {
        deployment.error_part = next.error.as_ref().map(|_| next.part.clone());
        deployment.error.clone_from(&next.error);
    }
    settle(&mut deployment, now);
    let changed = known != Some(&deployment);
    deployment.revision += 1;
    Change { deployment: changed.then_some(deployment), object: Some(next), ..Change::default() }
}

/// What follows from the tally.
fn settle(deployment: &mut Deployment, now: Timestamp) {
    let status = deployment.tally.status(deployment.objects_expected);
    if status != deployment.status {
        deployment.status = status;
        deployment.status_since = now;
        deployment.processed_at = status.has_ended().then_some(now);
    }
    deployment.result = deployment.tally.result();
}

pub(crate) fn facts(
    loaded: &Loaded,
    deployment_key: &str,
    facts: &Facts,
    witness: Witness,
    now: Timestamp,
) -> Step<()> {
    fn fill<T: Clone>(field: &mut Option<T>, fact: &Option<T>, witness: Witness) {
        if fact.is_some() && (witness == Witness::Source || field.is_none()) {
            field.clone_from(fact);
        }
    }
    let known = loaded.deployment.as_ref();
    let mut next = known.cloned().unwrap_or_else(|| Deployment::new(deployment_key, now));
    fill(&mut next.s3_path, &facts.s3_path, witness);
    fill(&mut next.created_at, &facts.created_at, witness);
    fill(&mut next.application_name, &facts.application_name, witness);
    fill(&mut next.deployment_type, &facts.deployment_type, witness);
    fill(&mut next.source, &facts.source, witness);
    fill(&mut next.run, &facts.run, witness);
    fill(&mut next.commit, &facts.commit, witness);
    fill(&mut next.branch, &facts.branch, witness);
    fill(&mut next.actor, &facts.actor, witness);
    fill(&mut next.objects_expected, &facts.objects_expected, witness);
    settle(&mut next, now);
    if known == Some(&next) {
        return Step::Done(());
    }
    next.revision += 1;
    Step::Write(Box::new(Change { deployment: Some(next), ..Change::default() }), ())
}
