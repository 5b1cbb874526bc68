//! What must hold of any bytes that come as a frame of a client or as a body of HTTP. The fuzz
//! targets `decode` and `bodies` are these functions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use voodoo_proto::decode::field_at_fault;
use voodoo_proto::{DecodeError, MAX_SAFE_INTEGER, RefusalCode, decode, http};

/// The longest that a refusal says, in bytes: it is no way to have the server repeat a frame.
const MAX_WORDS_BYTES: usize = 1_024;
/// The longest name of a field of ours, in bytes: a text may be shorter than what it lacks.
const MAX_NAME_BYTES: usize = 32;

/// A frame is a request that reads the same when it is written again, or one of the three errors.
pub(crate) fn check_frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match decode(text) {
        Ok(incoming) => {
            assert!(incoming.id.is_none_or(|id| (1..=MAX_SAFE_INTEGER).contains(&id)));
            assert_eq!(decode(&incoming.encode()), Ok(incoming.clone()), "{text}");
        }
        Err(DecodeError::Refused { id, code, message, field }) => {
            assert!((1..=MAX_SAFE_INTEGER).contains(&id));
            assert!(matches!(code, RefusalCode::BadRequest | RefusalCode::UnknownType));
            assert!(message.len() <= MAX_WORDS_BYTES, "{} bytes of words", message.len());
            assert_short(field.as_deref(), text);
        }
        Err(DecodeError::Protocol | DecodeError::Dropped) => {}
    }
}

/// A body is read the same when it is written again, or the field at fault is looked for.
pub(crate) fn check_http(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check_as::<http::SetUp>(text);
    check_as::<http::SignUp>(text);
    check_as::<http::LogIn>(text);
    check_as::<http::Reset>(text);
    check_as::<http::MePatch>(text);
    check_as::<http::PasswordChange>(text);
    check_as::<http::InviteRequest>(text);
    check_as::<http::InviteLook>(text);
    check_as::<http::NewMessage>(text);
    check_as::<http::BotRequest>(text);
}

fn check_as<T: DeserializeOwned + Serialize>(text: &str) {
    match serde_json::from_str::<T>(text) {
        Ok(body) => {
            let written = serde_json::to_string(&body).expect("a body is plain data");
            let again: T = serde_json::from_str(&written).expect("what was written is read");
            assert_eq!(serde_json::to_string(&again).ok(), Some(written), "{text}");
        }
        Err(error) => {
            assert_short(field_at_fault(text, &error).as_deref(), text);
        }
    }
}

/// A field at fault is part of the text, or one of ours that is missing in it.
fn assert_short(field: Option<&str>, text: &str) {
    assert!(field.is_none_or(|field| field.len() <= text.len().max(MAX_NAME_BYTES)), "{text}");
}
