//! The part of the store's port that knows accounts: users, devices, invites, and secrets that work
//! once.

use async_trait::async_trait;
use voodoo_proto::http::{Device, InvitedTo, Inviter};
use voodoo_proto::object::{Role, ServerRole, User, UserKind};
use voodoo_proto::{ConversationId, DeviceId, InviteId, UserId};

use super::{Result, SecretHash};
use crate::apply::Effect;

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
/// Every change is durable when its future returns, as with [`Store::commit`](super::Store::commit).
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// How the server is called, and whether it has an owner.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
    /// the handle is taken or looks like one that is.
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
    /// A refusal `conflict` with `handle` if the handle is taken or looks like one that is.
    async fn add_account(&self, new: NewAccount, now_ms: u64) -> Result<SignedUp>;

    /// What the password of a handle is checked against.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) but never a refusal.
    async fn credential(&self, handle: &str) -> Result<Option<Credential>>;

    /// The same, of a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
    /// [`StoreError`](crate::StoreError) but never a refusal.
    async fn take_ticket(&self, ticket: SecretHash, now_ms: u64) -> Result<Option<Authenticated>>;

    /// Notes that devices were used, and until when they are good without further use.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
    /// [`StoreError`](crate::StoreError) but never a refusal.
    async fn account(&self, handle: &str) -> Result<Option<Account>>;

    /// Every account, by handle, above `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) but never a refusal.
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
