//! Reads what the server sends: a reply by its `id`, a known frame, or an event of an unknown kind.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use voodoo_proto::ConversationId;
use voodoo_proto::event::ServerFrame;

/// One frame of the server.
#[derive(Debug, Clone)]
pub enum Frame {
    /// A reply; its fields depend on the request.
    Ok(Reply),
    /// Everything else that this version of the protocol knows.
    Known(Box<ServerFrame>),
    /// An event that it does not know: with both fields it counts, otherwise it is ignored.
    Unknown {
        /// Where.
        conversation: Option<ConversationId>,
        /// The change.
        rev: Option<u64>,
    },
}

/// An `ok`, not yet read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Of the request.
    pub id: u64,
    text: Utf8Bytes,
}

impl Reply {
    /// The frame as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads the fields of one kind of reply.
    ///
    /// # Errors
    ///
    /// If they are not of that kind.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.text)
    }
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Envelope {
    id: Option<u64>,
    conversation: Option<ConversationId>,
    rev: Option<u64>,
}

/// Reads one text frame.
///
/// # Errors
///
/// If it is not JSON with a `type`, or a known frame of another shape.
pub fn read(text: Utf8Bytes) -> serde_json::Result<Frame> {
    let Named { name } = serde_json::from_str(&text)?;
    if name == "ok" {
        let envelope: Envelope = serde_json::from_str(&text)?;
        return match envelope.id {
            Some(id) => Ok(Frame::Ok(Reply { id, text })),
            None => Ok(Frame::Unknown { conversation: None, rev: None }),
        };
    }
    if ServerFrame::NAMES.contains(&&*name) {
        return Ok(Frame::Known(serde_json::from_str(&text)?));
    }
    let unknown = serde_json::from_str::<Envelope>(&text);
    let (conversation, rev) = unknown.map_or((None, None), |frame| (frame.conversation, frame.rev));
    Ok(Frame::Unknown { conversation, rev })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> serde_json::Result<Frame> {
        read(Utf8Bytes::from(text.to_owned()))
    }

    #[test]
    fn replies_are_read_by_their_request() {
        let text = r#"{"type":"ok","id":7,"seq":3,"rev":4,"at_ms":5,"duplicate":false}"#;
        let Ok(Frame::Ok(reply)) = parse(text) else { panic!() };
        assert_eq!(reply.id, 7);
        assert_eq!(reply.read::<voodoo_proto::reply::Sent>().unwrap().seq, 3);
    }

    #[test]
    fn unknown_events_keep_what_they_count_by() {
        let Ok(Frame::Unknown { conversation, rev }) =
            parse(r#"{"type":"voted","conversation":"c_1","rev":9,"choice":{}}"#)
        else {
            panic!()
        };
        assert_eq!((conversation.unwrap().to_string(), rev), ("c_1".to_owned(), Some(9)));
        assert!(matches!(
            parse(r#"{"type":"call.offer","conversation":7}"#),
            Ok(Frame::Unknown { conversation: None, rev: None })
        ));
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        assert!(parse("[]").is_err());
        assert!(parse(r#"{"id":1}"#).is_err());
        assert!(parse(r#"{"type":"skipped"}"#).is_err());
    }
}
