//! Each conversation from its floor to its head: numbers without gaps, changes without gaps, and
//! mentions that fit the messages.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use voodoo_core::rows::{ConversationRow, MessageRow};
use voodoo_proto::UserId;
use voodoo_proto::event::HistoryEvent;
use voodoo_proto::object::Mentions;

use super::super::OpenError;
use super::super::codes::{json, opt_json, user_id};
use super::super::table;
use super::{Findings, place};

/// Conversations that are looked at before the next few are taken.
const FEW: usize = 64;

/// All conversations, of which threads take a few at a time.
pub(super) struct Timelines {
    ids: Vec<i64>,
    next: AtomicUsize,
}

/// What was found in the few that begin at a place.
pub(super) type Part = (usize, Findings);

/// The places of a message among the changes.
struct Line {
    seq: u64,
    rev: u64,
    mod_rev: u64,
}

/// Checks what is not of one conversation alone.
pub(super) fn check_members(db: &Connection, findings: &mut Findings) -> Result<(), OpenError> {
    findings.attempt(|findings| mentions(db, findings))?;
    findings.attempt(|findings| members(db, findings))?;
    Ok(())
}

impl Timelines {
    pub(super) fn read(db: &Connection, findings: &mut Findings) -> Result<Self, OpenError> {
        let ids = findings.attempt(|_| ids(db))?.unwrap_or_default();
        Ok(Self { ids, next: AtomicUsize::new(0) })
    }

    /// Checks conversations until all are taken, by this thread or another.
    pub(super) fn check(&self, db: &Connection) -> Result<Vec<Part>, OpenError> {
        let mut parts = Vec::new();
        loop {
            let from = self.next.fetch_add(FEW, Ordering::Relaxed);
            let Some(few) = self.ids.get(from..) else { return Ok(parts) };
            let mut findings = Findings::default();
            for id in few.iter().take(FEW) {
                findings.attempt(|findings| conversation(db, *id, findings))?;
            }
            parts.push((from, findings));
        }
    }
}

fn ids(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = db.prepare("SELECT conv_id FROM conversation")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Every membership can be read.
fn members(db: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut statement = db.prepare(&table::sql_of(&["SELECT ", table::MEMBER, " FROM member"]))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(error) = table::member_row(row) {
            findings.note("rows", &error.to_string(), place(row.get(0)?, row.get(1)?, None));
        }
    }
    Ok(())
}

fn conversation(db: &Connection, id: i64, findings: &mut Findings) -> rusqlite::Result<()> {
    let sql =
        table::sql_of(&["SELECT ", table::CONVERSATION, " FROM conversation WHERE conv_id = ?1"]);
    let row = db.prepare_cached(&sql)?.query_row([id], table::conversation_row).optional()?;
    // What was destroyed is removed bit by bit; its last bit perhaps since this was begun.
    let Some(row) = row.filter(|row| row.destroyed_ms.is_none()) else { return Ok(()) };
    let lines = messages(db, &row, findings)?;
    let touches = touches(db, &row)?;
    check_touches(&row, &lines, &touches, findings);
    check_revs(&row, &lines, &touches, &events(db, &row, findings)?, findings);
    Ok(())
}

fn at(row: &ConversationRow, number: u64) -> String {
    format!("{} #{number}", row.conversation)
}

/// Reads the messages in the order of their numbers.
fn messages(
    db: &Connection,
    row: &ConversationRow,
    findings: &mut Findings,
) -> rusqlite::Result<Vec<Line>> {
    let sql = table::sql_of(&[
        "SELECT ",
        table::MESSAGE,
        " FROM message WHERE conv_id = ?1 ORDER BY seq",
    ]);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([row.conversation.get()])?;
    let mut called = Called::new(db)?;
    let (mut lines, mut before) = (Vec::<Line>::new(), row.floor_seq);
    while let Some(found) = rows.next()? {
        let message = match table::message_row(found) {
            Ok(message) => message,
            Err(error) => {
                findings.note("rows", &error.to_string(), at(row, found.get(1)?));
                continue;
            }
        };
        let line = Line { seq: message.seq, rev: message.rev, mod_rev: message.mod_rev };
        if line.seq > row.floor_seq {
            if line.seq != before + 1 {
                let words = "messages are missing before this one";
                findings.note("gaps", words, at(row, line.seq));
            }
            before = line.seq;
            called.check(row, &message, findings)?;
        }
        let is_in_order = lines.last().is_none_or(|last| last.rev < line.rev);
        if !is_in_order || line.mod_rev < line.rev || line.rev > row.last_rev {
            let words = "the change of a message does not fit its place";
            findings.note("order", words, at(row, line.seq));
        }
        if message.reply_to.is_some_and(|seq| seq >= line.seq) {
            findings.note("order", "an answer to a message that came later", at(row, line.seq));
        }
        lines.push(line);
    }
    if before != row.last_seq {
        let words = "last_seq is not the number of the newest message";
        findings.note("counters", words, at(row, row.last_seq));
    }
    Ok(lines)
}

/// Which change touched which message.
fn touches(db: &Connection, row: &ConversationRow) -> rusqlite::Result<BTreeMap<u64, u64>> {
    let mut statement = db.prepare_cached("SELECT mod_rev, seq FROM touched WHERE conv_id = ?1")?;
    let rows = statement.query_map([row.conversation.get()], |row| Ok((row.get(0)?, row.get(1)?)));
    rows?.collect()
}

fn events(
    db: &Connection,
    row: &ConversationRow,
    findings: &mut Findings,
) -> rusqlite::Result<Vec<u64>> {
    let mut statement =
        db.prepare_cached("SELECT rev, body FROM conv_event WHERE conv_id = ?1 ORDER BY rev")?;
    let mut rows = statement.query([row.conversation.get()])?;
    let mut revs = Vec::new();
    while let Some(found) = rows.next()? {
        let rev: u64 = found.get(0)?;
        match json::<HistoryEvent>(found, 1) {
            Ok(event) if event.rev() == rev => {}
            Ok(_) => findings.note("order", "an event stands at another change", at(row, rev)),
            Err(error) => findings.note("rows", &error.to_string(), at(row, rev)),
        }
        revs.push(rev);
    }
    Ok(revs)
}

/// The newest change of each message is noted, and what is noted is a change of that message.
fn check_touches(
    row: &ConversationRow,
    lines: &[Line],
    touches: &BTreeMap<u64, u64>,
    findings: &mut Findings,
) {
    for (mod_rev, seq) in touches {
        let found = lines.binary_search_by_key(seq, |line| line.seq).map(|index| &lines[index]);
        let is_known = found.is_ok_and(|line| line.rev < *mod_rev && *mod_rev <= line.mod_rev);
        if !is_known {
            findings.note(
                "order",
                "a change is noted that its message does not know",
                at(row, *seq),
            );
        }
    }
    for line in lines.iter().filter(|line| line.seq > row.floor_seq) {
        if line.mod_rev > line.rev && touches.get(&line.mod_rev) != Some(&line.seq) {
            findings.note(
                "order",
                "the newest change of a message is not noted",
                at(row, line.seq),
            );
        }
    }
}

/// Every change above the floor was given once and is there, but for those that a later change of
/// the same message replaced.
fn check_revs(
    row: &ConversationRow,
    lines: &[Line],
    touches: &BTreeMap<u64, u64>,
    events: &[u64],
    findings: &mut Findings,
) {
    let made = lines.iter().map(|line| line.rev);
    let mut revs: Vec<u64> =
        made.chain(touches.keys().copied()).chain(events.iter().copied()).collect();
    revs.sort_unstable();
    let (mut before, mut lines, mut newest_mod) = (0, lines.iter().peekable(), 0);
    // One more than the last, so that a gap at the end is seen as any other.
    for rev in revs.into_iter().chain([row.last_rev + 1]) {
        if rev == before || rev > row.last_rev + 1 {
            let words = "a change was given twice, or is beyond last_rev";
            findings.note("gaps", words, at(row, rev));
            continue;
        }
        while let Some(line) = lines.next_if(|line| line.rev <= before) {
            newest_mod = newest_mod.max(line.mod_rev);
        }
        let first_missing = before.max(row.floor_rev) + 1;
        // No message was made in between, so that whoever explains the last explains all.
        if first_missing < rev && newest_mod < rev {
            let words = "changes are missing before this one";
            findings.note("gaps", words, at(row, rev));
        }
        before = rev;
    }
}

/// Whether those whom a message calls have it counted.
struct Called<'d> {
    member: CachedStatement<'d>,
    mention: CachedStatement<'d>,
}

impl<'d> Called<'d> {
    fn new(db: &'d Connection) -> rusqlite::Result<Self> {
        // Whoever left since, or came later, has nothing counted.
        let member = "SELECT 1 FROM member
            WHERE conv_id = ?1 AND user_id = ?2 AND standing >= 2 AND join_rev < ?3";
        let mention = "SELECT 1 FROM mention WHERE user_id = ?1 AND conv_id = ?2 AND seq = ?3";
        Ok(Self { member: db.prepare_cached(member)?, mention: db.prepare_cached(mention)? })
    }

    fn check(
        &mut self,
        row: &ConversationRow,
        message: &MessageRow,
        findings: &mut Findings,
    ) -> rusqlite::Result<()> {
        let users = message.mentions.as_ref().and_then(|mentions| mentions.users.as_deref());
        for user in users.unwrap_or_default() {
            let (id, number) = (row.conversation.get(), user.get());
            if *user != message.sender
                && self.member.exists(params![id, number, message.rev])?
                && !self.mention.exists(params![number, id, message.seq])?
            {
                let place = format!("{} {user} #{}", row.conversation, message.seq);
                findings.note("mentions", "a member who is called has no mention", place);
            }
        }
        Ok(())
    }
}

/// Each mention is in its message.
fn mentions(db: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let sql = "SELECT m.conv_id, m.user_id, m.seq, g.mentions FROM mention m
        JOIN message g ON g.conv_id = m.conv_id AND g.seq = m.seq";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let user: UserId = user_id(row, 1)?;
        let called: Option<Mentions> = opt_json(row, 3)?;
        let users = called.and_then(|mentions| mentions.users).unwrap_or_default();
        if !users.contains(&user) {
            let place = place(row.get(0)?, row.get(1)?, row.get(2)?);
            findings.note("mentions", "a mention of a user whom the message does not call", place);
        }
    }
    Ok(())
}
