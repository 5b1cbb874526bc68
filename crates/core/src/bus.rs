//! The port of the bus: hints from where a change was committed to where sessions live.
//!
//! A bus may lose a hint; the store may not lose the change. Receivers see the gap in `rev` and
//! read the store. Hints about one conversation keep their order.

use std::sync::Arc;

use voodoo_proto::{CloseCode, ConversationId, DeviceId, UserId};

use crate::frame::Frame;
use crate::hub::{Delivery, Hub, SessionId};
use crate::store::Subscription;

/// What the sessions of other people have to hear.
#[derive(Debug, Clone)]
pub enum Hint {
    /// A durable event of a conversation.
    Event {
        /// What.
        delivery: Delivery,
        /// The session that has it by its `ok`.
        except: Option<SessionId>,
    },
    /// A durable frame for one user's sessions.
    Tell {
        /// Whose.
        user: UserId,
        /// The conversation whose head says it too; absent where the user's counter does.
        conversation: Option<ConversationId>,
        /// A complete WebSocket frame.
        frame: Frame,
    },
    /// A user's sessions hear of a conversation from here on.
    Enter {
        /// Whose.
        user: UserId,
        /// Of what.
        subscription: Subscription,
    },
    /// A user's sessions hear no more of a conversation.
    Exit {
        /// Whose.
        user: UserId,
        /// Of what.
        conversation: ConversationId,
    },
    /// The last that anybody hears of a conversation.
    Destroyed {
        /// Which.
        conversation: ConversationId,
        /// A complete WebSocket frame.
        frame: Frame,
    },
    /// Something that may be lost.
    Whisper(Whisper),
    /// A device was ended.
    Revoked {
        /// Whose.
        user: UserId,
        /// Which.
        device: DeviceId,
        /// With which code its sessions close.
        code: CloseCode,
    },
}

/// A frame of a conversation that may be lost: typing, marks of others.
#[derive(Debug, Clone)]
pub struct Whisper {
    /// Where.
    pub conversation: ConversationId,
    /// Whose own sessions do not get it.
    pub from: UserId,
    /// To every session of the members; otherwise to those that look at the conversation.
    pub to_all: bool,
    /// A complete WebSocket frame.
    pub frame: Frame,
}

/// Carries hints. See the module for what it promises.
pub trait Bus: Send + Sync + 'static {
    /// Hands a hint over; never waits.
    fn publish(&self, hint: Hint);
}

/// The bus of a single process: hands hints to the hub at once.
pub struct LocalBus {
    hub: Arc<Hub>,
}

impl LocalBus {
    /// A bus to this hub.
    #[must_use]
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }
}

impl Bus for LocalBus {
    fn publish(&self, hint: Hint) {
        match hint {
            Hint::Event { delivery, except } => self.hub.deliver(delivery, except),
            Hint::Tell { user, conversation, frame } => {
                self.hub.tell(user, conversation, &frame);
            }
            Hint::Enter { user, subscription } => self.hub.join(user, subscription),
            Hint::Exit { user, conversation } => self.hub.part(user, conversation),
            Hint::Destroyed { conversation, frame } => self.hub.destroy(conversation, &frame),
            Hint::Whisper(whisper) => self.hub.whisper(&whisper),
            Hint::Revoked { user, device, code } => self.hub.close_device(user, device, code),
        }
    }
}
