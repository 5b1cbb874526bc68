//! Whether rows that name each other are there, and whether counters count what is there.

use rusqlite::Connection;

use super::super::OpenError;
use super::{Findings, place};

/// A question whose answers are the places where something is wrong: conversation, user, number.
struct Question {
    check: &'static str,
    words: &'static str,
    sql: &'static str,
}

/// One kind of row that names another which has to be there.
macro_rules! orphans {
    ($($words:literal: $columns:literal from $table:literal where $condition:literal,)*) => {
        [$(Question {
            check: "orphans",
            words: $words,
            sql: concat!("SELECT ", $columns, " FROM ", $table, " t WHERE ", $condition),
        },)*]
    };
}

const ORPHANS: &[Question] = &orphans!(
    "a log-in of a user who is not there": "NULL, user_id, NULL" from "device"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.user_id)",
    "a conversation made by a user who is not there": "conv_id, creator_id, NULL" from "conversation"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.creator_id)",
    "a direct conversation of a user who is not there": "conv_id, low_id, NULL" from "conversation"
        where "low_id IS NOT NULL AND
            (SELECT COUNT(*) FROM user_account u WHERE u.user_id IN (t.low_id, t.high_id))
            <> 1 + (t.low_id <> t.high_id)",
    "a membership in a conversation that is not there": "conv_id, user_id, NULL" from "member"
        where "NOT EXISTS(SELECT 1 FROM conversation c WHERE c.conv_id = t.conv_id)",
    "a membership of a user who is not there": "conv_id, user_id, NULL" from "member"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.user_id)",
    "a message in a conversation that is not there": "conv_id, NULL, seq" from "message"
        where "NOT EXISTS(SELECT 1 FROM conversation c WHERE c.conv_id = t.conv_id)",
    "a message by a user who is not there": "conv_id, sender_id, seq" from "message"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.sender_id)",
    "an event in a conversation that is not there": "conv_id, NULL, rev" from "conv_event"
        where "NOT EXISTS(SELECT 1 FROM conversation c WHERE c.conv_id = t.conv_id)",
    "a change of a message that is not there": "conv_id, NULL, seq" from "touched"
        where "NOT EXISTS(SELECT 1 FROM message m WHERE m.conv_id = t.conv_id AND m.seq = t.seq)",
    "a mention in a message that is not there": "conv_id, user_id, seq" from "mention"
        where "NOT EXISTS(SELECT 1 FROM message m WHERE m.conv_id = t.conv_id AND m.seq = t.seq)",
    "a mention of a user who is not there": "conv_id, user_id, seq" from "mention"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.user_id)",
    "a reaction to a message that is not there": "conv_id, user_id, seq" from "reaction"
        where "NOT EXISTS(SELECT 1 FROM message m WHERE m.conv_id = t.conv_id AND m.seq = t.seq)",
    "a reaction of a user who is not there": "conv_id, user_id, seq" from "reaction"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.user_id)",
    "an invite by a user who is not there": "conv_id, by_id, NULL" from "invite"
        where "NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.by_id)",
    "an invite into a conversation that is not there": "conv_id, by_id, NULL" from "invite"
        where "conv_id IS NOT NULL
            AND NOT EXISTS(SELECT 1 FROM conversation c WHERE c.conv_id = t.conv_id)",
    "a link for a user who is not there": "NULL, user_id, NULL" from "one_time"
        where "user_id IS NOT NULL
            AND NOT EXISTS(SELECT 1 FROM user_account u WHERE u.user_id = t.user_id)",
    "a block of or by a user who is not there": "NULL, user_id, NULL" from "block"
        where "(SELECT COUNT(*) FROM user_account u WHERE u.user_id IN (t.user_id, t.blocked_id)) <> 2",
);

/// A membership that counts has `standing >= 2`; an owner has role 2; a direct conversation is of
/// kind 0. What was destroyed is removed bit by bit and counts nothing.
const COUNTERS: &[Question] = &[
    Question {
        check: "counters",
        words: "n_members is not how many members there are",
        sql: "SELECT conv_id, NULL, NULL FROM conversation c
            WHERE destroyed_ms IS NULL AND kind <> 0 AND n_members <>
              (SELECT COUNT(*) FROM member m WHERE m.conv_id = c.conv_id AND m.standing >= 2)",
    },
    Question {
        check: "counters",
        words: "a direct conversation has not the memberships of its two users",
        sql: "SELECT conv_id, NULL, NULL FROM conversation c
            WHERE destroyed_ms IS NULL AND kind = 0 AND n_members <>
              (SELECT COUNT(*) FROM member m
                WHERE m.conv_id = c.conv_id AND m.user_id IN (c.low_id, c.high_id))",
    },
    Question {
        check: "counters",
        words: "n_owners is not how many owners there are",
        sql: "SELECT conv_id, NULL, NULL FROM conversation c
            WHERE destroyed_ms IS NULL AND n_owners <>
              (SELECT COUNT(*) FROM member m
                WHERE m.conv_id = c.conv_id AND m.standing >= 2 AND m.role = 2)",
    },
    Question {
        check: "counters",
        words: "n_conversations is less than the conversations of the user",
        sql: "SELECT NULL, user_id, NULL FROM user_account u
            WHERE n_conversations <
              (SELECT COUNT(*) FROM member m JOIN conversation c USING(conv_id)
                WHERE m.user_id = u.user_id AND m.standing >= 2 AND c.destroyed_ms IS NULL)",
    },
    Question {
        check: "counters",
        words: "user_rev is below that of a membership",
        sql: "SELECT m.conv_id, m.user_id, NULL FROM member m JOIN user_account u USING(user_id)
            WHERE m.user_rev > u.user_rev",
    },
    Question {
        check: "counters",
        words: "a user_rev was given twice",
        sql: "SELECT MIN(conv_id), user_id, NULL FROM member WHERE user_rev > 0
            GROUP BY user_id, user_rev HAVING COUNT(*) > 1",
    },
    Question {
        check: "counters",
        words: "a conversation was given a number that is not used up",
        sql: "SELECT MAX(conv_id), NULL, NULL FROM conversation
            HAVING MAX(conv_id) > (SELECT seq FROM sqlite_sequence WHERE name = 'conversation')",
    },
];

const MARKS: &[Question] = &[
    Question {
        check: "marks",
        words: "a mark of a member is beyond the newest message",
        sql: "SELECT conv_id, user_id, read_seq FROM member m JOIN conversation c USING(conv_id)
            WHERE m.read_seq > c.last_seq OR m.unread_from > c.last_seq
              OR m.from_seq > c.last_seq + 1",
    },
    Question {
        check: "marks",
        words: "a member came after the newest change",
        sql: "SELECT conv_id, user_id, NULL FROM member m JOIN conversation c USING(conv_id)
            WHERE m.join_rev > c.last_rev",
    },
    Question {
        check: "marks",
        words: "a mark of a conversation is beyond its newest message or change",
        sql: "SELECT conv_id, NULL, NULL FROM conversation
            WHERE floor_seq > last_seq OR all_mention_seq > last_seq OR floor_rev > last_rev
              OR info_rev > last_rev",
    },
];

/// Unique keys, asked for without their indexes, which may be what is damaged.
const UNIQUE: &[Question] = &[
    Question {
        check: "unique",
        words: "a message stands twice under the name that its sender gave it",
        sql: "SELECT conv_id, sender_id, MIN(seq) FROM message NOT INDEXED
            GROUP BY conv_id, sender_id, client_id HAVING COUNT(*) > 1",
    },
    Question {
        check: "unique",
        words: "two messages have one number",
        sql: "SELECT conv_id, NULL, seq FROM message NOT INDEXED
            GROUP BY conv_id, seq HAVING COUNT(*) > 1",
    },
    Question {
        check: "unique",
        words: "two accounts have one handle",
        sql: "SELECT NULL, MIN(user_id), NULL FROM user_account NOT INDEXED
            GROUP BY handle HAVING COUNT(*) > 1",
    },
];

/// Counts that stand in the message, compared with the rows of single reactions.
const REACTIONS: &[Question] = &[Question {
    check: "reactions",
    words: "the reactions of a message are not those of its counts",
    sql: "WITH
          counted(conv_id, seq, emoji, n) AS (
            SELECT conv_id, seq, j.value ->> 'emoji', j.value ->> 'count'
              FROM message, json_each(message.reactions) j WHERE message.reactions IS NOT NULL),
          single(conv_id, seq, emoji, n) AS (
            SELECT conv_id, seq, emoji, COUNT(*) FROM reaction GROUP BY conv_id, seq, emoji)
        SELECT conv_id, NULL, seq FROM (SELECT * FROM counted EXCEPT SELECT * FROM single)
        UNION SELECT conv_id, NULL, seq FROM (SELECT * FROM single EXCEPT SELECT * FROM counted)",
}];

pub(super) fn check(db: &Connection, findings: &mut Findings) -> Result<(), OpenError> {
    for question in [ORPHANS, COUNTERS, MARKS, REACTIONS].into_iter().flatten() {
        findings.attempt(|findings| ask(db, question, findings))?;
    }
    Ok(())
}

/// What an index that is missing would have kept apart.
pub(super) fn check_unique(db: &Connection, findings: &mut Findings) -> Result<(), OpenError> {
    for question in UNIQUE {
        findings.attempt(|findings| ask(db, question, findings))?;
    }
    Ok(())
}

fn ask(db: &Connection, question: &Question, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut statement = db.prepare(question.sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place = place(row.get(0)?, row.get(1)?, row.get(2)?);
        findings.note(question.check, question.words, place);
    }
    Ok(())
}
