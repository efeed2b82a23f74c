/* job/remember_document.c - documents that were found good before. */
#include "job/remember_document.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "job/judge.h"
#include "model/policy.h"

#define GOOD   "good"
#define AT_ONE 512 /* questions in one message */

/* The number is raised when what is read from the same bytes changes between two
 * versions. */
static const char *fact_kind(const char *path)
{
	return doc_format_of(path) == DOC_JSON ? "json-document-2" : "yaml-document-3";
}

int document_context(const struct rule *rule, const struct limits *limits,
		     struct digest *out, struct error *err)
{
	struct hasher *hasher = hasher_new();

	if (!hasher)
		return error_set(err, ERROR_MEMORY, "out of memory");
	hasher_add_field(hasher, PACKAGE_VERSION, strlen(PACKAGE_VERSION));
	hasher_add_field(hasher, rule->schema_digest.bytes, DIGEST_BYTES);
	hasher_add_field(hasher, limits->values, sizeof(limits->values));
	if (hasher_finish(hasher, out) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return 0;
}

/* --- asking --- */

static bool same_space(const struct document_question *a,
		       const struct document_question *b)
{
	return a->context == b->context &&
	       strcmp(fact_kind(a->path), fact_kind(b->path)) == 0;
}

static void recall_some(const struct collector *collector,
			struct document_question *const *questions, size_t count)
{
	const struct fact_cache *cache = collector->judge->cache;
	const char *kind = fact_kind(questions[0]->path);
	const struct digest *context = questions[0]->context;
	const char *values[AT_ONE] = { NULL };
	struct oid keys[AT_ONE];

	for (size_t i = 0; i < count; i++)
		keys[i] = questions[i]->blob;
	if (cache->get_all)
		cache->get_all(cache->data, kind, context, keys, count, values,
			       collector->arena);
	else
		for (size_t i = 0; i < count; i++)
			values[i] = cache->get(cache->data, kind, context, &keys[i],
					       collector->arena);
	for (size_t i = 0; i < count; i++)
		questions[i]->known = values[i] && strcmp(values[i], GOOD) == 0;
}

/* Those like `first`, which is the first that was not asked about yet. */
static void recall_like(const struct collector *collector,
			struct document_question *questions, size_t count, size_t first,
			bool *asked)
{
	struct document_question *some[AT_ONE];
	size_t found = 0;

	for (size_t i = first; i < count; i++) {
		if (asked[i] || !same_space(&questions[i], &questions[first]))
			continue;
		asked[i] = true;
		some[found++] = &questions[i];
		if (found == AT_ONE) {
			recall_some(collector, some, found);
			found = 0;
		}
	}
	if (found)
		recall_some(collector, some, found);
}

void recall_documents(const struct collector *collector,
		      struct document_question *questions, size_t count)
{
	const struct fact_cache *cache = collector->judge->cache;
	bool *asked = arena_array(collector->arena, count + 1, sizeof(*asked));

	for (size_t i = 0; asked && cache && cache->get && i < count; i++)
		if (!asked[i])
			recall_like(collector, questions, count, i, asked);
}

void remember_document(const struct collector *collector,
		       const struct document_question *question)
{
	const struct fact_cache *cache = collector->judge->cache;

	if (cache && cache->put)
		cache->put(cache->data, fact_kind(question->path), question->context,
			   &question->blob, GOOD);
}
