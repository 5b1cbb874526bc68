//! The state of one user: conversations, heads, sums.

use rusqlite::{Connection, OptionalExtension as _, params};
use voodoo_core::apply::{own_view, preview, user_view};
use voodoo_core::rows::{ConversationRow, MemberRow};
use voodoo_core::store::{Result, Scope, Snapshot, Subscription};
use voodoo_core::{Fault, Refusal};
use voodoo_proto::event::Me;
use voodoo_proto::object::{Conversation, Digest, Head, MemberState};
use voodoo_proto::{ConversationId, UserId};

use super::super::codes::{IS_IN, conversation_id};
use super::super::table;

/// The conversations of a user that are not destroyed.
pub(in super::super) fn subscriptions(db: &Connection, user: UserId) -> Result<Vec<Subscription>> {
    let sql = table::sql_of(&[
        "SELECT m.conv_id, m.from_seq FROM member m JOIN conversation c USING(conv_id)
          WHERE m.user_id = ?1 AND m.",
        IS_IN,
        " AND c.destroyed_ms IS NULL",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let rows = statement.query_map([user.get()], |row| {
        Ok(Subscription { conversation: conversation_id(row, 0)?, from_seq: row.get(1)? })
    });
    Ok(rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
}

/// The sums over all conversations of a user.
pub(in super::super) fn digest(db: &Connection, user: UserId) -> Result<Digest> {
    let sql = table::sql_of(&[
        "SELECT COUNT(*), COALESCE(SUM(c.last_rev), 0), COALESCE(SUM(m.read_seq), 0)
           FROM member m JOIN conversation c USING(conv_id)
          WHERE m.user_id = ?1 AND m.",
        IS_IN,
        " AND c.destroyed_ms IS NULL",
    ]);
    let user_rev = user_rev(db, user)?;
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let digest = statement.query_row([user.get()], |row| {
        Ok(Digest { user_rev, conversations: row.get(0)?, revs: row.get(1)?, reads: row.get(2)? })
    });
    Ok(digest.map_err(Fault::new)?)
}

fn user_rev(db: &Connection, user: UserId) -> Result<u64> {
    let sql = "SELECT user_rev FROM user_account WHERE user_id = ?1";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let found = statement.query_row([user.get()], |row| row.get(0)).optional();
    found.map_err(Fault::new)?.ok_or_else(|| Refusal::not_found().into())
}

/// The state of a user, whole or since a cursor.
pub(in super::super) fn snapshot(db: &Connection, user: UserId, scope: Scope) -> Result<Snapshot> {
    let Some(me) = table::find_user(db, user)? else { return Err(Refusal::not_found().into()) };
    let mut snapshot = Snapshot {
        me: Some(Me { user: own_view(&me), blocked: table::blocked(db, user)? }),
        digest: digest(db, user)?,
        ..Snapshot::default()
    };
    for (row, member) in pairs(db, user)? {
        match part(db, &row, &member, scope)? {
            Part::Gone => snapshot.gone.push(row.conversation),
            Part::Whole => snapshot.conversations.push(conversation(db, &row, &member)?),
            Part::Head => snapshot.heads.push(head(db, &row, &member)?),
            Part::Nothing => {}
        }
    }
    let age = |head: &Head| std::cmp::Reverse((head.at_ms, head.conversation));
    snapshot.conversations.sort_by_key(|one| age(&one.head));
    snapshot.heads.sort_by_key(age);
    snapshot.gone.sort_unstable();
    Ok(snapshot)
}

/// What a client gets of one of its conversations.
enum Part {
    Gone,
    Whole,
    Head,
    Nothing,
}

fn part(db: &Connection, row: &ConversationRow, member: &MemberRow, scope: Scope) -> Result<Part> {
    let is_there = member.state().is_some() && row.destroyed_ms.is_none();
    let Scope::Since { user_rev, since_ms } = scope else {
        return Ok(if is_there { Part::Whole } else { Part::Nothing });
    };
    if member.user_rev > user_rev {
        return Ok(if is_there { Part::Whole } else { Part::Gone });
    }
    let is_moved = row.change_ms >= since_ms || member.mark_ms >= since_ms;
    if member.state().is_none() || !is_moved {
        return Ok(Part::Nothing);
    }
    if row.destroyed_ms.is_some() {
        return Ok(Part::Gone);
    }
    let sql = "SELECT 1 FROM conv_event WHERE conv_id = ?1 AND rev = ?2 AND at_ms >= ?3";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let keys = params![row.conversation.get(), row.info_rev, since_ms];
    let is_described_anew = statement.exists(keys).map_err(Fault::new)?;
    Ok(if is_described_anew { Part::Whole } else { Part::Head })
}

/// All conversations that a user is or was in.
fn pairs(db: &Connection, user: UserId) -> Result<Vec<(ConversationRow, MemberRow)>> {
    let sql = table::sql_of(&["SELECT ", table::MEMBER, " FROM member WHERE user_id = ?1"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let members = statement.query_map([user.get()], table::member_row).map_err(Fault::new)?;
    let mut pairs = Vec::new();
    for member in members {
        let member = member.map_err(Fault::new)?;
        if let Some(row) = table::find_conversation(db, member.conversation)? {
            pairs.push((row, member));
        }
    }
    Ok(pairs)
}

/// One conversation of a user, if it is theirs.
pub(super) fn pair(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<(ConversationRow, MemberRow)>> {
    let member = table::find_member(db, conversation, user)?.filter(|row| row.state().is_some());
    let row = table::find_conversation(db, conversation)?;
    let row = row.filter(|row| row.destroyed_ms.is_none());
    Ok(row.zip(member))
}

/// The objects of those conversations that are the user's.
pub(in super::super) fn conversations(
    db: &Connection,
    user: UserId,
    ids: &[ConversationId],
) -> Result<Vec<Conversation>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some((row, member)) = pair(db, user, *id)? {
            found.push(conversation(db, &row, &member)?);
        }
    }
    Ok(found)
}

/// The heads of those conversations that are the user's, and the user's counter.
pub(in super::super) fn heads(
    db: &Connection,
    user: UserId,
    ids: &[ConversationId],
) -> Result<(Vec<Head>, u64)> {
    let user_rev = user_rev(db, user)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some((row, member)) = pair(db, user, *id)? {
            found.push(head(db, &row, &member)?);
        }
    }
    Ok((found, user_rev))
}

/// How far a conversation is for one member.
pub(super) fn head(db: &Connection, row: &ConversationRow, member: &MemberRow) -> Result<Head> {
    let id = row.conversation;
    let is_readable = row.last_seq >= member.from_seq.max(row.floor_seq + 1);
    let newest = if is_readable { table::find_message(db, id, row.last_seq)? } else { None };
    Ok(Head {
        conversation: id,
        last_seq: row.last_seq,
        last_rev: row.last_rev,
        info_rev: row.info_rev,
        floor_seq: row.floor_seq,
        read_seq: member.read_seq,
        mentions: table::n_mentions(db, id, member.user, member.read_seq.max(row.floor_seq))?,
        all_mention_seq: row.all_mention_seq,
        at_ms: row.last_ms,
        preview: newest.as_ref().map(preview),
    })
}

fn conversation(
    db: &Connection,
    row: &ConversationRow,
    member: &MemberRow,
) -> Result<Conversation> {
    let peer = match row.pair {
        Some((one, other)) => table::find_user(db, if one == member.user { other } else { one })?,
        None => None,
    };
    Ok(Conversation {
        conversation: row.conversation,
        user_rev: None,
        kind: row.kind,
        title: row.title.clone(),
        description: row.description.clone(),
        avatar: row.avatar,
        alias: row.alias.clone(),
        peer: peer.as_ref().map(user_view),
        role: member.role,
        state: member.state().unwrap_or(MemberState::Active),
        members: row.n_members,
        settings: row.settings.clone(),
        mute_until_ms: (member.mute_until_ms > 0).then_some(member.mute_until_ms),
        pinned: member.is_pinned.then_some(true),
        archived: member.is_archived.then_some(true),
        unread_from: member.unread_from,
        draft: member.draft.clone(),
        from_seq: member.from_seq,
        join_rev: member.join_rev,
        head: head(db, row, member)?,
    })
}
