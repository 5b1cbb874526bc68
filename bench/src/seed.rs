//! Accounts, devices and conversations in bulk.
//!
//! The fast path: everything goes through the port of the store, as the server's own writes do,
//! but many to a transaction, without password hashing and without a server. Tokens are derived
//! from the user's number, so that every client process knows them.
//!
//! Each user is in ten conversations: the broadcast of all, three groups of 50 and six direct
//! ones. Each has one message, so that there is something to preview.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use voodoo_core::apply::{Applied, Create, MayBroadcast, Reply, Rules, Send, Write};
use voodoo_core::store::{Accounts as _, NewAccount, NewDevice, NewUser, Store as _};
use voodoo_core::{Clock as _, SystemClock, account};
use voodoo_proto::limits::Limits;
use voodoo_proto::object::{Body, Kind, ServerRole, SettingsChange, UserKind};
use voodoo_proto::{ClientId, ConversationId, MAX_SAFE_INTEGER, UserId};
use voodoo_store::{SqliteOptions, SqliteStore};

/// Members of a group.
pub(crate) const GROUP: usize = 50;
/// Writes of one transaction.
const BATCH: usize = 2_000;
/// Direct conversations beside the first: with whom, counted from oneself.
const NEIGHBOURS: [usize; 2] = [7, 13];
const N_GROUPS_EACH: usize = 3;

/// What was made, as the client processes need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seed {
    /// How many users.
    pub(crate) n_users: usize,
    /// The broadcast of all; user 0 owns it.
    pub(crate) broadcast: i64,
    /// Of users 0 to 49, 50 to 99 and so on.
    pub(crate) groups: Vec<i64>,
    /// Of users 0 and 1, 2 and 3 and so on.
    pub(crate) pairs: Vec<i64>,
    /// The store's number of each user.
    pub(crate) users: Vec<i64>,
}

impl Seed {
    /// Reads what [`make`] has written into a folder.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_slice(&text).context("the list of what was seeded")
    }

    /// Where a folder has it.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join("seed.json")
    }
}

/// The token of a user's only device.
pub(crate) fn token(user: usize) -> String {
    format!("bench-token-{user:08}")
}

/// The handle of a user.
pub(crate) fn handle(user: usize) -> String {
    format!("bench{user}")
}

/// A conversation as the wire writes it.
pub(crate) fn conversation_id(number: i64) -> ConversationId {
    ConversationId::new(number).expect("the store gives positive numbers")
}

/// Names of messages, ascending with time as UUIDv7 are.
#[derive(Debug)]
pub(crate) struct ClientIds {
    scope: u64,
    n: u64,
}

impl ClientIds {
    /// Names that no other scope gives.
    pub(crate) fn new(scope: usize) -> Self {
        Self { scope: scope as u64, n: 0 }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> ClientId {
        self.n += 1;
        let ms = u128::from(SystemClock.now_ms());
        let low = (u128::from(self.scope & 0xff_ffff) << 36) | u128::from(self.n & 0xf_ffff_ffff);
        let bits = (ms << 80) | (7 << 76) | (2 << 62) | low;
        ClientId::from_bytes(bits.to_be_bytes())
    }
}

/// Rules under which one request makes what takes many otherwise.
fn rules() -> Rules {
    let limits =
        Limits { members_per_request: u32::MAX, group_members: u32::MAX, ..Limits::default() };
    Rules { limits, may_broadcast: MayBroadcast::All, ..Rules::default() }
}

/// Makes a data folder with so many users, or finds it made.
///
/// # Errors
///
/// If the folder cannot be used, or holds other data.
pub(crate) fn make(folder: &Path, n_users: usize) -> Result<Seed> {
    let file = Seed::path(folder);
    if let Ok(seed) = Seed::read(&file)
        && seed.n_users == n_users
    {
        return Ok(seed);
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    // Power loss while seeding only means to seed again.
    let options = SqliteOptions { is_full_sync: false, ..SqliteOptions::default() };
    let store = SqliteStore::open(folder, options, Arc::new(rules()), &SystemClock)?;
    let seed = runtime.block_on(async {
        let seed = Seeding { store: &store, ids: ClientIds::new(0), users: Vec::new() };
        let made = seed.all(n_users).await;
        store.shutdown().await;
        made
    })?;
    fs::write(&file, serde_json::to_vec(&seed)?)?;
    Ok(seed)
}

struct Seeding<'a> {
    store: &'a SqliteStore,
    ids: ClientIds,
    users: Vec<UserId>,
}

impl Seeding<'_> {
    async fn all(mut self, n_users: usize) -> Result<Seed> {
        ensure!(n_users >= 2, "at least 2 users are needed, {n_users} are asked for");
        for first in (0..n_users).step_by(BATCH) {
            let made = (first..n_users.min(first + BATCH)).map(|user| self.account(user));
            for user in join_all(made).await {
                self.users.push(user?);
            }
        }
        let everyone = (0..n_users).collect();
        let creates = vec![self.create(Kind::Broadcast, everyone)];
        let broadcast = self.commit(creates).await?;
        let mut groups = Vec::new();
        for round in 0..N_GROUPS_EACH {
            let order: Vec<usize> = (0..n_users).collect();
            // Later rounds mix the users, each in the same way in every run.
            let order = if round == 0 { order } else { mixed(order, round) };
            let creates =
                order.chunks(GROUP).map(|members| self.create(Kind::Group, members.to_vec()));
            let creates = creates.collect();
            let made = self.commit(creates).await?;
            if round == 0 {
                groups = made;
            }
        }
        let firsts =
            (0..n_users / 2).map(|pair| self.create(Kind::Direct, vec![2 * pair, 2 * pair + 1]));
        let firsts = firsts.collect();
        let pairs = self.commit(firsts).await?;
        let mut others = Vec::new();
        for user in 0..n_users {
            for away in NEIGHBOURS {
                others.push(self.create(Kind::Direct, vec![user, (user + away) % n_users]));
            }
            // The sixth: with the neighbour of one's first.
            if user % 4 < 2 && user + 2 < n_users {
                others.push(self.create(Kind::Direct, vec![user, user + 2]));
            }
        }
        self.commit(others).await?;
        let users = self.users.iter().map(|user| user.get()).collect();
        Ok(Seed { n_users, broadcast: broadcast[0], groups, pairs, users })
    }

    async fn account(&self, number: usize) -> Result<UserId> {
        let handle = handle(number);
        let user = NewUser {
            name: format!("Bench {number}"),
            handle,
            password: None,
            kind: UserKind::Human,
        };
        let token = account::secret_hash(&token(number));
        let device = NewDevice { name: "bench".to_owned(), token, expires_ms: MAX_SAFE_INTEGER };
        let role = if number == 0 { ServerRole::Admin } else { ServerRole::Member };
        let account = NewAccount { user, role, device: Some(device) };
        Ok(self.store.add_account(account, SystemClock.now_ms()).await?.user)
    }

    /// A conversation of these users; the first makes it.
    fn create(&mut self, kind: Kind, members: Vec<usize>) -> Create {
        let mut members = members.into_iter().map(|number| self.users[number]);
        Create {
            creator: members.next().expect("a conversation has members"),
            client_id: self.ids.next(),
            kind,
            title: (kind != Kind::Direct).then(|| "Harbour swimmers".to_owned()),
            description: None,
            alias: None,
            members: members.collect(),
            settings: SettingsChange::default(),
            at_ms: SystemClock.now_ms(),
        }
    }

    /// Makes conversations with one message each: it brings the other side into a direct one.
    async fn commit(&mut self, creates: Vec<Create>) -> Result<Vec<i64>> {
        let mut made = Vec::with_capacity(creates.len());
        for batch in creates.chunks(BATCH) {
            let writes = batch.iter().cloned().map(Write::Create).collect();
            let mut sends = Vec::with_capacity(batch.len());
            for (result, create) in self.store.commit(writes).await?.into_iter().zip(batch) {
                let Applied { reply: Reply::In(conversation), .. } = result? else {
                    bail!("creating a conversation was answered otherwise");
                };
                made.push(conversation.get());
                sends.push(Write::Send(Send {
                    conversation,
                    sender: create.creator,
                    client_id: self.ids.next(),
                    body: Body::Text { text: "See you at eight".to_owned() },
                    reply_to: None,
                    is_silent: false,
                    mentions: None,
                    at_ms: SystemClock.now_ms(),
                    over_rate_ms: None,
                }));
            }
            for result in self.store.commit(sends).await? {
                result?;
            }
        }
        Ok(made)
    }
}

/// Waits for all, in order; each is under way from the start.
async fn join_all<T>(work: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    use futures_util::stream::{FuturesOrdered, StreamExt as _};
    work.collect::<FuturesOrdered<_>>().collect().await
}

/// Each user once, in another order.
fn mixed(mut order: Vec<usize>, round: usize) -> Vec<usize> {
    let n = order.len() as u64;
    let scattered = |user: usize| {
        let number = (user as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (round as u64) << 33);
        (number ^ (number >> 29)) % (n * 16)
    };
    order.sort_by_key(|user| (scattered(*user), *user));
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use voodoo_core::store::Opened;

    use super::*;

    #[test]
    fn every_user_is_in_ten_conversations_and_the_folder_is_found_again() {
        let folder = std::env::temp_dir().join(format!("voodoo-seed-{}", std::process::id()));
        let seed = make(&folder, 100).unwrap();
        assert_eq!((seed.groups.len(), seed.pairs.len()), (2, 50));
        assert_eq!(make(&folder, 100).unwrap(), seed, "found, not made anew");
        let store =
            SqliteStore::open(&folder, SqliteOptions::default(), Arc::default(), &SystemClock)
                .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for number in 0..seed.n_users {
            let token = account::secret_hash(&token(number));
            let who = runtime.block_on(store.authenticate(token, 1)).unwrap().unwrap();
            let who = Opened { user: who.user, device: who.device };
            let found = runtime.block_on(store.subscriptions(who, 1)).unwrap().unwrap();
            assert_eq!(found.len(), 10, "{number}");
        }
        runtime.block_on(store.shutdown());
        drop(store);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn names_of_messages_are_told_apart_and_ascend() {
        let (mut one, mut other) = (ClientIds::new(0), ClientIds::new(7_500));
        let all: Vec<_> = (0..100).flat_map(|_| [one.next(), other.next()]).collect();
        let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 200);
        assert!(texts.iter().all(|text| text.as_bytes()[14] == b'7'), "version 7");
    }
}
