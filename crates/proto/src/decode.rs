//! From the text of a frame to a request, or to the reason why not.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::MAX_SAFE_INTEGER;
use crate::codes::RefusalCode;
use crate::object::Body;
use crate::request::{RESERVED_FIELDS, Request};

/// A request and the id under which the reply is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Of the reply; without one there is no reply.
    pub id: Option<u64>,
    /// What is asked.
    pub request: Request,
}

impl Incoming {
    /// Writes the frame as a client sends it.
    ///
    /// # Panics
    ///
    /// Never: a request is plain data.
    #[must_use]
    pub fn encode(&self) -> String {
        let frame = serde_json::to_string(&self.request).expect("a request is plain data");
        let Some(id) = self.id else { return frame };
        let name = self.request.name();
        let tag = format!("{{\"type\":\"{name}\"");
        let fields = frame.strip_prefix(&tag).expect("the tag comes first");
        format!("{{\"type\":\"{name}\",\"id\":{id}{fields}")
    }
}

/// Why a frame is not a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON, not an object, or without a `type`: the socket is closed with 4400.
    Protocol,
    /// A frame with an `id` that is wrong: the request is refused.
    Refused {
        /// Of the request.
        id: u64,
        /// `bad_request` or `unknown_type`.
        code: RefusalCode,
        /// Why, in words.
        message: String,
        /// The field at fault.
        field: Option<String>,
    },
    /// A frame without a usable `id` that is wrong, be it by its `id` alone: dropped and counted.
    Dropped,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Reads one text frame.
///
/// # Errors
///
/// [`DecodeError`] as its variants say; nothing else of the session is touched.
pub fn decode(frame: &str) -> Result<Incoming, DecodeError> {
    let envelope: Envelope<'_> =
        serde_json::from_str(frame).map_err(|_error| DecodeError::Protocol)?;
    let id = envelope.id.and_then(request_id);
    let Some(read) = Request::read(&envelope.name, frame) else {
        let message = format!("no request of type {:?}", shortened(&envelope.name));
        return Err(refused(id, RefusalCode::UnknownType, message, None));
    };
    let request = match read {
        Ok(request) => request,
        Err(error) => return Err(explain(id, frame, &error)),
    };
    if envelope.id.is_some() && id.is_none() {
        // Whoever asked waits for an answer that cannot be given.
        return Err(DecodeError::Dropped);
    }
    if let Some(field) = reserved_field(&request, frame) {
        let message = format!("{field} is reserved and not served yet");
        return Err(refused(id, RefusalCode::BadRequest, message, Some(field)));
    }
    if let Some(field) = unsafe_integer(&request, frame) {
        let message = format!("{field} holds more than {MAX_SAFE_INTEGER}");
        return Err(refused(id, RefusalCode::BadRequest, message, Some(field)));
    }
    Ok(Incoming { id, request })
}

fn request_id(raw: &RawValue) -> Option<u64> {
    raw.get().parse().ok().filter(|id| (1..=MAX_SAFE_INTEGER).contains(id))
}

fn refused(
    id: Option<u64>,
    code: RefusalCode,
    message: String,
    field: Option<String>,
) -> DecodeError {
    match id {
        Some(id) => DecodeError::Refused { id, code, message, field },
        None => DecodeError::Dropped,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Turns a reader's error into the field at fault, which the slow way finds: this is not the
/// path of a well-made client.
fn explain(id: Option<u64>, frame: &str, error: &serde_json::Error) -> DecodeError {
    // The reader also takes a number in place of a name for bad syntax.
    let is_json = || serde_json::from_str::<serde_json::Value>(frame).is_ok();
    if error.classify() != Category::Data && !is_json() {
        return DecodeError::Protocol;
    }
    let text = error.to_string();
    let field = field_at_fault(frame, error);
    let message = text.split(" at line ").next().unwrap_or("malformed").to_owned();
    refused(id, RefusalCode::BadRequest, shorten_message(&message), field)
}

/// The field over which a reader stumbled in a JSON object of one line.
#[must_use]
pub fn field_at_fault(object: &str, error: &serde_json::Error) -> Option<String> {
    quoted(&error.to_string()).or_else(|| field_at(object, error.column()))
}

/// The name in "missing field `name`" and "duplicate field `name`".
fn quoted(text: &str) -> Option<String> {
    let rest = text.strip_prefix("missing field `").or(text.strip_prefix("duplicate field `"))?;
    rest.split('`').next().map(str::to_owned)
}

fn shorten_message(message: &str) -> String {
    message.chars().take(160).collect()
}

/// The outermost key whose value holds the byte at `column`.
fn field_at(frame: &str, column: usize) -> Option<String> {
    let fields: Vec<(String, usize, usize)> = outer_fields(frame)?;
    fields
        .into_iter()
        .find(|(_, from, to)| (*from..=*to).contains(&column))
        .map(|(name, _, _)| name)
}

/// Each outer key with the places, counted from 1, where its value begins and ends.
fn outer_fields(frame: &str) -> Option<Vec<(String, usize, usize)>> {
    struct Fields<'a>(Vec<(String, &'a RawValue)>);
    impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visit;
            impl<'de> serde::de::Visitor<'de> for Visit {
                type Value = Fields<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: serde::de::MapAccess<'de>>(
                    self,
                    mut map: M,
                ) -> Result<Self::Value, M::Error> {
                    let mut fields = Vec::new();
                    while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
                        fields.push(entry);
                    }
                    Ok(Fields(fields))
                }
            }
            deserializer.deserialize_map(Visit)
        }
    }
    let Fields(fields) = serde_json::from_str(frame).ok()?;
    let places = fields.into_iter().map(|(name, value)| {
        let from = value.get().as_ptr().addr() - frame.as_ptr().addr();
        (name, from + 1, from + value.get().len() + 1)
    });
    Some(places.collect())
}

fn reserved_field(request: &Request, frame: &str) -> Option<String> {
    if let Request::Send(send) = request
        && send.body == Body::Unknown
    {
        return Some("body.kind".to_owned());
    }
    if let Request::Edit(edit) = request
        && edit.body == Body::Unknown
    {
        return Some("body.kind".to_owned());
    }
    let (_, reserved) = RESERVED_FIELDS.iter().find(|(name, _)| *name == request.name())?;
    if !reserved.iter().any(|field| frame.contains(field)) {
        return None;
    }
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(frame).ok()?;
    let present = |field: &&&str| fields.get(**field).is_some_and(|value| !value.is_null());
    reserved.iter().find(present).map(|field| (*field).to_owned())
}

/// The field with an integer that a double does not hold; fields that nobody reads do not count.
/// Only a frame with a long run of digits pays for the search.
fn unsafe_integer(request: &Request, frame: &str) -> Option<String> {
    const N_DIGITS: usize = 16;
    let is_number = |run: &[u8]| run.len() >= N_DIGITS;
    if !frame.as_bytes().split(|byte| !byte.is_ascii_digit()).any(is_number) {
        return None;
    }
    let known = serde_json::to_value(request).ok()?;
    let mut fields = known.as_object()?.iter();
    fields.find(|(_, value)| holds_unsafe_integer(value)).map(|(name, _)| name.clone())
}

fn holds_unsafe_integer(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Number(number) => number.as_u64().is_some_and(|integer| integer > MAX_SAFE_INTEGER),
        Value::Array(items) => items.iter().any(holds_unsafe_integer),
        Value::Object(fields) => fields.values().any(holds_unsafe_integer),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(frame: &str) -> (RefusalCode, Option<String>) {
        match decode(frame) {
            Err(DecodeError::Refused { id: 7, code, field, .. }) => (code, field),
            other => panic!("{frame}: {other:?}"),
        }
    }

    #[test]
    fn what_is_not_an_object_with_a_type_is_not_the_protocol() {
        for frame in [
            "",
            "[]",
            "{",
            "1",
            "null",
            r#"{"id":1}"#,
            r#"{"type":5}"#,
            "{}x",
            "{\"type\":\"bye\"} x",
        ] {
            assert_eq!(decode(frame), Err(DecodeError::Protocol), "{frame}");
        }
    }

    #[test]
    fn a_wrong_frame_names_its_field() {
        let conversation = r#""conversation":"c_1""#;
        let name = r#""client_id":"01890a5d-ac96-774b-bcce-b302099a8057""#;
        let body = r#""body":{"kind":"text","text":"x"}"#;
        for (fields, expected) in [
            (format!("{conversation},{body}"), "client_id"),
            (format!("{conversation},{name},\"body\":7"), "body"),
            (format!("{conversation},{name},\"body\":{{\"kind\":\"text\"}}"), "text"),
            (format!("\"conversation\":\"x\",{name},{body}"), "conversation"),
            (format!("{conversation},\"client_id\":\"1\",{body}"), "client_id"),
            (format!("{conversation},{name},{body},\"reply_to\":-1"), "reply_to"),
            (format!("{conversation},{name},{body},\"files\":[]"), "files"),
            (format!("{conversation},{name},{body},\"due_ms\":1"), "due_ms"),
            (format!("{conversation},{name},{body},\"forward\":{{}}"), "forward"),
            (format!("{conversation},{name},\"body\":{{\"kind\":\"poll\"}}"), "body.kind"),
            (format!("{conversation},{name},\"body\":{{\"kind\":\"encrypted\"}}"), "body.kind"),
        ] {
            let frame = format!("{{\"type\":\"send\",\"id\":7,{fields}}}");
            assert_eq!(
                refusal(&frame),
                (RefusalCode::BadRequest, Some(expected.to_owned())),
                "{frame}"
            );
        }
    }

    #[test]
    fn a_value_of_any_other_kind_in_place_of_a_name_is_refused() {
        for value in ["-7", "7", "1.5", "true", "[]", "[[]]", "{}", "{\"x\":[1]}"] {
            let frame = format!("{{\"state\":{value},\"id\":7,\"type\":\"status\"}}");
            let expected = (RefusalCode::BadRequest, Some("state".to_owned()));
            assert_eq!(refusal(&frame), expected, "{frame}");
        }
    }

    #[test]
    fn null_counts_as_absent() {
        let frame = r#"{"type":"history","id":1,"conversation":"c_1","before":null,"x":null}"#;
        let Request::History(history) = decode(frame).unwrap().request else { panic!() };
        assert_eq!(history.before, None);
        let frame = r#"{"type":"send","id":1,"conversation":"c_1","client_id":"01890a5d-ac96-774b-bcce-b302099a8057","body":{"kind":"text","text":"files"},"files":null}"#;
        assert!(decode(frame).is_ok());
    }

    #[test]
    fn reserved_and_foreign_types_are_unknown() {
        for name in crate::request::RESERVED_TYPES.iter().chain(&["call.offer", "nonsense"]) {
            let frame = format!("{{\"type\":\"{name}\",\"id\":7}}");
            assert_eq!(refusal(&frame).0, RefusalCode::UnknownType, "{name}");
        }
    }

    #[test]
    fn without_a_usable_id_a_wrong_frame_is_dropped() {
        for id in ["", "\"id\":0,", "\"id\":-1,", "\"id\":\"7\",", "\"id\":9007199254740992,"] {
            let frame = format!("{{{id}\"type\":\"nonsense\"}}");
            assert_eq!(decode(&frame), Err(DecodeError::Dropped), "{frame}");
        }
    }

    #[test]
    fn a_request_whose_id_is_none_is_not_carried_out() {
        for id in ["0", "-1", "\"7\"", "7.0", "{}", "true", "9007199254740992"] {
            let frame = format!("{{\"type\":\"leave\",\"id\":{id},\"conversation\":\"c_1\"}}");
            assert_eq!(decode(&frame), Err(DecodeError::Dropped), "{frame}");
        }
        let frame = r#"{"type":"leave","id":null,"conversation":"c_1"}"#;
        assert_eq!(decode(frame).map(|incoming| incoming.id), Ok(None), "null counts as absent");
    }
}
