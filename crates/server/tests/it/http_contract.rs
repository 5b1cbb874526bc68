//! The published description binds every answer: each one that a test is given is held against it.

use std::collections::HashMap;
use std::sync::OnceLock;

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use voodoo_server::http::{Route, document, routes};

use crate::http::{Answer, Ask, PASSWORD, Server, log_in, options};

/// Validators by path, method, status and kind of content.
type Contract = HashMap<(String, String, u16, String), Validator>;

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let document = document();
        let mut contract = Contract::new();
        for (path, method, responses) in operations(&document) {
            for (status, response) in responses {
                let status = status.parse().unwrap();
                let none = serde_json::Map::new();
                let content = response["content"].as_object().unwrap_or(&none);
                for (kind, content) in content {
                    let mut schema = content["schema"].clone();
                    schema["components"] = document["components"].clone();
                    let key = (path.clone(), method.clone(), status, kind.clone());
                    contract.insert(key, jsonschema::validator_for(&schema).unwrap());
                }
                if content.is_empty() {
                    let key = (path.clone(), method.clone(), status, String::new());
                    contract.insert(key, jsonschema::validator_for(&json!(true)).unwrap());
                }
            }
        }
        contract
    })
}

fn operations(
    document: &Value,
) -> impl Iterator<Item = (&String, &String, &serde_json::Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, at)| {
        let at = at.as_object().unwrap();
        at.iter().map(move |(method, operation)| {
            (path, method, operation["responses"].as_object().unwrap())
        })
    })
}

/// The route that serves a request.
fn route_of(method: &Method, path: &str) -> Option<&'static Route> {
    routes().iter().find(|route| {
        let (mut wanted, mut parts) = (route.path.split('/'), path.split('/'));
        let fits = wanted
            .by_ref()
            .zip(parts.by_ref())
            .all(|(wanted, part)| wanted == part || (wanted.starts_with('{') && !part.is_empty()));
        let is_whole = route.path.split('/').count() == path.split('/').count();
        fits && is_whole && route.method == *method
    })
}

/// Fails if an answer is not one that the document promises. Answers beside every route are
/// problems, or files.
/// Returns the route that gave it.
pub(crate) fn check(
    method: &Method,
    path: &str,
    answer: &Answer,
) -> Option<(Method, &'static str)> {
    let kind = answer.header("content-type");
    if answer.status.is_client_error() || answer.status.is_server_error() {
        let is_problem = kind == "application/problem+json" && answer.body["code"].is_string();
        let is_health = kind == "application/json" && answer.status == 503;
        let is_file = !path.starts_with("/api") && route_of(method, path).is_none();
        assert!(is_problem || is_health || is_file, "{method} {path}: {answer:?}");
    }
    let route = route_of(method, path)?;
    let status = answer.status.as_u16();
    let method = route.method.as_str().to_ascii_lowercase();
    let key = (route.path.to_owned(), method, status, kind.to_owned());
    let validator = contract().get(&key);
    let validator = validator.unwrap_or_else(|| panic!("not in the document: {key:?} {answer:?}"));
    if let Err(error) = validator.validate(&answer.body) {
        panic!("{key:?}: {error} in {answer:?}");
    }
    Some((route.method.clone(), route.path))
}

#[test]
fn every_route_stands_in_the_document_and_nothing_else_does() {
    let document = document();
    let mut written: Vec<_> = operations(&document)
        .map(|(path, method, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let mut served: Vec<_> =
        routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    written.sort_unstable();
    served.sort_unstable();
    assert_eq!(written, served);
}

#[tokio::test]
async fn the_document_is_served_as_it_is_published() {
    let published = include_str!("../../../../docs/protocol/openapi.json");
    let published: Value = serde_json::from_str(published).unwrap();
    let server = Server::start(options());
    let served = server.ask(Ask::at(Method::GET, "/api/openapi.json")).await;
    assert_eq!(served.ok(), &published, "`cargo xtask codegen` writes it");
    assert_eq!(served.body["openapi"], "3.1.0");
}

/// Asks what every route is there for, in one life of a server, and gives back the routes.
async fn walk(server: &Server) -> Vec<(Method, &'static str)> {
    let token = server.setup_token().await.unwrap();
    let set_up = crate::http::set_up(&token);
    let ada = server.ask(Ask::post("/setup").json(&set_up)).await.logged_in();
    let invite = server.ask(Ask::post("/invites").by(&ada).json(&json!({}))).await;
    let code = invite.ok()["code"].clone();
    server.ask(Ask::post("/invites/look").json(&json!({"code": code}))).await.ok();
    let bo = json!({"invite": code, "handle": "bo", "name": "Bo", "password": PASSWORD});
    let bo = server.ask(Ask::post("/sign-up").json(&bo)).await.logged_in();
    let ended = format!("/invites/{}", invite.body["invite"].as_str().unwrap());
    server.ask(Ask::delete(&ended).by(&ada)).await.ok();
    for path in ["/livez", "/readyz", "/healthz", "/api/openapi.json", "/api/v1/server"] {
        server.ask(Ask::at(Method::GET, path)).await.ok();
    }
    let further = server.ask(Ask::post("/log-in").json(&log_in("bo", PASSWORD))).await.logged_in();
    server.ask(Ask::get("/devices").by(&bo)).await.ok();
    server.ask(Ask::delete(&format!("/devices/{}", further.device)).by(&bo)).await.ok();
    server.ask(Ask::get("/me").by(&bo)).await.ok();
    server.ask(Ask::patch("/me").by(&bo).json(&json!({"name": "Bo B."}))).await.ok();
    let change = json!({"old": PASSWORD, "new": "another lamp by the window"});
    server.ask(Ask::post("/me/password").by(&bo).json(&change)).await.ok();
    server.ask(Ask::post("/tickets").by(&bo)).await.ok();
    let conversation = server.conversation(bo.user).await;
    let hello = json!({"body": {"kind": "text", "text": "hello"}});
    let send = Ask::post(&format!("/conversations/{conversation}/messages")).json(&hello).by(&bo);
    let send = send.header("idempotency-key", "019b7900-0000-7000-8000-000000000001");
    server.ask(send).await.ok();
    let bot = json!({"handle": "bell", "name": "Bell"});
    server.ask(Ask::post("/bots").by(&ada).json(&bot)).await.ok();
    server.ask(Ask::post("/log-out").by(&bo)).await.ok();
    let link = server.reset_token(bo.user).await;
    let reset = json!({"token": link, "password": "a third lamp by the window"});
    server.ask(Ask::post("/reset").json(&reset)).await.ok();
    server.done()
}

#[tokio::test]
async fn what_every_route_is_there_for_is_as_the_document_says() {
    let server = Server::start(options());
    let walked = walk(&server).await;
    let missed: Vec<_> = routes()
        .iter()
        .filter(|route| {
            route.path != "/ws" && !walked.contains(&(route.method.clone(), route.path))
        })
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert!(missed.is_empty(), "the walk leaves out {missed:?}");
}
