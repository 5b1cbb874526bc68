//! The events that count in a conversation, frames of the server and own acknowledged requests alike.

use voodoo_proto::event::{Deleted, Edited, HistoryEvent, Pinned, Reacted};
use voodoo_proto::object::{Body, Message, ReactionCount};
use voodoo_proto::reply::{Changed, Sent};
use voodoo_proto::request::Request;
use voodoo_proto::{ConversationId, UserId};

use super::effect::Reply;

/// One change of a conversation, numbered by `rev`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message was made.
    Message(Box<Message>),
    /// A message was changed.
    Change(Box<MessageEvent>),
    /// Members, description or floor changed.
    History(Box<HistoryEvent>),
    /// Only counts: not for this session's eyes, or not known to this client.
    Skipped {
        /// Where.
        conversation: ConversationId,
        /// The change.
        rev: u64,
    },
}

/// What changes one message.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    /// Where.
    pub conversation: ConversationId,
    /// The change.
    pub rev: u64,
    /// By whom.
    pub by: Option<UserId>,
    /// Which message.
    pub seq: u64,
    /// How.
    pub change: MessageChange,
}

/// How a message changes.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageChange {
    /// Another body.
    Edited {
        /// How often by then.
        edits: u64,
        /// What it says.
        body: Body,
    },
    /// A tombstone.
    Deleted,
    /// Other reactions.
    Reacted {
        /// What `by` set or cleared.
        emoji: Option<String>,
        /// Whether `by` set it.
        on: Option<bool>,
        /// All that stands there; absent for an own one, where it follows from what is held.
        counts: Option<Vec<ReactionCount>>,
    },
    /// Pinned or not.
    Pinned {
        /// Whether.
        on: bool,
    },
}

impl Event {
    /// Where it happened.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Message(message) => message.conversation,
            Self::Change(event) => event.conversation,
            Self::History(event) => match &**event {
                HistoryEvent::Membership(event) => event.conversation,
                HistoryEvent::Updated(event) => event.conversation,
                HistoryEvent::Floored(event) => event.conversation,
            },
            Self::Skipped { conversation, .. } => *conversation,
        }
    }

    /// Its number.
    #[must_use]
    pub fn rev(&self) -> u64 {
        match self {
            Self::Message(message) => message.rev,
            Self::Change(event) => event.rev,
            Self::History(event) => event.rev(),
            Self::Skipped { rev, .. } => *rev,
        }
    }

    /// Stands for the event that the asking session does not get: the `ok` carries its `rev`.
    /// `is_hidden`: the conversation itself speaks, so that the message has no author.
    #[must_use]
    pub fn own(request: &Request, reply: &Reply, own: UserId, is_hidden: bool) -> Option<Self> {
        match reply {
            Reply::Sent(sent) => own_message(request, sent, (!is_hidden).then_some(own)),
            Reply::Changed(Changed { rev: Some(rev), .. }) => own_change(request, *rev, own),
            Reply::Changed(_)
            | Reply::Conversations(_)
            | Reply::History(_)
            | Reply::Changes(_)
            | Reply::Users(_)
            | Reply::Members(_)
            | Reply::Other => None,
        }
    }
}

impl From<Edited> for Event {
    fn from(Edited { conversation, rev, by, seq, edits, body, .. }: Edited) -> Self {
        let change = MessageChange::Edited { edits, body };
        Self::Change(Box::new(MessageEvent { conversation, rev, by, seq, change }))
    }
}

impl From<Deleted> for Event {
    fn from(Deleted { conversation, rev, by, seq, .. }: Deleted) -> Self {
        let change = MessageChange::Deleted;
        Self::Change(Box::new(MessageEvent { conversation, rev, by, seq, change }))
    }
}

impl From<Reacted> for Event {
    fn from(event: Reacted) -> Self {
        let Reacted { conversation, rev, by, seq, emoji, on, counts, .. } = event;
        let change = MessageChange::Reacted { emoji, on, counts: Some(counts) };
        Self::Change(Box::new(MessageEvent { conversation, rev, by, seq, change }))
    }
}

impl From<Pinned> for Event {
    fn from(Pinned { conversation, rev, by, seq, on, .. }: Pinned) -> Self {
        let change = MessageChange::Pinned { on };
        Self::Change(Box::new(MessageEvent { conversation, rev, by, seq, change }))
    }
}

impl From<HistoryEvent> for Event {
    fn from(event: HistoryEvent) -> Self {
        Self::History(Box::new(event))
    }
}

fn own_message(request: &Request, sent: &Sent, from: Option<UserId>) -> Option<Event> {
    let Request::Send(send) = request else { return None };
    Some(Event::Message(Box::new(Message {
        conversation: send.conversation,
        seq: sent.seq,
        rev: sent.rev,
        mod_rev: None,
        from,
        client_id: send.client_id,
        at_ms: sent.at_ms,
        body: Some(send.body.clone()),
        reply_to: send.reply_to,
        silent: send.silent,
        mentions: send.mentions.clone(),
        edits: None,
        deleted: None,
        pinned: None,
        reactions: None,
    })))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other requests change nothing by their reply")]
fn own_change(request: &Request, rev: u64, own: UserId) -> Option<Event> {
    let (conversation, seq, change) = match request {
        Request::Edit(edit) => {
            let body = edit.body.clone();
            let change = MessageChange::Edited { edits: edit.edits + 1, body };
            (edit.conversation, edit.seq, change)
        }
        Request::Delete(delete) => {
            (delete.conversation, *delete.seqs.first()?, MessageChange::Deleted)
        }
        Request::React(react) => {
            let emoji = Some(react.emoji.clone());
            let change = MessageChange::Reacted { emoji, on: Some(react.on), counts: None };
            (react.conversation, react.seq, change)
        }
        Request::Pin(pin) => (pin.conversation, pin.seq, MessageChange::Pinned { on: pin.on }),
        _ => return None,
    };
    Some(Event::Change(Box::new(MessageEvent { conversation, rev, by: Some(own), seq, change })))
}
