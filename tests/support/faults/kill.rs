//! An engine that goes away at a moment of the work on logs, while others are worked on, and comes
//! back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::phase::Phase;
use crate::proxy::{Action, Request};
use crate::refusal::Engine;

/// What is done, and when.
pub struct Aim {
    /// The moment.
    pub phase: Phase,
    /// How many such moments are let pass.
    pub skip: usize,
    /// How long an engine commits, or hears of half a bulk, before.
    pub pause: Duration,
    /// Engines whose connections are cut from then on, until all is well again.
    pub cut: BTreeSet<Engine>,
    /// Takes the engine away.
    pub blow: Box<dyn FnOnce() + Send>,
}

/// Where the kill stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Before,
    Gone,
    Back,
}

/// Takes an engine away at the moment it aims at, once.
pub struct Killer {
    aim: Mutex<Option<Aim>>,
    phase: Phase,
    cut: BTreeSet<Engine>,
    stage: watch::Sender<Stage>,
}

impl Killer {
    /// One with this aim.
    pub fn new(aim: Aim) -> Self {
        let (phase, cut) = (aim.phase, aim.cut.clone());
        Self { aim: Mutex::new(Some(aim)), phase, cut, stage: watch::Sender::new(Stage::Before) }
    }

    /// The aim, if this is the moment.
    fn shoot(&self, request: &Request, answered: bool) -> Option<Aim> {
        if self.phase.is_answered() != answered || !self.phase.is_at(request) {
            return None;
        }
        let mut aim = self.aim.lock().unwrap();
        let it = aim.as_mut()?;
        if it.skip > 0 {
            it.skip -= 1;
            return None;
        }
        aim.take()
    }

    fn strike(&self, aim: Aim) {
        (aim.blow)();
        self.stage.send_replace(Stage::Gone);
    }

    /// What is done to a request, if it is not left to others.
    pub(crate) fn act(self: &Arc<Self>, engine: Engine, request: &Request) -> Option<Action> {
        if self.cut.contains(&engine) && *self.stage.borrow() == Stage::Gone {
            return Some(Action::Reset);
        }
        if self.phase == Phase::BulkNotAnswered && request.is_bulk() && self.is_next() {
            return Some(Action::LoseAnswer);
        }
        let aim = self.shoot(request, false)?;
        match aim.phase {
            Phase::BulkHalfSent | Phase::EngineCommits => {
                let (killer, is_half) = (Arc::clone(self), aim.phase == Phase::BulkHalfSent);
                thread::spawn(move || {
                    thread::sleep(aim.pause);
                    killer.strike(aim);
                });
                Some(if is_half { Action::Half } else { Action::Forward(Duration::ZERO) })
            }
            _ => {
                self.strike(aim);
                // The engine is asked all the same: perhaps it is another one that is gone.
                None
            }
        }
    }

    /// Whether the next moment is the one.
    fn is_next(&self) -> bool {
        self.aim.lock().unwrap().as_ref().is_some_and(|aim| aim.skip == 0)
    }

    /// Hears of a request that an engine did.
    pub(crate) fn answered(&self, request: &Request) {
        if let Some(aim) = self.shoot(request, true) {
            self.strike(aim);
        }
    }

    /// Whether the moment has come.
    pub fn has_struck(&self) -> bool {
        *self.stage.borrow() != Stage::Before
    }

    /// Returns once it has come.
    pub async fn struck(&self) {
        let mut stage = self.stage.subscribe();
        stage.wait_for(|stage| *stage != Stage::Before).await.unwrap();
    }

    /// Says that the engine is there again.
    pub fn is_back(&self) {
        self.stage.send_replace(Stage::Back);
    }

    /// Returns at once before the moment, and then when the engine is there again.
    pub(crate) async fn while_gone(&self) {
        let mut stage = self.stage.subscribe();
        stage.wait_for(|stage| *stage != Stage::Gone).await.unwrap();
    }
}
