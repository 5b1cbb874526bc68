-- The names of messages that retention removed, so that a late repeat is recognised.
CREATE TABLE sent_name(client_id BLOB NOT NULL, sender_id INTEGER NOT NULL, conv_id INTEGER NOT NULL,
  seq INTEGER NOT NULL, rev INTEGER NOT NULL, at_ms INTEGER NOT NULL, removed_ms INTEGER NOT NULL,
  PRIMARY KEY(client_id, sender_id, conv_id)) WITHOUT ROWID;
CREATE INDEX sent_name_age ON sent_name(removed_ms);
