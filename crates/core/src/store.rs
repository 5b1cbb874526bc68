//! The port of the store: what is kept, read and proven.
//!
//! A port of domain transactions, not of tables. Engines live in `voodoo-store`; the model of the
//! test kit is one too, and one contract suite binds them all.

mod accounts;

use std::sync::Arc;

use async_trait::async_trait;
use voodoo_proto::event::Me;
use voodoo_proto::object::{Conversation, Digest, Head, User};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ConversationId, UserId};

pub use self::accounts::{
    Account, Accounts, Authenticated, Claim, Credential, InviteTarget, NewAccount, NewDevice,
    NewInvite, NewUser, OneTime, Opened, SignedUp,
};

use crate::apply::{Applied, Effect, Write};
use crate::census::Census;
use crate::error::{Refusal, StoreError};
use crate::retention::Retention;

/// What a result of the store is.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A SHA-256 sum: secrets are stored and looked up by it alone.
pub type SecretHash = [u8; 32];

/// What a client wants of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// What changed since the client's cursors.
    Since {
        /// Memberships with a greater one are wanted.
        user_rev: u64,
        /// Conversations and marks that moved at or after this time are wanted, in Unix
        /// milliseconds; the margin of 15 s is already taken off.
        since_ms: u64,
    },
}

/// The state of one user in one snapshot of the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Descriptions with heads where the membership or the description is new, newest first.
    pub conversations: Vec<Conversation>,
    /// Heads where only they are new, newest first.
    pub heads: Vec<Head>,
    /// Conversations that are the user's no longer.
    pub gone: Vec<ConversationId>,
    /// Own profile and blocks.
    pub me: Option<Me>,
    /// The sums over all of the user's conversations, whatever the scope.
    pub digest: Digest,
}

/// A subscription: what a session of the user has to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Where.
    pub conversation: ConversationId,
    /// The first message that the user may read.
    pub from_seq: u64,
}

/// Which page of a history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// The newest page.
    Newest,
    /// Messages below this number, the nearest.
    Before(u64),
    /// Messages above this number, the nearest.
    After(u64),
    /// Half of the page below this number, the rest from it on.
    Both(u64),
}

/// A read mark that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// Whose.
    pub user: UserId,
    /// Where.
    pub conversation: ConversationId,
    /// Up to which message; more than there are counts as the newest.
    pub seq: u64,
}

/// A read mark as it is stored now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredMark {
    /// Whose.
    pub user: UserId,
    /// Where.
    pub conversation: ConversationId,
    /// Up to which message.
    pub seq: u64,
    /// Explicit mentions above it.
    pub mentions: u64,
    /// How many members the conversation has.
    pub n_members: u64,
}

/// What [`Store::begin`] gives subscriptions to. It may be called by a thread that reads: it does
/// not wait.
pub type Subscribe = Box<dyn FnOnce(&[Subscription]) + Send>;

/// Conversations: the promises of the product.
#[async_trait]
pub trait Store: Census + Retention {
    /// This incarnation of the database.
    async fn epoch(&self) -> Result<Arc<str>>;

    /// Applies writes in their order and returns what each came to.
    ///
    /// Each write stands for itself: one that is refused changes nothing and hinders none. Writes
    /// to one conversation take their `rev` in the order given. Once this returns `Ok`, all that
    /// was not refused survives the loss of the process and of power.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] and [`StoreError::Fault`]: each write may or may not have been
    /// kept; repeating it with its client id tells.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the writes back.
    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>>;

    /// Whether a write would be taken at this moment, after those that wait; writes nothing of
    /// anybody's. Where writes failed, it tries whether they can be taken again: whoever asks
    /// need not write first to learn that the trouble is over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] with the reason: a disk that fails or is full, damage, or too
    /// much that waits.
    async fn takes_writes(&self) -> Result<()>;

    /// Moves read marks forward and returns those that moved, as stored, in the order given.
    ///
    /// A mark is clamped to the newest message; one that is not greater than the stored one, or
    /// of a user who is not a member, is left out. A mark that moves clears `unread_from` (and
    /// then takes the user's next `user_rev`: the second part of the answer has the effects).
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    async fn advance_read(
        &self,
        marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)>;

    /// The conversations of a user; `None` if the device is not theirs or has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>>;

    /// The state of a user, everything from one snapshot.
    ///
    /// With [`Scope::Since`]: conversations whose membership row has a greater `user_rev`, whose
    /// `change_ms`, or whose own mark's time, is at or after `since_ms`; a description where the
    /// membership is new or `info_rev` moved (its `change_ms` tells no more than "something
    /// moved", so a description may come where a head would do).
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if there is no such user.
    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot>;

    /// Begins a session: gives the conversations of a user to `subscribe`, and returns the state of
    /// the user from a snapshot that has all that was committed before `subscribe` returned, so
    /// that what is in neither comes as an event. `None`, and nothing subscribed, if the device is
    /// not theirs or has ended.
    ///
    /// # Errors
    ///
    /// As [`Store::snapshot`]; `subscribe` may have been called.
    async fn begin(
        &self,
        who: Opened,
        now_ms: u64,
        scope: Scope,
        subscribe: Subscribe,
    ) -> Result<Option<Snapshot>> {
        let Some(subscriptions) = self.subscriptions(who, now_ms).await? else { return Ok(None) };
        subscribe(&subscriptions);
        self.snapshot(who.user, scope).await.map(Some)
    }

    /// The sums of a user, from one snapshot taken after this was called.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if there is no such user.
    async fn digest(&self, user: UserId) -> Result<Digest>;

    /// The conversation objects of a user; what is not the user's is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn conversations(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Conversation>>;

    /// The heads of a user's conversations and the user's counter, from one snapshot.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if there is no such user.
    async fn heads(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<(Vec<Head>, u64)>;

    /// One page of messages in their current state and the events between them: those whose `rev`
    /// lies from that of the page's first message (its `rev` of creation; the beginning if there
    /// is none before it) up to that of the message after the page, or the newest.
    ///
    /// Ends at `limit` messages or `max_bytes` of JSON, after at least one message. Nothing below
    /// the member's `from_seq` or at or below `floor_seq` is in it.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user is not a member.
    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage>;

    /// Everything touched since a change, in its current state, by ascending `mod_rev` or event
    /// `rev`, complete up to the page's `rev`; or `reset` with the newest page where `since_rev`
    /// lies below `join_rev` or `floor_rev`.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user is not a member, `bad_request` with `since_rev` if it is
    /// above the newest change.
    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage>;

    /// Finds users whose name or handle begins, at a word, with the query; whoever is disabled is
    /// left out. By handle, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn find_users(&self, asker: UserId, query: &str, limit: usize) -> Result<Vec<User>>;

    /// The users of those ids; unknown ones are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn users(&self, users: &[UserId]) -> Result<Vec<User>>;
}

/// Where a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// Messages, at most.
    pub n_messages: usize,
    /// Bytes of JSON, at most, after the first message.
    pub n_bytes: usize,
}
