-- Of the first line of the file that was loaded, 8 octets of SHA-256; 0: it is not known.
-- Another file of the same name, of another host for example, has another.
ALTER TABLE files ADD COLUMN first_line BIGINT NOT NULL DEFAULT 0;
