//! Whether a value that is assigned to a secret-sounding name is a secret.

use super::Rule;
use super::text::{Mix, byte, holds_any_case, is_gap, is_token, part};
use super::value::{
    is_code, is_digest, is_metavariable, is_name, is_path, is_placeholder, is_prose, is_sentence,
};

/// How much of a value is looked at; a longer one is as its begin.
pub(super) const JUDGED: usize = 1024;

/// What the noun in a name announces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A password: may be any text.
    Password,
    /// The same by a name that also means other things: `pass`, `pwd`.
    Pass,
    /// A token or secret.
    Token,
    /// A key: long and random.
    Key,
    /// A name that seldom holds the secret itself.
    Weak,
    /// The name of an encrypted value.
    Cipher,
}

/// How a name and a value are joined.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Separator {
    Equals,
    /// `:` or `=>`
    Colon,
    /// `<name>value</name>`
    Tag,
    /// `--name value`
    Option,
}

/// Where a value stands.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) kind: Kind,
    pub(super) separator: Separator,
    /// The whole name, `DB_PASSWORD`.
    pub(super) name: &'a [u8],
    /// The noun in it, `PASSWORD`.
    pub(super) noun: &'a [u8],
    pub(super) quoted: bool,
    /// Whether blanks stand around the separator.
    pub(super) spaced: bool,
    /// Whether it is a parameter of a URL.
    pub(super) parameter: bool,
    /// The line in front of the name.
    pub(super) head: &'a [u8],
    /// The line behind the value.
    pub(super) tail: &'a [u8],
}

impl Place<'_> {
    /// The rule whose secret stands here.
    pub(super) fn rule(&self) -> Rule {
        let has = |word| holds_any_case(self.name, word);
        if has("aws") || has("secret_access_key") || has("secretaccesskey") || has("sessiontoken") {
            Rule::AwsKey
        } else if has("accountkey") || has("sharedaccesskey") {
            Rule::AzureKey
        } else if self.parameter {
            Rule::UrlSecret
        } else if self.is_header() {
            Rule::AuthorizationHeader
        } else if has("_auth") && has("token") {
            Rule::NpmToken
        } else if matches!(self.kind, Kind::Password | Kind::Pass) {
            Rule::Password
        } else {
            Rule::Token
        }
    }

    /// `DB_PASSWORD`: the name of an environment variable.
    fn is_variable(&self) -> bool {
        self.name.len() > 3 && !self.name.iter().any(u8::is_ascii_lowercase)
    }

    fn is_header(&self) -> bool {
        self.separator == Separator::Colon
            && self.name.len() > 2
            && self.name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case(b"x-"))
    }

    /// Whether the value is the last of its line.
    fn is_last(&self) -> bool {
        self.tail.iter().all(|&b| is_gap(b))
    }

    /// Whether the name is the first of its line; a list's mark does not count.
    fn is_first(&self) -> bool {
        self.head.iter().all(|&b| is_gap(b) || b == b'-')
    }

    /// Whether the word in front of the name makes it prose: `unexpected token: x`.
    fn is_reported(&self) -> bool {
        const WORDS: &[&str] = &[
            "unexpected",
            "expected",
            "invalid",
            "unknown",
            "syntax",
            "illegal",
            "near",
            "missing",
            "parse",
            "next",
            "previous",
            "bad",
            "at",
            "unrecognized",
            "no",
            "lookahead",
            "stray",
            "offending",
            "this",
            "each",
            "every",
        ];
        let near = part(self.head, self.head.len().saturating_sub(32), self.head.len());
        let last = near.split(|&b| is_gap(b)).rfind(|word| !word.is_empty());
        self.head.last().is_some_and(|&b| is_gap(b))
            && last.is_some_and(|word| super::text::is_one_of(word, WORDS))
    }
}

/// Whether `value`, standing at `place`, is a secret.
pub(super) fn is_secret(value: &[u8], place: &Place<'_>) -> bool {
    let text = part(value, 0, JUDGED);
    if text.len() < 3
        || is_placeholder(text)
        || is_self(text, place)
        || is_digest(text)
        || is_path(text)
        || is_metavariable(text)
        || text.starts_with(b"-----BEGIN")
        || holds_any_case(place.name, "hash")
    {
        return false;
    }
    if !place.quoted && is_unquoted_other(text, place) {
        return false;
    }
    if text.contains(&b' ') && is_sentence(text) {
        return false;
    }
    let mix = Mix::of(text);
    match place.kind {
        Kind::Password => is_password(text, mix, place),
        Kind::Pass => is_short_named(text, mix, place),
        Kind::Token => is_token_value(text, mix, place),
        Kind::Key => {
            is_random(text, mix) && text.len() >= 16
                || (place.is_variable() || place.is_header() || place.quoted || place.parameter)
                    && text.len() >= 8
                    && mix.digits > 0
                    && !is_name(text)
                    && is_opaque(text)
        }
        Kind::Weak => text.len() >= 16 && is_random(text, mix) && !is_name(text),
        Kind::Cipher => place.quoted && text.len() >= 64 && is_random(text, mix),
    }
}

/// `password=password`, `token=auth_token`: a name passed on, not a value.
fn is_self(text: &[u8], place: &Place<'_>) -> bool {
    fn plain(text: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
        text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
    }
    let ends_with = |whole: &[u8], end: &[u8]| {
        let mut whole = plain(whole).rev();
        plain(end).rev().all(|b| whole.next() == Some(b))
    };
    let (noun, name) = (place.noun, place.name);
    plain(text).eq(plain(noun))
        || plain(text).eq(plain(name))
        || ends_with(name, text) && plain(text).count() > 4
        || !place.quoted
            && place.separator == Separator::Equals
            && !place.is_variable()
            && ends_with(text, noun)
            && plain(text).count() > plain(noun).count()
            && plain(text).all(|b| b.is_ascii_alphabetic())
}

/// Code, types, nested structures: what an unquoted value is if it is no secret.
fn is_unquoted_other(text: &[u8], place: &Place<'_>) -> bool {
    let first = byte(text, 0);
    let nested = matches!(first, b'{' | b'[' | b'(' | b'<' | b'|' | b'>')
        && (place.separator != Separator::Equals || place.spaced || first != b'<');
    let option = place.separator == Separator::Option
        && (first == b'-' || is_prose(text) || text.contains(&b'=') && place.kind == Kind::Token);
    let spoken = place.separator == Separator::Colon && (is_prose(text) || place.is_reported());
    nested
        || option
        || spoken
        || is_code(text, place.is_variable() && !place.spaced)
        || place.spaced
            && place.tail.first().is_some_and(|&b| b == b';' || b == b'(')
            && Mix::of(text).digits == 0
        || text.first() == Some(&b':') && text.iter().skip(1).all(|&b| is_token(b))
}

fn is_password(text: &[u8], mix: Mix, place: &Place<'_>) -> bool {
    let word = mix.digits == 0 && text.iter().all(|&b| b.is_ascii_alphabetic() || b == b'_');
    if place.quoted || place.separator == Separator::Tag {
        return !is_prose(text) || !word;
    }
    if mix.digits == text.len() {
        return text.len() >= 4 && place.separator != Separator::Colon;
    }
    if !word {
        // `password: 3/5` and `password: "` are no passwords, `password: p@ss` is.
        return mix.letters() > 0
            && (!place.spaced || text.len() >= 4)
            && !(place.separator == Separator::Colon
                && !place.is_variable()
                && mix.digits == 0
                && is_punctuated_word(text));
    }
    let capital = byte(text, 0).is_ascii_uppercase() && mix.upper == 1;
    match place.separator {
        Separator::Option => !is_prose(text),
        Separator::Equals if !place.spaced => {
            place.is_variable() || !place.tail.first().is_some_and(|&b| b == b',' || b == b')')
        }
        _ if place.is_variable() => !is_prose(text) && place.is_last(),
        // A word behind a blank is a password where configurations have it, alone on its line.
        _ => {
            place.is_first()
                && place.is_last()
                && !is_prose(text)
                && !capital
                && !byte(place.name, 0).is_ascii_uppercase()
        }
    }
}

/// `String;`, `Option<String>`, `&str,`, `string|null`, `it's`: words and marks, of code or prose.
fn is_punctuated_word(text: &[u8]) -> bool {
    text.iter().all(|&b| {
        b.is_ascii_alphabetic()
            || matches!(
                b,
                b'<' | b'>'
                    | b'&'
                    | b','
                    | b';'
                    | b'|'
                    | b'_'
                    | b'\''
                    | b'.'
                    | b':'
                    | b'?'
                    | b')'
                    | b'('
                    | b'['
                    | b']'
                    | b'-'
                    | b'`'
                    | b'"'
                    | b'/'
            )
    })
}

/// `pass` and `pwd`: counts, directories and results of tests have these names too.
fn is_short_named(text: &[u8], mix: Mix, place: &Place<'_>) -> bool {
    let bare = place.name.len() == place.noun.len();
    let directory =
        place.noun.eq_ignore_ascii_case(b"pwd") && text.iter().any(|b| matches!(b, b'/' | b'\\'));
    let result = place.noun == b"PASS" && bare
        || bare && place.separator == Separator::Colon && !place.quoted;
    !directory
        && !result
        && mix.digits < text.len()
        && (is_password(text, mix, place)
            && (!place.spaced || place.quoted || mix.digits > 0 || !bare))
}

fn is_token_value(text: &[u8], mix: Mix, place: &Place<'_>) -> bool {
    if !is_opaque(text) || mix.digits == text.len() && !place.is_header() {
        return false;
    }
    let random = is_random(text, mix);
    if place.is_variable() || place.is_header() || place.parameter {
        let least = if place.spaced && !place.is_header() { 6 } else { 4 };
        return text.len() >= least
            && !is_prose(text)
            && (mix.digits > 0 || !place.spaced || !is_name(text));
    }
    if is_name(text) {
        return false;
    }
    text.len() >= 8
        && mix.digits > 0
        && mix.letters() > 0
        && (random || text.len() >= 12 || place.quoted)
        || text.len() >= 20 && random
}

/// Made of what tokens are made of; prose and code have other marks.
fn is_opaque(text: &[u8]) -> bool {
    text.iter().all(|&b| {
        is_token(b)
            || matches!(
                b,
                b'+' | b'/'
                    | b'='
                    | b'.'
                    | b'~'
                    | b':'
                    | b'%'
                    | b'!'
                    | b'@'
                    | b'#'
                    | b'$'
                    | b'^'
                    | b'&'
                    | b'*'
                    | b'|'
                    | b'?'
                    | b','
            )
    })
}

/// Letters and digits mixed, or letters in a case no word has.
fn is_random(text: &[u8], mix: Mix) -> bool {
    let flips = text.windows(2).filter(|w| {
        let class = |b: u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
        w.first().copied().map(class) != w.last().copied().map(class)
    });
    is_opaque(text)
        && mix.letters() > 0
        && (mix.digits >= 2 || mix.upper > 1 && mix.lower > 1 && flips.count() * 4 >= text.len())
        && !is_name(text)
}
