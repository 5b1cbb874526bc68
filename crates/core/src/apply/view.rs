//! Rows as others see them.

use voodoo_proto::event::ServerFrame;
use voodoo_proto::object::{
    Body, Conversation, Head, Kind, MemberState, Message, Preview, ReactionCount, User,
};

use crate::error::Fault;
use crate::rows::{ConversationRow, MemberRow, MessageRow, Rows, UserRow};

/// Code points of a preview, at most.
const PREVIEW_CODE_POINTS: usize = 120;

/// A user as everyone may see them.
#[must_use]
pub fn user(row: &UserRow) -> User {
    User {
        user: row.user,
        handle: row.handle.clone(),
        name: row.name.clone(),
        avatar: row.avatar,
        kind: row.kind,
        profile: row.profile,
        role: None,
    }
}

/// A user as they see themselves.
#[must_use]
pub fn own(row: &UserRow) -> User {
    User { role: Some(row.role), ..user(row) }
}

/// The beginning of a message.
#[must_use]
pub fn preview(row: &MessageRow) -> Preview {
    let text = row.body.as_ref().and_then(|body| match body {
        Body::Text { text } => Some(beginning(text)),
        Body::Unknown => None,
    });
    Preview { seq: row.seq, from: (!row.hides_author).then_some(row.sender), text }
}

/// As much of a text as a preview shows.
#[must_use]
pub fn beginning(text: &str) -> String {
    let end = text.char_indices().nth(PREVIEW_CODE_POINTS).map_or(text.len(), |(end, _)| end);
    text[..end].to_owned()
}

/// A message in its current state; `mine` says which reactions the asker set.
#[must_use]
pub fn message(row: MessageRow, mine: &[String]) -> Message {
    let reactions = row.reactions.into_iter().map(|reaction| ReactionCount {
        mine: mine.contains(&reaction.emoji).then_some(true),
        ..reaction
    });
    let reactions: Vec<ReactionCount> = reactions.collect();
    Message {
        conversation: row.conversation,
        seq: row.seq,
        rev: row.rev,
        mod_rev: Some(row.mod_rev),
        from: (!row.hides_author).then_some(row.sender),
        client_id: row.client_id,
        at_ms: row.at_ms,
        deleted: row.body.is_none().then_some(true),
        body: row.body,
        reply_to: row.reply_to,
        silent: row.is_silent.then_some(true),
        mentions: row.mentions,
        edits: (row.edits > 0).then_some(row.edits),
        pinned: row.is_pinned.then_some(true),
        reactions: (!reactions.is_empty()).then_some(reactions),
    }
}

/// The event that tells of a new message: what is true of pages only is left out.
pub(super) fn message_event(row: &MessageRow) -> ServerFrame {
    let message = message(row.clone(), &[]);
    ServerFrame::Message(Message { mod_rev: None, ..message })
}

/// How far a conversation is for one member.
fn head(
    rows: &mut dyn Rows,
    conversation: &ConversationRow,
    member: &MemberRow,
) -> Result<Head, Fault> {
    let id = conversation.conversation;
    let mentioned =
        rows.n_mentions(id, member.user, member.read_seq.max(conversation.floor_seq))?;
    let is_readable = conversation.last_seq >= member.from_seq.max(conversation.floor_seq + 1);
    let newest = if is_readable { rows.message(id, conversation.last_seq)? } else { None };
    Ok(Head {
        conversation: id,
        last_seq: conversation.last_seq,
        last_rev: conversation.last_rev,
        info_rev: conversation.info_rev,
        floor_seq: conversation.floor_seq,
        read_seq: member.read_seq,
        mentions: mentioned,
        all_mention_seq: conversation.all_mention_seq,
        at_ms: conversation.last_ms,
        preview: newest.as_ref().map(preview),
    })
}

/// A conversation as one of its members sees it, as the event that `member.user_rev` stands for.
pub(super) fn conversation(
    rows: &mut dyn Rows,
    conversation: &ConversationRow,
    member: &MemberRow,
) -> Result<Conversation, Fault> {
    let peer = match conversation.pair {
        Some((one, other)) => {
            rows.user(if one == member.user { other } else { one })?.as_ref().map(user)
        }
        None => None,
    };
    debug_assert!(peer.is_some() || conversation.kind != Kind::Direct);
    Ok(Conversation {
        conversation: conversation.conversation,
        user_rev: Some(member.user_rev),
        kind: conversation.kind,
        title: conversation.title.clone(),
        description: conversation.description.clone(),
        avatar: conversation.avatar,
        alias: conversation.alias.clone(),
        peer,
        role: member.role,
        state: member.state().unwrap_or(MemberState::Active),
        members: conversation.n_members,
        settings: conversation.settings.clone(),
        mute_until_ms: (member.mute_until_ms > 0).then_some(member.mute_until_ms),
        pinned: member.is_pinned.then_some(true),
        archived: member.is_archived.then_some(true),
        unread_from: member.unread_from,
        draft: member.draft.clone(),
        from_seq: member.from_seq,
        join_rev: member.join_rev,
        head: head(rows, conversation, member)?,
    })
}
