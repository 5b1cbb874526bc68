//! The rules: what a write does to the rows of a transaction, and what others hear of it.
//!
//! Written once for every engine. A rule refuses before it puts anything, so that a refused write
//! leaves no trace in a transaction that goes on with others. Nothing here waits, reads a clock or
//! knows a socket.

mod create;
mod describe;
mod gather;
mod membership;
mod message;
mod own;
mod retention;
mod send;
mod view;

use std::sync::Arc;

use voodoo_proto::event::ServerFrame;
use voodoo_proto::limits::Limits;
use voodoo_proto::{ConversationId, UserId};

use crate::error::{Fault, Refusal, StoreError};
use crate::room::Room;
use crate::rows::{ConversationRow, MemberRow, Placed, Rows, Standing, UserRow};

pub use create::Create;
pub(crate) use create::is_unseen;
pub use describe::{Destroy, Update};
pub use gather::{Move, Together, Wishes};
pub use membership::{AddMembers, Join, JoinBy, Leave, RemoveMember, SetRole, join_by_invite};
pub use message::{Delete, Edit, Pin, React};
pub use own::{Accept, Block, Profile, Set, advance};
pub use retention::MoveFloor;
pub use send::Send;
pub use view::{beginning, message, own as own_view, preview, user as user_view};

/// Who may find whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Directory {
    /// Everyone finds everyone.
    #[default]
    All,
    /// Only those who share a group or broadcast.
    Shared,
}

/// Who may open broadcasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MayBroadcast {
    /// Admins of the server.
    #[default]
    Admins,
    /// Everyone.
    All,
}

/// What the operator decided.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What may be sent.
    pub limits: Limits,
    /// Who may find whom.
    pub directory: Directory,
    /// Who may open broadcasts.
    pub may_broadcast: MayBroadcast,
    /// Whether strangers may sign up: a stranger's first message is then a request.
    pub is_sign_up_open: bool,
    /// How much room the disk has: shared with whoever measures it.
    pub room: Arc<Room>,
}

/// A change that is asked for.
#[derive(Debug, Clone)]
pub enum Write {
    /// Sends a message.
    Send(Send),
    /// Creates a conversation.
    Create(Create),
    /// Replaces the body of a message.
    Edit(Edit),
    /// Makes messages tombstones.
    Delete(Delete),
    /// Sets or clears a reaction.
    React(React),
    /// Pins or unpins a message.
    Pin(Pin),
    /// Changes what a conversation says of itself.
    Update(Update),
    /// Ends a conversation.
    Destroy(Destroy),
    /// Makes the asker a member.
    Join(Join),
    /// Ends the asker's membership.
    Leave(Leave),
    /// Makes others members.
    AddMembers(AddMembers),
    /// Ends another's membership.
    RemoveMember(RemoveMember),
    /// Gives a member another role.
    SetRole(SetRole),
    /// Changes own settings of a conversation.
    Set(Set),
    /// Accepts a request.
    Accept(Accept),
    /// Blocks a user or ends that.
    Block(Block),
    /// Changes the own profile.
    Profile(Profile),
    /// Moves the floor of a conversation up.
    MoveFloor(MoveFloor),
    /// Carries several out as one change.
    Together(Together),
}

impl Write {
    /// The conversation that it names; `None` where there is none yet, or only the store finds it.
    #[must_use]
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Send(send) => Some(send.conversation),
            Self::Edit(edit) => Some(edit.conversation),
            Self::Delete(delete) => Some(delete.conversation),
            Self::React(react) => Some(react.conversation),
            Self::Pin(pin) => Some(pin.conversation),
            Self::Update(update) => Some(update.conversation),
            Self::Destroy(destroy) => Some(destroy.conversation),
            Self::Join(Join { target: JoinBy::Conversation(conversation), .. }) => {
                Some(*conversation)
            }
            Self::Leave(leave) => Some(leave.conversation),
            Self::AddMembers(add) => Some(add.conversation),
            Self::RemoveMember(remove) => Some(remove.conversation),
            Self::SetRole(set) => Some(set.conversation),
            Self::Set(set) => Some(set.conversation),
            Self::Accept(accept) => Some(accept.conversation),
            Self::MoveFloor(floor) => Some(floor.conversation),
            Self::Together(together) => Some(together.conversation),
            Self::Create(_) | Self::Join(_) | Self::Block(_) | Self::Profile(_) => None,
        }
    }

    /// Whether it is refused where room on the disk is short. What takes away or protects is not,
    /// nor is a small thing of one's own; a message is looked at later, since a repeat of one is
    /// answered always. Of several together the first was looked at.
    fn adds(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::Edit(_)
            | Self::React(_)
            | Self::Pin(_)
            | Self::Update(_)
            | Self::Join(_)
            | Self::AddMembers(_) => true,
            Self::Send(_)
            | Self::Delete(_)
            | Self::Destroy(_)
            | Self::Leave(_)
            | Self::RemoveMember(_)
            | Self::SetRole(_)
            | Self::Set(_)
            | Self::Accept(_)
            | Self::Block(_)
            | Self::Profile(_)
            | Self::MoveFloor(_)
            | Self::Together(_) => false,
        }
    }
}

/// What a write came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// For the asker.
    pub reply: Reply,
    /// For everyone, in this order.
    pub effects: Vec<Effect>,
}

impl Applied {
    /// Nothing changed.
    #[must_use]
    pub fn unchanged(reply: Reply) -> Self {
        Self { reply, effects: Vec::new() }
    }
}

/// What the asker hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The message stands here.
    Sent {
        /// Where.
        placed: Placed,
        /// Whether it stood there already.
        duplicate: bool,
    },
    /// The asker is in this conversation.
    In(ConversationId),
    /// The change took this `rev` at this time, and the asker knows all of it; or nothing changed,
    /// or its events come to the asker too.
    Changed(Option<(u64, u64)>),
    /// These became members.
    Added(Vec<UserId>),
    /// Nothing more to say.
    Done,
    /// Nothing was done yet: in this conversation it has to be carried out together with others of
    /// its kind.
    Later(ConversationId),
    /// What each of those came to that were carried out together, in their order.
    Each(Vec<Result<Reply, Refusal>>),
}

/// What others hear, or hear from now on.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A durable event of a conversation, for the sessions of its members.
    Event {
        /// Where.
        conversation: ConversationId,
        /// Its place; effects of one conversation come in this order.
        rev: u64,
        /// The message that it is about: whoever may not read that far back gets `skipped`.
        about_seq: Option<u64>,
        /// What they get.
        frame: ServerFrame,
        /// Whether the asking session gets it too; otherwise its `ok` says it.
        to_asker: bool,
    },
    /// A frame for the sessions of one user.
    ToUser {
        /// Whose.
        user: UserId,
        /// What they get.
        frame: ServerFrame,
    },
    /// From now on the user's sessions hear of the conversation.
    Enter {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// The first message that they may read.
        from_seq: u64,
    },
    /// From now on the user's sessions hear no more of the conversation.
    Exit {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
    },
    /// The last that anybody hears of a conversation.
    Destroyed {
        /// Which.
        conversation: ConversationId,
        /// What they get.
        frame: ServerFrame,
    },
}

/// What a rule returns.
pub type Ruling<T = Applied> = Result<T, StoreError>;

/// Applies one write.
///
/// # Errors
///
/// A refusal, before anything was put; or the fault of the engine, after which the transaction
/// has to be undone.
pub fn apply(rows: &mut dyn Rows, rules: &Rules, write: &Write) -> Ruling {
    if write.adds() {
        rules.room.check()?;
    }
    match write {
        Write::Send(send) => send.apply(rows, rules),
        Write::Create(create) => create.apply(rows, rules),
        Write::Edit(edit) => edit.apply(rows, rules),
        Write::Delete(delete) => delete.apply(rows),
        Write::React(react) => react.apply(rows, rules),
        Write::Pin(pin) => pin.apply(rows),
        Write::Update(update) => update.apply(rows, rules),
        Write::Destroy(destroy) => destroy.apply(rows),
        Write::Join(join) => join.apply(rows, rules),
        Write::Leave(leave) => leave.apply(rows, rules),
        Write::AddMembers(add) => add.apply(rows, rules),
        Write::RemoveMember(remove) => remove.apply(rows),
        Write::SetRole(set) => set.apply(rows),
        Write::Set(set) => set.apply(rows, rules),
        Write::Accept(accept) => accept.apply(rows),
        Write::Block(block) => block.apply(rows, rules),
        Write::Profile(profile) => profile.apply(rows),
        Write::MoveFloor(floor) => floor.apply(rows),
        Write::Together(together) => together.apply(rows, rules),
    }
}

/// A conversation and the membership of whoever asks: the door that every rule goes through.
struct Inside {
    conversation: ConversationRow,
    member: MemberRow,
}

impl Inside {
    /// Lets a member in; to all others the conversation does not exist.
    fn enter(rows: &mut dyn Rows, conversation: ConversationId, user: UserId) -> Ruling<Self> {
        let member = rows.member(conversation, user)?.filter(|row| row.state().is_some());
        let row = rows.conversation(conversation)?.filter(|row| row.destroyed_ms.is_none());
        match (row, member) {
            (Some(conversation), Some(member)) => Ok(Self { conversation, member }),
            _ => Err(Refusal::not_found().into()),
        }
    }

    /// Takes the next `rev` for a change made at `at_ms`.
    fn take_rev(&mut self, at_ms: u64) -> u64 {
        take_rev(&mut self.conversation, at_ms)
    }
}

/// Takes the next `rev` of a conversation for a change made at `at_ms`.
fn take_rev(conversation: &mut ConversationRow, at_ms: u64) -> u64 {
    conversation.last_rev += 1;
    conversation.change_ms = conversation.change_ms.max(at_ms);
    conversation.last_rev
}

/// The user, who has to exist: ids in memberships are never stale.
fn known_user(rows: &mut dyn Rows, user: UserId) -> Result<UserRow, Fault> {
    rows.user(user)?.ok_or_else(|| Fault::new(format!("user {user} has rows but no account")))
}

/// Takes the next `user_rev` for a change of one membership, writes both rows, and tells the
/// user's sessions how the conversation stands now.
fn touch_member(
    rows: &mut dyn Rows,
    conversation: &ConversationRow,
    mut member: MemberRow,
) -> Result<Effect, Fault> {
    let mut user = known_user(rows, member.user)?;
    user.user_rev += 1;
    member.user_rev = user.user_rev;
    let object = view::conversation(rows, conversation, &member)?;
    let effect =
        Effect::ToUser { user: member.user, frame: ServerFrame::Conversation(Box::new(object)) };
    rows.put_user(user)?;
    rows.put_member(member)?;
    Ok(effect)
}

/// Makes a user a member whose row does not count yet: takes the `user_rev`, and from then on
/// their sessions hear of the conversation.
fn enter_member(
    rows: &mut dyn Rows,
    conversation: &ConversationRow,
    member: MemberRow,
) -> Result<[Effect; 2], Fault> {
    let mut user = known_user(rows, member.user)?;
    user.n_conversations += 1;
    rows.put_user(user)?;
    let enter = Effect::Enter {
        user: member.user,
        conversation: member.conversation,
        from_seq: member.from_seq,
    };
    Ok([enter, touch_member(rows, conversation, member)?])
}

/// A membership as it begins now.
fn new_member(conversation: &ConversationRow, user: UserId, now_ms: u64) -> MemberRow {
    use voodoo_proto::object::{HistoryRule, MemberState, Role};
    MemberRow {
        conversation: conversation.conversation,
        user,
        role: Role::Member,
        standing: Standing::In(MemberState::Active),
        read_seq: conversation.last_seq,
        mark_ms: now_ms,
        from_seq: match conversation.settings.history {
            HistoryRule::All => 1,
            HistoryRule::Joined => conversation.last_seq + 1,
        },
        join_rev: conversation.last_rev,
        mute_until_ms: 0,
        is_pinned: false,
        is_archived: false,
        unread_from: None,
        draft: None,
        user_rev: 0,
        joined_ms: now_ms,
    }
}
