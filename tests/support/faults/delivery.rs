//! How a queue delivers: at least once, in any order.

use std::collections::BTreeMap;

use fastrand::Rng;

/// One round of five delivers what was kept back, if there is any.
const LATE: u8 = 5;

/// What was sent of the objects, and what became of it.
#[derive(Debug, Default)]
pub struct Delivery {
    /// The number of each event in the order of sending, and how often it was delivered.
    events: BTreeMap<String, (usize, usize)>,
    /// Copies that come late.
    kept_back: Vec<String>,
    latest: usize,
    /// How many messages were delivered after one that was sent later.
    pub out_of_order: usize,
}

impl Delivery {
    /// How many copies of an event are sent at once; others may be kept back.
    pub fn send(&mut self, body: &str, random: &mut Rng) -> usize {
        let number = self.events.len();
        self.events.entry(body.to_owned()).or_insert((number, 0));
        let copies = match random.u8(..10) {
            0..3 => 3,
            3..5 => 2,
            _ => 1,
        };
        let late = random.usize(..copies);
        self.kept_back.extend((0..late).map(|_| body.to_owned()));
        copies - late
    }

    /// Whether copies are still kept back.
    pub fn keeps(&self) -> bool {
        !self.kept_back.is_empty()
    }

    /// A copy whose time has come, or `must`.
    pub fn late(&mut self, must: bool, random: &mut Rng) -> Option<String> {
        if self.kept_back.is_empty() || !(must || random.u8(..LATE) == 0) {
            return None;
        }
        Some(self.kept_back.swap_remove(random.usize(..self.kept_back.len())))
    }

    /// Hears of a message that is delivered.
    pub fn deliver(&mut self, body: &str) {
        if let Some((number, times)) = self.events.get_mut(body) {
            *times += 1;
            self.out_of_order += usize::from(*number < self.latest);
            self.latest = self.latest.max(*number);
        }
    }

    /// How many events were delivered three times or more often.
    pub fn thrice(&self) -> usize {
        self.events.values().filter(|(_, times)| *times >= 3).count()
    }
}
