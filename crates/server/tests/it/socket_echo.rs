//! What suites that judge WebSocket servers meet.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};
use voodoo_server::echo;
use voodoo_server::listener::{self, ListenerOptions};

use crate::socket::{PATIENCE, within};
use crate::socket_client::{Socket, upgrade};

/// Serves until the sender is dropped.
async fn serving() -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, is_stopping) = watch::channel(false);
    let options = ListenerOptions::default();
    tokio::spawn(listener::serve(listener, echo::router(), options, is_stopping));
    (address, stop)
}

/// Speaks by a library that is none of ours.
async fn speaking(talk: impl FnOnce(&mut WebSocket<TcpStream>) + Send + 'static) {
    let (address, stop) = serving().await;
    let speaking = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(upgrade(&[]).as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        talk(&mut WebSocket::from_raw_socket(stream, Role::Client, Some(config)));
    });
    within(speaking).await.unwrap();
    drop(stop);
}

#[tokio::test]
async fn texts_and_bytes_of_up_to_16_mib_are_said_back() {
    speaking(|socket| {
        for n_bytes in [0, 1, 125, 126, 65_535, 65_536, 1024 * 1024] {
            for message in [Message::text("*".repeat(n_bytes)), Message::binary(vec![7; n_bytes])] {
                socket.send(message.clone()).unwrap();
                assert!(socket.read().unwrap() == message, "{n_bytes} bytes");
            }
        }
        let longest = Message::binary(vec![7; 16 * 1024 * 1024]);
        socket.send(longest.clone()).unwrap();
        assert!(socket.read().unwrap() == longest);
        // The head of a frame with one byte more.
        let head = [0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 9, 9, 9, 9];
        socket.get_mut().write_all(&head).unwrap();
        let Message::Close(Some(frame)) = socket.read().unwrap() else { panic!("it closes") };
        assert_eq!(frame.code, CloseCode::Size);
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered_and_a_close_frame_is_repeated() {
    speaking(|socket| {
        socket.send(Message::Ping("are you there".into())).unwrap();
        assert_eq!(socket.read().unwrap(), Message::Pong("are you there".into()));
        socket.close(Some(CloseFrame { code: 4000.into(), reason: "enough".into() })).unwrap();
        let Message::Close(Some(frame)) = socket.read().unwrap() else { panic!("it closes") };
        assert_eq!(frame.code, CloseCode::from(4000));
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    })
    .await;
}

#[tokio::test]
async fn a_subprotocol_is_chosen_where_one_fits_and_else_none() {
    let (address, _stop) = serving().await;
    for (offered, chosen) in
        [(None, vec![]), (Some("chat"), vec![]), (Some("voodoo.v1"), vec!["voodoo.v1"])]
    {
        let headers: Vec<_> =
            offered.map(|it| ("Sec-WebSocket-Protocol", it)).into_iter().collect();
        let mut socket = Socket::over(tokio::net::TcpStream::connect(address).await.unwrap());
        socket.write(upgrade(&headers).as_bytes()).await;
        let head = socket.head().await;
        assert_eq!(
            (head.status, head.header("sec-websocket-protocol")),
            (101, chosen),
            "{offered:?}"
        );
    }
    let mut socket = Socket::over(tokio::net::TcpStream::connect(address).await.unwrap());
    socket.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(socket.head().await.status, 426);
}
