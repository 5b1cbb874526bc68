//! Stands between clients and server, and cuts or holds what goes through.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How the way is at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Way {
    /// Grows with each cut: connections from before it end.
    n_cuts: u64,
    /// Nothing goes through, and nobody is told.
    is_held: bool,
}

/// A way to a server that can be cut.
#[derive(Debug)]
pub struct Proxy {
    listens: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    /// Ends with the proxy.
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port and passes everything on.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let listens = listener.local_addr()?;
        let way = Arc::new(watch::Sender::new(Way::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server, Arc::clone(&way)));
        Ok(Self { listens, way, _tasks: tasks })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn listens(&self) -> SocketAddr {
        self.listens
    }

    /// Ends every connection where it is, be it in the middle of a frame.
    pub fn cut(&self) {
        self.way.send_modify(|way| way.n_cuts += 1);
    }

    /// Lets nothing through, or lets it through again; neither side is told.
    pub fn hold(&self, is_held: bool) {
        self.way.send_modify(|way| way.is_held = is_held);
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, way: Arc<watch::Sender<Way>>) {
    // Connections end with this task.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let way = way.subscribe();
        connections.spawn(pass(client, server, way));
        while connections.try_join_next().is_some() {}
    }
}

async fn pass(client: TcpStream, server: SocketAddr, way: watch::Receiver<Way>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Delay would be a fault of its own; it is not the one that is meant.
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = pump(from_client, to_server, way.clone());
    let down = pump(from_server, to_client, way);
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let n_cuts = way.borrow().n_cuts;
    // Short pieces, so that a cut falls into the middle of a frame.
    let mut piece = [0_u8; 512];
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => read,
            cut = way.wait_for(|way| way.n_cuts != n_cuts) => {
                drop(cut);
                return;
            }
        };
        let Ok(n_bytes @ 1..) = read else { return };
        let open = way.wait_for(|way| way.n_cuts != n_cuts || !way.is_held).await.map(|way| *way);
        if !open.is_ok_and(|way| way.n_cuts == n_cuts) {
            return;
        }
        if to.write_all(&piece[..n_bytes]).await.is_err() {
            return;
        }
    }
}
