//! The port of conversations, over the writer and the readers.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use voodoo_core::apply::{Applied, Effect, Write, advance, apply};
use voodoo_core::store::{
    Around, Opened, PageSize, ReadMark, Result, Scope, Snapshot, Store, StoredMark, Subscribe,
    Subscription,
};
use voodoo_core::{Refusal, StoreError};
use voodoo_proto::object::{Conversation, Digest, Head, User};
use voodoo_proto::reply::{ChangesPage, HistoryPage};
use voodoo_proto::{ConversationId, UserId};

use super::readers::in_snapshot;
use super::rows::Tx;
use super::{SqliteStore, read};

#[async_trait]
impl Store for SqliteStore {
    async fn epoch(&self) -> Result<Arc<str>> {
        Ok(Arc::clone(&self.epoch))
    }

    async fn commit(
        &self,
        writes: Vec<Write>,
    ) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
        self.writer.write(writes.len(), move |tx| apply_all(tx, &writes)).await
    }

    async fn takes_writes(&self) -> Result<()> {
        // Before any work the writer heals what a failure left behind, or says why it cannot.
        self.writer.write(1, |_tx| Ok(())).await
    }

    async fn advance_read(
        &self,
        marks: Vec<ReadMark>,
        now_ms: u64,
    ) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
        self.writer.write(marks.len(), move |tx| advance_all(tx, &marks, now_ms)).await
    }

    async fn subscriptions(&self, who: Opened, now_ms: u64) -> Result<Option<Vec<Subscription>>> {
        self.readers.read(move |db| read::subscriptions(db, who, now_ms)).await
    }

    async fn begin(
        &self,
        who: Opened,
        now_ms: u64,
        scope: Scope,
        subscribe: Subscribe,
    ) -> Result<Option<Snapshot>> {
        self.readers.work(move |db| begin(db, who, (now_ms, scope), subscribe)).await
    }

    async fn snapshot(&self, user: UserId, scope: Scope) -> Result<Snapshot> {
        self.readers.read(move |db| read::snapshot(db, user, scope)).await
    }

    async fn digest(&self, user: UserId) -> Result<Digest> {
        self.readers.read(move |db| read::digest(db, user)).await
    }

    async fn conversations(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<Vec<Conversation>> {
        let ids = conversations.to_vec();
        self.readers.read(move |db| read::conversations(db, user, &ids)).await
    }

    async fn heads(
        &self,
        user: UserId,
        conversations: &[ConversationId],
    ) -> Result<(Vec<Head>, u64)> {
        let ids = conversations.to_vec();
        self.readers.read(move |db| read::heads(db, user, &ids)).await
    }

    async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        around: Around,
        page: PageSize,
    ) -> Result<HistoryPage> {
        self.readers.read(move |db| read::history(db, user, conversation, around, page)).await
    }

    async fn changes(
        &self,
        user: UserId,
        conversation: ConversationId,
        since_rev: u64,
        page: PageSize,
    ) -> Result<ChangesPage> {
        self.readers.read(move |db| read::changes(db, user, conversation, since_rev, page)).await
    }

    async fn find_users(&self, asker: UserId, query: &str, limit: usize) -> Result<Vec<User>> {
        let (query, directory) = (query.to_owned(), self.rules.directory);
        self.readers.read(move |db| read::find_users(db, asker, &query, limit, directory)).await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>> {
        let ids = users.to_vec();
        self.readers.read(move |db| read::users(db, &ids)).await
    }
}

/// Reads subscriptions and state from one snapshot, which costs a session's start one way to a
/// reader and back. Where something was committed before the session was subscribed, it was told
/// to others and not to it: then the state is read again.
fn begin(
    db: &Connection,
    who: Opened,
    (now_ms, scope): (u64, Scope),
    subscribe: Subscribe,
) -> Result<Option<Snapshot>> {
    let begun = in_snapshot(db, |db| {
        if !read::is_open(db, who, now_ms)? {
            return Ok(None);
        }
        let version = read::version(db)?;
        let snapshot = read::snapshot(db, who.user, scope)?;
        let subscriptions = match scope {
            Scope::All => subscriptions_of(&snapshot),
            Scope::Since { .. } => read::conversations_of(db, who.user)?,
        };
        Ok(Some((version, snapshot, subscriptions)))
    })?;
    let Some((version, snapshot, subscriptions)) = begun else { return Ok(None) };
    subscribe(&subscriptions);
    if read::version(db)? == version {
        return Ok(Some(snapshot));
    }
    in_snapshot(db, |db| read::snapshot(db, who.user, scope)).map(Some)
}

/// Everything that a user may see is what a session of theirs hears of.
fn subscriptions_of(snapshot: &Snapshot) -> Vec<Subscription> {
    let subscription = |one: &Conversation| Subscription {
        conversation: one.conversation,
        from_seq: one.from_seq,
    };
    snapshot.conversations.iter().map(subscription).collect()
}

fn apply_all(
    tx: &mut Tx<'_>,
    writes: &[Write],
) -> Result<Vec<std::result::Result<Applied, Refusal>>> {
    let rules = tx.rules;
    writes
        .iter()
        .map(|write| match apply(tx, rules, write) {
            Ok(applied) => Ok(Ok(applied)),
            Err(StoreError::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        })
        .collect()
}

fn advance_all(
    tx: &mut Tx<'_>,
    marks: &[ReadMark],
    now_ms: u64,
) -> Result<(Vec<StoredMark>, Vec<Effect>)> {
    let (mut stored, mut effects) = (Vec::with_capacity(marks.len()), Vec::new());
    for mark in marks {
        if let Some((moved, effect)) = advance(tx, *mark, now_ms)? {
            stored.push(moved);
            effects.extend(effect);
        }
    }
    Ok((stored, effects))
}
