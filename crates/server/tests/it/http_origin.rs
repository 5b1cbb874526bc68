//! Whose pages may ask, and with which cookie.

use http::{HeaderMap, HeaderName, header};
use voodoo_proto::RefusalCode;
use voodoo_server::http::{Cookie, HttpOptions, OriginKind, WebOrigin, allowed_origin};

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
}

fn options(public_url: &str) -> HttpOptions {
    HttpOptions {
        public_url: (!public_url.is_empty()).then(|| public_url.parse().unwrap()),
        allowed_origins: vec!["http://localhost:5173".parse().unwrap()],
        ..HttpOptions::default()
    }
}

/// What a page at `origin` may do that asks `host`, at a listener on 192.0.2.7.
fn judge(options: &HttpOptions, host: &str, origin: &str) -> Option<OriginKind> {
    let headers = headers(&[(header::HOST, host), (header::ORIGIN, origin)]);
    let local = Some("192.0.2.7:8080".parse().unwrap());
    match allowed_origin(&headers, options, local) {
        Ok(kind) => Some(kind),
        Err(refusal) => {
            assert_eq!(refusal.code, RefusalCode::Forbidden);
            None
        }
    }
}

#[test]
fn without_a_public_url_a_page_asks_the_host_it_came_from_if_that_is_ours() {
    use OriginKind::{Other, Own};
    for (host, origin, expected) in [
        ("localhost:8080", "http://localhost:8080", Some(Own)),
        ("LOCALHOST:8080", "http://localhost:8080", Some(Own)),
        ("localhost", "http://localhost", Some(Own)),
        ("localhost:80", "http://localhost", Some(Own)),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", Some(Own)),
        ("127.9.9.9:8080", "http://127.9.9.9:8080", Some(Own)),
        ("[::1]:8080", "http://[::1]:8080", Some(Own)),
        ("192.0.2.7:8080", "http://192.0.2.7:8080", Some(Own)),
        ("localhost:8080", "http://localhost:5173", Some(Other)),
        // Another port, scheme, host.
        ("localhost:8080", "http://localhost:8081", None),
        ("localhost:8080", "https://localhost:8080", None),
        ("localhost:8080", "http://127.0.0.1:8080", None),
        ("localhost:8080", "http://evil.example", None),
        ("localhost:8080", "http://localhost.evil.example:8080", None),
        // A name that somebody gave our address: DNS rebinding.
        ("evil.example:8080", "http://evil.example:8080", None),
        ("192.0.2.8:8080", "http://192.0.2.8:8080", None),
        // Not an origin.
        ("localhost:8080", "null", None),
        ("localhost:8080", "", None),
        ("localhost:8080", "http://localhost:8080/path", None),
        ("localhost:8080", "http://user@localhost:8080", None),
        ("localhost:8080", "file://localhost:8080", None),
        ("[::1]:8080", "http://[::1]evil.example:8080", None),
        ("[::1]evil.example:8080", "http://[::1]evil.example:8080", None),
    ] {
        assert_eq!(judge(&options(""), host, origin), expected, "{origin} asks {host}");
    }
}

#[test]
fn with_a_public_url_only_its_pages_and_the_allowed_ones_ask() {
    use OriginKind::{Other, Own};
    let options = options("https://Chat.Example.org:443/");
    for (host, origin, expected) in [
        ("chat.example.org", "https://chat.example.org", Some(Own)),
        ("backend:8080", "https://chat.example.org", Some(Own)),
        ("backend:8080", "http://localhost:5173", Some(Other)),
        ("localhost:8080", "http://localhost:8080", None),
        ("chat.example.org", "http://chat.example.org", None),
        ("chat.example.org", "https://chat.example.org:8443", None),
        ("chat.example.org", "https://chat.example.org.evil.example", None),
    ] {
        assert_eq!(judge(&options, host, origin), expected, "{origin} asks {host}");
    }
}

#[test]
fn no_origin_is_a_program_and_two_are_nobody() {
    let host = (header::HOST, "localhost:8080");
    let own = (header::ORIGIN, "http://localhost:8080");
    let options = options("");
    let judged = |pairs: &[_]| allowed_origin(&headers(pairs), &options, None).ok();
    assert_eq!(judged(std::slice::from_ref(&host)), Some(OriginKind::Program));
    assert_eq!(judged(&[host.clone(), own.clone()]), Some(OriginKind::Own));
    let mut twice = headers(&[host, own]);
    twice.append(header::ORIGIN, "http://evil.example".parse().unwrap());
    assert!(allowed_origin(&twice, &options, None).is_err());
}

#[test]
fn a_public_url_is_a_scheme_and_a_host() {
    for bad in [
        "",
        "chat.example.org",
        "ftp://chat.example.org",
        "https://",
        "https://chat.example.org/sub",
        "https://chat.example.org?x",
        "https://a b",
        "https://chat.example.org:port",
        "https://user@chat.example.org",
    ] {
        assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
    }
    let read: WebOrigin = "HTTPS://[2001:DB8::1]:8443/".parse().unwrap();
    assert_eq!(read.as_str(), "https://[2001:db8::1]:8443");
    assert_eq!(read.host(), "[2001:db8::1]");
    assert!(read.is_https());
}

#[test]
fn the_cookie_fits_the_way_to_the_server() {
    let insecure = HttpOptions { is_insecure: true, ..options("") };
    let behind_tls = HttpOptions { is_tls: true, ..options("") };
    let lan = HttpOptions { is_insecure: true, ..options("http://chat.lan") };
    for (options, host, expected) in [
        (&options(""), "localhost:8080", Some(Cookie::Secure)),
        (&options(""), "127.0.0.1:8080", Some(Cookie::Secure)),
        (&options(""), "[::1]:8080", Some(Cookie::Secure)),
        (&options(""), "192.0.2.7:8080", None),
        (&insecure, "localhost:8080", Some(Cookie::Secure)),
        (&insecure, "192.0.2.7:8080", Some(Cookie::Plain)),
        (&behind_tls, "192.0.2.7:8080", Some(Cookie::Secure)),
        (&options("https://chat.example.org"), "backend:8080", Some(Cookie::Secure)),
        (&lan, "127.0.0.1:8080", Some(Cookie::Plain)),
    ] {
        let chosen = Cookie::of(&headers(&[(header::HOST, host)]), options).ok();
        assert_eq!(chosen, expected, "{host}");
    }
}

#[test]
fn a_cookie_is_read_by_its_whole_name() {
    for (cookies, expected) in [
        ("__Host-voodoo=abc", Some("abc")),
        ("theme=dark; __Host-voodoo=abc; x=y", Some("abc")),
        ("voodoo=abc", None),
        ("x__Host-voodoo=abc", None),
        ("__Host-voodoo2=abc", None),
        ("", None),
    ] {
        let headers = headers(&[(header::COOKIE, cookies)]);
        assert_eq!(Cookie::Secure.read(&headers), expected, "{cookies}");
    }
}

#[test]
fn an_origin_is_a_host_with_at_most_a_port() {
    for (text, expected) in [
        ("http://[::1]:80/", Some("http://[::1]")),
        ("https://[2001:DB8::1]:8443", Some("https://[2001:db8::1]:8443")),
        ("http://Chat.example.org:8080", Some("http://chat.example.org:8080")),
        // What the fuzzer found: the port was cut off, and what remained was read no more.
        ("http://[::2]voodoo:80", None),
        ("http://[::2]voodoo", None),
        ("http://[]", None),
        ("http://[::1", None),
        ("http://[localhost]:80", None),
        ("http://localhost:", None),
        ("http://localhost:+80", None),
        ("http://localhost:65536", None),
        ("http://:80", None),
    ] {
        let origin = text.parse::<WebOrigin>().ok();
        assert_eq!(origin.as_ref().map(WebOrigin::as_str), expected, "{text}");
    }
}
