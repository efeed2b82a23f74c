/* sandbox/namespaces.c - namespaces for tools, and finding out what the system allows.
 */
#include "sandbox/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "sandbox/landlock.h"

#define NOBODY 65534

static int write_text(const char *path, const char *text)
{
	FD_CLOSING int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* user_namespaces(7): an unprivileged process may map itself alone, and groups only
 * when setgroups(2) is given up. */
static int map_self(uid_t uid, gid_t gid)
{
	char users[64], groups[64];
	snprintf(users, sizeof(users), "%u %u 1\n", uid, uid);
	snprintf(groups, sizeof(groups), "%u %u 1\n", gid, gid);
	if (write_text("/proc/self/setgroups", "deny") != 0 ||
	    write_text("/proc/self/uid_map", users) != 0 ||
	    write_text("/proc/self/gid_map", groups) != 0)
		return -1;
	return 0;
}

int namespaces_enter(int flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	/* The maps are files of the process, which only a dumpable one owns. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (unshare(CLONE_NEWUSER | flags) != 0)
		return -1;
	return map_self(uid, gid);
}

int namespaces_own_mounts(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int namespaces_mount_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* --- what the system allows: tried in children, who answer with an errno --- */

static int try_user(void)
{
	return namespaces_enter(0);
}

static int try_mounts(void)
{
	if (namespaces_enter(CLONE_NEWNS) != 0)
		return -1;
	return namespaces_own_mounts();
}

static int try_network(void)
{
	return namespaces_enter(CLONE_NEWNET);
}

/* The first child is in the new pid namespace. */
static int in_first_child(int (*attempt)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(attempt == NULL || attempt() == 0 ? 0 : errno);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return errno == 0 ? 0 : -1;
}

static int try_pids(void)
{
	if (namespaces_enter(CLONE_NEWPID) != 0)
		return -1;
	return in_first_child(NULL);
}

static int try_proc(void)
{
	if (namespaces_enter(CLONE_NEWNS | CLONE_NEWPID) != 0 ||
	    namespaces_own_mounts() != 0)
		return -1;
	return in_first_child(namespaces_mount_proc);
}

/* As the tools will be: root has rights that they have not. */
static int become_ordinary(void)
{
	if (geteuid() != 0)
		return 0;
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
			       setresuid(NOBODY, NOBODY, NOBODY) == 0
		       ? 0
		       : -1;
}

/* 0, or the errno of what is denied. */
static int attempt_in_child(int (*attempt)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(become_ordinary() == 0 && attempt() == 0 ? 0 : errno);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static bool setting_is(const char *path, const char *value)
{
	struct buf text = BUF_INIT(64);
	bool is = buf_read_file(&text, path, NULL) == 0 &&
		  strncmp(text.data, value, strlen(value)) == 0;
	buf_release(&text);
	return is;
}

/* The setting that denies user namespaces, where it can be told. */
static void explain(int number, char *out, size_t size)
{
	const char *reason = strerrordesc_np(number);
	if (setting_is("/proc/sys/user/max_user_namespaces", "0"))
		reason = "the sysctl user.max_user_namespaces is 0";
	else if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		reason = "the sysctl kernel.unprivileged_userns_clone is 0";
	else if (setting_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
			    "1"))
		reason = "AppArmor restricts them (sysctl "
			 "kernel.apparmor_restrict_unprivileged_userns)";
	else if (geteuid() == 0)
		reason = "runs as root without a user of its own";
	snprintf(out, size, "%s", reason != NULL ? reason : "denied");
}

static bool has_filters(void)
{
	unsigned int action = SECCOMP_RET_KILL_PROCESS;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void sandbox_probe(struct sandbox_support *support)
{
	*support = (struct sandbox_support){ .landlock_abi = landlock_abi(0),
					     .seccomp = has_filters() };
	int denied = attempt_in_child(try_user);
	support->user_namespaces = denied == 0;
	if (denied == 0) {
		support->mounts = attempt_in_child(try_mounts) == 0;
		support->network_namespaces = attempt_in_child(try_network) == 0;
		support->pid_namespaces = attempt_in_child(try_pids) == 0;
		support->private_proc = attempt_in_child(try_proc) == 0;
	}
	if (denied != 0 || !support->mounts)
		explain(denied != 0 ? denied : EPERM, support->user_namespaces_reason,
			sizeof(support->user_namespaces_reason));
}
