//! The columns of each table, written once, and rows read from them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use voodoo_core::Fault;
use voodoo_core::apply::beginning;
use voodoo_core::likeness::{LOOK_SQL, look};
use voodoo_core::rows::{ConversationRow, MemberRow, MessageRow, UserRow};
use voodoo_proto::object::{Body, Preview};
use voodoo_proto::{ConversationId, UserId};

use super::codes::{
    client_id, code, conversation_id, file_id, json, opt_json, to_code, to_json, user_id,
};

pub(super) const USER: &str =
    "user_id, handle, name, avatar, kind, role, is_disabled, user_rev, profile, n_conversations";

pub(super) fn user_row(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    user_row_at(row, 0)
}

/// The same from its first column on.
pub(super) fn user_row_at(row: &Row<'_>, at: usize) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        user: user_id(row, at)?,
        handle: row.get(at + 1)?,
        name: row.get(at + 2)?,
        avatar: file_id(row, at + 3)?,
        kind: code(row, at + 4)?,
        role: code(row, at + 5)?,
        is_disabled: row.get(at + 6)?,
        user_rev: row.get(at + 7)?,
        profile: row.get(at + 8)?,
        n_conversations: row.get(at + 9)?,
    })
}

pub(super) const CONVERSATION: &str = "conv_id, kind, destroyed_ms, title, description, avatar, alias, \
    creator_id, client_id, low_id, high_id, settings, last_seq, last_rev, info_rev, last_ms, \
    change_ms, floor_seq, floor_rev, all_mention_seq, n_members, n_owners, created_ms";

pub(super) fn conversation_row(row: &Row<'_>) -> rusqlite::Result<ConversationRow> {
    conversation_row_at(row, 0)
}

/// The same from its first column on.
pub(super) fn conversation_row_at(row: &Row<'_>, at: usize) -> rusqlite::Result<ConversationRow> {
    let pair = match row.get::<_, Option<i64>>(at + 9)? {
        Some(_) => Some((user_id(row, at + 9)?, user_id(row, at + 10)?)),
        None => None,
    };
    Ok(ConversationRow {
        conversation: conversation_id(row, at)?,
        kind: code(row, at + 1)?,
        destroyed_ms: row.get(at + 2)?,
        title: row.get(at + 3)?,
        description: row.get(at + 4)?,
        avatar: file_id(row, at + 5)?,
        alias: row.get(at + 6)?,
        creator: user_id(row, at + 7)?,
        client_id: client_id(row, at + 8)?,
        pair,
        settings: json(row, at + 11)?,
        last_seq: row.get(at + 12)?,
        last_rev: row.get(at + 13)?,
        info_rev: row.get(at + 14)?,
        last_ms: row.get(at + 15)?,
        change_ms: row.get(at + 16)?,
        floor_seq: row.get(at + 17)?,
        floor_rev: row.get(at + 18)?,
        all_mention_seq: row.get(at + 19)?,
        n_members: row.get(at + 20)?,
        n_owners: row.get(at + 21)?,
        created_ms: row.get(at + 22)?,
    })
}

pub(super) const MEMBER: &str = "conv_id, user_id, role, standing, read_seq, mark_ms, from_seq, join_rev, \
    mute_until_ms, is_pinned, is_archived, unread_from, draft, user_rev, joined_ms";

pub(super) fn member_row(row: &Row<'_>) -> rusqlite::Result<MemberRow> {
    member_row_at(row, 0)
}

/// The same from its first column on.
pub(super) fn member_row_at(row: &Row<'_>, at: usize) -> rusqlite::Result<MemberRow> {
    Ok(MemberRow {
        conversation: conversation_id(row, at)?,
        user: user_id(row, at + 1)?,
        role: code(row, at + 2)?,
        standing: code(row, at + 3)?,
        read_seq: row.get(at + 4)?,
        mark_ms: row.get(at + 5)?,
        from_seq: row.get(at + 6)?,
        join_rev: row.get(at + 7)?,
        mute_until_ms: row.get(at + 8)?,
        is_pinned: row.get(at + 9)?,
        is_archived: row.get(at + 10)?,
        unread_from: row.get(at + 11)?,
        draft: row.get(at + 12)?,
        user_rev: row.get(at + 13)?,
        joined_ms: row.get(at + 14)?,
    })
}

pub(super) const MESSAGE: &str = "conv_id, seq, rev, mod_rev, sender_id, client_id, at_ms, text, reply_to, \
    flags, mentions, edits, reactions";

const SILENT: i64 = 1;
const HIDES_AUTHOR: i64 = 2;
const PINNED: i64 = 4;

/// The flags of a message as one integer.
pub(super) fn flags(row: &MessageRow) -> i64 {
    let flag = |is_set: bool, flag: i64| if is_set { flag } else { 0 };
    flag(row.is_silent, SILENT) | flag(row.hides_author, HIDES_AUTHOR) | flag(row.is_pinned, PINNED)
}

pub(super) fn message_row(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    message_row_at(row, 0)
}

/// The same from its first column on.
pub(super) fn message_row_at(row: &Row<'_>, at: usize) -> rusqlite::Result<MessageRow> {
    let flags: i64 = row.get(at + 9)?;
    let text: Option<String> = row.get(at + 7)?;
    Ok(MessageRow {
        conversation: conversation_id(row, at)?,
        seq: row.get(at + 1)?,
        rev: row.get(at + 2)?,
        mod_rev: row.get(at + 3)?,
        sender: user_id(row, at + 4)?,
        client_id: client_id(row, at + 5)?,
        at_ms: row.get(at + 6)?,
        body: text.map(|text| Body::Text { text }),
        reply_to: row.get(at + 8)?,
        is_silent: flags & SILENT != 0,
        hides_author: flags & HIDES_AUTHOR != 0,
        mentions: opt_json(row, at + 10)?,
        edits: row.get(at + 11)?,
        is_pinned: flags & PINNED != 0,
        reactions: opt_json(row, at + 12)?.unwrap_or_default(),
    })
}

/// What a preview is made of.
pub(super) const PREVIEW: &str = "seq, sender_id, text, flags";

/// The beginning of a message, from its first column on.
pub(super) fn preview_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Preview> {
    let flags: i64 = row.get(at + 3)?;
    let from = (flags & HIDES_AUTHOR == 0).then(|| user_id(row, at + 1)).transpose()?;
    let text = row.get_ref(at + 2)?.as_str_or_null()?;
    Ok(Preview { seq: row.get(at)?, from, text: text.map(beginning) })
}

/// The text of a body.
pub(super) fn text(body: Option<&Body>) -> Result<Option<&str>, Fault> {
    match body {
        None => Ok(None),
        Some(Body::Text { text }) => Ok(Some(text)),
        Some(Body::Unknown) => Err(Fault::new("a body of a kind that is not stored")),
    }
}

pub(super) fn find_user(db: &Connection, user: UserId) -> Result<Option<UserRow>, Fault> {
    let sql = sql_of(&["SELECT ", USER, " FROM user_account WHERE user_id = ?1"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    statement.query_row([user.get()], user_row).optional().map_err(Fault::new)
}

pub(super) fn is_handle_alike(db: &Connection, handle: &str) -> Result<bool, Fault> {
    let sql = sql_of(&["SELECT EXISTS(SELECT 1 FROM user_account WHERE ", LOOK_SQL, " = ?1)"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    statement.query_row([look(handle)], |row| row.get(0)).map_err(Fault::new)
}

pub(super) fn admins(db: &Connection) -> Result<Vec<UserId>, Fault> {
    // The number stands here as in the index of admins.
    let sql = "SELECT user_id FROM user_account WHERE role = 1 ORDER BY user_id";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let rows = statement.query_map([], |row| user_id(row, 0)).map_err(Fault::new)?;
    rows.collect::<Result<_, _>>().map_err(Fault::new)
}

pub(super) fn find_conversation(
    db: &Connection,
    conversation: ConversationId,
) -> Result<Option<ConversationRow>, Fault> {
    let sql = sql_of(&["SELECT ", CONVERSATION, " FROM conversation WHERE conv_id = ?1"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    statement.query_row([conversation.get()], conversation_row).optional().map_err(Fault::new)
}

pub(super) fn find_member(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
) -> Result<Option<MemberRow>, Fault> {
    let sql = sql_of(&["SELECT ", MEMBER, " FROM member WHERE conv_id = ?1 AND user_id = ?2"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let keys = [conversation.get(), user.get()];
    statement.query_row(keys, member_row).optional().map_err(Fault::new)
}

pub(super) fn find_message(
    db: &Connection,
    conversation: ConversationId,
    seq: u64,
) -> Result<Option<MessageRow>, Fault> {
    let sql = sql_of(&["SELECT ", MESSAGE, " FROM message WHERE conv_id = ?1 AND seq = ?2"]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    statement
        .query_row(params![conversation.get(), seq], message_row)
        .optional()
        .map_err(Fault::new)
}

/// How many messages above `read_seq` call the user by name.
pub(super) fn n_mentions(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    read_seq: u64,
) -> Result<u64, Fault> {
    let sql = "SELECT COUNT(*) FROM mention WHERE user_id = ?1 AND conv_id = ?2 AND seq > ?3";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let keys = params![user.get(), conversation.get(), read_seq];
    statement.query_row(keys, |row| row.get(0)).map_err(Fault::new)
}

/// Whom a user blocks, by ascending id.
pub(super) fn blocked(db: &Connection, user: UserId) -> Result<Vec<UserId>, Fault> {
    let sql = "SELECT blocked_id FROM block WHERE user_id = ?1 ORDER BY blocked_id";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let rows = statement.query_map([user.get()], |row| user_id(row, 0)).map_err(Fault::new)?;
    rows.collect::<rusqlite::Result<_>>().map_err(Fault::new)
}

/// Whether two users are both members of some group or broadcast that is not destroyed.
pub(super) fn share_conversation(
    db: &Connection,
    one: UserId,
    other: UserId,
) -> Result<bool, Fault> {
    let sql = "SELECT EXISTS(
        SELECT 1 FROM member a JOIN member b USING(conv_id) JOIN conversation c USING(conv_id)
        WHERE a.user_id = ?1 AND b.user_id = ?2 AND a.standing >= 2 AND b.standing >= 2
          AND c.low_id IS NULL AND c.destroyed_ms IS NULL)";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    statement.query_row([one.get(), other.get()], |row| row.get(0)).map_err(Fault::new)
}

/// How many columns a list has.
pub(super) const fn n_columns(list: &str) -> usize {
    let (mut n, mut at) = (1, 0);
    while at < list.len() {
        if list.as_bytes()[at] == b',' {
            n += 1;
        }
        at += 1;
    }
    n
}

/// The columns of a list, each of this table of a join.
pub(super) fn columns_of(table: &str, list: &str) -> String {
    let named: Vec<_> = list.split(", ").map(|column| format!("{table}.{column}")).collect();
    named.join(", ")
}

/// Puts the parts of a statement together.
pub(super) fn sql_of(parts: &[&str]) -> String {
    parts.concat()
}

pub(super) fn insert_conversation(db: &Connection, row: &ConversationRow) -> Result<(), Fault> {
    let sql = "INSERT INTO conversation(conv_id, kind, destroyed_ms, title, description, avatar, alias,
        creator_id, client_id, low_id, high_id, settings, last_seq, last_rev, info_rev, last_ms,
        change_ms, floor_seq, floor_rev, all_mention_seq, n_members, n_owners, created_ms)
        VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)
        ON CONFLICT(conv_id) DO UPDATE SET destroyed_ms = ?3, title = ?4, description = ?5, avatar = ?6,
        alias = ?7, settings = ?12, last_seq = ?13, last_rev = ?14, info_rev = ?15, last_ms = ?16,
        change_ms = ?17, floor_seq = ?18, floor_rev = ?19, all_mention_seq = ?20, n_members = ?21,
        n_owners = ?22";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let done = statement.execute(params![
        row.conversation.get(),
        to_code(row.kind),
        row.destroyed_ms,
        row.title,
        row.description,
        row.avatar.map(|avatar| avatar.get()),
        row.alias,
        row.creator.get(),
        row.client_id.as_bytes(),
        row.pair.map(|(low, _)| low.get()),
        row.pair.map(|(_, high)| high.get()),
        to_json(&row.settings)?,
        row.last_seq,
        row.last_rev,
        row.info_rev,
        row.last_ms,
        row.change_ms,
        row.floor_seq,
        row.floor_rev,
        row.all_mention_seq,
        row.n_members,
        row.n_owners,
        row.created_ms,
    ]);
    done.map(drop).map_err(Fault::new)
}

/// Writes what sending moves.
pub(super) fn update_counters(db: &Connection, row: &ConversationRow) -> Result<(), Fault> {
    let sql = "UPDATE conversation SET last_seq = ?2, last_rev = ?3, last_ms = ?4, change_ms = ?5,
        all_mention_seq = ?6, n_members = ?7, n_owners = ?8 WHERE conv_id = ?1";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let done = statement.execute(params![
        row.conversation.get(),
        row.last_seq,
        row.last_rev,
        row.last_ms,
        row.change_ms,
        row.all_mention_seq,
        row.n_members,
        row.n_owners,
    ]);
    done.map(drop).map_err(Fault::new)
}

pub(super) fn put_member(db: &Connection, row: &MemberRow) -> Result<(), Fault> {
    let sql = "INSERT INTO member(conv_id, user_id, role, standing, read_seq, mark_ms, from_seq, join_rev,
        mute_until_ms, is_pinned, is_archived, unread_from, draft, user_rev, joined_ms)
        VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)
        ON CONFLICT(conv_id, user_id) DO UPDATE SET role = ?3, standing = ?4, read_seq = ?5, mark_ms = ?6,
        from_seq = ?7, join_rev = ?8, mute_until_ms = ?9, is_pinned = ?10, is_archived = ?11,
        unread_from = ?12, draft = ?13, user_rev = ?14, joined_ms = ?15";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let done = statement.execute(params![
        row.conversation.get(),
        row.user.get(),
        to_code(row.role),
        to_code(row.standing),
        row.read_seq,
        row.mark_ms,
        row.from_seq,
        row.join_rev,
        row.mute_until_ms,
        row.is_pinned,
        row.is_archived,
        row.unread_from,
        row.draft,
        row.user_rev,
        row.joined_ms,
    ]);
    done.map(drop).map_err(Fault::new)
}

pub(super) fn update_user(db: &Connection, row: &UserRow) -> Result<(), Fault> {
    let sql = "UPDATE user_account SET name = ?2, name_key = ?3, avatar = ?4, user_rev = ?5, profile = ?6,
        n_conversations = ?7 WHERE user_id = ?1";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let done = statement.execute(params![
        row.user.get(),
        row.name,
        row.name.to_lowercase(),
        row.avatar.map(|avatar| avatar.get()),
        row.user_rev,
        row.profile,
        row.n_conversations,
    ]);
    done.map(drop).map_err(Fault::new)
}
