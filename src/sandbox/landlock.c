/* sandbox/landlock.c - Landlock rulesets: which files a process may touch at all. */
#include "sandbox/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "sandbox/confine.h"

/* linux/landlock.h, Documentation/userspace-api/landlock.rst */
#define SYSCALL_CREATE_RULESET 444
#define SYSCALL_ADD_RULE       445
#define SYSCALL_RESTRICT_SELF  446
#define CREATE_RULESET_VERSION (1U << 0)
#define RULE_PATH_BENEATH      1
#define RULE_NET_PORT          2
#define NEWEST_ABI             7

#define FS_EXECUTE     (UINT64_C(1) << 0)
#define FS_WRITE_FILE  (UINT64_C(1) << 1)
#define FS_READ_FILE   (UINT64_C(1) << 2)
#define FS_READ_DIR    (UINT64_C(1) << 3)
#define FS_REMOVE_DIR  (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_CHAR   (UINT64_C(1) << 6)
#define FS_MAKE_DIR    (UINT64_C(1) << 7)
#define FS_MAKE_REG    (UINT64_C(1) << 8)
#define FS_MAKE_SOCK   (UINT64_C(1) << 9)
#define FS_MAKE_FIFO   (UINT64_C(1) << 10)
#define FS_MAKE_BLOCK  (UINT64_C(1) << 11)
#define FS_MAKE_SYM    (UINT64_C(1) << 12)
#define FS_REFER       (UINT64_C(1) << 13) /* ABI 2 */
#define FS_TRUNCATE    (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV   (UINT64_C(1) << 15) /* ABI 5 */
#define FS_OF_ABI_1    ((UINT64_C(1) << 13) - 1)

#define NET_BIND_TCP    (UINT64_C(1) << 0) /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL               (UINT64_C(1) << 1)

/* Given by the build. */
#ifndef GITGATE_SYSCONFDIR
#define GITGATE_SYSCONFDIR "/etc/gitgate"
#endif
#ifndef GITGATE_LOCALSTATEDIR
#define GITGATE_LOCALSTATEDIR "/var"
#endif

#define READ_RIGHTS (FS_READ_FILE | FS_READ_DIR)
#define WRITE_RIGHTS                                                                   \
	(READ_RIGHTS | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |  \
	 FS_MAKE_REG | FS_MAKE_SYM | FS_REFER | FS_TRUNCATE)
#define FILE_RIGHTS                                                                    \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attributes {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_beneath_attributes {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

struct net_port_attributes {
	uint64_t allowed_access;
	uint64_t port;
};

int landlock_abi(int maximum)
{
	long abi = syscall(SYSCALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	if (abi > NEWEST_ABI)
		abi = NEWEST_ABI;
	return maximum > 0 && abi > maximum ? maximum : (int)abi;
}

static uint64_t rights_of_abi(int abi)
{
	uint64_t rights = FS_OF_ABI_1;
	if (abi >= 2)
		rights |= FS_REFER;
	if (abi >= 3)
		rights |= FS_TRUNCATE;
	if (abi >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

int landlock_open(struct landlock *landlock, int abi,
		  const struct landlock_scope *scope, struct error *err)
{
	struct ruleset_attributes attributes = { .handled_access_fs =
							 rights_of_abi(abi) };
	if (abi >= 4 && scope->no_bind)
		attributes.handled_access_net |= NET_BIND_TCP;
	if (abi >= 4 && scope->no_connect)
		attributes.handled_access_net |= NET_CONNECT_TCP;
	if (abi >= 6 && scope->no_signals)
		attributes.scoped |= SCOPE_SIGNAL;
	if (abi >= 6 && scope->no_abstract)
		attributes.scoped |= SCOPE_ABSTRACT_UNIX_SOCKET;
	/* What an older kernel does not know is zero, which it takes. */
	long fd = syscall(SYSCALL_CREATE_RULESET, &attributes, sizeof(attributes), 0);
	if (fd < 0)
		return confine_failed(err, "cannot make a Landlock ruleset");
	*landlock = (struct landlock){ (int)fd, abi, attributes.handled_access_fs };
	return 0;
}

static uint64_t rights_of(enum landlock_right right)
{
	switch (right) {
	case LANDLOCK_READ:
		return READ_RIGHTS;
	case LANDLOCK_READ_EXEC:
		return READ_RIGHTS | FS_EXECUTE;
	case LANDLOCK_WRITE:
		return WRITE_RIGHTS;
	case LANDLOCK_TOOL:
		return WRITE_RIGHTS | FS_EXECUTE | FS_MAKE_SOCK | FS_MAKE_FIFO;
	}
	return 0;
}

static int allow(struct landlock *landlock, const char *path, uint64_t rights,
		 bool may_be_missing, struct error *err)
{
	FD_CLOSING int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && may_be_missing && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return confine_failed(err, "cannot grant '%s' to a confined process",
				      path);
	rights &= landlock->handled;
	if (!S_ISDIR(status.st_mode))
		rights &= FILE_RIGHTS;
	struct path_beneath_attributes attributes = { rights, fd };
	if (syscall(SYSCALL_ADD_RULE, landlock->fd, RULE_PATH_BENEATH, &attributes,
		    0) != 0)
		return confine_failed(err, "cannot grant '%s' to a confined process",
				      path);
	return 0;
}

int landlock_allow(struct landlock *landlock, const char *path,
		   enum landlock_right right, bool may_be_missing, struct error *err)
{
	return allow(landlock, path, rights_of(right), may_be_missing, err);
}

int landlock_allow_connect(struct landlock *landlock, uint16_t port, struct error *err)
{
	struct net_port_attributes attributes = { NET_CONNECT_TCP, port };
	if (landlock->abi < 4)
		return 0;
	if (syscall(SYSCALL_ADD_RULE, landlock->fd, RULE_NET_PORT, &attributes, 0) != 0)
		return confine_failed(err, "cannot grant port %u to a confined process",
				      port);
	return 0;
}

/* Never granted with the system: what gitgate keeps there, secrets among it. */
static const char *const private_paths[] = { "/etc/gitgate", GITGATE_SYSCONFDIR,
					     GITGATE_LOCALSTATEDIR, NULL };

static bool is_beneath(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

enum overlap { OVERLAP_NONE, OVERLAP_HOLDS, OVERLAP_IS };

/* Whether a path holds something private, or is it. */
static enum overlap overlap_of(const char *path)
{
	enum overlap result = OVERLAP_NONE;
	for (size_t i = 0; private_paths[i] != NULL; i++) {
		if (strcmp(path, private_paths[i]) == 0)
			return OVERLAP_IS;
		if (is_beneath(path, private_paths[i]))
			return OVERLAP_IS;
		if (is_beneath(private_paths[i], path) && path_exists(private_paths[i]))
			result = OVERLAP_HOLDS;
	}
	return result;
}

static int allow_around(struct landlock *landlock, const char *path, struct error *err);

/* A rule cannot take anything out: each entry gets its own, but the private ones. */
static int allow_entries(struct landlock *landlock, const char *path, struct error *err)
{
	DIR *directory = opendir(path);
	int code = 0;
	if (directory == NULL)
		return 0;
	for (struct dirent *entry = readdir(directory); code == 0 && entry != NULL;
	     entry = readdir(directory)) {
		char child[PATH_MAX];
		const char *name = entry->d_name;
		int length = snprintf(child, sizeof(child), "%s/%s", path, name);
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    length >= (int)sizeof(child))
			continue;
		code = allow_around(landlock, child, err);
	}
	closedir(directory);
	return code;
}

/* Where a symbolic link may lead that is granted with the system. */
static bool is_known_link(const char *path)
{
	return strcmp(path, "/etc/resolv.conf") == 0 || strcmp(path, "/etc/"
								     "localtime") == 0;
}

/* Grants a file or directory of the system, without what is private beneath it. */
static int allow_around(struct landlock *landlock, const char *path, struct error *err)
{
	struct stat status;
	switch (overlap_of(path)) {
	case OVERLAP_IS:
		return 0;
	case OVERLAP_HOLDS:
		return allow_entries(landlock, path, err);
	case OVERLAP_NONE:
		break;
	}
	/* A link among entries would grant what it points to, wherever that is. */
	bool is_entry = strchr(path + 1, '/') != NULL;
	if (is_entry && !is_known_link(path) &&
	    (lstat(path, &status) != 0 || S_ISLNK(status.st_mode)))
		return 0;
	return landlock_allow(landlock, path, LANDLOCK_READ_EXEC, true, err);
}

int landlock_allow_devices(struct landlock *landlock, struct error *err)
{
	static const char *const devices[] = { "/dev/null",    "/dev/zero",
					       "/dev/full",    "/dev/random",
					       "/dev/urandom", NULL };
	int code = 0;
	for (size_t i = 0; code == 0 && devices[i] != NULL; i++)
		code = allow(landlock, devices[i], FS_READ_FILE | FS_WRITE_FILE, true,
			     err);
	return code;
}

int landlock_allow_system(struct landlock *landlock, struct error *err)
{
	static const char *const directories[] = { "/usr",    "/bin",   "/sbin",
						   "/lib",    "/lib32", "/lib64",
						   "/libx32", "/etc",   NULL };
	int code = 0;
	for (size_t i = 0; code == 0 && directories[i] != NULL; i++)
		code = allow_around(landlock, directories[i], err);
	return code;
}

int landlock_allow_names(struct landlock *landlock, struct error *err)
{
	/* What the links of the authorities' folder lead to is beside it; the keys in
	 * /etc/ssl/private are nobody's business. */
	static const char *const paths[] = { "/etc/hosts",
					     "/etc/host.conf",
					     "/etc/nsswitch.conf",
					     "/etc/resolv.conf",
					     "/etc/gai.conf",
					     "/etc/services",
					     "/etc/ssl/certs",
					     "/etc/ssl/openssl.cnf",
					     "/usr/share/ca-certificates",
					     "/usr/local/share/ca-certificates",
					     NULL };
	int code = 0;
	for (size_t i = 0; code == 0 && paths[i] != NULL; i++)
		code = landlock_allow(landlock, paths[i], LANDLOCK_READ, true, err);
	return code;
}

int landlock_enter(struct landlock *landlock, struct error *err)
{
	if (syscall(SYSCALL_RESTRICT_SELF, landlock->fd, 0) == 0)
		return 0;
	return confine_failed(err, "cannot enter a Landlock ruleset");
}

void landlock_close(struct landlock *landlock)
{
	fd_close(&landlock->fd);
}
