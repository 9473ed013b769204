//! What can be masked, and which of it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// One kind of secret or personal data.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// PEM blocks of private keys (RSA, EC, OpenSSH, PGP, PKCS #8), also escaped on one line, as
    /// base64 of a PEM file, and age identities.
    PrivateKey,
    /// AWS access key ids, secret access keys and session tokens.
    AwsKey,
    /// Google API keys, OAuth tokens and client secrets, Firebase server keys.
    GoogleKey,
    /// Azure storage and service-bus keys, client secrets, personal access tokens.
    AzureKey,
    /// Tokens of GitHub.
    GithubToken,
    /// Tokens of GitLab.
    GitlabToken,
    /// Tokens of Slack.
    SlackToken,
    /// Secret and restricted keys of Stripe.
    StripeKey,
    /// Tokens of the npm registry.
    NpmToken,
    /// Tokens of the Python package index.
    PypiToken,
    /// Access tokens of Docker Hub.
    DockerToken,
    /// Tokens of HashiCorp Vault and Terraform Cloud.
    VaultToken,
    /// Keys of model providers: `OpenAI`, Anthropic, Hugging Face, …
    AiKey,
    /// Tokens of the other services that are told by their prefix.
    ServiceToken,
    /// The secret part of the address of a chat webhook (Slack, Discord, Teams).
    WebhookUrl,
    /// JSON Web Tokens.
    Jwt,
    /// The password or token in a URL's user part.
    UrlPassword,
    /// Secret parameters of a URL: signatures, keys, tokens.
    UrlSecret,
    /// The value of a variable, field or option that is named as a password.
    Password,
    /// The value of a variable, field or option that is named as a token, secret or key.
    Token,
    /// Passwords among the arguments of commands: `mysql -p…`, `curl -u user:…`.
    CommandPassword,
    /// `Authorization`, `Proxy-Authorization` and `X-Api-Key` headers, and `Bearer …` anywhere.
    AuthorizationHeader,
    /// `Cookie` and `Set-Cookie` headers.
    Cookie,
    /// Numbers of payment cards, by issuer, length and checksum.
    CardNumber,
    /// E-mail addresses.
    Email,
}

impl Rule {
    /// Every rule, in the order in which lists name them.
    pub const ALL: [Self; 25] = [
        Self::PrivateKey,
        Self::AwsKey,
        Self::GoogleKey,
        Self::AzureKey,
        Self::GithubToken,
        Self::GitlabToken,
        Self::SlackToken,
        Self::StripeKey,
        Self::NpmToken,
        Self::PypiToken,
        Self::DockerToken,
        Self::VaultToken,
        Self::AiKey,
        Self::ServiceToken,
        Self::WebhookUrl,
        Self::Jwt,
        Self::UrlPassword,
        Self::UrlSecret,
        Self::Password,
        Self::Token,
        Self::CommandPassword,
        Self::AuthorizationHeader,
        Self::Cookie,
        Self::CardNumber,
        Self::Email,
    ];

    /// The name as settings and masked texts carry it, `github_token` for example.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::AwsKey => "aws_key",
            Self::GoogleKey => "google_key",
            Self::AzureKey => "azure_key",
            Self::GithubToken => "github_token",
            Self::GitlabToken => "gitlab_token",
            Self::SlackToken => "slack_token",
            Self::StripeKey => "stripe_key",
            Self::NpmToken => "npm_token",
            Self::PypiToken => "pypi_token",
            Self::DockerToken => "docker_token",
            Self::VaultToken => "vault_token",
            Self::AiKey => "ai_key",
            Self::ServiceToken => "service_token",
            Self::WebhookUrl => "webhook_url",
            Self::Jwt => "jwt",
            Self::UrlPassword => "url_password",
            Self::UrlSecret => "url_secret",
            Self::Password => "password",
            Self::Token => "token",
            Self::CommandPassword => "command_password",
            Self::AuthorizationHeader => "authorization_header",
            Self::Cookie => "cookie",
            Self::CardNumber => "card_number",
            Self::Email => "email",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that should name a rule and does not.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("there is no masking rule `{name}`; the rules are {}", names(&Rule::ALL))]
pub struct UnknownRule {
    /// The text.
    pub name: String,
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == name);
        found.ok_or_else(|| UnknownRule { name: name.to_owned() })
    }
}

/// The rules that are switched on; by default all.
///
/// As text it is a comma list of names, `all` or `none`; `-name` takes one away, so that
/// `all,-email` leaves e-mail addresses readable. Serialised it is a list of names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Policy(u32);

impl Policy {
    /// Every rule.
    #[must_use]
    pub const fn all() -> Self {
        let mut policy = Self::none();
        let mut next = 0;
        while next < Rule::ALL.len() {
            policy = policy.with(Rule::ALL[next]);
            next += 1;
        }
        policy
    }

    /// No rule: nothing is masked.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// The same with `rule` switched on.
    #[must_use]
    pub const fn with(self, rule: Rule) -> Self {
        Self(self.0 | rule.bit())
    }

    /// The same with `rule` switched off.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !rule.bit())
    }

    /// Whether `rule` is switched on.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & rule.bit() != 0
    }

    /// Whether no rule is switched on.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The rules that are switched on.
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.has(*rule))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::all()
    }
}

impl FromIterator<Rule> for Policy {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        rules.into_iter().fold(Self::none(), Self::with)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("all");
        }
        if self.is_none() {
            return f.write_str("none");
        }
        f.write_str(&names(&self.rules().collect::<Vec<_>>()).replace(", ", ","))
    }
}

impl FromStr for Policy {
    type Err = UnknownRule;

    fn from_str(list: &str) -> Result<Self, UnknownRule> {
        let mut policy = Self::none();
        for (place, item) in list.split(',').map(str::trim).enumerate() {
            policy = match (item, item.strip_prefix('-')) {
                ("", _) | ("none", _) => policy,
                ("all", _) => Self::all(),
                // A list that begins by taking away means all others.
                (_, Some(name)) if place == 0 => Self::all().without(name.parse()?),
                (_, Some(name)) => policy.without(name.parse()?),
                (name, None) => policy.with(name.parse()?),
            };
        }
        Ok(policy)
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rules().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Rule>::deserialize(deserializer)?.into_iter().collect())
    }
}

fn names(rules: &[Rule]) -> String {
    rules.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(", ")
}
