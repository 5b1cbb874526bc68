//! Retention: what has to go is found by the readers and removed by the writer, in slices.

use async_trait::async_trait;
use rusqlite::{CachedStatement, Connection, params};
use voodoo_core::Fault;
use voodoo_core::retention::{Due, Retention, Terms};
use voodoo_core::rows::Rows as _;
use voodoo_core::store::Result;
use voodoo_proto::object::Mentions;
use voodoo_proto::{ConversationId, UserId};

use super::SqliteStore;
use super::codes::{conversation_id, json, opt_json};
use super::rows::Tx;
use super::table::sql_of;

/// Conversations that one reading looks at.
const N_LOOKED_AT: usize = 1_000;

#[async_trait]
impl Retention for SqliteStore {
    async fn due(&self, after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Result<Due> {
        self.readers.read(move |db| due(db, after, &terms, now_ms)).await
    }

    async fn prune(&self, conversation: ConversationId, terms: Terms, now_ms: u64) -> Result<bool> {
        self.writer.write(terms.slice_rows, move |tx| prune(tx, conversation, &terms, now_ms)).await
    }

    async fn forget_names(&self, terms: Terms, now_ms: u64) -> Result<bool> {
        let name_ms = u64::try_from(terms.name.as_millis()).unwrap_or(u64::MAX);
        let cutoff_ms = now_ms.saturating_sub(name_ms);
        self.writer
            .write(terms.slice_rows, move |tx| {
                let sql = "DELETE FROM sent_name WHERE (client_id, sender_id, conv_id) IN
                    (SELECT client_id, sender_id, conv_id FROM sent_name
                      WHERE removed_ms <= ?1 LIMIT ?2)";
                let n = prepare(tx.db, sql)?.execute(params![cutoff_ms, terms.slice_rows]);
                Ok(n.map_err(Fault::new)? >= terms.slice_rows)
            })
            .await
    }
}

fn prepare<'d>(db: &'d Connection, sql: &str) -> std::result::Result<CachedStatement<'d>, Fault> {
    db.prepare_cached(sql).map_err(Fault::new)
}

/// What the search for work sees of a conversation.
struct Looked {
    conversation: ConversationId,
    destroyed_ms: Option<u64>,
    retention_days: u32,
    floor_seq: u64,
    last_seq: u64,
}

fn due(db: &Connection, after: Option<ConversationId>, terms: &Terms, now_ms: u64) -> Result<Due> {
    let sql = "SELECT conv_id, destroyed_ms, settings, floor_seq, last_seq FROM conversation
        WHERE conv_id > ?1 ORDER BY conv_id LIMIT ?2";
    let mut statement = prepare(db, sql)?;
    let after = after.map_or(0, ConversationId::get);
    let looked = statement.query_map(params![after, N_LOOKED_AT], |row| {
        let settings: voodoo_proto::object::Settings = json(row, 2)?;
        Ok(Looked {
            conversation: conversation_id(row, 0)?,
            destroyed_ms: row.get(1)?,
            retention_days: settings.retention_days,
            floor_seq: row.get(3)?,
            last_seq: row.get(4)?,
        })
    });
    let looked: Vec<Looked> =
        looked.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?;
    let is_last = looked.len() < N_LOOKED_AT;
    let next = looked.last().map(|last| last.conversation).filter(|_| !is_last);
    let mut due = Due { next, ..Due::default() };
    for one in looked {
        if let Some(at_ms) = one.destroyed_ms {
            if at_ms <= terms.destroyed_cutoff_ms(now_ms) {
                due.rows.push(one.conversation);
            }
            continue;
        }
        if one.floor_seq > 0 && has_message(db, one.conversation, one.floor_seq)? {
            due.rows.push(one.conversation);
        }
        if let Some(cutoff_ms) = terms.cutoff_ms(one.retention_days, now_ms) {
            let floor_seq = newest_before(db, &one, cutoff_ms)?;
            due.floors.extend(floor_seq.map(|floor_seq| (one.conversation, floor_seq)));
        }
    }
    Ok(due)
}

/// Whether the message at the floor is there; it goes last.
fn has_message(db: &Connection, conversation: ConversationId, seq: u64) -> Result<bool> {
    let mut statement = prepare(db, "SELECT 1 FROM message WHERE conv_id = ?1 AND seq = ?2")?;
    Ok(statement.exists(params![conversation.get(), seq]).map_err(Fault::new)?)
}

/// The newest message up to a time, above the floor: times grow with numbers but for the odd
/// second, so it is found by halving.
fn newest_before(db: &Connection, one: &Looked, cutoff_ms: u64) -> Result<Option<u64>> {
    let mut statement = prepare(db, "SELECT at_ms FROM message WHERE conv_id = ?1 AND seq = ?2")?;
    let (mut low, mut high) = (one.floor_seq + 1, one.last_seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let keys = params![one.conversation.get(), middle];
        let at_ms: u64 = statement.query_row(keys, |row| row.get(0)).map_err(Fault::new)?;
        if at_ms > cutoff_ms {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(Some(low - 1).filter(|seq| *seq > one.floor_seq))
}

fn prune(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    terms: &Terms,
    now_ms: u64,
) -> Result<bool> {
    let Some(row) = tx.conversation(conversation)? else { return Ok(false) };
    let is_over = row.destroyed_ms.is_some_and(|at| at <= terms.destroyed_cutoff_ms(now_ms));
    if row.destroyed_ms.is_some() && !is_over {
        return Ok(false);
    }
    let mut slice = Slice { db: tx.db, conversation, n_left: terms.slice_rows.max(1) };
    if row.destroyed_ms.is_none() {
        let Some(at_floor) = tx.message(conversation, row.floor_seq)? else { return Ok(false) };
        slice.events(at_floor.rev)?;
        slice.touches(row.floor_seq)?;
        slice.messages(row.floor_seq, Some(now_ms))?;
        return Ok(slice.is_full());
    }
    slice.events(row.last_rev)?;
    slice.touches(row.last_seq)?;
    slice.messages(row.last_seq, None)?;
    slice.members()?;
    if slice.is_full() {
        return Ok(true);
    }
    slice.itself()?;
    tx.forget_conversation(conversation);
    Ok(false)
}

/// The rows that one transaction may still remove.
struct Slice<'d> {
    db: &'d Connection,
    conversation: ConversationId,
    n_left: usize,
}

/// What has to be known of a message to remove all that belongs to it.
struct Going {
    message_id: i64,
    seq: u64,
    mentions: Option<Mentions>,
    has_reactions: bool,
}

impl Slice<'_> {
    fn is_full(&self) -> bool {
        self.n_left == 0
    }

    /// Removes what the statement finds by the conversation, a bound and how many at most.
    fn remove(&mut self, table: &str, key: &str, condition: &str, bound: u64) -> Result<()> {
        if self.is_full() {
            return Ok(());
        }
        let sql = sql_of(&[
            "DELETE FROM ",
            table,
            " WHERE conv_id = ?1 AND ",
            key,
            " IN (SELECT ",
            key,
            " FROM ",
            table,
            " WHERE conv_id = ?1 AND ",
            condition,
            " <= ?2 LIMIT ?3)",
        ]);
        let keys = params![self.conversation.get(), bound, self.n_left];
        let n = prepare(self.db, &sql)?.execute(keys).map_err(Fault::new)?;
        self.n_left = self.n_left.saturating_sub(n);
        Ok(())
    }

    fn events(&mut self, up_to_rev: u64) -> Result<()> {
        self.remove("conv_event", "rev", "rev", up_to_rev)
    }

    fn touches(&mut self, up_to_seq: u64) -> Result<()> {
        self.remove("touched", "mod_rev", "seq", up_to_seq)
    }

    fn members(&mut self) -> Result<()> {
        self.remove("member", "user_id", "user_id", u64::try_from(i64::MAX).unwrap_or(0))
    }

    /// Removes the oldest messages with their reactions and mentions; `kept_ms` says that their
    /// names are kept, and from when.
    fn messages(&mut self, up_to_seq: u64, kept_ms: Option<u64>) -> Result<()> {
        if self.is_full() {
            return Ok(());
        }
        let going = self.going(up_to_seq)?;
        self.n_left = self.n_left.saturating_sub(going.len());
        for one in going {
            if let Some(kept_ms) = kept_ms {
                let sql = "INSERT OR IGNORE INTO sent_name
                    SELECT client_id, sender_id, conv_id, seq, rev, at_ms, ?2 FROM message
                    WHERE message_id = ?1";
                self.execute(sql, params![one.message_id, kept_ms])?;
            }
            let (place, seq) = (self.conversation.get(), one.seq);
            if one.has_reactions {
                let sql = "DELETE FROM reaction WHERE conv_id = ?1 AND seq = ?2";
                self.execute(sql, params![place, seq])?;
            }
            let mentioned = one.mentions.and_then(|mentions| mentions.users).unwrap_or_default();
            for user in mentioned {
                self.mention(user, seq)?;
            }
            self.execute("DELETE FROM message WHERE message_id = ?1", [one.message_id])?;
        }
        Ok(())
    }

    fn mention(&self, user: UserId, seq: u64) -> Result<()> {
        let sql = "DELETE FROM mention WHERE user_id = ?1 AND conv_id = ?2 AND seq = ?3";
        self.execute(sql, params![user.get(), self.conversation.get(), seq])
    }

    fn going(&self, up_to_seq: u64) -> Result<Vec<Going>> {
        let sql = "SELECT message_id, seq, mentions, reactions IS NOT NULL FROM message
            WHERE conv_id = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
        let mut statement = prepare(self.db, sql)?;
        let keys = params![self.conversation.get(), up_to_seq, self.n_left];
        let going = statement.query_map(keys, |row| {
            Ok(Going {
                message_id: row.get(0)?,
                seq: row.get(1)?,
                mentions: opt_json(row, 2)?,
                has_reactions: row.get(3)?,
            })
        });
        Ok(going.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
    }

    /// Removes the conversation itself, once nothing else of it is left.
    fn itself(&self) -> Result<()> {
        let place = self.conversation.get();
        self.execute("DELETE FROM invite WHERE conv_id = ?1", [place])?;
        self.execute("DELETE FROM conversation WHERE conv_id = ?1", [place])
    }

    fn execute(&self, sql: &str, keys: impl rusqlite::Params) -> Result<()> {
        Ok(prepare(self.db, sql)?.execute(keys).map(drop).map_err(Fault::new)?)
    }
}
