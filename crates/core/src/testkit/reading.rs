//! What the model reads: straight from the port's words, without care for speed.

use std::collections::{BTreeMap, BTreeSet};

use voodoo_proto::event::{HistoryEvent, Me};
use voodoo_proto::object::{Conversation, Digest, Head, MemberState, Message, UserRef};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ConversationId, UserId};

use super::tables::Tables;
use crate::apply::{message as message_view, own_view, preview, user_view};
use crate::error::Refusal;
use crate::rows::{ConversationRow, MemberRow, MessageRow};
use crate::store::{Around, Opened, PageSize, Result, Scope, Snapshot, Subscription};

type Pair<'t> = (&'t ConversationRow, &'t MemberRow);

fn all_pairs(tables: &Tables, user: UserId) -> Vec<Pair<'_>> {
    let mine = tables.members_of(user);
    mine.filter_map(|row| Some((tables.conversations.get(&row.conversation)?, row))).collect()
}

fn is_in((row, member): &Pair<'_>) -> bool {
    member.state().is_some() && row.destroyed_ms.is_none()
}

pub(super) fn pair(
    tables: &Tables,
    user: UserId,
    conversation: ConversationId,
) -> Option<Pair<'_>> {
    let member = tables.members.get(&(user, conversation))?;
    Some((tables.conversations.get(&conversation)?, member)).filter(is_in)
}

pub(super) fn subscriptions(
    tables: &Tables,
    who: Opened,
    now_ms: u64,
) -> Option<Vec<Subscription>> {
    let device = tables.devices.get(&who.device)?;
    if device.user != who.user || device.new.expires_ms <= now_ms {
        return None;
    }
    let mine = all_pairs(tables, who.user).into_iter().filter(is_in);
    let mine = mine.map(|(row, member)| Subscription {
        conversation: row.conversation,
        from_seq: member.from_seq,
    });
    Some(mine.collect())
}

pub(super) fn digest(tables: &Tables, user: UserId) -> Result<Digest> {
    let me = tables.users.get(&user).ok_or_else(Refusal::not_found)?;
    let mut digest = Digest { user_rev: me.user_rev, ..Digest::default() };
    for (row, member) in all_pairs(tables, user).into_iter().filter(is_in) {
        digest.conversations += 1;
        digest.revs += row.last_rev;
        digest.reads += member.read_seq;
    }
    Ok(digest)
}

pub(super) fn head(tables: &Tables, row: &ConversationRow, member: &MemberRow) -> Head {
    let newest = Some(row.last_seq).filter(|seq| *seq >= first_seq((row, member)));
    let newest = newest.and_then(|seq| tables.messages.get(&(row.conversation, seq)));
    Head {
        conversation: row.conversation,
        last_seq: row.last_seq,
        last_rev: row.last_rev,
        info_rev: row.info_rev,
        floor_seq: row.floor_seq,
        read_seq: member.read_seq,
        mentions: tables.mentions_above(
            row.conversation,
            member.user,
            member.read_seq.max(row.floor_seq),
        ),
        all_mention_seq: row.all_mention_seq,
        at_ms: row.last_ms,
        preview: newest.map(preview),
    }
}

pub(super) fn conversation(
    tables: &Tables,
    row: &ConversationRow,
    member: &MemberRow,
) -> Conversation {
    let peer = row.pair.map(|(one, other)| if one == member.user { other } else { one });
    Conversation {
        conversation: row.conversation,
        user_rev: None,
        kind: row.kind,
        title: row.title.clone(),
        description: row.description.clone(),
        avatar: row.avatar,
        alias: row.alias.clone(),
        peer: peer.and_then(|peer| tables.users.get(&peer)).map(user_view),
        role: member.role,
        state: member.state().unwrap_or(MemberState::Active),
        members: row.n_members,
        settings: row.settings.clone(),
        mute_until_ms: Some(member.mute_until_ms).filter(|until_ms| *until_ms > 0),
        pinned: Some(true).filter(|_| member.is_pinned),
        archived: Some(true).filter(|_| member.is_archived),
        unread_from: member.unread_from,
        draft: member.draft.clone(),
        from_seq: member.from_seq,
        join_rev: member.join_rev,
        head: head(tables, row, member),
    }
}

pub(super) fn snapshot(tables: &Tables, user: UserId, scope: Scope) -> Result<Snapshot> {
    let me = tables.users.get(&user).ok_or_else(Refusal::not_found)?;
    let me = Me { user: own_view(me), blocked: tables.blocked_by(user) };
    let digest = digest(tables, user)?;
    let mut snapshot = Snapshot { me: Some(me), digest, ..Snapshot::default() };
    let (user_rev, since_ms) = match scope {
        Scope::All => (0, 0),
        Scope::Since { user_rev, since_ms } => (user_rev, since_ms),
    };
    for pair in all_pairs(tables, user) {
        let (row, member) = pair;
        let is_new = scope == Scope::All || member.user_rev > user_rev;
        let is_moved = row.change_ms >= since_ms || member.mark_ms >= since_ms;
        let described = tables.events.get(&(row.conversation, row.info_rev)).is_some_and(
            |event| matches!(event, HistoryEvent::Updated(event) if event.at_ms >= since_ms),
        );
        if !is_in(&pair) {
            let is_destroyed = member.state().is_some() && is_moved;
            if scope != Scope::All && (is_new || is_destroyed) {
                snapshot.gone.push(row.conversation);
            }
        } else if is_new || (is_moved && described) {
            snapshot.conversations.push(conversation(tables, row, member));
        } else if is_moved {
            snapshot.heads.push(head(tables, row, member));
        }
    }
    let newest_first = |head: &Head| std::cmp::Reverse((head.at_ms, head.conversation));
    snapshot.conversations.sort_by_key(|conversation| newest_first(&conversation.head));
    snapshot.heads.sort_by_key(newest_first);
    snapshot.gone.sort_unstable();
    Ok(snapshot)
}

pub(super) fn first_seq((row, member): Pair<'_>) -> u64 {
    member.from_seq.max(row.floor_seq + 1)
}

/// Whoever may not read what was before them does not learn who came and went either.
fn first_rev(tables: &Tables, (row, member): Pair<'_>) -> u64 {
    let joined = if member.from_seq > 1 { member.join_rev } else { 0 };
    let at_floor = tables.messages.get(&(row.conversation, row.floor_seq));
    joined.max(at_floor.map_or(0, |message| message.rev + 1))
}

fn readable(tables: &Tables, pair: Pair<'_>) -> Vec<MessageRow> {
    let conversation = pair.0.conversation;
    let range = (conversation, first_seq(pair))..=(conversation, u64::MAX);
    tables.messages.range(range).map(|(_, row)| row.clone()).collect()
}

fn events(tables: &Tables, pair: Pair<'_>, from: u64, to: u64) -> Vec<HistoryEvent> {
    let conversation = pair.0.conversation;
    let all =
        tables.events.values().filter(|event| event.rev() >= first_rev(tables, pair).max(from));
    let all = all.filter(|event| event.rev() < to);
    all.filter(|event| match event {
        HistoryEvent::Membership(event) => event.conversation == conversation,
        HistoryEvent::Updated(event) => event.conversation == conversation,
        HistoryEvent::Floored(event) => event.conversation == conversation,
    })
    .cloned()
    .collect()
}

fn seen(tables: &Tables, row: MessageRow, user: UserId) -> Message {
    let mine: Vec<String> = tables
        .reactions
        .iter()
        .filter(|(at, seq, _, who)| (*at, *seq, *who) == (row.conversation, row.seq, user))
        .map(|(_, _, emoji, _)| emoji.clone())
        .collect();
    message_view(row, &mine)
}

fn named(tables: &Tables, messages: &[Message], events: &[HistoryEvent]) -> Vec<UserRef> {
    let mut users = BTreeSet::new();
    for message in messages {
        users.extend(message.from);
        users.extend(
            message.mentions.clone().and_then(|mentions| mentions.users).into_iter().flatten(),
        );
    }
    for event in events {
        match event {
            HistoryEvent::Membership(event) => {
                users.extend(event.by);
                users.extend(event.changes.iter().map(|change| change.user));
            }
            HistoryEvent::Updated(event) => users.extend(event.by),
            HistoryEvent::Floored(_) => {}
        }
    }
    let known = users.into_iter().filter_map(|user| tables.users.get(&user));
    known.map(|row| UserRef { user: row.user, profile: row.profile }).collect()
}

fn n_bytes(row: &MessageRow) -> usize {
    serde_json::to_string(&message_view(row.clone(), &[])).map_or(0, |text| text.len())
}

/// JSON of the events that a page has between one message and the next.
fn n_bytes_behind(tables: &Tables, pair: Pair<'_>, all: &[MessageRow], row: &MessageRow) -> usize {
    let from = if row.seq > first_seq(pair) { row.rev } else { 0 };
    let next = all.iter().find(|one| one.seq > row.seq).map_or(u64::MAX, |next| next.rev);
    let texts = events(tables, pair, from, next).into_iter();
    texts.map(|event| serde_json::to_string(&event).map_or(0, |text| text.len())).sum()
}

/// The nearest rows that fit, as they come, each with what it weighs.
fn fit(rows: impl Iterator<Item = (MessageRow, usize)>, page: PageSize) -> Vec<MessageRow> {
    let mut n_taken_bytes: usize = 0;
    let mut taken = Vec::new();
    for (row, weight) in rows {
        n_taken_bytes = n_taken_bytes.saturating_add(weight);
        if taken.len() >= page.n_messages || (!taken.is_empty() && n_taken_bytes > page.n_bytes) {
            break;
        }
        taken.push(row);
    }
    taken
}

pub(super) fn history(
    tables: &Tables,
    (user, conversation): (UserId, ConversationId),
    around: Around,
    page: PageSize,
) -> Result<HistoryPage> {
    let pair = pair(tables, user, conversation).ok_or_else(Refusal::not_found)?;
    let all = readable(tables, pair);
    let weigh =
        |row: &MessageRow| (row.clone(), n_bytes(row) + n_bytes_behind(tables, pair, &all, row));
    let below = |seq: u64, page: PageSize| {
        let older = all.iter().rev().filter(|row| row.seq < seq).map(weigh);
        let mut taken = fit(older, page);
        taken.reverse();
        taken
    };
    let above =
        |seq: u64, page: PageSize| fit(all.iter().filter(|row| row.seq >= seq).map(weigh), page);
    let half = PageSize { n_messages: page.n_messages / 2, n_bytes: page.n_bytes / 2 };
    let rows = match around {
        Around::Newest => below(u64::MAX, page),
        Around::Before(seq) => below(seq, page),
        Around::After(seq) => above(seq.saturating_add(1), page),
        Around::Both(seq) => {
            let mut rows = below(seq, half);
            let n_messages = page.n_messages - rows.len();
            rows.extend(above(seq, PageSize { n_messages, ..half }));
            rows
        }
    };
    let is_below = rows.first().is_some_and(|row| row.seq > first_seq(pair));
    let is_above = rows.last().is_some_and(|row| row.seq < pair.0.last_seq);
    let more = match around {
        Around::Newest | Around::Before(_) => is_below,
        Around::After(_) => is_above,
        Around::Both(_) if rows.is_empty() => !all.is_empty(),
        Around::Both(_) => is_below || is_above,
    };
    let from = rows.first().filter(|_| is_below).map_or(0, |row| row.rev);
    let next = rows.last().and_then(|last| all.iter().find(|row| row.seq > last.seq));
    // Events belong to the page of the message before them; without any message they are all.
    let is_beside = rows.is_empty() && !all.is_empty();
    let to = next.map_or(u64::MAX, |row| row.rev);
    let mut events = if is_beside { Vec::new() } else { events(tables, pair, from, to) };
    let mut n_left = page.n_bytes.saturating_sub(rows.iter().map(n_bytes).sum());
    let n_kept = events.iter().rev().take_while(|event| {
        let n_event_bytes = serde_json::to_string(event).map_or(0, |text| text.len());
        let fits = n_event_bytes <= n_left;
        n_left = n_left.saturating_sub(n_event_bytes);
        fits
    });
    let n_kept = n_kept.count().max(1).min(events.len());
    events.drain(..events.len() - n_kept);
    let messages: Vec<Message> = rows.into_iter().map(|row| seen(tables, row, user)).collect();
    let users = named(tables, &messages, &events);
    let (rev, floor_seq) = (pair.0.last_rev, pair.0.floor_seq);
    Ok(HistoryPage { messages, events, users, rev, floor_seq, more })
}

enum Item {
    Message(MessageRow),
    Event(HistoryEvent),
}

pub(super) fn changes(
    tables: &Tables,
    (user, conversation): (UserId, ConversationId),
    since_rev: u64,
    page: PageSize,
) -> Result<ChangesPage> {
    let pair = pair(tables, user, conversation).ok_or_else(Refusal::not_found)?;
    let (row, member) = pair;
    if since_rev > row.last_rev {
        return Err(Refusal::field("since_rev", "above the newest change").into());
    }
    if since_rev < member.join_rev || since_rev < row.floor_rev {
        let newest = history(tables, (user, conversation), Around::Newest, page)?;
        let HistoryPage { messages, events, users, rev, .. } = newest;
        let head = Some(head(tables, row, member));
        return Ok(ChangesPage {
            messages,
            events,
            users,
            rev,
            more: false,
            reset: Some(true),
            head,
        });
    }
    let mut items = BTreeMap::new();
    for row in readable(tables, pair).into_iter().filter(|row| row.mod_rev > since_rev) {
        items.insert(row.mod_rev, Item::Message(row));
    }
    for event in events(tables, pair, since_rev + 1, u64::MAX) {
        items.insert(event.rev(), Item::Event(event));
    }
    let mut changes = ChangesPage { rev: row.last_rev, ..ChangesPage::default() };
    let mut n_taken_bytes = 0;
    for (rev, item) in items {
        n_taken_bytes += match &item {
            Item::Message(row) => n_bytes(row),
            Item::Event(event) => serde_json::to_string(event).map_or(0, |text| text.len()),
        };
        let n_taken = changes.messages.len() + changes.events.len();
        if n_taken >= page.n_messages || (n_taken > 0 && n_taken_bytes > page.n_bytes) {
            changes.more = true;
            changes.rev = rev - 1;
            break;
        }
        match item {
            Item::Message(row) => changes.messages.push(seen(tables, row, user)),
            Item::Event(event) => changes.events.push(event),
        }
    }
    changes.users = named(tables, &changes.messages, &changes.events);
    Ok(changes)
}
