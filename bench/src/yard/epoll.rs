//! The bare epoll loop: accepts WebSocket upgrades and answers every frame of a client by one
//! prebuilt frame, written to all, to the group of the sender, or to the other one of a pair.
//!
//! Keeps nothing, knows nobody, checks nothing. One thread, no buffers but for what a socket does
//! not take at once.

use std::io::{self, ErrorKind, Read as _, Write as _};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sha1::{Digest as _, Sha1};

use crate::seed::GROUP;
use crate::wire;

const LISTENER: Token = Token(usize::MAX);
const SCRATCH_BYTES: usize = 64 * 1024;
/// RFC 6455 §1.3.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Who gets the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everyone but the sender.
    All,
    /// The other members of the sender's group.
    Group,
    /// The other one of the pair.
    Pair,
}

struct Peer {
    stream: TcpStream,
    /// Which user the client plays, once it has upgraded.
    user: Option<usize>,
    rest: Vec<u8>,
    out: Vec<u8>,
}

struct Yard {
    poll: Poll,
    listener: TcpListener,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    /// Where each user is.
    users: Vec<Option<usize>>,
    frame: Vec<u8>,
    reach: Reach,
}

/// Serves until the process is ended; says its port on the standard output.
///
/// # Errors
///
/// If the machine gives no sockets.
#[expect(clippy::print_stdout, reason = "the conductor reads it")]
pub(crate) fn run(reach: Reach, text_bytes: usize) -> Result<()> {
    let listener = listen()?;
    let poll = Poll::new()?;
    let mut listener = TcpListener::from_std(listener);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?.port());
    let mut yard = Yard {
        poll,
        listener,
        peers: Vec::new(),
        free: Vec::new(),
        users: Vec::new(),
        frame: wire::server_text(example(text_bytes).as_bytes()),
        reach,
    };
    yard.serve()
}

/// A text as long as the server's own event.
fn example(text_bytes: usize) -> String {
    format!(
        "{{\"type\":\"message\",\"conversation\":\"c_aaa\",\"seq\":1000,\"rev\":1000,\"from\":\"u_aaa\",\
         \"client_id\":\"019b78ff-fce8-7001-9007-00009e3779b1\",\"at_ms\":1767261600000,\
         \"body\":{{\"kind\":\"text\",\"text\":\"{}\"}}}}",
        "x".repeat(text_bytes)
    )
}

fn listen() -> Result<std::net::TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into())?;
    socket.listen(4_096)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Yard {
    fn serve(&mut self) -> Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut scratch = vec![0; SCRATCH_BYTES];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                } else {
                    self.ready(event.token().0, event.is_writable(), &mut scratch);
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accepting"),
            };
            stream.set_nodelay(true)?;
            let at = self.free.pop().unwrap_or(self.peers.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(at), interest)?;
            let peer = Peer { stream, user: None, rest: Vec::new(), out: Vec::new() };
            if at == self.peers.len() {
                self.peers.push(Some(peer));
            } else {
                self.peers[at] = Some(peer);
            }
        }
    }

    fn ready(&mut self, at: usize, is_writable: bool, scratch: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(at).and_then(Option::as_mut) else { return };
        if is_writable && !peer.out.is_empty() && peer.flush().is_err() {
            return self.end(at);
        }
        let n_rest = peer.rest.len();
        scratch[..n_rest].copy_from_slice(&peer.rest);
        let n_read = match peer.stream.read(&mut scratch[n_rest..]) {
            Ok(0) => return self.end(at),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_gone) => return self.end(at),
        };
        peer.rest.clear();
        let n_filled = n_rest + n_read;
        let n_used = match peer.user {
            None => self.upgrade(at, &scratch[..n_filled]),
            Some(user) => self.take(user, &scratch[..n_filled]),
        };
        if let Some(peer) = self.peers[at].as_mut() {
            peer.rest.extend_from_slice(&scratch[n_used..n_filled]);
        }
    }

    fn end(&mut self, at: usize) {
        if let Some(peer) = self.peers[at].take() {
            self.free.push(at);
            if let Some(user) = peer.user {
                self.users[user] = None;
            }
        }
    }

    fn upgrade(&mut self, at: usize, bytes: &[u8]) -> usize {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return 0 };
        let user = after(bytes, b"?n=").and_then(|text| text.parse().ok()).unwrap_or(0);
        let key = after(bytes, b"Sec-WebSocket-Key: ").unwrap_or_default();
        let sum = Sha1::new().chain_update(key).chain_update(MAGIC).finalize();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: voodoo.v1\r\n\r\n",
            STANDARD.encode(sum)
        );
        if self.users.len() <= user {
            self.users.resize(user + 1, None);
        }
        self.users[user] = Some(at);
        if let Some(peer) = self.peers[at].as_mut() {
            peer.user = Some(user);
            peer.write(answer.as_bytes()).ok();
        }
        end + 4
    }

    /// Answers every whole frame, and says how many bytes they were.
    fn take(&mut self, user: usize, bytes: &[u8]) -> usize {
        let mut n_used = 0;
        while let Some(frame) = wire::next_frame(&bytes[n_used..]) {
            n_used += frame.to;
            if frame.opcode == wire::TEXT {
                self.spread(user);
            }
        }
        n_used
    }

    fn spread(&mut self, from: usize) {
        let whom = match self.reach {
            Reach::All => 0..self.users.len(),
            Reach::Group => (from / GROUP * GROUP)..(from / GROUP + 1) * GROUP,
            Reach::Pair => (from ^ 1)..(from ^ 1) + 1,
        };
        for user in whom {
            let at = self.users.get(user).copied().flatten().filter(|_| user != from);
            if let Some(peer) = at.and_then(|at| self.peers[at].as_mut()) {
                // A broken connection is found when it is read.
                peer.write(&self.frame).ok();
            }
        }
    }
}

impl Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.out.is_empty() {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        let n = match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            result => result?,
        };
        self.out.extend_from_slice(&bytes[n..]);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.stream.write(&self.out) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => drop(self.out.drain(..result?)),
        }
        if self.out.is_empty() {
            self.out = Vec::new();
        }
        Ok(())
    }
}

/// The word that follows a name.
fn after<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let at = memmem::find(bytes, name)? + name.len();
    let word = bytes[at..].split(|byte| matches!(byte, b' ' | b'\r')).next()?;
    std::str::from_utf8(word).ok()
}
