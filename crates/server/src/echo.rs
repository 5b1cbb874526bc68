//! Says back what it hears, so that suites which judge WebSocket servers can judge this one.
//!
//! Listener, TLS, handshake and codec are those of `/ws`. Three settings differ: a message may have
//! 16 MiB, binary messages are taken, and a subprotocol need not be offered. Nobody is asked who
//! they are, and nothing is stored.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use voodoo_proto::CloseCode;

use crate::http::not_upgraded;
use crate::upgrade::{SUPPORTED, switch_to};
use crate::ws::handshake::{self, Accepted, HandshakeError};
use crate::ws::{Decoder, Incoming, Limits, Role, Violation, encode};

/// The suites send messages of this size.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// As many for each byte as there may be on `/ws`.
const MAX_FRAGMENTS: u32 = 256 * Limits::DEFAULT_MAX_FRAGMENTS;
const INPUT_BYTES: usize = 16 * 1024;
/// How long the other side may take to go after the close frame.
const LINGER: Duration = Duration::from_secs(2);

/// Opens a socket at every path, which says back what it hears.
pub fn router() -> Router {
    Router::new().fallback(|request: Request| std::future::ready(open(request)))
}

fn open(request: Request) -> Response {
    let opened = judge(&request).and_then(|accepted| {
        switch_to(request, &accepted, |stream, leftover| {
            tokio::spawn(async move {
                if let Err(error) = say_back(stream, leftover).await {
                    tracing::debug!(%error, "a socket ended early");
                }
            });
        })
    });
    opened.unwrap_or_else(not_upgraded)
}

fn judge(request: &Request) -> Result<Accepted, HandshakeError> {
    let (method, version, headers) = (request.method(), request.version(), request.headers());
    match handshake::accept(method, version, headers, SUPPORTED) {
        Err(HandshakeError::NoCommonProtocol) => handshake::accept(method, version, headers, &[]),
        judged => judged,
    }
}

async fn say_back<S>(mut stream: S, leftover: Bytes) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = Limits { max_message_bytes: MAX_MESSAGE_BYTES, max_fragments: MAX_FRAGMENTS };
    let mut decoder = Decoder::new(Role::Server, limits);
    let mut input = Vec::from(leftover);
    while answer(&mut decoder, &mut input, &mut stream).await? == Stage::Open {
        input.resize(INPUT_BYTES, 0);
        let n_bytes = stream.read(&mut input).await?;
        if n_bytes == 0 {
            return Ok(());
        }
        input.truncate(n_bytes);
    }
    stream.shutdown().await?;
    input.resize(INPUT_BYTES, 0);
    // What the other side may still be sending is read away, so that nothing resets the end.
    let gone = async { while stream.read(&mut input).await.is_ok_and(|n_bytes| n_bytes > 0) {} };
    if tokio::time::timeout(LINGER, gone).await.is_err() {
        tracing::debug!("a socket does not go");
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Stage {
    Open,
    Closed,
}

/// Answers everything that is whole in `input` and before it.
async fn answer(
    decoder: &mut Decoder,
    mut input: &mut [u8],
    stream: &mut (impl AsyncWrite + Unpin),
) -> io::Result<Stage> {
    loop {
        let (frame, stage) = match decoder.next(&mut input) {
            Ok(None) => return Ok(Stage::Open),
            Ok(Some(Incoming::Pong)) => continue,
            Ok(Some(Incoming::Text(text))) => (encode::text_frame(text.as_bytes()), Stage::Open),
            Ok(Some(Incoming::Binary(bytes))) => (encode::binary_frame(&bytes), Stage::Open),
            Ok(Some(Incoming::Ping(payload))) => (encode::pong_frame(&payload), Stage::Open),
            Ok(Some(Incoming::Close(number, _))) => {
                (encode::close_frame(number, ""), Stage::Closed)
            }
            Err(violation) => (farewell(violation), Stage::Closed),
        };
        stream.write_all(&frame).await?;
        stream.flush().await?;
        if stage == Stage::Closed {
            return Ok(stage);
        }
    }
}

fn farewell(violation: Violation) -> Bytes {
    let number = violation.close_code();
    let reason = CloseCode::from_number(number).map_or("", CloseCode::reason);
    encode::close_frame(Some(number), reason)
}
