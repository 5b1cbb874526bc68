//! The port of the store: what is kept, read and proven.
//!
//! A port of domain transactions, not of tables. Engines live in `voodoo-store`; the model of the
//! test kit is one too, and one contract suite binds them all.

use std::sync::Arc;

use async_trait::async_trait;
use voodoo_proto::event::Me;
use voodoo_proto::http::{Device, InvitedTo, Inviter};
use voodoo_proto::object::{Conversation, Digest, Head, Role, ServerRole, User, UserKind};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ConversationId, DeviceId, InviteId, UserId};

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

    /// The conversations of a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn subscriptions(&self, user: UserId) -> Result<Vec<Subscription>>;

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

/// An account to be made.
#[derive(Clone)]
pub struct NewUser {
    /// The unique name, folded and checked.
    pub handle: String,
    /// The name that people read, checked.
    pub name: String,
    /// The hashed password in PHC form; `None` for a program.
    pub password: Option<String>,
    /// Person or program.
    pub kind: UserKind,
}

/// An account that the operator makes, asking nobody.
#[derive(Clone)]
pub struct NewAccount {
    /// The account.
    pub user: NewUser,
    /// Its role on the server.
    pub role: ServerRole,
    /// Its first device.
    pub device: Option<NewDevice>,
}

/// A device to be opened.
#[derive(Clone)]
pub struct NewDevice {
    /// How it is called.
    pub name: String,
    /// Of its token.
    pub token: SecretHash,
    /// Until when without use, in Unix milliseconds.
    pub expires_ms: u64,
}

/// The making of the owner.
#[derive(Clone)]
pub struct Claim {
    /// From the link that was printed.
    pub secret: SecretHash,
    /// The owner.
    pub user: NewUser,
    /// The owner's first device.
    pub device: NewDevice,
    /// How the server is to be called; absent = as it is.
    pub server_name: Option<String>,
}

/// A device that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
}

/// Proof that a token was looked up and is good. Only the store makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// Person or program.
    pub kind: UserKind,
    /// Role on the server.
    pub role: ServerRole,
    /// Since when the device is open, in Unix milliseconds.
    pub created_ms: u64,
    /// Until when without use, in Unix milliseconds.
    pub expires_ms: u64,
}

/// What a password is checked against.
#[derive(Clone)]
pub struct Credential {
    /// Whose.
    pub user: UserId,
    /// The hashed password in PHC form.
    pub password: String,
    /// Whether the account is shut.
    pub is_disabled: bool,
}

/// What a secret that works once is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OneTime {
    /// Makes the owner of the server.
    SetUp,
    /// Sets a new password.
    Reset,
}

/// An invite to be made.
#[derive(Clone)]
pub struct NewInvite {
    /// Of its code.
    pub code: SecretHash,
    /// Who invites.
    pub by: UserId,
    /// Into which conversation, and as what.
    pub conversation: Option<(ConversationId, Role)>,
    /// How often it can be used; `None` = without limit.
    pub uses: Option<u32>,
    /// Until when, in Unix milliseconds.
    pub expires_ms: u64,
}

/// What an invite leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteTarget {
    /// Which.
    pub invite: InviteId,
    /// Who invites.
    pub inviter: Inviter,
    /// Into which conversation, as a stranger may see it.
    pub conversation: Option<InvitedTo>,
}

/// Users, passwords, devices, invites and secrets that work once.
///
/// Every change is durable when its future returns, as with [`Store::commit`].
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// How the server is called, and whether it has an owner.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn about(&self) -> Result<(String, bool)>;

    /// Keeps a secret that works once. A new one for [`OneTime::SetUp`], or of the same kind for
    /// the same user, replaces the one before.
    ///
    /// # Errors
    ///
    /// A refusal `gone` for [`OneTime::SetUp`] once the server has an owner.
    async fn put_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        user: Option<UserId>,
        expires_ms: u64,
    ) -> Result<()>;

    /// Uses up a secret and says whose it was.
    ///
    /// # Errors
    ///
    /// A refusal `gone` if it is unknown, used or expired.
    async fn take_one_time(
        &self,
        kind: OneTime,
        secret: SecretHash,
        now_ms: u64,
    ) -> Result<Option<UserId>>;

    /// Makes the owner of the server, once for ever: secret, account, device and name in one
    /// transaction.
    ///
    /// # Errors
    ///
    /// A refusal `gone` if there is an owner already or the secret is unknown or expired.
    async fn claim(&self, claim: Claim, now_ms: u64) -> Result<Opened>;

    /// Makes an account; with an invite, uses it up and joins its conversation in the same
    /// transaction.
    ///
    /// # Errors
    ///
    /// A refusal `gone` if the invite is unknown, used up or expired, `conflict` with `handle` if
    /// the handle is taken.
    async fn sign_up(
        &self,
        invite: Option<SecretHash>,
        user: NewUser,
        device: Option<NewDevice>,
        now_ms: u64,
    ) -> Result<SignedUp>;

    /// Makes an account for the operator. An admin on a server without an owner becomes the owner:
    /// the secret for [`OneTime::SetUp`] ends in the same transaction.
    ///
    /// # Errors
    ///
    /// A refusal `conflict` with `handle` if the handle is taken.
    async fn add_account(&self, new: NewAccount, now_ms: u64) -> Result<SignedUp>;

    /// What the password of a handle is checked against.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn credential(&self, handle: &str) -> Result<Option<Credential>>;

    /// The same, of a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn credential_of(&self, user: UserId) -> Result<Option<Credential>>;

    /// Opens a device of a user who is not disabled.
    ///
    /// # Errors
    ///
    /// A refusal `unauthenticated` if the user is disabled or unknown.
    async fn open_device(&self, user: UserId, device: NewDevice, now_ms: u64) -> Result<Opened>;

    /// Looks a token up. `None` if it is unknown, expired or revoked, or its user disabled.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn authenticate(&self, token: SecretHash, now_ms: u64) -> Result<Option<Authenticated>>;

    /// Keeps a ticket, by which one session begins on a device without its token. Other tickets of
    /// the device stay good: pages open side by side.
    ///
    /// # Errors
    ///
    /// A refusal `unauthenticated` if the device has ended.
    async fn put_ticket(
        &self,
        ticket: SecretHash,
        device: DeviceId,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<()>;

    /// Uses a ticket up. `None` if it is unknown, used or expired, its device has ended or its
    /// user is disabled.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn take_ticket(&self, ticket: SecretHash, now_ms: u64) -> Result<Option<Authenticated>>;

    /// Notes that devices were used, and until when they are good without further use.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn touch_devices(&self, devices: Vec<(DeviceId, u64, u64)>) -> Result<()>;

    /// Ends a device of a user.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user has no such device.
    async fn close_device(&self, user: UserId, device: DeviceId, now_ms: u64) -> Result<()>;

    /// The devices of a user that are open, newest first; `current` is left false.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn devices(&self, user: UserId, now_ms: u64) -> Result<Vec<Device>>;

    /// Sets a password and ends every device of the user but `keep`; returns those ended.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if there is no such user.
    async fn set_password(
        &self,
        user: UserId,
        password: String,
        keep: Option<DeviceId>,
        now_ms: u64,
    ) -> Result<Vec<DeviceId>>;

    /// Shuts or opens an account; shutting ends all its devices and returns them.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if there is no such user.
    async fn set_disabled(
        &self,
        user: UserId,
        is_disabled: bool,
        now_ms: u64,
    ) -> Result<Vec<DeviceId>>;

    /// The account of a handle.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn account(&self, handle: &str) -> Result<Option<Account>>;

    /// Every account, by handle, above `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] but never a refusal.
    async fn accounts(&self, after: Option<&str>, limit: usize) -> Result<Vec<Account>>;

    /// Makes an invite. Whether `by` may is checked in the same transaction: into a conversation
    /// only its admins and owners, with a role not above their own; to the server only admins.
    ///
    /// # Errors
    ///
    /// A refusal `forbidden`, or `not_found` if `by` is not a member.
    async fn create_invite(&self, invite: NewInvite, now_ms: u64) -> Result<InviteId>;

    /// What a code leads to.
    ///
    /// # Errors
    ///
    /// A refusal `gone` if it is unknown, used up or expired.
    async fn look_invite(&self, code: SecretHash, now_ms: u64) -> Result<InviteTarget>;

    /// Ends an invite; by whoever made it, or who could make it.
    ///
    /// # Errors
    ///
    /// A refusal `not_found`.
    async fn revoke_invite(&self, by: UserId, invite: InviteId) -> Result<()>;
}

/// An account that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedUp {
    /// Who.
    pub user: UserId,
    /// On which device, if one was asked for.
    pub device: Option<DeviceId>,
    /// What others have to hear of, where an invite led into a conversation.
    pub effects: Vec<Effect>,
}

/// An account as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who, with the role on the server.
    pub user: User,
    /// Whether the account is shut.
    pub is_disabled: bool,
    /// When it was made, in Unix milliseconds.
    pub created_ms: u64,
}
