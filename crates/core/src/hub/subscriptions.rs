//! What each session hears of: its subscriptions, and when they begin and end.

use std::sync::Arc;

use voodoo_proto::{ConversationId, UserId};

use super::{Handle, Hub};
use crate::fan_out::Subscriber;
use crate::store::Subscription;

/// Invariant: `conversations` is sorted and names exactly the maps' entries of this session.
#[derive(Default)]
pub(super) struct Subscriptions {
    conversations: Vec<ConversationId>,
    /// Conversations that the user lost while the session was being subscribed: a subscription
    /// that was read before that must not come after it. Boxed, for there are few.
    #[expect(clippy::box_collection, reason = "an idle session has none")]
    barred: Option<Box<Vec<ConversationId>>>,
    /// What was read is subscribed: nothing needs to be barred any more.
    is_settled: bool,
    is_over: bool,
}

impl Subscriptions {
    fn bar(&mut self, conversation: ConversationId) {
        if !self.is_settled {
            self.barred.get_or_insert_default().push(conversation);
        }
    }

    fn is_barred(&self, conversation: ConversationId) -> bool {
        self.barred.as_ref().is_some_and(|barred| barred.contains(&conversation))
    }
}

/// Whether a subscription is known to hold at this moment, or was read some moments ago.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Told,
    Read,
}

impl Hub {
    /// Subscribes a session to what was read from the store after [`Hub::enter`].
    pub(crate) fn subscribe_all(&self, handle: &Arc<Handle>, subscriptions: &[Subscription]) {
        for subscription in subscriptions {
            self.subscribe(handle, *subscription, Certainty::Read);
        }
        handle.subscriptions.lock().conversations.shrink_to_fit();
    }

    fn subscribe(&self, handle: &Arc<Handle>, subscription: Subscription, certainty: Certainty) {
        let Subscription { conversation, from_seq } = subscription;
        let mut own = handle.subscriptions.lock();
        if let (Certainty::Told, Some(barred)) = (certainty, &mut own.barred) {
            barred.retain(|one| *one != conversation);
        }
        if own.is_over || own.is_barred(conversation) {
            return;
        }
        let Err(at) = own.conversations.binary_search(&conversation) else { return };
        own.conversations.insert(at, conversation);
        let subscriber = Subscriber { handle: Arc::clone(handle), from_seq };
        self.of_conversation(conversation).lock().entry(conversation).or_default().add(subscriber);
    }

    fn unsubscribe(&self, handle: &Arc<Handle>, conversation: ConversationId) {
        let mut own = handle.subscriptions.lock();
        own.bar(conversation);
        if let Ok(at) = own.conversations.binary_search(&conversation) {
            own.conversations.remove(at);
            self.remove_subscriber(handle, conversation);
        }
    }

    fn remove_subscriber(&self, handle: &Arc<Handle>, conversation: ConversationId) {
        let mut conversations = self.of_conversation(conversation).lock();
        let Some(audience) = conversations.get_mut(&conversation) else { return };
        audience.remove(handle);
        if audience.is_empty() {
            conversations.remove(&conversation);
        }
    }

    /// What was read has been subscribed: what is lost from here on is only unsubscribed.
    pub(crate) fn settled(&self, handle: &Arc<Handle>) {
        let mut own = handle.subscriptions.lock();
        own.is_settled = true;
        own.barred = None;
    }

    /// The user's sessions hear of a conversation from here on.
    pub(crate) fn join(&self, user: UserId, subscription: Subscription) {
        for handle in self.sessions(user) {
            self.subscribe(&handle, subscription, Certainty::Told);
        }
    }

    /// The user's sessions hear no more of a conversation.
    pub(crate) fn part(&self, user: UserId, conversation: ConversationId) {
        for handle in self.sessions(user) {
            self.unsubscribe(&handle, conversation);
        }
    }

    /// A session that is over hears of nothing, and is subscribed to nothing any more.
    pub(super) fn unsubscribe_all(&self, handle: &Arc<Handle>) {
        let conversations = {
            let mut subscriptions = handle.subscriptions.lock();
            subscriptions.is_over = true;
            std::mem::take(&mut subscriptions.conversations)
        };
        for conversation in conversations {
            self.remove_subscriber(handle, conversation);
        }
    }

    /// Notes that a session hears no more of a conversation that is gone.
    pub(super) fn forget(handle: &Handle, conversation: ConversationId) {
        let mut own = handle.subscriptions.lock();
        own.bar(conversation);
        own.conversations.retain(|one| *one != conversation);
    }

    /// Whether a session hears of a conversation: its user is a member.
    pub(crate) fn is_subscribed(&self, handle: &Handle, conversation: ConversationId) -> bool {
        handle.subscriptions.lock().conversations.binary_search(&conversation).is_ok()
    }
}
