//! References to secrets in settings, so that no secret stands in a function's environment.
//!
//! In a setting that may hold a secret, `{secretsmanager:NAME}` and `{ssm:NAME}` stand for what AWS
//! Secrets Manager and the Parameter Store of Systems Manager keep under that name or ARN, and
//! `{secretsmanager:NAME#KEY}` for one value of a secret that is a JSON object, as RDS makes them:
//! `postgres://{secretsmanager:logmill/db#username}:{secretsmanager:logmill/db#password}@db.example/logmill`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Fault, Faults, SETTINGS, read};

/// What an address keeps as it is (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Who keeps a secret.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SecretStore {
    /// AWS Secrets Manager.
    SecretsManager,
    /// The Parameter Store of AWS Systems Manager.
    ParameterStore,
}

impl SecretStore {
    const ALL: [Self; 2] = [Self::SecretsManager, Self::ParameterStore];

    /// The word that references begin with.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::ParameterStore => "ssm",
        }
    }
}

/// One secret, or a value of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretRef {
    /// Who keeps it.
    pub store: SecretStore,
    /// Its name or ARN.
    pub name: String,
    /// The key whose value is meant, where it is a JSON object.
    pub key: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Secret(SecretRef),
}

/// A value with references to secrets in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Reads a value; none if it refers to no secret.
    ///
    /// # Errors
    /// What is wrong with a reference, and what to do.
    pub fn parse(value: &str) -> Result<Option<Self>, String> {
        let (mut pieces, mut rest) = (Vec::new(), value);
        while let Some((at, store)) = next_reference(rest) {
            let inner = &rest[at + store.word().len() + 2..];
            let form = || format!("{{{}:NAME}} or {{{0}:NAME#KEY}}", store.word());
            let Some(end) = inner.find('}') else {
                return Err(format!("has a reference without its end: give {}", form()));
            };
            let (name, key) = match inner[..end].split_once('#') {
                Some((name, key)) => (name, Some(key)),
                None => (&inner[..end], None),
            };
            if name.is_empty() || key == Some("") || name.contains(char::is_whitespace) {
                return Err(format!("has a reference without a name or key: give {}", form()));
            }
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            let (name, key) = (name.to_owned(), key.map(str::to_owned));
            pieces.push(Piece::Secret(SecretRef { store, name, key }));
            rest = &inner[end + 1..];
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Some(Self(pieces)))
    }

    /// The secrets that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Secret(reference) => Some(reference),
            Piece::Text(_) => None,
        })
    }

    /// The value with each secret in its place. Where text stands around it, as in an address, it is
    /// percent-encoded, for a password may hold what divides an address.
    ///
    /// # Errors
    /// Those of `secret`.
    pub fn fill<E>(&self, secret: impl Fn(&SecretRef) -> Result<String, E>) -> Result<String, E> {
        let is_whole = self.0.len() == 1;
        let mut value = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Secret(reference) if is_whole => value.push_str(&secret(reference)?),
                Piece::Secret(reference) => {
                    let secret = secret(reference)?;
                    value.extend(utf8_percent_encode(&secret, UNRESERVED));
                }
            }
        }
        Ok(value)
    }
}

/// Where the next reference begins, and of which kind it is.
fn next_reference(text: &str) -> Option<(usize, SecretStore)> {
    let places = SecretStore::ALL
        .into_iter()
        .filter_map(|store| Some((text.find(&format!("{{{}:", store.word()))?, store)));
    places.min_by_key(|(at, _)| *at)
}

/// The settings of a function that refer to secrets: each by the name it is set by.
///
/// # Errors
/// Every reference that cannot be read, at once.
pub fn templates(
    function: &str,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, Template)>, Faults> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for setting in SETTINGS.iter().filter(|setting| setting.functions.contains(&function)) {
        let Some((name, value)) = read::given(setting, &get) else { continue };
        if !setting.secret {
            continue;
        }
        match Template::parse(&value) {
            Ok(template) => found.extend(template.map(|template| (name, template))),
            Err(problem) => faults.push(Fault { setting: name.to_owned(), problem }),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(Faults::of(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_with_every_sign_still_gets_into_the_database() {
        let text = "postgres://{secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:db-x#username}\
                    :{ssm:/logmill/password}@db/logmill";
        let template = Template::parse(text).unwrap().unwrap();
        let names: Vec<_> = template.references().map(|it| it.name.as_str()).collect();
        let arn = "arn:aws:secretsmanager:eu-central-1:1:secret:db-x";
        assert_eq!(names, [arn, "/logmill/password"]);
        let filled = template.fill(|reference| {
            let of_store = match reference.store {
                SecretStore::SecretsManager => "me",
                SecretStore::ParameterStore => "p@ss/w:rd#?%",
            };
            Ok::<_, ()>(of_store.to_owned())
        });
        assert_eq!(filled.unwrap(), "postgres://me:p%40ss%2Fw%3Ard%23%3F%25@db/logmill");
    }

    #[test]
    fn a_secret_that_is_the_whole_setting_is_taken_as_it_is() {
        let template = Template::parse("{secretsmanager:logmill/search}").unwrap().unwrap();
        let address = "https://me:p%40ss@search.example";
        assert_eq!(template.fill(|_| Ok::<_, ()>(address.to_owned())).unwrap(), address);
        assert_eq!(Template::parse(address), Ok(None));
        assert_eq!(Template::parse("https://me:{x}@host"), Ok(None), "braces of another kind");
    }

    #[test]
    fn a_broken_reference_is_named() {
        for broken in ["{secretsmanager:db", "{ssm:}", "{ssm:a#}", "x{ssm:a b}"] {
            assert!(Template::parse(broken).unwrap_err().contains("give {"), "{broken}");
        }
    }
}
