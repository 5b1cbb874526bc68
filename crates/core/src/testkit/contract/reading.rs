//! Promises of reading.

use std::sync::Arc;

use parking_lot::Mutex;
use voodoo_proto::object::{HistoryRule, Kind, SettingsChange};
use voodoo_proto::reply::HistoryPage;
use voodoo_proto::{ConversationId, DeviceId, RefusalCode, UserId};

use super::stage::{ALL, NOW_MS, Stage};
use crate::apply::{AddMembers, Pin, React, RemoveMember, Update, Write};
use crate::error::StoreError;
use crate::store::{Around, Opened, PageSize, Result, Scope, Subscribe};
use crate::testkit::Engine;

pub(super) fn code<T>(result: Result<T>) -> Option<RefusalCode> {
    match result {
        Err(StoreError::Refused(refusal)) => Some(refusal.code),
        Ok(_) | Err(StoreError::Unavailable(_) | StoreError::Fault(_)) => None,
    }
}

/// What one may not see sounds as if it did not exist.
pub async fn outsiders_read_nothing(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, eve) = (stage.user("ann").await, stage.user("eve").await);
    let group = stage.group(ann, &[]).await;
    stage.send(group, ann, "secret").await;
    let engine = &stage.engine;
    let history = engine.history(eve, group, Around::Newest, ALL).await;
    assert_eq!(code(history), Some(RefusalCode::NotFound));
    assert_eq!(code(engine.changes(eve, group, 0, ALL).await), Some(RefusalCode::NotFound));
    assert!(engine.conversations(eve, &[group]).await.expect("objects").is_empty());
    assert!(engine.heads(eve, &[group]).await.expect("heads").0.is_empty());
    let device = stage.device(eve, 1).await;
    assert_eq!(engine.subscriptions(device, NOW_MS).await.expect("a look"), Some(Vec::new()));
    let nobody = UserId::new(i64::MAX).expect("an id");
    assert_eq!(code(engine.digest(nobody).await), Some(RefusalCode::NotFound));
    assert_eq!(code(engine.snapshot(nobody, Scope::All).await), Some(RefusalCode::NotFound));
}

/// Four sums, from the same snapshot.
pub async fn the_digest_is_the_sum_of_the_snapshot(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    for n in 0..4 {
        let group = stage.group(ann, &[bob]).await;
        for _ in 0..n {
            stage.send(group, bob, "hello").await;
        }
    }
    let snapshot = stage.engine.snapshot(bob, Scope::All).await.expect("a snapshot");
    let digest = stage.engine.digest(bob).await.expect("a digest");
    assert_eq!(snapshot.digest, digest);
    let heads: Vec<_> = snapshot.conversations.iter().map(|one| &one.head).collect();
    assert_eq!(digest.conversations, 4);
    assert_eq!(digest.revs, heads.iter().map(|head| head.last_rev).sum::<u64>());
    assert_eq!(digest.reads, heads.iter().map(|head| head.read_seq).sum::<u64>());
    assert_eq!(digest.user_rev, 4);
    assert!(heads.is_sorted_by_key(|head| std::cmp::Reverse(head.at_ms)), "newest first");
}

/// Whatever a session is not told, for it was not subscribed yet, it reads.
pub async fn what_is_committed_while_a_session_begins_is_in_its_snapshot(engine: Arc<dyn Engine>) {
    let stage = Arc::new(Stage::new(engine));
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let (first, second) = (stage.group(ann, &[bob]).await, stage.group(ann, &[bob]).await);
    let device = stage.device(bob, 1).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let wholly = (Scope::All, 2);
    let since = (Scope::Since { user_rev: 2, since_ms: stage.now_ms() }, 0);
    for ((scope, n_conversations), texts) in [(wholly, 1), (since, 2)] {
        let (noted, sending) = (Arc::clone(&heard), Arc::clone(&stage));
        let subscribe: Subscribe = Box::new(move |subscriptions| {
            *noted.lock() = subscriptions.iter().map(|one| one.conversation).collect();
            // Another thread, for this one may be the one that waits for the engine.
            let commit = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
                runtime.expect("a runtime").block_on(sending.send(first, ann, "meanwhile"));
            };
            std::thread::spawn(commit).join().expect("a commit");
        });
        let begun = stage.engine.begin(device, NOW_MS, scope, subscribe).await.expect("a begin");
        let snapshot = begun.expect("an open device");
        let mut conversations = heard.lock().clone();
        conversations.sort_unstable();
        assert_eq!(conversations, [first, second]);
        assert_eq!(snapshot.conversations.len(), n_conversations);
        let described = snapshot.conversations.iter().map(|one| &one.head);
        let head = described.chain(&snapshot.heads).find(|head| head.conversation == first);
        assert_eq!(head.expect("the one that moved").last_seq, texts);
    }
    let ended = Opened { device: DeviceId::new(i64::MAX).expect("an id"), ..device };
    let never: Subscribe = Box::new(|_| panic!("nobody is subscribed"));
    assert_eq!(stage.engine.begin(ended, NOW_MS, Scope::All, never).await.expect("a look"), None);
}

/// Descriptions where membership or description is new, heads where only they are.
pub async fn a_snapshot_since_a_cursor_holds_what_moved(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let quiet = stage.group(ann, &[bob]).await;
    let (spoken, renamed) = (stage.group(ann, &[bob]).await, stage.group(ann, &[bob]).await);
    let user_rev = stage.engine.digest(bob).await.expect("a digest").user_rev;
    let since_ms = stage.now_ms();
    stage.send(spoken, ann, "hello").await;
    let title = Some("Another".to_owned());
    let at_ms = stage.now_ms();
    let update = Update {
        conversation: renamed,
        by: ann,
        title,
        description: None,
        alias: None,
        settings: None,
        at_ms,
    };
    stage.write(Write::Update(update)).await.expect("it is renamed");
    let new = stage.group(ann, &[bob]).await;
    let scope = Scope::Since { user_rev, since_ms };
    let snapshot = stage.engine.snapshot(bob, scope).await.expect("a snapshot");
    let mut described: Vec<_> = snapshot.conversations.iter().map(|one| one.conversation).collect();
    described.sort_unstable();
    assert_eq!(described, [renamed, new]);
    assert_eq!(snapshot.heads.iter().map(|one| one.conversation).collect::<Vec<_>>(), [spoken]);
    assert!(snapshot.gone.is_empty());
    assert_eq!(snapshot.digest.conversations, 4, "the sums are over {quiet} too");
}

/// A resume says what is no longer one's own.
pub async fn whoever_is_removed_is_told_gone(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let conversation = stage.group(ann, &[bob]).await;
    let user_rev = stage.engine.digest(bob).await.expect("a digest").user_rev;
    let at_ms = stage.now_ms();
    let remove = RemoveMember { conversation, by: ann, user: bob, at_ms };
    stage.write(Write::RemoveMember(remove)).await.expect("bob is removed");
    let scope = Scope::Since { user_rev, since_ms: at_ms };
    let snapshot = stage.engine.snapshot(bob, scope).await.expect("a snapshot");
    assert_eq!((snapshot.gone, snapshot.digest.user_rev), (vec![conversation], user_rev + 1));
    let all = stage.engine.snapshot(bob, Scope::All).await.expect("a snapshot");
    assert!(all.conversations.is_empty() && all.gone.is_empty());
    let device = stage.device(bob, 1).await;
    let heard = stage.engine.subscriptions(device, NOW_MS).await.expect("a look");
    assert_eq!(heard, Some(Vec::new()));
}

async fn talk(stage: &Stage, n_messages: usize) -> (UserId, UserId, ConversationId) {
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let group = stage.group(ann, &[bob]).await;
    for n in 0..n_messages {
        stage.send(group, if n % 3 == 0 { bob } else { ann }, &format!("message {n}")).await;
    }
    (ann, bob, group)
}

fn seqs(page: &HistoryPage) -> Vec<u64> {
    page.messages.iter().map(|message| message.seq).collect()
}

/// Backwards, forwards and around.
pub async fn history_pages_meet_without_a_gap(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, _, group) = talk(&stage, 23).await;
    let size = PageSize { n_messages: 5, ..ALL };
    let page = async |around| stage.engine.history(ann, group, around, size).await.expect("a page");
    let mut back = page(Around::Newest).await;
    assert_eq!((seqs(&back), back.rev), ((19..=23).collect(), 24));
    let mut collected = back.messages.clone();
    while back.more {
        back = page(Around::Before(collected[0].seq)).await;
        collected.splice(0..0, back.messages.iter().cloned());
    }
    assert_eq!(back.events.len(), 1, "the beginning stands before the first message");
    let mut ahead = page(Around::After(0)).await;
    let mut forward = ahead.messages.clone();
    while ahead.more {
        ahead = page(Around::After(forward[forward.len() - 1].seq)).await;
        forward.extend(ahead.messages.iter().cloned());
    }
    assert_eq!(collected, forward);
    assert_eq!(
        collected.iter().map(|one| one.seq).collect::<Vec<_>>(),
        (1..=23).collect::<Vec<_>>()
    );
    assert_eq!(seqs(&page(Around::Both(10)).await), [8, 9, 10, 11, 12]);
    let named: Vec<_> = ahead.users.iter().map(|user| user.user).collect();
    assert!(named.contains(&ann));
}

/// Whatever the size of the pages: nothing is skipped, nothing comes twice in the end.
pub async fn changes_come_once_in_their_current_state(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob, conversation) = talk(&stage, 12).await;
    for seq in 1..=9 {
        let (emoji, at_ms) = ("🎉".to_owned(), stage.now_ms());
        let react = React { conversation, by: bob, seq, emoji, on: true, at_ms };
        stage.write(Write::React(react)).await.expect("it is set");
    }
    let pin = Pin { conversation, by: ann, seq: 4, on: true, at_ms: stage.now_ms() };
    stage.write(Write::Pin(pin)).await.expect("it is pinned");
    for (n_messages, since_rev) in [(1, 1), (2, 1), (5, 3), (100, 1), (3, 15)] {
        let size = PageSize { n_messages, ..ALL };
        let (mut have, mut seen) = (since_rev, Vec::new());
        loop {
            let page = stage.engine.changes(ann, conversation, have, size).await.expect("a page");
            seen.extend(page.messages.iter().map(|one| (one.mod_rev.unwrap_or_default(), one.seq)));
            assert!(page.rev > have || !page.more, "a page leads on");
            have = page.rev;
            if !page.more {
                break;
            }
        }
        let all =
            stage.engine.history(ann, conversation, Around::Newest, ALL).await.expect("a page");
        let mut touched: Vec<_> =
            all.messages.iter().map(|one| (one.mod_rev.unwrap_or_default(), one.seq)).collect();
        touched.retain(|(mod_rev, _)| *mod_rev > since_rev);
        touched.sort_unstable();
        assert_eq!((seen, have), (touched, all.rev), "{n_messages} a page since {since_rev}");
    }
}

/// Below one's joining: the newest page. Above the newest change: a mistake.
pub async fn changes_that_cannot_be_had_are_a_reset(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let joined = SettingsChange { history: Some(HistoryRule::Joined), ..SettingsChange::default() };
    let conversation = stage.create(ann, Kind::Group, &[], joined).await;
    stage.send(conversation, ann, "before").await;
    let at_ms = stage.now_ms();
    let add = AddMembers { conversation, by: ann, users: vec![bob], at_ms };
    stage.write(Write::AddMembers(add)).await.expect("bob is added");
    stage.send(conversation, ann, "after").await;
    let page = stage.engine.changes(bob, conversation, 1, ALL).await.expect("a page");
    assert_eq!((page.reset, page.rev, page.more), (Some(true), 4, false));
    assert_eq!(page.messages.iter().map(|one| one.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(page.head.expect("a head").last_seq, 2);
    let page = stage.engine.changes(bob, conversation, 3, ALL).await.expect("a page");
    assert_eq!((page.reset, page.messages.len(), page.events.len()), (None, 1, 0));
    let beyond = stage.engine.changes(bob, conversation, 5, ALL).await;
    assert_eq!(code(beyond), Some(RefusalCode::BadRequest));
    let history =
        stage.engine.history(bob, conversation, Around::Newest, ALL).await.expect("a page");
    assert_eq!(seqs(&history), [2], "what was before them is not theirs to read");
}

/// At least one message, however large.
pub async fn a_page_ends_by_bytes_after_one_message(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let group = stage.group(ann, &[]).await;
    for _ in 0..4 {
        stage.send(group, ann, &"x".repeat(10_000)).await;
    }
    let n_messages = async |n_bytes| {
        let size = PageSize { n_messages: 100, n_bytes };
        let page = stage.engine.history(ann, group, Around::Newest, size).await.expect("a page");
        let changes = stage.engine.changes(ann, group, 1, size).await.expect("a page");
        assert_eq!(page.messages.len(), changes.messages.len());
        assert_eq!((page.more, changes.more), (n_bytes < 40_000, n_bytes < 40_000));
        page.messages.len()
    };
    assert_eq!(n_messages(1).await, 1);
    assert_eq!(n_messages(25_000).await, 2);
    assert_eq!(n_messages(50_000).await, 4);
}

/// By handle or by a word of the name; nobody who is shut out.
pub async fn people_are_found_by_the_beginning_of_a_word(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann.bell").await;
    let bea = stage.user("bea").await;
    let shut = stage.user("bert").await;
    stage.engine.set_disabled(shut, true, stage.now_ms()).await.expect("it is shut");
    let find = async |query: &str, limit| {
        let found = stage.engine.find_users(ann, query, limit).await.expect("users");
        found.into_iter().map(|user| user.user).collect::<Vec<_>>()
    };
    assert_eq!(find("be", 10).await, [ann, bea]);
    assert_eq!(find("BELL", 10).await, [ann]);
    assert_eq!(find("be", 1).await, [ann]);
    assert_eq!(find("ell", 10).await, []);
    assert_eq!(find("%", 10).await, []);
}

/// A run of joins is no way to make a page that fits no frame.
pub async fn events_count_towards_the_bytes_of_a_page(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let conversation = stage.group(ann, &[]).await;
    for _ in 0..4 {
        stage.send(conversation, ann, "hello").await;
        for _ in 0..10 {
            let (by, at_ms) = (ann, stage.now_ms());
            let add = AddMembers { conversation, by, users: vec![bob], at_ms };
            stage.write(Write::AddMembers(add)).await.expect("bob is added");
            let remove = RemoveMember { conversation, by, user: bob, at_ms };
            stage.write(Write::RemoveMember(remove)).await.expect("bob is removed");
        }
    }
    let json = |page: &HistoryPage| serde_json::to_string(page).expect("plain data").len();
    for n_bytes in [1, 1_500, 4_000, 6_000] {
        let size = PageSize { n_messages: 100, n_bytes };
        let (mut around, mut collected, mut n_events) = (Around::Newest, Vec::new(), 0);
        loop {
            let page = stage.engine.history(ann, conversation, around, size).await.expect("a page");
            assert!(!page.messages.is_empty(), "a page has a message at least");
            assert!(json(&page) < n_bytes + 1_000, "{} of {n_bytes} bytes", json(&page));
            n_events += page.events.len();
            collected.splice(0..0, page.messages.iter().map(|one| one.seq));
            if !page.more {
                break;
            }
            around = Around::Before(collected[0]);
        }
        assert_eq!(collected, [1, 2, 3, 4]);
        assert!(n_bytes < 4_000 || n_events == 81, "{n_events} events in {n_bytes} bytes a page");
    }
}

/// Titles and descriptions are trimmed and composed, and their length is in code points.
pub async fn what_people_read_has_one_spelling(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let conversation = stage.group(ann, &[]).await;
    let update = async |title: Option<&str>, description: Option<&str>| {
        let (title, description) = (title.map(str::to_owned), description.map(str::to_owned));
        let at_ms = stage.now_ms();
        let settings = None;
        let (by, alias) = (ann, None);
        let update = Update { conversation, by, title, description, alias, settings, at_ms };
        let result = stage.write(Write::Update(update)).await;
        result.map(|applied| applied.effects.len()).map_err(|refusal| refusal.field)
    };
    assert_eq!(update(Some("  Cafe\u{301} "), Some(" one\ntwo ")).await, Ok(1));
    assert_eq!(update(Some("Caf\u{e9}"), Some("one\ntwo")).await, Ok(0), "it is the same");
    assert_eq!(update(Some(&"\u{1f40b}".repeat(128)), None).await, Ok(1));
    assert_eq!(update(Some(&"\u{1f40b}".repeat(129)), None).await, Err(Some("title")));
    for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{7}b", "a\u{200b}b"] {
        assert_eq!(update(Some(bad), None).await, Err(Some("title")), "{bad:?}");
    }
    assert_eq!(update(None, Some("a\u{2066}b")).await, Err(Some("description")));
    assert_eq!(update(None, Some(" ")).await, Ok(1), "an empty one clears");
    let objects = stage.engine.conversations(ann, &[conversation]).await.expect("objects");
    assert_eq!(objects[0].description, None);
}
