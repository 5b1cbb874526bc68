//! The upgrade request (RFC 6455 §4.2.1), judged by its head alone.
//!
//! Who asks, from which origin and whether there is room is decided elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, StatusCode, Version};
use sha1::{Digest as _, Sha1};

/// What RFC 6455 §1.3 appends to the key.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What the answer `101 Switching Protocols` must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Value of `Sec-WebSocket-Accept`.
    pub accept_key: String,
    /// Value of `Sec-WebSocket-Protocol`; absent only if the server supports no protocol by name.
    pub protocol: Option<&'static str>,
}

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The method is not GET.
    #[error("method is not GET")]
    WrongMethod,
    /// The request did not come over HTTP/1.1.
    #[error("not HTTP/1.1")]
    WrongHttpVersion,
    /// The `Host` header is missing.
    #[error("no Host header")]
    NoHost,
    /// `Upgrade` does not name `websocket`, or `Connection` does not name `upgrade`.
    #[error("no upgrade to websocket asked for")]
    NotAnUpgrade,
    /// `Sec-WebSocket-Version` is not 13.
    #[error("websocket version is not 13")]
    WrongVersion,
    /// `Sec-WebSocket-Key` is missing, repeated or not base64 of 16 bytes.
    #[error("Sec-WebSocket-Key is not base64 of 16 bytes")]
    BadKey,
    /// None of the offered subprotocols is supported.
    #[error("no supported subprotocol offered")]
    NoCommonProtocol,
}

impl HandshakeError {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongHttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::NoHost | Self::BadKey => StatusCode::BAD_REQUEST,
            Self::NotAnUpgrade | Self::WrongVersion | Self::NoCommonProtocol => {
                StatusCode::UPGRADE_REQUIRED
            }
        }
    }

    /// Headers the answer must have by RFC 6455 §4.4 and RFC 9110 §15.5.22.
    ///
    /// The list of supported subprotocols is for the caller to add, who knows it.
    #[must_use]
    pub fn headers(self) -> &'static [(HeaderName, &'static str)] {
        match self {
            Self::WrongMethod => &[(http::header::ALLOW, "GET")],
            Self::WrongHttpVersion | Self::NoHost | Self::BadKey => &[],
            Self::NotAnUpgrade | Self::NoCommonProtocol => {
                &[(CONNECTION, "upgrade"), (UPGRADE, "websocket")]
            }
            Self::WrongVersion => {
                &[(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")]
            }
        }
    }
}

/// Judges a request; of `supported`, ordered by preference, the first one offered is chosen.
///
/// With an empty `supported` whatever is offered is ignored.
///
/// # Errors
///
/// The first [`HandshakeError`] in the order in which the enum lists them.
pub fn accept(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
    supported: &[&'static str],
) -> Result<Accepted, HandshakeError> {
    if method != Method::GET {
        return Err(HandshakeError::WrongMethod);
    }
    if version != Version::HTTP_11 {
        return Err(HandshakeError::WrongHttpVersion);
    }
    if !headers.contains_key(HOST) {
        return Err(HandshakeError::NoHost);
    }
    if !names_token(headers, &UPGRADE, "websocket") || !names_token(headers, &CONNECTION, "upgrade")
    {
        return Err(HandshakeError::NotAnUpgrade);
    }
    if only_value(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(HandshakeError::WrongVersion);
    }
    let key = only_value(headers, &SEC_WEBSOCKET_KEY).ok_or(HandshakeError::BadKey)?;
    if !is_key(key) {
        return Err(HandshakeError::BadKey);
    }
    let protocol = choose_protocol(headers, supported);
    if protocol.is_none() && !supported.is_empty() {
        return Err(HandshakeError::NoCommonProtocol);
    }
    Ok(Accepted { accept_key: accept_key(key), protocol })
}

/// The value of `Sec-WebSocket-Accept` that proves this `Sec-WebSocket-Key` was read.
#[must_use]
pub fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(KEY_SUFFIX);
    BASE64.encode(hash.finalize())
}

fn is_key(key: &str) -> bool {
    let mut nonce = [0; 18];
    matches!(BASE64.decode_slice(key, &mut nonce), Ok(16))
}

fn choose_protocol(headers: &HeaderMap, supported: &[&'static str]) -> Option<&'static str> {
    supported
        .iter()
        .copied()
        .find(|name| tokens(headers, &SEC_WEBSOCKET_PROTOCOL).any(|offer| offer == *name))
}

fn names_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|present| present.eq_ignore_ascii_case(token))
}

/// The members of a comma-separated list, which may be spread over several headers.
fn tokens<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

/// The value of a header that must come exactly once.
fn only_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim())
}
