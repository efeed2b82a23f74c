/* doc/schema_place.c - where a name belongs that stands where nobody knows it, and
 * which property a value belongs to that stands where an object is expected.
 *
 * The places of the document are searched, the near ones first: so many steps further
 * in, further out, or out and in again. A place is good when its schema knows the name
 * for a value of this kind. Only what the document does not have yet is searched for in
 * the schema alone, further in. Where more than two places are equally near, none is
 * named: "name" is known in a hundred.
 *
 * The search takes a bounded number of steps whatever the document and the schema are,
 * and allocates nothing. What it did not look through, it says nothing about. */
#include <string.h>

#include "doc/schema_report.h"

#define FURTHEST 4     /* steps */
#define PLACES   96    /* that are looked at */
#define STEPS    2048  /* rows of tables, pairs and subschemas */
#define ALIKE    4     /* items of a list, or values of a map, that are gone into */
#define NAMED    2     /* places that are equally near */
#define NESTED   8     /* subschemas for one value */
#define NAMES    16384 /* of a schema whose names are looked for by their numbers */

enum side { SIDE_HERE, SIDE_IN, SIDE_OUT, SIDE_ACROSS };

/* An object. Of one that the document does not have, the node is NULL, and its name is
 * below that of an outer one. */
struct place {
	enum side side;
	unsigned int distance;
	uint32_t schema;
	const struct node *node;
	const struct node *done; /* a value in it that was searched before */
	const struct path *path; /* NULL: the document */
	struct path steps[2];    /* the last ones of the path */
	const struct place *outer;
	uint32_t name; /* in `outer`, a number */
	bool item;     /* it is one of a list */
	bool needed;   /* `outer` must have it */
};

enum stage {
	STAGE_NEEDED,    /* places of the document that lack the name */
	STAGE_THERE,     /* those that may have it */
	STAGE_NOT_THERE, /* those that the document could have */
};

struct search {
	const struct schema *schema;
	enum stage stage;
	uint32_t number; /* of the name */
	const struct node *key;
	const struct node *value; /* which stands under it */
	unsigned int steps;
	unsigned int nested;
	bool spent; /* something was left out */
	bool taken; /* a place would do, but has the name already */
	unsigned int count;
	unsigned int found;
	const struct place *best[NAMED];
	struct place places[PLACES];
};

static bool step(struct search *search)
{
	if (search->steps == STEPS)
		search->spent = true;
	else
		search->steps++;
	return !search->spent;
}

static const struct image_operation *operations_of(const struct search *search,
						   uint32_t index, uint32_t *count)
{
	const struct image_schema *of = &search->schema->schemas[index];
	*count = of->operation_count;
	return image_at(search->schema, of->operations);
}

/* The schemas that an operation applies to the same value. */
static const uint32_t *branches_of(const struct search *search,
				   const struct image_operation *operation,
				   uint32_t *count)
{
	bool several = operation->kind == OPERATION_ALL_OF ||
		       operation->kind == OPERATION_ANY_OF ||
		       operation->kind == OPERATION_ONE_OF;
	*count = operation->kind == OPERATION_REFERENCE;
	if (!several)
		return &operation->a;
	const struct image_list *list = image_at(search->schema, operation->a);
	*count = list->count;
	return list->items;
}

static bool is_property(const struct image_property *row)
{
	return row->name != 0 &&
	       (row->flags & (IMAGE_UNKNOWN | IMAGE_ONLY_REQUIRED)) == 0;
}

/* The schema of a value; of one that no property says anything about, the pattern's. */
static uint32_t schema_of_value(const struct search *search,
				const struct image_object *object,
				const struct node *key)
{
	const struct image_property *row = object_find(search->schema, object, key);
	const struct image_pattern_property *patterns = NULL;
	if (row->name != 0 || object->pattern_count == 0)
		return row->schema;
	patterns = image_at(search->schema, object->patterns);
	return patterns[0].schema;
}

/* One subschema further in, for the same value. */
static bool nest(struct search *search)
{
	if (search->nested == NESTED)
		search->spent = true;
	if (!search->spent)
		search->nested++;
	return !search->spent;
}

/* The schema of what stands under a key, or of items where it is NULL, by the first
 * branch that says something about it. */
static uint32_t schema_below(struct search *search, uint32_t index,
			     const struct node *key)
{
	uint32_t below = SCHEMA_NONE;
	uint32_t count = 0;
	const struct image_operation *operation = operations_of(search, index, &count);
	for (; count > 0 && below == SCHEMA_NONE && step(search); count--) {
		uint32_t branches = 0;
		const uint32_t *branch = branches_of(search, operation, &branches);
		const void *of = image_at(search->schema, operation->a);
		if (key != NULL && operation->kind == OPERATION_PROPERTIES)
			below = schema_of_value(search, of, key);
		else if (key == NULL && operation->kind == OPERATION_ITEMS)
			below = ((const struct image_items *)of)->rest;
		for (uint32_t i = 0;
		     i < branches && below == SCHEMA_NONE && nest(search);
		     i++, search->nested--)
			below = schema_below(search, branch[i], key);
		operation++;
	}
	return below;
}

static struct place *add_place(struct search *search, const struct place *outer,
			       uint32_t schema)
{
	if (search->count == PLACES || schema == SCHEMA_NONE) {
		search->spent = search->spent || schema != SCHEMA_NONE;
		return NULL;
	}
	struct place *place = &search->places[search->count++];
	*place = (struct place){
		.schema = schema,
		.outer = outer,
		.distance = outer == NULL ? 0 : outer->distance + 1,
		.side = SIDE_IN,
	};
	if (outer != NULL && (outer->side == SIDE_OUT || outer->side == SIDE_ACROSS))
		place->side = SIDE_ACROSS;
	return place;
}

/* How many it has: none yet where a value is null. */
static uint32_t pairs_of(const struct place *place)
{
	const struct node *node = place->node;
	return node != NULL && node->kind == NODE_MAPPING ? node->length : 0;
}

/* An object below a place of the document, which may have nothing in it yet, or those
 * of a list. */
static void enter_value(struct search *search, const struct place *outer,
			const struct node *value, uint32_t schema)
{
	const struct path step = { outer->path, outer->node, value, false };
	struct place *place = NULL;
	if (value->kind != NODE_SEQUENCE) {
		place = add_place(search, outer, schema);
		if (place == NULL)
			return;
		place->node = value;
		place->steps[0] = step;
		place->path = &place->steps[0];
		return;
	}
	uint32_t items = schema_below(search, schema, NULL);
	for (uint32_t i = 0; i < value->length && i < ALIKE; i++) {
		if (value->items[i].kind != NODE_MAPPING)
			continue;
		place = add_place(search, outer, items);
		if (place == NULL)
			return;
		place->node = &value->items[i];
		place->item = true;
		place->steps[0] = step;
		place->steps[1] =
			(struct path){ &place->steps[0], value, place->node, false };
		place->path = &place->steps[1];
	}
}

static void enter_values(struct search *search, const struct place *place,
			 const struct image_object *object)
{
	unsigned int alike = 0;
	for (uint32_t i = 0; i < pairs_of(place) && step(search); i++) {
		const struct pair *pair = &place->node->pairs[i];
		uint32_t schema = SCHEMA_NONE;
		if ((!node_is_container(&pair->value) &&
		     pair->value.kind != NODE_NULL) ||
		    &pair->value == place->done)
			continue;
		schema = schema_of_value(search, object, &pair->key);
		if (object_find(search->schema, object, &pair->key)->name == 0 &&
		    alike++ == ALIKE)
			return;
		if (schema != SCHEMA_NONE)
			enter_value(search, place, &pair->value, schema);
	}
}

static bool has_row(struct search *search, const struct place *place,
		    const struct image_object *object, uint32_t number)
{
	for (uint32_t i = 0; i < pairs_of(place) && step(search); i++)
		if (object_find(search->schema, object, &place->node->pairs[i].key)
			    ->name == number)
			return true;
	return false;
}

/* What could stand below a place, and does not. */
static void enter_rows(struct search *search, const struct place *outer,
		       const struct image_object *object)
{
	const struct image_property *table = image_at(search->schema, object->table);
	for (uint32_t i = 0; i <= object->mask && step(search); i++) {
		uint32_t schema = table[i].schema;
		struct place *place = NULL;
		if (!is_property(&table[i]) || schema == SCHEMA_NONE ||
		    has_row(search, outer, object, table[i].name))
			continue;
		uint32_t items = schema_below(search, schema, NULL);
		place = add_place(search, outer, items != SCHEMA_NONE ? items : schema);
		if (place == NULL)
			return;
		place->name = table[i].name;
		place->needed = table[i].required != 0;
		place->item = items != SCHEMA_NONE;
	}
}

static bool takes_kind(const struct schema *schema, const struct image_property *row,
		       const struct node *value)
{
	return row->schema == SCHEMA_NONE || value->kind == NODE_NULL ||
	       (schema->schemas[row->schema].kinds & KIND_BIT(value->kind)) != 0;
}

/* Whether the value may stand there under its name. */
static bool takes_value(struct search *search, const struct place *place,
			const struct image_property *row)
{
	if (!is_property(row) || place->side == SIDE_HERE ||
	    (place->node == NULL) != (search->stage == STAGE_NOT_THERE) ||
	    (search->stage == STAGE_NEEDED && row->required == 0))
		return false;
	if (pairs_of(place) > 0 &&
	    mapping_find(place->node, search->key->text, search->key->length) != NULL) {
		search->taken = true;
		return false;
	}
	return takes_kind(search->schema, row, search->value);
}

static bool is_same(const struct place *a, const struct place *b)
{
	return a == b || (a->item && b->item && a->node != NULL && b->node != NULL &&
			  a->path->container == b->path->container);
}

/* Straight in or out is nearer than both; what is needed than what is not. */
static bool is_nearer(const struct place *a, const struct place *b)
{
	if ((a->side == SIDE_ACROSS) != (b->side == SIDE_ACROSS))
		return b->side == SIDE_ACROSS;
	return a->needed && !b->needed;
}

static void find(struct search *search, const struct place *place)
{
	unsigned int known = search->found < NAMED ? search->found : NAMED;
	for (unsigned int i = 0; i < known; i++)
		if (is_same(search->best[i], place))
			return;
	if (search->found > 0 && is_nearer(search->best[0], place))
		return;
	if (search->found > 0 && is_nearer(place, search->best[0]))
		search->found = 0;
	if (search->found < NAMED)
		search->best[search->found] = place;
	search->found++;
}

static void look(struct search *search, const struct place *place, uint32_t schema)
{
	uint32_t count = 0;
	const struct image_operation *operation = operations_of(search, schema, &count);
	for (; count > 0 && step(search); count--, operation++) {
		uint32_t branches = 0;
		const uint32_t *branch = branches_of(search, operation, &branches);
		for (uint32_t i = 0; i < branches && nest(search);
		     i++, search->nested--)
			look(search, place, branch[i]);
		if (operation->kind != OPERATION_PROPERTIES)
			continue;
		const struct image_object *object =
			image_at(search->schema, operation->a);
		const struct image_property *row =
			object_find_number(search->schema, object, search->number);
		if (takes_value(search, place, row))
			find(search, place);
		if (place->distance >= FURTHEST)
			continue;
		if (place->node != NULL)
			enter_values(search, place, object);
		if (search->stage == STAGE_NOT_THERE)
			enter_rows(search, place, object);
	}
}

/* The places around the check's, the outermost first; 0 when the schema does not lead
 * there. */
static unsigned int places_around(struct search *search, const struct check *check,
				  struct place *out)
{
	const struct path *steps[LEVELS];
	unsigned int depth = 0;
	unsigned int count = 0;
	uint32_t schema = check->run->entry;
	if (path_depth(check->path) > LEVELS)
		return 0;
	for (const struct path *path = check->path; path != NULL; path = path->parent)
		steps[depth++] = path;
	for (; depth > 0 && schema != SCHEMA_NONE; depth--) {
		const struct path *path = steps[depth - 1];
		if (path->container->kind == NODE_MAPPING)
			out[count++] = (struct place){ .side = SIDE_OUT,
						       .schema = schema,
						       .node = path->container,
						       .done = path->child,
						       .path = path->parent };
		schema = schema_below(search, schema, path_key(path));
	}
	return depth == 0 ? count : 0;
}

/* One distance after the other, until a place is found. */
static bool search_places(struct search *search, const struct place *around,
			  unsigned int around_count)
{
	unsigned int next = 0;
	unsigned int furthest = around_count > FURTHEST ? around_count : FURTHEST;
	for (unsigned int distance = 0;
	     distance <= furthest && search->found == 0 && !search->spent; distance++) {
		struct place *outer = NULL;
		if (distance > 0 && distance <= around_count)
			outer = add_place(search, NULL, 0);
		if (outer != NULL) {
			*outer = around[around_count - distance];
			outer->distance = distance;
		}
		for (unsigned int end = search->count; next < end; next++)
			look(search, &search->places[next],
			     search->places[next].schema);
	}
	return !search->spent && search->found > 0 && search->found <= NAMED;
}

static bool search_stage(struct search *search, const struct check *check,
			 enum stage stage)
{
	struct place around[LEVELS];
	unsigned int count = 0;
	search->stage = stage;
	search->steps = 0;
	search->nested = 0;
	search->spent = false;
	search->taken = false;
	search->count = 0;
	search->found = 0;
	struct place *here = add_place(
		search, NULL, (uint32_t)(check->subschema - search->schema->schemas));
	here->side = SIDE_HERE;
	here->node = check->node;
	here->path = check->path;
	if (stage != STAGE_NOT_THERE)
		count = places_around(search, check, around);
	return search_places(search, around, count);
}

static bool search_stages(struct search *search, const struct check *check)
{
	if (search_stage(search, check, STAGE_NEEDED) ||
	    search_stage(search, check, STAGE_THERE))
		return true;
	return !search->spent && !search->taken && search->found == 0 &&
	       search->schema->header->name_count <= NAMES &&
	       search_stage(search, check, STAGE_NOT_THERE);
}

/* --- in words --- */

static const struct image_string *name_of(const struct schema *schema, uint32_t number)
{
	const struct image_name *names = image_at(schema, schema->header->names);
	for (uint32_t i = 0; i < schema->header->name_count; i++)
		if (names[i].number == number)
			return image_string_at(schema, names[i].text);
	return NULL;
}

/* "spec.template", of which the first part is there. */
static void add_path(struct line *line, const struct search *search,
		     const struct check *check, const struct place *place)
{
	if (place->node != NULL && place->path != NULL)
		report_subject(line, check, place->path);
	if (place->node != NULL)
		return;
	add_path(line, search, check, place->outer);
	if (place->outer->node == NULL || place->outer->path != NULL)
		line_add_text(line, ".");
	const struct image_string *name = name_of(search->schema, place->name);
	if (name != NULL)
		line_add_shown(line, name->text, name->length);
}

static void add_place_name(struct line *line, const struct search *search,
			   const struct check *check, const struct place *place)
{
	if (place->side == SIDE_OUT)
		line_add_text(line, "to ");
	else
		line_add_text(line, place->item ? "to an item of " : "in ");
	if (place->node == NULL) {
		add_path(line, search, check, place);
	} else if (place->side == SIDE_IN && place->distance == 1) {
		const struct node *key = path_key(&place->steps[0]);
		line_add_quoted(line, '\'', key->text, key->length);
	} else {
		report_subject(line, check,
			       place->item ? &place->steps[0] : place->path);
	}
}

static const char *advice(const struct search *search)
{
	if (search->stage == STAGE_NOT_THERE)
		return search->found == 1 ? ", which is not there yet"
					  : ", which are not there yet";
	if (search->found > 1 || search->best[0]->side == SIDE_ACROSS)
		return "";
	return search->best[0]->side == SIDE_IN ? ": indent it further"
						: ": indent it less";
}

bool suggest_place(struct line *mend, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	struct search search;
	search.schema = check->run->schema;
	search.number = schema_number_of(search.schema, complaint->key);
	search.key = complaint->key;
	search.value = complaint->node;
	if (search.number == 0 || !search_stages(&search, check))
		return false;
	line_add_text(mend, "it belongs ");
	for (unsigned int i = 0; i < search.found; i++) {
		line_add_text(mend, i > 0 ? " or " : "");
		add_place_name(mend, &search, check, search.best[i]);
	}
	line_add_text(mend, advice(&search));
	return true;
}

/* --- what a value of another kind was meant to be --- */

/* What an operation of a schema is about; NULL: it has none of that kind. */
static const void *operand_of(const struct schema *schema,
			      const struct image_schema *of, uint32_t kind)
{
	const struct image_operation *operations = image_at(schema, of->operations);
	for (uint32_t i = 0; i < of->operation_count; i++)
		if (operations[i].kind == kind)
			return image_at(schema, operations[i].a);
	return NULL;
}

const struct image_object *object_expected(const struct check *check)
{
	return operand_of(check->run->schema, check->subschema, OPERATION_PROPERTIES);
}

static bool is_small(const struct schema *schema, const struct image_object *object)
{
	return object != NULL && object->mask < STEPS &&
	       schema->header->name_count <= NAMES;
}

const struct image_string *property_for(const struct check *check)
{
	const struct schema *schema = check->run->schema;
	const struct image_object *object = object_expected(check);
	uint32_t name = 0;
	unsigned int fit = 0;
	if (!is_small(schema, object))
		return NULL;
	const struct image_property *table = image_at(schema, object->table);
	for (uint32_t i = 0; i <= object->mask; i++) {
		if (!is_property(&table[i]) ||
		    !takes_kind(schema, &table[i], check->node))
			continue;
		fit++;
		if (table[i].required != 0)
			return name_of(schema, table[i].name);
		name = table[i].name;
	}
	return fit == 1 ? name_of(schema, name) : NULL;
}

bool items_know(const struct check *check, const struct node *key)
{
	const struct schema *schema = check->run->schema;
	const struct image_items *items =
		operand_of(schema, check->subschema, OPERATION_ITEMS);
	const struct image_object *object = NULL;
	if (items != NULL && items->rest != SCHEMA_NONE)
		object = operand_of(schema, &schema->schemas[items->rest],
				    OPERATION_PROPERTIES);
	return object != NULL && is_property(object_find(schema, object, key));
}

/* Whether a schema describes a map of values like this one. */
static bool is_map_for(const struct schema *schema, uint32_t index,
		       const struct node *value)
{
	const struct image_object *object =
		index == SCHEMA_NONE ? NULL
				     : operand_of(schema, &schema->schemas[index],
						  OPERATION_PROPERTIES);
	return object != NULL && object->row_count == 0 && object->pattern_count == 0 &&
	       object->additional != SCHEMA_NONE &&
	       (schema->schemas[object->additional].kinds & KIND_BIT(value->kind)) != 0;
}

const struct image_string *map_for(const struct check *check,
				   const struct image_object *object,
				   const struct node *value)
{
	const struct schema *schema = check->run->schema;
	uint32_t name = 0;
	if (!is_small(schema, object))
		return NULL;
	const struct image_property *table = image_at(schema, object->table);
	for (uint32_t i = 0; i <= object->mask; i++) {
		if (!is_property(&table[i]) ||
		    !is_map_for(schema, table[i].schema, value))
			continue;
		if (name != 0)
			return NULL;
		name = table[i].name;
	}
	return name == 0 ? NULL : name_of(schema, name);
}

const struct image_string *needed_name(const struct check *check, uint32_t index)
{
	const struct image_schema *of = &check->run->schema->schemas[index];
	const struct image_operation *only = check_at(check, of->operations);
	const struct image_list *names = NULL;
	if (of->operation_count != 1 ||
	    (of->types != 0 && (of->types & TYPE_OBJECT) == 0))
		return NULL;
	if (only->kind == OPERATION_REQUIRED)
		names = check_at(check, only->a);
	if (only->kind == OPERATION_PROPERTIES) {
		const struct image_object *object = check_at(check, only->a);
		const struct image_list *described = check_at(check, object->names);
		if (described->count == 0 && object->required_names != 0 &&
		    object->additional == SCHEMA_NONE && object->pattern_count == 0)
			names = check_at(check, object->required_names);
	}
	return names != NULL && names->count == 1 ? check_at(check, names->items[0])
						  : NULL;
}
