//! Moving the floor of a conversation: what lies at or below is gone for everyone from then on.

use voodoo_proto::ConversationId;
use voodoo_proto::event::{Floored, HistoryEvent, ServerFrame};

use super::{Applied, Effect, Reply, Ruling, take_rev};
use crate::rows::Rows;

/// A floor to be moved up. The server asks for it and no user.
#[derive(Debug, Clone)]
pub struct MoveFloor {
    /// Where.
    pub conversation: ConversationId,
    /// The newest message that goes.
    pub floor_seq: u64,
    /// When it was asked for, in Unix milliseconds.
    pub at_ms: u64,
}

impl MoveFloor {
    /// The rows below are removed later, in slices; nobody can read them any more.
    pub(super) fn apply(&self, rows: &mut dyn Rows) -> Ruling {
        let row = rows.conversation(self.conversation)?.filter(|row| row.destroyed_ms.is_none());
        let Some(mut row) = row else { return Ok(Applied::unchanged(Reply::Done)) };
        let floor_seq = self.floor_seq.min(row.last_seq);
        if floor_seq <= row.floor_seq {
            return Ok(Applied::unchanged(Reply::Done));
        }
        let made = rows.message(self.conversation, floor_seq)?.map_or(0, |message| message.rev);
        let touched = rows.newest_touch(self.conversation, floor_seq)?.unwrap_or(0);
        row.floor_seq = floor_seq;
        row.floor_rev = row.floor_rev.max(made).max(touched);
        if row.all_mention_seq <= floor_seq {
            row.all_mention_seq = 0;
        }
        let rev = take_rev(&mut row, self.at_ms);
        let (conversation, at_ms) = (self.conversation, self.at_ms);
        let event = Floored { conversation, rev, at_ms, floor_seq };
        rows.insert_event(conversation, HistoryEvent::Floored(event.clone()))?;
        rows.put_conversation(row)?;
        let frame = ServerFrame::Floored(event);
        let effect = Effect::Event { conversation, rev, about_seq: None, frame, to_asker: true };
        Ok(Applied { reply: Reply::Done, effects: vec![effect] })
    }
}
