//! Whether a text can be a secret: not a placeholder, a variable, code, a type or prose.

use super::text::{Mix, byte, holds_any_case, is_at, is_one_of, is_token, is_word, part, run};

/// Words that stand where a value is left out or was already masked.
const LEFT_OUT: &[&str] = &[
    "null",
    "nil",
    "none",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "empty",
    "unset",
    "redacted",
    "masked",
    "hidden",
    "filtered",
    "secure",
    "secured",
    "protected",
    "encrypted",
    "sensitive",
    "unknown",
    "default",
    "n/a",
    "removed",
    "omitted",
    "obfuscated",
    "secret_value",
    "not_set",
    "notset",
    "optional",
    "required",
    "set",
    "obscured",
    "suppressed",
    "scrubbed",
    "concealed",
    "sanitized",
    "blocked",
    "void",
    "nan",
    "unspecified",
    "not-set",
    "(null)",
    "(nil)",
    "\\u003cnil\\u003e",
    "\\u003credacted\\u003e",
];

/// Whether `value` stands for a secret without being one: `***`, `$VAR`, `<password>`, `null`, …
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let Some(&first) = value.first() else { return true };
    let repeated = |b: u8| !b.is_ascii_alphanumeric() || matches!(b, b'x' | b'X');
    if value.len() < 3 && !first.is_ascii_alphanumeric()
        || repeated(first) && value.iter().all(|&b| b == first)
    {
        return true;
    }
    if is_one_of(value, LEFT_OUT) {
        return true;
    }
    match first {
        b'[' => value.starts_with(b"[masked:") || closed_word(value, b']'),
        b'<' => closed_word(value, b'>') || value.starts_with(b"<redacted"),
        b'(' => closed_word(value, b')'),
        b'{' => closed_word(value, b'}') || value.starts_with(b"{{"),
        b'%' => closed_word(value, b'%') || value.len() <= 3 || value.starts_with(b"%("),
        b'#' => value.starts_with(b"#{"),
        b'$' => is_variable(value),
        b'*' | b'.' => value.starts_with(b"****") || is_masked_tail(value, first),
        b'x' | b'X' => is_masked_tail(value, first),
        // The UTF-8 of `•` and of `…`.
        0xe2 => value.starts_with("•••".as_bytes()) || value == "…".as_bytes(),
        _ => false,
    }
}

/// `***abc`: what tools leave readable behind the masked part.
fn is_masked_tail(value: &[u8], mark: u8) -> bool {
    let marks = run(value, 0, |b| b == mark);
    marks >= 3 && (value.len() - marks <= 4 || marks >= 8)
}

/// One bracketed word, `<your password>` or `[secure]`; not a password that begins like one.
fn closed_word(value: &[u8], close: u8) -> bool {
    value.len() >= 2
        && value.last() == Some(&close)
        && part(value, 1, value.len() - 1)
            .iter()
            .all(|&b| is_token(b) || matches!(b, b' ' | b'.' | b':' | b'*' | b'\'' | b'/' | b'$'))
}

/// Variables and substitutions of shells and templates, alone or joined by other bytes.
fn is_variable(value: &[u8]) -> bool {
    match byte(value, 1) {
        b'{' | b'(' | b'[' => true,
        b'$' => value.len() == 2 || is_variable(part(value, 1, value.len())),
        b if b.is_ascii_alphabetic() || b == b'_' => {
            let end = run(value, 1, is_word);
            let rest = part(value, end, value.len());
            rest.is_empty() || rest.contains(&b'$') || !rest.iter().any(u8::is_ascii_digit)
        }
        // `$1`, `$@`, `$?`; `$2b$10$…` is a hash.
        _ => value.len() == 2,
    }
}

/// Words that follow `--password` or `Token:` in sentences and in schemas.
const PROSE: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "argument",
    "arguments",
    "as",
    "at",
    "authentication",
    "auth",
    "be",
    "basic",
    "bearer",
    "by",
    "can",
    "cannot",
    "changed",
    "cli",
    "deprecated",
    "does",
    "empty",
    "env",
    "environment",
    "expired",
    "failed",
    "file",
    "flag",
    "flags",
    "for",
    "found",
    "from",
    "generated",
    "has",
    "have",
    "if",
    "in",
    "incorrect",
    "input",
    "instead",
    "invalid",
    "is",
    "matches",
    "mismatch",
    "missing",
    "must",
    "needed",
    "not",
    "of",
    "ok",
    "on",
    "option",
    "options",
    "or",
    "parameter",
    "password",
    "passwords",
    "pass",
    "prompt",
    "provided",
    "read",
    "rejected",
    "required",
    "reset",
    "revoked",
    "secret",
    "set",
    "should",
    "specified",
    "stdin",
    "string",
    "that",
    "the",
    "then",
    "this",
    "to",
    "token",
    "type",
    "until",
    "updated",
    "via",
    "used",
    "using",
    "valid",
    "value",
    "was",
    "when",
    "will",
    "with",
    "without",
    "write",
    "wrong",
    "you",
    "your",
    "accepted",
    "admin",
    "inherit",
    "passed",
    "enter",
    "str",
    "int",
    "bool",
    "text",
    "bytes",
    "object",
    "number",
    "any",
    "char",
    "varchar",
    "boolean",
    "array",
    "self",
    "this",
    "new",
    "return",
    "await",
    "function",
    "var",
    "let",
    "const",
    "public",
    "private",
    "static",
    "opaque",
    "created",
    "deleted",
    "configured",
    "unchanged",
    "error",
    "errors",
    "warning",
    "success",
    "unexpected",
    "expected",
    "identifier",
    "keyword",
    "eof",
    "punctuation",
    "undefined",
    "prompting",
    "credentials",
    "credential",
    "header",
    "headers",
    "request",
    "response",
    "login",
    "username",
];

/// Whether `value` is a word of a sentence rather than a secret.
pub(super) fn is_prose(value: &[u8]) -> bool {
    let end =
        value.iter().rposition(|b| !matches!(b, b'.' | b',' | b':' | b'!' | b'?' | b')' | b';'));
    is_one_of(part(value, 0, end.map_or(0, |end| end + 1)), PROSE)
}

/// Whether quoted text with blanks is a sentence: it has one of the words that sentences have.
pub(super) fn is_sentence(value: &[u8]) -> bool {
    value.split(|&b| b == b' ').filter(|word| is_prose(word)).count() > 0
}

/// `PASSWORD`, `YOUR_TOKEN`, `<token>`: what a usage text has in place of a value.
pub(super) fn is_metavariable(value: &[u8]) -> bool {
    let example = ["your", "example", "placeholder"];
    let words = ["pass", "token", "secret", "key", "value", "string", "pwd", "text", "credential"];
    let holds_one_of = |words: &[&str]| words.iter().any(|word| holds_any_case(value, word));
    let mix = Mix::of(value);
    // The cheapest first: this is asked of every value behind a telling name.
    mix.digits == 0
        && value.iter().all(|&b| is_token(b))
        && (mix.lower == 0 || holds_one_of(&example))
        && holds_one_of(&words)
}

/// Whether an unquoted value is source code: a call, a member, an index. If it `may_be_odd`, as the
/// values of environment variables, only where it begins as code does.
pub(super) fn is_code(value: &[u8], may_be_odd: bool) -> bool {
    const ROOTS: &[&str] = &[
        "self",
        "this",
        "config",
        "process",
        "os",
        "var",
        "vars",
        "local",
        "data",
        "secrets",
        "env",
        "args",
        "options",
        "opts",
        "params",
        "request",
        "req",
        "ctx",
        "context",
        "settings",
        "props",
        "inputs",
        "github",
        "steps",
        "needs",
        "matrix",
        "module",
        "each",
        "node",
        "state",
        "cls",
        "module",
        "outputs",
        "parameters",
        "credentials",
        "user",
        "auth",
        "session",
        "system",
        "app",
        "import",
        "std",
        "cfg",
        "conf",
        "client",
        "response",
        "resp",
        "res",
        "result",
        "event",
    ];
    let begin = run(value, 0, |b| matches!(b, b'&' | b'*' | b'!' | b'@'));
    let first = run(value, begin, |b| is_word(b) || b == b'$');
    if first == begin {
        return false;
    }
    let path = run(value, begin, |b| is_word(b) || matches!(b, b'.' | b'$' | b':' | b'?'));
    let root = is_one_of(part(value, begin, first), ROOTS);
    let plain = !may_be_odd && Mix::of(part(value, begin, path)).digits == 0;
    match byte(value, path) {
        b'(' | b'[' => root || plain || is_at(value, path, "()"),
        b'<' | b'{' => plain,
        _ if path == value.len() && path > first => root && byte(value, first) != b':' || plain,
        b'-' => is_at(value, path, "->"),
        _ => false,
    }
}

/// `my-tls-cert-2`, `oauth2_token`: words with at most a short number behind each.
pub(super) fn is_name(value: &[u8]) -> bool {
    let word = |text: &[u8]| {
        let letters = run(text, 0, |b| b.is_ascii_alphabetic());
        let digits = run(text, letters, |b| b.is_ascii_digit());
        let camel = Mix::of(part(text, 0, letters));
        let pure = camel.upper <= 1 || camel.lower == 0 || camel.upper * 3 <= camel.lower;
        digits == text.len() && digits - letters <= 2 && letters <= 20 && pure
    };
    value.split(|&b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b'@')).all(word)
}

/// A path or a URL; not base64 that begins with `/`.
pub(super) fn is_path(value: &[u8]) -> bool {
    if value.windows(3).take(16).any(|w| w == b"://") {
        return true;
    }
    let drive = byte(value, 0).is_ascii_alphabetic() && is_at(value, 1, ":\\");
    let rooted =
        matches!(byte(value, 0), b'/' | b'~') || ["./", "../"].iter().any(|s| is_at(value, 0, s));
    let random = value.split(|&b| matches!(b, b'/' | b'\\' | b'.')).any(|segment| {
        let mix = Mix::of(segment);
        segment.len() >= 16 && mix.digits > 1 && mix.upper > 1 && mix.lower > 1
    });
    let file = [
        ".pem", ".key", ".txt", ".json", ".yml", ".yaml", ".crt", ".p12", ".jks", ".env", ".js",
        ".ts", ".py", ".go", ".rs", ".java", ".rb", ".php", ".html", ".md", ".toml", ".xml", ".sh",
    ]
    .iter()
    .any(|end| value.to_ascii_lowercase().ends_with(end.as_bytes()));
    (drive || rooted || file) && !random
}

/// Digests and references to them: `sha256:…`, `sha512-…`.
pub(super) fn is_digest(value: &[u8]) -> bool {
    ["sha1", "sha224", "sha256", "sha384", "sha512", "md5"]
        .iter()
        .any(|name| is_at(value, 0, name) && matches!(byte(value, name.len()), b':' | b'-' | b'='))
}
