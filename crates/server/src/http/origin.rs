//! Whose page asks: the `Origin` of a request against what is allowed.
//!
//! The same rule for HTTP and for the upgrade to a WebSocket.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::uri::Authority;
use http::{HeaderMap, header};
use voodoo_core::Refusal;

use super::options::HttpOptions;

/// Scheme, host and port, in the one spelling in which browsers send them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must read http://host, https://host or the same with a port, and nothing after it")]
pub struct BadOrigin;

impl WebOrigin {
    /// Whether it is reached by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The host, an IPv6 address in brackets, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        let (_, authority) = self.0.split_once("://").unwrap_or_default();
        without_port(authority)
    }

    /// As it stands in `Origin`, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of a request to `host`.
    fn of_request(options: &HttpOptions, host: &str) -> Option<Self> {
        let scheme = if options.is_secure() { "https" } else { "http" };
        format!("{scheme}://{host}").parse().ok()
    }
}

impl FromStr for WebOrigin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(BadOrigin)?;
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return Err(BadOrigin),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err(BadOrigin);
        }
        let authority: Authority = rest.parse().map_err(|_invalid| BadOrigin)?;
        let (host, after) = rest.split_at(authority.host().len());
        // The reader takes anything behind the bracket of an address, and anything inside.
        let has_port = after.strip_prefix(':').is_some_and(is_port);
        if !is_host(host) || !(after.is_empty() || has_port) {
            return Err(BadOrigin);
        }
        let authority = rest.strip_suffix(default_port).unwrap_or(rest);
        Ok(Self(format!("{scheme}://{authority}")))
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty(),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who sent a request, as far as its `Origin` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginKind {
    /// A page of this server.
    Own,
    /// A page of another origin that the operator allows.
    Other,
    /// Not a page: no `Origin` at all.
    Program,
}

impl OriginKind {
    /// Whether a browser sent it.
    #[must_use]
    pub fn is_page(self) -> bool {
        match self {
            Self::Own | Self::Other => true,
            Self::Program => false,
        }
    }
}

/// Judges the `Origin` of a request that came to the address `local`.
///
/// # Errors
///
/// `forbidden` for a page that is not allowed.
pub fn allowed_origin(
    headers: &HeaderMap,
    options: &HttpOptions,
    local: Option<SocketAddr>,
) -> Result<OriginKind, Refusal> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(OriginKind::Program) };
    let origin = origin.to_str().ok().and_then(|text| text.parse::<WebOrigin>().ok());
    let Some(origin) = origin.filter(|_| origins.next().is_none()) else {
        return Err(forbidden_origin());
    };
    if own_origin(headers, options, local).as_ref() == Some(&origin) {
        return Ok(OriginKind::Own);
    }
    if options.allowed_origins.contains(&origin) {
        return Ok(OriginKind::Other);
    }
    Err(forbidden_origin())
}

fn forbidden_origin() -> Refusal {
    Refusal::forbidden("pages of this origin may not ask this server")
}

/// The origin of this server's own pages: `public_url`, or the request's own where its host can be
/// no name that somebody else gave an address of ours.
fn own_origin(
    headers: &HeaderMap,
    options: &HttpOptions,
    local: Option<SocketAddr>,
) -> Option<WebOrigin> {
    if let Some(public_url) = &options.public_url {
        return Some(public_url.clone());
    }
    let host = host_of(headers)?;
    let is_ours = is_localhost(without_port(host))
        || address_in(host)
            .is_some_and(|ip| ip.is_loopback() || local.is_some_and(|local| local.ip() == ip));
    if is_ours { WebOrigin::of_request(options, host) } else { None }
}

/// Where links that people are given point to.
pub(crate) fn base_url(headers: &HeaderMap, options: &HttpOptions) -> String {
    let own = || WebOrigin::of_request(options, host_of(headers)?);
    let origin = options.public_url.clone().or_else(own);
    origin.map_or_else(|| "http://localhost".to_owned(), |origin| origin.0)
}

/// The host as the browser knows it, without the port.
pub(crate) fn page_host<'a>(headers: &'a HeaderMap, options: &'a HttpOptions) -> Option<&'a str> {
    match &options.public_url {
        Some(public_url) => Some(public_url.host()),
        None => host_of(headers).map(without_port),
    }
}

pub(crate) fn host_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

fn address_in(host: &str) -> Option<IpAddr> {
    let host = without_port(host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

/// Whether browsers take this host's plain pages for secure ones.
pub(crate) fn is_this_machine(host: &str) -> bool {
    is_localhost(host) || host == "127.0.0.1" || host == "[::1]"
}
