//! What the HTTP door says when what stands behind it does not work.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use voodoo_core::store::Result;
use voodoo_core::testkit::{Engine, MemoryStore, Over};
use voodoo_core::{Fault, StoreError};

use crate::http::{Ask, Server, log_in, options};

/// A store that fails at everything in one way.
enum Sickness {
    Panics,
    Hangs,
    IsAway,
    Breaks,
}

struct Sick {
    sickness: Sickness,
    store: Arc<MemoryStore>,
}

#[async_trait]
impl Over for Sick {
    fn engine(&self) -> &dyn Engine {
        self.store.as_ref()
    }

    async fn pass<T: Send>(
        &self,
        _call: &'static str,
        _answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.sickness {
            Sickness::Panics => panic!("a sick store"),
            Sickness::Hangs => std::future::pending().await,
            Sickness::IsAway => Err(StoreError::Unavailable("the disk is full".to_owned())),
            Sickness::Breaks => Err(Fault::new("disk I/O error at /secret/path").into()),
        }
    }
}

fn server(sickness: Sickness) -> Server {
    let store = MemoryStore::new(Arc::default());
    let sick = Sick { sickness, store: Arc::clone(&store) };
    Server::over(options(), Arc::new(sick), store)
}

#[tokio::test]
async fn a_panic_ends_one_request_with_an_incident() {
    let server = server(Sickness::Panics);
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
    let server = server(Sickness::Breaks);
    let answer = server.ask(Ask::post("/log-in").json(&log_in("ada", "a lamp"))).await;
    let detail = answer.refused(500, "internal")["detail"].as_str().unwrap();
    assert!(detail.starts_with("a fault of the server, incident "), "{detail}");
    assert!(!answer.text.contains("secret"), "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_not_waited_for() {
    let server = server(Sickness::Hangs);
    server.ask(Ask::get("/server")).await.refused(503, "timeout");
    let ready = server.ask(Ask::at(Method::GET, "/readyz")).await;
    assert_eq!((ready.status.as_u16(), &ready.body[0]["ok"]), (503, &false.into()));
}

#[tokio::test]
async fn a_store_that_is_away_says_when_to_come_back() {
    let server = server(Sickness::IsAway);
    let by_token = Ask::get("/me").header("authorization", "Bearer x");
    for ask in [Ask::get("/server"), by_token] {
        let answer = server.ask(ask).await;
        assert_eq!(answer.refused(503, "unavailable")["retry_after_ms"], 1_000);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(server.ask(Ask::at(Method::GET, "/readyz")).await.status, 503);
}
