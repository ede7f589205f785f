// SPDX-License-Identifier: MIT
//! URLs of WebSocket servers (RFC 6455 3).

use crate::Error;

/// A URL, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// Whether it is `wss`.
    pub(crate) secure: bool,
    /// The name or the address of the host; an IPv6 address without its brackets.
    pub(crate) host: &'a str,
    /// The port, as written or by default 80, and 443 with `wss`.
    pub(crate) port: u16,
    /// What `Host` says: host, and port unless it is the default.
    pub(crate) authority: &'a str,
    /// Path and query; may be empty, or begin with `?`.
    pub(crate) target: &'a str,
}

impl<'a> Url<'a> {
    /// Takes `ws://host:port/path?query` apart.
    pub(crate) fn parse(url: &'a str) -> Result<Self, Error> {
        let (secure, rest) = split_scheme(url)?;
        if url.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(Error::InvalidUrl("a character other than visible ASCII must be percent-encoded"));
        }
        if rest.contains('#') {
            return Err(Error::InvalidUrl("a fragment is not allowed (RFC 6455 3)"));
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(Error::InvalidUrl("user information is not sent: add an Authorization header instead"));
        }
        let (host, port) = split_port(authority)?;
        let default = if secure { 443 } else { 80 };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return Err(Error::InvalidUrl("it has no host"));
        }
        let port_number = port.unwrap_or(default);
        let authority = if port_number == default { host } else { authority };
        Ok(Self { secure, host: bare, port: port_number, authority, target })
    }
}

fn split_scheme(url: &str) -> Result<(bool, &str), Error> {
    if let Some((scheme, rest)) = url.split_once("://") {
        if scheme.eq_ignore_ascii_case("ws") {
            return Ok((false, rest));
        }
        if scheme.eq_ignore_ascii_case("wss") {
            return Ok((true, rest));
        }
    }
    Err(Error::InvalidUrl("it does not begin with ws:// or wss://"))
}

/// Splits host and port; an IPv6 address keeps its brackets.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), Error> {
    let end = match (authority.starts_with('['), authority.find(']')) {
        (false, None) => authority.find(':').unwrap_or(authority.len()),
        (true, Some(bracket)) => bracket + 1,
        _ => return Err(Error::InvalidUrl("an IPv6 address is not in brackets")),
    };
    let (host, port) = match authority.split_at(end) {
        (host, "" | ":") => return Ok((host, None)),
        (host, rest) => (host, rest.strip_prefix(':').unwrap_or_default()),
    };
    // `parse` alone would take "+80".
    match port.parse() {
        Ok(number) if number != 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, Some(number))),
        _ => Err(Error::InvalidUrl("the port is not a number from 1 to 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (bool, &str, u16, &str, &str) {
        let url = Url::parse(url).unwrap();
        (url.secure, url.host, url.port, url.authority, url.target)
    }

    #[test]
    fn url_is_taken_apart() {
        assert_eq!(parsed("ws://example.com"), (false, "example.com", 80, "example.com", ""));
        assert_eq!(parsed("WSS://example.com/a?b=c"), (true, "example.com", 443, "example.com", "/a?b=c"));
        assert_eq!(parsed("ws://example.com:8080?x"), (false, "example.com", 8080, "example.com:8080", "?x"));
        assert_eq!(parsed("ws://[::1]:9/"), (false, "::1", 9, "[::1]:9", "/"));
        assert_eq!(parsed("ws://[::1]"), (false, "::1", 80, "[::1]", ""));
    }

    #[test]
    fn url_with_the_default_port_names_the_host_alone() {
        assert_eq!(parsed("ws://example.com:80/").3, "example.com");
        assert_eq!(parsed("wss://example.com:/").3, "example.com");
        assert_eq!(parsed("wss://example.com:80/").3, "example.com:80");
    }

    #[test]
    fn url_that_is_none_is_refused_with_the_reason() {
        for (url, reason) in [
            ("example.com", "ws://"),
            ("http://example.com", "ws://"),
            ("ws://", "no host"),
            ("ws://:80/", "no host"),
            ("ws://[]/", "no host"),
            ("ws://[::1/", "brackets"),
            ("ws://::1]/", "brackets"),
            ("ws://[::1]x/", "port"),
            ("ws://::1/", "port"),
            ("ws://example.com:0/", "port"),
            ("ws://example.com:+80/", "port"),
            ("ws://example.com:65536/", "port"),
            ("ws://example.com/#top", "fragment"),
            ("ws://me@example.com/", "Authorization"),
            ("ws://example.com/a b", "percent"),
            ("ws://example.com/\u{e9}", "percent"),
            ("ws://example.com/\r\nX: y", "percent"),
        ] {
            let Err(Error::InvalidUrl(text)) = Url::parse(url) else { panic!("{url} was taken") };
            assert!(text.contains(reason), "{url}: {text}");
        }
    }
}
