-- What alignd's decisions come to. Made and brought forward by alignd itself; to
-- look at it: .schema, or \d. Days are counted from 1970-01-01 UTC, times in ms.

-- schema: the version of these tables
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- a line id is SOURCE-SEQ: a host and the start of its daemon, a number
CREATE TABLE sources (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE
);

-- how far each journal file has been loaded
CREATE TABLE files (
	name TEXT PRIMARY KEY,
	octets INTEGER NOT NULL,
	lines INTEGER NOT NULL,
	refused INTEGER NOT NULL
) WITHOUT ROWID;

-- What repeats, kept once. hash: of the text, SHA-256 cut to 16 octets.
-- needed_day: no message of a later day has it, so it may go when that day is
-- not kept any more. authors: ' a.example b.example '. facts.text is deflated.
CREATE TABLE facts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	needed_day INTEGER NOT NULL,
	authors TEXT NOT NULL,
	text BLOB NOT NULL
);
CREATE INDEX facts_by_day ON facts (needed_day);
CREATE TABLE clients (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	needed_day INTEGER NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX clients_by_day ON clients (needed_day);
CREATE TABLE recipients (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	needed_day INTEGER NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX recipients_by_day ON recipients (needed_day);
CREATE TABLE verdicts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	needed_day INTEGER NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX verdicts_by_day ON verdicts (needed_day);

-- draws: 100 * sample + enforce
CREATE TABLE messages (
	source INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	when_ms INTEGER NOT NULL,
	facts INTEGER NOT NULL,
	client INTEGER NOT NULL,
	recipients INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	draws INTEGER NOT NULL,
	PRIMARY KEY (source, seq)
) WITHOUT ROWID;
CREATE INDEX messages_by_time ON messages (when_ms);

-- equal messages of a day
CREATE TABLE tallies (
	day INTEGER NOT NULL,
	facts INTEGER NOT NULL,
	client INTEGER NOT NULL,
	recipients INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (day, facts, client, recipients, verdict)
) WITHOUT ROWID;

-- Outlives the rows above. hash: of all columns from author to exempt. Words are
-- those of the journal; '' where there is none.
CREATE TABLE sums (
	day INTEGER NOT NULL,
	hash BLOB NOT NULL,
	author TEXT NOT NULL,
	org TEXT NOT NULL,
	network TEXT NOT NULL,
	result TEXT NOT NULL,
	spf TEXT NOT NULL,
	asked TEXT NOT NULL,
	chosen TEXT NOT NULL,
	done TEXT NOT NULL,
	why TEXT NOT NULL,
	rule TEXT NOT NULL,
	enforcement TEXT NOT NULL,
	method TEXT NOT NULL,
	dkim_pass INTEGER NOT NULL,
	spf_aligned INTEGER NOT NULL,
	dkim_aligned INTEGER NOT NULL,
	guarded INTEGER NOT NULL,
	dry_run INTEGER NOT NULL,
	exempt INTEGER NOT NULL,
	n INTEGER NOT NULL,
	waited_ms INTEGER NOT NULL,
	lookups INTEGER NOT NULL,
	PRIMARY KEY (day, hash)
) WITHOUT ROWID;
