//! The full check finds nothing in a healthy store, and names every kind of damage.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use voodoo_core::apply::{Delete, Destroy, Edit, MoveFloor, Pin, React, Send, Write};
use voodoo_core::retention::{Retention as _, Terms};
use voodoo_core::store::{Accounts as _, NewDevice, NewInvite, Store as _};
use voodoo_core::testkit::contract::Stage;
use voodoo_proto::object::{Body, Kind, Mentions, Role, SettingsChange};
use voodoo_proto::{ConversationId, UserId};
use voodoo_store::{Finding, OpenError, verify};

use crate::folder::Folder;
use crate::start::reopen;

/// Some of everything that a store keeps, at rest.
pub(crate) async fn lived_in(folder: &Folder) {
    let store = folder.open();
    let stage = Stage::new(store.clone());
    let ann = stage.owner("ann").await;
    let (bob, cem) = (stage.user("bob").await, stage.user("cem").await);
    let device = NewDevice { token: [7; 32], name: "device".to_owned(), expires_ms: 1 << 42 };
    store.open_device(bob, device, stage.now_ms()).await.unwrap();
    let group = stage.group(ann, &[bob, cem]).await;
    let direct = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    stage.create(ann, Kind::Broadcast, &[bob], SettingsChange::default()).await;
    for place in [group, direct] {
        for number in 0..20 {
            stage.send(place, ann, &format!("text {number}")).await;
        }
    }
    let call = Mentions { users: Some(vec![bob]), all: None };
    let call = Send { mentions: Some(call), ..stage.message(group, ann, "hello bob") };
    stage.write(Write::Send(call)).await.unwrap();
    change(&stage, group, ann, bob).await;
    let invite = NewInvite {
        code: [9; 32],
        by: ann,
        conversation: Some((group, Role::Member)),
        uses: None,
        expires_ms: 1 << 42,
    };
    store.create_invite(invite, stage.now_ms()).await.unwrap();
    store.shutdown().await;
}

/// Changes that leave traces: two to the same message too.
async fn change(stage: &Stage, conversation: ConversationId, ann: UserId, bob: UserId) {
    let at_ms = stage.now_ms();
    for (edits, words) in ["better", "best"].into_iter().enumerate() {
        let body = Body::Text { text: words.to_owned() };
        let edits = u64::try_from(edits).unwrap();
        let edit = Edit { conversation, by: ann, seq: 3, edits, body, at_ms };
        stage.write(Write::Edit(edit)).await.unwrap();
    }
    let delete = Delete { conversation, by: ann, seqs: vec![4, 5], at_ms };
    stage.write(Write::Delete(delete)).await.unwrap();
    stage.write(Write::Pin(Pin { conversation, by: ann, seq: 6, on: true, at_ms })).await.unwrap();
    for by in [ann, bob] {
        let emoji = "👍".to_owned();
        let react = React { conversation, by, seq: 7, emoji, on: true, at_ms };
        stage.write(Write::React(react)).await.unwrap();
    }
}

fn findings(folder: &Path) -> Vec<Finding> {
    verify(folder).unwrap().findings
}

#[tokio::test]
async fn a_healthy_store_has_no_findings_while_it_is_open_and_when_it_is_not() {
    let folder = Folder::new();
    lived_in(&folder).await;
    assert_eq!(findings(folder.path()), []);
    let store = reopen(&folder);
    Stage::new(store.clone()).user("dea").await;
    let report = verify(folder.path()).unwrap();
    assert_eq!(report.findings, []);
    let holds = report.holds.unwrap();
    assert_eq!((holds.users, holds.conversations, holds.messages, holds.devices), (4, 3, 41, 2));
    store.shutdown().await;
}

#[tokio::test]
async fn a_store_is_healthy_at_each_step_of_retention() {
    let folder = Folder::new();
    lived_in(&folder).await;
    let store = reopen(&folder);
    let (ann, group) = (UserId::new(1).unwrap(), ConversationId::new(1).unwrap());
    let day = Duration::from_secs(10);
    let terms = Terms { day, destroyed: day, slice_rows: 2, ..Terms::default() };
    let now_ms = 1 << 42;
    for floor_seq in [4, 7, 20] {
        let floor = MoveFloor { conversation: group, floor_seq, at_ms: now_ms };
        store.commit(vec![Write::MoveFloor(floor)]).await.unwrap();
        assert_eq!(findings(folder.path()), [], "floor at {floor_seq}");
        while store.prune(group, terms, now_ms).await.unwrap() {
            assert_eq!(findings(folder.path()), [], "on the way to {floor_seq}");
        }
        assert_eq!(findings(folder.path()), [], "below {floor_seq} all is gone");
    }
    let destroy = Destroy { conversation: group, by: ann, at_ms: now_ms };
    store.commit(vec![Write::Destroy(destroy)]).await.unwrap().pop().unwrap().unwrap();
    while store.prune(group, terms, now_ms * 2).await.unwrap() {
        assert_eq!(findings(folder.path()), [], "it goes bit by bit");
    }
    let report = verify(folder.path()).unwrap();
    assert_eq!((report.holds.unwrap().conversations, report.findings), (2, vec![]));
    store.shutdown().await;
}

/// SQL that does damage, the check that finds it and a part of its words.
const DAMAGE: &[(&str, &str, &str)] = &[
    ("DELETE FROM user_account WHERE handle = 'cem'", "orphans", "a membership of a user"),
    ("DELETE FROM user_account WHERE handle = 'bob'", "orphans", "a log-in of a user"),
    ("DELETE FROM user_account WHERE handle = 'bob'", "orphans", "a direct conversation of a user"),
    ("DELETE FROM user_account WHERE handle = 'bob'", "orphans", "a reaction of a user"),
    ("DELETE FROM user_account WHERE handle = 'bob'", "orphans", "a mention of a user"),
    ("DELETE FROM user_account WHERE handle = 'ann'", "orphans", "a message by a user"),
    ("DELETE FROM user_account WHERE handle = 'ann'", "orphans", "a conversation made by a user"),
    ("DELETE FROM user_account WHERE handle = 'ann'", "orphans", "an invite by a user"),
    ("DELETE FROM conversation WHERE kind = 1", "orphans", "a membership in a conversation"),
    ("DELETE FROM conversation WHERE kind = 1", "orphans", "a message in a conversation"),
    ("DELETE FROM conversation WHERE kind = 1", "orphans", "an event in a conversation"),
    ("DELETE FROM conversation WHERE kind = 1", "orphans", "an invite into a conversation"),
    ("DELETE FROM message WHERE seq = 7", "orphans", "a reaction to a message"),
    ("DELETE FROM message WHERE seq = 3", "orphans", "a change of a message"),
    ("DELETE FROM message WHERE seq = 21", "orphans", "a mention in a message"),
    ("INSERT INTO block VALUES(1, 77)", "orphans", "a block of or by a user"),
    ("INSERT INTO one_time VALUES(x'00', 1, 77, 0)", "orphans", "a link for a user"),
    ("UPDATE conversation SET n_members = n_members + 1 WHERE kind = 1", "counters", "n_members"),
    ("UPDATE conversation SET n_members = 1 WHERE kind = 0", "counters", "a direct conversation"),
    ("UPDATE member SET standing = 0 WHERE conv_id = 1 AND user_id = 3", "counters", "n_members"),
    ("UPDATE conversation SET n_owners = 2 WHERE kind = 2", "counters", "n_owners"),
    ("UPDATE conversation SET last_seq = last_seq + 1", "counters", "last_seq"),
    ("UPDATE conversation SET last_seq = last_seq - 1 WHERE kind = 1", "counters", "last_seq"),
    ("DELETE FROM message WHERE seq = 20 AND conv_id = 2", "counters", "last_seq"),
    ("UPDATE user_account SET n_conversations = 0", "counters", "n_conversations"),
    ("UPDATE user_account SET user_rev = 1", "counters", "user_rev is below"),
    ("UPDATE member SET user_rev = 1", "counters", "a user_rev was given twice"),
    ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'conversation'", "counters", "not used up"),
    ("DELETE FROM message WHERE seq = 9", "gaps", "messages are missing"),
    ("UPDATE conversation SET last_rev = last_rev + 1", "gaps", "changes are missing"),
    ("DELETE FROM touched WHERE seq = 7", "gaps", "changes are missing"),
    ("DELETE FROM conv_event", "gaps", "changes are missing"),
    ("UPDATE conversation SET last_rev = last_rev - 1 WHERE kind = 1", "gaps", "beyond last_rev"),
    (
        "INSERT INTO conv_event SELECT 1, 9, at_ms, json_set(body, '$.rev', 9) FROM conv_event",
        "gaps",
        "given twice",
    ),
    ("UPDATE message SET rev = 2 WHERE seq = 9", "order", "does not fit its place"),
    ("UPDATE message SET mod_rev = rev WHERE seq = 6", "order", "its message does not know"),
    ("DELETE FROM touched WHERE seq = 3", "order", "the newest change of a message is not noted"),
    ("UPDATE message SET reply_to = 12 WHERE seq = 9", "order", "an answer to a message"),
    (
        "UPDATE conv_event SET body = json_set(body, '$.rev', 5)",
        "order",
        "stands at another change",
    ),
    ("UPDATE member SET read_seq = 99 WHERE user_id = 2", "marks", "beyond the newest message"),
    ("UPDATE member SET unread_from = 99 WHERE user_id = 2", "marks", "beyond the newest message"),
    ("UPDATE member SET join_rev = 99 WHERE user_id = 2", "marks", "after the newest change"),
    ("UPDATE conversation SET info_rev = 99", "marks", "a mark of a conversation"),
    ("DELETE FROM mention", "mentions", "has no mention"),
    ("UPDATE message SET mentions = NULL", "mentions", "does not call"),
    ("DELETE FROM reaction WHERE user_id = 2", "reactions", "not those of its counts"),
    ("UPDATE message SET reactions = NULL", "reactions", "not those of its counts"),
    ("DROP INDEX message_client", "schema", "missing"),
    ("DROP INDEX message_client; UPDATE message SET client_id = x'01'", "unique", "stands twice"),
    ("DROP INDEX message_seq; UPDATE message SET seq = 9 WHERE seq = 8", "unique", "one number"),
    ("CREATE TABLE recipe(name TEXT)", "schema", "not ours"),
    ("UPDATE member SET standing = 9 WHERE user_id = 2", "rows", "not a known code"),
    ("UPDATE conversation SET settings = '{}' WHERE kind = 1", "rows", "makes no sense"),
    ("UPDATE conv_event SET body = 'x'", "rows", "expected value"),
    ("UPDATE message SET mentions = '[' WHERE seq = 21", "rows", ""),
];

#[tokio::test]
async fn each_kind_of_damage_is_found_and_named() {
    let whole = Folder::new();
    lived_in(&whole).await;
    for (sql, check, words) in DAMAGE {
        let damaged = Folder::new();
        fs::copy(whole.database(), damaged.database()).unwrap();
        let database = Connection::open(damaged.database()).unwrap();
        database.execute_batch(sql).unwrap();
        database.close().map_err(|(_, error)| error).unwrap();
        let found = findings(damaged.path());
        let is_named = |one: &Finding| one.check == *check && one.words.contains(words);
        assert!(found.iter().any(is_named), "{sql}: {check}: {words}: {found:#?}");
        assert!(found.iter().all(|one| one.n > 0 && !one.examples.is_empty()), "{found:#?}");
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_found() {
    let whole = Folder::new();
    lived_in(&whole).await;
    let n_pages = fs::metadata(whole.database()).unwrap().len() / 4_096;
    for page in 1..n_pages {
        let damaged = Folder::new();
        fs::copy(whole.database(), damaged.database()).unwrap();
        let file = fs::File::options().write(true).open(damaged.database()).unwrap();
        file.write_all_at(&[0xa5; 4_096], page * 4_096).unwrap();
        match verify(damaged.path()) {
            Err(OpenError::Damaged(_)) => {}
            Err(other) => panic!("page {page}: {other}"),
            Ok(report) => assert!(report.is_file_damaged(), "page {page}: {report:#?}"),
        }
    }
}
