//! The state of a client: pure, without clock and I/O. The web client has the same rules; both read the golden files
//! in `crates/proto/fixtures/reducer`.
//!
//! Time comes in as [`Input::Timer`]; what is to be done goes out as [`Effect`]s. Applying the same frame twice
//! changes nothing the second time.

mod content;
mod conversation;
mod description;
mod effect;
mod event;
mod head;
mod retrieval;
mod sending;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use voodoo_proto::event::{HistoryEvent, ServerFrame, Skipped};
use voodoo_proto::object::{Digest, User, UserKind, UserRef};
use voodoo_proto::reply::Refused;
use voodoo_proto::request::{Request, Resync, Users};
use voodoo_proto::{ConversationId, Limits, UserId};

pub use content::{Content, MAX_ROWS};
pub use conversation::{Conversation, Description, Page, Repair};
pub use effect::{Draft, Effect, Entry, EntryRefusal, Input, KeptContent, Progress, Reply, Timer};
pub use event::{Event, MessageChange, MessageEvent};
pub use head::KnownHead;
pub use session::{Check, Phase};

use head::Reader;
use session::{Kept, Syncing, UserEvent};

const USERS_PER_REQUEST: usize = 100;

/// What a client knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// How far the session is.
    pub phase: Phase,
    /// The incarnation of the database that the cursors belong to; absent before the first sync.
    pub epoch: Option<String>,
    /// The user's counter.
    pub user_rev: u64,
    /// Changes from this server time on may be missing.
    pub since_ms: u64,
    /// Who is logged in.
    pub own: Option<UserId>,
    /// Own profile.
    pub me: Option<User>,
    /// Users blocked.
    pub blocked: Vec<UserId>,
    /// What may be sent.
    pub limits: Option<Limits>,
    /// Every conversation of the user.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// Known profiles.
    pub users: BTreeMap<UserId, User>,
    /// Conversations whose messages are wanted, in the order of opening.
    pub opened: Vec<ConversationId>,
    /// Unacknowledged messages in the order of writing.
    pub outbox: Vec<Entry>,
    /// The proof that nothing was missed.
    pub check: Check,
    now_ms: u64,
    asked_users: BTreeSet<UserId>,
    sync: Option<Syncing>,
    held: BTreeMap<u64, UserEvent>,
    effects: Vec<Effect>,
    wanted: Vec<UserId>,
}

impl State {
    /// Applies one input and returns what is to be done about it, in order.
    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        self.take(input);
        self.ask_users();
        std::mem::take(&mut self.effects)
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Connect { now_ms } => self.connect(now_ms),
            Input::Disconnect => self.disconnect(),
            Input::Frame(frame) => self.take_frame(*frame),
            Input::Unknown { conversation: Some(conversation), rev: Some(rev) } => {
                self.take_or_keep(Event::Skipped { conversation, rev });
            }
            Input::Unknown { .. } => {}
            Input::Ok { request, reply } => self.take_ok(&request, *reply),
            Input::Refused { request, refusal } => self.take_refused(&request, &refusal),
            Input::Timer(timer) => self.take_timer(timer),
            Input::Wake => self.begin_check(),
            Input::Queue(draft) => self.queue(*draft),
            Input::Retry(client_id) => self.retry(client_id),
            Input::Discard(client_id) => self.discard(client_id),
            Input::Open(id) => self.open(id),
            Input::Close(id) => self.close(id),
            Input::Adopt(id, kept) => self.adopt(id, *kept),
            Input::Forget(id) => self.forget(id),
            Input::Older(id) => self.ask_older(id),
            Input::Newer { conversation, after_seq } => self.ask_newer(conversation, after_seq),
            Input::Around { conversation, seq } => self.ask_around(conversation, seq),
            Input::Read { conversation, seq } => self.read_here(conversation, seq),
            Input::Name(users) => users.into_iter().for_each(|user| self.want_unknown(Some(user))),
        }
    }

    fn take_frame(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Welcome(welcome) => self.take_welcome(welcome),
            ServerFrame::Sync(page) => self.take_sync(page),
            ServerFrame::Pong(pong) => self.take_pong(&pong),
            ServerFrame::Reads(reads) => self.take_reads(&reads),
            ServerFrame::Goaway(_)
            | ServerFrame::Notice(_)
            | ServerFrame::Refused(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Presence(_) => {}
            ServerFrame::Message(message) => self.take_or_keep(Event::Message(Box::new(message))),
            ServerFrame::Edited(event) => self.take_or_keep(Event::from(event)),
            ServerFrame::Deleted(event) => self.take_or_keep(Event::from(event)),
            ServerFrame::Reacted(event) => self.take_or_keep(Event::from(event)),
            ServerFrame::Pinned(event) => self.take_or_keep(Event::from(event)),
            ServerFrame::Membership(event) => {
                self.take_or_keep(Event::from(HistoryEvent::Membership(event)));
            }
            ServerFrame::Updated(event) => {
                self.take_or_keep(Event::from(HistoryEvent::Updated(event)));
            }
            ServerFrame::Floored(event) => {
                self.take_or_keep(Event::from(HistoryEvent::Floored(event)));
            }
            ServerFrame::Skipped(Skipped { conversation, rev }) => {
                self.take_or_keep(Event::Skipped { conversation, rev });
            }
            ServerFrame::Read(read) => self.take_or_keep(Kept::Read(read)),
            ServerFrame::Heads(heads) => self.take_or_keep(Kept::Heads(heads)),
            ServerFrame::Changed(range) => self.take_or_keep(Kept::Changed(Box::new(range))),
            ServerFrame::Me(me) => {
                self.take_or_keep(Kept::User(me.user_rev, UserEvent::Me(Box::new(me))));
            }
            ServerFrame::Conversation(described) => {
                let rev = described.user_rev.unwrap_or_default();
                self.take_or_keep(Kept::User(rev, UserEvent::Conversation(described)));
            }
            ServerFrame::ConversationGone(gone) => self.take_or_keep(match gone.user_rev {
                Some(rev) => Kept::User(rev, UserEvent::Gone(gone.conversation)),
                None => Kept::Destroyed(gone.conversation),
            }),
        }
    }

    fn take_ok(&mut self, request: &Request, reply: Reply) {
        match (request, reply) {
            (Request::History(asked), Reply::History(page)) => self.take_history(asked, page),
            (Request::Changes(asked), Reply::Changes(page)) => self.take_changes(asked, page),
            (Request::Get(asked), Reply::Conversations(answer)) => {
                self.take_get(&asked.conversations, answer.conversations);
            }
            (Request::Users(asked), Reply::Users(answer)) => {
                self.take_users(asked.ids.as_deref().unwrap_or_default(), answer.users);
            }
            (Request::Members(_), Reply::Members(page)) => self.want_changed(&page.users),
            (request, reply) => {
                if let Request::Send(send) = request {
                    self.settle_id(send.conversation, send.client_id);
                }
                self.take_own(request, &reply);
            }
        }
    }

    /// The answer stands for the event that this session does not get.
    fn take_own(&mut self, request: &Request, reply: &Reply) {
        let Some(own) = self.own else { return };
        let is_hidden =
            matches!(request, Request::Send(send) if self.is_broadcast(send.conversation));
        if let Some(event) = Event::own(request, reply, own, is_hidden) {
            self.take_or_keep(event);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the asker alone hears of other refusals")]
    fn take_refused(&mut self, request: &Request, refusal: &Refused) {
        match request {
            Request::Send(send) => self.send_refused(send, refusal),
            Request::History(asked) => self.history_refused(asked.conversation, refusal),
            Request::Changes(asked) => self.repair_refused(asked.conversation, refusal),
            Request::Get(asked) => {
                for id in &asked.conversations {
                    self.get_refused(*id, refusal);
                }
            }
            Request::Resync(_) => self.resync_refused(refusal.retry_after_ms),
            Request::Users(asked) => {
                self.take_users(asked.ids.as_deref().unwrap_or_default(), Vec::new());
            }
            _ => {}
        }
    }

    fn take_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Fill { conversation } => self.fill(conversation),
            Timer::Send { conversation } => self.send_again(conversation),
            Timer::User => self.fill_user(),
            Timer::Check => self.begin_check(),
            Timer::Quiet => self.after_quiet(),
        }
    }

    /// The four sums as this client has them: only told marks enter.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let heads = || self.conversations.values().map(|conversation| &conversation.head.head);
        Digest {
            user_rev: self.user_rev,
            conversations: self.conversations.len() as u64,
            revs: heads().map(|head| head.last_rev).sum(),
            reads: heads().map(|head| head.read_seq).sum(),
        }
    }

    /// Whether the session is live and not in the middle of a sync.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_live() && self.sync.is_none()
    }

    fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    fn reader(&self) -> Reader {
        let is_bot = self.me.as_ref().is_some_and(|me| me.kind == UserKind::Bot);
        Reader { user: self.own, is_bot }
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn request(&mut self, request: Request) {
        self.effect(Effect::Request { request: Box::new(request) });
    }

    fn wait(&mut self, timer: Timer, min_ms: u64, max_ms: u64) {
        self.effect(Effect::Wait { timer, min_ms, max_ms });
    }

    /// Something was applied: the quiet second begins anew.
    fn stir(&mut self) {
        self.check.is_stirred |= self.check.level == 1;
    }

    /// Asks for everything since the counters given; 0 and 0 for everything at all. One sync at a time.
    fn resync(&mut self, user_rev: u64, since_ms: u64) {
        if !self.is_settled() {
            return;
        }
        self.sync = Some(Syncing::again(user_rev == 0 && since_ms == 0));
        self.check.asked = None;
        self.request(Request::Resync(Resync { user_rev, since_ms }));
    }

    fn put_user(&mut self, user: User) {
        if self.users.get(&user.user).is_none_or(|known| known.profile <= user.profile) {
            self.users.insert(user.user, user);
        }
    }

    fn want(&mut self, user: UserId) {
        if !self.asked_users.contains(&user) && !self.wanted.contains(&user) {
            self.wanted.push(user);
        }
    }

    fn want_unknown(&mut self, user: Option<UserId>) {
        if let Some(user) = user.filter(|user| !self.users.contains_key(user)) {
            self.want(user);
        }
    }

    fn want_changed(&mut self, refs: &[UserRef]) {
        for UserRef { user, profile } in refs {
            if self.users.get(user).is_none_or(|known| known.profile != *profile) {
                self.want(*user);
            }
        }
    }

    fn ask_users(&mut self) {
        let wanted = std::mem::take(&mut self.wanted);
        if !self.is_live() {
            return;
        }
        for ids in wanted.chunks(USERS_PER_REQUEST) {
            self.request(Request::Users(Users { query: None, ids: Some(ids.to_vec()) }));
        }
        self.asked_users.extend(wanted);
    }
}
