//! Many small changes to a large group as one: reactions to one message, or who came and went.
//!
//! Each of them is judged by itself; together they take one `rev`, and one event tells of all.

use voodoo_proto::event::{HistoryEvent, MemberChange, Membership, Reacted, ServerFrame};
use voodoo_proto::object::Kind;
use voodoo_proto::{ConversationId, UserId};

use super::membership::Telling;
use super::{Applied, Effect, Join, Leave, React, Reply, Rules, Ruling, take_rev};
use crate::error::{Fault, Refusal, StoreError};
use crate::rows::{ConversationRow, Rows};

/// Several changes of one kind to one conversation.
#[derive(Debug, Clone)]
pub struct Together {
    /// Where.
    pub conversation: ConversationId,
    /// What is asked for, in order.
    pub wishes: Wishes,
    /// When they are carried out, in Unix milliseconds.
    pub at_ms: u64,
}

/// What can be carried out together.
#[derive(Debug, Clone)]
pub enum Wishes {
    /// Reactions to one message.
    Reactions(Vec<React>),
    /// Joins and leaves, at most one of each user.
    Memberships(Vec<Move>),
}

/// One who comes or goes.
#[derive(Debug, Clone)]
pub enum Move {
    /// Comes.
    Join(Join),
    /// Goes.
    Leave(Leave),
}

/// Whether such changes are gathered in a conversation.
pub(super) fn is_gathered(conversation: &ConversationRow, rules: &Rules) -> bool {
    conversation.kind == Kind::Group
        && conversation.n_members > u64::from(rules.limits.small_conversation)
}

/// What one of several came to; a fault undoes all.
fn judged<T>(ruling: Ruling<T>) -> Result<Result<T, Refusal>, StoreError> {
    match ruling {
        Ok(value) => Ok(Ok(value)),
        Err(StoreError::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error),
    }
}

impl Together {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        match &self.wishes {
            Wishes::Reactions(reacts) => self.react(rows, rules, reacts),
            Wishes::Memberships(wishes) => self.move_members(rows, rules, wishes),
        }
    }

    fn react(&self, rows: &mut dyn Rows, rules: &Rules, reacts: &[React]) -> Ruling {
        let mut message = None;
        let mut each = Vec::with_capacity(reacts.len());
        for react in reacts {
            let joined_in = judged(react.join_in(rows, rules, &mut message))?;
            each.push(joined_in.map(|()| Reply::Changed(None)));
        }
        let reply = Reply::Each(each);
        let Some(mut message) = message else { return Ok(Applied::unchanged(reply)) };
        let mut conversation = self.row(rows)?;
        let rev = take_rev(&mut conversation, self.at_ms);
        message.mod_rev = rev;
        let (seq, counts) = (message.seq, message.reactions.clone());
        rows.put_message(message)?;
        rows.put_conversation(conversation)?;
        let frame = ServerFrame::Reacted(Reacted {
            conversation: self.conversation,
            rev,
            at_ms: self.at_ms,
            by: None,
            seq,
            emoji: None,
            on: None,
            counts,
        });
        Ok(Applied { reply, effects: vec![self.event(rev, Some(seq), frame)] })
    }

    fn row(&self, rows: &mut dyn Rows) -> Result<ConversationRow, Fault> {
        rows.conversation(self.conversation)?
            .ok_or_else(|| Fault::new("a conversation changed that does not exist"))
    }

    fn event(&self, rev: u64, about_seq: Option<u64>, frame: ServerFrame) -> Effect {
        let conversation = self.conversation;
        Effect::Event { conversation, rev, about_seq, frame, to_asker: true }
    }

    /// The `rev` is taken first, for whoever comes in is told of it, and given back where nobody
    /// came or went.
    fn move_members(&self, rows: &mut dyn Rows, rules: &Rules, wishes: &[Move]) -> Ruling {
        let before = rows.conversation(self.conversation)?;
        let rev = match before.clone() {
            Some(mut row) => {
                let rev = take_rev(&mut row, self.at_ms);
                rows.put_conversation(row)?;
                rev
            }
            None => 0,
        };
        let (mut each, mut changes) = (Vec::with_capacity(wishes.len()), Vec::new());
        let (mut goings, mut comings) = (Vec::new(), Vec::new());
        for wish in wishes {
            let mut telling = Telling::together(wish.by(), self.at_ms);
            let (ruling, effects) = match wish {
                Move::Join(join) => (join.carry_out(rows, rules, &mut telling), &mut comings),
                Move::Leave(leave) => (leave.carry_out(rows, &mut telling), &mut goings),
            };
            each.push(judged(ruling)?.map(|applied| {
                effects.extend(applied.effects);
                applied.reply
            }));
            changes.extend(telling.into_changes());
        }
        let reply = Reply::Each(each);
        if changes.is_empty() {
            if let Some(before) = before {
                rows.put_conversation(before)?;
            }
            return Ok(Applied::unchanged(reply));
        }
        let mut effects = goings;
        effects.push(self.tell(rows, rev, changes)?);
        effects.extend(comings);
        Ok(Applied { reply, effects })
    }

    fn tell(
        &self,
        rows: &mut dyn Rows,
        rev: u64,
        changes: Vec<MemberChange>,
    ) -> Result<Effect, Fault> {
        let by = Some(changes[0].user).filter(|_| changes.len() == 1);
        let (conversation, at_ms) = (self.conversation, self.at_ms);
        let event = Membership { conversation, rev, at_ms, by, changes };
        rows.insert_event(conversation, HistoryEvent::Membership(event.clone()))?;
        Ok(self.event(rev, None, ServerFrame::Membership(event)))
    }
}

impl Move {
    /// Who.
    #[must_use]
    pub fn by(&self) -> UserId {
        match self {
            Self::Join(join) => join.by,
            Self::Leave(leave) => leave.by,
        }
    }
}
