//! Kinds of secrets, made at test time so that no file holds a string that looks like one.

use logmill_model::mask::Rule;

/// A generator of pseudo-random bytes: the same for the same seed.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    pub(super) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let bytes = alphabet.as_bytes();
        (0..length).map(|_| char::from(bytes[self.below(bytes.len())])).collect()
    }
}

/// A text with a secret in it.
pub(super) struct Planted {
    pub(super) rule: Rule,
    pub(super) before: String,
    pub(super) secret: String,
    pub(super) after: String,
    /// Whether the secret reaches to the end of its line, whatever follows.
    pub(super) last: bool,
}

const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HARD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwyz0123456789!_.";

/// Rule and pattern. `‹…›` is what must not be seen; `{A20}` is 20 random letters and digits: `d`
/// digits, `h` hex, `u` capitals, `A` letters and digits, `T` the same with `_`, `b` base64, `p` a
/// password, `j` a JWT's header, `c` a card number. `$` at the end: nothing may follow.
pub(super) const KINDS: &[(Rule, &str)] = &[
    (Rule::AwsKey, "key id ‹AKIA{u16}›"),
    (Rule::AwsKey, "assumed ‹ASIA{u16}›, ok"),
    (Rule::AwsKey, "aws_secret_access_key = ‹{b40}›"),
    (Rule::AwsKey, "export AWS_SECRET_ACCESS_KEY=‹{b40}›"),
    (Rule::AwsKey, "{\"SecretAccessKey\": \"‹{b40}›\"}"),
    (Rule::AwsKey, "AWS_SESSION_TOKEN=‹{b300}›"),
    (Rule::GoogleKey, "maps ‹AIza{T35}›"),
    (Rule::GoogleKey, "oauth ‹ya29.{T60}›"),
    (Rule::GoogleKey, "client ‹GOCSPX-{T28}›"),
    (Rule::GoogleKey, "fcm ‹AAAA{A7}:APA91b{T134}›"),
    (
        Rule::PrivateKey,
        "\"private_key\": \"-----BEGIN PRIVATE KEY-----‹\\n{b64}\\n{b64}\\n{b22}==\\n›-----END PRIVATE KEY-----\\n\"",
    ),
    (Rule::PrivateKey, "client-key-data: ‹LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ{b400}›"),
    (Rule::PrivateKey, "identity ‹AGE-SECRET-KEY-1{u58}›"),
    (Rule::AzureKey, "AccountName=logs;AccountKey=‹{b86}==›;EndpointSuffix=core.windows.net"),
    (Rule::AzureKey, "SharedAccessKeyName=root;SharedAccessKey=‹{b43}=›"),
    (Rule::AzureKey, "secret is ‹{A3}8Q~{A34}›"),
    (Rule::AzureKey, "pat ‹{A76}AZDO{A4}›"),
    (Rule::UrlSecret, "GET https://logs.blob.example/a?sv=2022-11-02&sig=‹{A43}%3D›&se=2024"),
    (Rule::GithubToken, "‹ghp_{A36}›"),
    (Rule::GithubToken, "‹gho_{A36}›"),
    (Rule::GithubToken, "‹ghu_{A36}›"),
    (Rule::GithubToken, "‹ghs_{A36}›"),
    (Rule::GithubToken, "‹ghr_{A36}›"),
    (Rule::GithubToken, "‹github_pat_{A22}_{A59}›"),
    (Rule::GitlabToken, "‹glpat-{T20}›"),
    (Rule::GitlabToken, "‹gldt-{T20}›"),
    (Rule::GitlabToken, "‹glrt-{T20}›"),
    (Rule::GitlabToken, "‹glcbt-{T20}›"),
    (Rule::GitlabToken, "‹gloas-{h64}›"),
    (Rule::GitlabToken, "‹glsoat-{T20}›"),
    (Rule::SlackToken, "‹xoxb-{d12}-{d12}-{A24}›"),
    (Rule::SlackToken, "‹xoxp-{d12}-{d12}-{h32}›"),
    (Rule::SlackToken, "‹xapp-1-{u11}-{d13}-{h64}›"),
    (Rule::WebhookUrl, "POST https://hooks.slack.com/services/‹T{u8}/B{u8}/{A24}› 200"),
    (Rule::WebhookUrl, "POST https://discord.com/api/webhooks/{d18}/‹{T68}›"),
    (
        Rule::WebhookUrl,
        "https://acme.webhook.office.com/webhookb2/‹{h8}-{h4}-{h4}/IncomingWebhook/{h32}›",
    ),
    (Rule::StripeKey, "‹sk_live_{A24}›"),
    (Rule::StripeKey, "‹rk_live_{A24}›"),
    (Rule::StripeKey, "‹sk_test_{A24}›"),
    (Rule::NpmToken, "‹npm_{A36}›"),
    (Rule::NpmToken, "//registry.example.org/:_authToken=‹{h8}-{h4}-{h4}-{h12}›"),
    (Rule::PypiToken, "‹pypi-AgEIcHlwaS5vcmc{T120}›"),
    (Rule::DockerToken, "‹dckr_pat_{T27}›"),
    (Rule::VaultToken, "‹hvs.{T90}›"),
    (Rule::VaultToken, "vault login ‹s.a{A19}aB12›"),
    (Rule::VaultToken, "‹{A14}.atlasv1.{A67}›"),
    (Rule::ServiceToken, "‹SG.{T22}.{T43}›"),
    (Rule::ServiceToken, "‹SK{h32}›"),
    (Rule::ServiceToken, "-d AC{h32}:‹{h32}›"),
    (Rule::ServiceToken, "api:‹key-{h32}›"),
    (Rule::ServiceToken, "‹dop_v1_{h64}›"),
    (Rule::ServiceToken, "‹dapi{h32}›"),
    (Rule::AiKey, "‹sk-{A20}T3BlbkFJ{A20}›"),
    (Rule::AiKey, "‹sk-proj-{T48}›"),
    (Rule::AiKey, "‹sk-ant-api03-{T93}AA›"),
    (Rule::AiKey, "‹hf_{A34}›"),
    (Rule::ServiceToken, "‹glsa_{A32}_{h8}›"),
    (Rule::ServiceToken, "‹glc_{b80}›"),
    (Rule::ServiceToken, "‹NRAK-{u27}›"),
    (Rule::ServiceToken, "‹sntrys_{b60}›"),
    (Rule::ServiceToken, "‹sntryu_{h64}›"),
    (Rule::ServiceToken, "‹lin_api_{A40}›"),
    (Rule::ServiceToken, "‹ATATT3xFfGF0{T120}={u8}›"),
    (Rule::ServiceToken, "‹sqp_{h40}›"),
    (Rule::ServiceToken, "‹squ_{h40}›"),
    (Rule::ServiceToken, "‹shpat_{h32}›"),
    (Rule::ServiceToken, "‹sq0atp-{T22}›"),
    (Rule::ServiceToken, "https://api.telegram.org/bot‹{d9}:AA{T33}›/getMe"),
    (Rule::ServiceToken, "‹cioA1b{A29}›"),
    (Rule::ServiceToken, "‹rubygems_{h48}›"),
    (Rule::ServiceToken, "‹AKCp{A69}›"),
    (Rule::ServiceToken, "‹HRKU-{h8}-{h4}-{h4}-{h4}-{h12}›"),
    (Rule::ServiceToken, "FlyV1 ‹fm2_{b100}›"),
    (Rule::ServiceToken, "‹nfp_{A36}›"),
    (Rule::ServiceToken, "‹dp.pt.{A43}›"),
    (Rule::ServiceToken, "‹pscale_tkn_{T43}›"),
    (Rule::Token, "secure: \"‹{b172}›\""),
    (Rule::Jwt, "session ‹{j}.eyJ{T80}.{T43}›"),
    (Rule::UrlPassword, "postgres://app:‹{p16}›@db.internal:5432/orders"),
    (Rule::UrlPassword, "redis://:‹{p16}›@cache:6379/0"),
    (Rule::UrlPassword, "git clone https://ci:‹{A20}›@git.example.org/a/b.git"),
    (Rule::UrlPassword, "origin https://‹a1{A30}›@git.example.org/a/b"),
    (Rule::UrlPassword, "dsn root:‹{p16}›@tcp(127.0.0.1:3306)/shop"),
    (Rule::UrlSecret, "GET /v1/items?access_token=‹{A32}›&page=2 200"),
    (Rule::UrlSecret, "https://b.s3.example/k?X-Amz-Expires=60&X-Amz-Signature=‹{h64}›"),
    (Rule::UrlSecret, "https://api.example.org/geo?q=x&key=‹{A24}1›"),
    (Rule::Password, "DB_PASSWORD=‹{p16}›"),
    (Rule::Password, "export PGPASSWORD='‹{p16}›'"),
    (Rule::Password, "spring.datasource.password=‹{p16}›"),
    (Rule::Password, "\"db_password\": \"‹{p16}›\","),
    (Rule::Password, "{\\\"password\\\":\\\"‹{p16}›\\\",\\\"a\\\":1}"),
    (Rule::Password, "Server=db;User Id=sa;Password=‹{p16}›;Encrypt=true"),
    (Rule::Password, "<password>‹{p16}›</password>"),
    (Rule::Password, "tool --user ci --password ‹{p16}› --verbose"),
    (Rule::Password, "machine git.example.org login ci password ‹{p16}›"),
    (Rule::Password, "keytool -list -storepass ‹{p16}› -v"),
    (Rule::Password, "CREATE USER app IDENTIFIED BY '‹{p16}›'"),
    (Rule::CommandPassword, "##[add-mask]‹{p16}›$"),
    (Rule::Password, "{\"name\": \"ADMIN_PASSWORD\", \"value\": \"‹{p16}›\"}"),
    (Rule::Password, "gpg --batch --passphrase '‹{p16}›' --sign a"),
    (Rule::Token, "FOO_TOKEN=‹{A32}›"),
    (Rule::Token, "  CI_DEPLOY_TOKEN: ‹{A24}1›"),
    (Rule::Token, "\"client_secret\": \"‹{A32}1›\""),
    (Rule::Token, "api_key: '‹{A32}1›'"),
    (Rule::Token, "apiKey=‹{h32}›"),
    (Rule::CommandPassword, "mysql -h db -u root -p‹{p16}› shop"),
    (Rule::CommandPassword, "curl -sS -u ci:‹{p16}› https://repo.example.org/a"),
    (Rule::CommandPassword, "docker login -u ci -p ‹{p16}› registry.example.org"),
    (Rule::CommandPassword, "sshpass -p ‹{p16}› ssh host"),
    (Rule::CommandPassword, "redis-cli -a ‹{p16}› ping"),
    (Rule::CommandPassword, "::add-mask::‹{p16}›$"),
    (Rule::AuthorizationHeader, "Authorization: Bearer ‹{A40}›"),
    (Rule::AuthorizationHeader, "> Authorization: Basic ‹{b40}›"),
    (Rule::AuthorizationHeader, "Proxy-Authorization: Basic ‹{b40}›"),
    (Rule::AuthorizationHeader, "curl -H 'Authorization: token ‹{A40}›' https://x.example"),
    (Rule::AuthorizationHeader, "\"Authorization\": [\"Bearer ‹{A40}›\"]"),
    (
        Rule::AuthorizationHeader,
        "authorization: AWS4-HMAC-SHA256 ‹Credential=x/20240101, Signature={h64}›$",
    ),
    (Rule::AuthorizationHeader, "Authorization: Digest ‹username=\"u\", response=\"{h32}\"›$"),
    (Rule::AuthorizationHeader, "X-Api-Key: ‹{A32}1›"),
    (Rule::Cookie, "Set-Cookie: session=‹{A32}›; Path=/; HttpOnly"),
    (Rule::Cookie, "Cookie: sid=‹{A32}; theme=dark; csrf={A20}›$"),
    (Rule::CardNumber, "charged ‹{c}› ok"),
    (Rule::Email, "sent to ‹{A8}@mail{h4}.example.org›, ok"),
];

/// A secret of kind `kind`, drawn anew for each `seed`.
#[expect(clippy::unwrap_used, reason = "every pattern has both marks")]
pub(super) fn plant(kind: usize, seed: u64) -> Planted {
    let (rule, pattern) = KINDS[kind];
    let mut draw = Draw::new(seed.wrapping_add(kind as u64 * 7919));
    let (pattern, last) = pattern.strip_suffix('$').map_or((pattern, false), |p| (p, true));
    let (before, rest) = pattern.split_once('‹').unwrap();
    let (secret, after) = rest.split_once('›').unwrap();
    Planted {
        rule,
        before: fill(before, &mut draw),
        secret: fill(secret, &mut draw),
        after: fill(after, &mut draw),
        last,
    }
}

fn fill(pattern: &str, draw: &mut Draw) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|at| open + at);
        let spec = close.map_or("", |close| &rest[open + 1..close]);
        let Some(body) = body(spec, draw) else {
            text.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        text.push_str(&rest[..open]);
        text.push_str(&body);
        rest = &rest[open + spec.len() + 2..];
    }
    text + rest
}

fn body(spec: &str, draw: &mut Draw) -> Option<String> {
    match spec {
        "j" => return Some("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9".to_owned()),
        "c" => return Some(card(draw)),
        _ => {}
    }
    let alphabet = match spec.chars().next()? {
        'd' => DIGITS,
        'h' => HEX,
        'u' => UPPER,
        'A' => ALNUM,
        'T' => TOKEN,
        'b' => BASE64,
        'p' => HARD,
        _ => return None,
    };
    let length: usize = spec.get(1..)?.parse().ok()?;
    let text = draw.text(alphabet, length);
    // A random text may begin or end with a mark, or have no digit: a real one does seldom.
    let fixed = |alphabet| matches!(alphabet, TOKEN | HARD | BASE64) && length > 8;
    Some(if fixed(alphabet) { format!("q7{}Z3", &text[4..]) } else { text })
}

/// A number with a right checksum, in one of the usual ways of writing it.
fn card(draw: &mut Draw) -> String {
    let mut digits: Vec<u32> = vec![4];
    digits.extend((0..14).map(|_| draw.below(10) as u32));
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, d)| if at % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { *d })
        .sum();
    digits.push((10 - sum % 10) % 10);
    let separator = ["", " ", "-"][draw.below(3)];
    let group = |g: &[u32]| g.iter().map(u32::to_string).collect::<String>();
    digits.chunks(4).map(group).collect::<Vec<_>>().join(separator)
}
