//! The filter in front of all rules: where in a line a rule's check is worth running.
//!
//! Each trigger is a window of four byte sets. A table maps a byte to the groups of triggers that
//! accept it at the first, second, third and fourth place, 16 bits each; shifted against each other
//! and intersected, the entries of four bytes in a row say which groups may have a window there. A
//! second set of tables, with four times as many groups, is asked only there. That takes no branch
//! per byte, ignores case for nothing, knows no limit on the number of triggers and costs the same
//! on every processor: less than half of what an Aho-Corasick automaton takes for so many literals.

use crate::frequency;

/// The bytes that a trigger accepts at each of its places.
pub(super) type Window = [Set; WINDOW];

/// A set of bytes.
pub(super) type Set = [bool; 256];

const WINDOW: usize = 4;
/// Positions that are looked at between two branches.
const BLOCK: usize = 8;
/// What a block reads: its positions and the rest of the last one's window.
const READ: usize = BLOCK + WINDOW - 1;
/// Groups in the first table.
const COARSE: usize = 16;
const COARSE_BITS: u64 = (1 << COARSE) - 1;
/// Groups in the second ones.
const FINE: usize = 64;

/// The filter; `T` is what a trigger leads to.
pub(super) struct Sieve<T> {
    coarse: Box<[u64; 256]>,
    fine: Box<[[u64; 256]; WINDOW]>,
    /// The triggers of each fine group.
    groups: Vec<Vec<T>>,
}

impl<T: Copy> Sieve<T> {
    /// A filter for `triggers`.
    pub(super) fn new(triggers: &[(Window, T)]) -> Self {
        let mut coarse = Box::new([0; 256]);
        for (group, Group { sets, .. }) in grouped(triggers, COARSE).iter().enumerate() {
            for (place, set) in sets.iter().enumerate() {
                add_bit(&mut coarse, set, place * COARSE + group);
            }
        }
        let mut fine = Box::new([[0; 256]; WINDOW]);
        let mut groups = Vec::with_capacity(FINE);
        for (at, group) in grouped(triggers, FINE).into_iter().enumerate() {
            for (table, set) in fine.iter_mut().zip(&group.sets) {
                add_bit(table, set, at);
            }
            groups.push(group.triggers);
        }
        Self { coarse, fine, groups }
    }

    /// Calls `on` with each position where the window of a trigger may lie, in order, and with the
    /// trigger. Windows that go over the line's end are left out: no secret is so short.
    pub(super) fn scan(&self, line: &[u8], mut on: impl FnMut(usize, T)) {
        let mut at = 0;
        let mut rest = line;
        while let Some(block) = rest.first_chunk::<READ>() {
            let places = self.places(block);
            if places != 0 {
                self.report(block, at, places, &mut on);
            }
            at += BLOCK;
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
        if rest.len() < WINDOW {
            return;
        }
        if let Some(block) = line.last_chunk::<READ>() {
            // The last block again reads some of what was read already.
            let begin = line.len() - READ;
            let known = at - begin;
            let places = self.places(block) >> known << known;
            self.report(block, begin, places, &mut on);
        } else {
            let mut block = [0; READ];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            let whole = (1 << (rest.len() + 1 - WINDOW)) - 1;
            self.report(&block, at, self.places(&block) & whole, &mut on);
        }
    }

    /// The block's positions, as bits, at which a window of some group may begin.
    #[inline]
    fn places(&self, block: &[u8; READ]) -> u32 {
        let entries = block.map(|b| self.coarse[usize::from(b)]);
        // Two places at once: in the lower half are the first and second, in the upper one the
        // third and fourth.
        let pairs: [u64; READ - 1] =
            std::array::from_fn(|at| entries[at] & (entries[at + 1] >> COARSE));
        let hits: [u64; BLOCK] =
            std::array::from_fn(|at| pairs[at] & (pairs[at + 2] >> (2 * COARSE)));
        if hits.iter().fold(0, |all, hits| all | hits) & COARSE_BITS == 0 {
            return 0;
        }
        let place = |at: usize, hits: u64| u32::from(hits & COARSE_BITS != 0) << at;
        hits.into_iter().enumerate().fold(0, |places, (at, hits)| places | place(at, hits))
    }

    #[inline(never)]
    fn report(
        &self,
        block: &[u8; READ],
        at: usize,
        mut places: u32,
        on: &mut impl FnMut(usize, T),
    ) {
        let [first, second, third, fourth] = &*self.fine;
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            let Some(&[a, b, c, d]) = block.get(place..).and_then(<[u8]>::first_chunk) else {
                return;
            };
            let mut bits = first[usize::from(a)]
                & second[usize::from(b)]
                & third[usize::from(c)]
                & fourth[usize::from(d)];
            while bits != 0 {
                let group = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                for &trigger in self.groups.get(group).into_iter().flatten() {
                    on(at + place, trigger);
                }
            }
        }
    }
}

fn add_bit(table: &mut [u64; 256], set: &Set, bit: usize) {
    for (bits, &accepted) in table.iter_mut().zip(set) {
        *bits |= u64::from(accepted) << bit;
    }
}

/// Triggers that share a bit; their windows mix.
struct Group<T> {
    sets: Window,
    /// How often the bytes of each set occur.
    weights: [f64; WINDOW],
    triggers: Vec<T>,
}

/// The bytes of each set of a window.
type Members = [Vec<u8>; WINDOW];

impl<T> Group<T> {
    const fn new() -> Self {
        Self { sets: [[false; 256]; WINDOW], weights: [0.0; WINDOW], triggers: Vec::new() }
    }

    /// How many false hits the group gives with the weights that it has with `members`.
    fn rate_with(&self, members: &Members) -> f64 {
        self.weights_with(members).iter().product()
    }

    fn weights_with(&self, members: &Members) -> [f64; WINDOW] {
        std::array::from_fn(|place| {
            let own = &self.sets[place];
            let more = members[place].iter().filter(|&&b| !own[usize::from(b)]);
            self.weights[place] + more.map(|&b| frequency::of(b)).sum::<f64>()
        })
    }

    fn add(&mut self, members: &Members, trigger: T) {
        self.weights = self.weights_with(members);
        for (set, bytes) in self.sets.iter_mut().zip(members) {
            bytes.iter().for_each(|&b| set[usize::from(b)] = true);
        }
        self.triggers.push(trigger);
    }
}

/// Puts triggers into at most `limit` groups, each where it adds the fewest false hits.
fn grouped<T: Copy>(triggers: &[(Window, T)], limit: usize) -> Vec<Group<T>> {
    let mut order: Vec<(f64, Members, T)> = Vec::with_capacity(triggers.len());
    for (window, trigger) in triggers {
        let members =
            window.map(|set| (0..=255u8).filter(|&b| set[usize::from(b)]).collect::<Vec<_>>());
        order.push((Group::<T>::new().rate_with(&members), members, *trigger));
    }
    // The frequent ones first: each gets a group of its own, and the rare ones join the best.
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut groups: Vec<Group<T>> = Vec::with_capacity(limit);
    for (own, members, trigger) in order {
        let added =
            |group: &Group<T>| group.rate_with(&members) - group.weights.iter().product::<f64>();
        let best = groups.iter().map(added).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((at, more)) if groups.len() == limit || more <= own * 1.0001 => {
                if let Some(group) = groups.get_mut(at) {
                    group.add(&members, trigger);
                }
            }
            _ => {
                let mut group = Group::new();
                group.add(&members, trigger);
                groups.push(group);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Window {
        let bytes = text.as_bytes();
        std::array::from_fn(|place| std::array::from_fn(|b| b == usize::from(bytes[place])))
    }

    #[test]
    fn a_trigger_is_found_wherever_it_stands() {
        let words: Vec<String> = (b'a'..=b'z')
            .flat_map(|b| (0..4).map(move |n| format!("{}x{n}z", char::from(b))))
            .collect();
        let triggers: Vec<_> = words.iter().map(|word| (window(word), word.as_str())).collect();
        let sieve = Sieve::new(&triggers);
        for length in 4..40 {
            for place in 0..=length - 4 {
                let word = &words[(length * 7 + place) % words.len()];
                let mut line = vec![b'-'; length];
                line[place..place + 4].copy_from_slice(word.as_bytes());
                let mut found = Vec::new();
                sieve.scan(&line, |at, trigger| {
                    if trigger == word {
                        found.push(at);
                    }
                });
                assert_eq!(found, [place], "of {length}");
            }
        }
        sieve.scan(b"ax0", |_, _| panic!("three of four bytes"));
    }
}
