//! Secrets in URLs: the user part, and the paths of webhooks.

use super::text::{Mix, before, byte, is_at, is_gap, is_quote, is_token, part, run, run_back};
use super::value::is_placeholder;
use super::{Found, Rule};

/// How far in front of an `@` the scheme is looked for.
const REACH: usize = 1024;

/// The user part of a URL that ends at the `@` at `at`. True if there is one, secret or not.
pub(super) fn user_part(line: &[u8], at: usize, found: &mut Found) -> bool {
    // A password may hold an `@`, not many: a line full of them must not be read back for each.
    let mut signs = 0;
    let reach = part(line, at.saturating_sub(REACH), at);
    let is_outer = |b: &u8| {
        signs += u8::from(*b == b'@');
        signs > 2 || is_gap(*b) || matches!(b, b'"' | b'\'' | b'<' | b'>')
    };
    let low = at - reach.iter().rev().position(is_outer).unwrap_or(reach.len());
    let head = part(line, low, at);
    let Some(place) = head.windows(3).rposition(|w| w == b"://") else {
        return data_source(line, at, head, found);
    };
    let web = run_back(head, place, 16, is_token);
    let web = part(head, web, place).to_ascii_lowercase().starts_with(b"http");
    let start = low + place + 3;
    let user = part(line, start, at);
    if is_placeholder(user) {
        return true;
    }
    let colon = user.iter().position(|&b| b == b':');
    let stop = user.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
    // Clients other than a browser's take `/`, `?` and `#` in a password; but where a port stands
    // in front of one, the `@` belongs to the path or the query.
    let is_port = |text: &[u8]| {
        text.first().is_some_and(u8::is_ascii_digit)
            && text.iter().take_while(|&&b| b != b'/' && b != b'?').all(u8::is_ascii_digit)
    };
    match (colon, stop) {
        (None, Some(_)) => return false,
        (Some(colon), Some(stop)) => {
            if web || stop < colon || is_port(part(user, colon + 1, user.len())) {
                return false;
            }
        }
        (_, None) => {}
    }
    let Some(colon) = colon else {
        if is_long_token(user) {
            found.add(start, at, Rule::UrlPassword);
        }
        return true;
    };
    let password = part(user, colon + 1, user.len());
    let name = part(user, 0, colon);
    if matches!(password, b"" | b"x-oauth-basic" | b"x") && is_long_token(name) {
        found.add(start, start + colon, Rule::UrlPassword);
    } else if !is_placeholder(password) {
        found.add(start + colon + 1, at, Rule::UrlPassword);
    }
    true
}

fn is_long_token(user: &[u8]) -> bool {
    let mix = Mix::of(user);
    user.len() >= 20 && mix.digits > 0 && mix.letters() > 0 && user.iter().all(|&b| is_token(b))
}

/// `user:password@tcp(host)`, as Go's database drivers write it, and `:thin:user/password@`.
fn data_source(line: &[u8], at: usize, head: &[u8], found: &mut Found) -> bool {
    let oracle = memchr::memmem::find(head, b":thin:");
    let separator = if is_at(line, at, "@tcp(") || is_at(line, at, "@unix(") {
        head.iter().position(|&b| b == b':')
    } else if let Some(thin) = oracle {
        head.iter().skip(thin + 6).position(|&b| b == b'/').map(|slash| thin + 6 + slash)
    } else {
        None
    };
    let Some(separator) = separator else { return false };
    if !is_placeholder(part(head, separator + 1, head.len())) {
        found.add(at - head.len() + separator + 1, at, Rule::UrlPassword);
    }
    true
}

/// Where the path of a webhook's address begins to be secret.
const WEBHOOKS: &[(&str, &str)] = &[
    ("hooks.slack.com", "/services/"),
    ("hooks.slack.com", "/workflows/"),
    ("hooks.slack.com", "/triggers/"),
    ("webhook.office.com", "hook.office.com/webhookb2/"),
    ("outlook.office.com", "hook/"),
    ("api/", "hooks/"),
];

/// The path of a chat webhook; `at` is where its constant part begins.
pub(super) fn webhook(line: &[u8], at: usize, found: &mut Found) {
    let head = part(line, at.saturating_sub(64), at);
    for (host, path) in WEBHOOKS {
        if !is_at(line, at, path)
            || !head.windows(host.len()).any(|w| w == host.as_bytes())
                && *host != "webhook.office.com"
        {
            continue;
        }
        let mut start = at + path.len();
        let end = run(line, start, |b| is_token(b) || matches!(b, b'/' | b'@' | b'%' | b'.'));
        if *host == "api/" {
            // Discord: `discord.com/api/v10/webhooks/{id}/{token}`, whose id is no secret.
            let id = run(line, start, |b| b.is_ascii_digit());
            let discord = head.windows(7).any(|w| w == b"discord");
            if !discord || id == start || byte(line, id) != b'/' {
                continue;
            }
            start = id + 1;
        }
        let end = if before(line, end) == b'.' { end - 1 } else { end };
        let text = part(line, start, end);
        if text.len() >= 16 && !text.iter().any(|&b| is_quote(b)) && !is_placeholder(text) {
            found.add(start, end, Rule::WebhookUrl);
            return;
        }
    }
}
