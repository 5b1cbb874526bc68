//! Promises of accounts.

use std::sync::Arc;

use voodoo_proto::RefusalCode;
use voodoo_proto::object::{Kind, Role, ServerRole, SettingsChange};

use super::reading::code;
use super::stage::{NOW_MS, Stage, device, person};
use crate::apply::{Profile, Write};
use crate::error::StoreError;
use crate::store::{Claim, NewAccount, NewInvite, NewUser, OneTime, Opened};
use crate::testkit::Engine;

const LATER_MS: u64 = NOW_MS + 3_600_000;

fn claim(secret: u8, handle: &str) -> Claim {
    Claim {
        secret: [secret; 32],
        user: person(handle),
        device: device(1, LATER_MS),
        server_name: Some("Home".to_owned()),
    }
}

/// Once for ever, with the secret only, and what fails leaves no account.
pub async fn a_server_is_claimed_once(engine: Arc<dyn Engine>) {
    assert!(!engine.about().await.expect("about").1);
    let gone = Some(RefusalCode::Gone);
    assert_eq!(code(engine.claim(claim(7, "ann"), NOW_MS).await), gone);
    engine.put_one_time(OneTime::SetUp, [7; 32], None, LATER_MS).await.expect("it is kept");
    assert_eq!(code(engine.claim(claim(8, "ann"), NOW_MS).await), gone);
    assert_eq!(code(engine.claim(claim(7, "ann"), LATER_MS).await), gone);
    let opened = engine.claim(claim(7, "ann"), NOW_MS).await.expect("it is claimed");
    let owner = engine.authenticate([1; 32], NOW_MS).await.expect("a look").expect("a device");
    assert_eq!((owner.user, owner.role), (opened.user, ServerRole::Admin));
    assert_eq!(engine.about().await.expect("about"), ("Home".to_owned(), true));
    assert_eq!(code(engine.claim(claim(7, "bob"), NOW_MS).await), gone);
    let again = engine.put_one_time(OneTime::SetUp, [9; 32], None, LATER_MS).await;
    assert_eq!(code(again), gone);
    assert_eq!(engine.accounts(None, 10).await.expect("accounts").len(), 1);
}

/// Members before it leave the server unclaimed; what fails leaves the link good.
pub async fn the_first_admin_that_the_operator_makes_is_the_owner(engine: Arc<dyn Engine>) {
    engine.put_one_time(OneTime::SetUp, [7; 32], None, LATER_MS).await.expect("it is kept");
    let add = async |handle: &str, role, device| {
        let new = NewAccount { user: person(handle), role, device };
        engine.add_account(new, NOW_MS).await
    };
    let ann = add("ann", ServerRole::Member, None).await.expect("a member");
    let taken = add("ann", ServerRole::Admin, None).await;
    assert_eq!(code(taken), Some(RefusalCode::Conflict));
    assert!(!engine.about().await.expect("about").1);
    let bob = add("bob", ServerRole::Admin, Some(device(1, LATER_MS))).await.expect("an admin");
    assert!(engine.about().await.expect("about").1);
    let gone = Some(RefusalCode::Gone);
    assert_eq!(code(engine.claim(claim(7, "eve"), NOW_MS).await), gone);
    let again = engine.put_one_time(OneTime::SetUp, [9; 32], None, LATER_MS).await;
    assert_eq!(code(again), gone);
    let opened = engine.authenticate([1; 32], NOW_MS).await.expect("a look").expect("a device");
    assert_eq!((opened.user, opened.role), (bob.user, ServerRole::Admin));
    assert_eq!((ann.device, bob.device), (None, Some(opened.device)));
    let account = engine.account("ann").await.expect("a look").expect("an account");
    assert_eq!((account.user.user, account.is_disabled), (ann.user, false));
    assert_eq!(account.user.role, Some(ServerRole::Member));
    assert_eq!(engine.account("an").await.expect("a look"), None);
}

/// And for what it was made for, and in its time.
pub async fn a_secret_works_once(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let engine = &stage.engine;
    engine.put_one_time(OneTime::Reset, [5; 32], Some(ann), LATER_MS).await.expect("it is kept");
    let gone = Some(RefusalCode::Gone);
    assert_eq!(code(engine.take_one_time(OneTime::SetUp, [5; 32], NOW_MS).await), gone);
    assert_eq!(code(engine.take_one_time(OneTime::Reset, [5; 32], LATER_MS).await), gone);
    let takes = (0..4).map(|_| engine.take_one_time(OneTime::Reset, [5; 32], NOW_MS));
    let taken = futures_util::future::join_all(takes).await;
    let users: Vec<_> = taken.into_iter().filter_map(Result::ok).collect();
    assert_eq!(users, [Some(ann)]);
}

/// Of the same user and for the same end.
pub async fn a_newer_secret_replaces_the_older(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let engine = &stage.engine;
    for (byte, kind, user) in
        [(1, OneTime::Reset, ann), (2, OneTime::Reset, bob), (3, OneTime::Reset, ann)]
    {
        engine.put_one_time(kind, [byte; 32], Some(user), LATER_MS).await.expect("it is kept");
    }
    let old = engine.take_one_time(OneTime::Reset, [1; 32], NOW_MS).await;
    assert_eq!(code(old), Some(RefusalCode::Gone));
    for (byte, kind, user) in [(2, OneTime::Reset, bob), (3, OneTime::Reset, ann)] {
        let taken = engine.take_one_time(kind, [byte; 32], NOW_MS).await.expect("it is good");
        assert_eq!(taken, Some(user));
    }
}

async fn owner(stage: &Stage) -> voodoo_proto::UserId {
    let put = stage.engine.put_one_time(OneTime::SetUp, [7; 32], None, LATER_MS).await;
    put.expect("it is kept");
    stage.engine.claim(claim(7, "ann"), NOW_MS).await.expect("it is claimed").user
}

fn invite(byte: u8, by: voodoo_proto::UserId) -> NewInvite {
    NewInvite { code: [byte; 32], by, conversation: None, uses: Some(1), expires_ms: LATER_MS }
}

/// Neither by a handle that looks like one that is taken, nor by the name of an admin; what is
/// refused changes nothing. Admins, and whoever has the name already, are not held up.
pub async fn nobody_looks_like_somebody_else(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    owner(&stage).await;
    let engine = &stage.engine;
    let add = async |handle: &str, name: &str, role| {
        let user = NewUser { name: name.to_owned(), ..person(handle) };
        engine.add_account(NewAccount { user, role, device: None }, NOW_MS).await
    };
    let tom = add("tom", "Tom", ServerRole::Member).await.expect("a member").user;
    let refused = |field| Some((RefusalCode::Conflict, Some(field)));
    let why = |result: crate::store::Result<_>| match result {
        Err(StoreError::Refused(refusal)) => Some((refusal.code, refusal.field)),
        _ => None,
    };
    for handle in ["tom", "torn", "t0m", "t0rn"] {
        let tried = add(handle, "Somebody", ServerRole::Admin).await.map(drop);
        assert_eq!(why(tried), refused("handle"), "{handle}");
    }
    for name in ["Ann", "ANN", " a n n", "\u{410}nn", "@ann"] {
        let tried = add("eve", name, ServerRole::Member).await.map(drop);
        assert_eq!(why(tried), refused("name"), "{name}");
        let rename = Profile { by: tom, name: name.to_owned() };
        let renamed = stage.write(Write::Profile(rename)).await;
        let refusal = renamed.expect_err(name);
        assert_eq!((refusal.code, refusal.field), (RefusalCode::Conflict, Some("name")), "{name}");
    }
    add("tim", "Tom", ServerRole::Member).await.expect("people may have the same name");
    add("anna", "Ann", ServerRole::Admin).await.expect("an admin may have that of another");
    let rename = Profile { by: tom, name: "Tom Ann".to_owned() };
    stage.write(Write::Profile(rename)).await.expect("another name");
}

/// A handle that is taken does not use it up; nobody gets in by it twice.
pub async fn an_invite_lets_in_as_often_as_it_says(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = owner(&stage).await;
    let engine = &stage.engine;
    engine.create_invite(invite(3, ann), NOW_MS).await.expect("an invite");
    let target = engine.look_invite([3; 32], NOW_MS).await.expect("it is good");
    assert_eq!((target.inviter.handle.as_str(), target.conversation), ("ann", None));
    let sign_up = async |handle, now_ms| {
        code(engine.sign_up(Some([3; 32]), person(handle), None, now_ms).await)
    };
    assert_eq!(sign_up("ann", NOW_MS).await, Some(RefusalCode::Conflict));
    assert_eq!(sign_up("bob", LATER_MS).await, Some(RefusalCode::Gone));
    assert_eq!(sign_up("bob", NOW_MS).await, None);
    assert_eq!(sign_up("cem", NOW_MS).await, Some(RefusalCode::Gone));
    assert_eq!(code(engine.look_invite([3; 32], NOW_MS).await), Some(RefusalCode::Gone));
    let handles: Vec<_> = engine
        .accounts(None, 10)
        .await
        .expect("accounts")
        .into_iter()
        .map(|one| one.user.handle)
        .collect();
    assert_eq!(handles, ["ann", "bob"]);
    assert_eq!(engine.accounts(Some("ann"), 10).await.expect("accounts").len(), 1);
}

/// In the transaction that makes the account.
pub async fn an_invite_into_a_conversation_makes_a_member(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = owner(&stage).await;
    let group = stage.group(ann, &[]).await;
    let engine = &stage.engine;
    let target = Some((group, Role::Member));
    let into = NewInvite { conversation: target, uses: None, ..invite(3, ann) };
    engine.create_invite(into, NOW_MS).await.expect("an invite");
    let signed = engine.sign_up(Some([3; 32]), person("bob"), Some(device(9, LATER_MS)), NOW_MS);
    let signed = signed.await.expect("bob is let in");
    assert!(signed.device.is_some() && !signed.effects.is_empty());
    let objects = engine.conversations(signed.user, &[group]).await.expect("objects");
    assert_eq!((objects[0].members, objects[0].role), (2, Role::Member));
    assert_eq!(stage.send(group, signed.user, "hello").await.seq, 1);
}

/// And not above their own rank; a stranger does not learn that there is a conversation.
pub async fn only_those_who_lead_invite(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = owner(&stage).await;
    let (bob, eve) = (stage.user("bob").await, stage.user("eve").await);
    let group = stage.group(ann, &[bob]).await;
    let direct = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    let engine = &stage.engine;
    let make = async |by, conversation| {
        let new = NewInvite { conversation, ..invite(4, by) };
        code(engine.create_invite(new, NOW_MS).await)
    };
    assert_eq!(make(bob, None).await, Some(RefusalCode::Forbidden));
    assert_eq!(make(bob, Some((group, Role::Member))).await, Some(RefusalCode::Forbidden));
    assert_eq!(make(eve, Some((group, Role::Member))).await, Some(RefusalCode::NotFound));
    assert_eq!(make(ann, Some((direct, Role::Member))).await, Some(RefusalCode::Forbidden));
    let made = engine.create_invite(invite(5, ann), NOW_MS).await.expect("an invite");
    assert_eq!(code(engine.revoke_invite(bob, made).await), Some(RefusalCode::NotFound));
    engine.revoke_invite(ann, made).await.expect("it is ended");
    assert_eq!(code(engine.look_invite([5; 32], NOW_MS).await), Some(RefusalCode::Gone));
    assert_eq!(code(engine.revoke_invite(ann, made).await), Some(RefusalCode::NotFound));
}

/// By being closed or by time; nobody closes another's.
pub async fn a_token_opens_until_its_device_ends(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let engine = &stage.engine;
    let opened = engine.open_device(ann, device(1, NOW_MS + 10), NOW_MS).await.expect("a device");
    let is_open =
        async |now_ms| engine.authenticate([1; 32], now_ms).await.expect("a look").is_some();
    assert!(is_open(NOW_MS).await && !is_open(NOW_MS + 10).await);
    let touched = vec![(opened.device, NOW_MS + 5, LATER_MS)];
    engine.touch_devices(touched).await.expect("it is noted");
    assert!(is_open(NOW_MS + 10).await);
    let devices = engine.devices(ann, NOW_MS).await.expect("devices");
    assert_eq!((devices.len(), devices[0].seen_ms, devices[0].current), (1, NOW_MS + 5, false));
    let others = engine.close_device(bob, opened.device, NOW_MS).await;
    assert_eq!(code(others), Some(RefusalCode::NotFound));
    assert!(is_open(NOW_MS).await);
    let hears = async |user, now_ms| {
        let who = Opened { user, ..opened };
        engine.subscriptions(who, now_ms).await.expect("a look").is_some()
    };
    assert!(hears(ann, NOW_MS).await && !hears(bob, NOW_MS).await && !hears(ann, LATER_MS).await);
    engine.close_device(ann, opened.device, NOW_MS).await.expect("it is closed");
    assert!(!is_open(NOW_MS).await && !hears(ann, NOW_MS).await);
    assert!(engine.authenticate([2; 32], NOW_MS).await.expect("a look").is_none());
}

/// As the device that it was made for, in its time, side by side with others.
pub async fn a_ticket_opens_once(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let engine = &stage.engine;
    let opened = engine.open_device(ann, device(1, LATER_MS), NOW_MS).await.expect("a device");
    let end_ms = NOW_MS + 30_000;
    for byte in [5, 6] {
        engine.put_ticket([byte; 32], opened.device, NOW_MS, end_ms).await.expect("it is kept");
    }
    assert_eq!(engine.take_ticket([9; 32], NOW_MS).await.expect("a look"), None);
    assert_eq!(engine.authenticate([5; 32], NOW_MS).await.expect("a look"), None);
    let by_token = engine.authenticate([1; 32], NOW_MS).await.expect("a look");
    let takes = (0..4).map(|_| engine.take_ticket([5; 32], NOW_MS));
    let taken = futures_util::future::join_all(takes).await;
    let proofs: Vec<_> = taken.into_iter().filter_map(|one| one.expect("a look")).collect();
    assert_eq!(proofs, Vec::from_iter(by_token));
    assert_eq!(engine.take_ticket([6; 32], end_ms).await.expect("a look"), None);
    assert_eq!(engine.take_ticket([6; 32], NOW_MS).await.expect("a look"), None, "it is used up");
}

/// Nor does it outlive the account's being open.
pub async fn a_ticket_ends_with_its_device(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let engine = &stage.engine;
    let end_ms = NOW_MS + 30_000;
    let open = async |byte: u8, user, expires_ms| {
        let new = device(byte, expires_ms);
        let opened = engine.open_device(user, new, NOW_MS).await.expect("a device");
        let kept = engine.put_ticket([byte; 32], opened.device, NOW_MS, end_ms).await;
        kept.expect("it is kept");
        opened.device
    };
    let closed = open(1, ann, LATER_MS).await;
    open(2, ann, NOW_MS + 10).await;
    open(3, bob, LATER_MS).await;
    engine.close_device(ann, closed, NOW_MS).await.expect("it is closed");
    engine.set_disabled(bob, true, NOW_MS).await.expect("it is shut");
    for byte in [1, 2, 3] {
        assert_eq!(engine.take_ticket([byte; 32], NOW_MS + 10).await.expect("a look"), None);
    }
    let late = engine.put_ticket([4; 32], closed, NOW_MS, end_ms).await;
    assert_eq!(code(late), Some(RefusalCode::Unauthenticated));
}

/// But the one that is kept, and the link for a reset.
pub async fn a_new_password_ends_the_other_devices(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let ann = stage.user("ann").await;
    let engine = &stage.engine;
    let kept = engine.open_device(ann, device(1, LATER_MS), NOW_MS).await.expect("a device").device;
    let ended =
        engine.open_device(ann, device(2, LATER_MS), NOW_MS).await.expect("a device").device;
    engine.put_one_time(OneTime::Reset, [8; 32], Some(ann), LATER_MS).await.expect("it is kept");
    let closed = engine.set_password(ann, "new".to_owned(), Some(kept), NOW_MS).await;
    assert_eq!(closed.expect("it is set"), [ended]);
    assert!(engine.authenticate([1; 32], NOW_MS).await.expect("a look").is_some());
    assert!(engine.authenticate([2; 32], NOW_MS).await.expect("a look").is_none());
    let credential = engine.credential("ann").await.expect("a look").expect("a password");
    assert_eq!((credential.user, credential.password.as_str()), (ann, "new"));
    let reset = engine.take_one_time(OneTime::Reset, [8; 32], NOW_MS).await;
    assert_eq!(code(reset), Some(RefusalCode::Gone));
}

/// Its devices end, it opens none, and nobody writes to it.
pub async fn a_shut_account_opens_nothing(engine: Arc<dyn Engine>) {
    let stage = Stage::new(engine);
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let direct = stage.create(ann, Kind::Direct, &[bob], SettingsChange::default()).await;
    stage.send(direct, ann, "hello").await;
    let engine = &stage.engine;
    let opened = engine.open_device(bob, device(1, LATER_MS), NOW_MS).await.expect("a device");
    let closed = engine.set_disabled(bob, true, NOW_MS).await.expect("it is shut");
    assert_eq!(closed, [opened.device]);
    assert!(engine.authenticate([1; 32], NOW_MS).await.expect("a look").is_none());
    let refused = engine.open_device(bob, device(2, LATER_MS), NOW_MS).await;
    assert_eq!(code(refused), Some(RefusalCode::Unauthenticated));
    assert!(engine.credential("bob").await.expect("a look").expect("a password").is_disabled);
    let write = Write::Send(stage.message(direct, ann, "are you there?"));
    assert_eq!(stage.write(write).await.map_err(|no| no.code).err(), Some(RefusalCode::ReadOnly));
    engine.set_disabled(bob, false, NOW_MS).await.expect("it is opened");
    engine.open_device(bob, device(3, LATER_MS), NOW_MS).await.expect("a device");
}
