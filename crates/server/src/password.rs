//! Hashing of passwords by Argon2id, in a pool that is bounded in threads and in waiting.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{
    self, CustomizedPasswordHasher, PasswordHasher, PasswordVerifier as _,
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use voodoo_core::{Fault, Refusal, StoreError, fault};

use crate::spare::{Spares, Turn};

/// What the hashing of passwords costs.
#[derive(Debug, Clone)]
pub struct HashOptions {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub n_passes: u32,
    /// Lanes of one hash.
    pub n_lanes: u32,
    /// Hashes at once.
    pub n_threads: usize,
    /// Hashes that wait, at most; more are refused with `unavailable`.
    pub n_waiting: usize,
}

impl Default for HashOptions {
    fn default() -> Self {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_kib: 19_456, n_passes: 2, n_lanes: 1, n_threads, n_waiting: 64 }
    }
}

/// Hashes and verifies passwords.
///
/// Invariant: a hash in the making holds one of `places` and one of `threads` until it is made,
/// also where nobody waits for it any more.
pub struct Hasher {
    argon2: Argon2<'static>,
    /// Verified in place of the password of an account that does not exist, for the time it takes.
    decoy: Arc<str>,
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    /// Memory that goes on from a hash to one that waits: a quarter of a hash in new memory is the
    /// kernel's handing it over. With what is worked in at most one for each thread.
    spares: Arc<Spares<Vec<Block>>>,
}

/// What lets a hash be made: its memory, its place and its thread.
type Permits = (Turn<Vec<Block>>, OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Hasher {
    /// Makes a hasher.
    ///
    /// # Errors
    ///
    /// A fault if Argon2 does not know such parameters.
    pub fn new(options: &HashOptions) -> Result<Self, Fault> {
        let HashOptions { memory_kib, n_passes, n_lanes, .. } = *options;
        let params = Params::new(memory_kib, n_passes, n_lanes, None)
            .map_err(|error| Fault::new(format!("password hashing: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, &mut Vec::new(), &crate::http::secret::new_token())?.into();
        let n_threads = options.n_threads.max(1);
        let n_places = n_threads + options.n_waiting;
        Ok(Self {
            argon2,
            decoy,
            places: Arc::new(Semaphore::new(n_places)),
            threads: Arc::new(Semaphore::new(n_threads)),
            spares: Spares::new(),
        })
    }

    /// Hashes a password; the result is in PHC form.
    ///
    /// # Errors
    ///
    /// A refusal `unavailable` if too many wait already; a fault if hashing failed.
    pub async fn hash(&self, password: String) -> Result<String, StoreError> {
        let argon2 = self.argon2.clone();
        self.run(move |memory| hash(&argon2, memory, &password)).await
    }

    /// Whether a password is the one that was hashed; `None` takes as long and is always wrong.
    ///
    /// # Errors
    ///
    /// A refusal `unavailable` if too many wait already; a fault if `hashed` is not in PHC form.
    pub async fn verify(
        &self,
        password: String,
        hashed: Option<String>,
    ) -> Result<bool, StoreError> {
        let argon2 = self.argon2.clone();
        let decoy = Arc::clone(&self.decoy);
        self.run(move |memory| {
            let is_right = verify(&argon2, memory, &password, hashed.as_deref().unwrap_or(&decoy))?;
            Ok(is_right && hashed.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (turn, place, thread) = self.enter().await?;
        let done = tokio::task::spawn_blocking(move || {
            let mut lent = turn.begin();
            let result = work(lent.memory());
            // Whoever waits finds the memory once there is a thread.
            drop(lent);
            drop((place, thread));
            result
        });
        Ok(done.await.map_err(Fault::new)??)
    }

    async fn enter(&self) -> Result<Permits, Refusal> {
        let full = || fault::unavailable("too many passwords are being checked at this moment");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_full| full())?;
        let turn = self.spares.wait();
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|_closed| full())?;
        Ok((turn, place, thread))
    }
}

fn hash(argon2: &Argon2<'_>, memory: &mut Vec<Block>, password: &str) -> Result<String, Fault> {
    let hashed = InMemory { argon2, memory: Mutex::new(memory) }
        .hash_password(password.as_bytes())
        .map_err(|error| Fault::new(format!("password hashing: {error}")))?;
    Ok(hashed.to_string())
}

fn verify(
    argon2: &Argon2<'_>,
    memory: &mut Vec<Block>,
    password: &str,
    hashed: &str,
) -> Result<bool, Fault> {
    let hashed = PasswordHash::new(hashed)
        .map_err(|error| Fault::new(format!("a stored password hash is malformed: {error}")))?;
    let hasher = InMemory { argon2, memory: Mutex::new(memory) };
    Ok(hasher.verify_password(password.as_bytes(), &hashed).is_ok())
}

/// Argon2 that works in memory it is given; Argon2's own traits make a verifier of it.
struct InMemory<'a> {
    argon2: &'a Argon2<'a>,
    /// Locked by one hash, for the traits share what they hash with.
    memory: Mutex<&'a mut Vec<Block>>,
}

impl InMemory<'_> {
    fn hash_with(
        &self,
        (algorithm, version, params): (Algorithm, Version, Params),
        password: &[u8],
        salt: &[u8],
    ) -> password_hash::Result<PasswordHash> {
        let salt = Salt::new(salt)?;
        let mut buffer = [0; Output::MAX_LENGTH];
        let n_bytes = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let out = buffer.get_mut(..n_bytes).ok_or(password_hash::Error::OutputSize)?;
        let written = ParamsString::try_from(&params)?;
        let mut memory = self.memory.lock();
        memory.resize(params.block_count(), Block::default());
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(password, &salt, out, memory.as_mut_slice())?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: written,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

impl PasswordHasher<PasswordHash> for InMemory<'_> {
    fn hash_password_with_salt(
        &self,
        password: &[u8],
        salt: &[u8],
    ) -> password_hash::Result<PasswordHash> {
        let way = (Algorithm::Argon2id, Version::V0x13, self.argon2.params().clone());
        self.hash_with(way, password, salt)
    }
}

impl CustomizedPasswordHasher<PasswordHash> for InMemory<'_> {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        self.hash_with((algorithm, version, params), password, salt)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use voodoo_proto::RefusalCode;

    use super::*;

    fn cheap(n_threads: usize, n_waiting: usize) -> Hasher {
        let options = HashOptions { memory_kib: 8, n_passes: 1, n_lanes: 1, n_threads, n_waiting };
        Hasher::new(&options).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_that_was_hashed_is_right() {
        let hasher = cheap(1, 4);
        let hashed = hasher.hash("a lamp by the window".to_owned()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hashed}");
        for (password, hashed, expected) in [
            ("a lamp by the window", Some(hashed.clone()), true),
            ("a lamp by the windoW", Some(hashed.clone()), false),
            ("", Some(hashed.clone()), false),
            ("a lamp by the window", None, false),
        ] {
            assert_eq!(hasher.verify(password.to_owned(), hashed).await.unwrap(), expected);
        }
        assert_ne!(hasher.hash("a lamp by the window".to_owned()).await.unwrap(), hashed);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_empties_again() {
        let hasher = cheap(1, 1);
        let first = hasher.enter().await.unwrap();
        let mut second = Box::pin(hasher.enter());
        let is_waiting = second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        assert!(is_waiting, "there is one thread");
        let third = hasher.hash("a lamp by the window".to_owned()).await;
        let Err(StoreError::Refused(refusal)) = third else { panic!("there is no place") };
        assert_eq!(refusal.code, RefusalCode::Unavailable);
        assert!(refusal.retry_after_ms.is_some());
        drop(first);
        drop(second.await.unwrap());
        hasher.hash("a lamp by the window".to_owned()).await.unwrap();
    }

    /// What was hashed in memory that was used before is what the library says, and the other way.
    #[test]
    fn used_memory_changes_nothing() {
        let params = Params::new(64, 2, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut memory = vec![Block::default(); 500];
        for password in ["a lamp by the window", "", "another"] {
            let own = hash(&argon2, &mut memory, password).unwrap();
            assert!(argon2.verify_password(password.as_bytes(), own.as_str()).is_ok());
            let theirs = argon2.hash_password(password.as_bytes()).unwrap().to_string();
            assert!(verify(&argon2, &mut memory, password, &theirs).unwrap());
            assert!(!verify(&argon2, &mut memory, "a lamp", &theirs).unwrap());
        }
    }

    #[tokio::test]
    async fn memory_is_kept_while_somebody_waits_alone() {
        let hasher = cheap(1, 8);
        let waiting = hasher.spares.wait();
        for _ in 0..3 {
            hasher.hash("a lamp by the window".to_owned()).await.unwrap();
            assert_eq!(hasher.spares.counts(), (1, 1));
        }
        drop(waiting);
        hasher.hash("a lamp by the window".to_owned()).await.unwrap();
        assert_eq!(hasher.spares.counts(), (0, 0));
    }

    #[test]
    fn parameters_that_argon2_does_not_know_are_a_fault() {
        let options = HashOptions { memory_kib: 1, ..HashOptions::default() };
        assert!(Hasher::new(&options).is_err());
    }
}
