//! A client that talks as the protocol says, by its own few lines, and records what it meets.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;
use voodoo_client::connection::hello;
use voodoo_client::{Address, Connection};
use voodoo_history::{
    Answer, Attempt, Behind, Client, Connected, History, Line, Place, Said, Shown, Sight, Text,
};

use super::follow::Follow;
use super::frame::Frame;
use super::people::{Directory, Person};

const TICK: Duration = Duration::from_millis(50);
/// One message in so many is followed by a mark.
const MARK_EVERY: u64 = 20;

/// What all clients of a run share.
#[derive(Debug)]
pub struct Shared {
    /// Where the server, or what stands before it, listens.
    pub address: Address,
    /// Who is who.
    pub directory: Arc<Directory>,
    /// The one clock.
    pub start: Instant,
    /// What is to be done at this moment.
    pub phase: watch::Receiver<Phase>,
    /// Messages that were acknowledged, so far.
    pub n_acked: AtomicU64,
    /// Messages on their way, at this moment.
    pub n_open: AtomicU64,
    /// The next connection's number.
    pub next_line: AtomicU32,
    /// A server that says nothing for so long is given up.
    pub silence: Duration,
    /// Decides, with a client's number, what it says where.
    pub seed: u64,
}

impl Shared {
    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// What clients are to do.
#[derive(Debug, Clone)]
pub enum Phase {
    /// Say new things.
    Talk,
    /// Say nothing new; see that everything said is answered.
    Finish,
    /// End once these changes have been seen.
    Settle(Arc<HashMap<Place, u64>>),
    /// End, whatever of these changes has been seen.
    GiveUp(Arc<HashMap<Place, u64>>),
}

/// A message on its way.
#[derive(Debug, Clone)]
struct Draft {
    place: Place,
    name: Uuid,
    text: String,
}

/// What is asked over a connection.
enum Asked {
    Send(Draft),
    Changes(Place),
}

/// A client of one person; it comes back by itself.
pub struct Talker {
    shared: Arc<Shared>,
    person: Person,
    client: Client,
    /// Messages unanswered at once, at most.
    window: usize,
    places: Vec<Place>,
    follows: HashMap<Place, Follow>,
    /// What is to be sent, again or for the first time, before anything new.
    queue: VecDeque<Draft>,
    n_said: u64,
    /// After a refusal it waits until then.
    rests_until: Option<Instant>,
    chance: StdRng,
    history: History,
}

/// One connection and what was asked over it.
struct Live {
    connection: Connection,
    line: Line,
    sights: Vec<Sight>,
    asked: HashMap<u64, Asked>,
    n_sends: usize,
    next_id: u64,
    is_synced: bool,
    heard_at: Instant,
    /// Marks to be set.
    to_mark: Vec<(Place, u64)>,
}

/// The connection is of no more use.
struct Broken;

impl Talker {
    /// A client that has nothing yet.
    #[must_use]
    pub fn new(shared: &Arc<Shared>, person: Person, client: Client, window: usize) -> Self {
        let places = shared.directory.places_of(person.who);
        let follows = places.iter().map(|place| (*place, Follow::default())).collect();
        Self {
            shared: Arc::clone(shared),
            person,
            client,
            window,
            places,
            follows,
            queue: VecDeque::new(),
            n_said: 0,
            rests_until: None,
            chance: StdRng::seed_from_u64(shared.seed.wrapping_add(u64::from(client.0))),
            history: History::default(),
        }
    }

    /// Talks until it has settled, and gives what it recorded.
    ///
    /// # Errors
    ///
    /// If the server says what the protocol does not allow.
    pub async fn run(mut self) -> Result<History> {
        loop {
            if let Ok(mut live) = self.connect().await {
                let ended = self.live(&mut live).await;
                let is_settled = self.leave(live);
                ended?;
                if is_settled {
                    return Ok(self.history);
                }
            }
            let phase = self.shared.phase.borrow().clone();
            if let Phase::GiveUp(revs) = phase {
                self.note_behind(&revs);
                ensure!(
                    !self.history.behind.is_empty(),
                    "a client misses nothing and does not end"
                );
                return Ok(self.history);
            }
            sleep(Duration::from_millis(self.chance.random_range(10..100))).await;
        }
    }

    async fn connect(&self) -> Result<Live> {
        let opening = async {
            let mut connection = Connection::open(&self.shared.address, &self.person.token).await?;
            connection.send_json(&hello(None)).await?;
            anyhow::Ok(connection)
        };
        let connection = timeout(self.shared.silence, opening).await??;
        let line = Line(self.shared.next_line.fetch_add(1, Ordering::Relaxed));
        Ok(Live {
            connection,
            line,
            sights: Vec::new(),
            asked: HashMap::new(),
            n_sends: 0,
            next_id: 1,
            is_synced: false,
            heard_at: Instant::now(),
            to_mark: Vec::new(),
        })
    }

    /// Uses a connection until it breaks or nothing is left to do.
    async fn live(&mut self, live: &mut Live) -> Result<()> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut phase = self.shared.phase.clone();
        loop {
            if live.is_synced && self.send_what_may(live).await.is_err() {
                return Ok(());
            }
            let is_given_up = matches!(*self.shared.phase.borrow(), Phase::GiveUp(_));
            if is_given_up || self.is_settled(live) {
                return Ok(());
            }
            tokio::select! {
                text = live.connection.receive_text() => match text {
                    Ok(text) => {
                        live.heard_at = Instant::now();
                        let frame: Frame = serde_json::from_str(&text)
                            .with_context(|| format!("unreadable: {text}"))?;
                        self.take(live, frame).with_context(|| text.to_string())?;
                    }
                    Err(_closed) => return Ok(()),
                },
                _ = tick.tick() => if self.on_tick(live).await.is_err() {
                    return Ok(());
                },
                changed = phase.changed() => changed.context("the run is over")?,
            }
        }
    }

    /// Puts away what a connection leaves behind; whether all is done.
    fn leave(&mut self, live: Live) -> bool {
        let is_settled = self.is_settled(&live);
        let Live { line, sights, asked, .. } = live;
        let (who, client) = (self.person.who, self.client);
        self.history.lines.push(Connected { line, who, client, sights });
        let mut unanswered: Vec<_> = asked.into_iter().collect();
        unanswered.sort_unstable_by_key(|(id, _)| *id);
        for (_, asked) in unanswered.into_iter().rev() {
            match asked {
                Asked::Send(draft) => self.queue.push_front(draft),
                Asked::Changes(_) => {}
            }
        }
        self.follows.values_mut().for_each(|follow| follow.is_asking = false);
        is_settled
    }

    fn is_settled(&self, live: &Live) -> bool {
        let Phase::Settle(revs) = &*self.shared.phase.borrow() else { return false };
        let has = |place: &Place| {
            let rev = revs.get(place).copied().unwrap_or_default();
            self.follows.get(place).is_some_and(|follow| follow.have >= rev)
        };
        live.is_synced && self.queue.is_empty() && live.n_sends == 0 && self.places.iter().all(has)
    }

    fn note_behind(&mut self, revs: &HashMap<Place, u64>) {
        for place in &self.places {
            let have = self.follows.get(place).map_or(0, |follow| follow.have);
            let newest = revs.get(place).copied().unwrap_or_default();
            if have < newest {
                self.history.behind.push(Behind {
                    client: self.client,
                    place: *place,
                    have,
                    newest,
                });
            }
        }
    }

    /// Sends what waits, and new things while it is time to talk, up to the window.
    async fn send_what_may(&mut self, live: &mut Live) -> Result<(), Broken> {
        for (place, seq) in std::mem::take(&mut live.to_mark) {
            let conversation = self.shared.directory.id(place);
            let read = json!({"type": "read", "conversation": conversation, "seq": seq});
            self.say(live, &read).await?;
        }
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        self.rests_until = None;
        let may_talk = matches!(*self.shared.phase.borrow(), Phase::Talk);
        while live.n_sends < self.window {
            let draft = match self.queue.pop_front() {
                Some(draft) => draft,
                None if may_talk => self.new_draft(),
                None => return Ok(()),
            };
            let send = json!({"type": "send", "id": live.next_id,
                "conversation": self.shared.directory.id(draft.place), "client_id": draft.name,
                "body": {"kind": "text", "text": draft.text}});
            self.history.attempts.push(Attempt {
                at_us: self.shared.now_us(),
                line: live.line,
                place: draft.place,
                name: draft.name,
                text: Text::of(&draft.text),
            });
            live.asked.insert(live.next_id, Asked::Send(draft));
            live.n_sends += 1;
            self.say(live, &send).await?;
        }
        Ok(())
    }

    fn new_draft(&mut self) -> Draft {
        self.n_said += 1;
        self.shared.n_open.fetch_add(1, Ordering::Relaxed);
        let place = self.places[self.chance.random_range(0..self.places.len())];
        let name = Uuid::now_v7();
        let text = format!("{:?} says number {} as {name}", self.client, self.n_said);
        Draft { place, name, text }
    }

    async fn say(&self, live: &mut Live, frame: &serde_json::Value) -> Result<(), Broken> {
        live.next_id += 1;
        match timeout(self.shared.silence, live.connection.send_json(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Broken),
        }
    }

    /// Fills holes that have stood for a while, and gives up a server that says nothing.
    async fn on_tick(&mut self, live: &mut Live) -> Result<(), Broken> {
        if live.heard_at.elapsed() > self.shared.silence {
            return Err(Broken);
        }
        if live.heard_at.elapsed() > self.shared.silence / 2 {
            // Not a request of the count, so without a number.
            let ping = json!({"type": "ping"});
            let ping = timeout(self.shared.silence, live.connection.send_json(&ping));
            if !matches!(ping.await, Ok(Ok(()))) {
                return Err(Broken);
            }
        }
        if !live.is_synced {
            return Ok(());
        }
        let holes = self.follows.iter().filter(|(_, follow)| follow.wants());
        let holes: Vec<Place> = holes.map(|(place, _)| *place).collect();
        for place in holes {
            self.ask_changes(live, place).await?;
        }
        Ok(())
    }

    async fn ask_changes(&mut self, live: &mut Live, place: Place) -> Result<(), Broken> {
        let Some(follow) = self.follows.get_mut(&place) else { return Ok(()) };
        follow.is_asking = true;
        let ask = json!({"type": "changes", "id": live.next_id,
            "conversation": self.shared.directory.id(place), "since_rev": follow.have, "limit": 100});
        live.asked.insert(live.next_id, Asked::Changes(place));
        self.say(live, &ask).await
    }

    fn take(&mut self, live: &mut Live, frame: Frame) -> Result<()> {
        if let Some(asked) = frame.id.and_then(|id| live.asked.remove(&id)) {
            return match asked {
                Asked::Send(draft) => self.take_answer(live, draft, &frame),
                Asked::Changes(place) => self.take_changes(live, place, frame),
            };
        }
        match frame.kind.as_str() {
            "sync" | "heads" => self.take_heads(live, frame),
            "message" => self.take_message(live, &frame)?,
            "read" => {
                if let (Some(place), Some(seq)) = (self.place_of(&frame), frame.seq) {
                    live.sights.push(Sight::Mark { place, seq });
                }
            }
            "welcome" | "pong" => {}
            "goaway" | "refused" => bail!("unexpected"),
            _ => {
                if let (Some(place), Some(rev)) = (self.place_of(&frame), frame.rev) {
                    live.sights.push(Sight::Change { place, rev });
                    self.follow(place).note(rev);
                }
            }
        }
        Ok(())
    }

    fn take_answer(&mut self, live: &mut Live, draft: Draft, frame: &Frame) -> Result<()> {
        live.n_sends -= 1;
        let said = match (frame.kind.as_str(), frame.seq, frame.rev) {
            ("ok", Some(seq), Some(rev)) => Said::Kept { seq, rev, is_repeat: frame.duplicate },
            ("refused", ..) => Said::Refused,
            _ => bail!("no answer to a send"),
        };
        let at_us = self.shared.now_us();
        self.history.answers.push(Answer { at_us, line: live.line, name: draft.name, said });
        match said {
            Said::Kept { rev, .. } => {
                self.shared.n_acked.fetch_add(1, Ordering::Relaxed);
                self.shared.n_open.fetch_sub(1, Ordering::Relaxed);
                self.follow(draft.place).note(rev);
            }
            Said::Refused if frame.retry.as_deref() == Some("same") => {
                self.rests_until = Some(Instant::now() + Duration::from_millis(100));
                self.queue.push_back(draft);
            }
            Said::Refused => bail!("a message was refused for good"),
        }
        Ok(())
    }

    fn take_changes(&mut self, live: &mut Live, place: Place, page: Frame) -> Result<()> {
        let follow = self.follow(place);
        follow.is_asking = false;
        if page.kind == "refused" {
            if page.retry.as_deref() != Some("same") {
                // The server knows less than it told before: from the beginning, then.
                follow.have = 0;
            }
            return Ok(());
        }
        let (Some(rev), false) = (page.rev, page.reset) else { bail!("no page of changes") };
        follow.reach(rev);
        if page.more {
            // The rest is asked for at the next tick.
            follow.is_told(rev + 1);
        }
        let at_us = self.shared.now_us();
        for message in page.messages {
            let shown = Shown {
                seq: message.seq,
                rev: message.rev,
                name: message.client_id,
                from: self.shared.directory.author(message.from.as_deref()),
                text: Text::of(&message.body.text),
            };
            live.sights.push(Sight::Page { at_us, place, shown });
        }
        Ok(())
    }

    fn take_heads(&mut self, live: &mut Live, frame: Frame) {
        live.is_synced |= frame.done;
        for described in &frame.conversations {
            if let Some(place) = self.shared.directory.place(&described.conversation) {
                // What came before one belongs to it is not for one's eyes.
                self.follow(place).reach(described.join_rev);
            }
        }
        let described = frame.conversations.into_iter().map(|one| one.head);
        for head in described.chain(frame.heads) {
            let Some(place) = self.shared.directory.place(&head.conversation) else { continue };
            live.sights.push(Sight::Stand { place, rev: head.last_rev });
            self.follow(place).is_told(head.last_rev);
        }
    }

    fn take_message(&mut self, live: &mut Live, frame: &Frame) -> Result<()> {
        let place = self.place_of(frame).context("a message of an unknown conversation")?;
        let (Some(seq), Some(rev), Some(name)) = (frame.seq, frame.rev, frame.client_id) else {
            bail!("a message without its numbers");
        };
        let text = Text::of(frame.body.as_ref().map_or("", |body| &body.text));
        let from = self.shared.directory.author(frame.from.as_deref());
        let shown = Shown { seq, rev, name, from, text };
        live.sights.push(Sight::Live { at_us: self.shared.now_us(), place, shown });
        self.follow(place).note(rev);
        if seq % MARK_EVERY == 0 {
            live.to_mark.push((place, seq));
        }
        Ok(())
    }

    fn place_of(&self, frame: &Frame) -> Option<Place> {
        self.shared.directory.place(frame.conversation.as_deref()?)
    }

    fn follow(&mut self, place: Place) -> &mut Follow {
        self.follows.entry(place).or_default()
    }
}
