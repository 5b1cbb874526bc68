//! Wrong guesses of passwords and secrets: a few are free, then each costs a longer wait.
//!
//! Counts by account and by address in tables of a fixed size. Who shares a slot shares its
//! count; the hash is keyed, so that nobody can choose to. No account is ever shut: from where it
//! was logged in to before, guesses count apart from everyone else's, so that nobody keeps its
//! owner out by guessing on; and live sessions are not touched.

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;
use voodoo_core::Refusal;
use voodoo_core::tally::{Rule, TALLY};
use voodoo_proto::{RefusalCode, UserId};

use crate::places::network;
use crate::sync::{HashKey, Mutex};

/// Slots of one table: 1 MiB, of which the kernel gives what is touched.
const N_SLOTS: usize = 1 << 16;

/// How many wrong guesses are free, and what further ones cost.
#[derive(Debug, Clone)]
pub struct AttemptOptions {
    /// Guesses at one account before waiting begins; 0 = no limit.
    pub free_per_account: u32,
    /// Guesses from one address (of IPv6, one /64) before waiting begins; 0 = no limit.
    pub free_per_address: u32,
    /// The first wait; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait: who owns an account gets in after it, whoever else is guessing.
    pub longest_wait: Duration,
    /// After this long without a wrong guess all are forgotten.
    pub forget: Duration,
}

impl Default for AttemptOptions {
    fn default() -> Self {
        Self {
            free_per_account: 5,
            free_per_address: 20,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            forget: Duration::from_secs(15 * 60),
        }
    }
}

/// What is guessed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Account<'a> {
    /// A folded handle, whether there is such an account or not.
    Handle(&'a str),
    /// Somebody who is logged in.
    User(UserId),
}

/// Guesses of late.
pub(crate) struct Attempts {
    options: AttemptOptions,
    key: HashKey,
    accounts: Table,
    addresses: Table,
    /// Hashes of account and network, each in the slot that is its remainder.
    known: Mutex<Vec<u64>>,
}

/// A guess under way, counted as wrong until the contrary is said.
#[must_use]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    account: Option<Counted>,
    address: Counted,
    /// Hash of account and network.
    pair: Option<u64>,
}

impl Attempts {
    pub(crate) fn new(options: AttemptOptions) -> Self {
        Self {
            accounts: Table::new(options.free_per_account),
            addresses: Table::new(options.free_per_address),
            known: Mutex::new(vec![0; N_SLOTS]),
            key: HashKey::default(),
            options,
        }
    }

    /// Begins a guess at the password of an account.
    ///
    /// # Errors
    ///
    /// `rate_limited` if it has to wait.
    pub(crate) fn at(&self, account: Account<'_>, from: IpAddr) -> Result<Attempt<'_>, Refusal> {
        let network = network(from);
        let pair = self.key.hash_one((account, network));
        let is_known = self.known.lock()[slot(pair)] == pair;
        let account = if is_known { pair } else { self.key.hash_one(account) };
        let attempt = self.begin(Some(slot(account)), network)?;
        Ok(Attempt { pair: Some(pair), ..attempt })
    }

    /// Begins a guess at a secret that belongs to no account.
    ///
    /// # Errors
    ///
    /// `rate_limited` if it has to wait.
    pub(crate) fn from(&self, from: IpAddr) -> Result<Attempt<'_>, Refusal> {
        self.begin(None, network(from))
    }

    fn begin(&self, account: Option<usize>, network: IpAddr) -> Result<Attempt<'_>, Refusal> {
        let address = slot(self.key.hash_one(network));
        let address = self.addresses.take(address, &self.options).map_err(too_many)?;
        let account = account.map(|account| self.accounts.take(account, &self.options));
        let account = account.transpose().map_err(|wait_ms| {
            self.addresses.give_back(&address);
            too_many(wait_ms)
        })?;
        Ok(Attempt { attempts: self, account, address, pair: None })
    }
}

impl Attempt<'_> {
    /// The guess was right: the account begins anew, the address has one guess back.
    pub(crate) fn was_right(self) {
        if let Some(account) = &self.account {
            self.attempts.accounts.forget(account.index);
        }
        if let Some(pair) = self.pair {
            self.attempts.known.lock()[slot(pair)] = pair;
        }
        self.attempts.addresses.give_back(&self.address);
    }

    /// Nobody judged it.
    pub(crate) fn was_not_judged(self) {
        if let Some(account) = &self.account {
            self.attempts.accounts.give_back(account);
        }
        self.attempts.addresses.give_back(&self.address);
    }
}

fn too_many(wait_ms: u64) -> Refusal {
    TALLY.rate_limited(Rule::Attempts);
    Refusal::new(RefusalCode::RateLimited, "too many attempts, wait a while").after_ms(wait_ms)
}

fn slot(hash: u64) -> usize {
    usize::try_from(hash % N_SLOTS as u64).unwrap_or(0)
}

/// When the wait of a slot is over, and how many wrong guesses it has.
type Slot = (u64, u32);

/// A guess that was counted.
#[derive(Debug)]
struct Counted {
    index: usize,
    /// The end of the wait that it began.
    until_ms: u64,
}

struct Table {
    n_free: u32,
    began: Instant,
    /// The clock is read by whoever holds it: read before, it may be behind what the slot has, and
    /// a slot that begins no wait would look like one.
    slots: Mutex<Vec<Slot>>,
}

impl Table {
    fn new(n_free: u32) -> Self {
        Self { n_free, began: Instant::now(), slots: Mutex::new(vec![(0, 0); N_SLOTS]) }
    }

    /// Counts a guess, or says how many milliseconds are still to be waited.
    fn take(&self, index: usize, options: &AttemptOptions) -> Result<Counted, u64> {
        if self.n_free == 0 {
            return Ok(Counted { index, until_ms: 0 });
        }
        let mut slots = self.slots.lock();
        let now_ms = self.now_ms();
        let (until_ms, n_wrong) = &mut slots[index];
        if *until_ms > now_ms {
            return Err(*until_ms - now_ms);
        }
        if now_ms - *until_ms > millis(options.forget) {
            *n_wrong = 0;
        }
        *n_wrong = n_wrong.saturating_add(1);
        *until_ms = now_ms + self.wait_ms(*n_wrong, options);
        Ok(Counted { index, until_ms: *until_ms })
    }

    fn wait_ms(&self, n_wrong: u32, options: &AttemptOptions) -> u64 {
        let Some(n_doublings) = n_wrong.checked_sub(self.n_free + 1) else { return 0 };
        let factor = 2_u32.saturating_pow(n_doublings);
        millis(options.first_wait.saturating_mul(factor).min(options.longest_wait))
    }

    fn give_back(&self, counted: &Counted) {
        let mut slots = self.slots.lock();
        let now_ms = self.now_ms();
        let (until_ms, n_wrong) = &mut slots[counted.index];
        *n_wrong = n_wrong.saturating_sub(1);
        // What another guess has begun meanwhile goes on, if there are enough without this one.
        if *until_ms == counted.until_ms || *n_wrong <= self.n_free {
            *until_ms = now_ms.min(*until_ms);
        }
    }

    fn forget(&self, index: usize) {
        self.slots.lock()[index] = (0, 0);
    }

    fn now_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    const HOME: &str = "192.0.2.1";

    fn attempts() -> Attempts {
        Attempts::new(AttemptOptions {
            free_per_account: 2,
            free_per_address: 4,
            ..AttemptOptions::default()
        })
    }

    fn wait_ms(attempts: &Attempts, handle: &str, from: &str) -> Option<u64> {
        let begun = attempts.at(Account::Handle(handle), from.parse().unwrap());
        begun.err().map(|refusal| refusal.retry_after_ms.unwrap())
    }

    async fn pass(millis: u64) {
        tokio::time::advance(Duration::from_millis(millis)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_longest() {
        let attempts = attempts();
        for from in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert_eq!(wait_ms(&attempts, "ann", from), None);
        }
        for expected in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            assert_eq!(wait_ms(&attempts, "ann", "192.0.2.4"), Some(expected));
            pass(expected).await;
            let from = format!("198.51.100.{}", expected / 1_000);
            assert_eq!(wait_ms(&attempts, "ann", &from), None, "after its wait it may guess");
        }
        pass(60_000 + 15 * 60_000 + 1).await;
        assert_eq!(wait_ms(&attempts, "ann", HOME), None);
        assert_eq!(wait_ms(&attempts, "ann", HOME), None, "all was forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_at_once_are_counted_before_they_are_judged() {
        let attempts = attempts();
        let home: IpAddr = HOME.parse().unwrap();
        let under_way: Vec<_> =
            (0..10).filter_map(|_| attempts.at(Account::Handle("ann"), home).ok()).collect();
        assert_eq!(under_way.len(), 3, "two free ones and the one that begins the wait");
        for attempt in under_way {
            attempt.was_not_judged();
        }
        assert_eq!(wait_ms(&attempts, "ann", HOME), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_guess_ends_no_wait_that_others_began() {
        let attempts = attempts();
        let judged_late = attempts.at(Account::Handle("own"), HOME.parse().unwrap());
        for n in 0..4 {
            assert_eq!(wait_ms(&attempts, &format!("user{n}"), HOME), None);
        }
        pass(1_000).await;
        assert_eq!(wait_ms(&attempts, "user4", HOME), None, "after its wait it may guess");
        judged_late.expect("four are free").was_right();
        assert_eq!(wait_ms(&attempts, "user5", HOME), Some(2_000));
    }

    /// By a clock that runs: what threads read of it is not in the order in which they come in.
    #[test]
    fn right_guesses_at_once_are_never_told_to_wait() {
        let attempts = Attempts::new(AttemptOptions::default());
        let guess = &|user: &str| {
            for _ in 0..20_000 {
                let begun = attempts.at(Account::Handle(user), HOME.parse().unwrap());
                begun.expect("fewer than are free").was_right();
            }
        };
        std::thread::scope(|threads| {
            for user in ["ann", "bo", "cy", "di"] {
                threads.spawn(move || guess(user));
            }
        });
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_waits_whatever_it_guesses_at() {
        let attempts = attempts();
        for n in 0..5 {
            assert_eq!(wait_ms(&attempts, &format!("user{n}"), "2001:db8::1"), None);
        }
        assert_eq!(wait_ms(&attempts, "user5", "2001:db8::ffff"), Some(1_000), "the same /64");
        assert_eq!(wait_ms(&attempts, "user5", "2001:db8:0:1::1"), None, "another one");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_keeps_the_owner_out_from_where_the_owner_was_in() {
        let attempts = attempts();
        let right = attempts.at(Account::Handle("ann"), HOME.parse().unwrap());
        right.expect("two are free").was_right();
        for n in 0..3 {
            assert_eq!(wait_ms(&attempts, "ann", &format!("198.51.100.{n}")), None);
        }
        assert_eq!(wait_ms(&attempts, "ann", "198.51.100.9"), Some(1_000));
        for _ in 0..3 {
            assert_eq!(wait_ms(&attempts, "ann", HOME), None);
        }
        assert_eq!(wait_ms(&attempts, "ann", HOME), Some(1_000), "guesses count there too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_guess_frees_the_account_and_not_the_address() {
        let attempts = attempts();
        for _ in 0..2 {
            assert_eq!(wait_ms(&attempts, "ann", HOME), None, "a wrong one");
            let right = attempts.at(Account::Handle("ann"), HOME.parse().unwrap());
            right.expect("two are free").was_right();
        }
        assert_eq!(wait_ms(&attempts, "ann", HOME), None);
        assert_eq!(wait_ms(&attempts, "bo", HOME), None);
        assert_eq!(wait_ms(&attempts, "bo", HOME), None);
        assert_eq!(wait_ms(&attempts, "bo", HOME), Some(1_000));
    }
}
