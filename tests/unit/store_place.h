/* tests/unit/store_place.h - a private directory with a store in it, for tests of the
 * store. */
#ifndef TESTS_UNIT_STORE_PLACE_H
#define TESTS_UNIT_STORE_PLACE_H

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "store/store.h"
#include "tests/conformance/store_rows.h"
#include "tests/conformance/store_suite.h"

/* The last failure says this. */
#define SAYS(part)                                                                     \
	ck_assert_msg(strstr(failure.text, (part)) != NULL, "'%s' is not in: %s",      \
		      (part), failure.text)

struct place {
	char *directory;
	char *location; /* of the store in it */
};

static inline struct place place_new(void)
{
	struct place place;
	OK(path_make_temporary(&place.directory, "gitgate-store", &failure));
	place.location = path_join(place.directory, "state.db");
	ck_assert_ptr_nonnull(place.location);
	return place;
}

static inline void place_free(struct place *place)
{
	char *name = strrchr(place->directory, '/');
	*name = '\0';
	FD_CLOSING int parent = open(place->directory, O_RDONLY | O_DIRECTORY);
	OK(path_remove_tree(parent, name + 1, &failure));
	free(place->directory);
	free(place->location);
}

static inline struct store *place_open(const struct place *place, enum store_mode mode)
{
	struct store *store = NULL;
	OK(store_open(&store, place->location, mode, &failure));
	return store;
}

/* A closed store with the rows 1 to `count` of suite_fill(). */
static inline void place_fill(const struct place *place, unsigned int count)
{
	struct store *store = place_open(place, STORE_CREATE);
	for (unsigned int i = 1; i <= count; i++)
		suite_fill(store, i);
	store_close(store);
}

/* What somebody with the sqlite3 program could do. */
static inline void place_execute(const struct place *place, const char *text)
{
	sqlite3 *db = NULL;
	char *message = NULL;
	ck_assert_int_eq(sqlite3_open(place->location, &db), SQLITE_OK);
	int answer = sqlite3_exec(db, text, NULL, NULL, &message);
	ck_assert_msg(answer == SQLITE_OK, "%s: %s", text, message);
	sqlite3_close(db);
}

static inline void place_write(const char *location, const void *bytes, size_t length)
{
	OK(path_write_atomic(location, bytes, length, 0600, &failure));
}

#endif
