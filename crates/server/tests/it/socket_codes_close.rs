//! Every code of a close frame, provoked at the real socket: one connection ends, the others go on,
//! and what is stored is as it was.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use voodoo_core::Settings;
use voodoo_core::outbox::OutboxLimits;
use voodoo_core::rates::Flood;
use voodoo_proto::CloseCode;
use voodoo_proto::limits::Rate;
use voodoo_server::ws::Opcode;
use voodoo_server::ws::encode::text_frame as unmasked_frame;

use crate::socket::{settings, until};
use crate::socket_client::{Socket, hello, upgrade};
use crate::socket_codes::Stand;
use crate::socket_moods::Mood;
use crate::ws_codec::client_frame;

/// A connection that takes nothing for so long is closed.
const TAKES_NOTHING: Duration = Duration::from_millis(200);

/// Patience that ends soon.
fn short(code: CloseCode) -> Settings {
    let mut settings = settings();
    settings.rules.limits.sessions = 3;
    settings.hello = Duration::from_secs(3);
    settings.not_writable = TAKES_NOTHING;
    settings.outbox =
        OutboxLimits { calm_bytes: 8 * 1024, full_bytes: 32 * 1024, reply_bytes: 64 * 1024 };
    if code == CloseCode::Flooding {
        let refusals = Rate { per_s: 0.001, burst: 5.0 };
        settings.flood = Flood { refusals, ..settings.flood };
    }
    settings
}

/// Ends a connection of Cleo's. `None` where nothing that the server does ends with the code.
async fn provoke(stand: &mut Stand, code: CloseCode) -> Option<Option<u16>> {
    let (server, cleo) = (&stand.server, stand.server.person("cleo").await);
    let mut doomed = match code {
        CloseCode::NoHello => return Some(server.connect(&cleo).await.closed().await),
        CloseCode::Version => return None,
        CloseCode::TooSlow => return Some(too_slow(stand).await),
        CloseCode::Fault | CloseCode::Unavailable => {
            let mood = if code == CloseCode::Fault { Mood::Breaks } else { Mood::IsAway };
            let mut early = server.connect(&cleo).await;
            stand.store.set(("snapshot", None), mood);
            early.tell(&hello(&json!({}))).await;
            let number = early.closed().await;
            stand.store.cheer_up();
            return Some(number);
        }
        CloseCode::Normal
        | CloseCode::WebSocket
        | CloseCode::Binary
        | CloseCode::NotUtf8
        | CloseCode::TooBig
        | CloseCode::Protocol
        | CloseCode::LogInAgain
        | CloseCode::NotAllowed
        | CloseCode::TooManySessions
        | CloseCode::Flooding => server.live(&cleo).await,
    };
    let mut newer = Vec::new();
    match code {
        CloseCode::Normal => doomed.tell(&json!({"type": "bye"})).await,
        CloseCode::WebSocket => doomed.write(&unmasked_frame(b"{}")).await,
        CloseCode::Binary => doomed.write(&client_frame(true, Opcode::Binary, b"{}")).await,
        CloseCode::NotUtf8 => doomed.write(&client_frame(true, Opcode::Text, b"\xff\xff")).await,
        CloseCode::TooBig => {
            doomed.write(&client_frame(true, Opcode::Text, &[b' '; 65_537])).await;
        }
        CloseCode::Protocol => doomed.tell(&hello(&json!({}))).await,
        CloseCode::LogInAgain | CloseCode::NotAllowed => {
            server.core.revoke(cleo.user, &[cleo.device], code);
        }
        CloseCode::TooManySessions => {
            for _ in 0..3 {
                newer.push(server.live(&cleo).await);
            }
        }
        CloseCode::Flooding => {
            for number in 0..6 {
                doomed.request(&json!({"type": format!("fly-{number}")})).await;
            }
        }
        CloseCode::Fault
        | CloseCode::NoHello
        | CloseCode::Version
        | CloseCode::TooSlow
        | CloseCode::Unavailable => {}
    }
    Some(doomed.closed().await)
}

/// Answers that nobody reads fill every buffer on the way. Whoever reads again before the
/// connection is given up learns why it ended.
async fn too_slow(stand: &mut Stand) -> Option<u16> {
    loop {
        let stream = stand.server.narrow().await;
        let mut doomed = Socket::upgraded(stream, &stand.bo.token).await;
        doomed.hello().await;
        let history = json!({"type": "history", "conversation": stand.group});
        for _ in 0..400 {
            doomed.request(&history).await;
        }
        let n_sessions = stand.server.core.hub.n_sessions();
        // Others are served meanwhile.
        let begin = Instant::now();
        while begin.elapsed() < TAKES_NOTHING * 3 {
            stand.of_ada.is_served().await;
        }
        let number = doomed.ending().await;
        until(|| stand.server.core.hub.n_sessions() < n_sessions).await;
        if number.is_some() {
            return number;
        }
    }
}

/// A code that is added has to be added above: the matches there have no arm for the rest.
#[tokio::test]
async fn every_close_ends_one_connection_and_leaves_the_rest_as_it_was() {
    for code in CloseCode::ALL {
        let mut stand = Stand::with(short(code)).await;
        let before = stand.stored().await;
        match provoke(&mut stand, code).await {
            Some(number) => assert_eq!(number, Some(code.number()), "{}", code.reason()),
            None => assert_eq!(code, CloseCode::Version),
        }
        assert_eq!(stand.stored().await, before, "{}", code.reason());
        stand.talk_goes_on().await;
    }
}

/// 4410 is kept for a client of a version that was served once: a version that never was is refused
/// before there is a socket.
#[tokio::test]
async fn a_version_that_is_not_served_gets_no_socket() {
    let mut stand = Stand::with(short(CloseCode::Version)).await;
    let bearer = format!("Bearer {}", stand.ada.token);
    let mut old = Socket::over(stand.server.tcp().await);
    let request = upgrade(&[("Sec-WebSocket-Protocol", "voodoo.v0"), ("Authorization", &bearer)]);
    old.write(request.as_bytes()).await;
    assert_eq!(old.head().await.status, 426);
    stand.talk_goes_on().await;
}
