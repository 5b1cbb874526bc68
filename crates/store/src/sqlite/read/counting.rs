//! Who is in a conversation, and how far they have read.

use rusqlite::{Connection, params};
use voodoo_core::apply::Rules;
use voodoo_core::census::{Acquaintance, ListPage, MemberPage};
use voodoo_core::store::Result;
use voodoo_core::{Fault, Refusal};
use voodoo_proto::object::{JoinRule, Kind, Member, Role, UserMark, UserRef};
use voodoo_proto::reply::{Counts, Listed, Members, PostCounts, PublicConversation, Receipts};
use voodoo_proto::{ConversationId, UserId};

use super::super::codes::{IS_IN, code, to_code, user_id};
use super::super::table;
use super::people::escape;
use super::whole::pair;

/// What LIKE takes for the beginning of a text and of a later word; everything without a query.
fn patterns(query: Option<&String>) -> (String, String) {
    let begin = query.map_or_else(String::new, |query| escape(&query.to_lowercase()));
    (format!("{begin}%"), format!("% {begin}%"))
}

/// Those with whom the user shares a conversation of any kind.
pub(in super::super) fn acquaintances(
    db: &Connection,
    user: UserId,
    others: &[UserId],
) -> Result<Vec<Acquaintance>> {
    let sql = "SELECT
        ?1 = ?2 OR EXISTS(
            SELECT 1 FROM member a JOIN member b USING(conv_id) JOIN conversation c USING(conv_id)
            WHERE a.user_id = ?1 AND b.user_id = ?2 AND a.standing >= 2 AND b.standing >= 2
              AND c.destroyed_ms IS NULL),
        EXISTS(SELECT 1 FROM block WHERE user_id = ?1 AND blocked_id = ?2)
          OR EXISTS(SELECT 1 FROM block WHERE user_id = ?2 AND blocked_id = ?1)";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let mut found = Vec::with_capacity(others.len());
    for other in others {
        let known = statement.query_row([user.get(), other.get()], |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?))
        });
        let (is_known, is_blocked) = known.map_err(Fault::new)?;
        if is_known {
            found.push(Acquaintance { user: *other, is_blocked });
        }
    }
    Ok(found)
}

/// One page of members, by ascending user.
pub(in super::super) fn members(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
    page: &MemberPage,
) -> Result<Members> {
    let (row, own) = pair(db, user, conversation)?.ok_or_else(Refusal::not_found)?;
    if row.kind == Kind::Broadcast && own.role < Role::Admin {
        return Err(Refusal::forbidden("only admins see who is in a broadcast").into());
    }
    let sql = table::sql_of(&[
        "SELECT m.user_id, m.role, m.joined_ms, u.profile
           FROM member m JOIN user_account u USING(user_id)
          WHERE m.conv_id = ?1 AND m.",
        IS_IN,
        " AND m.user_id > ?2 AND (u.handle LIKE ?3 ESCAPE '\\' OR u.name_key LIKE ?3 ESCAPE '\\'
             OR u.name_key LIKE ?4 ESCAPE '\\')
          ORDER BY m.user_id LIMIT ?5",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let (begin, word) = patterns(page.query.as_ref());
    let after = page.after.map_or(0, UserId::get);
    let rows = statement.query_map(
        params![conversation.get(), after, begin, word, page.limit + 1],
        |row| {
            let user = user_id(row, 0)?;
            let member = Member { user, role: code(row, 1)?, joined_ms: row.get(2)? };
            Ok((member, UserRef { user, profile: row.get(3)? }))
        },
    );
    let mut found: Vec<_> =
        rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?;
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let (members, users) = found.into_iter().unzip();
    Ok(Members { members, users, more })
}

/// One page of what everyone may join, by ascending id.
pub(in super::super) fn open_conversations(db: &Connection, page: &ListPage) -> Result<Listed> {
    let sql = table::sql_of(&[
        "SELECT ",
        table::CONVERSATION,
        " FROM conversation WHERE kind <> ?1 AND destroyed_ms IS NULL AND conv_id > ?2
          AND settings ->> 'join' = 'open' ORDER BY conv_id",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let after = page.after.map_or(0, ConversationId::get);
    let mut rows = statement.query(params![to_code(Kind::Direct), after]).map_err(Fault::new)?;
    let query = page.query.as_ref().map(|query| query.to_lowercase());
    let mut listed = Listed { conversations: Vec::new(), more: false };
    while let Some(row) = rows.next().map_err(Fault::new)? {
        let row = table::conversation_row(row).map_err(Fault::new)?;
        let title = row.title.unwrap_or_default();
        let folded = title.to_lowercase();
        let is_wanted = query.as_ref().is_none_or(|query| {
            row.alias.as_ref().is_some_and(|alias| alias.starts_with(query))
                || folded.starts_with(query)
                || folded.contains(&format!(" {query}"))
        });
        if !is_wanted || row.settings.join != JoinRule::Open {
            continue;
        }
        if listed.conversations.len() >= page.limit {
            listed.more = true;
            break;
        }
        listed.conversations.push(PublicConversation {
            conversation: row.conversation,
            kind: row.kind,
            title,
            description: row.description,
            alias: row.alias,
            members: row.n_members,
            join: row.settings.join,
        });
    }
    Ok(listed)
}

/// Who has read a message.
pub(in super::super) fn receipts(
    db: &Connection,
    rules: &Rules,
    user: UserId,
    conversation: ConversationId,
    seq: u64,
) -> Result<Receipts> {
    let (row, own) = pair(db, user, conversation)?.ok_or_else(Refusal::not_found)?;
    let is_readable = seq >= own.from_seq.max(row.floor_seq + 1);
    let message = if is_readable { table::find_message(db, conversation, seq)? } else { None };
    let author = message.ok_or_else(Refusal::not_found)?.sender;
    let is_small = row.n_members <= u64::from(rules.limits.small_conversation);
    if !is_small || row.kind == Kind::Broadcast {
        let sql = table::sql_of(&[
            "SELECT COUNT(*) FROM member WHERE conv_id = ?1 AND user_id <> ?2 AND read_seq >= ?3 AND ",
            IS_IN,
        ]);
        let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
        let keys = params![conversation.get(), author.get(), seq];
        let n_read = statement.query_row(keys, |row| row.get(0)).map_err(Fault::new)?;
        return Ok(Receipts { read: n_read, received: n_read, who: None });
    }
    let sql = table::sql_of(&[
        "SELECT user_id, read_seq FROM member WHERE conv_id = ?1 AND user_id <> ?2 AND ",
        IS_IN,
        " ORDER BY user_id",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let rows = statement.query_map([conversation.get(), author.get()], |row| {
        Ok(UserMark { user: user_id(row, 0)?, seq: row.get(1)? })
    });
    let marks: Vec<UserMark> =
        rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?;
    let n_read = marks.iter().filter(|mark| mark.seq >= seq).count() as u64;
    Ok(Receipts { read: n_read, received: n_read, who: Some(marks) })
}

/// How many members have read up to which message, by ascending message.
pub(in super::super) type Marks = Vec<(u64, u64)>;

/// Reads all marks of a conversation at once: the counters of any post follow from it.
pub(in super::super) fn marks(db: &Connection, conversation: ConversationId) -> Result<Marks> {
    let sql = table::sql_of(&[
        "SELECT read_seq, COUNT(*) FROM member WHERE conv_id = ?1 AND ",
        IS_IN,
        " GROUP BY read_seq ORDER BY read_seq",
    ]);
    let mut statement = db.prepare_cached(&sql).map_err(Fault::new)?;
    let rows = statement.query_map([conversation.get()], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
}

/// The counters of posts; `marks` brings what [`marks`] reads, or read some seconds ago.
pub(in super::super) fn counts(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
    seqs: &[u64],
    marks: impl FnOnce() -> Result<std::sync::Arc<Marks>>,
) -> Result<Counts> {
    let (row, own) = pair(db, user, conversation)?.ok_or_else(Refusal::not_found)?;
    let marks = marks()?;
    let mut posts = Vec::with_capacity(seqs.len());
    for seq in seqs.iter().filter(|seq| **seq >= own.from_seq.max(row.floor_seq + 1)) {
        let Some(message) = table::find_message(db, conversation, *seq)? else { continue };
        let from = marks.partition_point(|(mark, _)| mark < seq);
        let views = marks[from..].iter().map(|(_, n)| n).sum();
        posts.push(PostCounts { seq: *seq, views, reactions: message.reactions });
    }
    Ok(Counts { members: row.n_members, posts })
}
