//! Sending a message: who may, where it comes to stand, who hears of it.

use voodoo_proto::event::{Read, ServerFrame};
use voodoo_proto::object::{Body, Kind, MemberState, Mentions, PostRule, Role, UserKind};
use voodoo_proto::{ClientId, ConversationId, RefusalCode, UserId};

use super::{
    Applied, Effect, Inside, Reply, Rules, Ruling, enter_member, known_user, new_member,
    touch_member, view,
};
use crate::error::{Fault, Refusal};
use crate::rows::{MemberRow, MessageRow, Placed, Rows, Standing};

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Send {
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub sender: UserId,
    /// The sender's name for it.
    pub client_id: ClientId,
    /// What it says.
    pub body: Body,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Without a notification.
    pub is_silent: bool,
    /// Whom it calls.
    pub mentions: Option<Mentions>,
    /// When it came in, in Unix milliseconds.
    pub at_ms: u64,
    /// The sender is over their rate for so many milliseconds: a repeat is still answered, a new
    /// message is refused.
    pub over_rate_ms: Option<u64>,
}

impl Send {
    /// A repeat is answered before anything else is looked at: it gets the first answer whatever
    /// changed meanwhile and whatever it contains.
    pub(super) fn apply(&self, rows: &mut dyn Rows, rules: &Rules) -> Ruling {
        if let Some(placed) = rows.sent(self.conversation, self.sender, self.client_id)? {
            return Ok(Applied::unchanged(Reply::Sent { placed, duplicate: true }));
        }
        self.check_rate()?;
        rules.room.check()?;
        let inside = Inside::enter(rows, self.conversation, self.sender)?;
        let peer = self.may_post(rows, &inside)?;
        self.check_content(rules, &inside)?;
        self.place(rows, rules, inside, peer)
    }

    fn check_rate(&self) -> Result<(), Refusal> {
        let Some(retry_after_ms) = self.over_rate_ms else { return Ok(()) };
        let refusal = Refusal::new(RefusalCode::RateLimited, "more messages than the rate allows");
        Err(refusal.after_ms(retry_after_ms))
    }

    /// Returns the other side of a direct conversation.
    fn may_post(&self, rows: &mut dyn Rows, inside: &Inside) -> Ruling<Option<UserId>> {
        if inside.conversation.settings.post == PostRule::Admins && inside.member.role < Role::Admin
        {
            return Err(Refusal::forbidden("only admins post here").into());
        }
        let Some(peer) = inside.peer() else { return Ok(None) };
        if known_user(rows, peer)?.is_disabled {
            let words = "the other side's account is shut";
            return Err(Refusal::new(RefusalCode::ReadOnly, words).into());
        }
        if rows.is_blocked(peer, self.sender)? {
            return Err(Refusal::new(RefusalCode::Blocked, "you are blocked here").into());
        }
        Ok(Some(peer))
    }

    fn check_content(&self, rules: &Rules, inside: &Inside) -> Result<(), Refusal> {
        check_body(&self.body, rules)?;
        if let Some(seq) = self.reply_to {
            let from = inside.member.from_seq.max(inside.conversation.floor_seq + 1);
            if !(from..=inside.conversation.last_seq).contains(&seq) {
                return Err(Refusal {
                    field: Some("reply_to"),
                    ..Refusal::new(RefusalCode::NotFound, "there is no such message to answer")
                });
            }
        }
        let n_mentioned = self.mentioned().len();
        if n_mentioned > usize::try_from(rules.limits.mentions).unwrap_or(usize::MAX) {
            let limit = rules.limits.mentions;
            return Err(Refusal::field(
                "mentions",
                format!("{n_mentioned} users mentioned, {limit} allowed"),
            ));
        }
        Ok(())
    }

    fn mentioned(&self) -> &[UserId] {
        self.mentions.as_ref().and_then(|mentions| mentions.users.as_deref()).unwrap_or_default()
    }

    fn place(
        &self,
        rows: &mut dyn Rows,
        rules: &Rules,
        mut inside: Inside,
        peer: Option<UserId>,
    ) -> Ruling {
        let mut effects = Vec::with_capacity(2);
        if let Some(peer) = peer {
            effects.extend(self.show_to_peer(rows, rules, &inside, peer)?);
        }
        if inside.member.standing == Standing::In(MemberState::Request) {
            inside.member.standing = Standing::In(MemberState::Active);
            effects.push(touch_member(rows, &inside.conversation, inside.member.clone())?);
            inside = Inside::enter(rows, self.conversation, self.sender)?;
        }
        let rev = inside.take_rev(self.at_ms);
        let row = self.row(&inside, rev);
        inside.conversation.last_seq = row.seq;
        inside.conversation.last_ms = inside.conversation.last_ms.max(self.at_ms);
        if self.mentions.as_ref().is_some_and(|mentions| mentions.all.is_some()) {
            inside.conversation.all_mention_seq = row.seq;
        }
        effects.push(Effect::Event {
            conversation: self.conversation,
            rev,
            about_seq: Some(row.seq),
            frame: view::message_event(&row),
            to_asker: false,
        });
        effects.extend(self.move_own_mark(rows, &mut inside.member, &row)?);
        self.insert_mentions(rows, row.seq)?;
        rows.put_member(inside.member)?;
        rows.put_conversation(inside.conversation)?;
        let placed = Placed { seq: row.seq, rev, at_ms: row.at_ms };
        rows.insert_message(row)?;
        Ok(Applied { reply: Reply::Sent { placed, duplicate: false }, effects })
    }

    fn row(&self, inside: &Inside, rev: u64) -> MessageRow {
        MessageRow {
            conversation: self.conversation,
            seq: inside.conversation.last_seq + 1,
            rev,
            mod_rev: rev,
            sender: self.sender,
            client_id: self.client_id,
            at_ms: self.at_ms,
            body: Some(self.body.clone()),
            reply_to: self.reply_to,
            is_silent: self.is_silent,
            hides_author: inside.conversation.kind == Kind::Broadcast,
            mentions: self.mentions.clone(),
            edits: 0,
            is_pinned: false,
            reactions: Vec::new(),
        }
    }

    /// The other side of a direct conversation gets it with its first message.
    fn show_to_peer(
        &self,
        rows: &mut dyn Rows,
        rules: &Rules,
        inside: &Inside,
        peer: UserId,
    ) -> Result<Vec<Effect>, Fault> {
        let known = rows.member(self.conversation, peer)?;
        if peer == self.sender || known.as_ref().is_some_and(|row| row.state().is_some()) {
            return Ok(Vec::new());
        }
        let is_stranger = rules.is_sign_up_open && !rows.share_conversation(self.sender, peer)?;
        let state = if is_stranger { MemberState::Request } else { MemberState::Active };
        let member = MemberRow {
            standing: Standing::In(state),
            ..new_member(&inside.conversation, peer, self.at_ms)
        };
        Ok(enter_member(rows, &inside.conversation, member)?.into())
    }

    /// Whoever writes has read up to there; programs say so themselves. Where the event hides the
    /// author, only `read` tells their sessions.
    fn move_own_mark(
        &self,
        rows: &mut dyn Rows,
        member: &mut MemberRow,
        row: &MessageRow,
    ) -> Result<Option<Effect>, Fault> {
        if known_user(rows, self.sender)?.kind == UserKind::Bot {
            return Ok(None);
        }
        member.read_seq = row.seq;
        member.mark_ms = self.at_ms;
        let read = Read { conversation: self.conversation, seq: row.seq, mentions: 0 };
        let tells = Effect::ToUser { user: self.sender, frame: ServerFrame::Read(read) };
        Ok(row.hides_author.then_some(tells))
    }

    fn insert_mentions(&self, rows: &mut dyn Rows, seq: u64) -> Result<(), Fault> {
        for user in self.mentioned() {
            let member = rows.member(self.conversation, *user)?;
            if *user != self.sender && member.is_some_and(|row| row.state().is_some()) {
                rows.insert_mention(self.conversation, seq, *user)?;
            }
        }
        Ok(())
    }
}

impl Inside {
    /// The other side of a direct conversation; oneself for notes.
    pub(super) fn peer(&self) -> Option<UserId> {
        let (one, other) = self.conversation.pair?;
        Some(if one == self.member.user { other } else { one })
    }
}

/// Checks a text against its limits.
pub(super) fn check_body(body: &Body, rules: &Rules) -> Result<(), Refusal> {
    let Body::Text { text } = body else {
        return Err(Refusal::field("body", "only text is served"));
    };
    if text.trim().is_empty() {
        return Err(Refusal::field("body", "the text is empty"));
    }
    let max_bytes = usize::try_from(rules.limits.text_bytes).unwrap_or(usize::MAX);
    let max_code_points = usize::try_from(rules.limits.text).unwrap_or(usize::MAX);
    let is_long = text.len() > max_code_points && text.chars().count() > max_code_points;
    if text.len() > max_bytes || is_long {
        let words = format!("the text is over {max_code_points} code points or {max_bytes} bytes");
        return Err(Refusal { field: Some("body"), ..Refusal::new(RefusalCode::TooLarge, words) });
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        return Err(Refusal::field("body", "the text has control characters"));
    }
    Ok(())
}
