//! One client's socket: as little as a client can be.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use mio::net::TcpStream;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::slow::Slow;
use crate::checker::Checker;

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not connected.
    Gone,
    /// The upgrade was asked for.
    Upgrading,
    /// `hello` was said, the sync is not complete.
    Greeting,
    /// Synced; of the yardstick: upgraded.
    Live,
}

/// The bytes' way, in the clear or by TLS.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    /// Whoever reads again takes as much as others.
    pub(super) fn widen(&self) -> io::Result<()> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        };
        SockRef::from(stream).set_recv_buffer_size(WIDE_BUFFER_BYTES)
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    /// What TLS keeps back, and the handshake.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => stream.flush(),
        }
    }

    /// Whether reading less than was asked for means that there is no more.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

/// Requests of one client under way: their ids are numbered, so that a ring finds them.
#[derive(Debug, Default)]
pub(super) struct Sending {
    next_id: u64,
    under_way: Vec<(u64, i64, u64)>,
}

impl Sending {
    /// Notes a request and returns its id.
    pub(super) fn begin(&mut self, conversation: i64, at_ns: u64) -> u64 {
        self.next_id += 1;
        self.under_way.push((self.next_id, conversation, at_ns));
        self.next_id
    }

    /// Takes a request out: where it went and when.
    pub(super) fn end(&mut self, id: u64) -> Option<(i64, u64)> {
        let at = self.under_way.iter().position(|(one, ..)| *one == id)?;
        let (_, conversation, at_ns) = self.under_way.swap_remove(at);
        Some((conversation, at_ns))
    }
}

/// One client.
pub(super) struct Conn {
    pub(super) wire: Option<Wire>,
    /// How it speaks TLS. Each client keeps its own ticket and comes back with it, as a real one.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) stage: Stage,
    /// The beginning of a frame that is not whole yet.
    pub(super) rest: Vec<u8>,
    /// What the socket has not taken yet.
    pub(super) out: Vec<u8>,
    pub(super) checker: Checker,
    pub(super) sending: Option<Box<Sending>>,
    /// When the socket was opened.
    pub(super) opened_ns: u64,
    /// Deliveries and own messages of a load of turns.
    pub(super) n_turns: u64,
    /// The answer to the last check, and whether one is awaited.
    pub(super) check: Check,
    /// What is special about one that stops reading.
    pub(super) slow: Option<Box<Slow>>,
    /// It is in the list of those with something to write.
    pub(super) is_dirty: bool,
}

/// How far the comparison with the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// None is asked for.
    Idle,
    /// Asked.
    Asked,
    /// The server's sum.
    Answered(u64),
}

impl Conn {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>) -> Self {
        Self {
            wire: None,
            tls,
            stage: Stage::Gone,
            rest: Vec::new(),
            out: Vec::new(),
            checker: Checker::default(),
            sending: None,
            opened_ns: 0,
            n_turns: 0,
            check: Check::Idle,
            slow: None,
            is_dirty: false,
        }
    }

    /// Ends the connection.
    pub(super) fn drop_wire(&mut self) {
        self.wire = None;
        self.stage = Stage::Gone;
        self.rest = Vec::new();
        self.out = Vec::new();
        self.sending = None;
        self.check = Check::Idle;
    }

    /// Reads once. `None` when there is nothing at this moment.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(wire) = &mut self.wire else { return Ok(None) };
        match wire.read(into) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what the socket takes, and says how much that was.
    pub(super) fn write_out(&mut self) -> io::Result<usize> {
        let Some(wire) = &mut self.wire else { return Ok(0) };
        let mut n_written = 0;
        let written = loop {
            if n_written == self.out.len() {
                break wire.flush();
            }
            match wire.write(&self.out[n_written..]) {
                Ok(n) => n_written += n,
                Err(error) => break Err(error),
            }
        };
        self.out.drain(..n_written);
        match written {
            Err(error) if !is_not_yet(&error) => Err(error),
            _ => Ok(n_written),
        }
    }
}

/// The socket takes no more, or is not connected yet: an event will come.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected)
}

/// What the kernel keeps for a client that does not read: with what it takes otherwise, thousands of
/// them would meet the kernel's own limit.
const SLOW_BUFFER_BYTES: usize = 8 * 1024;
/// The same once it reads again.
const WIDE_BUFFER_BYTES: usize = 128 * 1024;

/// Begins to connect from an address of this machine.
pub(super) fn open(server: SocketAddr, source: IpAddr, is_slow: bool) -> Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))
        .context("a socket: is the limit of descriptors too low?")?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if is_slow {
        socket.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
    }
    socket.bind(&SocketAddr::new(source, 0).into()).context("binding the source address")?;
    match socket.connect(&server.into()) {
        Ok(()) => {}
        // EINPROGRESS: the event loop hears of the rest.
        Err(error) if error.raw_os_error() == Some(115) => {}
        Err(error) => return Err(error).context("connecting"),
    }
    Ok(TcpStream::from_std(socket.into()))
}
