-- Kinds, roles and states are small integers; their meaning stands in `codes.rs`.
CREATE TABLE meta(k TEXT PRIMARY KEY, v TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('epoch', lower(hex(randomblob(16)))), ('server_name', 'Voodoo'), ('claimed', '0');

CREATE TABLE user_account(
  user_id INTEGER PRIMARY KEY AUTOINCREMENT, handle TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  name_key TEXT NOT NULL /* folded, for finding */, avatar INTEGER,
  kind INTEGER NOT NULL, role INTEGER NOT NULL, is_disabled INTEGER NOT NULL DEFAULT 0,
  user_rev INTEGER NOT NULL DEFAULT 0, profile INTEGER NOT NULL DEFAULT 1,
  n_conversations INTEGER NOT NULL DEFAULT 0, password TEXT, created_ms INTEGER NOT NULL);

CREATE TABLE device(
  device_id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, token_hash BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL);
CREATE INDEX device_user ON device(user_id);

CREATE TABLE conversation(
  conv_id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, destroyed_ms INTEGER,
  title TEXT, description TEXT, avatar INTEGER, alias TEXT UNIQUE,
  creator_id INTEGER NOT NULL, client_id BLOB NOT NULL, low_id INTEGER, high_id INTEGER /* the pair of a direct one */,
  settings TEXT NOT NULL,
  last_seq INTEGER NOT NULL, last_rev INTEGER NOT NULL, info_rev INTEGER NOT NULL,
  last_ms INTEGER NOT NULL, change_ms INTEGER NOT NULL,
  floor_seq INTEGER NOT NULL, floor_rev INTEGER NOT NULL, all_mention_seq INTEGER NOT NULL,
  n_members INTEGER NOT NULL, n_owners INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  UNIQUE(creator_id, client_id), UNIQUE(low_id, high_id));

CREATE TABLE member(
  conv_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role INTEGER NOT NULL, standing INTEGER NOT NULL,
  read_seq INTEGER NOT NULL, mark_ms INTEGER NOT NULL, from_seq INTEGER NOT NULL, join_rev INTEGER NOT NULL,
  mute_until_ms INTEGER NOT NULL, is_pinned INTEGER NOT NULL, is_archived INTEGER NOT NULL,
  unread_from INTEGER, draft TEXT, user_rev INTEGER NOT NULL, joined_ms INTEGER NOT NULL,
  PRIMARY KEY(conv_id, user_id)) WITHOUT ROWID;
CREATE INDEX member_user ON member(user_id);

-- Append-mostly: rows in the order of arrival. The first index serves history; the second finds
-- repeats and stays hot because a client id is a UUIDv7.
CREATE TABLE message(
  message_id INTEGER PRIMARY KEY, conv_id INTEGER NOT NULL, seq INTEGER NOT NULL, rev INTEGER NOT NULL,
  mod_rev INTEGER NOT NULL, sender_id INTEGER NOT NULL, client_id BLOB NOT NULL, at_ms INTEGER NOT NULL,
  text TEXT /* absent once deleted */, reply_to INTEGER, flags INTEGER NOT NULL, mentions TEXT,
  edits INTEGER NOT NULL, reactions TEXT);
CREATE UNIQUE INDEX message_seq ON message(conv_id, seq);
CREATE UNIQUE INDEX message_client ON message(client_id, sender_id, conv_id);

-- One row for each change of a message after it was made.
CREATE TABLE touched(conv_id INTEGER NOT NULL, mod_rev INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(conv_id, mod_rev)) WITHOUT ROWID;
CREATE TABLE mention(user_id INTEGER NOT NULL, conv_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(user_id, conv_id, seq)) WITHOUT ROWID;
CREATE TABLE conv_event(conv_id INTEGER NOT NULL, rev INTEGER NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(conv_id, rev)) WITHOUT ROWID;
CREATE TABLE reaction(conv_id INTEGER NOT NULL, seq INTEGER NOT NULL, emoji TEXT NOT NULL, user_id INTEGER NOT NULL,
  PRIMARY KEY(conv_id, seq, emoji, user_id)) WITHOUT ROWID;

CREATE TABLE invite(
  invite_id INTEGER PRIMARY KEY AUTOINCREMENT, code_hash BLOB NOT NULL UNIQUE, by_id INTEGER NOT NULL,
  conv_id INTEGER, role INTEGER, uses_left INTEGER, expires_ms INTEGER NOT NULL);
CREATE TABLE one_time(secret_hash BLOB PRIMARY KEY, kind INTEGER NOT NULL, user_id INTEGER, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE block(user_id INTEGER NOT NULL, blocked_id INTEGER NOT NULL, PRIMARY KEY(user_id, blocked_id)) WITHOUT ROWID;
