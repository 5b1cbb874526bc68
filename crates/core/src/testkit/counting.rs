//! What the model counts.

use voodoo_proto::object::{Kind, Member, Role, UserMark, UserRef};
use voodoo_proto::reply::{Counts, Listed, Members, PostCounts, PublicConversation, Receipts};
use voodoo_proto::{ConversationId, UserId};

use super::reading::{first_seq, pair};
use super::tables::Tables;
use crate::apply::Rules;
use crate::census::{Acquaintance, ListPage, MemberPage};
use crate::error::Refusal;
use crate::rows::MemberRow;
use crate::store::Result;

/// Whether a text, or a word of it, begins with the query.
pub(super) fn begins(text: &str, query: &str) -> bool {
    let text = text.to_lowercase();
    text.starts_with(query) || text.contains(&format!(" {query}"))
}

fn of(tables: &Tables, conversation: ConversationId) -> impl Iterator<Item = &MemberRow> {
    let rows = tables.members.values();
    rows.filter(move |row| row.conversation == conversation && row.state().is_some())
}

pub(super) fn acquaintances(tables: &Tables, user: UserId, others: &[UserId]) -> Vec<Acquaintance> {
    let shares = |other: UserId| {
        let mine = tables.members.values().filter(|row| row.user == user);
        mine.filter(|row| pair(tables, user, row.conversation).is_some())
            .any(|row| pair(tables, other, row.conversation).is_some())
    };
    let blocks = |one, other| tables.blocks.contains(&(one, other));
    others
        .iter()
        .filter(|other| **other == user || shares(**other))
        .map(|other| Acquaintance {
            user: *other,
            is_blocked: blocks(user, *other) || blocks(*other, user),
        })
        .collect()
}

pub(super) fn members(
    tables: &Tables,
    user: UserId,
    conversation: ConversationId,
    page: &MemberPage,
) -> Result<Members> {
    let (row, own) = pair(tables, user, conversation).ok_or_else(Refusal::not_found)?;
    if row.kind == Kind::Broadcast && own.role < Role::Admin {
        return Err(Refusal::forbidden("only admins see who is in a broadcast").into());
    }
    let query = page.query.as_ref().map(|query| query.to_lowercase());
    let mut found: Vec<_> = of(tables, conversation)
        .filter(|row| page.after.is_none_or(|after| row.user > after))
        .filter_map(|row| Some((row, tables.users.get(&row.user)?)))
        .filter(|(_, user)| {
            query
                .as_ref()
                .is_none_or(|query| user.handle.starts_with(query) || begins(&user.name, query))
        })
        .collect();
    found.sort_by_key(|(row, _)| row.user);
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let member =
        |row: &MemberRow| Member { user: row.user, role: row.role, joined_ms: row.joined_ms };
    Ok(Members {
        members: found.iter().map(|(row, _)| member(row)).collect(),
        users: found
            .iter()
            .map(|(row, user)| UserRef { user: row.user, profile: user.profile })
            .collect(),
        more,
    })
}

pub(super) fn open_conversations(tables: &Tables, page: &ListPage) -> Listed {
    use voodoo_proto::object::JoinRule;
    let query = page.query.as_ref().map(|query| query.to_lowercase());
    let mut found: Vec<_> = tables
        .conversations
        .values()
        .filter(|row| row.kind != Kind::Direct && row.destroyed_ms.is_none())
        .filter(|row| row.settings.join == JoinRule::Open)
        .filter(|row| page.after.is_none_or(|after| row.conversation > after))
        .filter(|row| {
            query.as_ref().is_none_or(|query| {
                row.alias.as_ref().is_some_and(|alias| alias.starts_with(query))
                    || row.title.as_ref().is_some_and(|title| begins(title, query))
            })
        })
        .collect();
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let conversations = found.into_iter().map(|row| PublicConversation {
        conversation: row.conversation,
        kind: row.kind,
        title: row.title.clone().unwrap_or_default(),
        description: row.description.clone(),
        alias: row.alias.clone(),
        members: row.n_members,
        join: row.settings.join,
    });
    Listed { conversations: conversations.collect(), more }
}

pub(super) fn receipts(
    tables: &Tables,
    rules: &Rules,
    user: UserId,
    conversation: ConversationId,
    seq: u64,
) -> Result<Receipts> {
    let (row, own) = pair(tables, user, conversation).ok_or_else(Refusal::not_found)?;
    let message =
        tables.messages.get(&(conversation, seq)).filter(|_| seq >= first_seq((row, own)));
    let author = message.ok_or_else(Refusal::not_found)?.sender;
    let mut marks: Vec<_> = of(tables, conversation)
        .filter(|row| row.user != author)
        .map(|row| UserMark { user: row.user, seq: row.read_seq })
        .collect();
    marks.sort_by_key(|mark| mark.user);
    let n_read = marks.iter().filter(|mark| mark.seq >= seq).count() as u64;
    let is_small = row.n_members <= u64::from(rules.limits.small_conversation);
    let who = (is_small && row.kind != Kind::Broadcast).then_some(marks);
    Ok(Receipts { read: n_read, received: n_read, who })
}

pub(super) fn counts(
    tables: &Tables,
    user: UserId,
    conversation: ConversationId,
    seqs: &[u64],
) -> Result<Counts> {
    let (row, own) = pair(tables, user, conversation).ok_or_else(Refusal::not_found)?;
    let posts = seqs.iter().filter(|seq| **seq >= first_seq((row, own))).filter_map(|seq| {
        let message = tables.messages.get(&(conversation, *seq))?;
        let views = of(tables, conversation).filter(|row| row.read_seq >= *seq).count() as u64;
        Some(PostCounts { seq: *seq, views, reactions: message.reactions.clone() })
    });
    Ok(Counts { members: row.n_members, posts: posts.collect() })
}
