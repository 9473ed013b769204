//! A match: the steps of a program taken over a text, with a limit.

use memchr::{memchr, memrchr};

use super::class::{Bytes, width_of};
use super::node::{Assert, Greed, Start};
use super::program::{NO_NUMBER, Program, Run, Step};

/// A place that is not set.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// What a match remembers, kept between matches so that none has to ask for memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    ways: Vec<Way>,
    /// For each numbered step and each place a bit: whether it was returned to.
    seen: Vec<u64>,
    has_seen: bool,
    /// Two places for each capture, then the registers.
    pub(crate) places: Vec<u32>,
}

/// After how many steps a match begins to note where it was, and the most bits that it may note.
const PATIENCE: u32 = 4_096;
const MAX_SEEN: usize = 16 << 20;

/// What to go back to when nothing goes on.
#[derive(Clone, Copy, Debug)]
enum Way {
    To {
        step: u32,
        at: u32,
    },
    Restore {
        place: u32,
        value: u32,
    },
    /// A run that may give back down to `low`.
    Less {
        step: u32,
        low: u32,
        high: u32,
    },
    /// A lazy run that may take more from `at`.
    More {
        step: u32,
        at: u32,
        taken: u32,
    },
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Found,
    Missed,
    /// The limit was passed before it was known.
    GaveUp,
}

/// Looks for the leftmost match, in at most `limit` steps; how many it took comes with it.
pub(crate) fn search(
    program: &Program,
    text: &[u8],
    memory: &mut Memory,
    limit: u32,
) -> (Verdict, u32) {
    if u32::try_from(text.len()).is_err_and(|_| true)
        || program.required.as_ref().is_some_and(|finder| finder.find(text).is_none())
    {
        return (Verdict::Missed, 1);
    }
    memory.ways.clear();
    memory.has_seen = false;
    memory.places.clear();
    memory.places.resize(program.places, NOWHERE);
    let notes_from = limit.saturating_sub(PATIENCE);
    let mut search = Search { program, text, memory, left: limit, notes_from };
    let mut from = 0;
    while let Some(at) = search.next_start(from) {
        match search.run(at) {
            Verdict::Missed => from = at + text.get(at).map_or(1, |&byte| width_of(byte)),
            verdict => return (verdict, limit - search.left),
        }
    }
    let verdict = if search.left == 0 { Verdict::GaveUp } else { Verdict::Missed };
    (verdict, limit - search.left)
}

struct Search<'a> {
    program: &'a Program,
    text: &'a [u8],
    memory: &'a mut Memory,
    left: u32,
    /// With how many steps left it begins to note where it was.
    notes_from: u32,
}

impl Search<'_> {
    /// Steps for so many bytes that are looked at in one go.
    #[inline]
    fn spend(&mut self, bytes: usize) -> bool {
        let cost = (bytes >> 4) as u32 + 1;
        self.left = self.left.saturating_sub(cost);
        self.left > 0
    }

    /// The next place at which a match can begin.
    fn next_start(&mut self, from: usize) -> Option<usize> {
        let (text, first) = (self.text, &self.program.first);
        let at = match self.program.start {
            Start::Text => (from == 0).then_some(0)?,
            Start::Line if from == 0 => 0,
            Start::Line => from - 1 + memchr(b'\n', text.get(from - 1..)?)? + 1,
            Start::Anywhere => match first.single() {
                Some(byte) => from + memchr(byte, text.get(from..)?)?,
                None => (from..=text.len()).find(|&at| {
                    first.allows(text, at) && text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80)
                })?,
            },
        };
        (at <= text.len() && self.spend(at - from)).then_some(at)
    }

    #[allow(
        clippy::too_many_lines,
        reason = "one arm a step; in one function it stays in registers"
    )]
    fn run(&mut self, mut at: usize) -> Verdict {
        let (program, text) = (self.program, self.text);
        let mut step = 0_usize;
        loop {
            if self.left == 0 {
                return Verdict::GaveUp;
            }
            self.left -= 1;
            let goes_on = match &program.steps[step] {
                Step::Byte(byte) => {
                    let is = text.get(at) == Some(byte);
                    at += usize::from(is);
                    is
                }
                Step::Literal(bytes) => {
                    let is = text[at..].starts_with(bytes);
                    at += if is { bytes.len() } else { 0 };
                    is
                }
                Step::Class(class) => {
                    let width = class.width(text, at);
                    at += width;
                    width > 0
                }
                Step::Run(run) => match self.take(run, step, at) {
                    Some(next) => {
                        at = next;
                        true
                    }
                    None => false,
                },
                Step::Fork { first, second, sets } => {
                    let (one, two) = &program.sets[*sets as usize];
                    match (one.allows(text, at), two.allows(text, at)) {
                        (true, true) if self.was_here(step, at) => false,
                        (true, both) => {
                            if both {
                                self.memory.ways.push(Way::To { step: *second, at: at as u32 });
                            }
                            step = *first as usize;
                            continue;
                        }
                        (false, true) => {
                            step = *second as usize;
                            continue;
                        }
                        (false, false) => false,
                    }
                }
                Step::Jump(to) => {
                    step = *to as usize;
                    continue;
                }
                Step::Save(place) => {
                    self.remember(*place, at as u32);
                    true
                }
                Step::Next { class, negative } => (class.width(text, at) > 0) != *negative,
                Step::Before { class, negative } => {
                    let is = back(text, at).is_some_and(|before| class.width(text, before) > 0);
                    is != *negative
                }
                Step::Rewind(count) => match rewind(text, at, *count) {
                    Some(before) => {
                        at = before;
                        true
                    }
                    None => false,
                },
                Step::Assert(assert) => holds(*assert, text, at),
                Step::Enter(register) => {
                    self.enter(*register, at);
                    true
                }
                Step::Leave { register, is_look } => {
                    if *is_look {
                        at = self.memory.places[*register as usize + 1] as usize;
                    }
                    self.give_up_ways(*register);
                    true
                }
                Step::Deny { register, after } => {
                    self.enter(*register, at);
                    self.memory.ways.push(Way::To { step: *after, at: at as u32 });
                    true
                }
                Step::Denied(register) => {
                    let height = self.memory.places[*register as usize] as usize;
                    self.unwind(height);
                    false
                }
                Step::Round(register) => {
                    self.remember(*register, at as u32);
                    true
                }
                Step::Again { register, head } => {
                    if self.memory.places[*register as usize] as usize != at {
                        step = *head as usize;
                        continue;
                    }
                    true
                }
                Step::Back(capture) => {
                    let place = *capture as usize * 2;
                    let (start, end) = (
                        self.memory.places[place] as usize,
                        self.memory.places[place + 1] as usize,
                    );
                    match text.get(start..end) {
                        Some(bytes) if text[at..].starts_with(bytes) => {
                            at += bytes.len();
                            true
                        }
                        _ => false,
                    }
                }
                Step::Found => return Verdict::Found,
            };
            if goes_on {
                step += 1;
                continue;
            }
            match self.back_up() {
                Some((to, place)) => (step, at) = (to, place),
                None if self.left == 0 => return Verdict::GaveUp,
                None => return Verdict::Missed,
            }
        }
    }

    fn remember(&mut self, place: u32, value: u32) {
        let old = std::mem::replace(&mut self.memory.places[place as usize], value);
        self.memory.ways.push(Way::Restore { place, value: old });
    }

    fn enter(&mut self, register: u32, at: usize) {
        self.remember(register + 1, at as u32);
        let height = self.memory.ways.len() as u32 + 1;
        self.remember(register, height);
    }

    /// Forgets the ways back since a group began, but not what they would restore.
    fn give_up_ways(&mut self, register: u32) {
        let height = self.memory.places[register as usize] as usize;
        let mut kept = height;
        for at in height..self.memory.ways.len() {
            if let way @ Way::Restore { .. } = self.memory.ways[at] {
                self.memory.ways[kept] = way;
                kept += 1;
            }
        }
        self.memory.ways.truncate(kept);
    }

    fn unwind(&mut self, height: usize) {
        while self.memory.ways.len() > height {
            if let Some(Way::Restore { place, value }) = self.memory.ways.pop() {
                self.memory.places[place as usize] = value;
            }
        }
    }

    /// Where to go on after a failure.
    fn back_up(&mut self) -> Option<(usize, usize)> {
        loop {
            let (step, next) = match self.memory.ways.pop()? {
                Way::To { step, at } => return Some((step as usize, at as usize)),
                Way::Restore { place, value } => {
                    self.memory.places[place as usize] = value;
                    continue;
                }
                Way::Less { step, low, high } => {
                    (step, self.less(step, low as usize, high as usize))
                }
                Way::More { step, at, taken } => (step, self.more(step, at as usize, taken)),
            };
            if self.left == 0 {
                return None;
            }
            if let Some(at) = next
                && !self.was_here(step as usize, at)
            {
                return Some((step as usize + 1, at));
            }
        }
    }

    fn less(&mut self, step: u32, low: usize, high: usize) -> Option<usize> {
        let Step::Run(run) = &self.program.steps[step as usize] else { return None };
        let high = back(self.text, high)?;
        self.give_back(run, step, low, high)
    }

    fn more(&mut self, step: u32, at: usize, taken: u32) -> Option<usize> {
        let Step::Run(run) = &self.program.steps[step as usize] else { return None };
        let width = run.class.width(self.text, at);
        if taken >= run.max || width == 0 {
            return None;
        }
        self.take_more(run, step, at + width, taken + 1)
    }

    /// Whether the match came to this fork, or went on after this run, at this place before, and failed;
    /// from now on it did. This is what keeps a match from trying the same again and again; it costs memory, so
    /// only a match that takes long does it.
    #[inline]
    fn was_here(&mut self, step: usize, at: usize) -> bool {
        if self.left > self.notes_from {
            return false;
        }
        self.note(step, at)
    }

    #[cold]
    fn note(&mut self, step: usize, at: usize) -> bool {
        let number = self.program.numbers[step];
        let width = self.text.len() + 1;
        if number == NO_NUMBER || self.program.numbered.saturating_mul(width) > MAX_SEEN {
            return false;
        }
        if !self.memory.has_seen {
            self.memory.seen.clear();
            self.memory.seen.resize((self.program.numbered * width).div_ceil(64), 0);
            self.memory.has_seen = true;
        }
        let bit = number as usize * width + at;
        let word = &mut self.memory.seen[bit / 64];
        let was = *word >> (bit % 64) & 1 == 1;
        *word |= 1 << (bit % 64);
        // Clearing and asking costs, too.
        self.left = self.left.saturating_sub(1);
        was
    }

    /// Takes a run: the place after it.
    #[inline]
    fn take(&mut self, run: &Run, step: usize, at: usize) -> Option<usize> {
        let text = self.text;
        let mut low = at;
        for _ in 0..run.min {
            match run.class.width(text, low) {
                0 => return None,
                width => low += width,
            }
        }
        if run.greed == Greed::Lazy {
            return self.take_more(run, step as u32, low, run.min);
        }
        let left = if run.max == u32::MAX { run.max } else { run.max - run.min };
        let high = run.class.run(text, low, left);
        if !self.spend(high - at) {
            return None;
        }
        if run.greed == Greed::Possessive {
            return Some(high);
        }
        self.give_back(run, step as u32, low, high)
    }

    /// The last place from `low` to `high` at which what follows can begin.
    fn give_back(&mut self, run: &Run, step: u32, low: usize, high: usize) -> Option<usize> {
        let text = self.text;
        let mut at = high;
        if let Some(byte) = run.delimiter {
            let until = (high + 1).min(text.len());
            at = low + memrchr(byte, text.get(low..until)?)?;
        } else {
            while !run.follow.allows(text, at) {
                if at <= low {
                    return None;
                }
                at = back(text, at)?;
            }
        }
        if at < low || !self.spend(high - at) {
            return None;
        }
        if at > low {
            self.memory.ways.push(Way::Less { step, low: low as u32, high: at as u32 });
        }
        Some(at)
    }

    /// The first place from `at` on at which what follows can begin, if the run reaches so far.
    fn take_more(&mut self, run: &Run, step: u32, from: usize, taken: u32) -> Option<usize> {
        let text = self.text;
        let (mut at, mut count) = (from, taken);
        if let (Some(byte), u32::MAX) = (run.delimiter, run.max) {
            let found = from + memchr(byte, text.get(from..)?)?;
            at = run.class.run(&text[..found], from, u32::MAX);
            if !self.spend(at - from) || at != found {
                return None;
            }
        } else {
            while !run.follow.allows(text, at) {
                let width = run.class.width(text, at);
                if width == 0 || count >= run.max {
                    return None;
                }
                (at, count) = (at + width, count.saturating_add(1));
            }
            if !self.spend(at - from) {
                return None;
            }
        }
        let taken = if run.max == u32::MAX { 0 } else { count };
        self.memory.ways.push(Way::More { step, at: at as u32, taken });
        Some(at)
    }
}

/// Where the character before `at` begins.
#[inline]
fn back(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at.checked_sub(1)?;
    while at > 0 && text[at] & 0xC0 == 0x80 {
        at -= 1;
    }
    Some(at)
}

fn rewind(text: &[u8], at: usize, count: u32) -> Option<usize> {
    (0..count).try_fold(at, |at, _| back(text, at))
}

fn holds(assert: Assert, text: &[u8], at: usize) -> bool {
    match assert {
        Assert::TextStart => at == 0,
        Assert::LineStart => at == 0 || text[at - 1] == b'\n',
        Assert::TextEnd => at == text.len(),
        Assert::LineEnd => Bytes::LINE_END.allows(text, at),
        Assert::LastLineEnd => at == text.len() || &text[at..] == b"\n",
        Assert::Word => is_word_border(text, at),
        Assert::NotWord => !is_word_border(text, at),
    }
}

fn is_word_border(text: &[u8], at: usize) -> bool {
    let before = back(text, at).is_some_and(|before| is_word(text, before));
    before != is_word(text, at)
}

fn is_word(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(&byte) if byte < 0x80 => byte.is_ascii_alphanumeric() || byte == b'_',
        Some(&byte) => text
            .get(at..at + width_of(byte))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|text| text.chars().next())
            .is_some_and(char::is_alphanumeric),
        None => false,
    }
}
