//! Sets of characters as Ruby writes them: `[[[:alnum:]]_-]`, `[a-z&&[^x]]`, `\h`, `\p{Alpha}`.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, HirKind};

/// How deep sets may stand in one another.
const MAX_DEPTH: usize = 50;

/// What an escape stands for.
#[derive(Debug)]
pub(crate) enum Item {
    Character(char),
    Class(ClassUnicode),
}

/// Reads the set at the beginning of `text`, and says how long it is.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(text: &str, ignore_case: bool) -> Result<(ClassUnicode, usize), String> {
    let mut reader = Reader { text, at: 1 };
    let mut class = reader.set(0, ignore_case)?;
    if ignore_case {
        class.try_case_fold_simple().map_err(|error| error.to_string())?;
    }
    Ok((class, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, text: &str) -> bool {
        let is = self.rest().starts_with(text);
        self.at += if is { text.len() } else { 0 };
        is
    }

    /// What stands after `[`, to its `]`.
    fn set(&mut self, depth: usize, ignore_case: bool) -> Result<ClassUnicode, String> {
        if depth > MAX_DEPTH {
            return Err("sets stand too deep in one another".to_owned());
        }
        let is_negative = self.skip("^");
        let mut class = ClassUnicode::empty();
        let mut both: Option<ClassUnicode> = None;
        let mut is_first = true;
        loop {
            if self.rest().is_empty() {
                return Err("a \"]\" is missing".to_owned());
            }
            if self.rest().starts_with(']') && !is_first {
                self.at += 1;
                break;
            }
            is_first = false;
            if self.skip("&&") {
                both = Some(meet(both, class));
                class = ClassUnicode::empty();
                continue;
            }
            if let Some((posix, length)) = posix(self.rest()) {
                self.at += length;
                class.union(&posix);
            } else if self.skip("[") {
                class.union(&self.set(depth + 1, ignore_case)?);
            } else {
                self.range(&mut class)?;
            }
        }
        let mut class = meet(both, class);
        if is_negative {
            if ignore_case {
                class.try_case_fold_simple().map_err(|error| error.to_string())?;
            }
            class.negate();
        }
        Ok(class)
    }

    /// A character, a range of them, or an escape.
    fn range(&mut self, class: &mut ClassUnicode) -> Result<(), String> {
        let start = match self.item()? {
            Item::Character(c) => c,
            Item::Class(known) => {
                class.union(&known);
                return Ok(());
            }
        };
        let rest = self.rest();
        let is_range = rest.starts_with('-') && !rest.starts_with("-]") && !rest.starts_with("-[");
        if !is_range {
            class.push(ClassUnicodeRange::new(start, start));
            return Ok(());
        }
        self.at += 1;
        match self.item()? {
            Item::Character(end) if end >= start => class.push(ClassUnicodeRange::new(start, end)),
            Item::Character(end) => return Err(format!("the range {start}-{end} is empty")),
            Item::Class(known) => {
                class.union(&known);
                for c in [start, '-'] {
                    class.push(ClassUnicodeRange::new(c, c));
                }
            }
        }
        Ok(())
    }

    fn item(&mut self) -> Result<Item, String> {
        let c = self.rest().chars().next().ok_or("a \"]\" is missing")?;
        self.at += c.len_utf8();
        if c != '\\' {
            return Ok(Item::Character(c));
        }
        if self.skip("b") {
            return Ok(Item::Character('\u{8}'));
        }
        let (item, length) = escape(self.rest())?;
        self.at += length;
        Ok(item)
    }
}

fn meet(both: Option<ClassUnicode>, class: ClassUnicode) -> ClassUnicode {
    match both {
        Some(mut both) => {
            both.intersect(&class);
            both
        }
        None => class,
    }
}

/// `[:alpha:]`, `[:^alpha:]` and how long it is. Beyond ASCII they have what Unicode says.
fn posix(text: &str) -> Option<(ClassUnicode, usize)> {
    let rest = text.strip_prefix("[:")?;
    let end = rest.find(":]")?;
    let name = rest[..end].trim_start_matches('^');
    let mut class = property(name)?;
    if rest.starts_with('^') {
        class.negate();
    }
    Some((class, end + 4))
}

/// The characters that Ruby has under a name, in brackets of POSIX or in `\p{…}`.
fn property(name: &str) -> Option<ClassUnicode> {
    let lower = name.to_ascii_lowercase();
    let pattern = match lower.as_str() {
        "alnum" => r"[\p{Alphabetic}\p{Nd}]",
        "alpha" => r"\p{Alphabetic}",
        "ascii" => r"[\x00-\x7F]",
        "blank" => r"[\p{Zs}\t]",
        "cntrl" => r"\p{Cc}",
        "digit" => r"\p{Nd}",
        "graph" => r"[^\p{White_Space}\p{Cc}\p{Cs}\p{Cn}]",
        "lower" => r"\p{Lowercase}",
        "print" => r"[[^\p{White_Space}\p{Cc}\p{Cs}\p{Cn}]\p{Zs}]",
        "punct" => r"[\p{P}$+<=>^`|~]",
        "space" => r"\p{White_Space}",
        "upper" => r"\p{Uppercase}",
        "word" => r"\w",
        "xdigit" => r"[0-9A-Fa-f]",
        _ => return known_class(&format!(r"\p{{{name}}}")),
    };
    known_class(pattern)
}

/// What the escape stands for whose `\` is before `text`, and how long it is. `\d`, `\s` and `\w` are
/// of ASCII, as they are in Ruby.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn escape(text: &str) -> Result<(Item, usize), String> {
    let c = text.chars().next().ok_or("a \"\\\" stands at the end")?;
    let pattern = match c {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\x0B\x0C\r ]",
        'S' => r"[^\t\n\x0B\x0C\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        'h' => "[0-9A-Fa-f]",
        'H' => "[^0-9A-Fa-f]",
        'p' | 'P' => return named(text, c == 'P'),
        'x' | 'u' => return coded(text),
        _ => {
            let c = match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'f' => '\u{c}',
                'v' => '\u{b}',
                'a' => '\u{7}',
                'e' => '\u{1b}',
                '0' => '\0',
                c => c,
            };
            return Ok((Item::Character(c), text.chars().next().map_or(0, char::len_utf8)));
        }
    };
    let class = known_class(pattern).ok_or("it cannot be read")?;
    Ok((Item::Class(class), 1))
}

fn named(text: &str, is_negative: bool) -> Result<(Item, usize), String> {
    let fault = || "\\p must be followed by {…}, a property of Unicode".to_owned();
    let rest = text[1..].strip_prefix('{').ok_or_else(fault)?;
    let end = rest.find('}').ok_or_else(fault)?;
    let name = &rest[..end];
    let mut class = property(name.trim_start_matches('^'))
        .ok_or_else(|| format!("there is no property {name} of Unicode"))?;
    if is_negative != name.starts_with('^') {
        class.negate();
    }
    Ok((Item::Class(class), end + 3))
}

/// `\x41`, `\x{1F600}`, `\u0041`.
fn coded(text: &str) -> Result<(Item, usize), String> {
    let rest = &text[1..];
    let (digits, length) = match rest.strip_prefix('{') {
        Some(inner) => {
            let end = inner.find('}').ok_or("a \"}\" is missing")?;
            (&inner[..end], end + 3)
        }
        None => {
            let most = if text.starts_with('x') { 2 } else { 4 };
            let count = rest.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
            (&rest[..count], count + 1)
        }
    };
    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    c.map(|c| (Item::Character(c), length)).ok_or_else(|| format!("\\{text} is no character"))
}

/// The class that `regex-syntax` knows by `pattern`.
fn known_class(pattern: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(pattern).ok()?.into_kind() {
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => Some(class),
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(c, c)]))
        }
        _ => None,
    }
}
