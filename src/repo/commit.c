/* repo/commit.c - splits a raw commit object into its parts and the bytes that were
 * signed. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "repo/lines.h"
#include "repo/object.h"

static const struct lines_codes codes = {
	.what = "commit",
	.empty = ERROR_COMMIT_EMPTY,
	.nul_header = ERROR_COMMIT_NUL_HEADER,
	.nul_message = ERROR_COMMIT_NUL_MESSAGE,
	.unterminated = ERROR_COMMIT_UNTERMINATED,
	.no_blank = ERROR_COMMIT_NO_BLANK,
	.carriage_return = ERROR_COMMIT_CR,
	.header_name = ERROR_COMMIT_HEADER_NAME,
	.continuation = ERROR_COMMIT_CONTINUATION,
	.continuation_first = ERROR_COMMIT_CONTINUATION_FIRST,
};

/* The headers that stand exactly once, in their order; parents come behind the first.
 */
enum single { SINGLE_TREE, SINGLE_AUTHOR, SINGLE_COMMITTER, SINGLE_COUNT };
static const char *const singles[SINGLE_COUNT] = {
	[SINGLE_TREE] = "tree",
	[SINGLE_AUTHOR] = "author",
	[SINGLE_COMMITTER] = "committer",
};

static int missing_code(enum single single)
{
	switch (single) {
	case SINGLE_TREE:
		return error_here(ERROR_COMMIT_TREE_MISSING);
	case SINGLE_AUTHOR:
		return error_here(ERROR_COMMIT_AUTHOR_MISSING);
	case SINGLE_COMMITTER:
		return error_here(ERROR_COMMIT_COMMITTER_MISSING);
	case SINGLE_COUNT:
		break;
	}
	return ERROR_INTERNAL;
}

static int twice_code(enum single single)
{
	switch (single) {
	case SINGLE_TREE:
		return error_here(ERROR_COMMIT_TREE_TWICE);
	case SINGLE_AUTHOR:
		return error_here(ERROR_COMMIT_AUTHOR_TWICE);
	case SINGLE_COMMITTER:
		return error_here(ERROR_COMMIT_COMMITTER_TWICE);
	case SINGLE_COUNT:
		break;
	}
	return ERROR_INTERNAL;
}

struct commit_splitter {
	struct lines lines;
	size_t hash_bytes;
	struct commit_text text;
	struct header signatures[2]; /* the own and the other hash's, as they stand */
	size_t signature_count;
	bool has_own;
	bool has_other;
	bool has_encoding;
};

#define refuse_header(header, code, what, err)                                         \
	refuse_header_as((header), error_here(code), (what), (err))

static int refuse_header_as(const struct header *header, int code, const char *what,
			    struct error *err)
{
	return error_set(err, code, "the header '%.*s' at byte %zu of the commit %s",
			 (int)header->name.length, header->name.bytes, header->start,
			 what);
}

static int single_missing(const struct commit_splitter *splitter, enum single expected,
			  size_t at, struct error *err)
{
	if (lines_have(&splitter->lines, singles[expected]))
		return error_set(err, ERROR_COMMIT_ORDER,
				 "the commit's header '%s' does not stand where git "
				 "writes it, at byte %zu",
				 singles[expected], at);
	return error_set(err, missing_code(expected),
			 "the commit has no header '%s', expected at byte %zu",
			 singles[expected], at);
}

/* Why a header cannot stand where `expected` should; SINGLE_COUNT: behind all of them.
 * 0 for a header that is free to stand there. */
static int check_place(const struct commit_splitter *splitter,
		       const struct header *header, enum single expected,
		       struct error *err)
{
	for (enum single i = SINGLE_TREE; i < expected; i++)
		if (span_is(header->name, singles[i]))
			return refuse_header_as(header, twice_code(i),
						"stands there a second time", err);
	if (span_is(header->name, "parent") && expected > SINGLE_AUTHOR)
		return refuse_header(header, ERROR_COMMIT_PARENT_MISPLACED,
				     "stands behind the author", err);
	if (expected == SINGLE_COUNT)
		return 0;
	if (span_starts_with(header->name, "gpgsig") &&
	    lines_have(&splitter->lines, singles[expected]))
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_EARLY,
				     "stands before the committer", err);
	for (enum single i = expected; i < SINGLE_COUNT; i++)
		if (span_is(header->name, singles[i]))
			return single_missing(splitter, expected, header->start, err);
	if (span_is(header->name, "parent") || span_starts_with(header->name, "gpgsig"))
		return single_missing(splitter, expected, header->start, err);
	return refuse_header(header, ERROR_COMMIT_HEADER_UNKNOWN,
			     "is unknown there, before the committer", err);
}

/* Reads the header that must stand here; parents before it go to the text. */
static int read_single(struct commit_splitter *splitter, enum single expected,
		       struct header *header, struct error *err)
{
	int rc = lines_next(&splitter->lines, header, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return error_set(err, missing_code(expected),
				 "the commit has no header '%s', expected at byte %zu",
				 singles[expected], splitter->lines.at - 1);
	if (span_is(header->name, singles[expected]))
		return header_is_single(&splitter->lines, header, err);
	return check_place(splitter, header, expected, err);
}

static int next_is_parent(const struct commit_splitter *splitter)
{
	const struct lines *lines = &splitter->lines;
	return lines->length - lines->at >= 7 &&
	       memcmp(lines->object + lines->at, "parent ", 7) == 0;
}

static int read_parents(struct commit_splitter *splitter, struct error *err)
{
	struct commit_text *text = &splitter->text;
	struct header header;
	while (next_is_parent(splitter)) {
		int rc = lines_next(&splitter->lines, &header, err);
		if (rc < 0)
			return rc;
		if (text->parent_count == COMMIT_PARENTS_MAX)
			return error_set(err, ERROR_COMMIT_PARENTS_TOO_MANY,
					 "the commit has more than %d parents, the "
					 "next at byte %zu",
					 COMMIT_PARENTS_MAX, header.start);
		rc = header_is_single(&splitter->lines, &header, err);
		if (rc != 0)
			return rc;
		if (!id_read(&text->parents[text->parent_count], &header,
			     splitter->hash_bytes))
			return id_refuse(&splitter->lines, &header,
					 splitter->hash_bytes,
					 error_here(ERROR_COMMIT_PARENT_ID), err);
		text->parent_count++;
	}
	return 0;
}

static int read_fixed(struct commit_splitter *splitter, struct error *err)
{
	struct commit_text *text = &splitter->text;
	struct header header;
	int rc = read_single(splitter, SINGLE_TREE, &header, err);
	if (rc == 0 && !id_read(&text->tree, &header, splitter->hash_bytes))
		return id_refuse(&splitter->lines, &header, splitter->hash_bytes,
				 error_here(ERROR_COMMIT_TREE_ID), err);
	if (rc == 0)
		rc = read_parents(splitter, err);
	if (rc == 0)
		rc = read_single(splitter, SINGLE_AUTHOR, &header, err);
	if (rc == 0)
		rc = ident_parse(&text->author, &splitter->lines, &header, err);
	if (rc == 0)
		rc = read_single(splitter, SINGLE_COMMITTER, &header, err);
	if (rc == 0)
		rc = ident_parse(&text->committer, &splitter->lines, &header, err);
	return rc;
}

static int check_signature_lines(const struct header *header, struct error *err)
{
	if (header->value.length == 0)
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_EMPTY, "is empty",
				     err);
	const char *at = header->value.bytes;
	const char *end = at + header->value.length;
	if (end[-1] == '\r' || memmem(at, header->value.length, "\r\n", 2) != NULL)
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_CR,
				     "has a line that ends in a carriage return", err);
	return 0;
}

/* Two names are known; which of them signs these bytes follows from the repository's
 * hash, the other belongs to the same commit written in the other hash. */
static int read_signature(struct commit_splitter *splitter, const struct header *header,
			  struct error *err)
{
	bool is_sha256 = span_is(header->name, "gpgsig-sha256");
	if (!is_sha256 && !span_is(header->name, "gpgsig"))
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_UNKNOWN,
				     "is a signature of an unknown kind", err);
	bool own = is_sha256 == (splitter->hash_bytes == 32);
	if (own && splitter->has_own)
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_TWICE,
				     "is a second signature", err);
	if (!own && splitter->has_other)
		return refuse_header(header, ERROR_COMMIT_SIGNATURE_OTHER_TWICE,
				     "is a second signature for the other hash", err);
	int rc = check_signature_lines(header, err);
	if (rc != 0)
		return rc;
	if (own) {
		splitter->has_own = true;
		splitter->text.signature = header->value;
	} else {
		splitter->has_other = true;
	}
	splitter->signatures[splitter->signature_count++] = *header;
	return 0;
}

static int read_encoding(struct commit_splitter *splitter, const struct header *header,
			 struct error *err)
{
	if (splitter->has_encoding)
		return refuse_header(header, ERROR_COMMIT_ENCODING_TWICE,
				     "stands there a second time", err);
	bool good = header->value.length != 0;
	for (size_t i = 0; i < header->value.length; i++)
		good = good && header->value.bytes[i] > ' ' &&
		       header->value.bytes[i] < 0x7f;
	if (!good)
		return refuse_header(header, ERROR_COMMIT_ENCODING,
				     "is not the name of an encoding", err);
	splitter->has_encoding = true;
	splitter->text.encoding = header->value;
	return 0;
}

static int read_free(struct commit_splitter *splitter, struct error *err)
{
	struct header header;
	int rc;
	while ((rc = lines_next(&splitter->lines, &header, err)) == 1) {
		rc = check_place(splitter, &header, SINGLE_COUNT, err);
		if (rc == 0 && span_starts_with(header.name, "gpgsig"))
			rc = read_signature(splitter, &header, err);
		else if (rc == 0 && span_is(header.name, "encoding"))
			rc = read_encoding(splitter, &header, err);
		if (rc != 0)
			return rc;
	}
	return rc;
}

int commit_split(struct commit_text *out, const char *object, size_t length,
		 size_t hash_bytes, struct error *err)
{
	struct commit_splitter splitter = { .hash_bytes = hash_bytes };
	int rc = lines_open(&splitter.lines, &codes, object, length, err);
	if (rc == 0)
		rc = read_fixed(&splitter, err);
	if (rc == 0)
		rc = read_free(&splitter, err);
	if (rc != 0)
		return rc;
	struct commit_text *text = &splitter.text;
	text->message =
		(struct span){ object + splitter.lines.at, length - splitter.lines.at };
	payload_without(text->payload, &text->payload_count, object, length,
			splitter.signatures, splitter.signature_count);
	*out = *text;
	return 0;
}

/* Libraries that add the header themselves leave a lone blank line behind an armor that
 * ends in LF; git and gpg do not mind it, and it is not part of the armor. */
static size_t without_last_empty_line(struct span signature)
{
	size_t length = signature.length;
	if (length >= 2 && memcmp(signature.bytes + length - 2, "\n ", 2) == 0)
		return length - 2;
	return length;
}

char *signature_unfold(struct arena *arena, struct span signature, size_t *length)
{
	size_t from_length = without_last_empty_line(signature);
	char *out = arena_alloc(arena, from_length + 2);
	if (out == NULL)
		return NULL;
	size_t at = 0;
	for (size_t i = 0; i < from_length; i++) {
		bool folded = i > 0 && signature.bytes[i - 1] == '\n' &&
			      signature.bytes[i] == ' ';
		if (!folded)
			out[at++] = signature.bytes[i];
	}
	out[at++] = '\n';
	out[at] = '\0';
	*length = at;
	return out;
}
