//! What the HTTP door says when what stands behind it does not work.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use voodoo_core::store::{
    Account, Accounts, Authenticated, Claim, Credential, InviteTarget, NewAccount, NewDevice,
    NewInvite, NewUser, OneTime, Opened, Result, SecretHash, SignedUp,
};
use voodoo_core::testkit::MemoryStore;
use voodoo_core::{Fault, StoreError};
use voodoo_proto::http::Device;
use voodoo_proto::{DeviceId, InviteId, UserId};

use crate::http::{Ask, Server, log_in, options};

/// Accounts that fail at everything in one way.
enum Sick {
    Panics,
    Hangs,
    IsAway,
    Breaks,
}

impl Sick {
    async fn fail<T>(&self) -> Result<T> {
        match self {
            Self::Panics => panic!("a sick store"),
            Self::Hangs => std::future::pending().await,
            Self::IsAway => Err(StoreError::Unavailable("the disk is full".to_owned())),
            Self::Breaks => Err(Fault::new("disk I/O error at /secret/path").into()),
        }
    }
}

#[async_trait]
impl Accounts for Sick {
    async fn about(&self) -> Result<(String, bool)> {
        self.fail().await
    }
    async fn put_one_time(
        &self,
        _: OneTime,
        _: SecretHash,
        _: Option<UserId>,
        _: u64,
    ) -> Result<()> {
        self.fail().await
    }
    async fn take_one_time(&self, _: OneTime, _: SecretHash, _: u64) -> Result<Option<UserId>> {
        self.fail().await
    }
    async fn claim(&self, _: Claim, _: u64) -> Result<Opened> {
        self.fail().await
    }
    async fn sign_up(
        &self,
        _: Option<SecretHash>,
        _: NewUser,
        _: Option<NewDevice>,
        _: u64,
    ) -> Result<SignedUp> {
        self.fail().await
    }
    async fn add_account(&self, _: NewAccount, _: u64) -> Result<SignedUp> {
        self.fail().await
    }
    async fn credential(&self, _: &str) -> Result<Option<Credential>> {
        self.fail().await
    }
    async fn credential_of(&self, _: UserId) -> Result<Option<Credential>> {
        self.fail().await
    }
    async fn open_device(&self, _: UserId, _: NewDevice, _: u64) -> Result<Opened> {
        self.fail().await
    }
    async fn authenticate(&self, _: SecretHash, _: u64) -> Result<Option<Authenticated>> {
        self.fail().await
    }
    async fn put_ticket(&self, _: SecretHash, _: DeviceId, _: u64, _: u64) -> Result<()> {
        self.fail().await
    }
    async fn take_ticket(&self, _: SecretHash, _: u64) -> Result<Option<Authenticated>> {
        self.fail().await
    }
    async fn touch_devices(&self, _: Vec<(DeviceId, u64, u64)>) -> Result<()> {
        self.fail().await
    }
    async fn close_device(&self, _: UserId, _: DeviceId, _: u64) -> Result<()> {
        self.fail().await
    }
    async fn devices(&self, _: UserId, _: u64) -> Result<Vec<Device>> {
        self.fail().await
    }
    async fn set_password(
        &self,
        _: UserId,
        _: String,
        _: Option<DeviceId>,
        _: u64,
    ) -> Result<Vec<DeviceId>> {
        self.fail().await
    }
    async fn set_disabled(&self, _: UserId, _: bool, _: u64) -> Result<Vec<DeviceId>> {
        self.fail().await
    }
    async fn account(&self, _: &str) -> Result<Option<Account>> {
        self.fail().await
    }
    async fn accounts(&self, _: Option<&str>, _: usize) -> Result<Vec<Account>> {
        self.fail().await
    }
    async fn create_invite(&self, _: NewInvite, _: u64) -> Result<InviteId> {
        self.fail().await
    }
    async fn look_invite(&self, _: SecretHash, _: u64) -> Result<InviteTarget> {
        self.fail().await
    }
    async fn revoke_invite(&self, _: UserId, _: InviteId) -> Result<()> {
        self.fail().await
    }
}

fn server(sick: Sick) -> Server {
    Server::over(options(), Arc::new(sick), MemoryStore::new(Arc::default()))
}

#[tokio::test]
async fn a_panic_ends_one_request_with_an_incident() {
    let server = server(Sick::Panics);
    for _ in 0..2 {
        let answer = server.ask(Ask::get("/server")).await;
        let detail = answer.refused(500, "internal")["detail"].as_str().unwrap();
        assert!(detail.starts_with("a fault of the server, incident "), "{detail}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(server.ask(Ask::at(Method::GET, "/livez")).await.status, 200);
}

#[tokio::test]
async fn a_fault_tells_its_incident_and_not_its_cause() {
    let server = server(Sick::Breaks);
    let answer = server.ask(Ask::post("/log-in").json(&log_in("ada", "a lamp"))).await;
    let detail = answer.refused(500, "internal")["detail"].as_str().unwrap();
    assert!(detail.starts_with("a fault of the server, incident "), "{detail}");
    assert!(!answer.text.contains("secret"), "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_not_waited_for() {
    let server = server(Sick::Hangs);
    server.ask(Ask::get("/server")).await.refused(503, "timeout");
    let ready = server.ask(Ask::at(Method::GET, "/readyz")).await;
    assert_eq!((ready.status.as_u16(), &ready.body[0]["ok"]), (503, &false.into()));
}

#[tokio::test]
async fn a_store_that_is_away_says_when_to_come_back() {
    let server = server(Sick::IsAway);
    let by_token = Ask::get("/me").header("authorization", "Bearer x");
    for ask in [Ask::get("/server"), by_token] {
        let answer = server.ask(ask).await;
        assert_eq!(answer.refused(503, "unavailable")["retry_after_ms"], 1_000);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(server.ask(Ask::at(Method::GET, "/readyz")).await.status, 503);
}
