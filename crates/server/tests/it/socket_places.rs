//! One address has so many connections and no more.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use voodoo_server::http::router;
use voodoo_server::listener::{self, ListenerOptions};

use crate::socket::{Server, within};
use crate::socket_client::Socket;

/// A second listener of a server, by which one address may have two connections.
struct Narrow {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Narrow {
    async fn of(server: &Server, shared: &[&str]) -> Self {
        let shared_networks = shared.iter().map(|network| network.parse().unwrap()).collect();
        let options =
            ListenerOptions { max_per_address: 2, shared_networks, ..ListenerOptions::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, is_stopping) = watch::channel(false);
        let routes = router(server.door.clone());
        tokio::spawn(listener::serve(listener, routes, options, is_stopping));
        Self { address, _stop: stop }
    }

    async fn connect(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        within(socket.connect(self.address)).await.unwrap()
    }

    /// A connection on which a request was answered, or `None` if it was closed instead.
    async fn served(&self, from: &str) -> Option<TcpStream> {
        let mut stream = self.connect(from).await;
        let get = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
        // Whoever was closed may learn it by writing.
        drop(stream.write_all(get).await);
        let mut head = [0; 12];
        let n_bytes = within(stream.read(&mut head)).await.unwrap_or(0);
        (&head[..n_bytes] == b"HTTP/1.1 200").then_some(stream)
    }

    /// The same as soon as there is room again.
    async fn served_in_time(&self, from: &str) -> TcpStream {
        within(async {
            loop {
                if let Some(stream) = self.served(from).await {
                    return stream;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let narrow = Narrow::of(&server, &[]).await;
    let mut socket = Socket::upgraded(narrow.connect("127.0.0.2").await, &ada.token).await;
    socket.hello().await;
    let one = narrow.served_in_time("127.0.0.2").await;
    assert!(narrow.served("127.0.0.2").await.is_none(), "a third one");
    assert!(narrow.served("127.0.0.3").await.is_some(), "another address is not held up");
    drop(one);
    let one = narrow.served_in_time("127.0.0.2").await;
    drop(socket);
    let other = narrow.served_in_time("127.0.0.2").await;
    assert!(narrow.served("127.0.0.2").await.is_none(), "two again");
    drop((one, other));
}

#[tokio::test]
async fn networks_that_many_share_are_not_held_up() {
    let server = Server::start().await;
    let narrow = Narrow::of(&server, &["127.0.0.0/30"]).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(narrow.served("127.0.0.2").await.expect("it is served"));
    }
    open.push(narrow.served("127.0.0.5").await.expect("the first"));
    open.push(narrow.served("127.0.0.5").await.expect("the second"));
    assert!(narrow.served("127.0.0.5").await.is_none(), "it is not one of the network");
}
