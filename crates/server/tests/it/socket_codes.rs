//! Every code of a refusal, provoked at the real socket: the connection goes on, everyone else's
//! traffic too, and what is stored is as it was.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use voodoo_core::Settings;
use voodoo_proto::limits::{Rate, Rates};
use voodoo_proto::{ConversationId, RefusalCode};

use crate::socket::{Person, Server, client_id, group, send, settings};
use crate::socket_client::{Socket, upgrade_of};
use crate::socket_moods::{Mood, Moody};

/// Ada and Bo in a group with one message of Ada's, and in a direct conversation with one.
pub(crate) struct Stand {
    pub(crate) server: Server,
    pub(crate) store: Arc<Moody>,
    pub(crate) ada: Person,
    pub(crate) bo: Person,
    pub(crate) of_ada: Socket,
    pub(crate) of_bo: Socket,
    pub(crate) group: Value,
    direct: Value,
    n_said: u64,
}

/// Limits that are reached soon.
fn tight() -> Settings {
    let mut settings = settings();
    let join = Rate { per_s: 0.001, burst: 1.0 };
    settings.rules.limits.rates = Rates { join, ..settings.rules.limits.rates };
    settings.rules.limits.conversations = 2;
    settings.request = Duration::from_secs(1);
    settings
}

impl Stand {
    pub(crate) async fn with(settings: Settings) -> Self {
        let (server, store) = Moody::server(settings).await;
        let (ada, bo) = (server.person("ada").await, server.person("bo").await);
        let (mut of_ada, mut of_bo) = (server.live(&ada).await, server.live(&bo).await);
        let group = of_ada.ok(&group(1, &[&bo])).await["conversation"].clone();
        let direct = json!({"type": "create", "client_id": client_id(2), "kind": "direct",
            "members": [bo.user]});
        let direct = of_ada.ok(&direct).await["conversation"].clone();
        of_ada.ok(&send(&group, 3, "first")).await;
        of_ada.ok(&send(&direct, 4, "first")).await;
        for _ in 0..2 {
            of_bo.event("message").await;
        }
        let n_said = 4;
        Self { server, store, ada, bo, of_ada, of_bo, group, direct, n_said }
    }

    /// What the store holds for both, and whatever can be read of it.
    pub(crate) async fn stored(&mut self) -> Vec<Value> {
        let mut stored = Vec::new();
        for socket in [&mut self.of_ada, &mut self.of_bo] {
            socket.tell(&json!({"type": "ping", "check": true})).await;
            stored.push(socket.event("pong").await["digest"].clone());
            for conversation in [&self.group, &self.direct] {
                let history = json!({"type": "history", "conversation": conversation});
                let mut page = socket.ok(&history).await;
                page["id"] = Value::Null;
                stored.push(page);
            }
        }
        stored
    }

    /// Ada says something that Bo hears.
    pub(crate) async fn talk_goes_on(&mut self) {
        self.n_said += 1;
        let said = send(&self.group, 1_000 + self.n_said, "and on");
        let seq = self.of_ada.ok(&said).await["seq"].clone();
        assert_eq!(self.of_bo.event("message").await["seq"], seq);
        let said = send(&self.group, 2_000 + self.n_said, "and back");
        let seq = self.of_bo.ok(&said).await["seq"].clone();
        assert_eq!(self.of_ada.event("message").await["seq"], seq);
    }

    fn id(&self) -> Option<ConversationId> {
        Some(serde_json::from_value(self.group.clone()).unwrap())
    }

    fn about_group(&self, name: &str, fields: Value) -> Value {
        let mut frame = fields;
        frame["type"] = name.into();
        frame["conversation"] = self.group.clone();
        frame
    }

    /// Puts everything so that Ada's request is refused with the code. `None` where no request on
    /// a socket can be.
    async fn arrange(&mut self, code: RefusalCode) -> Option<Value> {
        let body = json!({"kind": "text", "text": "x"});
        let history = self.about_group("history", json!({}));
        Some(match code {
            RefusalCode::BadRequest => json!({"type": "users"}),
            RefusalCode::UnknownType => json!({"type": "teleport"}),
            RefusalCode::TooLarge => send(&self.group, 50, &"x".repeat(16_385)),
            RefusalCode::Unauthenticated | RefusalCode::SlowMode => return None,
            RefusalCode::Forbidden => {
                let (user, role) = (self.ada.user, "member");
                self.about_group("member_role", json!({"user": user, "role": role}))
            }
            RefusalCode::NotFound => self.about_group("receipts", json!({"seq": 99})),
            RefusalCode::Conflict => {
                self.about_group("edit", json!({"seq": 1, "edits": 7, "body": body}))
            }
            RefusalCode::Gone => json!({"type": "join", "code": "wrong"}),
            RefusalCode::ReadOnly => {
                let (accounts, user) = (&self.server.core.accounts, self.bo.user);
                accounts.set_disabled(user, true, 1).await.unwrap();
                send(&self.direct, 51, "anybody there?")
            }
            RefusalCode::Blocked => {
                let block = json!({"type": "block", "user": self.ada.user, "on": true});
                self.of_bo.ok(&block).await;
                send(&self.direct, 52, "please")
            }
            RefusalCode::LimitExceeded => group(53, &[]),
            RefusalCode::RateLimited => {
                let join = json!({"type": "join", "alias": "nowhere"});
                self.of_ada.refused(&join, "not_found").await;
                join
            }
            RefusalCode::Unavailable => {
                self.store.set(("history", self.id()), Mood::IsAway);
                history
            }
            RefusalCode::Timeout => {
                let never = Arc::new(Semaphore::new(0));
                self.store.set(("history", self.id()), Mood::Waits(never));
                history
            }
            RefusalCode::Internal => {
                self.store.set(("history", self.id()), Mood::Breaks);
                history
            }
        })
    }
}

/// A code that is added has to be added above: the match there has no arm for the rest.
#[tokio::test]
async fn every_refusal_leaves_the_connection_others_and_the_store_as_they_were() {
    for code in RefusalCode::ALL {
        let mut stand = Stand::with(tight()).await;
        let Some(request) = stand.arrange(code).await else {
            assert!(matches!(code, RefusalCode::Unauthenticated | RefusalCode::SlowMode));
            continue;
        };
        stand.store.cheer_up();
        let before = stand.stored().await;
        let request = stand.arrange_again(code, request).await;
        let refused = stand.of_ada.refused(&request, code.name()).await;
        assert_eq!(refused["retry"], serde_json::to_value(code.retry()).unwrap(), "{refused}");
        assert!(refused["message"].as_str().is_some_and(|words| !words.is_empty()), "{refused}");
        stand.store.cheer_up();
        assert_eq!(stand.stored().await, before, "{}", code.name());
        stand.talk_goes_on().await;
    }
}

impl Stand {
    /// What was cheered up for a look at the store is put out again; nothing else is done twice.
    async fn arrange_again(&mut self, code: RefusalCode, request: Value) -> Value {
        let is_mood =
            matches!(code, RefusalCode::Unavailable | RefusalCode::Timeout | RefusalCode::Internal);
        if is_mood { self.arrange(code).await.unwrap_or(request) } else { request }
    }
}

/// Whoever is not logged in has no socket on which to ask: the upgrade itself is refused.
#[tokio::test]
async fn unauthenticated_is_said_before_there_is_a_socket() {
    let mut stand = Stand::with(tight()).await;
    let before = stand.stored().await;
    let mut stranger = Socket::over(stand.server.tcp().await);
    stranger.write(upgrade_of("no-such-token").as_bytes()).await;
    assert_eq!(stranger.head().await.status, RefusalCode::Unauthenticated.http_status());
    stranger.shut().await;
    assert!(stranger.rest().await.contains(r#""code":"unauthenticated""#));
    assert_eq!(stand.stored().await, before);
    stand.talk_goes_on().await;
}

/// The code is kept for a mode that nobody can switch on yet.
#[tokio::test]
async fn slow_mode_is_reserved_and_cannot_be_switched_on() {
    let mut stand = Stand::with(tight()).await;
    let update = stand.about_group("update", json!({"settings": {"slow_ms": 5_000}}));
    let refused = stand.of_ada.refused(&update, "bad_request").await;
    assert_eq!(refused["field"], "settings");
    stand.talk_goes_on().await;
}
