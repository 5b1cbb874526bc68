//! From a request to its answer: the one screen where every request that is served stands.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;
use voodoo_proto::event::{Pong, ServerFrame};
use voodoo_proto::reply::{self, Changed, Done as Nothing, InConversation, Sent, encode_ok};
use voodoo_proto::{ConversationId, Incoming, RefusalCode, Request, request};

use super::writes::Plan;
use super::{Done, Session, start};
use crate::apply::{Reply, Write};
use crate::conversations::Answer;
use crate::core::Core;
use crate::error::{Fault, Refusal};
use crate::fail_point::{self, Step};
use crate::fault;
use crate::frame::{self, Frame};
use crate::hub::Handle;
use crate::rates::{Bucket, Place};
use crate::store::{Around, PageSize, ReadMark};

/// JSON of a page of messages, at most, after the first message.
const PAGE_BYTES: usize = 192 * 1024;
/// Messages of a page if the client does not say.
const PAGE_DEFAULT: u32 = 50;
/// Users found by one query, at most.
const FOUND_USERS: usize = 20;

/// The conversation in whose order a request runs.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other request names no conversation whose order it has to keep"
)]
pub(super) fn conversation(request: &Request) -> Option<ConversationId> {
    match request {
        Request::Send(request::Send { conversation, .. })
        | Request::Edit(request::Edit { conversation, .. })
        | Request::Delete(request::Delete { conversation, .. })
        | Request::React(request::React { conversation, .. })
        | Request::Pin(request::Pin { conversation, .. })
        | Request::Update(request::Update { conversation, .. })
        | Request::Destroy(request::Destroy { conversation, .. })
        | Request::Leave(request::Leave { conversation, .. })
        | Request::MemberAdd(request::MemberAdd { conversation, .. })
        | Request::MemberRemove(request::MemberRemove { conversation, .. })
        | Request::MemberRole(request::MemberRole { conversation, .. })
        | Request::Set(request::Set { conversation, .. })
        | Request::Accept(request::Accept { conversation, .. })
        | Request::Receipts(request::Receipts { conversation, .. })
        | Request::Members(request::Members { conversation, .. })
        | Request::Counts(request::Counts { conversation, .. })
        | Request::History(request::History { conversation, .. })
        | Request::Changes(request::Changes { conversation, .. }) => Some(*conversation),
        Request::Join(request::Join { conversation, .. }) => *conversation,
        _ => None,
    }
}

impl Session {
    /// Notes a read mark, which has no reply.
    pub(super) fn note_read(&self, conversation: ConversationId, seq: u64) {
        if let Some(handle) = self.handle() {
            let mark = ReadMark { user: handle.user, conversation, seq };
            self.core.marks.note(mark, self.core.settings.n_pending_marks);
        }
    }

    /// Starts a request whose turn it is. What changes a conversation stands in its mailbox when
    /// this returns.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what neither writes nor reads is not served, and answered so"
    )]
    pub(super) fn begin(&mut self, incoming: Incoming) {
        let Some(handle) = self.handle().map(Arc::clone) else { return };
        let Incoming { id, request } = incoming;
        let asker = Asker { core: Arc::clone(&self.core), handle, place: self.place, id };
        let (lane, name) = (conversation(&request), request.name());
        let request = match asker.write(request) {
            Plan::Write(write) => return self.run_write(asker, lane, write),
            Plan::Other(request) => request,
        };
        match request {
            Request::Ping(_) => self.run(asker.pong()),
            Request::Resync(resync) if !self.is_paging() => {
                self.is_reading_pages = true;
                self.run(asker.resync(resync));
            }
            Request::Resync(_) => {
                let words = "the pages of a sync are under way";
                let refusal = Refusal::new(RefusalCode::RateLimited, words).after_ms(1_000);
                self.run(async move { asker.answer::<Nothing>(None, Err(refusal)) });
            }
            Request::History(history) => self.run(asker.history(history)),
            Request::Changes(changes) => self.run(asker.changes(changes)),
            Request::Get(get) => self.run(asker.get(get)),
            Request::Users(users) => self.run(asker.users(users)),
            Request::Focus(focus) => self.run(async move { asker.focus(focus) }),
            Request::Active(active) => self.run(async move { asker.active(&active) }),
            Request::Status(status) => self.run(async move { asker.status(status) }),
            Request::Watch(watch) => self.run(asker.watch(watch)),
            Request::Typing(typing) => self.run(asker.typing(typing)),
            Request::Members(members) => self.run(asker.members(members)),
            Request::List(list) => self.run(asker.list(list)),
            Request::Receipts(receipts) => self.run(asker.receipts(receipts)),
            Request::Counts(counts) => self.run(asker.counts(counts)),
            Request::InviteCreate(invite) => self.run(asker.invite_create(invite)),
            Request::InviteRevoke(invite) => self.run(asker.invite_revoke(invite)),
            _ => {
                let words = format!("{name} is not served yet");
                let refusal = Refusal::new(RefusalCode::UnknownType, words);
                self.run(async move { asker.answer::<Nothing>(lane, Err(refusal)) });
            }
        }
    }

    fn run_write(
        &mut self,
        asker: Asker,
        lane: Option<ConversationId>,
        write: Result<Write, Refusal>,
    ) {
        fail_point::pass(Step::Checked);
        let submitted = write
            .and_then(|write| self.core.conversations.submit(write, Some(asker.handle.session)));
        self.run(asker.written(lane, submitted));
    }
}

/// Who asks, and under which id.
pub(super) struct Asker {
    pub(super) core: Arc<Core>,
    pub(super) handle: Arc<Handle>,
    place: Option<Place>,
    id: Option<u64>,
}

impl Asker {
    /// Takes a token of the user's bucket.
    pub(super) fn rate(&self, bucket: Bucket) -> Result<(), Refusal> {
        self.over_rate(bucket).map_or(Ok(()), |retry_after_ms| {
            let words = "more requests than the rate allows";
            Err(Refusal::new(RefusalCode::RateLimited, words).after_ms(retry_after_ms))
        })
    }

    pub(super) fn over_rate(&self, bucket: Bucket) -> Option<u64> {
        let rates = &self.core.settings.rules.limits.rates;
        let now = Instant::now();
        let of_user = self.handle.buckets.take(bucket, rates, now);
        let of_address = || {
            self.place.map_or(Ok(()), |place| self.core.addresses.take(place, bucket, rates, now))
        };
        of_user.and_then(|()| of_address()).err()
    }

    /// The answer as the session ends it.
    pub(super) fn answer<R: Serialize>(
        &self,
        lane: Option<ConversationId>,
        result: Result<R, Refusal>,
    ) -> Done {
        let is_refused = |refusal: &Refusal| refusal.code == RefusalCode::RateLimited;
        let is_over_rate = result.as_ref().err().is_some_and(is_refused);
        Done::Answered { lane, frame: self.frame(result), is_over_rate }
    }

    /// The frame of an answer; without an id there is none.
    fn frame<R: Serialize>(&self, result: Result<R, Refusal>) -> Option<Frame> {
        self.id.map(|id| match result {
            Ok(reply) => frame::frame_text(&encode_ok(id, &reply)),
            Err(refusal) => frame::encode(&ServerFrame::Refused(refusal.to_frame(id))),
        })
    }

    /// Waits for a reading, but not for ever.
    pub(super) async fn timed<T>(
        &self,
        reading: impl Future<Output = crate::store::Result<T>>,
    ) -> Result<T, Refusal> {
        match tokio::time::timeout(self.core.settings.request, reading).await {
            Ok(result) => result.map_err(fault::to_refusal),
            Err(_elapsed) => Err(timeout()),
        }
    }

    /// Waits for a write. The answer leaves only after it was committed.
    async fn written(
        self,
        lane: Option<ConversationId>,
        submitted: Result<oneshot::Receiver<Answer>, Refusal>,
    ) -> Done {
        let waits = match submitted {
            Ok(waits) => waits,
            Err(refusal) => return self.answer::<Nothing>(lane, Err(refusal)),
        };
        let answer = match tokio::time::timeout(self.core.settings.request, waits).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_stopped)) => Err(fault::unavailable("the server stops")),
            Err(_elapsed) => Err(timeout()),
        };
        match answer {
            Err(refusal) => self.answer::<Nothing>(lane, Err(refusal)),
            Ok(Reply::Sent { placed, duplicate }) => {
                let sent =
                    Sent { seq: placed.seq, rev: placed.rev, at_ms: placed.at_ms, duplicate };
                self.answer(lane, Ok(sent))
            }
            Ok(Reply::In(conversation)) => self.answer(lane, Ok(InConversation { conversation })),
            Ok(Reply::Changed(change)) => {
                let (rev, at_ms) = change.unzip();
                self.answer(lane, Ok(Changed { rev, at_ms }))
            }
            Ok(Reply::Added(users)) => self.answer(lane, Ok(reply::Added { users })),
            Ok(Reply::Done) => self.answer(lane, Ok(Nothing {})),
            Ok(Reply::Later(_) | Reply::Each(_)) => {
                let words = "a write was answered before it was carried out";
                let refusal = fault::to_refusal(Fault::new(words).into());
                self.answer::<Nothing>(lane, Err(refusal))
            }
        }
    }

    async fn pong(self) -> Done {
        let digest = self.timed(self.core.store.digest(self.handle.user)).await;
        let frame = match digest {
            Ok(digest) => {
                let pong = Pong { now_ms: self.core.clock.now_ms(), digest: Some(digest) };
                Some(frame::encode(&ServerFrame::Pong(pong)))
            }
            Err(_) => {
                let pong = Pong { now_ms: self.core.clock.now_ms(), digest: None };
                Some(frame::encode(&ServerFrame::Pong(pong)))
            }
        };
        Done::Answered { lane: None, frame, is_over_rate: false }
    }

    async fn resync(self, resync: request::Resync) -> Done {
        let read = start::resync(&self.core, &self.handle, resync.user_rev, resync.since_ms);
        let (answer, pages) = match self.timed(read).await {
            Ok(pages) => (Ok(Nothing {}), Some(pages)),
            Err(refusal) => (Err(refusal), None),
        };
        Done::Paged { frame: self.frame(answer), pages }
    }

    async fn history(self, history: request::History) -> Done {
        let lane = Some(history.conversation);
        let page = match around(&history).and_then(|around| {
            self.rate(Bucket::History)?;
            Ok((around, self.page_size(history.limit)?))
        }) {
            Ok((around, size)) => {
                let store = &self.core.store;
                self.timed(store.history(self.handle.user, history.conversation, around, size))
                    .await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(lane, page)
    }

    async fn changes(self, changes: request::Changes) -> Done {
        let lane = Some(changes.conversation);
        let size = self.rate(Bucket::History).and_then(|()| self.page_size(changes.limit));
        let page = match size {
            Ok(size) => {
                let (user, store) = (self.handle.user, &self.core.store);
                self.timed(store.changes(user, changes.conversation, changes.since_rev, size)).await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(lane, page)
    }

    async fn get(self, get: request::Get) -> Done {
        let page = match self.at_most_a_page("conversations", get.conversations.len()) {
            Ok(()) => {
                let store = &self.core.store;
                self.timed(store.conversations(self.handle.user, &get.conversations)).await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(None, page.map(|conversations| reply::Conversations { conversations }))
    }

    async fn users(self, users: request::Users) -> Done {
        let found = match self.rate(Bucket::History) {
            Ok(()) => self.find(users).await,
            Err(refusal) => Err(refusal),
        };
        self.answer(None, found.map(|users| reply::Users { users }))
    }

    async fn find(
        &self,
        users: request::Users,
    ) -> Result<Vec<voodoo_proto::object::User>, Refusal> {
        let store = &self.core.store;
        match (users.query, users.ids) {
            (Some(query), None) if !query.trim().is_empty() && query.len() <= 128 => {
                self.timed(store.find_users(self.handle.user, query.trim(), FOUND_USERS)).await
            }
            (Some(_), None) => Err(Refusal::field("query", "1 to 128 bytes")),
            (None, Some(ids)) => {
                self.at_most_a_page("ids", ids.len())?;
                self.timed(store.users(&ids)).await
            }
            _ => Err(Refusal::field("query", "exactly one of query and ids is needed")),
        }
    }

    pub(super) fn at_most_a_page(&self, field: &'static str, n: usize) -> Result<(), Refusal> {
        let limit = self.core.settings.rules.limits.page;
        if n <= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(());
        }
        Err(Refusal::field(field, format!("{n} asked for, {limit} allowed")))
    }

    pub(super) fn page_size(&self, limit: Option<u32>) -> Result<PageSize, Refusal> {
        let max = self.core.settings.rules.limits.page;
        let n = limit.unwrap_or(PAGE_DEFAULT.min(max));
        if n == 0 || n > max {
            return Err(Refusal::field("limit", format!("1 to {max}")));
        }
        let n_messages = usize::try_from(n).unwrap_or(usize::MAX);
        Ok(PageSize { n_messages, n_bytes: PAGE_BYTES })
    }
}

fn around(history: &request::History) -> Result<Around, Refusal> {
    match (history.before, history.after, history.around) {
        (None, None, None) => Ok(Around::Newest),
        (Some(seq), None, None) => Ok(Around::Before(seq)),
        (None, Some(seq), None) => Ok(Around::After(seq)),
        (None, None, Some(seq)) => Ok(Around::Both(seq)),
        _ => Err(Refusal::field("before", "at most one of before, after and around")),
    }
}

fn timeout() -> Refusal {
    let words = "no answer in time; it may or may not have happened";
    Refusal::new(RefusalCode::Timeout, words).after_ms(1_000)
}
