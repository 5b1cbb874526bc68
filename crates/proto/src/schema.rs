//! The JSON Schema of the wire, from which the documents and TypeScript are generated.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::event::{HistoryEvent, ServerFrame};
use crate::{http, reply, request};

/// Describes a type, and puts what it consists of among the definitions of the generator.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

/// Which reply `ok` carries for each request; a request that is not here has no reply or an
/// answer of its own.
const REPLIES: &[(&str, Describe)] = &[
    ("resync", of::<reply::Done>),
    ("send", of::<reply::Sent>),
    ("edit", of::<reply::Changed>),
    ("delete", of::<reply::Changed>),
    ("react", of::<reply::Changed>),
    ("pin", of::<reply::Changed>),
    ("receipts", of::<reply::Receipts>),
    ("focus", of::<reply::Done>),
    ("watch", of::<reply::Watched>),
    ("status", of::<reply::Done>),
    ("active", of::<reply::Done>),
    ("create", of::<reply::InConversation>),
    ("get", of::<reply::Conversations>),
    ("update", of::<reply::Done>),
    ("destroy", of::<reply::Done>),
    ("join", of::<reply::InConversation>),
    ("leave", of::<reply::Done>),
    ("list", of::<reply::Listed>),
    ("invite_create", of::<reply::Invite>),
    ("invite_revoke", of::<reply::Done>),
    ("member_add", of::<reply::Added>),
    ("member_remove", of::<reply::Done>),
    ("member_role", of::<reply::Done>),
    ("members", of::<reply::Members>),
    ("set", of::<reply::Done>),
    ("accept", of::<reply::Done>),
    ("block", of::<reply::Done>),
    ("counts", of::<reply::Counts>),
    ("history", of::<reply::HistoryPage>),
    ("changes", of::<reply::ChangesPage>),
    ("users", of::<reply::Users>),
];

const HTTP: &[Describe] = &[
    of::<http::ServerAbout>,
    of::<http::SetUp>,
    of::<http::SignUp>,
    of::<http::LogIn>,
    of::<http::Reset>,
    of::<http::LoggedIn>,
    of::<http::Device>,
    of::<http::MePatch>,
    of::<http::MeSeen>,
    of::<http::PasswordChange>,
    of::<http::Ticket>,
    of::<http::InviteRequest>,
    of::<http::InviteLook>,
    of::<http::InviteSeen>,
    of::<http::NewMessage>,
    of::<http::BotRequest>,
    of::<http::BotMade>,
    of::<http::Problem>,
    of::<HistoryEvent>,
];

/// Describes `T`.
pub fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A generator whose definitions stand where OpenAPI has them.
#[must_use]
pub fn openapi_generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.into_generator()
}

/// What a generator has met so far, by the rules of the wire: absent rather than null, and no
/// object closed.
///
/// # Panics
///
/// Never: definitions are an object.
#[must_use]
pub fn definitions(generator: &mut SchemaGenerator) -> Value {
    let mut root: Schema = json!({"$defs": generator.take_definitions(false)})
        .try_into()
        .expect("a schema is an object");
    RecursiveTransform(present_or_absent).transform(&mut root);
    root.remove("$defs").unwrap_or_default()
}

/// The whole wire as one schema: `request`, `server_frame` and `replies` by request, with every
/// object of the HTTP door among its definitions.
///
/// # Panics
///
/// Never: the types are known when this is compiled.
#[must_use]
pub fn wire() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let request = of::<request::Request>(&mut generator);
    let server_frame = of::<ServerFrame>(&mut generator);
    let replies: Map<String, Value> = REPLIES
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema(&mut generator).to_value()))
        .collect();
    for schema in HTTP {
        schema(&mut generator);
    }
    let required: Vec<&str> = REPLIES.iter().map(|(name, _)| *name).collect();
    let mut root: Schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wire",
        "description": "Everything that voodoo.v1 sends: requests, frames of the server, and what `ok` carries for each request.",
        "type": "object",
        "properties": {
            "request": request,
            "server_frame": server_frame,
            "replies": {
                "title": "Replies",
                "type": "object",
                "properties": replies,
                "required": required,
            },
        },
        "required": ["request", "server_frame", "replies"],
        "$defs": generator.take_definitions(false),
    })
    .try_into()
    .expect("a schema is an object");
    RecursiveTransform(present_or_absent).transform(&mut root);
    with_request_ids(&mut root);
    root.to_value()
}

/// An optional field is absent, never null: takes `null` out of every type. And a reader ignores
/// what it does not know: no object is closed.
fn present_or_absent(schema: &mut Schema) {
    let Some(fields) = schema.as_object_mut() else { return };
    fields.remove("additionalProperties");
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(choices)) = fields.get_mut("anyOf") else { return };
    choices.retain(|choice| *choice != json!({"type": "null"}));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        fields.remove("anyOf");
        for (key, value) in only {
            fields.entry(key).or_insert(value);
        }
    }
}

/// Gives every request the `id` of its envelope.
fn with_request_ids(root: &mut Schema) {
    let id = json!({
        "description": "Unique among the requests in flight; without it there is no reply.",
        "type": "integer",
        "minimum": 1,
        "maximum": crate::MAX_SAFE_INTEGER,
    });
    let choices = root.pointer_mut("/$defs/Request/oneOf").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten() {
        if let Some(Value::Object(properties)) = choice.get_mut("properties") {
            properties.insert("id".to_owned(), id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_allows_null() {
        assert!(!wire().to_string().contains("\"null\""));
    }

    #[test]
    fn no_object_is_closed() {
        assert!(!wire().to_string().contains("additionalProperties"));
    }

    #[test]
    fn every_request_is_described_with_an_id() {
        let wire = wire();
        let choices = wire.pointer("/$defs/Request/oneOf").and_then(Value::as_array).unwrap();
        assert_eq!(choices.len(), request::Request::NAMES.len());
        assert!(choices.iter().all(|choice| choice.pointer("/properties/id").is_some()));
    }
}
