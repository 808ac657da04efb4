/* The only file with libpq.
 *
 * A transaction for writing takes an advisory lock first, so hosts that load into
 * one database take turns, batch by batch, as they do with SQLite: no deadlocks,
 * and the schema is made by one of them. A host that dies, or whose network does,
 * frees the lock by the time-outs below.
 */
#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/db_private.h"

#define PARAMETERS 32

struct pgsql {
	struct db db;
	PGconn *handle;
	unsigned n_statements;          /* their names: s1, s2 ... */
};

struct parameter {
	char *data;                     /* grows, is kept; NUL behind text */
	size_t size, len;
	bool is_null, is_blob;
};
struct pgsql_statement {
	struct db_statement statement;
	char name[16];
	struct parameter parameters[PARAMETERS];
	unsigned n;
	PGresult *row;                  /* the current one */
	bool sent;
};

/* ---- failures ---- */

/* What the server's code (or its class) means to a postmaster. */
static const struct {
	const char *code, *text;
	bool lost;
} failures[] = {
	{ "55P03", "is locked by another host for over 10 s: it is tried again", false },
	{ "57014", "took over a minute: look at the server's load", false },
	{ "40", "two transactions were in each other's way: it is tried again", false },
	{ "42501", "the role of store.conninfo may not do that: grant it", false },
	{ "25006", "may only be read: store.conninfo names a standby?", false },
	{ "53100", "the server's disk is full: make room there, or keep fewer days", false },
	{ "53", "the server has no room for it", false },
	{ "57P", "the server is being stopped or started", true },
	{ "08", "the connection is lost", true },
	{ "25P03", "the transaction was open for too long", true },
};

static int fail(struct pgsql *pgsql, const PGresult *result)
{
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	/* what has no code was not said by the server but by the library, about it */
	pgsql->db.lost = pgsql->db.lost || code == NULL || PQstatus(pgsql->handle) == CONNECTION_BAD;
	if (detail == NULL)
		detail = PQerrorMessage(pgsql->handle);
	for (size_t i = 0; code != NULL && i < sizeof(failures) / sizeof(failures[0]); i++)
		if (strncmp(code, failures[i].code, strlen(failures[i].code)) == 0) {
			pgsql->db.lost = pgsql->db.lost || failures[i].lost;
			return db_fail(&pgsql->db, "PostgreSQL: %s (%s)", failures[i].text, detail);
		}
	return db_fail(&pgsql->db, "PostgreSQL: %s%s", pgsql->db.lost ? "the connection is lost: " : "",
		       detail);
}

/* Takes at most `most` of what is left of a statement's answers. */
static bool drain(struct pgsql *pgsql, unsigned most)
{
	PGresult *result = NULL;

	while (most-- > 0 && (result = PQgetResult(pgsql->handle)) != NULL)
		PQclear(result);
	return result == NULL;
}

static int run(struct db *db, const char *sql)
{
	struct pgsql *pgsql = (struct pgsql *)db;
	PGresult *result = PQexec(pgsql->handle, sql);
	ExecStatusType status = PQresultStatus(result);
	int code = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		code = fail(pgsql, result);
	/* COMMIT of a transaction that had failed rolls it back, without an error */
	else if (strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		code = db_fail(db, "PostgreSQL: the transaction had failed and was rolled back");
	PQclear(result);
	return code;
}

/* ---- opening ---- */

static void be_silent(void *context, const char *text)
{
	(void)context;
	(void)text;
}

static struct pgsql *connect_to(const char *where)
{
	/* what stands before dbname is a default, what stands behind is not */
	static const char *const names[] = {
		"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "fallback_application_name", "dbname", "client_encoding", NULL,
	};
	const char *const values[] = { "10", "30", "10", "3", "60000", "alignd", where, "UTF8", NULL };
	struct pgsql *pgsql = mem_zalloc(sizeof(*pgsql));

	pgsql->db.driver = &db_postgresql;
	pgsql->handle = PQconnectdbParams(names, values, 1);
	PQsetNoticeProcessor(pgsql->handle, be_silent, NULL);
	return pgsql;
}

/* A reader's rows come as fast as they are looked at: no time-out for it. */
static int set_session(struct pgsql *pgsql)
{
	if (pgsql->db.read_only)
		return run(&pgsql->db, "SET default_transaction_read_only = on; SET lock_timeout = '10s'");
	return run(&pgsql->db, "SET lock_timeout = '10s'; SET statement_timeout = '60s';"
			       "SET idle_in_transaction_session_timeout = '60s'");
}

/* What libpq says about a string that it cannot read quotes pieces of it, and one
 * of them may be the password. */
static bool is_readable(const char *where)
{
	bool is_uri = strncmp(where, "postgres://", 11) == 0 || strncmp(where, "postgresql://", 13) == 0;
	PQconninfoOption *options = NULL;
	char *error = NULL;

	if (!is_uri && strchr(where, '=') == NULL)
		return true;            /* the name of a database */
	options = PQconninfoParse(where, &error);
	PQfreemem(error);
	PQconninfoFree(options);
	return options != NULL;
}

static int greet(struct pgsql *pgsql, const char *where)
{
	if (!is_readable(where))
		return db_fail(&pgsql->db, "PostgreSQL: store.conninfo cannot be read: it is to be "
			       "name=value pairs or a URI of libpq (not shown here, since it may hold "
			       "a password)");
	if (PQstatus(pgsql->handle) != CONNECTION_OK) {
		pgsql->db.lost = true;
		return db_fail(&pgsql->db, "PostgreSQL: %s (is it running, and is store.conninfo right?)",
			       PQerrorMessage(pgsql->handle));
	}
	if (PQserverVersion(pgsql->handle) < 120000)
		return db_fail(&pgsql->db, "PostgreSQL %d is too old: 12 or newer is needed",
			       PQserverVersion(pgsql->handle) / 10000);
	return set_session(pgsql);
}

static void close_db(struct db *db)
{
	struct pgsql *pgsql = (struct pgsql *)db;

	PQfinish(pgsql->handle);
	free(pgsql);
}

static struct db *open_db(const char *where, bool read_only, const char **error_r)
{
	struct pgsql *pgsql = connect_to(where);

	pgsql->db.read_only = read_only;
	if (greet(pgsql, where) == 0)
		return &pgsql->db;
	*error_r = db_open_failed(&pgsql->db);
	close_db(&pgsql->db);
	return NULL;
}

/* ---- statements ---- */

static struct pgsql_statement *own(struct db_statement *statement)
{
	return (struct pgsql_statement *)statement;
}

static struct db_statement *prepare(struct db *db, const char *sql)
{
	struct pgsql *pgsql = (struct pgsql *)db;
	struct pgsql_statement *statement = mem_zalloc(sizeof(*statement));
	PGresult *result;

	snprintf(statement->name, sizeof(statement->name), "s%u", ++pgsql->n_statements);
	result = PQprepare(pgsql->handle, statement->name, sql, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		fail(pgsql, result);
		free(statement);
		statement = NULL;
	}
	PQclear(result);
	return statement != NULL ? &statement->statement : NULL;
}

static void free_statement(struct db_statement *statement)
{
	PQclear(own(statement)->row);
	for (unsigned i = 0; i < PARAMETERS; i++)
		free(own(statement)->parameters[i].data);
	free(statement);
}

static struct parameter *parameter(struct db_statement *statement, unsigned n, size_t size)
{
	struct parameter *p;

	assert(n >= 1 && n <= PARAMETERS);
	p = &own(statement)->parameters[n - 1];
	for (; own(statement)->n < n; own(statement)->n++)
		own(statement)->parameters[own(statement)->n].is_null = true;
	if (size > p->size) {
		p->size = size < 32 ? 32 : size;
		p->data = mem_realloc(p->data, p->size);
	}
	p->is_null = p->is_blob = false;
	return p;
}

static void bind_int(struct db_statement *statement, unsigned n, int64_t value)
{
	struct parameter *p = parameter(statement, n, 32);

	p->len = (size_t)snprintf(p->data, p->size, "%" PRId64, value);
}

static void bind_octets(struct db_statement *statement, unsigned n, struct slice octets, bool is_text)
{
	struct parameter *p = parameter(statement, n, octets.len + 1);

	if (octets.len > 0)
		memcpy(p->data, octets.data, octets.len);
	p->data[octets.len] = '\0';
	p->len = octets.len;
	p->is_blob = !is_text;
}

static void bind_null(struct db_statement *statement, unsigned n)
{
	parameter(statement, n, 0)->is_null = true;
}

static int send(struct pgsql *pgsql, struct pgsql_statement *statement)
{
	const char *values[PARAMETERS];
	int lengths[PARAMETERS], formats[PARAMETERS];

	for (unsigned i = 0; i < statement->n; i++) {
		const struct parameter *p = &statement->parameters[i];

		values[i] = p->is_null ? NULL : p->data;
		lengths[i] = (int)p->len;
		formats[i] = p->is_blob;
	}
	if (PQsendQueryPrepared(pgsql->handle, statement->name, (int)statement->n, values, lengths,
				formats, 1) != 1)
		return fail(pgsql, NULL);
	PQsetSingleRowMode(pgsql->handle);
	statement->sent = true;
	return 0;
}

static int step(struct db_statement *statement)
{
	struct pgsql *pgsql = (struct pgsql *)statement->db;
	struct pgsql_statement *s = own(statement);

	if (!s->sent && send(pgsql, s) != 0)
		return -1;
	PQclear(s->row);
	s->row = PQgetResult(pgsql->handle);
	switch ((int)PQresultStatus(s->row)) {
	case PGRES_SINGLE_TUPLE:
		return 1;
	case PGRES_TUPLES_OK:           /* the end of single rows */
	case PGRES_COMMAND_OK:
		return 0;
	default:
		return fail(pgsql, s->row);
	}
}

/* Millions of rows that nobody wants are not fetched. */
static void cancel(struct pgsql *pgsql)
{
	PGcancel *request = PQgetCancel(pgsql->handle);
	char ignored[256];

	if (request != NULL)
		PQcancel(request, ignored, sizeof(ignored));
	PQfreeCancel(request);
}

static void finish(struct db_statement *statement)
{
	struct pgsql *pgsql = (struct pgsql *)statement->db;
	struct pgsql_statement *s = own(statement);

	if (s->sent && !drain(pgsql, 100)) {
		cancel(pgsql);
		drain(pgsql, UINT_MAX);
	}
	PQclear(s->row);
	s->row = NULL;
	s->sent = false;
	s->n = 0;
}

/* Binary integers, of 2, 4 or 8 octets in network order. */
static int64_t column_int(struct db_statement *statement, unsigned column)
{
	const PGresult *row = own(statement)->row;
	const unsigned char *octets = (const unsigned char *)PQgetvalue(row, 0, (int)column);
	int len = PQgetlength(row, 0, (int)column);
	uint64_t value;

	if (PQgetisnull(row, 0, (int)column))
		return 0;
	assert(len == 2 || len == 4 || len == 8);
	value = octets[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < len; i++)
		value = value << 8 | octets[i];
	return (int64_t)value;
}

static struct slice column_octets(struct db_statement *statement, unsigned column)
{
	const PGresult *row = own(statement)->row;

	return slice_new(PQgetvalue(row, 0, (int)column), (size_t)PQgetlength(row, 0, (int)column));
}

static bool column_is_null(struct db_statement *statement, unsigned column)
{
	return PQgetisnull(own(statement)->row, 0, (int)column);
}

static const struct db_calls calls = {
	.close = close_db, .run = run, .prepare = prepare, .free_statement = free_statement,
	.bind_int = bind_int, .bind_octets = bind_octets, .bind_null = bind_null,
	.step = step, .finish = finish, .column_int = column_int,
	.column_octets = column_octets, .column_is_null = column_is_null,
	/* the number is "alignd" in ASCII */
	.begin_sql = "BEGIN; SELECT pg_advisory_xact_lock(107118252748388)",
	.begin_reading_sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	.table_sql = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1)",
};
const struct db_driver db_postgresql = { "postgresql", open_db, &calls };
