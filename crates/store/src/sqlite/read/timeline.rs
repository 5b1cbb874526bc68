//! Pages of messages and events: by place, and by change.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use rusqlite::{CachedStatement, Connection, params};
use voodoo_core::apply::message as message_view;
use voodoo_core::rows::{ConversationRow, MemberRow, MessageRow};
use voodoo_core::store::{Around, PageSize, Result};
use voodoo_core::{Fault, Refusal};
use voodoo_proto::event::HistoryEvent;
use voodoo_proto::object::{Message, UserRef};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ConversationId, UserId};

use super::super::codes::json;
use super::super::table;
use super::whole::{head, pair};

/// Events of one page, at most, the newest.
const MAX_EVENTS: usize = 300;
/// JSON of a message beside its text, about.
const MESSAGE_BYTES: usize = 300;

/// A conversation as one member may read it.
struct View<'d> {
    db: &'d Connection,
    row: ConversationRow,
    member: MemberRow,
    /// Events below lie under the floor and are hidden, whether they were removed yet or not.
    floor_rev: u64,
}

impl<'d> View<'d> {
    fn open(db: &'d Connection, user: UserId, conversation: ConversationId) -> Result<Self> {
        let (row, member) = pair(db, user, conversation)?.ok_or_else(Refusal::not_found)?;
        // The message at the floor goes last of all that lies below.
        let at_floor = table::find_message(db, conversation, row.floor_seq)?;
        let floor_rev = at_floor.map_or(0, |message| message.rev + 1);
        Ok(Self { db, row, member, floor_rev })
    }

    fn id(&self) -> i64 {
        self.row.conversation.get()
    }

    /// The first message that the member may read.
    fn first_seq(&self) -> u64 {
        self.member.from_seq.max(self.row.floor_seq + 1)
    }

    /// The first change whose event the member may read.
    fn first_rev(&self) -> u64 {
        let joined = if self.member.from_seq > 1 { self.member.join_rev } else { 0 };
        joined.max(self.floor_rev)
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'d>> {
        Ok(self.db.prepare_cached(sql).map_err(Fault::new)?)
    }

    /// Up to `n` messages from `from` to `to`, the nearest to one end first.
    fn messages(&self, from: u64, to: u64, order: &str, n: usize) -> Result<Vec<MessageRow>> {
        let sql = table::sql_of(&[
            "SELECT ",
            table::MESSAGE,
            " FROM message WHERE conv_id = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq ",
            order,
            " LIMIT ?4",
        ]);
        let mut statement = self.prepare(&sql)?;
        let rows = statement
            .query_map(params![self.id(), from, to, n], table::message_row)
            .map_err(Fault::new)?;
        Ok(rows.collect::<rusqlite::Result<_>>().map_err(Fault::new)?)
    }

    /// What stands behind each of some messages that lie side by side, by the message's `rev`; the
    /// first of all messages has what came before it too.
    fn between(&self, rows: &[MessageRow]) -> Result<HashMap<u64, Between>> {
        let mut between = HashMap::new();
        let oldest = rows.iter().min_by_key(|row| row.seq);
        let newest = rows.iter().max_by_key(|row| row.seq);
        let (Some(oldest), Some(newest)) = (oldest, newest) else { return Ok(between) };
        let mut revs: Vec<u64> = rows.iter().map(|row| row.rev).collect();
        revs.sort_unstable();
        let from = if oldest.seq > self.first_seq() { oldest.rev } else { 0 };
        let to = self.last_rev_before_next(newest)?;
        let sql = "SELECT rev, length(CAST(body AS BLOB)) FROM conv_event
            WHERE conv_id = ?1 AND rev BETWEEN ?2 AND ?3";
        let mut statement = self.prepare(sql)?;
        let keys = params![self.id(), from.max(self.first_rev()), to];
        let mut events = statement.query(keys).map_err(Fault::new)?;
        while let Some(event) = events.next().map_err(Fault::new)? {
            let rev: u64 = event.get(0).map_err(Fault::new)?;
            let at = revs.partition_point(|one| *one <= rev).saturating_sub(1);
            let beside: &mut Between = between.entry(revs[at]).or_default();
            beside.n_events += 1;
            beside.n_bytes += event.get::<_, usize>(1).map_err(Fault::new)?;
        }
        Ok(between)
    }

    /// The change before the message after that one, or the newest change.
    fn last_rev_before_next(&self, row: &MessageRow) -> Result<u64> {
        let next = self.messages(row.seq + 1, self.row.last_seq, "ASC", 1)?.pop();
        Ok(next.map_or(self.row.last_rev, |next| next.rev - 1))
    }

    /// Events from one change up to another, the newest of them that fit.
    fn events(&self, from: u64, to: u64, n_bytes: usize) -> Result<Vec<HistoryEvent>> {
        let sql = "SELECT body FROM conv_event WHERE conv_id = ?1 AND rev BETWEEN ?2 AND ?3
            ORDER BY rev DESC LIMIT ?4";
        let mut statement = self.prepare(sql)?;
        let from = from.max(self.first_rev());
        let keys = params![self.id(), from, to, MAX_EVENTS];
        let mut rows = statement.query(keys).map_err(Fault::new)?;
        let (mut events, mut n_taken_bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(Fault::new)? {
            n_taken_bytes +=
                row.get_ref(0).and_then(|text| Ok(text.as_str()?.len())).map_err(Fault::new)?;
            if n_taken_bytes > n_bytes && !events.is_empty() {
                break;
            }
            events.push(json(row, 0).map_err(Fault::new)?);
        }
        events.reverse();
        Ok(events)
    }

    /// A message as the asker sees it.
    fn show(&self, row: MessageRow) -> Result<Message> {
        if row.reactions.is_empty() {
            return Ok(message_view(row, &[]));
        }
        let sql = "SELECT emoji FROM reaction WHERE conv_id = ?1 AND seq = ?2 AND user_id = ?3";
        let mut statement = self.prepare(sql)?;
        let mut mine = Vec::new();
        // The key leads with conversation, message and emoji: few rows stand under one message.
        let mut rows = statement
            .query(params![self.id(), row.seq, self.member.user.get()])
            .map_err(Fault::new)?;
        while let Some(found) = rows.next().map_err(Fault::new)? {
            mine.push(found.get::<_, String>(0).map_err(Fault::new)?);
        }
        Ok(message_view(row, &mine))
    }

    /// The users named in a page.
    fn named(&self, messages: &[Message], events: &[HistoryEvent]) -> Result<Vec<UserRef>> {
        let mut named = BTreeSet::new();
        for message in messages {
            named.extend(message.from);
            let mentions = message.mentions.as_ref().and_then(|one| one.users.as_ref());
            named.extend(mentions.into_iter().flatten());
        }
        for event in events {
            match event {
                HistoryEvent::Membership(event) => {
                    named.extend(event.by);
                    named.extend(event.changes.iter().map(|change| change.user));
                }
                HistoryEvent::Updated(event) => named.extend(event.by),
                HistoryEvent::Floored(_) => {}
            }
        }
        let mut users = Vec::with_capacity(named.len());
        for user in named {
            let row = table::find_user(self.db, user)?;
            users.extend(row.map(|row| UserRef { user, profile: row.profile }));
        }
        Ok(users)
    }

    /// A page of messages that lie side by side, and what lies between them.
    fn page(&self, rows: Vec<MessageRow>, more: bool, n_bytes: usize) -> Result<HistoryPage> {
        let first = rows.first().filter(|row| row.seq > self.first_seq()).map(|row| row.rev);
        let to = match rows.last() {
            Some(last) => self.last_rev_before_next(last)?,
            None => self.row.last_rev,
        };
        // Events belong to the page of the message before them; without any message they are all.
        let is_beside = rows.is_empty() && self.first_seq() <= self.row.last_seq;
        let n_left = n_bytes.saturating_sub(rows.iter().map(weight).sum());
        let events = match is_beside {
            true => Vec::new(),
            false => self.events(first.unwrap_or(0), to, n_left)?,
        };
        let messages: Vec<Message> =
            rows.into_iter().map(|row| self.show(row)).collect::<Result<_>>()?;
        Ok(HistoryPage {
            users: self.named(&messages, &events)?,
            messages,
            events,
            rev: self.row.last_rev,
            floor_seq: self.row.floor_seq,
            more,
        })
    }
}

/// What stands between a message and the next one.
#[derive(Default, Clone, Copy)]
struct Between {
    n_events: usize,
    n_bytes: usize,
}

/// JSON of a message, about.
fn weight(row: &MessageRow) -> usize {
    table::text(row.body.as_ref()).ok().flatten().map_or(0, str::len) + MESSAGE_BYTES
}

/// Takes the nearest rows that fit with the events behind them; whether some were left.
fn fit(
    view: &View<'_>,
    rows: Vec<MessageRow>,
    size: PageSize,
) -> Result<(VecDeque<MessageRow>, bool)> {
    let n_found = rows.len();
    let between = view.between(&rows)?;
    let (mut taken, mut n_bytes, mut n_events) = (VecDeque::new(), 0_usize, 0);
    for row in rows {
        let beside = between.get(&row.rev).copied().unwrap_or_default();
        n_bytes = n_bytes.saturating_add(weight(&row) + beside.n_bytes);
        n_events += beside.n_events;
        let is_full = n_bytes > size.n_bytes || n_events > MAX_EVENTS;
        if taken.len() >= size.n_messages || (!taken.is_empty() && is_full) {
            break;
        }
        taken.push_back(row);
    }
    let is_more = taken.len() < n_found;
    Ok((taken, is_more))
}

/// One page of messages in their current state.
pub(in super::super) fn history(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
    around: Around,
    size: PageSize,
) -> Result<HistoryPage> {
    let view = View::open(db, user, conversation)?;
    let (first, last) = (view.first_seq(), view.row.last_seq);
    let PageSize { n_messages, n_bytes } = size;
    let below = |seq: u64, n: usize, n_bytes: usize| -> Result<(Vec<MessageRow>, bool)> {
        let rows = view.messages(first, seq.saturating_sub(1).min(last), "DESC", n + 1)?;
        let (taken, is_more) = fit(&view, rows, PageSize { n_messages: n, n_bytes })?;
        Ok((taken.into_iter().rev().collect(), is_more))
    };
    let above = |seq: u64, n: usize, n_bytes: usize| -> Result<(Vec<MessageRow>, bool)> {
        let rows = view.messages(seq.max(first), last, "ASC", n + 1)?;
        let (taken, is_more) = fit(&view, rows, PageSize { n_messages: n, n_bytes })?;
        Ok((taken.into(), is_more))
    };
    let (rows, more) = match around {
        Around::Newest => below(last + 1, n_messages, n_bytes)?,
        Around::Before(seq) => below(seq, n_messages, n_bytes)?,
        Around::After(seq) => above(seq.saturating_add(1), n_messages, n_bytes)?,
        Around::Both(seq) => {
            let (mut rows, is_more_below) = below(seq, n_messages / 2, n_bytes / 2)?;
            let n_left = n_messages - rows.len();
            let (later, is_more_above) = above(seq, n_left, n_bytes / 2)?;
            rows.extend(later);
            (rows, is_more_below || is_more_above)
        }
    };
    view.page(rows, more, n_bytes)
}

/// Something touched, at its place among the changes.
enum Item {
    Message(Box<MessageRow>),
    Event(HistoryEvent),
}

/// Everything touched since a change, in its current state.
pub(in super::super) fn changes(
    db: &Connection,
    user: UserId,
    conversation: ConversationId,
    since_rev: u64,
    size: PageSize,
) -> Result<ChangesPage> {
    let view = View::open(db, user, conversation)?;
    if since_rev > view.row.last_rev {
        return Err(Refusal::field("since_rev", "above the newest change").into());
    }
    if since_rev < view.member.join_rev || since_rev < view.row.floor_rev {
        return reset(db, &view, size);
    }
    let mut items = BTreeMap::new();
    let room = size.n_messages + 1;
    let mut bound = created(&view, since_rev, room, &mut items)?;
    bound = bound.min(touched(&view, since_rev, room, &mut items)?);
    bound = bound.min(happened(&view, since_rev, room, &mut items)?);
    let mut page = ChangesPage { rev: view.row.last_rev, ..ChangesPage::default() };
    let mut n_bytes = 0;
    let mut last = since_rev;
    for (rev, item) in items {
        let n_taken = page.messages.len() + page.events.len();
        n_bytes += match &item {
            Item::Message(row) => weight(row),
            Item::Event(event) => serde_json::to_string(event).map_or(0, |text| text.len()),
        };
        let is_full = n_taken >= size.n_messages || (n_taken > 0 && n_bytes > size.n_bytes);
        if rev > bound || is_full {
            page.more = true;
            // Where all that was read up to the bound was touched later, the page is empty and
            // leads on all the same.
            page.rev = if rev > bound { bound } else { last };
            break;
        }
        last = rev;
        match item {
            Item::Message(row) => page.messages.push(view.show(*row)?),
            Item::Event(event) => page.events.push(event),
        }
    }
    if !page.more && bound < view.row.last_rev {
        page.more = true;
        page.rev = bound;
    }
    page.users = view.named(&page.messages, &page.events)?;
    Ok(page)
}

/// What was asked for is not to be had: the newest page instead.
fn reset(db: &Connection, view: &View<'_>, size: PageSize) -> Result<ChangesPage> {
    let newest = history(db, view.member.user, view.row.conversation, Around::Newest, size)?;
    Ok(ChangesPage {
        messages: newest.messages,
        events: newest.events,
        users: newest.users,
        rev: newest.rev,
        more: false,
        reset: Some(true),
        head: head(db, view.member.user, view.row.conversation)?,
    })
}

/// Messages made since and not touched later, in order. Each source says up to which change it is
/// complete.
fn created(
    view: &View<'_>,
    since_rev: u64,
    room: usize,
    items: &mut BTreeMap<u64, Item>,
) -> Result<u64> {
    let Some(from) = first_after(view, since_rev)? else { return Ok(u64::MAX) };
    let rows = view.messages(from, view.row.last_seq, "ASC", room)?;
    let bound = match rows.last() {
        Some(last) if rows.len() == room => last.rev,
        _ => u64::MAX,
    };
    for row in rows.into_iter().filter(|row| row.mod_rev == row.rev) {
        items.insert(row.rev, Item::Message(Box::new(row)));
    }
    Ok(bound)
}

/// The first readable message made after a change: `rev` grows with `seq`, so it is found by
/// halving.
///
/// A message takes the next of both, any other change a `rev` alone: `rev - seq` never falls, and
/// is at most what it is now. So only as many messages come into question as there were other
/// changes, however long the conversation is.
fn first_after(view: &View<'_>, since_rev: u64) -> Result<Option<u64>> {
    let end = view.row.last_seq + 1;
    let n_others = view.row.last_rev.saturating_sub(view.row.last_seq);
    let mut low = view.first_seq().max((since_rev + 1).saturating_sub(n_others)).min(end);
    let mut high = end.min(since_rev + 1).max(low);
    let mut statement = view.prepare("SELECT rev FROM message WHERE conv_id = ?1 AND seq = ?2")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let rev: u64 = statement
            .query_row(params![view.id(), middle], |row| row.get(0))
            .map_err(Fault::new)?;
        if rev > since_rev {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok((low <= view.row.last_seq).then_some(low))
}

/// Messages touched since, each at the change that touched it last.
fn touched(
    view: &View<'_>,
    since_rev: u64,
    room: usize,
    items: &mut BTreeMap<u64, Item>,
) -> Result<u64> {
    let sql = "SELECT mod_rev, seq FROM touched WHERE conv_id = ?1 AND mod_rev > ?2
        ORDER BY mod_rev LIMIT ?3";
    let mut statement = view.prepare(sql)?;
    let keys = params![view.id(), since_rev, room];
    let rows = statement.query_map(keys, |row| Ok((row.get(0)?, row.get(1)?)));
    let rows: Vec<(u64, u64)> =
        rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?;
    let bound = match rows.last() {
        Some((mod_rev, _)) if rows.len() == room => *mod_rev,
        _ => u64::MAX,
    };
    for (mod_rev, seq) in rows.into_iter().filter(|(_, seq)| *seq >= view.first_seq()) {
        let row = table::find_message(view.db, view.row.conversation, seq)?;
        if let Some(row) = row.filter(|row| row.mod_rev == mod_rev) {
            items.insert(mod_rev, Item::Message(Box::new(row)));
        }
    }
    Ok(bound)
}

/// Events since.
fn happened(
    view: &View<'_>,
    since_rev: u64,
    room: usize,
    items: &mut BTreeMap<u64, Item>,
) -> Result<u64> {
    let sql = "SELECT rev, body FROM conv_event WHERE conv_id = ?1 AND rev > ?2 AND rev >= ?3
        ORDER BY rev LIMIT ?4";
    let mut statement = view.prepare(sql)?;
    let keys = params![view.id(), since_rev, view.first_rev(), room];
    let rows = statement.query_map(keys, |row| Ok((row.get(0)?, json(row, 1)?)));
    let rows: Vec<(u64, HistoryEvent)> =
        rows.map_err(Fault::new)?.collect::<rusqlite::Result<_>>().map_err(Fault::new)?;
    let bound = match rows.last() {
        Some((rev, _)) if rows.len() == room => *rev,
        _ => u64::MAX,
    };
    items.extend(rows.into_iter().map(|(rev, event)| (rev, Item::Event(event))));
    Ok(bound)
}
