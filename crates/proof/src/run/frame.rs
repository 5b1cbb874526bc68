//! The few shapes of frames that the proof reads; it shares no type with the server.

use serde::Deserialize;
use uuid::Uuid;

/// A frame, with all that is of interest here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: Option<u64>,
    pub(super) conversation: Option<String>,
    pub(super) seq: Option<u64>,
    pub(super) rev: Option<u64>,
    pub(super) from: Option<String>,
    pub(super) client_id: Option<Uuid>,
    pub(super) body: Option<Body>,
    pub(super) duplicate: bool,
    pub(super) retry: Option<String>,
    pub(super) done: bool,
    pub(super) more: bool,
    pub(super) reset: bool,
    pub(super) heads: Vec<Head>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) messages: Vec<Message>,
}

/// A text body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) text: String,
}

/// Where a conversation stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    pub(super) conversation: String,
    pub(super) last_seq: u64,
    pub(super) last_rev: u64,
    pub(super) read_seq: u64,
}

/// A conversation with its head.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Conversation {
    pub(super) conversation: String,
    pub(super) join_rev: u64,
    pub(super) from_seq: u64,
    pub(super) head: Head,
}

/// A message on a page.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) seq: u64,
    pub(super) rev: u64,
    pub(super) from: Option<String>,
    pub(super) client_id: Uuid,
    #[serde(default)]
    pub(super) body: Body,
}
