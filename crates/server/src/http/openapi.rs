//! The published description of the HTTP door, OpenAPI 3.1, made from the table of routes and the
//! types that are read and written.
//!
//! A status that a route may answer follows from what the route is (whether it reads a body, wants
//! a log-in, names something in its path); only what is its own stands beside it.

use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use voodoo_proto::schema::{Describe, definitions, of, openapi_generator};
use voodoo_proto::{http as body, reply};

use super::guard::Who;
use super::routes::{Route, routes};

/// What the document says of a route.
pub(crate) struct Words {
    summary: &'static str,
    reads: Option<Describe>,
    answers: Answers,
    /// What it may answer beside what follows from its kind.
    statuses: &'static [u16],
    /// A header that has to be sent, and what it is.
    header: Option<(&'static str, &'static str)>,
}

/// What a route answers when it does what was asked.
enum Answers {
    /// 200 with JSON.
    With(Describe),
    /// 204.
    Nothing,
    /// 101: HTTP ends here.
    Socket,
    /// 200 or 503, with the same JSON.
    Health(Describe),
}

const fn says(summary: &'static str, answers: Answers) -> Words {
    Words { summary, reads: None, answers, statuses: &[], header: None }
}

impl Words {
    const fn reads(mut self, reads: Describe) -> Self {
        self.reads = Some(reads);
        self
    }

    const fn statuses(mut self, statuses: &'static [u16]) -> Self {
        self.statuses = statuses;
        self
    }

    const fn header(mut self, name: &'static str, what: &'static str) -> Self {
        self.header = Some((name, what));
        self
    }
}

use Answers::{Health, Nothing, Socket, With};

pub(super) static SOCKET: Words =
    says("Become a WebSocket that speaks voodoo.v1", Socket).statuses(&[400, 401, 405, 426, 505]);
pub(super) static ALIVE: Words = says("Whether the process answers", With(of::<Vec<body::Check>>));
pub(super) static READY: Words =
    says("Whether the server is able to serve", Health(of::<Vec<body::Check>>));
pub(super) static DOCUMENT: Words = says("This document", With(of::<Map<String, Value>>));
pub(super) static ABOUT: Words =
    says("What everyone may know of the server", With(of::<body::ServerAbout>));
pub(super) static SET_UP: Words =
    says("Make the owner, by the link that the server printed", With(of::<body::LoggedIn>))
        .reads(of::<body::SetUp>)
        .statuses(&[409, 410, 429]);
pub(super) static SIGN_UP: Words = says("Make an account", With(of::<body::LoggedIn>))
    .reads(of::<body::SignUp>)
    .statuses(&[409, 410, 429]);
pub(super) static LOG_IN: Words =
    says("Open a device by handle and password", With(of::<body::LoggedIn>))
        .reads(of::<body::LogIn>)
        .statuses(&[401, 429]);
pub(super) static RESET: Words =
    says("Set a new password by a link from the operator", With(of::<body::LoggedIn>))
        .reads(of::<body::Reset>)
        .statuses(&[401, 410, 429]);
pub(super) static LOG_OUT: Words = says("End the device that asks", Nothing).statuses(&[404]);
pub(super) static DEVICES: Words = says("Own devices", With(of::<Vec<body::Device>>));
pub(super) static END_DEVICE: Words = says("End an own device", Nothing);
pub(super) static ME: Words = says("Own profile", With(of::<body::MeSeen>)).statuses(&[404]);
pub(super) static CHANGE_ME: Words = says("Change the own profile", With(of::<body::MeSeen>))
    .reads(of::<body::MePatch>)
    .statuses(&[404]);
pub(super) static PASSWORD: Words = says("Change the password; all other devices end", Nothing)
    .reads(of::<body::PasswordChange>)
    .statuses(&[404, 429]);
pub(super) static TICKET: Words =
    says("A ticket, by which a page of another origin begins a session", With(of::<body::Ticket>))
        .statuses(&[429]);
pub(super) static INVITE: Words =
    says("Invite into the server, or into a conversation", With(of::<reply::Invite>))
        .reads(of::<body::InviteRequest>)
        .statuses(&[404, 409, 429]);
pub(super) static LOOK: Words = says("What a code leads to", With(of::<body::InviteSeen>))
    .reads(of::<body::InviteLook>)
    .statuses(&[410, 429]);
pub(super) static END_INVITE: Words = says("End an invite", Nothing);
pub(super) static SEND: Words = says("Send a message", With(of::<reply::Sent>))
    .reads(of::<body::NewMessage>)
    .statuses(&[409, 410, 429])
    .header(
        "Idempotency-Key",
        "The sender's name for the message, a UUID: a repeat sends nothing.",
    );
pub(super) static BOT: Words = says("Make a program's account", With(of::<body::BotMade>))
    .reads(of::<body::BotRequest>)
    .statuses(&[409, 429]);

impl Route {
    /// Names in the path, in their order.
    fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Statuses by which it may say no, in their order.
    fn refusals(&self) -> Vec<u16> {
        // A page of a foreign origin, a fault, and a store that does not answer in time.
        let mut statuses = vec![403, 500, 503];
        statuses.extend_from_slice(self.words.statuses);
        if self.who != Who::Anyone {
            statuses.push(401);
        }
        if self.words.reads.is_some() {
            statuses.extend([400, 408, 413, 415]);
        }
        if self.parameters().next().is_some() {
            statuses.push(404);
        }
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

/// `GET /api/openapi.json`
pub(crate) async fn serve() -> Response {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string().into());
    let mut response = Body::from(text.clone()).into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    std::future::ready(response).await
}

/// The description of every route, as OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let mut generator = openapi_generator();
    let problem = of::<body::Problem>(&mut generator).to_value();
    let mut paths = Map::new();
    for route in routes() {
        let at = paths.entry(route.path).or_insert_with(|| json!({}));
        at[route.method.as_str().to_ascii_lowercase()] = operation(route, &problem, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Voodoo",
            "version": "1",
            "description": "What is asked over HTTP beside the socket. Pages that change \
                something send an allowed `Origin` and `X-Voodoo: 1`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions(&mut generator),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-voodoo"},
            },
        },
    })
}

fn operation(route: &Route, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let words = route.words;
    let name = route.path.replace(['/', '-', '.'], "_").replace(['{', '}'], "");
    let mut operation = json!({
        "operationId": format!("{}{name}", route.method.as_str().to_ascii_lowercase()),
        "summary": words.summary,
        "responses": responses(route, problem, generator),
    });
    if let Some(reads) = words.reads {
        let content = json!({"application/json": {"schema": reads(generator)}});
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    let in_path = route.parameters().map(
        |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}),
    );
    let in_header = words.header.map(|(name, what)| {
        json!({"name": name, "in": "header", "required": true, "description": what,
            "schema": {"type": "string", "format": "uuid"}})
    });
    let parameters: Vec<Value> = in_path.chain(in_header).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    // The socket takes pages of other origins that bring a ticket later.
    let is_open = route.who == Who::Anyone && !matches!(words.answers, Socket);
    operation["security"] =
        if is_open { json!([]) } else { json!([{"token": []}, {"cookie": []}]) };
    operation
}

fn responses(route: &Route, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for status in route.refusals() {
        let content = json!({"application/problem+json": {"schema": problem}});
        responses.insert(status.to_string(), response(status, Some(content)));
    }
    let (status, answers) = match route.words.answers {
        With(answers) | Health(answers) => (200, Some(answers)),
        Nothing => (204, None),
        Socket => (101, None),
    };
    let schema = answers.map(|answers| answers(generator).to_value());
    if let (Health(_), Some(schema)) = (&route.words.answers, &schema) {
        let ill = json!({"application/problem+json": {"schema": problem},
            "application/json": {"schema": schema}});
        responses.insert("503".to_owned(), response(503, Some(ill)));
    }
    let content = schema.map(|schema| json!({"application/json": {"schema": schema}}));
    responses.insert(status.to_string(), response(status, content));
    Value::Object(responses)
}

fn response(status: u16, content: Option<Value>) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut response = json!({"description": reason.unwrap_or_default()});
    if let Some(content) = content {
        response["content"] = content;
    }
    response
}
