//! What the plain port says where TLS is spoken: go there.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::origin::{WebOrigin, host_of};

/// Answers every request with the same path by TLS: at `public_url`, or at the host that was asked
/// for and the port where TLS is spoken.
pub fn to_tls(public_url: Option<WebOrigin>, port: u16) -> Router {
    Router::new().fallback(move |request: Request| {
        let response = redirect(public_url.as_ref(), port, &request);
        std::future::ready(response)
    })
}

fn redirect(public_url: Option<&WebOrigin>, port: u16, request: &Request) -> Response {
    let origin = match public_url {
        Some(url) if url.is_https() => Some(url.to_string()),
        Some(_) | None => origin_by_tls(request.headers(), port),
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let location = origin.and_then(|it| HeaderValue::try_from(format!("{it}{path}")).ok());
    let Some(location) = location else { return StatusCode::BAD_REQUEST.into_response() };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn origin_by_tls(headers: &HeaderMap, port: u16) -> Option<String> {
    let authority: Authority = host_of(headers)?.parse().ok()?;
    if authority.host().is_empty() || authority.as_str().contains('@') {
        return None;
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    Some(format!("https://{}{port}", authority.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(public_url: Option<&str>, port: u16, host: &str, path: &str) -> Option<String> {
        let public_url: Option<WebOrigin> = public_url.map(|url| url.parse().unwrap());
        let request = Request::builder().uri(path).header(header::HOST, host);
        let response = redirect(public_url.as_ref(), port, &request.body(Body::empty()).unwrap());
        let location = response.headers().get(header::LOCATION)?;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        Some(location.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_same_path_is_found_by_tls() {
        for (public_url, port, host, path, expected) in [
            (None, 443, "chat.example", "/", "https://chat.example/"),
            (None, 443, "chat.example:80", "/ws?a=1", "https://chat.example/ws?a=1"),
            (None, 8443, "[::1]:8080", "/join", "https://[::1]:8443/join"),
            (Some("https://a.example"), 8443, "b.example", "/x", "https://a.example/x"),
            (Some("https://a.example"), 443, "b.example", "//evil/", "https://a.example//evil/"),
            (Some("http://a.example"), 443, "b.example", "/", "https://b.example/"),
            (None, 443, "chat.example", "http://evil/x", "https://chat.example/x"),
        ] {
            assert_eq!(location(public_url, port, host, path).as_deref(), Some(expected));
        }
        for host in ["", "me@evil", "a b", "evil/x", ":80"] {
            assert_eq!(location(None, 443, host, "/"), None, "{host}");
        }
    }
}
