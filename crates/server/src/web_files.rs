//! The web client's files, which stand in the program itself.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// What the build gives names by their content to.
const HASHED: &str = "assets/";
/// What is served elsewhere: who asks for it here is told so, and gets no page.
const METRICS: &str = "metrics";

/// A file as it is kept.
struct Found {
    bytes: Cow<'static, [u8]>,
    etag: String,
}

/// Answers a request for a file, or with the page whose script knows the path.
#[must_use]
pub fn serve(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    answer(embedded, method, path, headers)
}

/// The `ETag` of the file of exactly this name, if there is one; it is a sum of its bytes.
#[must_use]
pub fn etag_of(name: &str) -> Option<String> {
    let is_kept = Dist::iter().any(|kept| kept == name);
    embedded(name).filter(|_| is_kept).map(|found| found.etag)
}

fn embedded(name: &str) -> Option<Found> {
    // Taken for a slash where files are looked up: one file would have several names.
    if name.contains('\\') {
        return None;
    }
    let file = Dist::get(name)?;
    let sum = file.metadata.sha256_hash();
    let etag = sum[..16].iter().fold("\"".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    Some(Found { bytes: file.data, etag: etag + "\"" })
}

fn answer(
    find: impl Fn(&str) -> Option<Found>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, "files can only be read");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let name = path.trim_start_matches('/');
    let name = if is_page(name) { INDEX } else { name };
    let takes_brotli = accepts_brotli(headers);
    let packed = if takes_brotli { find(&format!("{name}.br")) } else { None };
    let is_packed = packed.is_some();
    // The packed copies stand behind the names of their files, and are no files themselves.
    let found = packed.or_else(|| if name.ends_with(".br") { None } else { find(name) });
    match found {
        Some(found) => file(name, found, is_packed, headers),
        None if name == INDEX => {
            words(StatusCode::NOT_FOUND, "the web client was not built into this server")
        }
        None => words(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

/// Whether a path is one of the client's own pages: no name of a file has no dot.
fn is_page(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name != METRICS && !name.starts_with(HASHED) && !last.contains('.')
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("br") && weight.parse::<f32>().is_ok_and(|q| q > 0.0)
    })
}

fn file(name: &str, found: Found, is_packed: bool, asked: &HeaderMap) -> Response {
    let is_held =
        asked.get(header::IF_NONE_MATCH).and_then(|held| held.to_str().ok()).is_some_and(|held| {
            held.split(',').any(|tag| tag.trim().trim_start_matches("W/") == found.etag)
        });
    let body = if is_held { Body::empty() } else { Body::from(found.bytes) };
    let mut response = Response::new(body);
    if is_held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::try_from(found.etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn caching(name: &str) -> &'static str {
    match name {
        INDEX => "no-store",
        name if name.starts_with(HASHED) => "public, max-age=31536000, immutable",
        _ => "no-cache",
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn words(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[&str] =
        &["index.html", "index.html.br", "assets/a-1.js", "assets/a-1.js.br", "favicon.svg"];

    fn find(name: &str) -> Option<Found> {
        let name = FILES.iter().find(|file| **file == name)?;
        Some(Found { bytes: name.as_bytes().into(), etag: format!("\"{name}\"") })
    }

    fn ask(path: &str, headers: &[(&'static str, &str)]) -> Response {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        answer(find, &Method::GET, path, &headers)
    }

    fn header<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn pages_of_the_client_are_its_index() {
        for path in ["/", "/c/c_9a", "/setup", "/join", "/reset", "/log-in", "/settings/devices"] {
            let response = ask(path, &[]);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(header(&response, "etag"), "\"index.html\"", "{path}");
            assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
            assert_eq!(header(&response, "cache-control"), "no-store");
        }
    }

    #[test]
    fn what_is_no_page_and_no_file_is_not_found() {
        for path in ["/assets/gone", "/assets/b-2.js", "/wp-login.php", "/index.html.br", "/../x.y"]
        {
            let response = ask(path, &[("accept-encoding", "br")]);
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
        }
    }

    #[test]
    fn packed_files_go_to_whoever_takes_them() {
        for (accepted, is_packed) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=0.5", true),
            ("BR", true),
            ("br;q=0", false),
            ("gzip", false),
            ("", false),
        ] {
            let response = ask("/assets/a-1.js", &[("accept-encoding", accepted)]);
            assert_eq!(header(&response, "content-encoding") == "br", is_packed, "{accepted}");
            assert_eq!(header(&response, "vary"), "accept-encoding");
            assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
            assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
        }
    }

    #[test]
    fn what_is_held_is_not_sent_again() {
        for (held, status) in [
            ("\"favicon.svg\"", 304),
            ("W/\"favicon.svg\"", 304),
            ("\"x\", \"favicon.svg\"", 304),
            ("\"x\"", 200),
        ] {
            let response = ask("/favicon.svg", &[("if-none-match", held)]);
            assert_eq!(response.status(), status, "{held}");
            assert_eq!(header(&response, "cache-control"), "no-cache");
        }
    }

    #[test]
    fn files_can_only_be_read() {
        let response = answer(find, &Method::POST, "/", &HeaderMap::new());
        assert_eq!(response.status(), 405);
        assert_eq!(header(&response, "allow"), "GET, HEAD");
    }

    #[test]
    fn a_server_without_the_client_says_so() {
        let response = answer(|_| None, &Method::GET, "/setup", &HeaderMap::new());
        assert_eq!(response.status(), 404);
        assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
    }
}
