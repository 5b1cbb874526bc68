//! A snapshot on its way to the client, page by page.

use std::collections::VecDeque;

use serde::Serialize;
use voodoo_proto::ConversationId;
use voodoo_proto::event::{Heads, Me, ServerFrame};
use voodoo_proto::object::{Conversation, Digest, Head};

use crate::frame;
use crate::store::Snapshot;
use bytes::Bytes;

/// JSON of one page, at most; a single object larger than this has a page of its own.
const PAGE_BYTES: usize = 60 * 1024;

/// What is still to be sent.
pub(super) enum Pages {
    /// The pages of a sync.
    Sync(Box<SyncPages>),
    /// The pages that close a lag.
    Heads(Box<HeadPages>),
}

impl Pages {
    /// The next page; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Sync(pages) => pages.next(),
            Self::Heads(pages) => pages.next(),
        }
    }
}

/// A sync, newest first.
pub(super) struct SyncPages {
    conversations: VecDeque<Conversation>,
    gone: VecDeque<ConversationId>,
    heads: VecDeque<Head>,
    me: Option<Me>,
    digest: Digest,
    is_done: bool,
}

impl SyncPages {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self {
            conversations: snapshot.conversations.into(),
            gone: snapshot.gone.into(),
            heads: snapshot.heads.into(),
            me: snapshot.me,
            digest: snapshot.digest,
            is_done: false,
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        let mut room = PAGE_BYTES;
        let conversations = take(&mut self.conversations, &mut room);
        let heads = take(&mut self.heads, &mut room);
        let gone = take(&mut self.gone, &mut room);
        self.is_done =
            self.conversations.is_empty() && self.heads.is_empty() && self.gone.is_empty();
        // Blocks and the profile are bounded well below a page; they stand on the last one.
        Some(frame::encode(&ServerFrame::Sync(voodoo_proto::event::Sync {
            conversations,
            gone,
            heads,
            done: self.is_done,
            me: if self.is_done { self.me.take() } else { None },
            digest: self.is_done.then_some(self.digest),
        })))
    }
}

/// The heads that moved during a lag.
pub(super) struct HeadPages {
    heads: VecDeque<Head>,
    user_rev: u64,
    is_done: bool,
}

impl HeadPages {
    pub(super) fn new(heads: Vec<Head>, user_rev: u64) -> Self {
        Self { heads: heads.into(), user_rev, is_done: false }
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        let mut room = PAGE_BYTES;
        let heads = take(&mut self.heads, &mut room);
        self.is_done = self.heads.is_empty();
        let page = Heads { heads, user_rev: self.user_rev, lagging: true };
        Some(frame::encode(&ServerFrame::Heads(page)))
    }
}

/// Takes items while they fit, at least one if there is all the room.
fn take<T: Serialize>(items: &mut VecDeque<T>, room: &mut usize) -> Vec<T> {
    let mut n_taken = 0;
    for item in &*items {
        let n_bytes = n_json_bytes(item) + 1;
        if n_bytes > *room && *room < PAGE_BYTES {
            break;
        }
        *room = room.saturating_sub(n_bytes);
        n_taken += 1;
    }
    items.drain(..n_taken).collect()
}

/// How long something is as JSON. Written nowhere.
fn n_json_bytes(item: &impl Serialize) -> usize {
    let mut n_bytes = Counted(0);
    serde_json::to_writer(&mut n_bytes, item).map_or(0, |()| n_bytes.0)
}

struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
