//! A snapshot on its way to the client, page by page.

use std::collections::VecDeque;

use serde::Serialize;
use voodoo_proto::ConversationId;
use voodoo_proto::event::{Heads, Me, ServerFrame, Sync};
use voodoo_proto::object::{Conversation, Digest, Head};

use crate::frame::{self, Frame};
use crate::store::Snapshot;

/// JSON of one page, at most; a single object larger than this has a page of its own.
const PAGE_BYTES: usize = 60 * 1024;

/// Up to so many items are written down without being measured before: they seldom fill a page.
const FEW: usize = 32;

/// What is still to be sent.
pub(super) enum Pages {
    /// The pages of a sync.
    Sync(Box<SyncPages>),
    /// The pages that close a lag.
    Heads(Box<HeadPages>),
}

impl Pages {
    /// The next page; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Frame> {
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

    fn next(&mut self) -> Option<Frame> {
        if self.is_done {
            return None;
        }
        if let Some(only) = self.only_page() {
            return Some(only);
        }
        let mut room = PAGE_BYTES;
        let conversations = take(&mut self.conversations, &mut room);
        let heads = take(&mut self.heads, &mut room);
        let gone = take(&mut self.gone, &mut room);
        self.is_done =
            self.conversations.is_empty() && self.heads.is_empty() && self.gone.is_empty();
        // Blocks and the profile are bounded well below a page; they stand on the last one.
        Some(frame::encode(&ServerFrame::Sync(Sync {
            conversations,
            gone,
            heads,
            done: self.is_done,
            me: if self.is_done { self.me.take() } else { None },
            digest: self.is_done.then_some(self.digest),
        })))
    }

    /// All that is left on one page, if it is little.
    fn only_page(&mut self) -> Option<Frame> {
        let n_items = self.conversations.len() + self.heads.len() + self.gone.len();
        if n_items > FEW {
            return None;
        }
        let page = ServerFrame::Sync(Sync {
            conversations: std::mem::take(&mut self.conversations).into(),
            gone: std::mem::take(&mut self.gone).into(),
            heads: std::mem::take(&mut self.heads).into(),
            done: true,
            me: self.me.take(),
            digest: Some(self.digest),
        });
        let frame = frame::encode(&page);
        if frame.len() <= PAGE_BYTES {
            self.is_done = true;
            return Some(frame);
        }
        if let ServerFrame::Sync(page) = page {
            self.conversations = page.conversations.into();
            self.gone = page.gone.into();
            self.heads = page.heads.into();
            self.me = page.me;
        }
        None
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

    fn next(&mut self) -> Option<Frame> {
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

#[cfg(test)]
mod tests {
    use voodoo_proto::UserId;
    use voodoo_proto::object::Preview;

    use super::*;

    fn head(number: i64, n_bytes: usize) -> Head {
        let from = UserId::new(1).ok();
        Head {
            conversation: ConversationId::new(number).unwrap(),
            last_seq: 1,
            last_rev: 1,
            info_rev: 1,
            floor_seq: 0,
            read_seq: 0,
            mentions: 0,
            all_mention_seq: 0,
            at_ms: 1,
            preview: Some(Preview { seq: 1, from, text: Some("x".repeat(n_bytes)) }),
        }
    }

    /// Few items and many, small and large: each comes once and in order, and a page of more than
    /// one item keeps to its bound.
    #[test]
    fn pages_hold_everything_once_and_keep_to_their_size() {
        for (n_items, n_bytes, n_pages) in [
            (0, 0, 1),
            (10, 100, 1),
            (FEW, 3_000, 2),
            (3, 70_000, 3),
            (200, 100, 1),
            (200, 1_000, 4),
        ] {
            let heads: Vec<_> = (1..=n_items).map(|one| head(one as i64, n_bytes)).collect();
            let mut pages =
                SyncPages::new(Snapshot { heads: heads.clone(), ..Snapshot::default() });
            let (mut got, mut n_got_pages, mut is_done) = (Vec::new(), 0, false);
            while let Some(page) = pages.next() {
                assert!(!is_done, "nothing comes after the last page");
                let page: serde_json::Value = serde_json::from_slice(page.payload()).unwrap();
                let here = page["heads"].as_array().cloned().unwrap_or_default();
                assert!(here.len() == 1 || page.to_string().len() < PAGE_BYTES + 1_000);
                got.extend(here.iter().map(|one| one["conversation"].clone()));
                is_done = page["done"].as_bool().unwrap_or_default();
                assert_eq!(page.get("digest").is_some(), is_done);
                n_got_pages += 1;
            }
            assert!(is_done);
            let sent: Vec<_> = heads.iter().map(|one| one.conversation.to_string()).collect();
            assert_eq!(got, sent);
            assert_eq!(n_got_pages, n_pages, "{n_items} of {n_bytes}");
        }
    }
}
