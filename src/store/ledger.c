/* store/ledger.c - the tamper-evident record: a chain of SHA-256.
 *
 * hash = SHA-256 over "gitgate ledger 1", the sequence and the time in decimal, the
 * kind, the body and the 32 bytes of the hash before (zero for the first record), each
 * with its length as 8 bytes before it, big-endian. Sequences are 1, 2, 3 ...; the
 * table ledger_head has the last sequence and hash, so records cut off at the end are
 * missed too. */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/sql.h"

#define KIND_BYTES 64

static const char domain[] = "gitgate ledger 1";

struct record {
	uint64_t sequence;
	int64_t at;
	const void *kind;
	size_t kind_length;
	const void *body;
	size_t body_length;
	struct digest previous;
};

static int record_hash(const struct record *record, struct digest *out,
		       struct error *err)
{
	char sequence[24];
	char at[24];
	int sequence_length =
		snprintf(sequence, sizeof(sequence), "%" PRIu64, record->sequence);
	int at_length = snprintf(at, sizeof(at), "%" PRId64, record->at);
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return error_set(err, ERROR_MEMORY, "cannot hash the ledger");
	hasher_add_field(hasher, domain, sizeof(domain) - 1);
	hasher_add_field(hasher, sequence, (size_t)sequence_length);
	hasher_add_field(hasher, at, (size_t)at_length);
	hasher_add_field(hasher, record->kind, record->kind_length);
	hasher_add_field(hasher, record->body, record->body_length);
	hasher_add_field(hasher, record->previous.bytes, DIGEST_BYTES);
	int rc = hasher_finish(hasher, out);
	return rc == 0 ? 0 : error_set(err, rc, "cannot hash the ledger");
}

/* NULL is the digest that is none. False: not a digest. */
static bool column_digest(struct sql_cursor *cursor, int column, struct digest *out)
{
	memset(out, 0, sizeof(*out));
	size_t length;
	const void *bytes = sql_column_bytes(cursor, column, &length);
	if (sql_column_is_null(cursor, column))
		return true;
	if (length != DIGEST_BYTES)
		return false;
	memcpy(out->bytes, bytes, DIGEST_BYTES);
	return true;
}

/* The last sequence (0: none) and its hash, as the head says. */
static int read_head(struct store *store, uint64_t *sequence, struct digest *hash,
		     struct error *err)
{
	struct sql sql = { .text = "SELECT sequence, hash FROM ledger_head" };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, &sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	if (rc == 0)
		rc = error_set(err, ERROR_LEDGER, "the ledger has lost its head");
	if (rc > 0) {
		*sequence = (uint64_t)sql_column_integer(&cursor, 0);
		rc = column_digest(&cursor, 1, hash) ? 0
						     : error_set(err, ERROR_LEDGER,
								 "the ledger's head is "
								 "damaged");
	}
	sql_close(&cursor);
	return rc;
}

/* One object, as far as its ends show: it was written by our own writer. */
static bool is_object(const char *body)
{
	size_t length = strlen(body);
	return length >= 2 && body[0] == '{' && body[length - 1] == '}';
}

int store_ledger_add(struct store *store, const char *kind, const char *body,
		     int64_t at, struct error *err)
{
	size_t kind_length = strlen(kind);
	if (kind_length == 0 || kind_length > KIND_BYTES || !is_object(body))
		return error_set(err, ERROR_INTERNAL,
				 "a record of the ledger needs a kind and one JSON "
				 "object");
	struct record record = { .at = at,
				 .kind = kind,
				 .kind_length = kind_length,
				 .body = body,
				 .body_length = strlen(body) };
	int rc = store_may_write(store, err);
	if (rc == 0)
		rc = read_head(store, &record.sequence, &record.previous, err);
	if (rc < 0)
		return rc;
	record.sequence++;
	struct msg_ledger_row row = { .sequence = record.sequence,
				      .at = at,
				      .kind = kind,
				      .body = body,
				      .previous = record.previous };
	rc = record_hash(&record, &row.hash, err);
	if (rc < 0)
		return rc;
	struct sql sql = { .text = "INSERT INTO ledger (@) VALUES ($)",
			   .type = MESSAGE_ledger_row,
			   .row = &row };
	rc = sql_run(store, &sql, NULL, err);
	if (rc < 0)
		return rc;
	rc = sql_do(store, "UPDATE ledger_head SET sequence = :sequence, hash = :hash",
		    SQL_VALUES(SQL_UNSIGNED("sequence", row.sequence),
			       SQL_DIGEST("hash", &row.hash)),
		    err);
	return rc < 0 ? store_spoil(store, rc) : 0;
}

static int broken(struct error *err, uint64_t sequence, const char *how)
{
	return error_set(err, ERROR_LEDGER,
			 "the ledger is broken at sequence %" PRIu64 ": %s", sequence,
			 how);
}

/* The record under the cursor against the one before; `last` becomes its hash. */
static int check_record(struct sql_cursor *cursor, uint64_t expected,
			struct digest *last, struct error *err)
{
	struct record record = { .sequence = (uint64_t)sql_column_integer(cursor, 0),
				 .at = sql_column_integer(cursor, 1) };
	if (record.sequence != expected)
		return broken(err,
			      record.sequence < expected ? record.sequence : expected,
			      "a record is missing, or one too many");
	/* Raw bytes: a NUL hides nothing. */
	record.kind = sql_column_bytes(cursor, 2, &record.kind_length);
	record.body = sql_column_bytes(cursor, 3, &record.body_length);
	struct digest stored;
	struct digest computed;
	if (!column_digest(cursor, 4, &record.previous) ||
	    !digest_equal(&record.previous, last))
		return broken(err, expected, "it does not follow the record before");
	int rc = record_hash(&record, &computed, err);
	if (rc < 0)
		return rc;
	if (!column_digest(cursor, 5, &stored) || !digest_equal(&stored, &computed))
		return broken(err, expected, "it is not what was written");
	*last = computed;
	return 0;
}

static int check_records(struct store *store, uint64_t *good, struct digest *last,
			 struct error *err)
{
	struct sql sql = { .text = "SELECT sequence, at, kind, body, previous, hash "
				   "FROM ledger ORDER BY sequence" };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, &sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	while (rc > 0) {
		rc = check_record(&cursor, *good + 1, last, err);
		if (rc == 0) {
			(*good)++;
			rc = sql_next(&cursor);
		}
	}
	sql_close(&cursor);
	return rc;
}

int store_ledger_check(struct store *store, uint64_t *count, struct error *err)
{
	uint64_t good = 0;
	uint64_t head = 0;
	struct digest last = { { 0 } };
	struct digest head_hash = { { 0 } };
	int rc = check_records(store, &good, &last, err);
	*count = good;
	if (rc == 0)
		rc = read_head(store, &head, &head_hash, err);
	if (rc < 0)
		return rc;
	if (head > good)
		return broken(err, good + 1, "the records from here on are missing");
	if (head < good || !digest_equal(&head_hash, &last))
		return broken(err, good, "the head of the ledger names another record");
	return 0;
}
