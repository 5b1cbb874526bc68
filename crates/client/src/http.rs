//! The few HTTP requests that a program needs beside the socket: one connection per request.
//!
//! Speaks plain `http://` only; a program on another machine goes through a TLS proxy.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;
use voodoo_proto::http::{LogIn, LoggedIn};

/// An answer longer than this is not read.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Why a request gave no answer of the wanted shape.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not `http://host[:port]`.
    #[error("the server's address must read http://host[:port]")]
    BadAddress,
    /// No connection, or it broke.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server answered with an error; `code` is a refusal code where it gave one.
    #[error("the server answered {status} {code}: {detail}")]
    Answered {
        /// The HTTP status.
        status: u16,
        /// A refusal code of the protocol, or empty.
        code: String,
        /// What it means, in words.
        detail: String,
        /// How long to wait before a repeat.
        retry_after: Option<Duration>,
    },
    /// The answer is not the JSON that was expected.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

/// Where a server is: `host:port`, from `http://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    authority: String,
    host_and_port: String,
}

impl Address {
    /// Reads `http://host[:port]`; a slash at the end is allowed.
    ///
    /// # Errors
    ///
    /// [`HttpError::BadAddress`] for anything else, `https://` included.
    pub fn parse(url: &str) -> Result<Self, HttpError> {
        let rest = url.strip_prefix("http://").ok_or(HttpError::BadAddress)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let Ok(parsed) = authority.parse::<Authority>() else { return Err(HttpError::BadAddress) };
        if authority.contains('@') {
            return Err(HttpError::BadAddress);
        }
        let host_and_port = format!("{}:{}", parsed.host(), parsed.port_u16().unwrap_or(80));
        Ok(Self { authority: authority.to_owned(), host_and_port })
    }

    /// What stands in `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What to connect to.
    #[must_use]
    pub fn host_and_port(&self) -> &str {
        &self.host_and_port
    }
}

/// The HTTP door of one server, with or without a token.
#[derive(Clone)]
pub struct Http {
    address: Address,
    token: Option<String>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Http {
    /// Speaks to `address` as nobody.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self { address, token: None }
    }

    /// The same door with the rights of `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { address: self.address.clone(), token: Some(token.to_owned()) }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Logs in as a program and returns the door with the rights of the new device.
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say; [`HttpError::Unreadable`] also where no token came.
    pub async fn log_in(
        &self,
        handle: &str,
        password: &str,
    ) -> Result<(Self, LoggedIn), HttpError> {
        let log_in = LogIn {
            handle: handle.to_owned(),
            password: password.to_owned(),
            device_name: Some(env!("CARGO_PKG_NAME").to_owned()),
        };
        self.enter("/log-in", &log_in).await
    }

    /// Logs in by any of the doors: `/setup`, `/sign-up`, `/log-in`, `/reset`.
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say; [`HttpError::Unreadable`] also where no token came.
    pub async fn enter(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(Self, LoggedIn), HttpError> {
        let logged_in: LoggedIn = self.post(path, body).await?;
        let token = logged_in.token.as_deref();
        let token = token.ok_or_else(|| HttpError::Unreadable("no token came".to_owned()))?;
        Ok((self.with_token(token), logged_in))
    }

    /// The token that requests carry.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Reads `path` (below `/api/v1`).
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, HttpError> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Sends `body` to `path` (below `/api/v1`).
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say; after [`HttpError::Unreachable`] it may have been done.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, HttpError> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Any method; without a body the answer may be empty, which reads as `null`.
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say; after [`HttpError::Unreachable`] it may have been done.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, HttpError> {
        let request = self.request(method, path, body)?;
        let (status, retry_after, bytes) = self.exchange(request).await?;
        if !status.is_success() {
            return Err(answered(status, retry_after, &bytes));
        }
        let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|e| HttpError::Unreadable(e.to_string()))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let mut builder = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, self.address.authority())
            .header("X-Voodoo", "1");
        if let Some(token) = &self.token {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let bytes = match body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                serde_json::to_vec(body).map_err(|e| HttpError::Unreadable(e.to_string()))?
            }
            None => Vec::new(),
        };
        builder
            .body(Full::new(Bytes::from(bytes)))
            .map_err(|e| HttpError::Unreadable(e.to_string()))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Option<Duration>, Bytes), HttpError> {
        let stream = TcpStream::connect(self.address.host_and_port()).await.map_err(unreachable)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unreachable)?;
        let answer = async move {
            let response = sender.send_request(request).await.map_err(unreachable)?;
            let status = response.status();
            let retry_after = retry_after(response.headers());
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
            let bytes = body.collect().await.map_err(|e| HttpError::Unreachable(e.to_string()))?;
            Ok((status, retry_after, bytes.to_bytes()))
        };
        // The connection makes progress only while it is polled; it ends with the answer.
        let mut connection = std::pin::pin!(connection);
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => {
                ended.map_err(unreachable)?;
                answer.await
            }
        }
    }
}

/// Reads a `Retry-After` in seconds; a date counts as absent.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

fn unreachable(error: impl fmt::Display) -> HttpError {
    HttpError::Unreachable(error.to_string())
}

fn answered(status: StatusCode, retry_after: Option<Duration>, bytes: &[u8]) -> HttpError {
    let problem: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    HttpError::Answered {
        status: status.as_u16(),
        code: text("code"),
        detail: text("detail"),
        retry_after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_http_with_a_host() {
        let read = |url| Address::parse(url).map(|a| a.host_and_port().to_owned()).ok();
        assert_eq!(read("http://localhost:8080"), Some("localhost:8080".into()));
        assert_eq!(read("http://localhost/"), Some("localhost:80".into()));
        assert_eq!(read("http://[::1]:9/"), Some("[::1]:9".into()));
        assert_eq!(read("https://localhost"), None);
        assert_eq!(read("localhost:8080"), None);
        assert_eq!(read("http://a@b"), None);
        assert_eq!(read("http://"), None);
    }
}
