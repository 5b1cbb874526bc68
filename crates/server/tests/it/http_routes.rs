//! What holds on every route, whatever it does.

use axum::body::{Body, Bytes};
use http::{Method, StatusCode};
use serde_json::json;
use voodoo_server::http::{CONTENT_SECURITY_POLICY, HttpOptions, Route, Who, routes};

use crate::http::{Ask, PASSWORD, Server, log_in, options};

/// A request to a route, with a body that is JSON if it wants one.
fn ask(route: &Route) -> Ask {
    let path = route.path.replace("{device}", "d_1").replace("{invite}", "i_1");
    let path = path.replace("{conversation}", "c_1");
    let ask = Ask::at(route.method.clone(), &path);
    if matches!(route.method, Method::POST | Method::PATCH) { ask.json(&json!({})) } else { ask }
}

fn changes_something(route: &Route) -> bool {
    route.method != Method::GET
}

#[tokio::test]
async fn nobody_acts_for_a_user_without_the_users_token() {
    let (server, ada) = Server::owned(options()).await;
    let token = ada.token.as_deref().unwrap();
    for route in routes().iter().filter(|route| route.who != Who::Anyone) {
        for authorization in
            ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", token, &format!("Basic {token}")]
        {
            let refused = server.ask(ask(route).header("authorization", authorization)).await;
            refused.refused(401, "unauthenticated");
            assert_eq!(refused.header("www-authenticate"), "Bearer");
        }
        let cookie = format!("__Host-voodoo=x; voodoo={token}");
        let by_cookie = ask(route).page().header("cookie", &cookie);
        server.ask(by_cookie).await.refused(401, "unauthenticated");
        let as_page = ask(route).page().header("authorization", &format!("Bearer {token}"));
        server.ask(as_page).await.refused(401, "unauthenticated");
    }
    server.ask(Ask::get("/me").by(&ada)).await.ok();
}

#[tokio::test]
async fn pages_of_others_are_refused_everywhere() {
    let (server, ada) = Server::owned(options()).await;
    for route in routes() {
        for origin in
            ["http://evil.example", "http://localhost:8081", "null", "https://localhost:8080"]
        {
            let asked = ask(route).by(&ada).header("origin", origin).header("x-voodoo", "1");
            server.ask(asked).await.refused(403, "forbidden");
        }
        let rebound = ask(route)
            .header("host", "evil.example:8080")
            .header("origin", "http://evil.example:8080")
            .header("x-voodoo", "1");
        server.ask(rebound).await.refused(403, "forbidden");
    }
    server.ask(Ask::get("/me").by(&ada)).await.ok();
}

#[tokio::test]
async fn a_page_changes_nothing_without_its_origin_and_its_word() {
    let (server, _) = Server::owned(options()).await;
    let page = server.ask(Ask::post("/log-in").page().json(&log_in("ada", PASSWORD))).await;
    let with_cookie = |ask: Ask| ask.header("cookie", page.cookie());
    for route in routes().iter().filter(|route| changes_something(route)) {
        let wordless = with_cookie(ask(route)).header("origin", "http://localhost:8080");
        server.ask(wordless).await.refused(403, "forbidden");
        let false_word = with_cookie(ask(route)).page().header("x-voodoo", "yes");
        server.ask(false_word).await.refused(403, "forbidden");
        if route.who == Who::Anyone {
            let nameless = with_cookie(ask(route)).header("sec-fetch-site", "cross-site");
            server.ask(nameless).await.refused(403, "forbidden");
        } else {
            let nameless = with_cookie(ask(route)).header("x-voodoo", "1");
            server.ask(nameless).await.refused(401, "unauthenticated");
        }
    }
    server.ask(with_cookie(Ask::get("/me"))).await.ok();
    server.ask(with_cookie(Ask::get("/me").page())).await.ok();
}

#[tokio::test]
async fn answers_carry_the_headers_that_protect_pages() {
    let secure = HttpOptions { is_tls: true, ..options() };
    for (options, strict_transport) in [(options(), ""), (secure, "max-age=63072000")] {
        let (server, _) = Server::owned(options).await;
        for path in ["/api/v1/server", "/api/v1/me", "/api/v1/nothing", "/livez", "/", "/no.file"] {
            let answer = server.ask(Ask::at(Method::GET, path)).await;
            for (name, expected) in [
                ("content-security-policy", CONTENT_SECURITY_POLICY),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("strict-transport-security", strict_transport),
                ("cache-control", "no-store"),
                ("server", ""),
                ("access-control-allow-origin", ""),
            ] {
                assert_eq!(answer.header(name), expected, "{name} of {path}");
            }
        }
    }
}

#[test]
fn the_content_security_policy_lets_in_nothing_by_default() {
    let directives: Vec<_> = CONTENT_SECURITY_POLICY.split("; ").collect();
    assert_eq!(directives[0], "default-src 'none'");
    for needed in ["script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(directives.contains(&needed), "{needed}");
    }
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    assert!(!CONTENT_SECURITY_POLICY.contains("  "));
}

#[tokio::test]
async fn what_is_not_served_is_a_problem_under_api_only() {
    let server = Server::start(options());
    for path in ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/server"] {
        server.ask(Ask::at(Method::GET, path)).await.refused(404, "not_found");
    }
    for (method, path, allow) in [
        (Method::GET, "/api/v1/log-in", "POST"),
        (Method::DELETE, "/api/v1/server", "GET,HEAD"),
        (Method::PUT, "/api/v1/devices/d_1", "DELETE"),
        (Method::POST, "/livez", "GET,HEAD"),
    ] {
        let answer = server.ask(Ask::at(method, path)).await;
        answer.refused(405, "unknown_type");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    let file = server.ask(Ask::at(Method::GET, "/no.file")).await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (StatusCode::NOT_FOUND, "text/plain; charset=utf-8")
    );
    let head = server.ask(Ask::at(Method::HEAD, "/api/v1/server")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn bodies_are_json_of_a_bounded_size() {
    let (server, _) = Server::owned(options()).await;
    let right = log_in("ada", PASSWORD).to_string();
    let post = |kind: &str, body: &str| {
        Ask::post("/log-in").header("content-type", kind).body(Body::from(body.to_owned()))
    };
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        server.ask(post(kind, &right)).await.refused(415, "bad_request");
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        server.ask(post(kind, &right)).await.ok();
    }
    for body in ["", "{", "[]", "null", "\"ada\"", "{}x", "\u{feff}{}"] {
        server.ask(post("application/json", body)).await.refused(400, "bad_request");
    }
    let missing = server.ask(post("application/json", "{\"handle\":\"ada\"}")).await;
    missing.refused_at("password");
    let not_text = Body::from(Bytes::from_static(b"{\"handle\":\"\xff\"}"));
    let not_text = Ask::post("/log-in").header("content-type", "application/json").body(not_text);
    server.ask(not_text).await.refused(400, "bad_request");

    let filled = |n: usize| format!("{right}{}", " ".repeat(n - right.len()));
    server.ask(post("application/json", &filled(64 * 1024))).await.ok();
    let over = server.ask(post("application/json", &filled(64 * 1024 + 1))).await;
    over.refused(413, "too_large");
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_body() {
    let server = Server::start(options());
    for body in ["{\"handle\":[\"hunter2\"],\"password\":\"x\"}", "{\"hunter2\":", "\"hunter2\""] {
        let ask =
            Ask::post("/log-in").header("content-type", "application/json").body(Body::from(body));
        let answer = server.ask(ask).await;
        answer.refused(400, "bad_request");
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let server = Server::start(options());
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let ask = Ask::post("/log-in").header("content-type", "application/json").body(never);
    server.ask(ask).await.refused(408, "timeout");
}

#[tokio::test]
async fn a_draining_server_is_alive_and_not_ready() {
    let server = Server::start(options());
    let get = |path| server.ask(Ask::at(Method::GET, path));
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(get(path).await.status, 200, "{path}");
    }
    server.door.drain();
    assert_eq!(get("/livez").await.status, 200);
    for path in ["/readyz", "/healthz"] {
        let answer = get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        let expected = json!([{"check": "store", "ok": true}, {"check": "writes", "ok": true},
                {"check": "room", "ok": true}, {"check": "memory", "ok": true},
                {"check": "not_draining", "ok": false}]);
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn links_lead_to_where_browsers_find_the_server() {
    let server = Server::start(options());
    let public_url = Some("https://chat.example.org".parse().unwrap());
    let public = Server::start(HttpOptions { public_url, ..options() });
    let behind_tls = Server::start(HttpOptions { is_tls: true, ..options() });
    for (server, local, expected) in [
        (&server, "127.0.0.1:8080", "http://localhost:8080"),
        (&server, "[::1]:8080", "http://localhost:8080"),
        (&server, "0.0.0.0:80", "http://localhost"),
        (&server, "192.0.2.7:8080", "http://192.0.2.7:8080"),
        (&server, "[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        (&server, "[2001:db8::1]:80", "http://[2001:db8::1]"),
        (&public, "127.0.0.1:8080", "https://chat.example.org"),
        (&behind_tls, "127.0.0.1:443", "https://localhost"),
    ] {
        assert_eq!(server.door.url_at(local.parse().unwrap()), expected);
    }
}
