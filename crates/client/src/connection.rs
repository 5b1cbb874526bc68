//! One socket: frames out, frames in, nothing else. For tests of the protocol and as the base of [`crate::Client`].

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use voodoo_proto::SUBPROTOCOL;
use voodoo_proto::event::{ServerFrame, Welcome};
use voodoo_proto::request::{ClientInfo, Hello, Request, Resume};

use crate::backoff::Ended;
use crate::http::{Address, retry_after};

/// The close number that stands for a socket that broke without a close frame.
pub const BROKEN: u16 = 1006;
/// The server's frames stay under 256 KiB; this leaves room for an operator's greater limit.
const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Why there is no socket.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// The server answered the upgrade with something else.
    #[error("the upgrade was answered with {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// What it said.
        body: String,
    },
    /// No connection, or not a WebSocket.
    #[error("no connection: {0}")]
    Unreachable(String),
}

impl ConnectError {
    /// The same for the back-off.
    #[must_use]
    pub fn ended(&self) -> Ended {
        match self {
            Self::Refused { status, retry_after, .. } => {
                Ended::Refused { status: Some(*status), retry_after: *retry_after }
            }
            Self::Unreachable(_) => Ended::Refused { status: None, retry_after: None },
        }
    }
}

/// The socket ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("closed with {number} {reason}")]
pub struct Closed {
    /// The number of the close frame; [`BROKEN`] without one.
    pub number: u16,
    /// Its words.
    pub reason: String,
}

/// One open socket.
#[derive(Debug)]
pub struct Connection {
    stream: WebSocketStream<TcpStream>,
}

impl Connection {
    /// Upgrades with a bearer token.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] as its variants say.
    pub async fn open(address: &Address, token: &str) -> Result<Self, ConnectError> {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|e| ConnectError::Unreachable(e.to_string()))?;
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        Self::open_with(address, [(AUTHORIZATION, bearer), (SEC_WEBSOCKET_PROTOCOL, protocol)])
            .await
    }

    /// Upgrades with exactly these headers beside those of the WebSocket itself.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] as its variants say.
    pub async fn open_with(
        address: &Address,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Self, ConnectError> {
        let url = format!("ws://{}/ws", address.authority());
        let mut request = url.into_client_request().map_err(|e| refused(&e))?;
        request.headers_mut().extend(headers);
        let unreachable = |e: std::io::Error| ConnectError::Unreachable(e.to_string());
        let socket = TcpStream::connect(address.host_and_port()).await.map_err(unreachable)?;
        // Small frames of a conversation must not wait for each other.
        socket.set_nodelay(true).map_err(unreachable)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let upgrade = tokio_tungstenite::client_async_with_config(request, socket, Some(config));
        // The handshake's state is large and short-lived; a client's task must not keep room for it.
        let (stream, _response) = Box::pin(upgrade).await.map_err(|e| refused(&e))?;
        Ok(Self { stream })
    }

    /// Sends one text frame as it is.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket is gone; the frame may have arrived.
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), Closed> {
        self.send_raw(Message::Text(Utf8Bytes::from(text.into()))).await
    }

    /// Sends any WebSocket message: for tests that break the rules.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket is gone; the message may have arrived.
    pub async fn send_raw(&mut self, message: Message) -> Result<(), Closed> {
        self.stream.send(message).await.map_err(|e| broken(&e))
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket is gone; the frame may have arrived.
    ///
    /// # Panics
    ///
    /// If the value cannot be JSON, such as a map with keys that are not text.
    pub async fn send_json(&mut self, value: &impl Serialize) -> Result<(), Closed> {
        let text = serde_json::to_string(value).expect("the value is plain data");
        self.send_text(text).await
    }

    /// Waits for the next text frame. Pings are answered meanwhile.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket ended; a binary frame counts as a broken socket.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no frame.
    pub async fn receive_text(&mut self) -> Result<Utf8Bytes, Closed> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(closed(BROKEN, "a binary frame came")),
                Some(Ok(Message::Close(frame))) => return Err(said(frame)),
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(closed(BROKEN, "the stream ended")),
            }
        }
    }

    /// Waits for the next frame and reads it as JSON.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket ended or the frame has another shape.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no frame.
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<T, Closed> {
        let text = self.receive_text().await?;
        serde_json::from_str(&text).map_err(|e| closed(BROKEN, &format!("{e} in {text}")))
    }

    /// Says `hello` and waits for `welcome`.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the socket ended or something else came first.
    pub async fn hello(&mut self, resume: Option<Resume>) -> Result<Welcome, Closed> {
        self.send_json(&hello(resume)).await?;
        let first: ServerFrame = self.receive().await?;
        let ServerFrame::Welcome(welcome) = first else {
            return Err(closed(BROKEN, &format!("{} came before welcome", first.name())));
        };
        Ok(welcome)
    }

    /// Closes in good order and waits for the answer.
    pub async fn close(mut self) {
        // The peer may be gone already; there is nothing left to do then.
        if self.stream.close(None).await.is_ok() {
            while self.receive_text().await.is_ok() {}
        }
    }
}

/// The first frame of a session.
#[must_use]
pub fn hello(resume: Option<Resume>) -> Request {
    let client = ClientInfo {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Request::Hello(Hello { client, ticket: None, resume })
}

fn said(frame: Option<CloseFrame>) -> Closed {
    match frame {
        Some(frame) => closed(frame.code.into(), frame.reason.as_str()),
        None => closed(BROKEN, ""),
    }
}

fn broken(error: &WsError) -> Closed {
    closed(BROKEN, &error.to_string())
}

fn closed(number: u16, reason: &str) -> Closed {
    Closed { number, reason: reason.to_owned() }
}

fn refused(error: &WsError) -> ConnectError {
    if let WsError::Http(response) = error {
        let body = response.body().as_deref().unwrap_or_default();
        return ConnectError::Refused {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            body: String::from_utf8_lossy(body).into_owned(),
        };
    }
    ConnectError::Unreachable(error.to_string())
}
