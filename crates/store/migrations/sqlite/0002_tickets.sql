-- A ticket belongs to a device, and is good for nothing once that has ended.
DELETE FROM one_time WHERE kind = 2;
CREATE TABLE ticket(secret_hash BLOB PRIMARY KEY, device_id INTEGER NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX ticket_expiry ON ticket(expires_ms);
