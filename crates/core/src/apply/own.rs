//! What concerns one user only: own settings of a conversation, read marks, blocks, the profile.

use voodoo_proto::event::{MeChanged, ServerFrame};
use voodoo_proto::object::MemberState;
use voodoo_proto::{ConversationId, RefusalCode, UserId};

use super::{Applied, Effect, Inside, Reply, Rules, Ruling, known_user, touch_member, view};
use crate::account;
use crate::error::{Fault, Refusal};
use crate::likeness::check_name;
use crate::rows::{Rows, Standing, UserRow};
use crate::store::{ReadMark, StoredMark};

/// Own settings of a conversation; 0 or an empty text clears, what is absent stays.
#[derive(Debug, Clone)]
pub struct Set {
    /// Where.
    pub conversation: ConversationId,
    /// Whose.
    pub by: UserId,
    /// No notification until then, in Unix milliseconds.
    pub mute_until_ms: Option<u64>,
    /// Keep on top.
    pub pinned: Option<bool>,
    /// Put away.
    pub archived: Option<bool>,
    /// Show as unread from this message on.
    pub unread_from: Option<u64>,
    /// What was begun to write.
    pub draft: Option<String>,
}

/// A request that is accepted.
#[derive(Debug, Clone)]
pub struct Accept {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
}

/// Blocking a user, or ending that.
#[derive(Debug, Clone)]
pub struct Block {
    /// By whom.
    pub by: UserId,
    /// Whom.
    pub user: UserId,
    /// Whether.
    pub on: bool,
}

/// Own profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Whose.
    pub by: UserId,
    /// The name that people read.
    pub name: String,
}

impl Set {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let inside = Inside::enter(rows, self.conversation, self.by)?;
        self.check(&inside, rules)?;
        let mut member = inside.member.clone();
        member.mute_until_ms = self.mute_until_ms.unwrap_or(member.mute_until_ms);
        member.is_pinned = self.pinned.unwrap_or(member.is_pinned);
        member.is_archived = self.archived.unwrap_or(member.is_archived);
        if let Some(seq) = self.unread_from {
            member.unread_from = Some(seq).filter(|seq| *seq > 0);
        }
        if let Some(draft) = &self.draft {
            member.draft = Some(draft.clone()).filter(|draft| !draft.is_empty());
        }
        if member == inside.member {
            return Ok(Applied::unchanged(Reply::Done));
        }
        let effect = touch_member(rows, &inside.conversation, member)?;
        Ok(Applied { reply: Reply::Done, effects: vec![effect] })
    }

    fn check(&self, inside: &Inside, rules: &Rules) -> Result<(), Refusal> {
        if self.unread_from.is_some_and(|seq| seq > inside.conversation.last_seq) {
            return Err(Refusal::field("unread_from", "there is no such message"));
        }
        let max_bytes = usize::try_from(rules.limits.text_bytes).unwrap_or(usize::MAX);
        if self.draft.as_ref().is_some_and(|draft| draft.len() > max_bytes) {
            let words = format!("the draft is over {max_bytes} bytes");
            return Err(Refusal {
                field: Some("draft"),
                ..Refusal::new(RefusalCode::TooLarge, words)
            });
        }
        Ok(())
    }
}

impl Accept {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let Inside { conversation, mut member } = Inside::enter(rows, self.conversation, self.by)?;
        if member.standing != Standing::In(MemberState::Request) {
            return Ok(Applied::unchanged(Reply::Done));
        }
        member.standing = Standing::In(MemberState::Active);
        let effect = touch_member(rows, &conversation, member)?;
        Ok(Applied { reply: Reply::Done, effects: vec![effect] })
    }
}

impl Block {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        if self.user == self.by {
            return Err(Refusal::field("user", "nobody blocks themselves").into());
        }
        if rows.user(self.user)?.is_none() {
            return Err(Refusal { field: Some("user"), ..Refusal::not_found() }.into());
        }
        if rows.is_blocked(self.by, self.user)? == self.on {
            return Ok(Applied::unchanged(Reply::Done));
        }
        let limit = rules.limits.blocked;
        let n_blocked = rows.blocked(self.by)?.len();
        if self.on && n_blocked >= usize::try_from(limit).unwrap_or(usize::MAX) {
            let words = format!("a user blocks at most {limit} others");
            return Err(Refusal::new(RefusalCode::LimitExceeded, words).into());
        }
        rows.set_block(self.by, self.user, self.on)?;
        let me = known_user(rows, self.by)?;
        Ok(Applied { reply: Reply::Done, effects: vec![touch_me(rows, me)?] })
    }
}

impl Profile {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let name = account::name(&self.name)?;
        let mut me = known_user(rows, self.by)?;
        if me.name == name {
            return Ok(Applied::unchanged(Reply::Done));
        }
        check_name(rows, &name, Some(&me))?;
        me.name = name;
        me.profile += 1;
        Ok(Applied { reply: Reply::Done, effects: vec![touch_me(rows, me)?] })
    }
}

/// Takes the next `user_rev` for own profile or blocks, and tells the user's sessions.
fn touch_me(rows: &mut dyn Rows, mut me: UserRow) -> Result<Effect, Fault> {
    me.user_rev += 1;
    let frame = ServerFrame::Me(MeChanged {
        user_rev: me.user_rev,
        user: view::own(&me),
        blocked: rows.blocked(me.user)?,
    });
    let effect = Effect::ToUser { user: me.user, frame };
    rows.put_user(me)?;
    Ok(effect)
}

/// Moves a read mark forward; `None` if it does not move.
///
/// # Errors
///
/// The fault of the engine.
pub fn advance(
    rows: &mut dyn Rows,
    mark: ReadMark,
    now_ms: u64,
) -> Result<Option<(StoredMark, Option<Effect>)>, Fault> {
    let ReadMark { user, conversation, seq } = mark;
    let member = rows.member(conversation, user)?.filter(|row| row.state().is_some());
    let row = rows.conversation(conversation)?.filter(|row| row.destroyed_ms.is_none());
    let (Some(mut member), Some(row)) = (member, row) else { return Ok(None) };
    let seq = seq.min(row.last_seq);
    let is_moving = seq > member.read_seq;
    if !is_moving && member.unread_from.is_none() {
        return Ok(None);
    }
    if is_moving {
        member.read_seq = seq;
        member.mark_ms = now_ms;
    }
    let stored = StoredMark {
        user,
        conversation,
        seq: member.read_seq,
        mentions: rows.n_mentions(conversation, user, member.read_seq.max(row.floor_seq))?,
        n_members: row.n_members,
    };
    if member.unread_from.take().is_some() {
        return Ok(Some((stored, Some(touch_member(rows, &row, member)?))));
    }
    rows.put_member(member)?;
    Ok(Some((stored, None)))
}
