//! The text of an expression becomes a tree: Ruby's syntax, as Oniguruma documents it, with
//! `%{NAME:field:type}` for a definition that stands elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::class::Class;
use super::node::{Assert, Greed, Node};
use super::set;

/// How deep definitions and groups may stand in one another.
const MAX_DEPTH: usize = 200;

/// An expression as it was written.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// What each capture is called, as it was written: with brackets and a type.
    pub(crate) names: Vec<String>,
}

/// Reads `text`, where `definitions` says what stands behind the names.
///
/// # Errors
/// What is wrong with it, and where.
pub(crate) fn parse(text: &str, definitions: &HashMap<String, String>) -> Result<Parsed, String> {
    let mut names = Names::default();
    let mut open = Vec::new();
    let node = Parser::new(text, definitions, &mut names, &mut open).all()?;
    let mut captures = names.fields;
    // A group without a name is captured only for a reference to it.
    let offset = captures.len();
    let mut node = node;
    let used = names.referred;
    number(&mut node, offset, used);
    if used > 0 {
        captures.extend((0..names.groups).map(|_| String::new()));
    }
    Ok(Parsed { node, names: captures })
}

/// The class of one character.
pub(crate) fn class_of(c: char) -> Class {
    Class::new(&ClassUnicode::new([ClassUnicodeRange::new(c, c)]))
}

/// Captures of groups without a name are counted from here on until [`number`] knows how many have one.
const UNNAMED: usize = usize::MAX / 2;

/// Gives the groups without a name their numbers, or drops them.
fn number(node: &mut Node, offset: usize, used: usize) {
    match node {
        Node::Capture(index, inner) => {
            number(inner, offset, used);
            if *index >= UNNAMED {
                if used == 0 {
                    *node = std::mem::replace(inner, Node::Empty);
                } else {
                    *index = *index - UNNAMED + offset;
                }
            }
        }
        Node::Back(index) if *index >= UNNAMED => *index = *index - UNNAMED + offset,
        Node::Concat(nodes) | Node::Either(nodes) => {
            nodes.iter_mut().for_each(|node| number(node, offset, used));
        }
        Node::Repeat { node, .. } | Node::Atomic(node) | Node::Look { node, .. } => {
            number(node, offset, used);
        }
        _ => {}
    }
}

#[derive(Debug, Default)]
struct Names {
    fields: Vec<String>,
    /// How many groups have no name.
    groups: usize,
    /// The highest of them that is referred to.
    referred: usize,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    dot_all: bool,
    extended: bool,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    flags: Flags,
    definitions: &'a HashMap<String, String>,
    names: &'a mut Names,
    /// The definitions that this one stands in.
    open: &'a mut Vec<String>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(
        text: &'a str,
        definitions: &'a HashMap<String, String>,
        names: &'a mut Names,
        open: &'a mut Vec<String>,
    ) -> Self {
        // As the field's tools do, which join the lines of an event before they look at it.
        let flags = Flags { dot_all: true, ..Flags::default() };
        Self { text, at: 0, flags, definitions, names, open, depth: 0 }
    }

    fn all(mut self) -> Result<Node, String> {
        let node = self.either()?;
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(self.fault("a \")\" closes nothing")),
        }
    }

    fn fault(&self, what: &str) -> String {
        let column = self.text[..self.at.min(self.text.len())].chars().count() + 1;
        match self.open.last() {
            Some(name) => format!("{what} (character {column} of the definition {name})"),
            None => format!("{what} (character {column})"),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, text: &str) -> bool {
        let is = self.rest().starts_with(text);
        self.at += if is { text.len() } else { 0 };
        is
    }

    fn until(&mut self, end: char) -> Result<&'a str, String> {
        let rest = self.rest();
        let length =
            rest.find(end).ok_or_else(|| self.fault(&format!("a \"{end}\" is missing")))?;
        self.at += length + end.len_utf8();
        Ok(&rest[..length])
    }

    fn either(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth + self.open.len() > MAX_DEPTH {
            return Err(self.fault("groups stand too deep in one another"));
        }
        let mut nodes = vec![self.concat()?];
        while self.skip("|") {
            nodes.push(self.concat()?);
        }
        self.depth -= 1;
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Either(nodes) })
    }

    fn concat(&mut self) -> Result<Node, String> {
        let mut nodes: Vec<Node> = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            if self.flags.extended && (c.is_whitespace() || c == '#') {
                self.comment(c);
                continue;
            }
            // Flags without a colon hold until the group ends, for alternatives, too.
            if let Some(flags) = self.bare_flags() {
                self.flags = flags;
                if let Some(node) = self.rest_of_group()? {
                    nodes.push(node);
                }
                break;
            }
            let node = self.atom()?;
            let node = self.quantified(node)?;
            match (nodes.last_mut(), node) {
                (Some(Node::Literal(before)), Node::Literal(bytes)) => before.extend(bytes),
                (_, Node::Empty) => {}
                (_, node) => nodes.push(node),
            }
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Concat(nodes),
        })
    }

    fn rest_of_group(&mut self) -> Result<Option<Node>, String> {
        match self.peek() {
            None | Some(')') => Ok(None),
            Some(_) => self.either().map(Some),
        }
    }

    fn comment(&mut self, c: char) {
        self.next();
        if c == '#' {
            while self.next().is_some_and(|c| c != '\n') {}
        }
    }

    /// `(?im-x)`, or nothing.
    fn bare_flags(&mut self) -> Option<Flags> {
        let rest = self.rest().strip_prefix("(?")?;
        let end = rest.find(')')?;
        let flags = self.flags.changed(&rest[..end])?;
        self.at += end + 3;
        Some(flags)
    }

    fn quantified(&mut self, mut node: Node) -> Result<Node, String> {
        while let Some((min, max, is_interval)) = self.quantifier()? {
            let greed = if self.skip("?") {
                Greed::Lazy
            } else if !is_interval && self.skip("+") {
                Greed::Possessive
            } else {
                Greed::Greedy
            };
            // Of a text only its last character is repeated; it stands alone here.
            node = Node::Repeat { node: Box::new(node), min, max, greed };
        }
        Ok(node)
    }

    fn quantifier(&mut self) -> Result<Option<(u32, u32, bool)>, String> {
        let range = match self.peek() {
            Some('*') => (0, u32::MAX),
            Some('+') => (1, u32::MAX),
            Some('?') => (0, 1),
            Some('{') => return self.interval(),
            _ => return Ok(None),
        };
        self.next();
        Ok(Some((range.0, range.1, false)))
    }

    /// `{2}`, `{2,}`, `{,3}` or `{2,3}`; anything else in braces is text.
    fn interval(&mut self) -> Result<Option<(u32, u32, bool)>, String> {
        let Some(end) = self.rest().find('}') else { return Ok(None) };
        let inner = &self.rest()[1..end];
        let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
        let number = |text: &str, none: u32| {
            if text.is_empty() { Some(none) } else { text.parse::<u32>().ok() }
        };
        if inner.is_empty() || inner == "," {
            return Ok(None);
        }
        let (Some(min), Some(max)) = (number(low, 0), number(high, u32::MAX)) else {
            return Ok(None);
        };
        if min > max {
            return Err(self.fault("a repetition's least number is above its greatest"));
        }
        self.at += end + 1;
        Ok(Some((min, max, true)))
    }

    fn atom(&mut self) -> Result<Node, String> {
        if self.rest().starts_with("%{") {
            return self.reference();
        }
        let Some(c) = self.next() else { return Ok(Node::Empty) };
        match c {
            '(' => self.group(),
            '[' => {
                self.at -= 1;
                let (class, length) = set::read(self.rest(), self.flags.ignore_case)
                    .map_err(|what| self.fault(&what))?;
                self.at += length;
                Ok(Node::Class(Arc::new(Class::new(&class))))
            }
            '.' => {
                let mut class = ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]);
                if self.flags.dot_all {
                    class = ClassUnicode::empty();
                }
                class.negate();
                Ok(Node::Class(Arc::new(Class::new(&class))))
            }
            '^' => Ok(Node::Assert(Assert::LineStart)),
            '$' => Ok(Node::Assert(Assert::LineEnd)),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(self.fault(&format!("\"{c}\" repeats nothing"))),
            _ => self.character(c),
        }
    }

    fn character(&self, c: char) -> Result<Node, String> {
        if self.flags.ignore_case && c.is_alphabetic() {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.try_case_fold_simple().map_err(|error| self.fault(&error.to_string()))?;
            return Ok(Node::Class(Arc::new(Class::new(&class))));
        }
        Ok(Node::Literal(c.to_string().into_bytes()))
    }

    fn escape(&mut self) -> Result<Node, String> {
        let Some(c) = self.peek() else { return Err(self.fault("a \"\\\" stands at the end")) };
        let assert = match c {
            'A' => Some(Assert::TextStart),
            'z' => Some(Assert::TextEnd),
            'Z' => Some(Assert::LastLineEnd),
            'b' => Some(Assert::Word),
            'B' => Some(Assert::NotWord),
            _ => None,
        };
        if let Some(assert) = assert {
            self.next();
            return Ok(Node::Assert(assert));
        }
        match c {
            '1'..='9' => {
                let digits = self.rest().chars().take_while(char::is_ascii_digit).count();
                let number: usize = self.rest()[..digits].parse().unwrap_or(0);
                if number == 0 || number > 99 {
                    return Err(self.fault("there is no such group"));
                }
                self.at += digits;
                self.names.referred = self.names.referred.max(number);
                return if number > self.names.groups {
                    Err(self.fault("there is no such group before it"))
                } else {
                    Ok(Node::Back(UNNAMED + number - 1))
                };
            }
            'k' => {
                self.next();
                if !self.skip("<") {
                    return Err(self.fault("\\k needs a name: \\k<name>"));
                }
                let name = self.until('>')?;
                let found = self.names.fields.iter().rposition(|field| field == name);
                return found
                    .map(Node::Back)
                    .ok_or_else(|| self.fault(&format!("there is no group {name} before it")));
            }
            'R' => {
                self.next();
                let ends = [&b"\r\n"[..], b"\n", b"\r"].map(|end| Node::Literal(end.to_vec()));
                return Ok(Node::Either(ends.into()));
            }
            'G' => return Err(self.fault("\\G is not supported")),
            _ => {}
        }
        let (class, length) = set::escape(self.rest()).map_err(|what| self.fault(&what))?;
        self.at += length;
        match class {
            set::Item::Character(c) => self.character(c),
            set::Item::Class(class) => Ok(Node::Class(Arc::new(Class::new(&class)))),
        }
    }

    fn group(&mut self) -> Result<Node, String> {
        let flags = self.flags;
        let node = self.group_body()?;
        self.flags = flags;
        Ok(node)
    }

    fn group_body(&mut self) -> Result<Node, String> {
        if !self.skip("?") {
            let index = UNNAMED + self.names.groups;
            self.names.groups += 1;
            return Ok(Node::Capture(index, Box::new(self.inner()?)));
        }
        let look = |ahead, negative| move |node| Node::Look { ahead, negative, node };
        if self.skip("#") {
            self.until(')')?;
            return Ok(Node::Empty);
        }
        if self.skip(":") {
            return self.inner();
        }
        for (mark, ahead, negative) in
            [("=", true, false), ("!", true, true), ("<=", false, false), ("<!", false, true)]
        {
            if self.skip(mark) {
                return Ok(look(ahead, negative)(Box::new(self.inner()?)));
            }
        }
        if self.skip(">") {
            return Ok(Node::Atomic(Box::new(self.inner()?)));
        }
        for (mark, end) in [("P<", '>'), ("<", '>'), ("'", '\'')] {
            if self.skip(mark) {
                let name = self.until(end)?.to_owned();
                return self.named(name);
            }
        }
        let letters = self.rest().find([':', ')']).unwrap_or(0);
        match self.flags.changed(&self.rest()[..letters]) {
            Some(flags) if self.rest()[letters..].starts_with(':') => {
                self.at += letters + 1;
                self.flags = flags;
                self.inner()
            }
            _ => Err(self.fault("a group begins with \"(?\" and then something unknown")),
        }
    }

    fn named(&mut self, name: String) -> Result<Node, String> {
        if name.is_empty() {
            return Err(self.fault("a group's name is empty"));
        }
        let index = self.names.fields.len();
        self.names.fields.push(name);
        Ok(Node::Capture(index, Box::new(self.inner()?)))
    }

    /// A group's content and its closing parenthesis.
    fn inner(&mut self) -> Result<Node, String> {
        let node = self.either()?;
        if self.skip(")") { Ok(node) } else { Err(self.fault("a \")\" is missing")) }
    }

    /// `%{NAME}`, `%{NAME:field}`, `%{NAME:field:type}`, `%{NAME:field=definition}`.
    fn reference(&mut self) -> Result<Node, String> {
        let start = self.at;
        self.at += 2;
        let inner = self.until('}')?;
        let (head, definition) = inner.split_once('=').map_or((inner, None), |(a, b)| (a, Some(b)));
        let (name, field) = head.split_once(':').map_or((head, None), |(a, b)| (a, Some(b)));
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
            self.at = start;
            return Err(self.fault("\"%{\" must be followed by a pattern's name, and \"}\""));
        }
        let Some(text) = definition.or_else(|| self.definitions.get(name).map(String::as_str))
        else {
            self.at = start;
            return Err(self.fault(&format!("there is no pattern {name}")));
        };
        if self.open.iter().any(|open| open == name) || self.open.len() >= MAX_DEPTH {
            self.at = start;
            return Err(self.fault(&format!("the pattern {name} stands in itself")));
        }
        let index = field.map(|field| {
            self.names.fields.push(field.trim().to_owned());
            self.names.fields.len() - 1
        });
        self.open.push(name.to_owned());
        let mut inner = Parser::new(text, self.definitions, self.names, self.open);
        inner.flags = self.flags;
        inner.depth = self.depth;
        let node = inner.all()?;
        self.open.pop();
        Ok(match index {
            Some(index) => Node::Capture(index, Box::new(node)),
            None => node,
        })
    }
}

impl Flags {
    /// These flags with `letters` applied, `im-x`; nothing if they are none.
    fn changed(mut self, letters: &str) -> Option<Self> {
        let mut is_on = true;
        if letters.is_empty() {
            return None;
        }
        for letter in letters.chars() {
            match letter {
                '-' => is_on = false,
                'i' => self.ignore_case = is_on,
                'm' => self.dot_all = is_on,
                'x' => self.extended = is_on,
                _ => return None,
            }
        }
        Some(self)
    }
}
