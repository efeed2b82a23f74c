/* store/sqlite_statement.c - statements: found or prepared, filled, run, put back. */
#include "store/sqlite.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/oid.h"
#include "store/sql.h"
#include "store/sqlite_row.h"

#define STATEMENT_BYTES 16384

int store_may_write(struct store *store, struct error *err)
{
	if (store->closed)
		return error_set(err, ERROR_STORE,
				 "the store '%s' is closed for writing after a commit "
				 "that failed: restart gitgate",
				 store->location);
	if (!store->in_transaction)
		return error_set(err, ERROR_INTERNAL,
				 "a write to the store outside of a transaction");
	return 0;
}

int store_spoil(struct store *store, int code)
{
	store->spoiled = true;
	return code;
}

static void expand(struct buf *out, const struct sql *sql)
{
	const struct message_row *row = message_row(sql->type);
	for (const char *at = sql->text; *at != '\0'; at++) {
		if (*at == '@' && row != NULL)
			sqlite_row_names(out, row, "\"", "\"");
		else if (*at == '$' && row != NULL)
			sqlite_row_names(out, row, ":", "");
		else
			buf_add_byte(out, (unsigned char)*at);
	}
}

/* What fills each parameter: a value of the call, or a field of its row. The names are
 * copied: SQLite's own go when it prepares the statement again. */
static int look_up_parameters(struct statement *statement,
			      const struct message_row *row)
{
	int count = sqlite3_bind_parameter_count(statement->prepared);
	statement->parameters = calloc((size_t)count + 1, sizeof(struct parameter));
	if (statement->parameters == NULL)
		return ERROR_MEMORY;
	for (int i = 0; i < count; i++) {
		struct parameter *parameter = &statement->parameters[i];
		const char *name =
			sqlite3_bind_parameter_name(statement->prepared, i + 1);
		if (name == NULL)
			return ERROR_INTERNAL;
		parameter->name = strdup(name + 1);
		if (parameter->name == NULL)
			return ERROR_MEMORY;
		statement->parameter_count++;
		if (row != NULL)
			parameter->field = sqlite_field(row, parameter->name);
	}
	return 0;
}

static int prepare(struct store *store, const struct sql *sql, unsigned int flags,
		   struct statement *out, struct error *err)
{
	struct buf text = BUF_INIT(STATEMENT_BYTES);
	expand(&text, sql);
	int rc = buf_status(&text, "a statement", err);
	int answer = SQLITE_OK;
	if (rc == 0)
		answer = sqlite3_prepare_v3(store->db, text.data, (int)text.length + 1,
					    flags, &out->prepared, NULL);
	buf_release(&text);
	if (answer == SQLITE_ERROR)
		return error_set(err, ERROR_INTERNAL,
				 "a statement of ours is wrong: %s",
				 sqlite3_errmsg(store->db));
	if (answer != SQLITE_OK)
		return sqlite_fail(store, answer, "read", err);
	if (rc == 0)
		rc = look_up_parameters(out, message_row(sql->type));
	if (rc == ERROR_MEMORY || rc == ERROR_INTERNAL)
		error_set(err, rc, "cannot prepare a statement: %s", error_meaning(rc));
	return rc;
}

static void forget(struct statement *statement)
{
	sqlite3_finalize(statement->prepared);
	for (int i = 0; i < statement->parameter_count; i++)
		free(statement->parameters[i].name);
	free(statement->parameters);
	free(statement->text);
	free(statement);
}

static struct statement *find(struct store *store, const struct sql *sql, uint64_t hash)
{
	for (size_t i = 0; i < store->statement_count; i++) {
		struct statement *statement = store->statements[i];
		if (statement->hash == hash && statement->type == sql->type &&
		    strcmp(statement->text, sql->text) == 0)
			return statement;
	}
	return NULL;
}

/* A free place, made by forgetting the statement that was not used for longest when
 * necessary. NULL: all are busy. */
static struct statement **place(struct store *store)
{
	if (store->statement_count < STATEMENT_MAXIMUM)
		return &store->statements[store->statement_count++];
	struct statement **oldest = NULL;
	for (size_t i = 0; i < store->statement_count; i++) {
		struct statement **at = &store->statements[i];
		if (!(*at)->busy &&
		    (oldest == NULL || (*at)->used_at < (*oldest)->used_at))
			oldest = at;
	}
	if (oldest != NULL)
		forget(*oldest);
	return oldest;
}

/* Keeps a prepared statement when there is room; otherwise it stays the caller's own.
 */
static void keep(struct store *store, const struct sql *sql, uint64_t hash,
		 struct statement *statement)
{
	statement->text = strdup(sql->text);
	struct statement **at = statement->text != NULL ? place(store) : NULL;
	if (at == NULL)
		return;
	statement->kept = true;
	statement->type = sql->type;
	statement->hash = hash;
	*at = statement;
}

static int obtain(struct sql_cursor *cursor, const struct sql *sql)
{
	struct store *store = cursor->store;
	uint64_t hash = map_hash(sql->text, strlen(sql->text));
	struct statement *statement = find(store, sql, hash);
	bool known = statement != NULL;
	if (!known || statement->busy) {
		statement = calloc(1, sizeof(*statement));
		int rc = statement == NULL
				 ? error_set(cursor->err, ERROR_MEMORY,
					     "cannot prepare a statement: %s",
					     error_meaning(ERROR_MEMORY))
				 : prepare(store, sql,
					   known ? 0 : SQLITE_PREPARE_PERSISTENT,
					   statement, cursor->err);
		if (rc < 0) {
			if (statement != NULL)
				forget(statement);
			return rc;
		}
		if (!known)
			keep(store, sql, hash, statement);
	}
	statement->busy = true;
	statement->used_at = ++store->uses;
	cursor->statement = statement;
	return 0;
}

static int bind_value(sqlite3_stmt *statement, int index, const struct sql_value *value)
{
	if (value->kind > SQL_KIND_UNSIGNED && value->kind != SQL_KIND_BYTES &&
	    value->pointer == NULL)
		return sqlite3_bind_null(statement, index);
	switch (value->kind) {
	case SQL_KIND_INTEGER:
		return sqlite3_bind_int64(statement, index, (int64_t)value->number);
	case SQL_KIND_UNSIGNED:
		return value->number > INT64_MAX
			       ? SQLITE_TOOBIG
			       : sqlite3_bind_int64(statement, index,
						    (int64_t)value->number);
	case SQL_KIND_TEXT:
		return sqlite_bind_text(statement, index, value->pointer);
	case SQL_KIND_OID:
		return sqlite_bind_oid(statement, index, value->pointer);
	case SQL_KIND_DIGEST:
		return sqlite_bind_digest(statement, index, value->pointer);
	case SQL_KIND_BYTES:
		/* A NULL pointer would be NULL, and an empty text is none. */
		return sqlite3_bind_blob64(statement, index,
					   value->number == 0 ? "" : value->pointer,
					   value->number, SQLITE_STATIC);
	case SQL_KIND_END:
		break;
	}
	return SQLITE_MISUSE;
}

static int bind_one(sqlite3_stmt *prepared, int index, const struct sql *sql,
		    const struct parameter *parameter)
{
	const struct sql_value *value = sql->values;
	while (value != NULL && value->kind != SQL_KIND_END) {
		if (strcmp(value->name, parameter->name) == 0)
			return bind_value(prepared, index, value);
		value++;
	}
	if (parameter->field == NULL || sql->row == NULL)
		return SQLITE_MISUSE;
	return sqlite_bind_field(prepared, index, parameter->field, sql->row);
}

static int bind_all(struct sql_cursor *cursor, const struct sql *sql)
{
	const struct statement *statement = cursor->statement;
	for (int i = 0; i < statement->parameter_count; i++) {
		const struct parameter *parameter = &statement->parameters[i];
		int answer = bind_one(statement->prepared, i + 1, sql, parameter);
		if (answer == SQLITE_MISUSE)
			return error_set(cursor->err, ERROR_INTERNAL,
					 "nothing fills ':%s' in a statement of the "
					 "store",
					 parameter->name);
		if (answer == SQLITE_TOOBIG)
			return error_set(cursor->err, ERROR_LIMIT,
					 "'%s' is too large for a row of the store",
					 parameter->name);
		if (answer != SQLITE_OK)
			return sqlite_fail(cursor->store, answer, "read", cursor->err);
	}
	return 0;
}

static sqlite3_stmt *prepared_of(const struct sql_cursor *cursor)
{
	const struct statement *statement = cursor->statement;
	return statement->prepared;
}

int sql_open(struct sql_cursor *cursor, struct store *store, const struct sql *sql,
	     struct error *err)
{
	*cursor = (struct sql_cursor){ .store = store, .err = err };
	int rc = obtain(cursor, sql);
	if (rc == 0 && !sqlite3_stmt_readonly(prepared_of(cursor)))
		rc = store_may_write(store, err);
	if (rc == 0)
		rc = bind_all(cursor, sql);
	return rc;
}

int sql_next(struct sql_cursor *cursor)
{
	int answer = sqlite3_step(prepared_of(cursor));
	if (answer == SQLITE_ROW)
		return 1;
	if (answer == SQLITE_DONE)
		return 0;
	return sqlite_fail(cursor->store, answer,
			   sqlite3_stmt_readonly(prepared_of(cursor)) ? "read"
								      : "write",
			   cursor->err);
}

void sql_close(struct sql_cursor *cursor)
{
	struct statement *statement = cursor->statement;
	if (statement == NULL)
		return;
	cursor->statement = NULL;
	if (!statement->kept) {
		forget(statement);
		return;
	}
	sqlite3_reset(statement->prepared);
	sqlite3_clear_bindings(statement->prepared);
	statement->busy = false;
}

void sqlite_forget_statements(struct store *store)
{
	for (size_t i = 0; i < store->statement_count; i++)
		forget(store->statements[i]);
	store->statement_count = 0;
}

int64_t sql_column_integer(struct sql_cursor *cursor, int column)
{
	return sqlite3_column_int64(prepared_of(cursor), column);
}

bool sql_column_is_null(struct sql_cursor *cursor, int column)
{
	return sqlite3_column_type(prepared_of(cursor), column) == SQLITE_NULL;
}

const void *sql_column_bytes(struct sql_cursor *cursor, int column, size_t *length)
{
	const void *bytes = sqlite3_column_blob(prepared_of(cursor), column);
	*length = (size_t)sqlite3_column_bytes(prepared_of(cursor), column);
	return bytes;
}

int sql_run(struct store *store, const struct sql *sql, uint64_t *changed,
	    struct error *err)
{
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	if (rc > 0)
		rc = error_set(err, ERROR_INTERNAL, "a write to the store gave a row");
	if (rc == 0 && changed != NULL)
		*changed = (uint64_t)sqlite3_changes64(store->db);
	sql_close(&cursor);
	return rc;
}

int sql_do(struct store *store, const char *text, const struct sql_value *values,
	   struct error *err)
{
	struct sql sql = { .text = text, .values = values };
	return sql_run(store, &sql, NULL, err);
}

/* "RETURNING id" would make a table in memory for each. */
int sql_insert(struct store *store, const struct sql *sql, uint64_t *id,
	       struct error *err)
{
	int rc = sql_run(store, sql, NULL, err);
	if (rc == 0)
		*id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return rc;
}

int sql_get_number(struct store *store, const struct sql *sql, uint64_t *out,
		   struct error *err)
{
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	uint64_t number = rc > 0 ? (uint64_t)sql_column_integer(&cursor, 0) : 0;
	bool found = rc > 0;
	/* A write ends at its last step only. */
	while (rc > 0)
		rc = sql_next(&cursor);
	sql_close(&cursor);
	if (rc == 0 && !found)
		return ERROR_NOT_FOUND;
	if (rc == 0)
		*out = number;
	return rc;
}

int sql_get_row(struct store *store, struct arena *arena, const struct sql *sql,
		void *out, struct error *err)
{
	const struct message_row *row = message_row(sql->type);
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	if (rc == 0)
		rc = ERROR_NOT_FOUND;
	if (rc > 0) {
		void *fresh = arena_alloc(arena, row->size);
		rc = fresh == NULL
			     ? error_set(err, ERROR_MEMORY, "cannot read a row: %s",
					 error_meaning(ERROR_MEMORY))
			     : sqlite_read_row(store, prepared_of(&cursor), arena, row,
					       fresh, err);
		if (rc == 0)
			memcpy(out, fresh, row->size);
	}
	sql_close(&cursor);
	return rc;
}

int sql_get_rows(struct store *store, struct arena *arena, const struct sql *sql,
		 void **out, size_t *count, struct error *err)
{
	const struct message_row *row = message_row(sql->type);
	void *rows = NULL;
	size_t found = 0;
	size_t capacity = 0;
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	while (rc > 0) {
		void *fresh = arena_push(arena, &rows, &found, &capacity, row->size);
		rc = fresh == NULL
			     ? error_set(err, ERROR_MEMORY, "cannot read rows: %s",
					 error_meaning(ERROR_MEMORY))
			     : sqlite_read_row(store, prepared_of(&cursor), arena, row,
					       fresh, err);
		if (rc == 0)
			rc = sql_next(&cursor);
	}
	sql_close(&cursor);
	if (rc < 0)
		return rc;
	*out = rows;
	*count = found;
	return 0;
}
