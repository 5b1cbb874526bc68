//! A transaction as the rules see it: rows by key, read and put back.
//!
//! The rules of [`crate::apply`] are written once, over [`Rows`]; an engine brings the rows and
//! keeps them. An engine may read them one by one inside its transaction (`SQLite`), from maps (the
//! model) or load all of a batch beforehand and write it back in bulk (`PostgreSQL`): nothing here
//! waits.

use voodoo_proto::event::HistoryEvent;
use voodoo_proto::object::{
    Body, Kind, MemberState, Mentions, ReactionCount, Role, ServerRole, Settings, UserKind,
};
use voodoo_proto::{ClientId, ConversationId, FileId, InviteId, UserId};

use crate::error::Fault;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Who.
    pub user: UserId,
    /// The unique name, folded.
    pub handle: String,
    /// The name that people read.
    pub name: String,
    /// A picture.
    pub avatar: Option<FileId>,
    /// Person or program.
    pub kind: UserKind,
    /// Role on the server.
    pub role: ServerRole,
    /// Whether the account is shut.
    pub is_disabled: bool,
    /// Counts what changed for this user only; gapless.
    pub user_rev: u64,
    /// Counts the changes of the profile.
    pub profile: u64,
    /// How many conversations the user has, at most: destroyed ones stay in it until
    /// [`Rows::n_conversations`] counts anew.
    pub n_conversations: u64,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Which.
    pub conversation: ConversationId,
    /// Direct, group or broadcast.
    pub kind: Kind,
    /// When it was destroyed, in Unix milliseconds; its rows go 31 days later.
    pub destroyed_ms: Option<u64>,
    /// Its title.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// A picture.
    pub avatar: Option<FileId>,
    /// A unique name by which it is found.
    pub alias: Option<String>,
    /// Who made it, under which name.
    pub creator: UserId,
    /// The creator's name for it.
    pub client_id: ClientId,
    /// Of a direct conversation: its two users, the smaller first (twice the same for notes).
    pub pair: Option<(UserId, UserId)>,
    /// Its rules.
    pub settings: Settings,
    /// The number of the newest message.
    pub last_seq: u64,
    /// The number of the newest change.
    pub last_rev: u64,
    /// The last change of title, description, avatar, alias or settings.
    pub info_rev: u64,
    /// When the newest message came, or it began, in Unix milliseconds.
    pub last_ms: u64,
    /// When it last took a `rev`, in Unix milliseconds.
    pub change_ms: u64,
    /// Everything at or below was removed by retention.
    pub floor_seq: u64,
    /// The newest change of what retention removed.
    pub floor_rev: u64,
    /// The newest message that called everyone.
    pub all_mention_seq: u64,
    /// How many members it has.
    pub n_members: u64,
    /// How many of them are owners.
    pub n_owners: u64,
    /// When it was made, in Unix milliseconds.
    pub created_ms: u64,
}

/// Whether a membership row stands for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A member, in this state.
    In(MemberState),
    /// A direct conversation that this side has not got yet: it comes with its first message.
    Waiting,
    /// Was a member.
    Out,
}

/// A membership. Rows of former members stay, so that a resume can say `gone`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Whether at all.
    pub standing: Standing,
    /// Read up to; never goes back.
    pub read_seq: u64,
    /// When `read_seq` moved last, in Unix milliseconds.
    pub mark_ms: u64,
    /// The first message that the member may read.
    pub from_seq: u64,
    /// The newest change when the member joined.
    pub join_rev: u64,
    /// No notification until then, in Unix milliseconds; 0 = not muted.
    pub mute_until_ms: u64,
    /// Kept on top.
    pub is_pinned: bool,
    /// Put away.
    pub is_archived: bool,
    /// Shown as unread from this message on.
    pub unread_from: Option<u64>,
    /// What was begun to write.
    pub draft: Option<String>,
    /// The user's change that touched this row last.
    pub user_rev: u64,
    /// Since when, in Unix milliseconds.
    pub joined_ms: u64,
}

impl MemberRow {
    /// The state of a member; `None` if the user is none.
    #[must_use]
    pub fn state(&self) -> Option<MemberState> {
        match self.standing {
            Standing::In(state) => Some(state),
            Standing::Waiting | Standing::Out => None,
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Where.
    pub conversation: ConversationId,
    /// Its number.
    pub seq: u64,
    /// The change that made it.
    pub rev: u64,
    /// The change that touched it last.
    pub mod_rev: u64,
    /// Who wrote it, hidden or not.
    pub sender: UserId,
    /// The author's name for it.
    pub client_id: ClientId,
    /// When it was taken, in Unix milliseconds.
    pub at_ms: u64,
    /// What it says; `None` for a tombstone.
    pub body: Option<Body>,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Sent without a notification.
    pub is_silent: bool,
    /// Whether the conversation itself speaks.
    pub hides_author: bool,
    /// Whom it calls.
    pub mentions: Option<Mentions>,
    /// How often it was edited.
    pub edits: u64,
    /// Whether it is pinned.
    pub is_pinned: bool,
    /// What stands under it, `mine` absent.
    pub reactions: Vec<ReactionCount>,
}

/// Where a message came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its number.
    pub seq: u64,
    /// The change that made it.
    pub rev: u64,
    /// When it was taken first, in Unix milliseconds.
    pub at_ms: u64,
}

/// One reaction of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactionKey<'a> {
    /// Where.
    pub conversation: ConversationId,
    /// Under which message.
    pub seq: u64,
    /// Which emoji.
    pub emoji: &'a str,
    /// Whose.
    pub user: UserId,
}

/// An invite that is neither revoked nor used up nor expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// Which.
    pub invite: InviteId,
    /// Who invites.
    pub by: UserId,
    /// Into which conversation, and as what; `None` = the server only.
    pub conversation: Option<(ConversationId, Role)>,
    /// How often it can still be used; `None` = without limit.
    pub uses_left: Option<u32>,
}

/// The rows of one transaction. What was put is what is read afterwards.
///
/// Every method fails with [`Fault`] only: an engine that fails makes the whole transaction
/// undone.
#[expect(clippy::missing_errors_doc, reason = "said once for all above")]
pub trait Rows {
    /// The user of that id.
    fn user(&mut self, user: UserId) -> Result<Option<UserRow>, Fault>;
    /// Whether an account has a handle of the same [`look`](crate::likeness::look).
    fn is_handle_alike(&mut self, handle: &str) -> Result<bool, Fault>;
    /// Everyone who is an admin of the server, by ascending id.
    fn admins(&mut self) -> Result<Vec<UserRow>, Fault>;
    /// Writes a user that exists.
    fn put_user(&mut self, row: UserRow) -> Result<(), Fault>;

    /// A number never used before.
    fn new_conversation(&mut self) -> Result<ConversationId, Fault>;
    /// The conversation of that id, destroyed ones too.
    fn conversation(
        &mut self,
        conversation: ConversationId,
    ) -> Result<Option<ConversationRow>, Fault>;
    /// Writes a conversation, new or known.
    fn put_conversation(&mut self, row: ConversationRow) -> Result<(), Fault>;
    /// How many conversations the user is in that are not destroyed.
    fn n_conversations(&mut self, user: UserId) -> Result<u64, Fault>;
    /// What `creator` made under the name `client_id`.
    fn created(
        &mut self,
        creator: UserId,
        client_id: ClientId,
    ) -> Result<Option<ConversationId>, Fault>;
    /// The direct conversation of two users, the smaller id first.
    fn direct(&mut self, pair: (UserId, UserId)) -> Result<Option<ConversationId>, Fault>;
    /// The conversation of that alias.
    fn alias(&mut self, alias: &str) -> Result<Option<ConversationId>, Fault>;

    /// A membership, former ones too.
    fn member(
        &mut self,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<MemberRow>, Fault>;
    /// Writes a membership, new or known.
    fn put_member(&mut self, row: MemberRow) -> Result<(), Fault>;
    /// Whether two users are both members of some group or broadcast that is not destroyed.
    fn share_conversation(&mut self, one: UserId, other: UserId) -> Result<bool, Fault>;

    /// Where the message stands that `sender` sent under the name `client_id`; also for one whose
    /// row retention removed not long ago.
    fn sent(
        &mut self,
        conversation: ConversationId,
        sender: UserId,
        client_id: ClientId,
    ) -> Result<Option<Placed>, Fault>;
    /// The message of that number.
    fn message(
        &mut self,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Option<MessageRow>, Fault>;
    /// Appends a message.
    fn insert_message(&mut self, row: MessageRow) -> Result<(), Fault>;
    /// Writes a message that exists and notes that `row.mod_rev` touched it.
    fn put_message(&mut self, row: MessageRow) -> Result<(), Fault>;
    /// The newest change that touched a message up to that number after it was made.
    fn newest_touch(
        &mut self,
        conversation: ConversationId,
        up_to_seq: u64,
    ) -> Result<Option<u64>, Fault>;
    /// Notes that a message calls a user by name.
    fn insert_mention(
        &mut self,
        conversation: ConversationId,
        seq: u64,
        user: UserId,
    ) -> Result<(), Fault>;
    /// How many messages above `read_seq` call the user by name.
    fn n_mentions(
        &mut self,
        conversation: ConversationId,
        user: UserId,
        read_seq: u64,
    ) -> Result<u64, Fault>;
    /// Forgets the mentions of a user in a conversation.
    fn clear_mentions(&mut self, conversation: ConversationId, user: UserId) -> Result<(), Fault>;

    /// Appends an event that stands between the messages.
    fn insert_event(
        &mut self,
        conversation: ConversationId,
        event: HistoryEvent,
    ) -> Result<(), Fault>;

    /// Whether that reaction is set.
    fn has_reaction(&mut self, key: &ReactionKey<'_>) -> Result<bool, Fault>;
    /// Sets or clears one reaction of a user; the counts stand in the message's row.
    fn set_reaction(&mut self, key: &ReactionKey<'_>, on: bool) -> Result<(), Fault>;
    /// Clears every reaction to a message.
    fn clear_reactions(&mut self, conversation: ConversationId, seq: u64) -> Result<(), Fault>;

    /// The invite of that code, if it is good at `now_ms`.
    fn invite(&mut self, code: [u8; 32], now_ms: u64) -> Result<Option<InviteRow>, Fault>;
    /// Writes how often an invite can still be used.
    fn put_invite(&mut self, row: InviteRow) -> Result<(), Fault>;

    /// Whether `user` blocks `blocked`.
    fn is_blocked(&mut self, user: UserId, blocked: UserId) -> Result<bool, Fault>;
    /// Blocks or ends that.
    fn set_block(&mut self, user: UserId, blocked: UserId, on: bool) -> Result<(), Fault>;
    /// Everyone whom `user` blocks, by ascending id.
    fn blocked(&mut self, user: UserId) -> Result<Vec<UserId>, Fault>;
}
