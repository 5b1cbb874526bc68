//! The part of the store's port that counts: who is in a conversation, and how far they have read.

use async_trait::async_trait;
use voodoo_proto::reply::{Counts, Listed, Members, Receipts};
use voodoo_proto::{ConversationId, UserId};

use crate::store::Result;

/// Which page of a member list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberPage {
    /// The beginning of a handle, or of a word of a name.
    pub query: Option<String>,
    /// The last member of the page before.
    pub after: Option<UserId>,
    /// Members, at most.
    pub limit: usize,
}

/// Which page of the open conversations is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The beginning of an alias, or of a word of a title.
    pub query: Option<String>,
    /// The last conversation of the page before.
    pub after: Option<ConversationId>,
    /// Conversations, at most.
    pub limit: usize,
}

/// Somebody with whom a user shares a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acquaintance {
    /// Who.
    pub user: UserId,
    /// Whether one of both blocks the other.
    pub is_blocked: bool,
}

/// Who is in a conversation, and how far they have read.
#[async_trait]
pub trait Census: Send + Sync + 'static {
    /// Those of `others` with whom the user shares a conversation of any kind that is not
    /// destroyed, in their order; oneself too.
    ///
    /// # Errors
    ///
    /// [`crate::StoreError`] but never a refusal.
    async fn acquaintances(&self, user: UserId, others: &[UserId]) -> Result<Vec<Acquaintance>>;

    /// One page of members, by ascending user.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user is not a member, `forbidden` in a broadcast whose admin
    /// the user is not.
    async fn members(
        &self,
        user: UserId,
        conversation: ConversationId,
        page: MemberPage,
    ) -> Result<Members>;

    /// One page of the groups and broadcasts that everyone may join, by ascending id.
    ///
    /// # Errors
    ///
    /// [`crate::StoreError`] but never a refusal.
    async fn open_conversations(&self, page: ListPage) -> Result<Listed>;

    /// How many members but its author have read a message; in conversations up to
    /// [`crate::apply::Rules`]`.limits.small_conversation` members that are no broadcast also who,
    /// by ascending user, up to where.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user is not a member or may not read the message.
    async fn receipts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Receipts>;

    /// The counters of posts, at most some seconds old; those that the user may not read are left
    /// out. A member views a post by having read up to it.
    ///
    /// # Errors
    ///
    /// A refusal `not_found` if the user is not a member.
    async fn counts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: &[u64],
    ) -> Result<Counts>;
}
