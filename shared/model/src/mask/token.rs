//! Tokens of services, told by their prefix and form.

use super::text::{Mix, begins_word, byte, is_at, is_token, is_word, part, run, run_back};
use super::{Found, Rule};

/// A token that begins with `prefix`.
pub(super) struct Token {
    rule: Rule,
    pub(super) prefix: &'static str,
    pub(super) body: Body,
    /// How long the part behind the prefix is at least.
    min: usize,
    /// How long it is at most; a longer run of such bytes is something else. 0: no limit, for
    /// services lengthen their tokens.
    max: usize,
}

/// What the part behind the prefix is made of.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// `0-9a-f`
    Hex,
    /// Letters and digits, some of each: a run of letters is a word.
    Mixed,
    /// `A-Za-z0-9_-`
    Token,
    /// The same and `.`
    Dotted,
    /// The same, `+`, `/`, `=` and `,`
    Base64,
}

impl Body {
    pub(super) const fn has(self, b: u8) -> bool {
        match self {
            Self::Hex => b.is_ascii_hexdigit(),
            Self::Mixed => b.is_ascii_alphanumeric(),
            Self::Token => is_token(b),
            Self::Dotted => is_token(b) || b == b'.',
            Self::Base64 => is_token(b) || matches!(b, b'.' | b'+' | b'/' | b'=' | b','),
        }
    }
}

const fn token(rule: Rule, prefix: &'static str, body: Body, min: usize) -> Token {
    Token { rule, prefix, body, min, max: 0 }
}

const fn exact(rule: Rule, prefix: &'static str, body: Body, length: usize) -> Token {
    Token { rule, prefix, body, min: length, max: length }
}

/// The formats, as the services' documentation and their own secret scanning give them.
pub(super) const TOKENS: &[Token] = &[
    exact(Rule::AwsKey, "AKIA", Body::Mixed, 16),
    exact(Rule::AwsKey, "ASIA", Body::Mixed, 16),
    exact(Rule::AwsKey, "ABIA", Body::Mixed, 16),
    exact(Rule::AwsKey, "ACCA", Body::Mixed, 16),
    exact(Rule::GoogleKey, "AIza", Body::Token, 35),
    token(Rule::GoogleKey, "ya29.", Body::Token, 20),
    token(Rule::GoogleKey, "GOCSPX-", Body::Token, 24),
    token(Rule::GoogleKey, "1//0", Body::Token, 30),
    token(Rule::GithubToken, "ghp_", Body::Token, 30),
    token(Rule::GithubToken, "gho_", Body::Token, 30),
    token(Rule::GithubToken, "ghu_", Body::Token, 30),
    token(Rule::GithubToken, "ghs_", Body::Dotted, 30),
    token(Rule::GithubToken, "ghr_", Body::Token, 30),
    token(Rule::GithubToken, "github_pat_", Body::Token, 22),
    token(Rule::GitlabToken, "glpat-", Body::Dotted, 20),
    token(Rule::GitlabToken, "gldt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glrt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glrtr-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glcbt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glptt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glft-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glimt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glagent-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glwt-", Body::Dotted, 20),
    token(Rule::GitlabToken, "gloas-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glsoat-", Body::Dotted, 20),
    token(Rule::GitlabToken, "glffct-", Body::Dotted, 20),
    token(Rule::GitlabToken, "GR1348941", Body::Token, 20),
    token(Rule::SlackToken, "xoxa-", Body::Token, 12),
    token(Rule::SlackToken, "xoxb-", Body::Token, 12),
    token(Rule::SlackToken, "xoxp-", Body::Token, 12),
    token(Rule::SlackToken, "xoxr-", Body::Token, 12),
    token(Rule::SlackToken, "xoxs-", Body::Token, 12),
    token(Rule::SlackToken, "xoxc-", Body::Token, 12),
    token(Rule::SlackToken, "xoxd-", Body::Base64, 12),
    token(Rule::SlackToken, "xoxe-", Body::Token, 12),
    token(Rule::SlackToken, "xoxe.", Body::Dotted, 12),
    token(Rule::SlackToken, "xapp-", Body::Token, 12),
    token(Rule::StripeKey, "sk_live_", Body::Token, 10),
    token(Rule::StripeKey, "rk_live_", Body::Token, 10),
    token(Rule::StripeKey, "sk_test_", Body::Mixed, 16),
    token(Rule::StripeKey, "rk_test_", Body::Mixed, 16),
    token(Rule::StripeKey, "whsec_", Body::Base64, 24),
    exact(Rule::NpmToken, "npm_", Body::Mixed, 36),
    token(Rule::PypiToken, "pypi-AgE", Body::Token, 50),
    token(Rule::DockerToken, "dckr_pat_", Body::Token, 20),
    token(Rule::DockerToken, "dckr_oat_", Body::Token, 20),
    token(Rule::VaultToken, "hvs.", Body::Token, 20),
    token(Rule::VaultToken, "hvb.", Body::Token, 20),
    token(Rule::VaultToken, "hvr.", Body::Token, 20),
    token(Rule::AiKey, "sk-proj-", Body::Token, 20),
    token(Rule::AiKey, "sk-svcacct-", Body::Token, 20),
    token(Rule::AiKey, "sk-admin-", Body::Token, 20),
    token(Rule::AiKey, "sk-None-", Body::Token, 20),
    token(Rule::AiKey, "sk-ant-", Body::Token, 20),
    token(Rule::AiKey, "sk-or-v1-", Body::Hex, 40),
    token(Rule::AiKey, "sk-", Body::Mixed, 32),
    token(Rule::AiKey, "hf_", Body::Mixed, 30),
    token(Rule::AiKey, "gsk_", Body::Mixed, 40),
    token(Rule::AiKey, "xai-", Body::Mixed, 60),
    token(Rule::AiKey, "pplx-", Body::Mixed, 40),
    token(Rule::AiKey, "r8_", Body::Mixed, 37),
    token(Rule::ServiceToken, "SG.", Body::Dotted, 40),
    exact(Rule::ServiceToken, "SK", Body::Hex, 32),
    exact(Rule::ServiceToken, "key-", Body::Hex, 32),
    token(Rule::ServiceToken, "dop_v1_", Body::Hex, 60),
    token(Rule::ServiceToken, "doo_v1_", Body::Hex, 60),
    token(Rule::ServiceToken, "dor_v1_", Body::Hex, 60),
    token(Rule::ServiceToken, "dapi", Body::Hex, 32),
    token(Rule::ServiceToken, "glsa_", Body::Token, 32),
    token(Rule::ServiceToken, "glc_", Body::Base64, 32),
    token(Rule::ServiceToken, "NRAK-", Body::Mixed, 27),
    token(Rule::ServiceToken, "sntrys_", Body::Base64, 40),
    token(Rule::ServiceToken, "sntryu_", Body::Hex, 40),
    token(Rule::ServiceToken, "lin_api_", Body::Mixed, 32),
    token(Rule::ServiceToken, "lin_oauth_", Body::Mixed, 32),
    token(Rule::ServiceToken, "ATATT3", Body::Base64, 60),
    token(Rule::ServiceToken, "ATCTT3", Body::Base64, 60),
    token(Rule::ServiceToken, "ATBB", Body::Mixed, 24),
    exact(Rule::ServiceToken, "sqp_", Body::Hex, 40),
    exact(Rule::ServiceToken, "sqa_", Body::Hex, 40),
    exact(Rule::ServiceToken, "squ_", Body::Hex, 40),
    token(Rule::ServiceToken, "shpat_", Body::Hex, 32),
    token(Rule::ServiceToken, "shpca_", Body::Hex, 32),
    token(Rule::ServiceToken, "shppa_", Body::Hex, 32),
    token(Rule::ServiceToken, "shpss_", Body::Hex, 32),
    token(Rule::ServiceToken, "sq0atp-", Body::Token, 22),
    token(Rule::ServiceToken, "sq0csp-", Body::Token, 40),
    token(Rule::PrivateKey, "AGE-SECRET-KEY-1", Body::Mixed, 40),
    exact(Rule::ServiceToken, "cio", Body::Mixed, 32),
    token(Rule::ServiceToken, "rubygems_", Body::Hex, 40),
    token(Rule::ServiceToken, "AKCp", Body::Mixed, 60),
    token(Rule::ServiceToken, "cmVmdGtuO", Body::Mixed, 50),
    token(Rule::ServiceToken, "HRKU-", Body::Token, 30),
    token(Rule::ServiceToken, "fm2_", Body::Base64, 40),
    token(Rule::ServiceToken, "fm1r_", Body::Base64, 40),
    token(Rule::ServiceToken, "fm1a_", Body::Base64, 40),
    token(Rule::ServiceToken, "fo1_", Body::Token, 40),
    token(Rule::ServiceToken, "nfp_", Body::Mixed, 32),
    token(Rule::ServiceToken, "dp.pt.", Body::Dotted, 40),
    token(Rule::ServiceToken, "dp.st.", Body::Dotted, 40),
    token(Rule::ServiceToken, "dp.ct.", Body::Dotted, 40),
    token(Rule::ServiceToken, "dp.sa.", Body::Dotted, 40),
    token(Rule::ServiceToken, "pscale_tkn_", Body::Dotted, 30),
    token(Rule::ServiceToken, "pscale_oauth_", Body::Dotted, 30),
    token(Rule::ServiceToken, "pscale_pw_", Body::Dotted, 30),
    token(Rule::ServiceToken, "PMAK-", Body::Token, 50),
    exact(Rule::ServiceToken, "pul-", Body::Hex, 40),
    token(Rule::ServiceToken, "ntn_", Body::Mixed, 40),
    token(Rule::ServiceToken, "figd_", Body::Token, 36),
    token(Rule::ServiceToken, "dt0c01.", Body::Dotted, 80),
    exact(Rule::ServiceToken, "sbp_", Body::Hex, 40),
    token(Rule::ServiceToken, "CLOJARS_", Body::Mixed, 60),
    token(Rule::ServiceToken, "bkua_", Body::Hex, 40),
    token(Rule::ServiceToken, "CCIPAT_", Body::Token, 40),
    token(Rule::ServiceToken, "SWMTKN-1-", Body::Token, 60),
    token(Rule::ServiceToken, "tskey-", Body::Token, 20),
    token(Rule::ServiceToken, "ops_eyJ", Body::Base64, 100),
    token(Rule::ServiceToken, "xkeysib-", Body::Token, 64),
    token(Rule::ServiceToken, "oy2", Body::Mixed, 43),
];

/// A token of `kind` at `at`.
pub(super) fn check(kind: &Token, line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, kind.prefix) || !begins_word(line, at) {
        return;
    }
    let start = at + kind.prefix.len();
    let mut end = run(line, start, |b| kind.body.has(b));
    // A full stop or comma behind a token belongs to the sentence.
    while end > start && matches!(byte(line, end - 1), b'.' | b',') {
        end -= 1;
    }
    let length = end - start;
    if length < kind.min || (kind.max > 0 && (length > kind.max || is_token(byte(line, end)))) {
        return;
    }
    // A run of letters or of digits alone is a word or a number, unless its case says otherwise.
    let mix = Mix::of(part(line, start, end));
    let cased = mix.upper > 2 && mix.lower > 2 && mix.letters() >= 20;
    let capitals = kind.max > 0 && mix.upper > 0 && mix.lower + mix.other == 0;
    if capitals || cased || (mix.digits > 0 && mix.letters() > 0) {
        found.add(at, end, kind.rule);
    }
}

/// `123456789:AA…`, the token of a Telegram bot; `at` is the colon.
pub(super) fn telegram(line: &[u8], at: usize, found: &mut Found) {
    let start = run_back(line, at, 12, |b| b.is_ascii_digit());
    let end = run(line, at + 1, is_token);
    if (8..=10).contains(&(at - start)) && end - at == 36 && follows_gap_or_bot(line, start) {
        found.add(start, end, Rule::ServiceToken);
    }
}

/// The token follows `/bot` in the service's URLs.
fn follows_gap_or_bot(line: &[u8], start: usize) -> bool {
    begins_word(line, start) || line.get(..start).is_some_and(|head| head.ends_with(b"/bot"))
}

/// `xxxxxxxxxxxxxx.atlasv1.…`, a token of Terraform Cloud; `at` is behind the first full stop.
pub(super) fn terraform(line: &[u8], at: usize, found: &mut Found) {
    let Some(stop) = at.checked_sub(1).filter(|&stop| is_at(line, stop, ".atlasv1.")) else {
        return;
    };
    let start = run_back(line, stop, 32, |b| b.is_ascii_alphanumeric());
    let end = run(line, stop + 9, is_token);
    if stop - start >= 10 && end - stop >= 40 {
        found.add(start, end, Rule::VaultToken);
    }
}

/// `xxx8Q~…`, a client secret of Microsoft Entra; `at` is the digit.
pub(super) fn azure_secret(line: &[u8], at: usize, found: &mut Found) {
    let is_secret = |b: u8| is_token(b) || matches!(b, b'~' | b'.');
    let start = run_back(line, at, 4, is_secret);
    let end = run(line, at, is_secret);
    if at - start == 3 && is_at(line, at + 1, "Q~") && (33..=38).contains(&(end - at)) {
        found.add(start, end, Rule::AzureKey);
    }
}

/// A personal access token of Azure DevOps: 84 letters and digits with a signature near their end.
pub(super) fn azure_devops(line: &[u8], at: usize, found: &mut Found) {
    let start = run_back(line, at, 128, |b| b.is_ascii_alphanumeric());
    let end = run(line, at, |b| b.is_ascii_alphanumeric());
    if is_at(line, at, "AZDO") && end - start == 84 && end - at == 8 {
        found.add(start, end, Rule::AzureKey);
    }
}

/// `AAAAxxxxxxx:APA91b…`, a server key of Firebase; `at` is the colon.
pub(super) fn firebase(line: &[u8], at: usize, found: &mut Found) {
    let start = run_back(line, at, 16, is_token);
    let end = run(line, at + 1, is_token);
    if is_at(line, at, ":APA91b") && at - start == 11 && end - at > 100 {
        found.add(start, end, Rule::GoogleKey);
    }
}

/// The secret behind a Twilio account id: `AC<32 hex>:<32 hex>`.
pub(super) fn twilio(line: &[u8], at: usize, found: &mut Found) {
    let colon = run(line, at + 2, |b| Body::Hex.has(b));
    let end = run(line, colon + 1, |b| Body::Hex.has(b));
    if is_at(line, at, "AC")
        && begins_word(line, at)
        && colon - at == 34
        && byte(line, colon) == b':'
        && end - colon == 33
    {
        found.add(colon + 1, end, Rule::ServiceToken);
    }
}

/// `s.` and 24 letters and digits, a token of older Vaults; `at` is the byte in front of it.
pub(super) fn vault_legacy(line: &[u8], at: usize, found: &mut Found) {
    let end = run(line, at + 3, |b| b.is_ascii_alphanumeric());
    let mix = Mix::of(part(line, at + 3, end));
    let whole = !is_word(byte(line, end)) && !matches!(byte(line, end), b'.' | b'(' | b'-');
    if is_at(line, at + 1, "s.")
        && end - at == 27
        && whole
        && mix.digits > 1
        && mix.upper > 1
        && mix.lower > 1
    {
        found.add(at + 1, end, Rule::VaultToken);
    }
}
