/* store_schema.h - makes the store's tables, and brings those of an older alignd
 * forward. The steps are schema/N.DRIVER.sql, built in; step N leads from version
 * N-1 to N, in one transaction. A step that was released is never changed: a new
 * one is added for each driver. Private to store/.
 */
#ifndef STORE_STORE_SCHEMA_H
#define STORE_STORE_SCHEMA_H

#include "store/db.h"

struct schema_step {
	unsigned version;
	const char *driver, *sql;
};
extern const struct schema_step store_schema_steps[];   /* by version; ends with version 0 */

/* -1 and the text: newer than what is known, none where none may be made
 * (read_only), or the database failed. */
int store_schema_ready(struct db *db, const struct schema_step *steps, bool read_only,
		       char *error_r, size_t size);

#endif
