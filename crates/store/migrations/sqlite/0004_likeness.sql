-- Handles that look alike, by the words of `voodoo_core::likeness::LOOK_SQL`, and who is an admin.
CREATE INDEX user_look ON user_account(replace(replace(replace(handle, '0', 'o'), '1', 'l'), 'm', 'rn'));
CREATE INDEX user_admin ON user_account(role) WHERE role = 1;
