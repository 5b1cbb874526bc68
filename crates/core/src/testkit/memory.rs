//! The engine in memory: the port of conversations.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use voodoo_proto::object::{Conversation, Digest, Head, User};
use voodoo_proto::reply::{ChangesPage, Counts, HistoryPage, Listed, Members, Receipts};
use voodoo_proto::{ConversationId, UserId};

use super::tables::Tables;
use super::{counting, reading};
use crate::apply::{Applied, Directory, Effect, Rules, Write, advance, apply, user_view};
use crate::census::{Acquaintance, Census, ListPage, MemberPage};
use crate::error::{Refusal, StoreError};
use crate::store::{
    Around, Opened, PageSize, ReadMark, Result, Scope, Snapshot, Store, StoredMark, Subscription,
};

/// The engine in memory. One mutex makes every call one snapshot or one transaction.
pub struct MemoryStore {
    pub(super) tables: Mutex<Tables>,
    pub(super) rules: Arc<Rules>,
    epoch: Arc<str>,
}

impl MemoryStore {
    /// An empty server.
    #[must_use]
    pub fn new(rules: Arc<Rules>) -> Arc<Self> {
        let tables = Tables { name: "Voodoo".to_owned(), ..Tables::default() };
        Arc::new(Self { tables: Mutex::new(tables), rules, epoch: "memory".into() })
    }

    /// A change that stands as a whole or not at all.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        let mut tables = self.tables.lock();
        let before = tables.clone();
        let result = work(&mut tables);
        if result.is_err() {
            *tables = before;
        }
        result
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn epoch(&self) -> Result<Arc<str>> {
        Ok(Arc::clone(&self.epoch))
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        let mut tables = self.tables.lock();
        let mut results = Vec::with_capacity(writes.len());
        for write in &writes {
            results.push(match apply(&mut *tables, &self.rules, write) {
                Ok(applied) => Ok(applied),
                Err(StoreError::Refused(refusal)) => Err(refusal),
                Err(error) => return Err(error),
            });
        }
        Ok(results)
    }

    async fn takes_writes(&self) -> Result<()> {
        Ok(())
    }

    async fn advance_read(
        &self,
        marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
        let mut tables = self.tables.lock();
        let (mut stored, mut effects) = (Vec::new(), Vec::new());
        for mark in marks {
            if let Some((moved, effect)) = advance(&mut *tables, mark, now_ms)? {
                stored.push(moved);
                effects.extend(effect);
            }
        }
        Ok((stored, effects))
    }

    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>> {
        Ok(reading::subscriptions(&self.tables.lock(), who, now_ms))
    }

    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot> {
        reading::snapshot(&self.tables.lock(), user, scope)
    }

    async fn digest(&self, user: UserId) -> Result<Digest> {
        reading::digest(&self.tables.lock(), user)
    }

    async fn conversations(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Conversation>> {
        let tables = self.tables.lock();
        let mine = conversations.iter().filter_map(|id| reading::pair(&tables, user, *id));
        Ok(mine.map(|(row, member)| reading::conversation(&tables, row, member)).collect())
    }

    async fn heads(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<(Vec<Head>, u64)> {
        let tables = self.tables.lock();
        let me = tables.users.get(&user).ok_or_else(Refusal::not_found)?;
        let mine = conversations.iter().filter_map(|id| reading::pair(&tables, user, *id));
        Ok((mine.map(|(row, member)| reading::head(&tables, row, member)).collect(), me.user_rev))
    }

    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage> {
        reading::history(&self.tables.lock(), (user, conversation), around, page)
    }

    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage> {
        reading::changes(&self.tables.lock(), (user, conversation), since_rev, page)
    }

    async fn find_users(&self, asker: UserId, query: &str, limit: usize) -> Result<Vec<User>> {
        let tables = self.tables.lock();
        let query = query.to_lowercase();
        let mut found: Vec<User> = tables
            .users
            .values()
            .filter(|row| {
                let name = row.name.to_lowercase();
                let is_named = row.handle.starts_with(&query)
                    || name.starts_with(&query)
                    || name.contains(&format!(" {query}"));
                let is_findable = self.rules.directory == Directory::All
                    || row.user == asker
                    || tables.share(asker, row.user);
                is_named && is_findable && !row.is_disabled
            })
            .map(user_view)
            .collect();
        found.sort_by(|one, other| one.handle.cmp(&other.handle));
        found.truncate(limit);
        Ok(found)
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>> {
        let tables = self.tables.lock();
        Ok(users.iter().filter_map(|user| tables.users.get(user)).map(user_view).collect())
    }
}

#[async_trait]
impl Census for MemoryStore {
    async fn acquaintances(&self, user: UserId, others: &[UserId]) -> Result<Vec<Acquaintance>> {
        Ok(counting::acquaintances(&self.tables.lock(), user, others))
    }

    async fn members(
        &self,
        user: UserId,
        conversation: ConversationId,
        page: MemberPage,
    ) -> Result<Members> {
        counting::members(&self.tables.lock(), user, conversation, &page)
    }

    async fn open_conversations(&self, page: ListPage) -> Result<Listed> {
        Ok(counting::open_conversations(&self.tables.lock(), &page))
    }

    async fn receipts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Receipts> {
        counting::receipts(&self.tables.lock(), &self.rules, user, conversation, seq)
    }

    async fn counts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: &[u64],
    ) -> Result<Counts> {
        counting::counts(&self.tables.lock(), user, conversation, seqs)
    }
}
