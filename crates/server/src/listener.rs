//! The accept loop: one task a connection, HTTP/1.1 first, and a WebSocket where it is asked for.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::tls::{Stream, Tls};

/// Where a request came from and to; every request carries it among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Of the client, or of the proxy before it.
    pub peer: SocketAddr,
    /// To which the connection was made: of a listener on all addresses, the one it came to.
    pub local: SocketAddr,
}

/// What a listener allows.
#[derive(Debug, Clone)]
pub struct ListenerOptions {
    /// Time for the head of a request to arrive, also the first one.
    pub header_timeout: Duration,
    /// Bytes of the head of a request, at most.
    pub header_bytes: usize,
    /// Connections at once, at most; more are closed at once.
    pub max_connections: usize,
    /// What to speak TLS by; `None` = in the clear.
    pub tls: Option<Arc<Tls>>,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            max_connections: 200_000,
            tls: None,
        }
    }
}

/// Fields of the head of a request, at most.
const MAX_HEADERS: usize = 100;
/// After a failed accept: long enough not to spin while descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` says true; connections that live then go on.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ListenerOptions,
    mut stop: watch::Receiver<bool>,
) {
    let options = Arc::new(options);
    let live = Live::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let place = live.place();
        if live.n_connections() > options.max_connections {
            continue;
        }
        let connection = serve_one((stream, peer), router.clone(), Arc::clone(&options), place);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

/// The connections of a listener, counted; every request carries it among its extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live(Arc<AtomicUsize>);

impl Live {
    fn n_connections(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one connection for as long as what is returned lives: also a WebSocket holds one,
    /// since HTTP is done with a connection that it has handed on.
    pub(crate) fn place(&self) -> Place {
        self.0.fetch_add(1, Ordering::Relaxed);
        Place(self.clone())
    }
}

/// One connection among those counted.
#[derive(Debug)]
pub(crate) struct Place(Live);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A listener on all addresses sees those of IPv4 as addresses of IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

async fn serve_one(
    (socket, peer): (TcpStream, SocketAddr),
    router: Router,
    options: Arc<ListenerOptions>,
    place: Place,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    socket.set_nodelay(true)?;
    let addresses = Addresses { peer, local: canonical(socket.local_addr()?) };
    let stream = match &options.tls {
        None => Stream::Plain(socket),
        Some(tls) => {
            // Boxed: the handshake shall not make the task of every connection larger.
            let handshake = Box::pin(tls.accept(socket));
            tokio::time::timeout(options.header_timeout, handshake).await??
        }
    };
    let live = place.0.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(addresses);
        request.extensions_mut().insert(live.clone());
        let response = router.clone().oneshot(request.map(Body::new));
        async move { Ok::<_, Infallible>(response.await.unwrap_or_else(|never| match never {})) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(options.header_bytes)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await?;
    drop(place);
    Ok(())
}
