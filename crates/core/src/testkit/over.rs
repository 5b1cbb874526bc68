//! What stands over an engine in a test: it passes every call on, and may wait, fail or change
//! what it wants to. Each call of the ports is written once, here.

use std::sync::Arc;

use async_trait::async_trait;
use voodoo_proto::http::Device;
use voodoo_proto::object::{Conversation, Digest, Head, User};
use voodoo_proto::reply::{ChangesPage, Counts, HistoryPage, Listed, Members, Receipts};
use voodoo_proto::{ConversationId, DeviceId, InviteId, UserId};

use super::Engine;
use crate::apply::{Applied, Effect, Write};
use crate::census::{Acquaintance, Census, ListPage, MemberPage};
use crate::error::Refusal;
use crate::retention::{Due, Retention, Terms};
use crate::store::{
    Account, Accounts, Around, Authenticated, Claim, Credential, InviteTarget, NewAccount,
    NewDevice, NewInvite, NewUser, OneTime, Opened, PageSize, ReadMark, Result, Scope, SecretHash,
    SignedUp, Snapshot, Store, StoredMark, Subscribe, Subscription,
};

/// Begins a session in two calls, between which others write.
///
/// # Errors
///
/// As [`Store::begin`].
pub async fn begin_in_parts(
    store: &impl Store,
    (who, now_ms): (Opened, u64),
    scope: Scope,
    subscribe: Subscribe,
) -> Result<Option<Snapshot>> {
    let Some(subscriptions) = store.subscriptions(who, now_ms).await? else { return Ok(None) };
    subscribe(&subscriptions);
    store.snapshot(who.user, scope).await.map(Some)
}

/// Makes [`Over`], with a method for each call, and the ports for whatever is over an engine.
macro_rules! over {
    ($($port:ident { $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* })*) => {
        /// Something over an engine. It is an engine itself.
        ///
        /// Every call goes through [`Over::pass`] to the engine. Whoever cares for what a call is
        /// about has a method of the same name in its place.
        #[async_trait]
        pub trait Over: Send + Sync + 'static {
            /// What calls are passed on to.
            fn engine(&self) -> &dyn Engine;

            /// Passes a call on. `answer` reaches the engine when it is awaited first.
            ///
            /// # Errors
            ///
            /// Those of the engine, and what comes in their place.
            async fn pass<T: Send>(
                &self,
                call: &'static str,
                answer: impl Future<Output = Result<T>> + Send,
            ) -> Result<T>;

            $($(
                #[doc = concat!("[`", stringify!($port), "::", stringify!($name), "`].")]
                ///
                /// # Errors
                ///
                /// Those of the port, and those of [`Over::pass`].
                async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                    self.pass(stringify!($name), self.engine().$name($($argument),*)).await
                }
            )*)*
        }

        $(
            #[async_trait]
            impl<O: Over> $port for O {
                $(
                    async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                        Over::$name(self, $($argument),*).await
                    }
                )*
            }
        )*
    };
}

over! {
    Store {
        fn epoch() -> Arc<str>;
        fn commit(writes: Vec<Write>) -> Vec<std::result::Result<Applied, Refusal>>;
        fn takes_writes() -> ();
        fn advance_read(marks: Vec<ReadMark>, now_ms: u64) -> (Vec<StoredMark>, Vec<Effect>);
        fn subscriptions(who: Opened, now_ms: u64) -> Option<Vec<Subscription>>;
        fn snapshot(user: UserId, scope: Scope) -> Snapshot;
        fn begin(who: Opened, now_ms: u64, scope: Scope, subscribe: Subscribe) -> Option<Snapshot>;
        fn digest(user: UserId) -> Digest;
        fn conversations(user: UserId, conversations: &[ConversationId]) -> Vec<Conversation>;
        fn heads(user: UserId, conversations: &[ConversationId]) -> (Vec<Head>, u64);
        fn history(
            user: UserId, conversation: ConversationId, around: Around, page: PageSize
        ) -> HistoryPage;
        fn changes(
            user: UserId, conversation: ConversationId, since_rev: u64, page: PageSize
        ) -> ChangesPage;
        fn find_users(asker: UserId, query: &str, limit: usize) -> Vec<User>;
        fn users(users: &[UserId]) -> Vec<User>;
    }
    Retention {
        fn due(after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Due;
        fn prune(conversation: ConversationId, terms: Terms, now_ms: u64) -> bool;
        fn forget_names(terms: Terms, now_ms: u64) -> bool;
    }
    Census {
        fn acquaintances(user: UserId, others: &[UserId]) -> Vec<Acquaintance>;
        fn members(user: UserId, conversation: ConversationId, page: MemberPage) -> Members;
        fn open_conversations(page: ListPage) -> Listed;
        fn receipts(user: UserId, conversation: ConversationId, seq: u64) -> Receipts;
        fn counts(user: UserId, conversation: ConversationId, seqs: &[u64]) -> Counts;
    }
    Accounts {
        fn about() -> (String, bool);
        fn put_one_time(
            kind: OneTime, secret: SecretHash, user: Option<UserId>, expires_ms: u64
        ) -> ();
        fn take_one_time(kind: OneTime, secret: SecretHash, now_ms: u64) -> Option<UserId>;
        fn claim(claim: Claim, now_ms: u64) -> Opened;
        fn sign_up(
            invite: Option<SecretHash>, user: NewUser, device: Option<NewDevice>, now_ms: u64
        ) -> SignedUp;
        fn add_account(new: NewAccount, now_ms: u64) -> SignedUp;
        fn credential(handle: &str) -> Option<Credential>;
        fn credential_of(user: UserId) -> Option<Credential>;
        fn open_device(user: UserId, device: NewDevice, now_ms: u64) -> Opened;
        fn authenticate(token: SecretHash, now_ms: u64) -> Option<Authenticated>;
        fn put_ticket(ticket: SecretHash, device: DeviceId, now_ms: u64, expires_ms: u64) -> ();
        fn take_ticket(ticket: SecretHash, now_ms: u64) -> Option<Authenticated>;
        fn touch_devices(devices: Vec<(DeviceId, u64, u64)>) -> ();
        fn close_device(user: UserId, device: DeviceId, now_ms: u64) -> ();
        fn devices(user: UserId, now_ms: u64) -> Vec<Device>;
        fn set_password(
            user: UserId, password: String, keep: Option<DeviceId>, now_ms: u64
        ) -> Vec<DeviceId>;
        fn set_disabled(user: UserId, is_disabled: bool, now_ms: u64) -> Vec<DeviceId>;
        fn account(handle: &str) -> Option<Account>;
        fn accounts(after: Option<&str>, limit: usize) -> Vec<Account>;
        fn create_invite(invite: NewInvite, now_ms: u64) -> InviteId;
        fn look_invite(code: SecretHash, now_ms: u64) -> InviteTarget;
        fn revoke_invite(by: UserId, invite: InviteId) -> ();
    }
}
