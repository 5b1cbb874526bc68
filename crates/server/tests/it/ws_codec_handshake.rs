//! Which requests may become a WebSocket.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use voodoo_server::ws::handshake::{Accepted, HandshakeError, accept, accept_key};

const GOOD: [(&str, &str); 6] = [
    ("host", "localhost"),
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "voodoo.v1"),
];

fn judge(headers: &[(&str, &str)]) -> Result<Accepted, HandshakeError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        map.append(name, value);
    }
    accept(&Method::GET, Version::HTTP_11, &map, &["voodoo.v1"])
}

/// The good request with these headers in place of those of the same name.
fn judge_with(changes: &[(&str, &str)]) -> Result<Accepted, HandshakeError> {
    let kept = GOOD.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    let headers: Vec<_> = kept.chain(changes).copied().collect();
    judge(&headers)
}

fn judge_without(name: &str) -> Result<Accepted, HandshakeError> {
    let headers: Vec<_> = GOOD.into_iter().filter(|(other, _)| *other != name).collect();
    judge(&headers)
}

#[test]
fn the_example_of_the_rfc_is_accepted() {
    let accepted = judge(&GOOD).unwrap();
    assert_eq!(accepted.accept_key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(accepted.protocol, Some("voodoo.v1"));
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), accepted.accept_key);
}

#[test]
fn tokens_may_differ_in_case_and_stand_in_lists() {
    for changes in [
        &[("upgrade", "WebSocket")][..],
        &[("upgrade", "h2c, websocket")],
        &[("connection", "keep-alive, Upgrade")],
        &[("connection", "keep-alive"), ("connection", "upgrade")],
        &[("sec-websocket-protocol", "other,voodoo.v1")],
        &[("sec-websocket-protocol", "other"), ("sec-websocket-protocol", " voodoo.v1 ")],
    ] {
        let accepted = judge_with(changes);
        assert_eq!(
            accepted.map(|accepted| accepted.protocol),
            Ok(Some("voodoo.v1")),
            "{changes:?}"
        );
    }
}

#[test]
fn a_request_that_lacks_something_is_refused_by_name() {
    for (name, error) in [
        ("host", HandshakeError::NoHost),
        ("upgrade", HandshakeError::NotAnUpgrade),
        ("connection", HandshakeError::NotAnUpgrade),
        ("sec-websocket-version", HandshakeError::WrongVersion),
        ("sec-websocket-key", HandshakeError::BadKey),
        ("sec-websocket-protocol", HandshakeError::NoCommonProtocol),
    ] {
        assert_eq!(judge_without(name), Err(error));
    }
}

#[test]
fn a_request_with_something_wrong_is_refused_by_name() {
    for (name, value, error) in [
        ("upgrade", "websockets", HandshakeError::NotAnUpgrade),
        ("connection", "close", HandshakeError::NotAnUpgrade),
        ("sec-websocket-version", "8", HandshakeError::WrongVersion),
        ("sec-websocket-version", "13, 8", HandshakeError::WrongVersion),
        ("sec-websocket-key", "", HandshakeError::BadKey),
        ("sec-websocket-key", "not base64 at all, no===", HandshakeError::BadKey),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j", HandshakeError::BadKey),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZWQ=", HandshakeError::BadKey),
        ("sec-websocket-key", "\u{e9}", HandshakeError::BadKey),
        ("sec-websocket-protocol", "voodoo.v2", HandshakeError::NoCommonProtocol),
        ("sec-websocket-protocol", "VOODOO.V1", HandshakeError::NoCommonProtocol),
        ("sec-websocket-protocol", "voodoo.v1x, ,", HandshakeError::NoCommonProtocol),
    ] {
        assert_eq!(judge_with(&[(name, value)]), Err(error), "{name}: {value}");
    }
    let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(judge_with(&[key, key]), Err(HandshakeError::BadKey));
}

#[test]
fn only_get_over_http_1_1_is_accepted() {
    let headers = HeaderMap::new();
    for (method, version, error) in [
        (Method::POST, Version::HTTP_11, HandshakeError::WrongMethod),
        (Method::CONNECT, Version::HTTP_2, HandshakeError::WrongMethod),
        (Method::GET, Version::HTTP_10, HandshakeError::WrongHttpVersion),
        (Method::GET, Version::HTTP_2, HandshakeError::WrongHttpVersion),
    ] {
        assert_eq!(accept(&method, version, &headers, &["voodoo.v1"]), Err(error));
    }
}

#[test]
fn the_first_supported_protocol_wins_and_none_is_needed_without_names() {
    let mut headers = HeaderMap::new();
    for (name, value) in GOOD {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers.append("sec-websocket-protocol", HeaderValue::from_static("voodoo.v2"));
    let chosen = |supported: &[&'static str]| {
        accept(&Method::GET, Version::HTTP_11, &headers, supported).map(|it| it.protocol)
    };
    assert_eq!(chosen(&["voodoo.v3", "voodoo.v2", "voodoo.v1"]), Ok(Some("voodoo.v2")));
    assert_eq!(chosen(&[]), Ok(None));
}

#[test]
fn refusals_say_what_would_have_been_accepted() {
    let error = HandshakeError::WrongVersion;
    assert_eq!(error.status(), StatusCode::UPGRADE_REQUIRED);
    assert!(error.headers().contains(&(http::header::SEC_WEBSOCKET_VERSION, "13")));
    assert_eq!(HandshakeError::BadKey.status(), StatusCode::BAD_REQUEST);
    assert_eq!(HandshakeError::BadKey.headers(), []);
    assert_eq!(HandshakeError::WrongMethod.headers(), [(http::header::ALLOW, "GET")]);
    assert_eq!(HandshakeError::WrongMethod.status(), StatusCode::METHOD_NOT_ALLOWED);
}
