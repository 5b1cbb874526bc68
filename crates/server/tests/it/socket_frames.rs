//! RFC 6455 at the real socket: frames in any cut, and what ends a connection.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use voodoo_core::Settings;
use voodoo_server::ws::Opcode;
use voodoo_server::ws::encode::text_frame as unmasked_frame;

use crate::socket::{Server, group, send, settings, until, within};
use crate::socket_client::{Said, Socket, hello, text_frame, upgrade_of};
use crate::ws_codec::client_frame;

const PING: &str = r#"{"type":"ping"}"#;

fn ping(payload: &[u8]) -> Vec<u8> {
    client_frame(true, Opcode::Ping, payload)
}

fn close(code: u16) -> Vec<u8> {
    client_frame(true, Opcode::Close, &code.to_be_bytes())
}

#[tokio::test]
async fn a_session_is_served_one_byte_at_a_time() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = Socket::over(server.tcp().await);
    let greeting = text_frame(&hello(&json!({})).to_string());
    let question = text_frame(r#"{"type":"users","id":1,"query":"ada"}"#);
    for byte in upgrade_of(&ada.token).into_bytes() {
        socket.write(&[byte]).await;
    }
    socket.accepted().await;
    for byte in [greeting, question].concat() {
        socket.write(&[byte]).await;
    }
    assert_eq!(socket.next().await["type"], "welcome");
    assert_eq!(socket.reply(1).await["users"][0]["handle"], "ada");
}

#[tokio::test]
async fn a_frame_cut_in_two_waits_for_its_other_half() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let question = text_frame(r#"{"type":"users","id":1,"query":"ada"}"#);
    for cut in [1, 2, 5, 6, 7, 20] {
        let (half, rest) = question.split_at(cut);
        socket.write(half).await;
        // Others are served while this one is incomplete.
        let mut other = server.live(&ada).await;
        other.is_served().await;
        socket.write(rest).await;
        assert_eq!(socket.reply(1).await["type"], "ok");
    }
}

#[tokio::test]
async fn frames_that_come_in_one_segment_are_answered_one_by_one() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.connect(&ada).await;
    let mut frames = text_frame(&hello(&json!({})).to_string());
    for id in 1..=20 {
        frames.extend(text_frame(&format!(r#"{{"type":"users","id":{id},"query":"ada"}}"#)));
    }
    socket.write(&frames).await;
    assert_eq!(socket.next().await["type"], "welcome");
    for id in 1..=20 {
        assert_eq!(socket.reply(id).await["type"], "ok");
    }
}

#[tokio::test]
async fn what_comes_with_the_upgrade_request_belongs_to_the_session() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let hello = text_frame(&hello(&json!({})).to_string());
    let mut rest = hello.clone();
    rest.extend(text_frame(PING));
    // All of it, half a frame, and a whole frame with half of the next.
    for cut in [rest.len(), hello.len() / 2, hello.len() + 3] {
        let mut socket = Socket::over(server.tcp().await);
        let (with, after) = rest.split_at(cut);
        socket.write(&[upgrade_of(&ada.token).as_bytes(), with].concat()).await;
        socket.accepted().await;
        socket.write(after).await;
        assert_eq!(socket.next().await["type"], "welcome");
        socket.event("pong").await;
    }
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message_and_pings_go_between() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let text = r#"{"type":"users","id":1,"query":"ada — é"}"#;
    // The cut goes through a character of several bytes.
    let at = text.find('—').unwrap() + 1;
    let (first, rest) = text.as_bytes().split_at(at);
    socket.write(&client_frame(false, Opcode::Text, first)).await;
    socket.write(&ping(b"between")).await;
    assert_eq!(socket.said().await, Said::Pong(b"between".to_vec()));
    for byte in rest {
        socket.write(&client_frame(false, Opcode::Continuation, &[*byte])).await;
    }
    socket.write(&client_frame(true, Opcode::Continuation, b"")).await;
    assert_eq!(socket.reply(1).await["type"], "ok");
}

#[tokio::test]
async fn pings_are_answered_with_their_payload_before_hello_too() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.connect(&ada).await;
    for payload in [&b""[..], b"x", &[0xff; 125]] {
        socket.write(&ping(payload)).await;
        assert_eq!(socket.said().await, Said::Pong(payload.to_vec()));
    }
    socket.write(&client_frame(true, Opcode::Pong, b"unasked")).await;
    socket.hello().await;
}

#[tokio::test]
async fn ten_pings_in_one_segment_have_ten_pongs_and_of_more_the_last_has() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let burst = |n: u8| (1..=n).flat_map(|i| ping(&[i])).collect::<Vec<u8>>();
    socket.write(&burst(10)).await;
    for i in 1..=10 {
        assert_eq!(socket.said().await, Said::Pong(vec![i]));
    }
    socket.write(&burst(200)).await;
    let mut last = 0;
    while last < 200 {
        let Said::Pong(payload) = socket.said().await else { panic!("no pong after {last}") };
        assert!(payload[0] > last, "in order");
        last = payload[0];
    }
}

#[tokio::test]
async fn a_close_frame_is_echoed_behind_what_was_answered_already() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for code in [Some(1000), Some(1001), Some(4999), None] {
        let mut socket = server.live(&ada).await;
        let payload = code.map_or(Vec::new(), |code: u16| code.to_be_bytes().to_vec());
        let bye = client_frame(true, Opcode::Close, &payload);
        socket.write(&[text_frame(PING), bye, text_frame(PING)].concat()).await;
        let Said::Text(pong) = socket.said().await else { panic!("the first ping came before") };
        assert_eq!(pong["type"], "pong");
        assert_eq!(socket.said().await, Said::Close(code, String::new()));
        assert_eq!(socket.said().await, Said::End);
    }
    until(|| server.core.hub.n_sessions() == 0).await;
}

#[tokio::test]
async fn bye_is_answered_with_a_normal_close() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    socket.tell(&json!({"type": "bye"})).await;
    assert_eq!(socket.closed().await, Some(1000));
    until(|| server.core.hub.n_sessions() == 0).await;
}

#[tokio::test]
async fn whoever_goes_without_a_close_frame_is_forgotten_and_nobody_else_notices() {
    let server = Server::start().await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut stays = server.live(&bo).await;
    let conversation = stays.ok(&group(1, &[&ada])).await["conversation"].clone();
    let mut half = server.live(&ada).await;
    let cut = server.live(&ada).await;
    let mut within_a_frame = server.live(&ada).await;
    assert_eq!(server.core.hub.n_sessions(), 4);
    half.shut().await;
    assert_eq!(half.said().await, Said::End);
    drop(cut);
    within_a_frame.write(&text_frame(PING)[..5]).await;
    drop(within_a_frame);
    until(|| server.core.hub.n_sessions() == 1).await;
    assert_eq!(stays.ok(&send(&conversation, 2, "still here")).await["seq"], 1);
}

#[tokio::test]
async fn frames_that_break_the_rules_close_with_the_code_that_says_so() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut reserved_bit = text_frame(PING);
    reserved_bit[0] |= 0x40;
    let mut reserved_opcode = text_frame(PING);
    reserved_opcode[0] = 0x83;
    let cases: [(&str, Vec<u8>, u16); 12] = [
        ("binary", client_frame(true, Opcode::Binary, b"{}"), 1003),
        ("text that is not UTF-8", client_frame(true, Opcode::Text, b"\"\xc3\x28\""), 1007),
        ("text cut within a character", client_frame(true, Opcode::Text, b"\xe2\x82"), 1007),
        ("unmasked", unmasked_frame(PING.as_bytes()).to_vec(), 1002),
        ("a reserved bit", reserved_bit, 1002),
        ("a reserved opcode", reserved_opcode, 1002),
        ("a continuation of nothing", client_frame(true, Opcode::Continuation, b"x"), 1002),
        ("a ping in fragments", client_frame(false, Opcode::Ping, b""), 1002),
        ("a ping over 125 bytes", ping(&[0; 126]), 1002),
        ("half a close code", client_frame(true, Opcode::Close, b"\x03"), 1002),
        ("a close code for nobody", close(1006), 1002),
        ("a length of 2^63", vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1002),
    ];
    let mut other = server.live(&ada).await;
    for (why, wire, code) in cases {
        let mut socket = server.live(&ada).await;
        socket.write(&[&text_frame(PING), &wire[..], &text_frame(PING)].concat()).await;
        assert_eq!(socket.closed().await, Some(code), "{why}");
        assert_eq!(socket.kept().len(), 1, "{why}: what came before is answered, nothing after");
        let mut early = server.connect(&ada).await;
        early.write(&wire).await;
        assert_eq!(early.closed().await, Some(code), "{why}, before hello");
        other.is_served().await;
    }
}

#[tokio::test]
async fn before_hello_4_kib_are_enough_and_after_it_64() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let padded = |text: &str, n_bytes: usize| {
        let padding = "x".repeat(n_bytes - text.len() - r#","x":"""#.len());
        let padded = format!(r#"{},"x":"{padding}"}}"#, text.strip_suffix('}').unwrap());
        assert_eq!(padded.len(), n_bytes);
        text_frame(&padded)
    };
    let greeting = hello(&json!({})).to_string();
    let mut early = server.connect(&ada).await;
    early.write(&padded(&greeting, 4_097)).await;
    assert_eq!(early.closed().await, Some(1009));
    let mut socket = server.connect(&ada).await;
    // The greater limit holds for the very next frame.
    socket.write(&[padded(&greeting, 4_096), padded(PING, 65_536)].concat()).await;
    socket.event("welcome").await;
    socket.event("pong").await;
    // The header alone shows it: the rest is not waited for.
    socket.write(&padded(PING, 65_537)[..14]).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn a_message_in_fragments_is_measured_as_a_whole() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut socket = server.live(&ada).await;
    let part = vec![b' '; 32 * 1024];
    socket.write(&client_frame(false, Opcode::Text, &part)).await;
    socket.write(&client_frame(false, Opcode::Continuation, &part)).await;
    socket.write(&ping(b"fits")).await;
    assert_eq!(socket.said().await, Said::Pong(b"fits".to_vec()));
    socket.write(&client_frame(true, Opcode::Continuation, b" ")).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn whoever_says_no_hello_in_time_is_closed_with_4408() {
    let hello = Duration::from_millis(50);
    let server = Server::with(Settings { hello, ..settings() }).await;
    let ada = server.person("ada").await;
    let mut silent = server.connect(&ada).await;
    assert_eq!(silent.closed().await, Some(4408));
    // Neither half a frame nor pings are a `hello`.
    let mut slow = server.connect(&ada).await;
    slow.write(&text_frame(PING)[..5]).await;
    assert_eq!(slow.closed().await, Some(4408));
    let mut pinging = server.connect(&ada).await;
    pinging.write(&ping(b"")).await;
    assert_eq!(pinging.closed().await, Some(4408));
}

#[tokio::test]
async fn whoever_says_nothing_for_too_long_is_closed_and_whoever_pings_stays() {
    let silence = Duration::from_secs(1);
    let server = Server::with(Settings { silence, ..settings() }).await;
    let (ada, bo) = (server.person("ada").await, server.person("bo").await);
    let mut pinging = server.live(&bo).await;
    let begin = Instant::now();
    let mut silent = server.live(&ada).await;
    let pings = async {
        while server.core.hub.n_sessions() > 1 {
            pinging.write(&ping(b"")).await;
            assert_eq!(pinging.said().await, Said::Pong(Vec::new()));
        }
    };
    let (code, ()) = tokio::join!(silent.closed(), within(pings));
    assert_eq!(code, Some(1000));
    assert!(begin.elapsed() >= silence, "{:?}", begin.elapsed());
    pinging.is_served().await;
}
