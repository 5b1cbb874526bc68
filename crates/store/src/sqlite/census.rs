//! The counting part of the port, over the readers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::Connection;
use voodoo_core::census::{Acquaintance, Census, ListPage, MemberPage};
use voodoo_core::store::Result;
use voodoo_proto::reply::{Counts, Listed, Members, Receipts};
use voodoo_proto::{ConversationId, UserId};

use super::SqliteStore;
use super::read::{self, Marks};

/// The marks of a large conversation are read this often, at most.
const MAX_AGE: Duration = Duration::from_secs(5);
/// A conversation whose marks fill more places than this is worth keeping.
const WORTH_KEEPING: u64 = 200;
/// Conversations whose marks are kept, at most.
const MAX_KEPT: usize = 1_000;

/// The marks of large conversations as they were some seconds ago.
#[derive(Default)]
pub(super) struct KeptMarks(Mutex<HashMap<ConversationId, (Instant, Arc<Marks>)>>);

impl KeptMarks {
    fn get(&self, db: &Connection, conversation: ConversationId) -> Result<Arc<Marks>> {
        if let Some((at, marks)) = self.0.lock().get(&conversation)
            && at.elapsed() < MAX_AGE
        {
            return Ok(Arc::clone(marks));
        }
        let marks = Arc::new(read::marks(db, conversation)?);
        let n_members: u64 = marks.iter().map(|(_, n)| n).sum();
        if n_members > WORTH_KEEPING {
            let mut kept = self.0.lock();
            if kept.len() >= MAX_KEPT {
                kept.retain(|_, (at, _)| at.elapsed() < MAX_AGE);
            }
            if kept.len() < MAX_KEPT {
                kept.insert(conversation, (Instant::now(), Arc::clone(&marks)));
            }
        }
        Ok(marks)
    }
}

#[async_trait]
impl Census for SqliteStore {
    async fn acquaintances(&self, user: UserId, others: &[UserId]) -> Result<Vec<Acquaintance>> {
        let others = others.to_vec();
        self.readers.read(move |db| read::acquaintances(db, user, &others)).await
    }

    async fn members(
        &self,
        user: UserId,
        conversation: ConversationId,
        page: MemberPage,
    ) -> Result<Members> {
        self.readers.read(move |db| read::members(db, user, conversation, &page)).await
    }

    async fn open_conversations(&self, page: ListPage) -> Result<Listed> {
        self.readers.read(move |db| read::open_conversations(db, &page)).await
    }

    async fn receipts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: u64,
    ) -> Result<Receipts> {
        let rules = Arc::clone(&self.rules);
        self.readers.read(move |db| read::receipts(db, &rules, user, conversation, seq)).await
    }

    async fn counts(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: &[u64],
    ) -> Result<Counts> {
        let (seqs, kept) = (seqs.to_vec(), Arc::clone(&self.kept_marks));
        self.readers
            .read(move |db| {
                read::counts(db, user, conversation, &seqs, || kept.get(db, conversation))
            })
            .await
    }
}
