/* tests/unit/test_cluster_memory.c - every allocation in turn fails (T3): an access or
 * a client is whole or is none, and nothing leaks (the sanitizer looks).
 *
 * The linker sends our allocations here: -Wl,--wrap=malloc,--wrap=calloc,
 * --wrap=realloc,--wrap=strdup. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "cluster/access.h"
#include "cluster/client.h"
#include "net/http.h"
#include "failing_memory.h"
#include "unit.h"

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

#define PEM                                                                            \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0t" \
	"LQo="
#define KEY                                                                            \
	"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkJCQkIKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0t" \
	"LQo="
#define TEXT                                                                           \
	"clusters: [{name: c, cluster: {server: 'https://h:6443/', tls-server-name: "  \
	"n.org, certificate-authority-data: " PEM "}}]\n"                              \
	"users: [{name: u, user: {token: t, client-certificate-data: " PEM             \
	", client-key-data: " KEY "}}]\n"                                              \
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"

static char *place, *file, *list;
static struct error err;

static void put_file(size_t padding)
{
	char *text = NULL;
	ck_assert(asprintf(&text, "%s%*s", TEXT, (int)padding, "# end\n") > 0);
	ck_assert_int_eq(path_write_atomic(file, text, strlen(text), 0600, &err), 0);
	free(text);
}

static void begin(void)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-memory", &err), 0);
	file = path_join(place, "config");
	ck_assert_ptr_nonnull(file);
	ck_assert(asprintf(&list, "%s:%s", file, file) > 0);
}

static void end(void)
{
	ck_assert_int_eq(path_remove_named(place, &err), 0);
	free(list);
	free(file);
	free(place);
}

/* The allocation number `at` fails; 0: none. */
static int make_both(unsigned long at)
{
	const struct cluster_choice choice = { .list = list, .context = "x" };
	struct cluster_access *access = NULL;
	struct http_client *client = NULL;

	error_clear(&err);
	one_failed = false;
	countdown = at;
	int rc = cluster_access_find(&access, &choice, &err);
	if (rc == 0)
		rc = cluster_client_new(&client, access, CLOCK_SECOND, &err);
	countdown = 0; /* what libcheck does counts for nothing */
	ck_assert_msg((rc == 0) == (client != NULL), "%d %s", rc, err.text);
	http_client_free(client);
	cluster_access_free(access);
	return rc;
}

/* With more and less text, so that other allocations are those for which a block of the
 * arena is made. */
START_TEST(no_failing_allocation_is_overlooked)
{
	unsigned long failed = 0;

	ck_assert_int_eq(http_library_init(&err), 0);
	begin();
	for (size_t padding = 8; padding < 4096; padding += 97) {
		put_file(padding);
		ck_assert_msg(make_both(0) == 0, "%s", err.text);
		for (unsigned long at = 1;; at++) {
			int rc = make_both(at);
			if (!one_failed)
				break;
			failed++;
			ck_assert_msg(rc == ERROR_MEMORY, "%lu: %d %s", at, rc,
				      err.text);
		}
	}
	ck_assert_uint_gt(failed, 500);
	end();
}
END_TEST

UNIT_MAIN("cluster-memory", no_failing_allocation_is_overlooked)
