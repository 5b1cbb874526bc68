//! What must hold of any text that comes in a header before anybody is let in, as a name, or as the
//! path of a file. The fuzz target `doors` is this function.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use voodoo_core::account;
use voodoo_server::http::{Cookie, WebOrigin};
use voodoo_server::web_files;
use voodoo_server::ws::handshake;

/// Lines of text: an origin, five headers of an upgrade, a cookie; each is the path of a file as
/// well, and all of it is a name.
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
    text.lines().for_each(check_path);
    check_path(text);
    check_names(text);
}

/// Whoever asks gets the file of exactly that name, a page of the client, or nothing.
fn check_path(text: &str) {
    let uri = text.parse::<Uri>().ok();
    let paths = [Some(text), uri.as_ref().map(Uri::path)];
    for (path, coding) in paths.into_iter().flatten().flat_map(|path| [(path, "br"), (path, "")]) {
        let coding = HeaderValue::from_static(coding);
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, coding)]);
        let response = web_files::serve(&Method::GET, path, &headers);
        if response.status() == StatusCode::NOT_FOUND {
            continue;
        }
        assert_eq!(response.status(), StatusCode::OK, "{path:?}");
        let name = path.trim_start_matches('/');
        let is_page = !name.rsplit('/').next().is_some_and(|last| last.contains('.'));
        let name = if is_page { "index.html" } else { name };
        let is_packed = response.headers().contains_key(header::CONTENT_ENCODING);
        let name = if is_packed { format!("{name}.br") } else { name.to_owned() };
        let told = response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok());
        assert_eq!(told.map(str::to_owned), web_files::etag_of(&name), "{path:?}");
        assert!(told.is_some(), "{path:?}");
    }
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
