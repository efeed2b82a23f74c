/* store/sqlite_row.h - between the fields of model/messages.def and SQLite's columns.
 * Not for other folders. */
#ifndef STORE_SQLITE_ROW_H
#define STORE_SQLITE_ROW_H

#include <sqlite3.h>

#include "model/messages.h"

struct arena;
struct buf;
struct error;
struct oid;
struct store;

/* The names of all columns, comma-separated, each between `before` and `behind`. */
void sqlite_row_names(struct buf *out, const struct message_row *row,
		      const char *before, const char *behind);
/* The field that a column holds; NULL: there is none such. */
const struct message_field_row *sqlite_field(const struct message_row *row,
					     const char *name);
/* Binders answer with SQLite's codes; SQLITE_MISUSE: no column can hold the field. */
int sqlite_bind_field(sqlite3_stmt *statement, int index,
		      const struct message_field_row *field, const void *values);
int sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text);
int sqlite_bind_oid(sqlite3_stmt *statement, int index, const struct oid *oid);
int sqlite_bind_digest(sqlite3_stmt *statement, int index, const struct digest *digest);
/* Reads the present row of a "SELECT @" into a zeroed struct; text goes to the arena. A
 * value that cannot be is ERROR_STORE_DAMAGED. */
int sqlite_read_row(struct store *store, sqlite3_stmt *statement, struct arena *arena,
		    const struct message_row *row, void *out, struct error *err);

#endif
