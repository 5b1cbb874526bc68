//! The rows of one transaction: users, conversations and members are kept in memory and written
//! once at the end, so that many messages to one conversation cost one update of its row.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use rusqlite::{Connection, OptionalExtension as _, params};
use voodoo_core::Fault;
use voodoo_core::apply::Rules;
use voodoo_core::rows::{
    ConversationRow, InviteRow, MemberRow, MessageRow, Placed, ReactionKey, Rows, UserRow,
};
use voodoo_proto::event::HistoryEvent;
use voodoo_proto::{ClientId, ConversationId, UserId};

use super::codes::{IS_IN, code, conversation_id, invite_id, to_json, user_id};
use super::table;

/// Rows of one kind kept from one transaction to the next, at most.
const MAX_KEPT: usize = 100_000;

/// Rows of one kind, and which of them are not written yet.
struct Kept<K, R> {
    rows: HashMap<K, R>,
    unwritten: HashSet<K>,
}

impl<K, R> Default for Kept<K, R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), unwritten: HashSet::new() }
    }
}

impl<K: Copy + Eq + Hash, R: Clone> Kept<K, R> {
    /// The row as it stands in this transaction.
    fn get(
        &mut self,
        key: K,
        find: impl FnOnce() -> Result<Option<R>, Fault>,
    ) -> Result<Option<R>, Fault> {
        if let Some(row) = self.rows.get(&key) {
            return Ok(Some(row.clone()));
        }
        let found = find()?;
        if let Some(row) = &found {
            self.rows.insert(key, row.clone());
        }
        Ok(found)
    }

    fn put_later(&mut self, key: K, row: R) {
        self.rows.insert(key, row);
        self.unwritten.insert(key);
    }

    fn write(&mut self, mut write: impl FnMut(&R) -> Result<(), Fault>) -> Result<(), Fault> {
        for key in self.unwritten.drain() {
            if let Some(row) = self.rows.get(&key) {
                write(row)?;
            }
        }
        if self.rows.len() > MAX_KEPT {
            self.rows.clear();
        }
        Ok(())
    }
}

/// What is kept from one transaction to the next: the writer is the only one who writes.
#[derive(Default)]
pub(super) struct Cache {
    users: Kept<UserId, UserRow>,
    conversations: Kept<ConversationId, ConversationRow>,
    members: Kept<(ConversationId, UserId), MemberRow>,
}

impl Cache {
    /// Forgets everything, after a transaction that was undone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A transaction under way.
pub(super) struct Tx<'t> {
    pub(super) db: &'t Connection,
    cache: &'t mut Cache,
    pub(super) rules: &'t Rules,
}

impl<'t> Tx<'t> {
    pub(super) fn new(db: &'t Connection, cache: &'t mut Cache, rules: &'t Rules) -> Self {
        Self { db, cache, rules }
    }

    /// Writes what was put and not yet written; statements of other tables see it afterwards.
    pub(super) fn flush(&mut self) -> Result<(), Fault> {
        let db = self.db;
        self.cache.users.write(|row| table::update_user(db, row))?;
        self.cache.conversations.write(|row| table::update_counters(db, row))?;
        self.cache.members.write(|row| table::put_member(db, row))
    }

    /// Forgets a user whose row was written by a statement of its own.
    pub(super) fn forget_user(&mut self, user: UserId) {
        self.cache.users.rows.remove(&user);
        self.cache.users.unwritten.remove(&user);
    }

    /// Forgets a conversation whose rows were removed.
    pub(super) fn forget_conversation(&mut self, conversation: ConversationId) {
        self.cache.conversations.rows.remove(&conversation);
        self.cache.conversations.unwritten.remove(&conversation);
        self.cache.members.rows.retain(|(place, _), _| *place != conversation);
        self.cache.members.unwritten.retain(|(place, _)| *place != conversation);
    }

    /// Does something that may refuse after it has put: what was put is then undone.
    pub(super) fn all_or_nothing<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> voodoo_core::store::Result<T>,
    ) -> voodoo_core::store::Result<T> {
        self.flush()?;
        self.db.execute_batch("SAVEPOINT step").map_err(Fault::new)?;
        let result = work(self).and_then(|done| {
            self.flush()?;
            Ok(done)
        });
        if result.is_err() {
            self.cache.clear();
            self.db.execute_batch("ROLLBACK TO step").map_err(Fault::new)?;
        }
        self.db.execute_batch("RELEASE step").map_err(Fault::new)?;
        result
    }

    /// One id by a unique key.
    fn conversation_by(
        &self,
        condition: &str,
        keys: impl rusqlite::Params,
    ) -> Result<Option<ConversationId>, Fault> {
        let sql = table::sql_of(&["SELECT conv_id FROM conversation WHERE ", condition]);
        let mut statement = self.db.prepare_cached(&sql).map_err(Fault::new)?;
        statement.query_row(keys, |row| conversation_id(row, 0)).optional().map_err(Fault::new)
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Fault> {
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        statement.execute(values).map(drop).map_err(Fault::new)
    }
}

/// Whether only what sending moves differs.
fn is_counted_only(new: &ConversationRow, old: &ConversationRow) -> bool {
    let as_before = ConversationRow {
        last_seq: old.last_seq,
        last_rev: old.last_rev,
        last_ms: old.last_ms,
        change_ms: old.change_ms,
        all_mention_seq: old.all_mention_seq,
        n_members: old.n_members,
        n_owners: old.n_owners,
        ..new.clone()
    };
    as_before == *old
}

impl Rows for Tx<'_> {
    fn user(&mut self, user: UserId) -> Result<Option<UserRow>, Fault> {
        let db = self.db;
        self.cache.users.get(user, || table::find_user(db, user))
    }

    fn is_handle_alike(&mut self, handle: &str) -> Result<bool, Fault> {
        table::is_handle_alike(self.db, handle)
    }

    fn admins(&mut self) -> Result<Vec<UserRow>, Fault> {
        let mut admins = Vec::new();
        for user in table::admins(self.db)? {
            admins.extend(self.user(user)?);
        }
        Ok(admins)
    }

    fn put_user(&mut self, row: UserRow) -> Result<(), Fault> {
        self.cache.users.put_later(row.user, row);
        Ok(())
    }

    fn new_conversation(&mut self) -> Result<ConversationId, Fault> {
        // AUTOINCREMENT never gives a number twice; the row takes its number when it is put.
        self.execute(
            "INSERT INTO sqlite_sequence(name, seq) SELECT 'conversation', 0
             WHERE NOT EXISTS(SELECT 1 FROM sqlite_sequence WHERE name = 'conversation')",
            [],
        )?;
        let sql =
            "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'conversation' RETURNING seq";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        statement.query_row([], |row| conversation_id(row, 0)).map_err(Fault::new)
    }

    fn conversation(
        &mut self,
        conversation: ConversationId,
    ) -> Result<Option<ConversationRow>, Fault> {
        let db = self.db;
        self.cache.conversations.get(conversation, || table::find_conversation(db, conversation))
    }

    fn put_conversation(&mut self, row: ConversationRow) -> Result<(), Fault> {
        let id = row.conversation;
        let known = self.conversation(id)?;
        if known.is_some_and(|known| is_counted_only(&row, &known)) {
            self.cache.conversations.put_later(id, row);
            return Ok(());
        }
        table::insert_conversation(self.db, &row)?;
        self.cache.conversations.unwritten.remove(&id);
        self.cache.conversations.rows.insert(id, row);
        Ok(())
    }

    fn n_conversations(&mut self, user: UserId) -> Result<u64, Fault> {
        self.flush()?;
        let sql = table::sql_of(&[
            "SELECT COUNT(*) FROM member m JOIN conversation c USING(conv_id)
              WHERE m.user_id = ?1 AND c.destroyed_ms IS NULL AND m.",
            IS_IN,
        ]);
        let mut statement = self.db.prepare_cached(&sql).map_err(Fault::new)?;
        statement.query_row([user.get()], |row| row.get(0)).map_err(Fault::new)
    }

    fn created(
        &mut self,
        creator: UserId,
        client_id: ClientId,
    ) -> Result<Option<ConversationId>, Fault> {
        let keys = params![creator.get(), client_id.as_bytes()];
        self.conversation_by("creator_id = ?1 AND client_id = ?2", keys)
    }

    fn direct(&mut self, pair: (UserId, UserId)) -> Result<Option<ConversationId>, Fault> {
        self.conversation_by("low_id = ?1 AND high_id = ?2", [pair.0.get(), pair.1.get()])
    }

    fn alias(&mut self, alias: &str) -> Result<Option<ConversationId>, Fault> {
        self.conversation_by("alias = ?1", [alias])
    }

    fn member(
        &mut self,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<MemberRow>, Fault> {
        let db = self.db;
        self.cache.members.get((conversation, user), || table::find_member(db, conversation, user))
    }

    fn put_member(&mut self, row: MemberRow) -> Result<(), Fault> {
        self.cache.members.put_later((row.conversation, row.user), row);
        Ok(())
    }

    fn share_conversation(&mut self, one: UserId, other: UserId) -> Result<bool, Fault> {
        self.flush()?;
        table::share_conversation(self.db, one, other)
    }

    fn sent(
        &mut self,
        conversation: ConversationId,
        sender: UserId,
        client_id: ClientId,
    ) -> Result<Option<Placed>, Fault> {
        #[cfg(feature = "broken")]
        if super::broken::forgets_names(self.db).map_err(Fault::new)? {
            return Ok(None);
        }
        let sql = "SELECT seq, rev, at_ms FROM message
            WHERE client_id = ?1 AND sender_id = ?2 AND conv_id = ?3
            UNION ALL SELECT seq, rev, at_ms FROM sent_name
            WHERE client_id = ?1 AND sender_id = ?2 AND conv_id = ?3";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        let keys = params![client_id.as_bytes(), sender.get(), conversation.get()];
        let placed = statement.query_row(keys, |row| {
            Ok(Placed { seq: row.get(0)?, rev: row.get(1)?, at_ms: row.get(2)? })
        });
        placed.optional().map_err(Fault::new)
    }

    fn message(
        &mut self,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Option<MessageRow>, Fault> {
        table::find_message(self.db, conversation, seq)
    }

    fn insert_message(&mut self, row: MessageRow) -> Result<(), Fault> {
        let sql =
            "INSERT INTO message(conv_id, seq, rev, mod_rev, sender_id, client_id, at_ms, text,
            reply_to, flags, mentions, edits, reactions)
            VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,0,NULL)";
        self.execute(
            sql,
            params![
                row.conversation.get(),
                row.seq,
                row.rev,
                row.mod_rev,
                row.sender.get(),
                row.client_id.as_bytes(),
                row.at_ms,
                table::text(row.body.as_ref())?,
                row.reply_to,
                table::flags(&row),
                row.mentions.as_ref().map(to_json).transpose()?,
            ],
        )
    }

    fn put_message(&mut self, row: MessageRow) -> Result<(), Fault> {
        let reactions =
            if row.reactions.is_empty() { None } else { Some(to_json(&row.reactions)?) };
        let sql =
            "UPDATE message SET mod_rev = ?3, text = ?4, flags = ?5, edits = ?6, reactions = ?7
            WHERE conv_id = ?1 AND seq = ?2";
        let superseded = "DELETE FROM touched WHERE conv_id = ?1 AND mod_rev =
            (SELECT mod_rev FROM message WHERE conv_id = ?1 AND seq = ?2)";
        self.execute(superseded, params![row.conversation.get(), row.seq])?;
        self.execute(
            sql,
            params![
                row.conversation.get(),
                row.seq,
                row.mod_rev,
                table::text(row.body.as_ref())?,
                table::flags(&row),
                row.edits,
                reactions,
            ],
        )?;
        if row.mod_rev == row.rev {
            return Ok(());
        }
        let sql = "INSERT OR IGNORE INTO touched(conv_id, mod_rev, seq) VALUES(?1, ?2, ?3)";
        self.execute(sql, params![row.conversation.get(), row.mod_rev, row.seq])
    }

    fn newest_touch(
        &mut self,
        conversation: ConversationId,
        up_to_seq: u64,
    ) -> Result<Option<u64>, Fault> {
        let sql = "SELECT mod_rev FROM touched WHERE conv_id = ?1 AND seq <= ?2
            ORDER BY mod_rev DESC LIMIT 1";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        let keys = params![conversation.get(), up_to_seq];
        statement.query_row(keys, |row| row.get(0)).optional().map_err(Fault::new)
    }

    fn insert_mention(
        &mut self,
        conversation: ConversationId,
        seq: u64,
        user: UserId,
    ) -> Result<(), Fault> {
        let sql = "INSERT OR IGNORE INTO mention(user_id, conv_id, seq) VALUES(?1, ?2, ?3)";
        self.execute(sql, params![user.get(), conversation.get(), seq])
    }

    fn n_mentions(
        &mut self,
        conversation: ConversationId,
        user: UserId,
        read_seq: u64,
    ) -> Result<u64, Fault> {
        table::n_mentions(self.db, conversation, user, read_seq)
    }

    fn clear_mentions(&mut self, conversation: ConversationId, user: UserId) -> Result<(), Fault> {
        let sql = "DELETE FROM mention WHERE user_id = ?1 AND conv_id = ?2";
        self.execute(sql, [user.get(), conversation.get()])
    }

    fn insert_event(
        &mut self,
        conversation: ConversationId,
        event: HistoryEvent,
    ) -> Result<(), Fault> {
        let at_ms = match &event {
            HistoryEvent::Membership(event) => event.at_ms,
            HistoryEvent::Updated(event) => event.at_ms,
            HistoryEvent::Floored(event) => event.at_ms,
        };
        let sql = "INSERT INTO conv_event(conv_id, rev, at_ms, body) VALUES(?1, ?2, ?3, ?4)";
        self.execute(sql, params![conversation.get(), event.rev(), at_ms, to_json(&event)?])
    }

    fn has_reaction(&mut self, key: &ReactionKey<'_>) -> Result<bool, Fault> {
        let sql = "SELECT EXISTS(SELECT 1 FROM reaction
            WHERE conv_id = ?1 AND seq = ?2 AND emoji = ?3 AND user_id = ?4)";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        let keys = params![key.conversation.get(), key.seq, key.emoji, key.user.get()];
        statement.query_row(keys, |row| row.get(0)).map_err(Fault::new)
    }

    fn set_reaction(&mut self, key: &ReactionKey<'_>, on: bool) -> Result<(), Fault> {
        let sql = match on {
            true => {
                "INSERT OR IGNORE INTO reaction(conv_id, seq, emoji, user_id) VALUES(?1, ?2, ?3, ?4)"
            }
            false => {
                "DELETE FROM reaction WHERE conv_id = ?1 AND seq = ?2 AND emoji = ?3 AND user_id = ?4"
            }
        };
        self.execute(sql, params![key.conversation.get(), key.seq, key.emoji, key.user.get()])
    }

    fn clear_reactions(&mut self, conversation: ConversationId, seq: u64) -> Result<(), Fault> {
        let sql = "DELETE FROM reaction WHERE conv_id = ?1 AND seq = ?2";
        self.execute(sql, params![conversation.get(), seq])
    }

    fn invite(&mut self, hash: [u8; 32], now_ms: u64) -> Result<Option<InviteRow>, Fault> {
        let sql = "SELECT invite_id, by_id, conv_id, role, uses_left FROM invite
            WHERE code_hash = ?1 AND expires_ms > ?2 AND (uses_left IS NULL OR uses_left > 0)";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        let found = statement.query_row(params![hash, now_ms], |row| {
            let conversation = match row.get::<_, Option<i64>>(2)? {
                Some(_) => Some((conversation_id(row, 2)?, code(row, 3)?)),
                None => None,
            };
            Ok(InviteRow {
                invite: invite_id(row, 0)?,
                by: user_id(row, 1)?,
                conversation,
                uses_left: row.get(4)?,
            })
        });
        found.optional().map_err(Fault::new)
    }

    fn put_invite(&mut self, row: InviteRow) -> Result<(), Fault> {
        let sql = "UPDATE invite SET uses_left = ?2 WHERE invite_id = ?1";
        self.execute(sql, params![row.invite.get(), row.uses_left])
    }

    fn is_blocked(&mut self, user: UserId, blocked: UserId) -> Result<bool, Fault> {
        let sql = "SELECT EXISTS(SELECT 1 FROM block WHERE user_id = ?1 AND blocked_id = ?2)";
        let mut statement = self.db.prepare_cached(sql).map_err(Fault::new)?;
        statement.query_row([user.get(), blocked.get()], |row| row.get(0)).map_err(Fault::new)
    }

    fn set_block(&mut self, user: UserId, blocked: UserId, on: bool) -> Result<(), Fault> {
        let sql = match on {
            true => "INSERT OR IGNORE INTO block(user_id, blocked_id) VALUES(?1, ?2)",
            false => "DELETE FROM block WHERE user_id = ?1 AND blocked_id = ?2",
        };
        self.execute(sql, [user.get(), blocked.get()])
    }

    fn blocked(&mut self, user: UserId) -> Result<Vec<UserId>, Fault> {
        table::blocked(self.db, user)
    }
}
