/* doc/schema_keywords.c - the table of keywords of JSON Schema. */
#include "doc/schema_keywords.h"

#include <stdlib.h>
#include <string.h>

#include "doc/schema_compile.h"

static const struct keyword keywords[] = {
#define KEYWORD(name, first, last, shape, vocabulary, compile)                         \
	{ name,          SCHEMA_DRAFT_##first,    SCHEMA_DRAFT_##last,                 \
	  SHAPE_##shape, VOCABULARY_##vocabulary, compile },
#include "doc/schema_keywords.def"
#undef KEYWORD
};

#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))

static int compare(const void *key, const void *row)
{
	const struct node *name = key;
	const char *other = ((const struct keyword *)row)->name;
	int order = strcmp(name->text, other);
	/* "type\0x" is not "type". */
	return order != 0 ? order : name->length > strlen(other);
}

static bool is_known(enum schema_draft draft, const struct keyword *keyword)
{
	if (draft == SCHEMA_DRAFT_KUBERNETES && keyword->last == SCHEMA_DRAFT_2020_12)
		return true;
	return draft >= keyword->first && draft <= keyword->last;
}

const struct keyword *keyword_of(enum schema_draft draft, const struct node *key)
{
	const struct keyword *keyword =
		bsearch(key, keywords, KEYWORD_COUNT, sizeof(keywords[0]), compare);
	return keyword != NULL && is_known(draft, keyword) ? keyword : NULL;
}

const struct keyword *keyword_at(size_t index)
{
	return index < KEYWORD_COUNT ? &keywords[index] : NULL;
}

enum schema_draft keyword_draft(const char *uri)
{
	static const struct {
		const char *uri;
		enum schema_draft draft;
	} rows[] = {
		{ "json-schema.org/draft-04/schema", SCHEMA_DRAFT_4 },
		{ "json-schema.org/draft-06/schema", SCHEMA_DRAFT_6 },
		{ "json-schema.org/draft-07/schema", SCHEMA_DRAFT_7 },
		{ "json-schema.org/draft/2019-09/schema", SCHEMA_DRAFT_2019_09 },
		{ "json-schema.org/draft/2020-12/schema", SCHEMA_DRAFT_2020_12 },
	};
	const char *name = strstr(uri, "://");
	size_t scheme = name == NULL ? 0 : (size_t)(name - uri);
	if ((scheme != 4 && scheme != 5) || strncmp(uri, "https", scheme) != 0)
		return SCHEMA_DRAFT_UNKNOWN;
	name += 3;
	size_t length = strcspn(name, "#");
	if (name[length] == '#' && name[length + 1] != '\0')
		return SCHEMA_DRAFT_UNKNOWN;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].uri) == length &&
		    memcmp(rows[i].uri, name, length) == 0)
			return rows[i].draft;
	return SCHEMA_DRAFT_UNKNOWN;
}

const char *schema_keyword(enum schema_draft draft, size_t index)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		if (is_known(draft, &keywords[i]) && index-- == 0)
			return keywords[i].name;
	}
	return NULL;
}
