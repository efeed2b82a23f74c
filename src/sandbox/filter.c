/* sandbox/filter.c - seccomp filters: made from sandbox/calls.def, kept as bytes. */
#include "sandbox/filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "sandbox/confine.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define SOCK_TYPE_MASK 0xf /* above are SOCK_CLOEXEC and SOCK_NONBLOCK */
#define NAMESPACE_FLAGS                                                                \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |      \
		    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))

enum group {
	GROUP_BASE = 1 << 0,
	GROUP_READ = 1 << 1,
	GROUP_WRITE = 1 << 2,
	GROUP_SEAL = 1 << 3,
	GROUP_WATCH = 1 << 4,
	GROUP_ACCEPT = 1 << 5,
	GROUP_NOTIFY = 1 << 6,
	GROUP_NETWORK = 1 << 7,
	GROUP_EXEC = 1 << 8,
	GROUP_CONFINE = 1 << 9,
	GROUP_DEADLY = 1 << 10,
	GROUP_MOUNT = 1 << 11,
	GROUP_TOOL = 1 << 12,
	GROUP_OFFLINE = 1 << 13,
};

/* Who has which groups. `groups` are allowed and all else fails; for the runner and its
 * tools, who run what others wrote, all is allowed but `refused` and `deadly`. */
struct recipe {
	unsigned int groups;
	unsigned int refused;
	unsigned int deadly;
};

#define EVIL (GROUP_DEADLY | GROUP_MOUNT)

static const struct recipe recipes[FILTER_COUNT] = {
	[PROFILE_CONTROL] = { GROUP_BASE | GROUP_READ | GROUP_WRITE | GROUP_SEAL |
				      GROUP_NOTIFY,
			      0, EVIL },
	[PROFILE_INTAKE] = { GROUP_BASE | GROUP_ACCEPT | GROUP_SEAL, 0, EVIL },
	[PROFILE_ZYGOTE] = { GROUP_BASE | GROUP_READ | GROUP_WRITE | GROUP_SEAL |
				     GROUP_WATCH | GROUP_NETWORK | GROUP_EXEC |
				     GROUP_CONFINE,
			     0, EVIL },
	[PROFILE_RUNNER] = { 0, 0, GROUP_DEADLY },
	[PROFILE_FETCH] = { GROUP_BASE | GROUP_READ | GROUP_WRITE | GROUP_SEAL |
				    GROUP_NETWORK | GROUP_EXEC,
			    0, EVIL },
	[PROFILE_JUDGE] = { GROUP_BASE | GROUP_READ | GROUP_SEAL, 0, EVIL },
	[PROFILE_DEPLOY] = { GROUP_BASE | GROUP_READ | GROUP_WRITE, 0, EVIL },
	[PROFILE_OBSERVE] = { GROUP_BASE | GROUP_READ | GROUP_WATCH, 0, EVIL },
	[PROFILE_READ] = { GROUP_BASE, 0, EVIL },
	[PROFILE_REPORT] = { GROUP_BASE | GROUP_READ | GROUP_NETWORK, 0, EVIL },
	[FILTER_TOOL] = { 0, GROUP_TOOL | EVIL, 0 },
	[FILTER_TOOL_OFFLINE] = { 0, GROUP_TOOL | GROUP_OFFLINE | EVIL, 0 },
};

struct condition {
	unsigned int argument;
	uint64_t mask;
	uint64_t value;
};

struct call {
	enum group group;
	const char *name;
	unsigned int condition_count;
	struct condition conditions[2];
};

static const struct call calls[] = {
#define CALL(group, name) { GROUP_##group, #name, 0, { { 0, 0, 0 } } },
#define CALL_IF(group, name, argument, mask, value)                                    \
	{ GROUP_##group, #name, 1, { { argument, mask, value } } },
#define CALL_IF2(group, name, argument, mask, value, argument2, mask2, value2)         \
	{ GROUP_##group,                                                               \
	  #name,                                                                       \
	  2,                                                                           \
	  { { argument, mask, value }, { argument2, mask2, value2 } } },
#include "sandbox/calls.def"
#undef CALL
#undef CALL_IF
#undef CALL_IF2
};

#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

static struct sock_fprog programs[FILTER_COUNT];

bool filter_is_relaxed(void)
{
#ifdef WITH_SANITIZERS
	return true;
#else
	return false;
#endif
}

/* --- rules --- */

static int add_call(scmp_filter_ctx context, uint32_t action, const struct call *call)
{
	int number = seccomp_syscall_resolve_name(call->name);
	struct scmp_arg_cmp compare[2];
	if (number < 0)
		return 0;
	for (unsigned int i = 0; i < call->condition_count; i++)
		compare[i] = (struct scmp_arg_cmp){ call->conditions[i].argument,
						    SCMP_CMP_MASKED_EQ,
						    call->conditions[i].mask,
						    call->conditions[i].value };
	return seccomp_rule_add_array(context, action, number, call->condition_count,
				      compare);
}

static int add_groups(scmp_filter_ctx context, uint32_t action, unsigned int groups)
{
	int result = 0;
	for (size_t i = 0; result == 0 && i < CALL_COUNT; i++)
		if ((calls[i].group & groups) != 0)
			result = add_call(context, action, &calls[i]);
	return result;
}

static bool has_call(unsigned int groups, const char *name)
{
	for (size_t i = 0; i < CALL_COUNT; i++)
		if ((calls[i].group & groups) != 0 && strcmp(calls[i].name, name) == 0)
			return true;
	return false;
}

/* What the sanitizers' runtime never does for us: refused also where they are in use.
 */
static int add_relaxed(scmp_filter_ctx context, unsigned int groups)
{
	static const char *const names[] = { "execve", "execveat", "socket", "connect",
					     "bind",   "listen",   "kill",   "tkill" };
	int result = 0;
	for (size_t i = 0; result == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		struct call call = { .name = names[i] };
		if (!has_call(groups, names[i]))
			result = add_call(context, SCMP_ACT_ERRNO(EPERM), &call);
	}
	return result;
}

/* clone3(2) has its flags in memory, which a filter cannot read: programs then fall
 * back to clone(2). */
static int add_clone3(scmp_filter_ctx context)
{
	struct call clone3 = { .name = "clone3" };
	return add_call(context, SCMP_ACT_ERRNO(ENOSYS), &clone3);
}

static int add_rules(scmp_filter_ctx context, const struct recipe *recipe)
{
	int result = 0;
	if (recipe->groups == 0)
		result = add_groups(context, SCMP_ACT_ERRNO(EPERM), recipe->refused);
	else if (filter_is_relaxed())
		return add_relaxed(context, recipe->groups);
	else
		result = add_groups(context, SCMP_ACT_ALLOW, recipe->groups);
	/* LeakSanitizer stops the process by ptrace(2). */
	if (result == 0 && !(filter_is_relaxed() && recipe->refused == 0))
		result = add_groups(context, SCMP_ACT_KILL_PROCESS, recipe->deadly);
	/* The runner makes namespaces itself, and no thread of it is another's. */
	if (result == 0 && recipe != &recipes[PROFILE_RUNNER])
		result = add_clone3(context);
	return result;
}

/* --- bytes --- */

static int export_program(scmp_filter_ctx context, struct sock_fprog *out)
{
	FD_CLOSING int fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(context, fd) != 0)
		return -1;
	off_t size = lseek(fd, 0, SEEK_END);
	struct sock_filter *filter = size <= 0 ? NULL : malloc((size_t)size);
	if (filter == NULL)
		return -1;
	if (pread(fd, filter, (size_t)size, 0) != size) {
		free(filter);
		return -1;
	}
	out->filter = filter;
	out->len = (unsigned short)((size_t)size / sizeof(*filter));
	return 0;
}

int filter_prepare(int filter, struct error *err)
{
	const struct recipe *recipe = &recipes[filter];
	if (programs[filter].filter != NULL)
		return 0;
	bool open = recipe->groups == 0 || filter_is_relaxed();
	scmp_filter_ctx context =
		seccomp_init(open ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	int result = context == NULL ? -1 : 0;
	/* A tree instead of a list: the kernel looks at each number when it loads. */
	if (result == 0)
		result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH,
					  SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = add_rules(context, recipe);
	if (result == 0)
		result = export_program(context, &programs[filter]);
	if (context != NULL)
		seccomp_release(context);
	if (result != 0)
		return error_set(err, ERROR_SANDBOX,
				 "cannot make a system call filter (%d)", result);
	return 0;
}

int filter_load(int filter, struct error *err)
{
	int code = filter_prepare(filter, err);
	if (code != 0)
		return code;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[filter]) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL)
		return error_set(err, ERROR_UNSUPPORTED,
				 "the kernel has no system call filters");
	return confine_failed(err, "cannot load a system call filter");
}

const char *sandbox_library_version(void)
{
	static char text[32];
	const struct scmp_version *version = seccomp_version();

	if (version)
		snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor,
			 version->micro);
	return text;
}
