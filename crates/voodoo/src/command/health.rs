//! `voodoo healthcheck`: for containers, whose images have no other program that could ask.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use voodoo_server::tls::connect_to_anyone;

use super::{block_on, output};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Longer than the server takes to find out that its store does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than the answer has.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// Asks `/readyz` where the server listens by these settings.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let address = reachable(config.http.listen);
    let is_tls = config.is_tls();
    let asked = block_on(async {
        let asked = tokio::time::timeout(PATIENCE, ask(address, is_tls)).await;
        let answer = asked.map_err(io::Error::from).flatten();
        let scheme = if is_tls { "https" } else { "http" };
        let words = || format!("asking {scheme}://{address}/readyz");
        answer.with_context(words).map_err(Failure::with(Exit::Unavailable))
    })?;
    let (head, body) = asked.split_once("\r\n\r\n").unwrap_or((&asked, ""));
    match head.split(' ').nth(1) {
        Some("200") => output::text("ready\n"),
        _ => Err(Failure::new(Exit::Unavailable, anyhow::anyhow!("not ready: {body}"))),
    }
}

async fn ask(address: SocketAddr, is_tls: bool) -> io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    // A fresh certificate may stand in the file already: which one is served is not the question.
    if is_tls {
        ask_by(Box::pin(connect_to_anyone(stream)).await?).await
    } else {
        ask_by(stream).await
    }
}

async fn ask_by(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<String> {
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Who listens at every address listens at that of this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => listen.ip(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_on_this_machine() {
        for (listen, expect) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), expect.parse().unwrap());
        }
    }
}
