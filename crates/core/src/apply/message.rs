//! Changing a message that stands: edit, delete, react, pin.

use voodoo_proto::event::{Deleted, Edited, Pinned, Reacted, ServerFrame};
use voodoo_proto::object::{Body, Kind, PostRule, ReactionCount, Role};
use voodoo_proto::{ConversationId, RefusalCode, UserId};

use super::gather::is_gathered;
use super::{Applied, Effect, Inside, Reply, Rules, Ruling, send};
use crate::error::{Fault, Refusal};
use crate::rows::{MessageRow, ReactionKey, Rows};

/// Messages that one deletion names, at most.
const MAX_DELETED: usize = 100;
/// Bytes of an emoji, at most.
const MAX_EMOJI_BYTES: usize = 32;

/// A new body for an own message.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Which message.
    pub seq: u64,
    /// The number of edits that the author saw.
    pub edits: u64,
    /// What it shall say.
    pub body: Body,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// Messages to be made tombstones, all or none.
#[derive(Debug, Clone)]
pub struct Delete {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Which messages.
    pub seqs: Vec<u64>,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// A reaction to be set or cleared.
#[derive(Debug, Clone)]
pub struct React {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Under which message.
    pub seq: u64,
    /// Which emoji.
    pub emoji: String,
    /// Whether it shall stand.
    pub on: bool,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

/// A message to be pinned or unpinned.
#[derive(Debug, Clone)]
pub struct Pin {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub by: UserId,
    /// Which message.
    pub seq: u64,
    /// Whether it shall be pinned.
    pub on: bool,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

impl Edit {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let mut inside = Inside::enter(rows, self.conversation, self.by)?;
        let mut row = standing(rows, &inside, self.seq)?;
        if row.sender != self.by {
            return Err(Refusal::forbidden("only the author edits a message").into());
        }
        may_write(&inside)?;
        send::check_body(&self.body, rules)?;
        if row.body.as_ref() == Some(&self.body) {
            return Ok(Applied::unchanged(Reply::Changed(None)));
        }
        if self.at_ms > row.at_ms.saturating_add(rules.limits.edit_window_ms) {
            return Err(Refusal::forbidden("the time for editing is over").into());
        }
        if row.edits != self.edits {
            let words = "the message was edited meanwhile";
            return Err(Refusal::new(RefusalCode::Conflict, words).into());
        }
        let rev = inside.take_rev(self.at_ms);
        row.mod_rev = rev;
        row.edits += 1;
        row.body = Some(self.body.clone());
        let frame = ServerFrame::Edited(Edited {
            conversation: self.conversation,
            rev,
            at_ms: self.at_ms,
            by: inside.by(self.by),
            seq: self.seq,
            edits: row.edits,
            body: self.body.clone(),
        });
        let effect = inside.event(rev, Some(self.seq), frame, false);
        rows.put_message(row)?;
        rows.put_conversation(inside.conversation)?;
        Ok(changed(rev, self.at_ms, vec![effect]))
    }
}

impl Delete {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let mut inside = Inside::enter(rows, self.conversation, self.by)?;
        let found = self.messages(rows, &inside)?;
        let is_one = found.len() == 1;
        let mut effects = Vec::with_capacity(found.len());
        for mut row in found {
            let (rev, seq) = (inside.take_rev(self.at_ms), row.seq);
            row.mod_rev = rev;
            row.body = None;
            row.is_pinned = false;
            if !row.reactions.is_empty() {
                row.reactions.clear();
                rows.clear_reactions(self.conversation, seq)?;
            }
            rows.put_message(row)?;
            let frame = ServerFrame::Deleted(Deleted {
                conversation: self.conversation,
                rev,
                at_ms: self.at_ms,
                by: inside.by(self.by),
                seq,
            });
            effects.push(inside.event(rev, Some(seq), frame, !is_one));
        }
        let rev = inside.conversation.last_rev;
        rows.put_conversation(inside.conversation)?;
        let reply =
            if is_one { Reply::Changed(Some((rev, self.at_ms))) } else { Reply::Changed(None) };
        Ok(Applied { reply, effects })
    }

    /// All of them, or the refusal for the first that cannot be deleted.
    fn messages(&self, rows: &mut dyn Rows, inside: &Inside) -> Ruling<Vec<MessageRow>> {
        let mut seqs = self.seqs.clone();
        seqs.sort_unstable();
        seqs.dedup();
        if seqs.is_empty() || seqs.len() > MAX_DELETED {
            return Err(Refusal::field("seqs", format!("1 to {MAX_DELETED} messages")).into());
        }
        let mut found = Vec::with_capacity(seqs.len());
        for seq in seqs {
            let row = standing(rows, inside, seq)?;
            if row.sender != self.by && inside.member.role < Role::Admin {
                return Err(Refusal::forbidden("only the author or an admin deletes").into());
            }
            found.push(row);
        }
        Ok(found)
    }
}

impl React {
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        let (mut inside, row) = self.enter(rows)?;
        if rows.has_reaction(&self.key())? == self.on {
            return Ok(Applied::unchanged(Reply::Changed(None)));
        }
        let mut row = self.counted(row, rules)?;
        if is_gathered(&inside.conversation, rules) {
            return Ok(Applied::unchanged(Reply::Later(self.conversation)));
        }
        rows.set_reaction(&self.key(), self.on)?;
        if inside.conversation.kind == Kind::Broadcast {
            rows.put_message(row)?;
            return Ok(Applied::unchanged(Reply::Changed(None)));
        }
        let rev = inside.take_rev(self.at_ms);
        row.mod_rev = rev;
        let frame = ServerFrame::Reacted(Reacted {
            conversation: self.conversation,
            rev,
            at_ms: self.at_ms,
            by: Some(self.by),
            seq: self.seq,
            emoji: Some(self.emoji.clone()),
            on: Some(self.on),
            counts: row.reactions.clone(),
        });
        let effect = inside.event(rev, Some(self.seq), frame, false);
        rows.put_message(row)?;
        rows.put_conversation(inside.conversation)?;
        Ok(changed(rev, self.at_ms, vec![effect]))
    }

    /// The message, where the user may react to it.
    fn enter(&self, rows: &mut dyn Rows) -> Ruling<(Inside, MessageRow)> {
        check_emoji(&self.emoji)?;
        let inside = Inside::enter(rows, self.conversation, self.by)?;
        if let Some(peer) = inside.peer()
            && rows.is_blocked(peer, self.by)?
        {
            return Err(Refusal::new(RefusalCode::Blocked, "you are blocked here").into());
        }
        let row = standing(rows, &inside, self.seq)?;
        Ok((inside, row))
    }

    fn key(&self) -> ReactionKey<'_> {
        let (conversation, seq) = (self.conversation, self.seq);
        ReactionKey { conversation, seq, emoji: &self.emoji, user: self.by }
    }

    /// Does it as one of several to the same message, whose row `message` carries on from one to
    /// the next and nobody has put yet.
    pub(super) fn join_in(
        &self,
        rows: &mut dyn Rows,
        rules: &Rules,
        message: &mut Option<MessageRow>,
    ) -> Ruling<()> {
        let (_, row) = self.enter(rows)?;
        if rows.has_reaction(&self.key())? == self.on {
            return Ok(());
        }
        let row = self.counted(message.clone().unwrap_or(row), rules)?;
        rows.set_reaction(&self.key(), self.on)?;
        *message = Some(row);
        Ok(())
    }

    fn counted(&self, mut row: MessageRow, rules: &Rules) -> Result<MessageRow, Refusal> {
        self.count(&mut row, rules)?;
        Ok(row)
    }

    /// Moves the count of the emoji, which stays where it first came to stand.
    fn count(&self, row: &mut MessageRow, rules: &Rules) -> Result<(), Refusal> {
        let known = row.reactions.iter_mut().find(|one| one.emoji == self.emoji);
        match (known, self.on) {
            (Some(reaction), true) => reaction.count += 1,
            (Some(reaction), false) => reaction.count = reaction.count.saturating_sub(1),
            (None, false) => {}
            (None, true) => {
                let limit = rules.limits.reactions;
                if row.reactions.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                    let words = format!("a message has at most {limit} distinct reactions");
                    return Err(Refusal::new(RefusalCode::LimitExceeded, words));
                }
                let emoji = self.emoji.clone();
                row.reactions.push(ReactionCount { emoji, count: 1, mine: None });
            }
        }
        row.reactions.retain(|reaction| reaction.count > 0);
        Ok(())
    }
}

impl Pin {
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let mut inside = Inside::enter(rows, self.conversation, self.by)?;
        let mut row = standing(rows, &inside, self.seq)?;
        if inside.conversation.kind != Kind::Direct && inside.member.role < Role::Admin {
            return Err(Refusal::forbidden("only admins pin here").into());
        }
        if row.is_pinned == self.on {
            return Ok(Applied::unchanged(Reply::Changed(None)));
        }
        let rev = inside.take_rev(self.at_ms);
        row.mod_rev = rev;
        row.is_pinned = self.on;
        let frame = ServerFrame::Pinned(Pinned {
            conversation: self.conversation,
            rev,
            at_ms: self.at_ms,
            by: inside.by(self.by),
            seq: self.seq,
            on: self.on,
        });
        let effect = inside.event(rev, Some(self.seq), frame, false);
        rows.put_message(row)?;
        rows.put_conversation(inside.conversation)?;
        Ok(changed(rev, self.at_ms, vec![effect]))
    }
}

impl Inside {
    /// Who did it, where the conversation does not speak for them.
    pub(super) fn by(&self, user: UserId) -> Option<UserId> {
        (self.conversation.kind != Kind::Broadcast).then_some(user)
    }

    pub(super) fn event(
        &self,
        rev: u64,
        about_seq: Option<u64>,
        frame: ServerFrame,
        to_asker: bool,
    ) -> Effect {
        let conversation = self.conversation.conversation;
        Effect::Event { conversation, rev, about_seq, frame, to_asker }
    }
}

fn changed(rev: u64, at_ms: u64, effects: Vec<Effect>) -> Applied {
    Applied { reply: Reply::Changed(Some((rev, at_ms))), effects }
}

/// The message of that number, if the member may read it and it is no tombstone.
fn standing(rows: &mut dyn Rows, inside: &Inside, seq: u64) -> Ruling<MessageRow> {
    let from = inside.member.from_seq.max(inside.conversation.floor_seq + 1);
    let row: Result<Option<MessageRow>, Fault> = match seq >= from {
        true => rows.message(inside.conversation.conversation, seq),
        false => Ok(None),
    };
    match row? {
        None => Err(Refusal::not_found().into()),
        Some(row) if row.body.is_none() => {
            Err(Refusal::new(RefusalCode::Gone, "the message was deleted").into())
        }
        Some(row) => Ok(row),
    }
}

/// Whoever may not post may not change what was posted either.
fn may_write(inside: &Inside) -> Result<(), Refusal> {
    let is_for_admins = inside.conversation.settings.post == PostRule::Admins;
    if is_for_admins && inside.member.role < Role::Admin {
        return Err(Refusal::forbidden("only admins post here"));
    }
    Ok(())
}

/// One emoji in its fully-qualified form.
fn check_emoji(emoji: &str) -> Result<(), Refusal> {
    let is_emoji = emoji.len() <= MAX_EMOJI_BYTES
        && emojis::get(emoji).is_some_and(|known| {
            known.as_str() == emoji
                || known
                    .skin_tones()
                    .is_some_and(|mut tones| tones.any(|tone| tone.as_str() == emoji))
        });
    if is_emoji {
        return Ok(());
    }
    Err(Refusal::field("emoji", "one emoji in its fully-qualified form, at most 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_one_emoji_in_one_spelling() {
        for good in ["👍", "❤️", "👍🏽", "🏳️‍🌈", "👩‍👩‍👧‍👦"] {
            assert!(check_emoji(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "❤", "👍👍", "thumbsup", ":+1:"] {
            assert!(check_emoji(bad).is_err(), "{bad}");
        }
    }
}
