//! What must hold of any text that comes in a header before anybody is let in, or as a name. The
//! fuzz target `doors` is this function.

use http::{HeaderMap, HeaderValue, Method, Version, header};
use voodoo_core::account;
use voodoo_server::http::{Cookie, WebOrigin};
use voodoo_server::ws::handshake;

/// Lines of text: an origin, five headers of an upgrade, a cookie; all of it is a name as well.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let origin = lines.next().unwrap_or_default();
    check_origin(origin);
    let mut headers = HeaderMap::new();
    let names = [
        header::UPGRADE,
        header::CONNECTION,
        header::SEC_WEBSOCKET_VERSION,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::COOKIE,
    ];
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    for (name, line) in names.into_iter().zip(lines) {
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.insert(name, value);
        }
    }
    if let Ok(accepted) =
        handshake::accept(&Method::GET, Version::HTTP_11, &headers, &["voodoo.v1"])
    {
        assert_eq!(accepted.protocol, Some("voodoo.v1"));
        assert_eq!(accepted.accept_key.len(), 28);
    }
    for cookie in [Cookie::Secure, Cookie::Plain] {
        if let Some(token) = cookie.read(&headers) {
            assert!(!token.contains(';'), "{token}");
        }
    }
    check_names(text);
}

fn check_origin(text: &str) {
    let Ok(origin) = text.parse::<WebOrigin>() else { return };
    assert_eq!(origin.as_str().parse(), Ok(origin.clone()), "{text}");
    let (_, authority) = origin.as_str().split_once("://").expect("an origin has a scheme");
    assert!(authority.starts_with(origin.host()), "{text}");
    assert!(!authority.contains(['@', '/', '?', '#', ' ']), "{text}");
}

fn check_names(text: &str) {
    if let Ok(handle) = account::handle(text) {
        assert!(account::is_handle(&handle));
        assert_eq!(account::handle(&handle), Ok(handle.clone()));
    }
    if let Ok(name) = account::name(text) {
        assert_eq!(account::name(&name), Ok(name.clone()), "{text:?}");
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
}
