/* repo/tag.c - splits a raw tag object into its parts and the bytes that were signed.
 */
#include <string.h>

#include "base/error.h"
#include "repo/lines.h"
#include "repo/object.h"
#include "repo/signed_tail.h"

static const struct lines_codes codes = {
	.what = "tag",
	.empty = ERROR_TAG_EMPTY,
	.nul_header = ERROR_TAG_NUL_HEADER,
	.nul_message = ERROR_TAG_NUL_MESSAGE,
	.unterminated = ERROR_TAG_UNTERMINATED,
	.no_blank = ERROR_TAG_NO_BLANK,
	.carriage_return = ERROR_TAG_CR,
	.header_name = ERROR_TAG_HEADER_NAME,
	.continuation = ERROR_TAG_CONTINUATION,
	.continuation_first = ERROR_TAG_CONTINUATION_FIRST,
};

/* The headers in their order; only the tagger may be missing (old tags). */
enum place { PLACE_OBJECT, PLACE_TYPE, PLACE_TAG, PLACE_TAGGER, PLACE_COUNT };
static const char *const places[PLACE_COUNT] = {
	[PLACE_OBJECT] = "object",
	[PLACE_TYPE] = "type",
	[PLACE_TAG] = "tag",
	[PLACE_TAGGER] = "tagger",
};

static int missing_code(enum place place)
{
	switch (place) {
	case PLACE_OBJECT:
		return error_here(ERROR_TAG_OBJECT_MISSING);
	case PLACE_TYPE:
		return error_here(ERROR_TAG_TYPE_MISSING);
	case PLACE_TAG:
		return error_here(ERROR_TAG_NAME_MISSING);
	case PLACE_TAGGER:
	case PLACE_COUNT:
		break;
	}
	return ERROR_INTERNAL;
}

static int twice_code(enum place place)
{
	switch (place) {
	case PLACE_OBJECT:
		return error_here(ERROR_TAG_OBJECT_TWICE);
	case PLACE_TYPE:
		return error_here(ERROR_TAG_TYPE_TWICE);
	case PLACE_TAG:
		return error_here(ERROR_TAG_NAME_TWICE);
	case PLACE_TAGGER:
		return error_here(ERROR_TAG_TAGGER_TWICE);
	case PLACE_COUNT:
		break;
	}
	return ERROR_INTERNAL;
}

static const struct signed_tail_codes tail_codes = {
	.begin = ERROR_TAG_SIGNATURE_BEGIN,
	.twice = ERROR_TAG_SIGNATURE_TWICE,
	.unfinished = ERROR_TAG_SIGNATURE_UNFINISHED,
	.newline = ERROR_TAG_SIGNATURE_NEWLINE,
	.trailing = ERROR_TAG_SIGNATURE_TRAILING,
};

struct tag_splitter {
	struct lines lines;
	size_t hash_bytes;
	struct tag_text text;
	struct header cut; /* the signature for the other hash */
	size_t cut_count;
};

#define refuse_header(header, code, what, err)                                         \
	refuse_header_as((header), error_here(code), (what), (err))

static int refuse_header_as(const struct header *header, int code, const char *what,
			    struct error *err)
{
	return error_set(err, code, "the header '%.*s' at byte %zu of the tag %s",
			 (int)header->name.length, header->name.bytes, header->start,
			 what);
}

static int read_type(struct tag_splitter *splitter, const struct header *header,
		     struct error *err)
{
	static const char *const types[] = { "commit", "tree", "blob", "tag" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_is(header->value, types[i])) {
			splitter->text.target_type = header->value;
			return 0;
		}
	return refuse_header(header, ERROR_TAG_TYPE_UNKNOWN,
			     "is none of commit, tree, blob and tag", err);
}

/* What git-check-ref-format allows of single bytes; whether the name fits the ref is
 * the caller's question. */
static int read_name(struct tag_splitter *splitter, const struct header *header,
		     struct error *err)
{
	bool good = header->value.length != 0 && header->value.bytes[0] != '-';
	for (size_t i = 0; i < header->value.length; i++) {
		unsigned char byte = (unsigned char)header->value.bytes[i];
		good = good && byte > ' ' && byte != 0x7f &&
		       strchr("~^:?*[\\", byte) == NULL;
	}
	if (!good)
		return refuse_header(header, ERROR_TAG_NAME_BAD,
				     "could not be part of a ref", err);
	splitter->text.name = header->value;
	return 0;
}

static int read_place(struct tag_splitter *splitter, const struct header *header,
		      enum place place, struct error *err)
{
	int rc = header_is_single(&splitter->lines, header, err);
	if (rc != 0)
		return rc;
	switch (place) {
	case PLACE_OBJECT:
		if (id_read(&splitter->text.target, header, splitter->hash_bytes))
			return 0;
		return id_refuse(&splitter->lines, header, splitter->hash_bytes,
				 ERROR_TAG_OBJECT_ID, err);
	case PLACE_TYPE:
		return read_type(splitter, header, err);
	case PLACE_TAG:
		return read_name(splitter, header, err);
	case PLACE_TAGGER:
		return ident_parse(&splitter->text.tagger, &splitter->lines, header,
				   err);
	case PLACE_COUNT:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "a tag has no such place");
}

/* A tag is signed in its body; in its headers stands at most the signature of the same
 * tag written in the other hash. */
static int read_signature_header(struct tag_splitter *splitter,
				 const struct header *header, struct error *err)
{
	bool is_sha256 = span_is(header->name, "gpgsig-sha256");
	bool other = splitter->hash_bytes == 32 ? span_is(header->name, "gpgsig")
						: is_sha256;
	if (!other)
		return refuse_header(header, ERROR_TAG_SIGNATURE_HEADER,
				     "is a signature in a header", err);
	if (lines_have(&splitter->lines, "tagger"))
		return refuse_header(header, ERROR_TAG_ORDER,
				     "stands before the tagger", err);
	if (splitter->cut_count != 0)
		return refuse_header(header, ERROR_TAG_SIGNATURE_HEADER_TWICE,
				     "is a second signature for the other hash", err);
	splitter->cut = *header;
	splitter->cut_count = 1;
	return 0;
}

static int wrong_place(const struct tag_splitter *splitter, const struct header *header,
		       enum place expected, struct error *err)
{
	for (enum place i = PLACE_OBJECT; i < expected; i++)
		if (span_is(header->name, places[i]))
			return refuse_header_as(header, twice_code(i),
						"stands there a second time", err);
	bool known = false;
	for (enum place i = expected; i < PLACE_COUNT; i++)
		known = known || span_is(header->name, places[i]);
	if (!known)
		return refuse_header(header, ERROR_TAG_HEADER_UNKNOWN, "is unknown",
				     err);
	if (lines_have(&splitter->lines, places[expected]))
		return refuse_header(header, ERROR_TAG_ORDER,
				     "does not stand where git writes it", err);
	return error_set(err, missing_code(expected),
			 "the tag has no header '%s', expected at byte %zu",
			 places[expected], header->start);
}

static int read_headers(struct tag_splitter *splitter, struct error *err)
{
	enum place expected = PLACE_OBJECT;
	struct header header;
	int rc;
	while ((rc = lines_next(&splitter->lines, &header, err)) == 1) {
		if (expected < PLACE_COUNT && span_is(header.name, places[expected]))
			rc = read_place(splitter, &header, expected++, err);
		else if (expected >= PLACE_TAGGER && span_starts_with(header.name, "gpg"
										   "si"
										   "g"))
			rc = read_signature_header(splitter, &header, err);
		else
			rc = wrong_place(splitter, &header, expected, err);
		if (rc != 0)
			return rc;
	}
	if (rc == 0 && expected < PLACE_TAGGER)
		return error_set(err, missing_code(expected),
				 "the tag has no header '%s', expected at byte %zu",
				 places[expected], splitter->lines.at - 1);
	return rc;
}

static int find_signature(struct tag_splitter *splitter, struct error *err)
{
	const struct lines *lines = &splitter->lines;
	size_t start;
	int rc = signed_tail_find(lines, &tail_codes, &start, err);
	if (rc != 0)
		return rc;
	if (start < lines->length)
		splitter->text.signature =
			(struct span){ lines->object + start, lines->length - start };
	splitter->text.message =
		(struct span){ lines->object + lines->at, start - lines->at };
	payload_without(splitter->text.payload, &splitter->text.payload_count,
			lines->object, start, &splitter->cut, splitter->cut_count);
	return 0;
}

int tag_split(struct tag_text *out, const char *object, size_t length,
	      size_t hash_bytes, struct error *err)
{
	struct tag_splitter splitter = { .hash_bytes = hash_bytes };
	int rc = lines_open(&splitter.lines, &codes, object, length, err);
	if (rc == 0)
		rc = read_headers(&splitter, err);
	if (rc == 0)
		rc = find_signature(&splitter, err);
	if (rc == 0)
		*out = splitter.text;
	return rc;
}
