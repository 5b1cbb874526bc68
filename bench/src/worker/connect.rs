//! Connecting: so many at a time, until all are there; and what happens when a connection ends.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Result;
use mio::{Interest, Token};
use tokio_rustls::rustls::{ClientConnection, StreamOwned};

use super::conn::{self, Stage, Wire};
use super::{Worker, tell};
use crate::clock::now_ns;
use crate::control::{Connected, Told};
use crate::spread::Spread;
use crate::{seed, wire};

/// All must be connected within this time.
const CONNECT_PATIENCE_NS: u64 = 120_000_000_000;

/// Connecting that is under way.
pub(super) struct Connecting {
    window: usize,
    source: IpAddr,
    next: usize,
    /// Users whose connection failed; they are tried again.
    again: Vec<usize>,
    n_under_way: usize,
    told: Connected,
    took: Spread,
    bytes_before: [u64; 2],
}

impl Connecting {
    pub(super) fn new(window: usize, source: IpAddr, n_bytes: [u64; 2]) -> Self {
        Self {
            window,
            source,
            next: 0,
            again: Vec::new(),
            n_under_way: 0,
            told: Connected { began_ns: now_ns(), ..Connected::default() },
            took: Spread::default(),
            bytes_before: n_bytes,
        }
    }
}

impl Worker {
    /// Opens connections up to the window, or says that all are there.
    pub(super) fn connect_more(&mut self) -> Result<()> {
        let Some(mut connecting) = self.connecting.take() else { return Ok(()) };
        while connecting.n_under_way < connecting.window {
            let next = (connecting.next < self.conns.len()).then_some(connecting.next);
            let Some(index) = next.or_else(|| connecting.again.pop()) else { break };
            if next.is_some() {
                connecting.next += 1;
            }
            self.open(index, connecting.source)?;
            connecting.n_under_way += 1;
        }
        let is_late = now_ns() > connecting.told.began_ns + CONNECT_PATIENCE_NS;
        if connecting.n_under_way > 0 && !is_late {
            self.connecting = Some(connecting);
            return Ok(());
        }
        let mut told = connecting.told;
        told.ended_ns = told.ended_ns.max(told.began_ns);
        told.took = connecting.took.counts();
        told.n_live = self.conns.iter().filter(|conn| conn.stage == Stage::Live).count();
        told.n_bytes = [0, 1].map(|way| self.n_bytes[way] - connecting.bytes_before[way]);
        tell(&Told::Connected(told))
    }

    pub(super) fn open(&mut self, index: usize, source: IpAddr) -> Result<()> {
        let user = self.setup.first + index;
        let will_sleep = self.setup.slow_from.is_some_and(|from| user >= from);
        let is_slow = will_sleep && self.conns[index].slow.is_none();
        let mut stream = conn::open(self.setup.server, source, is_slow)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(index), interest)?;
        let host = self.setup.server.to_string();
        let (path, token) = match self.setup.is_bare {
            true => (format!("/ws?n={user}"), None),
            false => ("/ws".to_owned(), Some(seed::token(user))),
        };
        let conn = &mut self.conns[index];
        if conn.slow.is_none() {
            conn.checker.clear();
        }
        self.watch.begin(index);
        conn.stage = Stage::Upgrading;
        conn.opened_ns = now_ns();
        conn.out = wire::upgrade(&host, &path, token.as_deref());
        conn.wire = Some(match &conn.tls {
            None => Wire::Plain(stream),
            Some(config) => {
                let name = self.setup.server.ip().into();
                let session = ClientConnection::new(Arc::clone(config), name)?;
                Wire::Tls(Box::new(StreamOwned::new(session, stream)))
            }
        });
        Ok(())
    }

    /// A client has come so far that it counts as connected.
    pub(super) fn arrived(&mut self, index: usize) {
        let now = now_ns();
        let conn = &mut self.conns[index];
        conn.stage = Stage::Live;
        if conn.slow.is_some() {
            return self.catch_up(index);
        }
        if let Some(connecting) = &mut self.connecting {
            connecting.took.note(now.saturating_sub(conn.opened_ns));
            connecting.told.ended_ns = now;
            connecting.n_under_way -= 1;
        }
    }

    /// A connection ended by itself.
    pub(super) fn lose(&mut self, index: usize, why: &str) {
        self.checked(index, None);
        let conn = &mut self.conns[index];
        let was = conn.stage;
        conn.drop_wire();
        if self.slow_lost(index, why) {
            return;
        }
        let words = format!("user {}: {why} while {was:?}", self.setup.first + index);
        match (&mut self.connecting, was) {
            (Some(connecting), Stage::Upgrading | Stage::Greeting) => {
                connecting.told.n_failed += 1;
                connecting.n_under_way -= 1;
                connecting.again.push(index);
                self.found.example.get_or_insert(words);
            }
            (_, Stage::Gone) => {}
            (_, Stage::Upgrading | Stage::Greeting | Stage::Live) => {
                self.found.n_closed += 1;
                self.found.example.get_or_insert(words);
            }
        }
    }
}
