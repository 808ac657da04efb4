#include "store/store_schema.h"

#include <stdio.h>
#include <string.h>

struct task {
	struct db *db;
	const struct schema_step *steps;
	char *error;
	size_t size;
};

static int fail(const struct task *task, const char *text)
{
	snprintf(task->error, task->size, "%s", text);
	return -1;
}

static int fail_db(const struct task *task)
{
	return fail(task, db_error(task->db));
}

static unsigned newest(const struct task *task)
{
	unsigned version = 0;

	for (const struct schema_step *step = task->steps; step->version != 0; step++)
		version = step->version > version ? step->version : version;
	return version;
}

/* 0: there are no tables yet. */
static int read_version(const struct task *task, unsigned *version_r)
{
	struct db_statement *statement;
	uint64_t version = 0;
	int has = db_has_table(task->db, "meta");

	*version_r = 0;
	if (has < 0)
		return fail_db(task);
	if (has == 0)
		return 0;
	statement = db_prepare(task->db, "SELECT value FROM meta WHERE key = 'schema'");
	if (statement == NULL)
		return fail_db(task);
	has = db_step(statement);
	if (has == 1 && !slice_number(db_column_text(statement, 0), 1000000, &version))
		has = 0;
	db_finish(statement);
	if (has < 0)
		return fail_db(task);
	if (has == 0 || version == 0)
		return fail(task, "the database has a table \"meta\" that is not ours: give the "
			    "store a database of its own");
	*version_r = (unsigned)version;
	return 0;
}

static int refuse_newer(const struct task *task, unsigned version)
{
	snprintf(task->error, task->size, "the store has schema %u, this alignd knows up to %u: a newer "
		 "alignd has written there; upgrade this one, or name another database",
		 version, newest(task));
	return -1;
}

/* Another process may have been here first: looked at under the lock. */
static int step_forward(const struct task *task, const struct schema_step *step)
{
	char mark[160];
	unsigned version;

	snprintf(mark, sizeof(mark), "INSERT INTO meta (key, value) VALUES ('schema', '%u') "
		 "ON CONFLICT (key) DO UPDATE SET value = excluded.value", step->version);
	if (db_begin(task->db) != 0)
		return fail_db(task);
	if (read_version(task, &version) != 0) {
		db_rollback(task->db);
		return -1;
	}
	if (version < step->version &&
	    (db_run(task->db, step->sql) != 0 || db_run(task->db, mark) != 0)) {
		db_rollback(task->db);
		return fail_db(task);
	}
	return db_commit(task->db) == 0 ? 0 : fail_db(task);
}

int store_schema_ready(struct db *db, const struct schema_step *steps, bool read_only,
		       char *error_r, size_t size)
{
	const struct task task = { db, steps, error_r, size };
	unsigned version;

	if (read_version(&task, &version) != 0)
		return -1;
	if (version > newest(&task))
		return refuse_newer(&task, version);
	if (read_only && version < newest(&task))
		return fail(&task, version == 0
			    ? "nothing has been loaded into the store yet: alignctl load does it"
			    : "the store is of an older alignd: alignctl load brings it forward");
	for (const struct schema_step *step = steps; step->version != 0; step++)
		if (step->version > version && strcmp(step->driver, db_driver_name(db)) == 0 &&
		    step_forward(&task, step) != 0)
			return -1;
	return 0;
}
