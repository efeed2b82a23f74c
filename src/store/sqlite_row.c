/* store/sqlite_row.c - between the fields of model/messages.def and SQLite's columns:
 * one place instead of a column list in every function. A field without a JSON name has
 * no column. */
#include "store/sqlite_row.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "store/sqlite.h"

void sqlite_row_names(struct buf *out, const struct message_row *row,
		      const char *before, const char *behind)
{
	const char *separator = "";
	for (size_t i = 0; i < row->field_count; i++) {
		if (row->fields[i].json[0] == '\0')
			continue;
		buf_add_string(out, separator);
		buf_add_string(out, before);
		buf_add_string(out, row->fields[i].json);
		buf_add_string(out, behind);
		separator = ", ";
	}
}

int sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	return sqlite3_bind_text64(statement, index, text, strlen(text), SQLITE_STATIC,
				   SQLITE_UTF8);
}

int sqlite_bind_oid(sqlite3_stmt *statement, int index, const struct oid *oid)
{
	if (oid->length == 0)
		return sqlite3_bind_null(statement, index);
	return sqlite3_bind_blob64(statement, index, oid->bytes, oid->length,
				   SQLITE_STATIC);
}

int sqlite_bind_digest(sqlite3_stmt *statement, int index, const struct digest *digest)
{
	if (digest_is_none(digest))
		return sqlite3_bind_null(statement, index);
	return sqlite3_bind_blob64(statement, index, digest->bytes, DIGEST_BYTES,
				   SQLITE_STATIC);
}

/* "id" is the row's own, given by the database; "change" refers to another row. */
static bool zero_is_none(const char *name)
{
	return strcmp(name, "id") == 0 || strcmp(name, "change") == 0;
}

static int bind_unsigned(sqlite3_stmt *statement, int index, const char *name,
			 uint64_t number)
{
	if (number == 0 && zero_is_none(name))
		return sqlite3_bind_null(statement, index);
	if (number > INT64_MAX)
		return SQLITE_TOOBIG;
	return sqlite3_bind_int64(statement, index, (int64_t)number);
}

const struct message_field_row *sqlite_field(const struct message_row *row,
					     const char *name)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (strcmp(row->fields[i].json, name) == 0)
			return &row->fields[i];
	return NULL;
}

int sqlite_bind_field(sqlite3_stmt *statement, int index,
		      const struct message_field_row *field, const void *values)
{
	const void *at = (const char *)values + field->offset;
	switch (field->kind) {
	case MESSAGE_KIND_U64:
		return bind_unsigned(statement, index, field->json,
				     *(const uint64_t *)at);
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME:
		return sqlite3_bind_int64(statement, index, *(const int64_t *)at);
	case MESSAGE_KIND_BOOL:
		return sqlite3_bind_int(statement, index, *(const bool *)at);
	case MESSAGE_KIND_STRING:
		if (*(const char *const *)at == NULL)
			return sqlite3_bind_null(statement, index);
		return sqlite_bind_text(statement, index, *(const char *const *)at);
	case MESSAGE_KIND_OID:
		return sqlite_bind_oid(statement, index, at);
	case MESSAGE_KIND_DIGEST:
		return sqlite_bind_digest(statement, index, at);
	case MESSAGE_KIND_BYTES:
	case MESSAGE_KIND_STRINGS:
	case MESSAGE_KIND_OIDS:
		break;
	}
	return SQLITE_MISUSE; /* lists are not stored in rows */
}

static int damaged(struct store *store, const char *name, struct error *err)
{
	return error_set(err, ERROR_STORE_DAMAGED,
			 "the store '%s' is damaged (the column '%s' holds what it "
			 "cannot): restore a backup: gitgate store restore",
			 store->location, name);
}

static int read_text(sqlite3_stmt *statement, int column, struct arena *arena,
		     const char **out, struct error *err)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	if (text != NULL)
		*out = arena_copy(arena, text,
				  (size_t)sqlite3_column_bytes(statement, column));
	if (*out == NULL)
		return error_set(err, ERROR_MEMORY, "cannot read a row: %s",
				 error_meaning(ERROR_MEMORY));
	return 0;
}

static int read_field(struct store *store, sqlite3_stmt *statement, int column,
		      struct arena *arena, const struct message_field_row *field,
		      void *at, struct error *err)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return 0;
	const void *bytes;
	int length;
	switch (field->kind) {
	case MESSAGE_KIND_U64:
		if (sqlite3_column_int64(statement, column) < 0)
			return damaged(store, field->json, err);
		*(uint64_t *)at = (uint64_t)sqlite3_column_int64(statement, column);
		return 0;
	case MESSAGE_KIND_I64:
	case MESSAGE_KIND_TIME:
		*(int64_t *)at = sqlite3_column_int64(statement, column);
		return 0;
	case MESSAGE_KIND_BOOL:
		*(bool *)at = sqlite3_column_int(statement, column) != 0;
		return 0;
	case MESSAGE_KIND_STRING:
		return read_text(statement, column, arena, at, err);
	case MESSAGE_KIND_OID:
		bytes = sqlite3_column_blob(statement, column);
		length = sqlite3_column_bytes(statement, column);
		if (bytes == NULL || (length != 20 && length != 32))
			return damaged(store, field->json, err);
		oid_set_bytes(at, bytes, (size_t)length);
		return 0;
	case MESSAGE_KIND_DIGEST:
		bytes = sqlite3_column_blob(statement, column);
		length = sqlite3_column_bytes(statement, column);
		if (bytes == NULL || length != DIGEST_BYTES)
			return damaged(store, field->json, err);
		memcpy(at, bytes, DIGEST_BYTES);
		return 0;
	case MESSAGE_KIND_BYTES:
	case MESSAGE_KIND_STRINGS:
	case MESSAGE_KIND_OIDS:
		break;
	}
	return damaged(store, field->json, err);
}

int sqlite_read_row(struct store *store, sqlite3_stmt *statement, struct arena *arena,
		    const struct message_row *row, void *out, struct error *err)
{
	int column = 0;
	for (size_t i = 0; i < row->field_count; i++) {
		const struct message_field_row *field = &row->fields[i];
		if (field->json[0] == '\0')
			continue;
		int rc = read_field(store, statement, column++, arena, field,
				    (char *)out + field->offset, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
