//! Requests about who is in a conversation, how far they have read, and how others get in.

use voodoo_proto::reply::{Done as Nothing, Invite};
use voodoo_proto::request;

use super::Done;
use super::requests::Asker;
use crate::account;
use crate::census::{ListPage, MemberPage};
use crate::error::Refusal;
use crate::rates::Bucket;
use crate::store::NewInvite;

/// Posts whose counters one request asks for, at most.
const MAX_POSTS: usize = 50;
/// Bytes of a query, at most.
const MAX_QUERY_BYTES: usize = 128;
/// How long an invite is good if its maker does not say.
const INVITE_TTL_S: u64 = 7 * 86_400;
/// How long an invite is good, at most.
const MAX_INVITE_TTL_S: u64 = 366 * 86_400;

impl Asker {
    pub(super) async fn members(self, members: request::Members) -> Done {
        let page = self.listing(members.query, members.limit).map(|(query, limit)| MemberPage {
            query,
            after: members.after,
            limit,
        });
        let found = match page {
            Ok(page) => {
                let (user, store) = (self.handle.user, &self.core.store);
                self.timed(store.members(user, members.conversation, page)).await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(Some(members.conversation), found)
    }

    pub(super) async fn list(self, list: request::List) -> Done {
        let page = self.listing(list.query, list.limit).and_then(|(query, limit)| {
            if list.public == Some(false) {
                return Err(Refusal::field("public", "other lists are reserved"));
            }
            Ok(ListPage { query, after: list.after, limit })
        });
        let found = match page {
            Ok(page) => self.timed(self.core.store.open_conversations(page)).await,
            Err(refusal) => Err(refusal),
        };
        self.answer(None, found)
    }

    /// What the requests that list have in common.
    fn listing(
        &self,
        query: Option<String>,
        limit: Option<u32>,
    ) -> Result<(Option<String>, usize), Refusal> {
        self.rate(Bucket::History)?;
        let query = query.map(|query| query.trim().to_owned()).filter(|query| !query.is_empty());
        if query.as_ref().is_some_and(|query| query.len() > MAX_QUERY_BYTES) {
            return Err(Refusal::field("query", format!("at most {MAX_QUERY_BYTES} bytes")));
        }
        Ok((query, self.page_size(limit)?.n_messages))
    }

    pub(super) async fn receipts(self, receipts: request::Receipts) -> Done {
        let lane = Some(receipts.conversation);
        let found = match self.rate(Bucket::History) {
            Ok(()) => {
                let (user, store) = (self.handle.user, &self.core.store);
                self.timed(store.receipts(user, receipts.conversation, receipts.seq)).await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(lane, found)
    }

    pub(super) async fn counts(self, counts: request::Counts) -> Done {
        let lane = Some(counts.conversation);
        let allowed = self.rate(Bucket::History).and_then(|()| match counts.seqs.len() {
            1..=MAX_POSTS => Ok(()),
            _ => Err(Refusal::field("seqs", format!("1 to {MAX_POSTS} posts"))),
        });
        let found = match allowed {
            Ok(()) => {
                let (user, store) = (self.handle.user, &self.core.store);
                self.timed(store.counts(user, counts.conversation, &counts.seqs)).await
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(lane, found)
    }

    pub(super) async fn invite_create(self, wanted: request::InviteCreate) -> Done {
        let made = match self.new_invite(&wanted) {
            Ok((invite, code)) => {
                let now_ms = self.core.clock.now_ms();
                let invite = self.timed(self.core.accounts.create_invite(invite, now_ms)).await;
                invite.map(|invite| Invite { invite, url: self.core.join_url(&code), code })
            }
            Err(refusal) => Err(refusal),
        };
        self.answer(None, made)
    }

    fn new_invite(&self, wanted: &request::InviteCreate) -> Result<(NewInvite, String), Refusal> {
        use voodoo_proto::object::Role;
        self.rate(Bucket::Create)?;
        let ttl_s = wanted.ttl_s.unwrap_or(INVITE_TTL_S);
        if !(1..=MAX_INVITE_TTL_S).contains(&ttl_s) {
            return Err(Refusal::field("ttl_s", format!("1 to {MAX_INVITE_TTL_S}")));
        }
        if wanted.uses == Some(0) {
            return Err(Refusal::field("uses", "at least 1"));
        }
        let code = account::new_secret();
        let invite = NewInvite {
            code: account::secret_hash(&code),
            by: self.handle.user,
            conversation: Some((wanted.conversation, wanted.role.unwrap_or(Role::Member))),
            uses: wanted.uses,
            expires_ms: self.core.clock.now_ms().saturating_add(ttl_s.saturating_mul(1_000)),
        };
        Ok((invite, code))
    }

    pub(super) async fn invite_revoke(self, revoke: request::InviteRevoke) -> Done {
        let accounts = &self.core.accounts;
        let ended = match self.rate(Bucket::Create) {
            Ok(()) => self.timed(accounts.revoke_invite(self.handle.user, revoke.invite)).await,
            Err(refusal) => Err(refusal),
        };
        self.answer(None, ended.map(|()| Nothing {}))
    }
}
