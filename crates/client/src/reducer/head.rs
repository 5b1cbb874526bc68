//! How far a conversation is and how far its member has read.

use voodoo_proto::UserId;
use voodoo_proto::object::{Body, Head, MentionAll, Message, Preview};

/// The previews of the server hold as many code points.
const PREVIEW_CHARACTERS: usize = 120;

/// A head as last told, moved on by the events applied since.
///
/// Explicit mentions above `told_seq` are known one by one, those below only as a number; so
/// the badge is exact once everything told is read.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownHead {
    /// As told and moved on.
    pub head: Head,
    /// The newest message when it was told.
    pub told_seq: u64,
    /// Mentions above it and above the told mark.
    pub mention_seqs: Vec<u64>,
}

/// Who reads: a program's mark does not follow what it sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) user: Option<UserId>,
    pub(super) is_bot: bool,
}

impl KnownHead {
    pub(super) fn told(head: Head) -> Self {
        Self { told_seq: head.last_seq, head, mention_seqs: Vec::new() }
    }

    /// Takes a told head, but for a mark that is told already to be further.
    pub(super) fn tell(&mut self, head: Head) {
        let (read_seq, mentions) = (self.head.read_seq, self.head.mentions);
        let is_further = read_seq > head.read_seq;
        *self = Self::told(head);
        if is_further {
            self.read(read_seq, mentions);
        }
    }

    /// Counts a message that was made after the head.
    pub(super) fn make(&mut self, message: &Message, reader: Reader) {
        let head = &mut self.head;
        head.last_seq = message.seq;
        // The clock of the server may go back; the place in the list does not.
        head.at_ms = head.at_ms.max(message.at_ms);
        head.preview = Some(preview(message));
        if let Some(MentionAll::All | MentionAll::Here) =
            message.mentions.as_ref().and_then(|mentions| mentions.all)
        {
            head.all_mention_seq = message.seq;
        }
        let is_own = message.from.is_some() && message.from == reader.user;
        if is_own && !reader.is_bot {
            self.read(message.seq, 0);
        } else if !is_own && calls(message, reader.user) && message.seq > head.read_seq {
            head.mentions += 1;
            self.mention_seqs.push(message.seq);
        }
    }

    /// The told mark moves; it never goes back. `mentions` is what the server counted above it.
    pub(super) fn read(&mut self, seq: u64, mentions: u64) {
        if seq < self.head.read_seq {
            return;
        }
        self.mention_seqs.retain(|mention| *mention > seq);
        let exact = self.mention_seqs.len() as u64;
        self.head.read_seq = seq;
        self.head.mentions = if seq >= self.told_seq { exact } else { exact.max(mentions) };
    }

    /// Whether a told mark leaves open how many mentions lie above it.
    pub(super) fn is_doubtful(&self, seq: u64, mentions: u64) -> bool {
        seq > self.head.read_seq && seq < self.told_seq && mentions > 0
    }

    /// The floor moves up: nothing at or below it calls, or is shown.
    pub(super) fn raise_floor(&mut self, floor_seq: u64) {
        let head = &mut self.head;
        if floor_seq <= head.floor_seq {
            return;
        }
        head.floor_seq = floor_seq;
        if head.all_mention_seq <= floor_seq {
            head.all_mention_seq = 0;
        }
        head.preview.take_if(|preview| preview.seq <= floor_seq);
        let told = head.mentions.saturating_sub(self.mention_seqs.len() as u64);
        self.mention_seqs.retain(|mention| *mention > floor_seq);
        let told = if floor_seq >= self.told_seq { 0 } else { told };
        head.mentions = told + self.mention_seqs.len() as u64;
    }

    /// Whether a floor leaves open how many mentions lie above it.
    pub(super) fn is_doubtful_above(&self, floor_seq: u64) -> bool {
        let head = &self.head;
        let is_above_mark = floor_seq > head.floor_seq.max(head.read_seq);
        is_above_mark && floor_seq < self.told_seq && head.mentions > self.mention_seqs.len() as u64
    }

    /// The newest message says something else.
    pub(super) fn set_text(&mut self, seq: u64, body: Option<&Body>) {
        if let Some(preview) = self.head.preview.as_mut().filter(|preview| preview.seq == seq) {
            preview.text = text(body);
        }
    }

    /// The mark that is shown: the greatest of the told one, the own one and the floor.
    #[must_use]
    pub fn shown_read(&self, own_read_seq: u64) -> u64 {
        self.head.read_seq.max(own_read_seq).max(self.head.floor_seq)
    }

    /// Messages above the shown mark.
    #[must_use]
    pub fn unread(&self, own_read_seq: u64) -> u64 {
        self.head.last_seq.saturating_sub(self.shown_read(own_read_seq))
    }

    /// Explicit mentions above the shown mark, and one more if everyone was called above it.
    #[must_use]
    pub fn mentions(&self, own_read_seq: u64) -> u64 {
        let read_seq = self.shown_read(own_read_seq);
        self.explicit(read_seq) + u64::from(self.head.all_mention_seq > read_seq)
    }

    fn explicit(&self, read_seq: u64) -> u64 {
        if read_seq == self.head.read_seq.max(self.head.floor_seq) {
            return self.head.mentions;
        }
        let exact = self.mention_seqs.iter().filter(|seq| **seq > read_seq).count() as u64;
        if read_seq >= self.told_seq {
            return exact;
        }
        exact.max(self.head.mentions.min(self.head.last_seq.saturating_sub(read_seq)))
    }
}

fn calls(message: &Message, user: Option<UserId>) -> bool {
    let users = message.mentions.as_ref().and_then(|mentions| mentions.users.as_ref());
    user.is_some_and(|user| users.is_some_and(|users| users.contains(&user)))
}

fn preview(message: &Message) -> Preview {
    Preview { seq: message.seq, from: message.from, text: text(message.body.as_ref()) }
}

fn text(body: Option<&Body>) -> Option<String> {
    match body {
        Some(Body::Text { text }) => Some(text.chars().take(PREVIEW_CHARACTERS).collect()),
        Some(Body::Unknown) | None => None,
    }
}
