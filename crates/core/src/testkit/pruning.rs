//! What the model removes: everything at once, for it has nobody who waits.

use async_trait::async_trait;
use voodoo_proto::ConversationId;

use super::MemoryStore;
use super::tables::Tables;
use crate::retention::{Due, Retention, Terms};
use crate::store::Result;

#[async_trait]
impl Retention for MemoryStore {
    async fn due(&self, after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Result<Due> {
        let tables = self.tables.lock();
        let mut due = Due::default();
        let later = tables.conversations.values();
        for row in later.filter(|row| after.is_none_or(|after| row.conversation > after)) {
            let id = row.conversation;
            let is_over =
                row.destroyed_ms.is_some_and(|at| at <= terms.destroyed_cutoff_ms(now_ms));
            let below = tables.messages.range((id, 0)..=(id, row.floor_seq)).next();
            if is_over || (row.destroyed_ms.is_none() && below.is_some()) {
                due.rows.push(id);
            }
            let cutoff_ms = terms.cutoff_ms(row.settings.retention_days, now_ms);
            let Some(cutoff_ms) = cutoff_ms.filter(|_| row.destroyed_ms.is_none()) else {
                continue;
            };
            let standing = tables.messages.range((id, row.floor_seq + 1)..=(id, u64::MAX));
            let old = standing.take_while(|(_, message)| message.at_ms <= cutoff_ms).last();
            due.floors.extend(old.map(|((_, seq), _)| (id, *seq)));
        }
        Ok(due)
    }

    async fn prune(&self, conversation: ConversationId, terms: Terms, now_ms: u64) -> Result<bool> {
        let mut tables = self.tables.lock();
        let Some(row) = tables.conversations.get(&conversation).cloned() else { return Ok(false) };
        match row.destroyed_ms {
            None => remove_below(&mut tables, conversation, row.floor_seq, now_ms),
            Some(at_ms) if at_ms <= terms.destroyed_cutoff_ms(now_ms) => {
                remove_below(&mut tables, conversation, u64::MAX, now_ms);
                tables.events.retain(|(place, _), _| *place != conversation);
                tables.members.retain(|(_, place), _| *place != conversation);
                tables.invites.retain(|_, invite| {
                    invite.row.conversation.is_none_or(|(place, _)| place != conversation)
                });
                tables.conversations.remove(&conversation);
            }
            Some(_) => {}
        }
        Ok(false)
    }

    async fn forget_names(&self, terms: Terms, now_ms: u64) -> Result<bool> {
        let mut tables = self.tables.lock();
        let name_ms = u64::try_from(terms.name.as_millis()).unwrap_or(u64::MAX);
        let cutoff_ms = now_ms.saturating_sub(name_ms);
        let old = tables.removed.iter().filter(|(_, at_ms)| **at_ms <= cutoff_ms);
        let old: Vec<_> = old.map(|(name, _)| *name).collect();
        for name in old {
            tables.removed.remove(&name);
            tables.sent.remove(&name);
        }
        Ok(false)
    }
}

fn remove_below(tables: &mut Tables, conversation: ConversationId, floor_seq: u64, now_ms: u64) {
    let below = tables.messages.range((conversation, 0)..=(conversation, floor_seq));
    let below: Vec<_> = below.map(|(_, row)| row.clone()).collect();
    for row in &below {
        tables.messages.remove(&(conversation, row.seq));
        tables.removed.insert((conversation, row.sender, row.client_id), now_ms);
    }
    let Some(last) = below.last() else { return };
    let (floor_seq, floor_rev) = (last.seq, last.rev);
    tables.events.retain(|(place, rev), _| *place != conversation || *rev > floor_rev);
    tables.mentions.retain(|(_, place, seq)| *place != conversation || *seq > floor_seq);
    tables.reactions.retain(|(place, seq, _, _)| *place != conversation || *seq > floor_seq);
}
