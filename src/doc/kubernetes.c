/* doc/kubernetes.c - documents against the schemas of their kinds. */
#include "doc/kubernetes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"
#include "doc/kubernetes_bundle.h"
#include "doc/kubernetes_changes.h"
#include "doc/kubernetes_import.h"
#include "doc/kubernetes_versions.h"
#include "doc/node.h"

#define CATALOG_BYTES ((size_t)64 << 20)
#define PROBLEMS      20
#define UNKNOWN_MOST  1000 /* fields that are not known, where that is good */
#define KIND_BYTES    512
#define LIST_DEPTH    4 /* Lists of Lists that are unfolded */
#define LIST          "List"

/* Schemas that were compiled together. */
struct kind_set {
	const struct schema *schema;
	struct schema *owned;           /* the same, when it is the catalog's */
	const unsigned char *unchecked; /* by entry */
	size_t count;                   /* of entries */
	bool defined;                   /* by a definition that was added */
	unsigned char *owned_marks;
};

struct kubernetes_catalog {
	struct arena *arena;
	const char *version;   /* of Kubernetes; NULL: nobody said */
	struct kind_set *sets; /* the bundle first */
	size_t set_count;
	size_t set_capacity;
	struct map asked; /* kinds that `missing` was asked for */
	struct map told;  /* kinds of which it was said that rules are not evaluated;
			     NULL: it may be said again */
	int (*missing)(void *data, struct kubernetes_catalog *catalog, const char *kind,
		       struct error *err);
	void *missing_data;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for schemas");
}

int kubernetes_catalog_new(struct kubernetes_catalog **out,
			   const struct kubernetes_bundle *bundle, struct error *err)
{
	struct arena *arena = arena_new(CATALOG_BYTES);
	struct kubernetes_catalog *catalog =
		arena == NULL ? NULL : arena_new_of(arena, struct kubernetes_catalog);
	if (catalog == NULL) {
		arena_free(arena);
		return no_memory(err);
	}
	catalog->arena = arena;
	if (bundle != NULL) {
		struct kind_set *set =
			ARENA_PUSH(arena, &catalog->sets, &catalog->set_count,
				   &catalog->set_capacity);
		if (set == NULL) {
			arena_free(arena);
			return no_memory(err);
		}
		catalog->version = kubernetes_bundle_version(bundle);
		set->schema = bundle_schema(bundle);
		set->unchecked = bundle_unchecked(bundle);
		set->count = kubernetes_bundle_kinds(bundle);
	}
	*out = catalog;
	return 0;
}

void kubernetes_catalog_free(struct kubernetes_catalog *catalog)
{
	if (catalog == NULL)
		return;
	for (size_t i = 0; i < catalog->set_count; i++) {
		schema_free(catalog->sets[i].owned);
		free(catalog->sets[i].owned_marks);
	}
	map_release(&catalog->asked);
	map_release(&catalog->told);
	arena_free(catalog->arena);
}

void kubernetes_catalog_repeat(struct kubernetes_catalog *catalog)
{
	for (size_t i = 0; i < catalog->told.count; i++)
		catalog->told.entries[i].value = NULL;
}

void kubernetes_catalog_on_missing(struct kubernetes_catalog *catalog,
				   int (*missing)(void *data,
						  struct kubernetes_catalog *catalog,
						  const char *kind, struct error *err),
				   void *data)
{
	catalog->missing = missing;
	catalog->missing_data = data;
}

static int add_set(struct kubernetes_catalog *catalog, struct schema *schema,
		   unsigned char *unchecked, struct error *err)
{
	struct kind_set *set = ARENA_PUSH(catalog->arena, &catalog->sets,
					  &catalog->set_count, &catalog->set_capacity);
	if (set == NULL) {
		schema_free(schema);
		free(unchecked);
		return no_memory(err);
	}
	*set = (struct kind_set){ .schema = schema,
				  .owned = schema,
				  .defined = true,
				  .unchecked = unchecked,
				  .owned_marks = unchecked };
	while (schema_name(schema, set->count) != NULL)
		set->count++;
	return 0;
}

int kubernetes_catalog_add(struct kubernetes_catalog *catalog, const char *name,
			   const struct node *root, const struct limits *limits,
			   struct error *err)
{
	struct kubernetes_import *import = NULL;
	struct schema *schema = NULL;
	unsigned char *unchecked = NULL;
	size_t kinds = 0;
	bool list = node_kind(node_get(root, "items")) == NODE_SEQUENCE;
	if (!kubernetes_is_definition(root) && !list)
		return 0;
	/* Whoever pushes makes us compile: less than for a bundle. */
	struct limits narrow = limits == NULL ? limits_default : *limits;
	uint64_t most = narrow.values[LIMIT_SCHEMA_DEFINITION_NODES];
	if (narrow.values[LIMIT_SCHEMA_NODES] > most)
		narrow.values[LIMIT_SCHEMA_NODES] = most;
	int status = kubernetes_import_new(&import, &narrow, err);
	if (status == 0)
		status = kubernetes_import_tree(import, name, root, &kinds, err);
	if (status == 0 && kinds > 0)
		status = kubernetes_import_compile(import, name, &schema, &unchecked,
						   err);
	if (status == 0 && schema != NULL)
		status = add_set(catalog, schema, unchecked, err);
	kubernetes_import_free(import);
	if (status == ERROR_LIMIT)
		error_context(err, "for what is defined in a push %s counts as %s",
			      limit_name(LIMIT_SCHEMA_DEFINITION_NODES),
			      limit_name(LIMIT_SCHEMA_NODES));
	return status;
}

int kubernetes_catalog_share(struct kubernetes_catalog *catalog,
			     const struct kubernetes_catalog *from, struct error *err)
{
	for (size_t i = 0; i < from->set_count; i++) {
		const struct kind_set *set = &from->sets[i];
		if (!set->defined)
			continue;
		struct kind_set *slot =
			ARENA_PUSH(catalog->arena, &catalog->sets, &catalog->set_count,
				   &catalog->set_capacity);
		if (slot == NULL)
			return no_memory(err);
		*slot = *set;
		slot->owned = NULL;
		slot->owned_marks = NULL;
	}
	return 0;
}

/* --- finding the schema of a kind --- */

struct found {
	const struct kind_set *set; /* NULL: none */
	uint32_t entry;
	bool defined; /* by a definition that was added */
};

/* Names are sorted. Whether a kind has rules that nobody evaluates here. */
static bool has_unchecked(const struct kind_set *set, const char *kind)
{
	size_t first = 0;
	size_t end = set->count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = strcmp(kind, schema_name(set->schema, middle));
		if (order == 0)
			return set->unchecked[middle] != 0;
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return false;
}

static struct found find_exactly(const struct kubernetes_catalog *catalog,
				 const char *kind)
{
	struct found found = { 0 };
	for (size_t i = 0; found.set == NULL && i < catalog->set_count; i++) {
		const struct kind_set *set = &catalog->sets[i];
		if (!schema_find(set->schema, kind, &found.entry))
			continue;
		found.set = set;
		found.defined = set->defined;
	}
	return found;
}

/* Where only the name of a file told the kind, it is in lower case. */
static struct found find_kind(const struct kubernetes_catalog *catalog,
			      const char *kind)
{
	struct found found = find_exactly(catalog, kind);
	char folded[KIND_BYTES];
	if (found.set != NULL || strlen(kind) >= sizeof(folded))
		return found;
	const char *slash = strrchr(kind, '/');
	for (size_t i = 0; i <= strlen(kind); i++) {
		bool name = slash != NULL && kind + i > slash;
		folded[i] = (char)(name ? tolower((unsigned char)kind[i]) : kind[i]);
	}
	return find_exactly(catalog, folded);
}

bool kubernetes_catalog_has(const struct kubernetes_catalog *catalog, const char *kind)
{
	return find_kind(catalog, kind).set != NULL;
}

static int ask(struct kubernetes_catalog *catalog, const char *kind, struct found *out,
	       struct error *err)
{
	*out = find_kind(catalog, kind);
	if (out->set != NULL || catalog->missing == NULL ||
	    map_has(&catalog->asked, kind, strlen(kind)))
		return 0;
	/* What was added before a failure counts, whoever asked first. */
	struct error cause = ERROR_INIT;
	int status = catalog->missing(catalog->missing_data, catalog, kind, &cause);
	*out = find_kind(catalog, kind);
	if (out->set != NULL)
		return 0;
	if (status != 0)
		return error_set(err, status, "%s", cause.text);
	char *kept = arena_string(catalog->arena, kind);
	bool put = kept != NULL &&
		   map_put(&catalog->asked, kept, strlen(kept), catalog) == 0;
	return put ? 0 : no_memory(err);
}

/* --- one document --- */

struct visit {
	struct kubernetes_catalog *catalog;
	const struct kubernetes_options *options;
	const struct limits *limits;
	const struct kubernetes_sink *sink;
	struct error *err;
	size_t maximum;
	size_t told;           /* problems, not advice */
	size_t unknown_fields; /* of the object at hand */
	bool invalid;
	bool validated;
	bool unknown;
	bool from_definition;
	/* of the object at hand */
	const struct node *root;
	const char *kind;
	const char *prefix; /* "items[3]: ", "" outside of Lists */
};

static void tell(struct visit *visit, int code, bool advice,
		 const struct schema_problem *problem)
{
	if (!advice) {
		visit->invalid = true;
		if (visit->told++ >= visit->maximum)
			return;
	}
	if (visit->sink == NULL)
		return;
	const struct kubernetes_problem told = {
		.code = code, .advice = advice, .kind = visit->kind, .schema = problem
	};
	visit->sink->problem(visit->sink->data, &told);
}

static void tell_about(struct visit *visit, int code, bool advice, const char *key,
		       const char *message, const char *mend)
{
	const struct node *place = node_get(visit->root, key);
	place = place == NULL ? visit->root : place;
	const struct schema_problem problem = {
		.node = place,
		.line = node_line(place),
		.column = node_column(place),
		.instance_path = "",
		.keyword = "",
		.message = message,
		.fixed_mend = mend,
	};
	tell(visit, code, advice, &problem);
}

/* A field that has an effect, though the schema does not know it: see visit_kind(). */
static bool makes_list(const struct visit *visit, const struct node *node)
{
	const struct node *items = node_get(visit->root, "items");
	return node_kind(items) == NODE_SEQUENCE && node == items;
}

static void take_problem(void *data, const struct schema_problem *problem)
{
	struct visit *visit = data;
	char message[1400];
	struct schema_problem told = *problem;
	bool unknown = strcmp(problem->keyword, "additionalProperties") == 0 &&
		       !makes_list(visit, problem->node);
	if (visit->options->allow_unknown && unknown) {
		visit->unknown_fields++;
		return;
	}
	snprintf(message, sizeof(message), "%s%s", visit->prefix, problem->message);
	told.message = message;
	tell(visit, ERROR_SCHEMA_MISMATCH, false, &told);
}

/* Rules in CEL, and patterns that only Go knows. */
static int tell_unchecked(struct visit *visit, const struct found *found)
{
	struct kubernetes_catalog *catalog = visit->catalog;
	char message[KIND_BYTES + 120];
	if (!has_unchecked(found->set, visit->kind) ||
	    map_get(&catalog->told, visit->kind, strlen(visit->kind)) != NULL)
		return 0;
	char *kept = arena_string(catalog->arena, visit->kind);
	if (kept == NULL || map_put(&catalog->told, kept, strlen(kept), catalog) != 0)
		return no_memory(visit->err);
	snprintf(message, sizeof(message),
		 "%s has rules that are not evaluated here (x-kubernetes-validations)",
		 visit->kind);
	tell_about(visit, ERROR_RULES_UNCHECKED, true, "kind", message,
		   "the API server evaluates them");
	return 0;
}

static void tell_retirement(struct visit *visit, const char *version, const char *kind,
			    bool known)
{
	const struct kubernetes_retirement *row = kubernetes_retirement(version, kind);
	const char *now = visit->catalog->version;
	unsigned int minor = now == NULL ? 0 : kubernetes_minor(now);
	char message[256];
	char mend[160] = "there is no replacement";
	if (row == NULL || minor < row->deprecated)
		return;
	bool removed = minor >= row->removed && !known;
	snprintf(message, sizeof(message),
		 removed ? "%s%s of %s was removed in Kubernetes 1.%u"
			 : "%s%s of %s is deprecated, and goes in Kubernetes 1.%u",
		 visit->prefix, kind, version, row->removed);
	if (row->replacement != NULL)
		snprintf(mend, sizeof(mend), "use apiVersion: %s", row->replacement);
	tell_about(visit, removed ? ERROR_KIND_REMOVED : ERROR_KIND_DEPRECATED,
		   !removed, "apiVersion", message, mend);
}

static bool is_removed(const struct visit *visit, const char *version, const char *kind)
{
	const struct kubernetes_retirement *row = kubernetes_retirement(version, kind);
	const char *now = visit->catalog->version;
	return row != NULL && now != NULL && kubernetes_minor(now) >= row->removed;
}

/* The sets in which is looked for what was meant: none when nobody hears it. */
static size_t sets_to_search(const struct visit *visit)
{
	return visit->told < visit->maximum ? visit->catalog->set_count : 0;
}

/* Of a document that lacks one of the two; the other may be NULL. */
static void suggest_missing(const struct visit *visit, const char *version,
			    const char *kind, char *out, size_t size)
{
	const char *known = NULL;
	for (size_t s = 0; kind != NULL && s < sets_to_search(visit); s++) {
		const struct schema *schema = visit->catalog->sets[s].schema;
		const char *name;
		for (size_t i = 0; (name = schema_name(schema, i)) != NULL; i++)
			if (known == NULL && strcmp(strrchr(name, '/') + 1, kind) == 0)
				known = name;
	}
	if (known != NULL)
		snprintf(out, size, "add 'apiVersion: %.*s'",
			 (int)(strrchr(known, '/') - known), known);
	else
		snprintf(out, size, "%sleave other documents out of the rule's paths",
			 kind != NULL      ? "add 'apiVersion', or "
			 : version != NULL ? "add 'kind', or "
					   : "");
}

/* The version in which the kind is known, or the kind that was meant. */
static void suggest_kind(const struct visit *visit, const char *version,
			 const char *kind, char *out, size_t size)
{
	const char *near[64];
	size_t count = 0;
	const char *other = NULL;
	for (size_t s = 0; s < sets_to_search(visit); s++) {
		const struct schema *schema = visit->catalog->sets[s].schema;
		const char *name;
		for (size_t i = 0; (name = schema_name(schema, i)) != NULL; i++) {
			const char *slash = strrchr(name, '/');
			size_t length = (size_t)(slash - name);
			if (strcmp(slash + 1, kind) == 0)
				other = name;
			if (strlen(version) != length ||
			    strncmp(name, version, length) != 0)
				continue;
			if (count == sizeof(near) / sizeof(near[0])) {
				near[0] = text_nearest(kind, near, count);
				count = near[0] != NULL;
			}
			near[count++] = slash + 1;
		}
	}
	const char *best = count == 0 ? NULL : text_nearest(kind, near, count);
	if (best != NULL)
		snprintf(out, size, "did you mean 'kind: %s'?", best);
	else if (other != NULL)
		snprintf(out, size, "did you mean 'apiVersion: %.*s'?",
			 (int)(strrchr(other, '/') - other), other);
	else
		snprintf(out, size,
			 "add its CustomResourceDefinition to 'crds', or name the kind "
			 "in 'skip'");
}

static void tell_unknown(struct visit *visit, const char *version, const char *kind)
{
	char message[KIND_BYTES + 100];
	char mend[KIND_BYTES + 60];
	if (is_removed(visit, version, kind)) {
		tell_retirement(visit, version, kind, false);
		return;
	}
	visit->unknown = true;
	if (visit->options->ignore_missing)
		return;
	snprintf(message, sizeof(message), "%sthere is no schema of %s", visit->prefix,
		 visit->kind);
	suggest_kind(visit, version, kind, mend, sizeof(mend));
	bool whole = visit->catalog->version != NULL;
	if (whole) {
		size_t length = strlen(message);
		snprintf(message + length, sizeof(message) - length,
			 " in Kubernetes %s", visit->catalog->version);
	}
	tell_about(visit, ERROR_KIND_UNKNOWN, false, "kind", message, mend);
}

static int visit_known(struct visit *visit, const struct found *found)
{
	const struct schema_sink sink = { take_problem, visit,
					  visit->options->allow_unknown
						  ? UNKNOWN_MOST
						  : visit->maximum };
	visit->from_definition |= found->defined;
	visit->unknown_fields = 0;
	int status =
		schema_validate_entry(found->set->schema, found->entry, visit->root,
				      visit->limits, &sink, visit->err);
	if (status < 0)
		return status;
	/* Behind them may stand what is not good. */
	if (visit->unknown_fields >= UNKNOWN_MOST)
		tell_about(visit, ERROR_SCHEMA_MISMATCH, false, "kind",
			   "it has more unknown fields than are looked through",
			   "correct them: they have no effect");
	visit->validated = true;
	return tell_unchecked(visit, found);
}

/* --- documents, and Lists of them --- */

static bool is_skipped(const struct visit *visit, const char *kind)
{
	for (size_t i = 0; i < visit->options->skip_count; i++) {
		const char *skip = visit->options->skip[i];
		if (strcmp(skip, kind) == 0 || strcmp(skip, visit->kind) == 0)
			return true;
	}
	return false;
}

static int visit_object(struct visit *visit, const struct node *root,
			const char *prefix, unsigned int depth);

/* What a List or anything else carries, by kind of its own or of all items. */
struct carrier {
	const struct node *items;
	bool every; /* also what is no object, and so nothing that can be applied */
	/* Those of this kind were validated with what carries them; NULL: none. */
	const char *version;
	const char *kind; /* "PodList" */
	const char *prefix;
	unsigned int depth;
};

static bool is_text(const struct node *node, const char *text, size_t length)
{
	return node_kind(node) == NODE_STRING && node->length == length &&
	       memcmp(node->text, text, length) == 0;
}

/* Of the kind that the list gives to items which do not say theirs, and itself no
 * list. */
static bool is_validated(const struct carrier *carrier, const struct node *item)
{
	const struct node *version = node_get(item, "apiVersion");
	const struct node *kind = node_get(item, "kind");
	size_t length = strlen(carrier->kind) - strlen(LIST);
	if (node_kind(node_get(item, "items")) == NODE_SEQUENCE)
		return false;
	return (version == NULL && kind == NULL) ||
	       (is_text(kind, carrier->kind, length) &&
		is_text(version, carrier->version, strlen(carrier->version)));
}

static bool is_carried(const struct carrier *carrier, const struct node *item)
{
	if (carrier->every)
		return true;
	return node_kind(item) == NODE_MAPPING &&
	       (carrier->kind == NULL || !is_validated(carrier, item));
}

static void tell_too_deep(struct visit *visit, const struct carrier *carrier)
{
	char message[200];
	if (visit->options->changes != NULL)
		return;
	snprintf(message, sizeof(message),
		 "%sLists in Lists are looked into to a depth of %d", carrier->prefix,
		 LIST_DEPTH);
	tell_about(visit, ERROR_SCHEMA_MISMATCH, false, "items", message,
		   "put the items into one List, or make each a document");
}

static int visit_items(struct visit *visit, const struct carrier *carrier)
{
	int status = 0;
	if (node_kind(carrier->items) != NODE_SEQUENCE)
		return 0;
	for (size_t i = 0; status == 0 && i < node_count(carrier->items); i++) {
		const struct node *item = node_item(carrier->items, i);
		char below[120];
		if (!is_carried(carrier, item))
			continue;
		if (carrier->depth == LIST_DEPTH) {
			tell_too_deep(visit, carrier);
			break;
		}
		snprintf(below, sizeof(below), "%.80sitems[%zu]: ", carrier->prefix, i);
		status = visit_object(visit, item, below, carrier->depth + 1);
	}
	return status;
}

/* A List of anything, or one of a kind of which only the items are known. */
static bool is_list(const char *version, const char *kind, const struct node *items,
		    bool known)
{
	if (node_kind(items) != NODE_SEQUENCE || !text_ends_with(kind, LIST))
		return false;
	return !known || (strcmp(kind, LIST) == 0 && strcmp(version, "v1") == 0);
}

/* Of documents that did not change: those that a changed definition speaks about. */
static bool is_passed_over(const struct visit *visit)
{
	const struct kubernetes_changes *changes = visit->options->changes;
	if (changes == NULL)
		return false;
	struct found found = find_kind(visit->catalog, visit->kind);
	return kubernetes_changes_find(changes, visit->kind) == NULL ||
	       (found.set != NULL && !found.defined);
}

/* To kubectl, "items" make anything a List: they are applied, and what carries them is
 * not (k8s.io/apimachinery, unstructured, detectList). */
static int visit_kind(struct visit *visit, const char *version, const char *kind,
		      struct carrier *carrier)
{
	struct found found;
	if (is_skipped(visit, kind) || is_passed_over(visit))
		return 0;
	int status = ask(visit->catalog, visit->kind, &found, visit->err);
	if (status != 0)
		return status;
	carrier->every = is_list(version, kind, carrier->items, found.set != NULL);
	if (carrier->every)
		return 0;
	if (found.set == NULL) {
		tell_unknown(visit, version, kind);
		return 0;
	}
	if (!found.defined && text_ends_with(kind, LIST)) {
		carrier->version = version;
		carrier->kind = kind;
	}
	tell_retirement(visit, version, kind, true);
	return visit_known(visit, &found);
}

static const char *name_of(const struct node *root, const char *key)
{
	const struct node *value = node_get(root, key);
	return node_kind(value) == NODE_STRING && value->length > 0 ? value->text
								    : NULL;
}

static int visit_object(struct visit *visit, const struct node *root,
			const char *prefix, unsigned int depth)
{
	const char *version = name_of(root, "apiVersion");
	const char *kind = name_of(root, "kind");
	char name[KIND_BYTES];
	char message[256];
	char mend[256];
	visit->root = root;
	visit->prefix = prefix;
	visit->kind = "";
	if (version == NULL || kind == NULL) {
		if (visit->options->changes != NULL)
			return 0;
		snprintf(message, sizeof(message),
			 node_kind(root) == NODE_MAPPING ? "%sa document of Kubernetes "
							   "needs '%s'"
							 : "%sa document of Kubernetes "
							   "must be an object",
			 prefix, version == NULL ? "apiVersion" : "kind");
		suggest_missing(visit, version, kind, mend, sizeof(mend));
		tell_about(visit, ERROR_KIND_MISSING, false,
			   version == NULL ? "apiVersion" : "kind", message, mend);
		return 0;
	}
	text_escape_into(name, sizeof(name) / 2, version, strlen(version));
	size_t length = strlen(name);
	name[length++] = '/';
	text_escape_into(name + length, sizeof(name) - length, kind, strlen(kind));
	visit->kind = name;
	struct carrier carrier = { .items = node_get(root, "items"),
				   .prefix = prefix,
				   .depth = depth };
	int status = visit_kind(visit, version, kind, &carrier);
	if (status == 0)
		status = visit_items(visit, &carrier);
	visit->kind = "";
	return status;
}

static enum kubernetes_outcome outcome_of(const struct visit *visit)
{
	if (visit->invalid)
		return KUBERNETES_INVALID;
	if (visit->unknown)
		return KUBERNETES_NO_SCHEMA;
	return visit->validated ? KUBERNETES_VALID : KUBERNETES_SKIPPED;
}

int kubernetes_validate(struct kubernetes_catalog *catalog, const struct node *root,
			const struct kubernetes_options *options,
			const struct limits *limits, const struct kubernetes_sink *sink,
			enum kubernetes_outcome *out, bool *from_definition,
			struct error *err)
{
	static const struct kubernetes_options none;
	struct visit visit = {
		.catalog = catalog,
		.options = options == NULL ? &none : options,
		.limits = limits == NULL ? &limits_default : limits,
		.sink = sink,
		.err = err,
		.maximum =
			sink == NULL || sink->maximum == 0 ? PROBLEMS : sink->maximum,
	};
	int status = 0;
	if (node_kind(root) != NODE_NULL)
		status = visit_object(&visit, root, "", 0);
	if (status != 0)
		return status;
	*out = outcome_of(&visit);
	if (from_definition != NULL)
		*from_definition = visit.from_definition;
	return 0;
}
