//! The state of one user: conversations, heads, sums.

use std::sync::LazyLock;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use voodoo_core::apply::{own_view, user_view};
use voodoo_core::rows::{ConversationRow, MemberRow, UserRow};
use voodoo_core::store::{Opened, Result, Scope, Snapshot, Subscription};
use voodoo_core::{Fault, Refusal};
use voodoo_proto::event::Me;
use voodoo_proto::object::{Conversation, Digest, Head, MemberState, Preview};
use voodoo_proto::{ConversationId, UserId};

use super::super::codes::{IS_IN, conversation_id};
use super::super::table;

/// The conversations of a user that are not destroyed, if the device is open.
pub(in super::super) fn subscriptions(
    db: &Connection,
    who: Opened,
    now_ms: u64,
) -> Result<Option<Vec<Subscription>>> {
    if !is_open(db, who, now_ms)? {
        return Ok(None);
    }
    conversations_of(db, who.user).map(Some)
}

/// Whether a device is the user's and has not ended.
pub(in super::super) fn is_open(db: &Connection, who: Opened, now_ms: u64) -> Result<bool> {
    let sql = "SELECT 1 FROM device WHERE device_id = ?1 AND user_id = ?2 AND expires_ms > ?3";
    let mut statement = db.prepare_cached(sql).map_err(Fault::new)?;
    let keys = params![who.device.get(), who.user.get(), now_ms];
    Ok(statement.exists(keys).map_err(Fault::new)?)
}

/// The conversations of a user that are not destroyed.
pub(in super::super) fn conversations_of(
    db: &Connection,
    user: UserId,
) -> Result<Vec<Subscription>> {
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
    let rows = rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>();
    Ok(rows.map_err(Fault::new)?)
}

/// A number that is another one once anybody else has committed, as far as this connection sees
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
pub(in super::super) fn version(db: &Connection) -> Result<i64> {
    let mut statement = db.prepare_cached("PRAGMA data_version").map_err(Fault::new)?;
    Ok(statement.query_row([], |row| row.get(0)).map_err(Fault::new)?)
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
    let mut snapshot = match scope {
        Scope::All => all(db, &me)?,
        Scope::Since { user_rev, since_ms } => since(db, user, user_rev, since_ms)?,
    };
    snapshot.me = Some(Me { user: own_view(&me), blocked: table::blocked(db, user)? });
    let age = |head: &Head| std::cmp::Reverse((head.at_ms, head.conversation));
    snapshot.conversations.sort_by_key(|one| age(&one.head));
    snapshot.heads.sort_by_key(age);
    snapshot.gone.sort_unstable();
    Ok(snapshot)
}

/// Everything; the sums are those of what is there.
fn all(db: &Connection, me: &UserRow) -> Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    snapshot.digest.user_rev = me.user_rev;
    let mut statement = db.prepare_cached(&ALL).map_err(Fault::new)?;
    let found = statement.query_map([me.user.get()], Found::read).map_err(Fault::new)?;
    for found in found {
        let found = found.map_err(Fault::new)?;
        snapshot.digest.conversations += 1;
        snapshot.digest.revs += found.row.last_rev;
        snapshot.digest.reads += found.member.read_seq;
        snapshot.conversations.push(found.conversation());
    }
    Ok(snapshot)
}

/// What moved since a cursor.
fn since(db: &Connection, user: UserId, user_rev: u64, since_ms: u64) -> Result<Snapshot> {
    let mut snapshot = Snapshot { digest: digest(db, user)?, ..Snapshot::default() };
    let mut statement = db.prepare_cached(&SINCE).map_err(Fault::new)?;
    let keys = params![user.get(), user_rev, since_ms];
    let found = statement
        .query_map(keys, |row| Ok((Found::read(row)?, row.get(N_COLUMNS)?)))
        .map_err(Fault::new)?;
    for found in found {
        let (found, is_described_anew) = found.map_err(Fault::new)?;
        let is_new = found.member.user_rev > user_rev;
        if found.member.state().is_none() || found.row.destroyed_ms.is_some() {
            snapshot.gone.push(found.row.conversation);
        } else if is_new || is_described_anew {
            snapshot.conversations.push(found.conversation());
        } else {
            snapshot.heads.push(found.head());
        }
    }
    Ok(snapshot)
}

/// A conversation of a user with all that its object says.
struct Found {
    row: ConversationRow,
    member: MemberRow,
    /// The beginning of the newest message, if the user may read it.
    newest: Option<Preview>,
    /// The other one of a direct conversation.
    peer: Option<UserRow>,
    n_mentions: u64,
}

const AT_MEMBER: usize = table::n_columns(table::CONVERSATION);
const AT_MESSAGE: usize = AT_MEMBER + table::n_columns(table::MEMBER);
const AT_PEER: usize = AT_MESSAGE + table::n_columns(table::PREVIEW);
const AT_MENTIONS: usize = AT_PEER + table::n_columns(table::USER);
const N_COLUMNS: usize = AT_MENTIONS + 1;

/// One statement for all conversations: a session that begins reads them all.
fn select(more: &str, condition: &str) -> String {
    let columns = [
        table::columns_of("c", table::CONVERSATION),
        table::columns_of("m", table::MEMBER),
        table::columns_of("x", table::PREVIEW),
        table::columns_of("p", table::USER),
    ];
    format!(
        "SELECT {}, (SELECT COUNT(*) FROM mention n WHERE n.user_id = m.user_id
             AND n.conv_id = m.conv_id AND n.seq > max(m.read_seq, c.floor_seq)) {more}
           FROM member m JOIN conversation c ON c.conv_id = m.conv_id
           LEFT JOIN message x ON x.conv_id = c.conv_id AND x.seq = c.last_seq
             AND c.last_seq >= max(m.from_seq, c.floor_seq + 1)
           LEFT JOIN user_account p
             ON p.user_id = iif(c.low_id = m.user_id, c.high_id, c.low_id)
          WHERE m.user_id = ?1 AND {condition}",
        columns.join(", ")
    )
}

static ALL: LazyLock<String> =
    LazyLock::new(|| select("", &format!("m.{IS_IN} AND c.destroyed_ms IS NULL")));

static ONE: LazyLock<String> = LazyLock::new(|| {
    select("", &format!("m.conv_id = ?2 AND m.{IS_IN} AND c.destroyed_ms IS NULL"))
});

static SINCE: LazyLock<String> = LazyLock::new(|| {
    let is_described_anew = ", EXISTS(SELECT 1 FROM conv_event e
        WHERE e.conv_id = c.conv_id AND e.rev = c.info_rev AND e.at_ms >= ?3)";
    let is_moved = format!("m.{IS_IN} AND (c.change_ms >= ?3 OR m.mark_ms >= ?3)");
    select(is_described_anew, &format!("(m.user_rev > ?2 OR {is_moved})"))
});

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let is_there = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)? != ValueRef::Null);
        Ok(Self {
            row: table::conversation_row(row)?,
            member: table::member_row_at(row, AT_MEMBER)?,
            newest: match is_there(AT_MESSAGE)? {
                true => Some(table::preview_at(row, AT_MESSAGE)?),
                false => None,
            },
            peer: match is_there(AT_PEER)? {
                true => Some(table::user_row_at(row, AT_PEER)?),
                false => None,
            },
            n_mentions: row.get(AT_MENTIONS)?,
        })
    }

    /// One of a user's conversations, if it is theirs.
    fn find(db: &Connection, user: UserId, conversation: ConversationId) -> Result<Option<Self>> {
        let mut statement = db.prepare_cached(&ONE).map_err(Fault::new)?;
        let keys = [user.get(), conversation.get()];
        Ok(statement.query_row(keys, Self::read).optional().map_err(Fault::new)?)
    }

    /// How far it is for its member.
    fn head(&self) -> Head {
        Head {
            conversation: self.row.conversation,
            last_seq: self.row.last_seq,
            last_rev: self.row.last_rev,
            info_rev: self.row.info_rev,
            floor_seq: self.row.floor_seq,
            read_seq: self.member.read_seq,
            mentions: self.n_mentions,
            all_mention_seq: self.row.all_mention_seq,
            at_ms: self.row.last_ms,
            preview: self.newest.clone(),
        }
    }

    fn conversation(mut self) -> Conversation {
        let preview = self.newest.take();
        let head = Head { preview, ..self.head() };
        let Self { row, member, peer, .. } = self;
        Conversation {
            conversation: row.conversation,
            user_rev: None,
            kind: row.kind,
            title: row.title,
            description: row.description,
            avatar: row.avatar,
            alias: row.alias,
            peer: peer.as_ref().map(user_view),
            role: member.role,
            state: member.state().unwrap_or(MemberState::Active),
            members: row.n_members,
            settings: row.settings,
            mute_until_ms: (member.mute_until_ms > 0).then_some(member.mute_until_ms),
            pinned: member.is_pinned.then_some(true),
            archived: member.is_archived.then_some(true),
            unread_from: member.unread_from,
            draft: member.draft,
            from_seq: member.from_seq,
            join_rev: member.join_rev,
            head,
        }
    }
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
    let found = ids.iter().filter_map(|id| Found::find(db, user, *id).transpose());
    found.map(|found| Ok(found?.conversation())).collect()
}

/// The heads of those conversations that are the user's, and the user's counter.
pub(in super::super) fn heads(
    db: &Connection,
    user: UserId,
    ids: &[ConversationId],
) -> Result<(Vec<Head>, u64)> {
    let user_rev = user_rev(db, user)?;
    let found = ids.iter().filter_map(|id| Found::find(db, user, *id).transpose());
    let heads = found.map(|found| Ok(found?.head())).collect::<Result<_>>()?;
    Ok((heads, user_rev))
}

/// How far one of a user's conversations is.
pub(super) fn head(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<Head>> {
    Ok(Found::find(db, user, conversation)?.map(|found| found.head()))
}
