/* tests/fuzz/fuzz_kubeconfig.c - any bytes as a kubeconfig: refused with a reason, or
 * an access that keeps what cluster/access.h promises; twice in a list it is the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "cluster/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_access(const struct cluster_access *access)
{
	bool secure = strncmp(access->server, "https://", 8) == 0;
	bool somebody = access->token || access->certificate;
	size_t length = strlen(access->server);

	if (!secure && strncmp(access->server, "http://", 7) != 0)
		abort();
	if (secure != somebody || access->server[length - 1] == '/')
		abort();
	if (!access->certificate != !access->key || !access->name || !access->namespace)
		abort();
	if (access->token && (!*access->token || strpbrk(access->token, " \t\r\n")))
		abort();
}

static bool is_same(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static void check_same(const struct cluster_access *one,
		       const struct cluster_access *other)
{
	if (!is_same(one->server, other->server) ||
	    !is_same(one->server_name, other->server_name) ||
	    !is_same(one->authorities, other->authorities) ||
	    !is_same(one->token, other->token) ||
	    !is_same(one->certificate, other->certificate) ||
	    !is_same(one->key, other->key) ||
	    !is_same(one->namespace, other->namespace))
		abort();
}

static struct cluster_access *read_access(const struct cluster_choice *choice)
{
	struct cluster_access *access = NULL;
	struct error err = ERROR_INIT;

	int rc = cluster_access_find(&access, choice, &err);
	if ((rc == 0) != (access != NULL) || (rc != 0 && err.text[0] == '\0'))
		abort();
	if (access)
		check_access(access);
	return access;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[64], list[144];
	int fd = memfd_create("kubeconfig", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	snprintf(list, sizeof(list), "%s:%s", name, name);
	const struct cluster_choice once = { .file = name };
	const struct cluster_choice twice = { .list = list };
	struct cluster_access *one = read_access(&once);
	struct cluster_access *other = read_access(&twice);
	if (!one != !other)
		abort();
	if (one)
		check_same(one, other);
	cluster_access_free(one);
	cluster_access_free(other);
	close(fd);
	return 0;
}
