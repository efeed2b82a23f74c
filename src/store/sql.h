/* store/sql.h - how the nouns of the store (changes.c, deployments.c, ...) talk to the
 * engine. Not for other folders.
 *
 * One statement is a text with named parameters (":name") that are filled from `values`
 * first, then from the fields of `row`, by the names of model/messages.def; a parameter
 * that nobody fills is ERROR_INTERNAL. In the text, "@" stands for all columns of the
 * row's type and "$" for the parameters of the same names, in the same order. So a
 * column is named once: in the migration, as the field is.
 *
 * Absent is NULL: strings that are NULL, ids of length 0, digests that are none, and
 * the ids "id" and "change" of other rows when they are 0.
 *
 * Prepared statements are kept by text. A statement that writes outside of a
 * transaction is ERROR_INTERNAL, on a store closed for writing ERROR_STORE. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/messages.h"

struct arena;
struct error;
struct store;

enum sql_kind {
	SQL_KIND_END = 0,
	SQL_KIND_INTEGER,
	SQL_KIND_UNSIGNED,
	SQL_KIND_TEXT,
	SQL_KIND_OID,
	SQL_KIND_DIGEST,
	SQL_KIND_BYTES,
};

struct sql_value {
	const char *name;
	enum sql_kind kind;
	uint64_t number;     /* of bytes: how many */
	const void *pointer; /* text, struct oid, struct digest or bytes; NULL: SQL's
				NULL (of bytes: none of them) */
};

/* clang-format off */
#define SQL_INTEGER(name, value)  { (name), SQL_KIND_INTEGER, (uint64_t)(value), NULL }
#define SQL_UNSIGNED(name, value) { (name), SQL_KIND_UNSIGNED, (value), NULL }
#define SQL_TEXT(name, value)     { (name), SQL_KIND_TEXT, 0, (value) }
#define SQL_OID(name, value)      { (name), SQL_KIND_OID, 0, (value) }
#define SQL_DIGEST(name, value)   { (name), SQL_KIND_DIGEST, 0, (value) }
#define SQL_BYTES(name, bytes, length) { (name), SQL_KIND_BYTES, (length), (bytes) }
#define SQL_VALUES(...)                                                                \
	((const struct sql_value[]){ __VA_ARGS__, { NULL, SQL_KIND_END, 0, NULL } })
/* clang-format on */

struct sql {
	const char *text;
	const struct sql_value *values; /* NULL: none */
	unsigned int type; /* MESSAGE_<name> of the row for "@" and "$"; 0: none */
	const void *row;   /* a struct of that type; NULL: none */
};

/* Runs a statement that gives no rows; `changed` (may be NULL): rows it touched. */
int sql_run(struct store *store, const struct sql *sql, uint64_t *changed,
	    struct error *err);
/* As sql_run() with a text and values only. */
int sql_do(struct store *store, const char *text, const struct sql_value *values,
	   struct error *err);
/* "INSERT INTO ...": *id is the new row's. */
int sql_insert(struct store *store, const struct sql *sql, uint64_t *id,
	       struct error *err);
/* The first column of the first row; ERROR_NOT_FOUND (err is not set: the caller names
 * what is missing) when there is none. NULL reads as 0. */
int sql_get_number(struct store *store, const struct sql *sql, uint64_t *out,
		   struct error *err);
/* "SELECT @ ...": the first row; ERROR_NOT_FOUND as above. */
int sql_get_row(struct store *store, struct arena *arena, const struct sql *sql,
		void *out, struct error *err);
/* "SELECT @ ...": all rows, as an array in the arena. */
int sql_get_rows(struct store *store, struct arena *arena, const struct sql *sql,
		 void **out, size_t *count, struct error *err);

/* Row by row, for what does not fit the above. sql_close() in every case. */
struct sql_cursor {
	struct store *store;
	void *statement;
	struct error *err;
};
int sql_open(struct sql_cursor *cursor, struct store *store, const struct sql *sql,
	     struct error *err);
int sql_next(struct sql_cursor *cursor); /* 1: a row, 0: the end, or an error */
void sql_close(struct sql_cursor *cursor);
int64_t sql_column_integer(struct sql_cursor *cursor, int column);
/* The bytes of a text or blob as they are stored; NULL with length 0 for NULL. Borrowed
 * until the next step. */
const void *sql_column_bytes(struct sql_cursor *cursor, int column, size_t *length);
bool sql_column_is_null(struct sql_cursor *cursor, int column);

/* 0 when writing is allowed now. */
int store_may_write(struct store *store, struct error *err);
/* An operation of several statements failed in its middle: the transaction can only be
 * rolled back. Returns `code`. */
int store_spoil(struct store *store, int code);

#endif
