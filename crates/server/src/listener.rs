//! The accept loop: one task a connection, HTTP/1.1 first, and a WebSocket where it is asked for.

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
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

use crate::http::Network;
use crate::places::{Place, Places, network};
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
    /// Connections at once from one address (of IPv6, one /64), at most; more are closed at once;
    /// 0 = no limit.
    pub max_per_address: usize,
    /// Networks for which that does not hold: many people come from there.
    pub shared_networks: Vec<Network>,
    /// What to speak TLS by; `None` = in the clear.
    pub tls: Option<Arc<Tls>>,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            max_connections: 200_000,
            max_per_address: 2_000,
            shared_networks: Vec::new(),
            tls: None,
        }
    }
}

impl ListenerOptions {
    /// The network that a connection counts for, unless many people share it.
    fn counted(&self, peer: SocketAddr) -> Option<IpAddr> {
        let address = peer.ip().to_canonical();
        let is_shared = self.shared_networks.iter().any(|shared| shared.contains(address));
        (self.max_per_address > 0 && !is_shared).then(|| network(address))
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
    let places = Arc::new(Places::default());
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
        let place = places.take(options.counted(peer));
        if places.n_all() > options.max_connections {
            continue;
        }
        if place.n_of_address().is_some_and(|n| n > options.max_per_address) {
            tracing::debug!(%peer, "too many connections from one address");
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
    let origin = place.origin();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(addresses);
        request.extensions_mut().insert(origin.clone());
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
