//! Retention: floors move up as messages grow old, and what lies below is removed in slices.
//!
//! A floor hides at once; its rows go later, a few in each transaction, so that nobody who writes
//! waits for many. What a stop leaves undone is found again by the next round.

use std::sync::Weak;
use std::time::Duration;

use async_trait::async_trait;
use voodoo_proto::ConversationId;

use crate::apply::{MoveFloor, Write};
use crate::core::Core;
use crate::store::Result;

/// When what goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Days that messages are kept where the conversation says nothing; 0 = for ever.
    pub default_days: u32,
    /// How long a day of retention is.
    pub day: Duration,
    /// The name of a removed message is kept for this long, so that its repeat is recognised.
    pub name: Duration,
    /// The rows of a destroyed conversation are kept for this long, so that a resume can say
    /// `gone`.
    pub destroyed: Duration,
    /// Rounds are this far apart.
    pub every: Duration,
    /// Rows that one transaction removes, about at most.
    pub slice_rows: usize,
    /// Slices are this far apart.
    pub pause: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            default_days: 0,
            day: DAY,
            name: DAY * 30,
            destroyed: DAY * 31,
            every: Duration::from_secs(3_600),
            slice_rows: 200,
            pause: Duration::from_millis(50),
        }
    }
}

impl Terms {
    /// Messages up to this time go, where the conversation keeps them for so many days; `None` if
    /// they are kept for ever.
    #[must_use]
    pub fn cutoff_ms(&self, own_days: u32, now_ms: u64) -> Option<u64> {
        let days = if own_days > 0 { own_days } else { self.default_days };
        (days > 0).then(|| now_ms.saturating_sub(in_ms(self.day).saturating_mul(days.into())))
    }

    /// Conversations destroyed up to this time go.
    #[must_use]
    pub fn destroyed_cutoff_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(in_ms(self.destroyed))
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What there is to do in a part of the conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Floors that have to move, and up to which message.
    pub floors: Vec<(ConversationId, u64)>,
    /// Conversations with rows that have to go already.
    pub rows: Vec<ConversationId>,
    /// The last conversation that was looked at; `None` if there are no more.
    pub next: Option<ConversationId>,
}

/// The part of the store's port that removes what has had its time.
#[async_trait]
pub trait Retention: Send + Sync + 'static {
    /// Looks at the next conversations after one, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`crate::StoreError`] but never a refusal.
    async fn due(&self, after: Option<ConversationId>, terms: Terms, now_ms: u64) -> Result<Due>;

    /// Removes some rows of a conversation: those below its floor, or, if it was destroyed long
    /// enough ago, all, itself the last. Says whether more have to go.
    ///
    /// The name of a message that goes from below a floor is kept; see
    /// [`Rows::sent`](crate::rows::Rows::sent).
    ///
    /// # Errors
    ///
    /// As [`crate::store::Store::commit`].
    async fn prune(&self, conversation: ConversationId, terms: Terms, now_ms: u64) -> Result<bool>;

    /// Forgets some names of messages that were removed long enough ago. Says whether more have to
    /// go.
    ///
    /// # Errors
    ///
    /// As [`crate::store::Store::commit`].
    async fn forget_names(&self, terms: Terms, now_ms: u64) -> Result<bool>;
}

/// Runs a round of retention every so often, for as long as the core lives.
pub(crate) async fn keep(core: Weak<Core>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(core) = core.upgrade() else { return };
        if let Err(error) = round(&core).await {
            tracing::warn!(%error, "retention waits for the next round");
        }
    }
}

async fn round(core: &Core) -> Result<()> {
    let terms = core.settings.retention;
    let mut after = None;
    loop {
        let due = core.store.due(after, terms, core.clock.now_ms()).await?;
        for (conversation, floor_seq) in due.floors {
            let at_ms = core.clock.now_ms();
            let floor = MoveFloor { conversation, floor_seq, at_ms };
            if let Err(refusal) = core.carry_out(Write::MoveFloor(floor)).await {
                tracing::debug!(%refusal, %conversation, "a floor moves in the next round");
                continue;
            }
            prune(core, conversation).await?;
        }
        for conversation in due.rows {
            prune(core, conversation).await?;
        }
        match due.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    while core.store.forget_names(terms, core.clock.now_ms()).await? {
        tokio::time::sleep(terms.pause).await;
    }
    Ok(())
}

async fn prune(core: &Core, conversation: ConversationId) -> Result<()> {
    let terms = core.settings.retention;
    while core.store.prune(conversation, terms, core.clock.now_ms()).await? {
        tokio::time::sleep(terms.pause).await;
    }
    Ok(())
}
