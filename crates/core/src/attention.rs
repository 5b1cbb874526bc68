//! Who is there, who looks where, who is writing: best effort, in memory, told in batches.
//!
//! Nothing here is durable and nothing of it takes a counter. Presence goes to those only who watch
//! a user and share a conversation with them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use voodoo_proto::event::{PresenceChange, ServerFrame};
use voodoo_proto::object::{Presence, PresenceState, StatusState};
use voodoo_proto::{ConversationId, UserId};

use crate::frame;
use crate::hub::{Handle, Hub};
use crate::settings::Settings;
use crate::sync::Mutex;

/// Users whose status is kept, at most; whoever comes later shows what the sessions do.
const MAX_STATUSES: usize = 100_000;

/// Where a session looks. Exists only once a session has said so.
#[derive(Default)]
pub(crate) struct Gaze {
    focus: Vec<ConversationId>,
    is_resting: bool,
    watched: Vec<UserId>,
    typed: Option<(ConversationId, Instant)>,
}

/// Where a session looks, if it has said so.
pub(crate) type GazeCell = Mutex<Option<Box<Gaze>>>;

impl Handle {
    fn gaze<R>(&self, change: impl FnOnce(&mut Gaze) -> R) -> R {
        change(self.gaze.lock().get_or_insert_default())
    }

    /// Whether the conversation is on this session's screen.
    pub(crate) fn focuses(&self, conversation: ConversationId) -> bool {
        self.gaze.lock().as_ref().is_some_and(|gaze| gaze.focus.contains(&conversation))
    }

    pub(crate) fn set_focus(&self, conversations: Vec<ConversationId>) {
        self.gaze(|gaze| gaze.focus = conversations);
    }

    /// Whether another sign of writing may go out; it then counts as sent.
    pub(crate) fn may_type(&self, conversation: ConversationId, pause: Duration) -> bool {
        let now = Instant::now();
        self.gaze(|gaze| {
            let is_early = gaze
                .typed
                .is_some_and(|(where_to, at)| where_to == conversation && now < at + pause);
            if !is_early {
                gaze.typed = Some((conversation, now));
            }
            !is_early
        })
    }

    fn is_resting(&self) -> bool {
        self.gaze.lock().as_ref().is_some_and(|gaze| gaze.is_resting)
    }
}

/// What a user wants to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) state: StatusState,
    pub(crate) text: Option<String>,
    /// Until when, in Unix milliseconds.
    pub(crate) until_ms: Option<u64>,
}

/// A user who is watched.
struct Watched {
    watchers: Vec<Arc<Handle>>,
    /// What every watcher knows; `None` if they do not know the same.
    told: Option<Presence>,
    /// Something may have changed since it was told.
    is_stale: bool,
    /// Since when no session is left.
    gone_since: Option<Instant>,
}

/// Who is there and who wants to know.
pub(crate) struct Attention {
    statuses: Mutex<HashMap<UserId, Status>>,
    watched: Mutex<HashMap<UserId, Watched>>,
    began: Instant,
}

impl Attention {
    pub(crate) fn new() -> Self {
        Self { statuses: Mutex::default(), watched: Mutex::default(), began: Instant::now() }
    }

    /// What a user shows at this moment.
    pub(crate) fn presence(
        &self,
        hub: &Hub,
        settings: &Settings,
        user: UserId,
        now_ms: u64,
    ) -> Presence {
        let status = self.statuses.lock().get(&user).cloned();
        let status = status.filter(|one| one.until_ms.is_none_or(|until_ms| until_ms > now_ms));
        let sessions = hub.sessions(user);
        let wanted = status.as_ref().map_or(StatusState::Auto, |status| status.state);
        let is_fresh = self.began.elapsed() < settings.presence_silence;
        let state = match wanted {
            _ if sessions.is_empty() && is_fresh => PresenceState::Unknown,
            _ if sessions.is_empty() => PresenceState::Offline,
            StatusState::Invisible => PresenceState::Offline,
            StatusState::Dnd => PresenceState::Dnd,
            StatusState::Away => PresenceState::Away,
            StatusState::Auto if sessions.iter().all(|one| one.is_resting()) => PresenceState::Away,
            StatusState::Auto => PresenceState::Online,
        };
        let is_shown = wanted != StatusState::Invisible;
        Presence { user, state, text: status.filter(|_| is_shown).and_then(|status| status.text) }
    }

    /// Replaces what a session watches.
    pub(crate) fn watch(&self, handle: &Arc<Handle>, presence: &[Presence]) {
        let users: Vec<UserId> = presence.iter().map(|one| one.user).collect();
        let before = handle.gaze(|gaze| std::mem::replace(&mut gaze.watched, users));
        let mut watched = self.watched.lock();
        unwatch(&mut watched, handle, &before);
        for one in presence {
            let entry = watched.entry(one.user).or_insert_with(|| Watched {
                watchers: Vec::new(),
                told: Some(one.clone()),
                is_stale: true,
                gone_since: None,
            });
            entry.watchers.push(Arc::clone(handle));
            // It was found some time ago: the others may have heard of something newer since.
            if entry.told.as_ref() != Some(one) {
                (entry.told, entry.is_stale) = (None, true);
            }
        }
    }

    pub(crate) fn set_status(&self, user: UserId, status: Status) {
        let mut statuses = self.statuses.lock();
        if status.state == StatusState::Auto && status.text.is_none() {
            statuses.remove(&user);
        } else if statuses.len() < MAX_STATUSES || statuses.contains_key(&user) {
            statuses.insert(user, status);
        }
        drop(statuses);
        self.touch(user, true);
    }

    pub(crate) fn set_active(&self, handle: &Handle, on: bool) {
        handle.gaze(|gaze| gaze.is_resting = !on);
        self.touch(handle.user, true);
    }

    /// A session of the user came or went, or shows something else.
    pub(crate) fn touch(&self, user: UserId, is_there: bool) {
        if let Some(entry) = self.watched.lock().get_mut(&user) {
            entry.is_stale = true;
            entry.gone_since = if is_there { None } else { Some(Instant::now()) };
        }
    }

    /// A session is over: it watches nobody any more.
    pub(crate) fn leave(&self, hub: &Hub, handle: &Arc<Handle>) {
        let gaze = handle.gaze.lock().take();
        if let Some(gaze) = gaze {
            unwatch(&mut self.watched.lock(), handle, &gaze.watched);
        }
        self.touch(handle.user, !hub.sessions(handle.user).is_empty());
    }

    /// Tells what has changed, one frame for each session.
    pub(crate) fn tell(&self, hub: &Hub, settings: &Settings, now_ms: u64) {
        let mut frames: HashMap<_, (Arc<Handle>, Vec<Presence>)> = HashMap::new();
        for (user, entry) in self.watched.lock().iter_mut().filter(|(_, entry)| entry.is_stale) {
            let is_settling =
                entry.gone_since.is_some_and(|since| since.elapsed() < settings.offline_delay);
            if is_settling {
                continue;
            }
            let presence = self.presence(hub, settings, *user, now_ms);
            // What is not known yet becomes known by itself.
            entry.is_stale = presence.state == PresenceState::Unknown;
            if entry.told.as_ref() == Some(&presence) {
                continue;
            }
            entry.told = Some(presence.clone());
            for watcher in &entry.watchers {
                let (_, news) = frames
                    .entry(watcher.session)
                    .or_insert_with(|| (Arc::clone(watcher), Vec::new()));
                news.push(presence.clone());
            }
        }
        for (watcher, users) in frames.into_values() {
            let frame = frame::encode(&ServerFrame::Presence(PresenceChange { users }));
            watcher.outbox.push_best_effort(hub.limits(), &frame);
        }
    }
}

fn unwatch(watched: &mut HashMap<UserId, Watched>, handle: &Arc<Handle>, users: &[UserId]) {
    for user in users {
        let Some(entry) = watched.get_mut(user) else { continue };
        entry.watchers.retain(|one| one.session != handle.session);
        if entry.watchers.is_empty() {
            watched.remove(user);
        }
    }
}

/// Tells of presence in batches, for as long as the process runs.
pub(crate) async fn keep(
    attention: Arc<Attention>,
    hub: Arc<Hub>,
    settings: Arc<Settings>,
    clock: Arc<dyn crate::clock::Clock>,
) {
    loop {
        tokio::time::sleep(settings.presence_batch).await;
        attention.tell(&hub, &settings, clock.now_ms());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use voodoo_proto::DeviceId;

    use super::*;
    use crate::outbox::OutboxLimits;

    struct Room {
        hub: Hub,
        attention: Attention,
        settings: Settings,
    }

    impl Room {
        fn new() -> Self {
            let hub = Hub::new(OutboxLimits::default(), 9);
            Self { hub, attention: Attention::new(), settings: Settings::default() }
        }

        fn enter(&self, number: i64) -> Arc<Handle> {
            let user = UserId::new(number).unwrap();
            self.hub.enter(user, DeviceId::new(number).unwrap(), Default::default())
        }

        fn state(&self, number: i64) -> PresenceState {
            let user = UserId::new(number).unwrap();
            self.attention.presence(&self.hub, &self.settings, user, 1_000).state
        }

        fn watch(&self, handle: &Arc<Handle>, number: i64) {
            let user = UserId::new(number).unwrap();
            let presence = self.attention.presence(&self.hub, &self.settings, user, 1_000);
            self.attention.watch(handle, &[presence]);
        }

        fn told(&self, handle: &Handle) -> Vec<String> {
            self.attention.tell(&self.hub, &self.settings, 1_000);
            let mut taken = VecDeque::new();
            handle.outbox.take(&mut taken, 9);
            let text = |one: crate::outbox::Queued| {
                String::from_utf8(one.frame.payload().to_vec()).unwrap()
            };
            taken.into_iter().map(text).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_back_after_a_start_is_unknown_and_later_offline() {
        let room = Room::new();
        assert_eq!(room.state(2), PresenceState::Unknown);
        tokio::time::advance(room.settings.presence_silence).await;
        assert_eq!(room.state(2), PresenceState::Offline);
        room.enter(2);
        assert_eq!(room.state(2), PresenceState::Online);
    }

    #[tokio::test(start_paused = true)]
    async fn away_is_the_best_of_ones_sessions_and_a_status_goes_before() {
        let room = Room::new();
        let (one, other) = (room.enter(2), room.enter(2));
        room.attention.set_active(&one, false);
        assert_eq!(room.state(2), PresenceState::Online);
        room.attention.set_active(&other, false);
        assert_eq!(room.state(2), PresenceState::Away);
        let status = |state| Status { state, text: None, until_ms: None };
        room.attention.set_status(one.user, status(StatusState::Invisible));
        assert_eq!(room.state(2), PresenceState::Offline);
        let over = Status { until_ms: Some(999), ..status(StatusState::Dnd) };
        room.attention.set_status(one.user, over);
        assert_eq!(room.state(2), PresenceState::Away, "a status that is over shows nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn watchers_hear_of_changes_once_and_of_leaving_late() {
        let room = Room::new();
        let (watcher, friend) = (room.enter(1), room.enter(2));
        room.watch(&watcher, 2);
        assert_eq!(room.told(&watcher), [""; 0], "nothing has changed");
        room.attention.set_active(&friend, false);
        let away = r#"{"type":"presence","users":[{"user":"u_2","state":"away"}]}"#;
        assert_eq!(room.told(&watcher), [away]);
        assert_eq!(room.told(&watcher), [""; 0]);
        tokio::time::advance(room.settings.presence_silence).await;
        room.hub.leave(&friend);
        room.attention.leave(&room.hub, &friend);
        assert_eq!(room.told(&watcher), [""; 0], "they may be back in a moment");
        tokio::time::advance(room.settings.offline_delay).await;
        assert_eq!(room.told(&watcher).len(), 1);
        room.attention.leave(&room.hub, &watcher);
        assert!(room.attention.watched.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_writing_keep_their_pause() {
        let handle = Room::new().enter(1);
        let pause = Duration::from_secs(3);
        let here = ConversationId::new(1).unwrap();
        assert!(handle.may_type(here, pause));
        assert!(!handle.may_type(here, pause));
        assert!(handle.may_type(ConversationId::new(2).unwrap(), pause));
        tokio::time::advance(pause).await;
        assert!(handle.may_type(here, pause));
    }
}
