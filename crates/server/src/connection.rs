//! One socket and its session: reads frames, drives the session, writes what stands in its
//! outbox.
//!
//! One task a connection and no buffer while idle: reading goes through a scratch buffer that a
//! worker thread's connections share, and what could not be written stays in shared frames.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use voodoo_core::Session;
use voodoo_core::fail_point::{self, Step};
use voodoo_core::frame::Frame;
use voodoo_core::outbox::{Load, Outbox, Queued};
use voodoo_core::tally::TALLY;
use voodoo_proto::CloseCode;

use crate::places::Place;
use crate::starts::Start;
use crate::tls::Stream;
use crate::ws::{Decoder, Incoming, Limits, Role, encode};

/// Frames handed to one vectored write, at most.
const FRAMES_PER_WRITE: usize = 32;
/// Pongs that wait, at most; of more the oldest go, for RFC 6455 wants the last ping answered.
const MAX_PONGS: usize = 16;
/// How long a closed connection waits for the other side to take its close frame and go.
const LINGER: Duration = Duration::from_secs(2);
const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

/// One socket and its session. Runs until the connection is over.
pub(crate) struct Connection<S> {
    socket: S,
    session: Session,
    decoder: Decoder,
    /// What came with the upgrade request already.
    leftover: Box<[u8]>,
    /// Taken from the outbox and not yet written; the first one up to `n_written`.
    writing: VecDeque<Queued>,
    n_written: usize,
    /// Pongs and the close frame, which go between whole frames. Boxed, for there are few.
    #[expect(clippy::box_collection, reason = "an idle connection has none")]
    control: Option<Box<VecDeque<Frame>>>,
    /// Before `hello`, while it starts, and while closing: when patience ends.
    deadline: Option<Pin<Box<Sleep>>>,
    stage: Stage,
    /// The other side has sent its close frame.
    has_left: bool,
    /// Counts it among the listener's connections.
    _place: Option<Place>,
    /// Counts it among those that start, until its first sync is written.
    start: Option<Start>,
}

/// With what tokio puts around it, a connection's task fits into 384 bytes, three lines of a cache.
const _: () = assert!(size_of::<Connection<Stream>>() <= 280);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Both sides speak.
    Open,
    /// Ending: what is queued is still written, then the close frame; input is thrown away.
    Closing(Farewell),
    /// The close frame is queued or written; waits for the other side to go.
    Closed,
}

/// What the close frame says.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Farewell {
    number: Option<u16>,
    /// Whose reason is told; of what the other side said, none.
    code: Option<CloseCode>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(socket: S, session: Session, leftover: &[u8]) -> Self {
        let hello = session.core().settings.hello;
        let max_message_bytes = usize::try_from(session.frame_in_bytes()).unwrap_or(usize::MAX);
        Self {
            socket,
            session,
            decoder: Decoder::new(Role::Server, Limits::new(max_message_bytes)),
            // Copied, for even when empty it keeps hyper's whole read buffer alive.
            leftover: leftover.into(),
            writing: VecDeque::new(),
            n_written: 0,
            control: None,
            deadline: Some(Box::pin(tokio::time::sleep(hello))),
            stage: Stage::Open,
            has_left: false,
            _place: None,
            start: None,
        }
    }

    /// Counted for as long as it lives.
    pub(crate) fn in_place(mut self, place: Option<Place>) -> Self {
        self._place = place;
        self
    }

    /// Counted among those that start for as long as it does.
    pub(crate) fn starting(mut self, start: Option<Start>) -> Self {
        self.start = start;
        self
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.is_out_of_time(cx) {
                return Poll::Ready(());
            }
            if let (Stage::Open, Poll::Ready(code)) = (self.stage, self.session.poll(cx)) {
                self.close(code);
            }
            // In each round, for the outbox begins to exist in the one that reads `hello` or looks
            // its ticket up; before what others queue is looked at, so that later it wakes this task.
            if let Some(handle) = self.session.handle() {
                handle.outbox.register(cx.waker());
            }
            let is_written = match self.poll_write(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_gone)) => return Poll::Ready(()),
                Poll::Pending => false,
            };
            self.notice_closing(is_written);
            if is_written && self.session.outbox().is_some() && !self.session.has_more() {
                self.has_started();
            }
            if self.has_left && self.stage == Stage::Closed && !self.has_output() {
                return Poll::Ready(());
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_gone)) => return Poll::Ready(()),
                Poll::Pending if is_written && self.has_more() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Its start is over, and another may begin.
    fn has_started(&mut self) {
        if self.start.take().is_some() && self.stage == Stage::Open {
            self.deadline = None;
        }
    }

    /// Whether `hello` or the end took too long. The first makes it a closing connection.
    fn is_out_of_time(&mut self, cx: &mut Context<'_>) -> bool {
        if self.stage == Stage::Open && self.session.is_greeted() && self.start.is_none() {
            self.deadline = None;
        }
        let Some(deadline) = &mut self.deadline else { return false };
        if deadline.as_mut().poll(cx).is_pending() {
            return false;
        }
        if self.stage != Stage::Open {
            return true;
        }
        if !self.session.is_greeted() {
            self.close(CloseCode::NoHello);
        } else if self.session.outbox().is_some() {
            // Whoever takes a first sync slowly holds up nobody. What the store still reads for it
            // is work all the same, however long that takes.
            self.has_started();
        }
        false
    }

    /// Begins to end the connection; the first code stands.
    fn close(&mut self, code: CloseCode) {
        self.close_with(code, Farewell { number: Some(code.number()), code: Some(code) });
    }

    fn close_with(&mut self, code: CloseCode, farewell: Farewell) {
        if self.stage == Stage::Open {
            TALLY.closed(code);
            self.stage = Stage::Closing(farewell);
            self.start = None;
            self.deadline = Some(Box::pin(tokio::time::sleep(LINGER)));
            if let Some(handle) = self.session.handle() {
                handle.outbox.close(code);
            }
        }
    }

    /// Follows what others decided of this session, and queues the close frame behind the rest.
    fn notice_closing(&mut self, is_written: bool) {
        let decided = self.session.handle().and_then(|handle| handle.outbox.closing());
        if let (Stage::Open, Some(code)) = (self.stage, decided) {
            self.close(code);
        }
        if let Stage::Closing(farewell) = self.stage
            && is_written
            && !self.has_output()
        {
            let reason = farewell.code.map_or("", CloseCode::reason);
            let frame = encode::close_frame(farewell.number, reason);
            self.control.get_or_insert_default().push_back(Frame::new(&frame));
            self.stage = Stage::Closed;
        }
    }

    fn has_more(&self) -> bool {
        self.has_output() || (self.stage == Stage::Open && self.session.has_more())
    }

    fn is_full_of_replies(&self) -> bool {
        let limits = self.session.core().hub.limits();
        self.session.handle().is_some_and(|handle| handle.outbox.is_full_of_replies(limits))
    }

    fn has_output(&self) -> bool {
        let has_queued = self.session.outbox().is_some_and(Outbox::has_frames);
        has_queued || !self.writing.is_empty() || self.control.is_some()
    }

    /// Writes all there is. `Pending` when the socket takes no more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        loop {
            self.fill();
            if self.writing.is_empty() {
                break;
            }
            let pulse = self.session.handle().map(|handle| &handle.pulse);
            let Poll::Ready(result) =
                write_some(&mut self.socket, cx, &self.writing, self.n_written)
            else {
                if let Some(pulse) = pulse {
                    pulse.stuck(self.session.core().uptime.now_ms());
                }
                return Poll::Pending;
            };
            let n = result?;
            if n == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            if let Some(pulse) = pulse {
                pulse.flowing();
            }
            self.wrote(n);
        }
        self.writing = VecDeque::new();
        if self.stage == Stage::Closed {
            // Nothing comes after the close frame. Clients wait for the server to end the
            // connection, and what they may still be sending has to be read away until they go.
            return Pin::new(&mut self.socket).poll_shutdown(cx);
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        // By TLS, what was written may stand in a buffer that the socket does not take.
        if let (Poll::Pending, Some(handle)) = (&flushed, self.session.handle()) {
            handle.pulse.stuck(self.session.core().uptime.now_ms());
        }
        flushed
    }

    /// Takes what is to be written next; control frames go first, between whole frames.
    fn fill(&mut self) {
        if self.writing.is_empty() {
            let control = self.control.take().into_iter().flat_map(|control| *control);
            self.writing.extend(control.map(|frame| Queued { frame, load: Load::Control }));
            if self.stage == Stage::Closed {
                return;
            }
            if let Some(outbox) = self.session.outbox() {
                outbox.take(&mut self.writing, FRAMES_PER_WRITE);
            }
        }
    }

    fn wrote(&mut self, n_bytes: usize) {
        self.n_written += n_bytes;
        while let Some(first) = self.writing.front() {
            if self.n_written < first.frame.len() {
                break;
            }
            self.n_written -= first.frame.len();
            let Some(queued) = self.writing.pop_front() else { break };
            if let Some(handle) = self.session.handle() {
                handle.outbox.written(&queued);
            }
        }
    }

    /// Reads what there is once. `Pending` when there is nothing, or nothing is wanted.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if !self.leftover.is_empty() {
            let mut bytes = std::mem::take(&mut self.leftover);
            self.take_in(&mut bytes);
            return Poll::Ready(Ok(()));
        }
        if self.stage == Stage::Open && self.is_full_of_replies() {
            return Poll::Pending;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(std::io::ErrorKind::UnexpectedEof.into()));
            }
            self.take_in(buffer.filled_mut());
            Poll::Ready(Ok(()))
        })
    }

    fn take_in(&mut self, mut bytes: &mut [u8]) {
        if let Some(handle) = self.session.handle() {
            handle.pulse.heard(self.session.core().uptime.now_ms());
        }
        while !self.has_left {
            match self.decoder.next(&mut bytes) {
                Ok(Some(incoming)) => self.take_frame(incoming),
                Ok(None) => return,
                Err(violation) => {
                    tracing::debug!(%violation, "a frame breaks RFC 6455");
                    TALLY.malformed();
                    let code = CloseCode::from_number(violation.close_code());
                    return self.close(code.unwrap_or(CloseCode::WebSocket));
                }
            }
        }
    }

    /// While closing only the other side's close frame counts.
    fn take_frame(&mut self, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Close(number, _) => {
                self.has_left = true;
                self.close_with(CloseCode::Normal, Farewell { number, code: None });
            }
            _ if self.stage != Stage::Open => {}
            Incoming::Text(text) => self.take_text(&text),
            Incoming::Binary(_) => self.close(CloseCode::Binary),
            Incoming::Ping(payload) => {
                let control = self.control.get_or_insert_default();
                if control.len() >= MAX_PONGS {
                    control.pop_front();
                }
                control.push_back(Frame::new(&encode::pong_frame(&payload)));
            }
            Incoming::Pong => {}
        }
    }

    fn take_text(&mut self, text: &str) {
        fail_point::pass(Step::Received);
        let was_greeted = self.session.is_greeted();
        if let Err(code) = self.session.on_text(text) {
            return self.close(code);
        }
        if !was_greeted && self.session.is_greeted() {
            let limit = usize::try_from(self.session.frame_in_bytes()).unwrap_or(usize::MAX);
            self.decoder.set_limits(Limits::new(limit));
        }
    }
}

fn write_some<S: AsyncWrite + Unpin>(
    socket: &mut S,
    cx: &mut Context<'_>,
    frames: &VecDeque<Queued>,
    n_written: usize,
) -> Poll<std::io::Result<usize>> {
    if let (1, Some(only)) = (frames.len(), frames.front()) {
        // The kernel's way for one buffer is shorter than that for many.
        return Pin::new(socket).poll_write(cx, &only.frame[n_written..]);
    }
    let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
    let mut skip = n_written;
    let mut n = 0;
    for (slice, queued) in slices.iter_mut().zip(frames) {
        *slice = IoSlice::new(&queued.frame[skip..]);
        skip = 0;
        n += 1;
    }
    Pin::new(socket).poll_write_vectored(cx, &slices[..n])
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_over(cx));
        // TLS wants a word at the end. A socket that does not take it at once goes without.
        drop(Pin::new(&mut self.socket).poll_shutdown(cx));
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::BytesMut;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use voodoo_core::store::{Accounts as _, NewDevice, NewUser};
    use voodoo_core::testkit::MemoryStore;
    use voodoo_core::{Core, Ports, Settings, SystemClock};
    use voodoo_proto::object::UserKind;

    use super::*;
    use crate::ws::Opcode;
    use crate::ws::encode::{FrameHead, write_frame};

    /// A core over a store that answers at once, and a session of its only user.
    async fn session() -> (Arc<Core>, Session) {
        let store = MemoryStore::new(Arc::default());
        let user = NewUser {
            handle: "ada".to_owned(),
            name: "Ada".to_owned(),
            password: None,
            kind: UserKind::Human,
        };
        let device = NewDevice { name: "lamp".to_owned(), token: [7; 32], expires_ms: u64::MAX };
        store.sign_up(None, user, Some(device), 1).await.unwrap();
        let who = store.authenticate([7; 32], 1).await.unwrap();
        let ports = Ports { store: store.clone(), accounts: store, clock: Arc::new(SystemClock) };
        let (core, workers) = Core::new(ports, Settings::default());
        workers.into_iter().for_each(|worker| drop(tokio::spawn(worker)));
        (Arc::clone(&core), Session::new(core, who))
    }

    /// Reads until the bytes end with `end`; the paused clock makes waiting in vain short.
    async fn read_up_to(socket: &mut DuplexStream, end: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        while !read.ends_with(end) {
            let byte = tokio::time::timeout(Duration::from_secs(60), socket.read_u8()).await;
            read.push(byte.expect("more is to come").unwrap());
        }
        read
    }

    fn client_frame(opcode: Opcode, payload: &[u8]) -> BytesMut {
        let mut frame = BytesMut::new();
        write_frame(&mut frame, FrameHead::client(opcode, [1, 2, 3, 4]), payload);
        frame
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_between_the_close_frame_and_the_end() {
        let (_core, session) = session().await;
        let (here, mut there) = tokio::io::duplex(64 * 1024);
        let running = tokio::spawn(Connection::new(here, session, &[]));
        let begin = tokio::time::Instant::now();
        there.write_all(&client_frame(Opcode::Binary, b"what?")).await.unwrap();
        read_up_to(&mut there, CloseCode::Binary.reason().as_bytes()).await;
        assert!(there.read_u8().await.is_err(), "the connection is over");
        assert_eq!(begin.elapsed(), Duration::ZERO);
        // What is still sent is read away, so that nothing resets what was said last.
        there.write_all(&client_frame(Opcode::Text, b"{}")).await.unwrap();
        running.await.unwrap();
        assert_eq!(begin.elapsed(), LINGER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_began_within_one_poll_is_woken_by_what_comes_later() {
        let (core, session) = session().await;
        let (here, mut there) = tokio::io::duplex(64 * 1024);
        let hello = br#"{"type":"hello","client":{"name":"test","version":"1"}}"#;
        there.write_all(&client_frame(Opcode::Text, hello)).await.unwrap();
        let running = tokio::spawn(Connection::new(here, session, &[]));
        let end = br#""reads":0}}"#;
        let read = read_up_to(&mut there, end).await;
        assert!(read.windows(9).any(|part| part == br#""welcome""#));
        core.close_all(CloseCode::Unavailable);
        read_up_to(&mut there, CloseCode::Unavailable.reason().as_bytes()).await;
        drop(there);
        running.await.unwrap();
    }
}
