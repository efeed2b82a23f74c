/* job/observe.c - watches directory targets with inotify. */
#include "job/observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "ipc/message.h"

#define MESSAGE_MAXIMUM ((size_t)8 << 20) /* a list of targets, decoded */
#define INTERVAL        CLOCK_SECOND      /* between two hints of one target */
#define RETRY           (2 * CLOCK_SECOND)
#define EVENT_BYTES     65536
#define HINT_BYTES      512

#define TOUCHED                                                                        \
	(IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |              \
	 IN_MOVED_FROM | IN_MOVED_TO)
#define GONE       (IN_DELETE_SELF | IN_MOVE_SELF)
#define REARRANGED (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define WATCHED    (TOUCHED | GONE | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)

struct observed_target {
	char *name;
	char *root;
	bool missing;          /* the root is not there: looked for at an interval */
	bool rescan;           /* directories came or went */
	bool pending;          /* something was touched and not told yet */
	int64_t due;           /* no hint before (pending), next try (missing) */
	char hint[HINT_BYTES]; /* what was touched first, escaped */
};

struct watch {
	int id; /* of inotify */
	size_t target;
	char *path; /* beneath the target's root; "": the root */
};

struct watches {
	struct watch *items; /* sorted by id, but for those being added */
	size_t count;
	size_t capacity;
};

struct observer {
	struct channel *channel;
	int events;
	struct observed_target *targets;
	size_t target_count;
	struct watches watches;
	bool told_limit; /* logged once */
};

/* --- watches --- */

static int by_id(const void *a, const void *b)
{
	const struct watch *left = a;
	const struct watch *right = b;
	return (left->id > right->id) - (left->id < right->id);
}

static void watches_sort(struct watches *watches)
{
	if (watches->count > 1)
		qsort(watches->items, watches->count, sizeof(*watches->items), by_id);
}

static const struct watch *watches_find(const struct watches *watches, int id)
{
	struct watch key = { .id = id };
	if (watches->count == 0)
		return NULL;
	return bsearch(&key, watches->items, watches->count, sizeof(key), by_id);
}

/* Takes `path`, also when it fails. */
static int watches_add(struct watches *watches, int id, size_t target, char *path)
{
	if (watches->count == watches->capacity) {
		size_t capacity = watches->capacity * 2 + 16;
		struct watch *grown =
			reallocarray(watches->items, capacity, sizeof(*grown));
		if (grown == NULL) {
			free(path);
			return ERROR_MEMORY;
		}
		watches->items = grown;
		watches->capacity = capacity;
	}
	watches->items[watches->count++] =
		(struct watch){ .id = id, .target = target, .path = path };
	return 0;
}

static void watches_release(struct watches *watches)
{
	for (size_t i = 0; i < watches->count; i++)
		free(watches->items[i].path);
	free(watches->items);
	*watches = (struct watches){ 0 };
}

/* --- scanning a target --- */

struct scan {
	struct observer *observer;
	size_t target;
	struct watches found;
};

/* Watches one directory. 0; ERROR_NOT_FOUND when there is none; ERROR_LIMIT when the
 * system allows no more; ERROR_MEMORY. */
static int watch_directory(struct scan *scan, const char *path)
{
	struct observer *observer = scan->observer;
	const char *root = observer->targets[scan->target].root;
	char *whole = path[0] == '\0' ? strdup(root) : path_join(root, path);
	char *kept = strdup(path);
	int code = whole == NULL || kept == NULL ? ERROR_MEMORY : 0;
	int id = -1;
	if (code == 0) {
		id = inotify_add_watch(observer->events, whole, WATCHED);
		if (id < 0)
			code = errno == ENOSPC ? ERROR_LIMIT : ERROR_NOT_FOUND;
	}
	if (code == 0)
		code = watches_add(&scan->found, id, scan->target, kept);
	else
		free(kept);
	free(whole);
	return code;
}

static int watch_tree(struct scan *scan, const char *path, unsigned int depth);

static int watch_entry(struct scan *scan, const char *path, const struct dirent *entry,
		       unsigned int depth)
{
	if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	char *below = path_join(path, entry->d_name);
	if (below == NULL)
		return ERROR_MEMORY;
	int code = watch_tree(scan, below, depth + 1);
	free(below);
	/* It went, or was no directory. */
	return code == ERROR_NOT_FOUND ? 0 : code;
}

/* A directory is watched before it is read: what comes in between is an event. */
static int watch_tree(struct scan *scan, const char *path, unsigned int depth)
{
	if (depth > limits_default.values[LIMIT_TARGET_DEPTH])
		return 0;
	int code = watch_directory(scan, path);
	if (code != 0)
		return code;
	char *whole = path_join(scan->observer->targets[scan->target].root, path);
	if (whole == NULL)
		return ERROR_MEMORY;
	int fd = open(whole, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	free(whole);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (stream == NULL) {
		fd_close(&fd);
		return ERROR_NOT_FOUND;
	}
	const struct dirent *entry = readdir(stream);
	for (; code == 0 && entry != NULL; entry = readdir(stream))
		code = watch_entry(scan, path, entry, depth);
	closedir(stream);
	return code;
}

/* Where `current` leads, when that is a release: "releases/<name>". */
static bool read_current(const char *root, char out[PATH_MAX])
{
	char *link = path_join(root, "current");
	ssize_t length = link == NULL ? -1 : readlink(link, out, PATH_MAX - 1);
	free(link);
	if (length < 0)
		return false;
	out[length] = '\0';
	const char *name = out + strlen("releases/");
	return text_starts_with(out, "releases/") && name[0] != '\0' &&
	       name[0] != '.' && strchr(name, '/') == NULL;
}

static int watch_target(struct scan *scan)
{
	struct observed_target *target = &scan->observer->targets[scan->target];
	char live[PATH_MAX];
	int code = watch_directory(scan, "");
	target->missing = code == ERROR_NOT_FOUND;
	if (code == 0)
		code = watch_directory(scan, "releases");
	if (code == 0 && read_current(target->root, live))
		code = watch_tree(scan, live, 0);
	return code == ERROR_NOT_FOUND ? 0 : code;
}

/* Puts what a scan found in the place of what was known; what it did not find again is
 * watched no more. */
static void replace_watches(struct scan *scan)
{
	struct observer *observer = scan->observer;
	struct watches *watches = &observer->watches;
	struct watches kept = { 0 };
	watches_sort(&scan->found);
	for (size_t i = 0; i < watches->count; i++) {
		struct watch *watch = &watches->items[i];
		if (watch->target != scan->target) {
			if (watches_add(&kept, watch->id, watch->target, watch->path) !=
			    0)
				inotify_rm_watch(observer->events, watch->id);
			continue;
		}
		if (watches_find(&scan->found, watch->id) == NULL)
			inotify_rm_watch(observer->events, watch->id);
		free(watch->path);
	}
	free(watches->items);
	*watches = kept;
	for (size_t i = 0; i < scan->found.count; i++) {
		const struct watch *watch = &scan->found.items[i];
		if (watches_add(watches, watch->id, watch->target, watch->path) != 0)
			inotify_rm_watch(observer->events, watch->id);
	}
	free(scan->found.items);
	watches_sort(watches);
}

static void scan_target(struct observer *observer, size_t index)
{
	struct observed_target *target = &observer->targets[index];
	struct scan scan = { .observer = observer, .target = index };
	target->rescan = false;
	int code = watch_target(&scan);
	replace_watches(&scan);
	if (target->missing)
		target->due = clock_monotonic() + RETRY;
	if (code == 0 || observer->told_limit)
		return;
	observer->told_limit = true;
	log_warning("not everything can be watched; the comparison at an interval goes "
		    "on",
		    LOG_S("target", target->name),
		    LOG_S("mend", code == ERROR_LIMIT ? "raise the kernel's "
							"fs.inotify.max_user_watches"
						      : "more memory"));
}

/* --- events --- */

static void touch(struct observed_target *target, const char *directory,
		  const char *name)
{
	char path[2 * PATH_MAX];
	if (target->pending)
		return;
	snprintf(path, sizeof(path), "%s%s%s", directory,
		 directory[0] != '\0' && name[0] != '\0' ? "/" : "", name);
	text_escape_into(target->hint, sizeof(target->hint), path, strlen(path));
	target->pending = true;
}

static void take_event(struct observer *observer, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		for (size_t i = 0; i < observer->target_count; i++) {
			touch(&observer->targets[i], "", "");
			observer->targets[i].rescan = true;
		}
		return;
	}
	const struct watch *watch = watches_find(&observer->watches, event->wd);
	if (watch == NULL || (event->mask & IN_IGNORED))
		return;
	struct observed_target *target = &observer->targets[watch->target];
	touch(target, watch->path, event->len > 0 ? event->name : "");
	/* In the root `current` itself comes and goes, which is no directory. */
	if ((event->mask & GONE) || ((event->mask & REARRANGED) &&
				     ((event->mask & IN_ISDIR) || !watch->path[0])))
		target->rescan = true;
}

static int take_events(struct observer *observer, struct error *err)
{
	union {
		struct inotify_event alignment;
		char bytes[EVENT_BYTES];
	} room;
	ssize_t got = read(observer->events, room.bytes, sizeof(room.bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0)
		return error_set_errno(err, errno, "cannot read events");
	for (size_t at = 0; at < (size_t)got;) {
		const struct inotify_event *event =
			(const struct inotify_event *)(const void *)(room.bytes + at);
		take_event(observer, event);
		at += sizeof(*event) + event->len;
	}
	return 0;
}

/* --- the list --- */

static void forget_targets(struct observer *observer)
{
	for (size_t i = 0; i < observer->target_count; i++) {
		free(observer->targets[i].name);
		free(observer->targets[i].root);
	}
	free(observer->targets);
	observer->targets = NULL;
	observer->target_count = 0;
	watches_release(&observer->watches);
	fd_close(&observer->events);
}

static int take_list(struct observer *observer, const struct msg_observe *list,
		     struct error *err)
{
	if (list->targets.count != list->paths.count)
		return error_set(err, ERROR_MESSAGE,
				 "a list of targets has not a path for each");
	forget_targets(observer);
	observer->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (observer->events < 0) {
		log_warning("nothing can be watched; the comparison at an interval "
			    "goes "
			    "on",
			    LOG_S("reason", strerror(errno)),
			    LOG_S("mend", "raise the kernel's "
					  "fs.inotify.max_user_instances"));
		return 0;
	}
	observer->targets = calloc(list->targets.count + 1, sizeof(*observer->targets));
	if (observer->targets == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for targets");
	for (size_t i = 0; i < list->targets.count; i++) {
		struct observed_target *target = &observer->targets[i];
		target->name = strdup(list->targets.items[i]);
		target->root = strdup(list->paths.items[i]);
		observer->target_count++;
		if (target->name == NULL || target->root == NULL)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for targets");
	}
	for (size_t i = 0; i < observer->target_count; i++)
		scan_target(observer, i);
	return 0;
}

static int take_message(struct observer *observer, struct error *err)
{
	struct arena *arena = arena_new(MESSAGE_MAXIMUM);
	enum message_type type;
	void *message;
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a message");
	int code =
		channel_receive(observer->channel, arena, &type, &message, NULL, err);
	if (code == 1)
		code = type == MESSAGE_observe ? take_list(observer, message, err)
					       : error_set(err, ERROR_MESSAGE,
							   "it is not a list of "
							   "targets");
	arena_free(arena);
	return code;
}

/* --- the loop --- */

/* What is due for one target: telling, or looking for its root again. */
static int serve_target(struct observer *observer, size_t index, int64_t now,
			struct error *err)
{
	struct observed_target *target = &observer->targets[index];
	if ((!target->pending && !target->missing) || now < target->due)
		return 0;
	bool was_missing = target->missing;
	/* First the watches, then the hint: an edit after the comparison that follows
	 * is seen. */
	if (target->rescan || was_missing)
		scan_target(observer, index);
	if (was_missing && !target->missing)
		touch(target, "", "");
	if (!target->pending)
		return 0;
	struct msg_observed observed = { .target = target->name, .path = target->hint };
	target->pending = false;
	target->due = now + (target->missing ? RETRY : INTERVAL);
	return channel_send(observer->channel, MESSAGE_observed, &observed, NULL, 0,
			    err);
}

/* Milliseconds until something is due; -1: never. */
static int next_due(const struct observer *observer, int64_t now)
{
	int64_t next = -1;
	for (size_t i = 0; i < observer->target_count; i++) {
		const struct observed_target *target = &observer->targets[i];
		if (!target->pending && !target->missing)
			continue;
		int64_t left = target->due > now ? (target->due - now) / 1000 + 1 : 0;
		next = next < 0 || left < next ? left : next;
	}
	return (int)next;
}

static int serve(struct observer *observer, struct error *err)
{
	int64_t now = clock_monotonic();
	int code = 0;
	for (size_t i = 0; code == 0 && i < observer->target_count; i++)
		code = serve_target(observer, i, now, err);
	if (code != 0)
		return code;
	struct pollfd ready[] = { { .fd = observer->channel->fd, .events = POLLIN },
				  { .fd = observer->events, .events = POLLIN } };
	if (poll(ready, 2, next_due(observer, clock_monotonic())) < 0)
		return errno == EINTR ? 0 : error_set_errno(err, errno, "cannot wait");
	if (ready[0].revents != 0)
		code = take_message(observer, err);
	if (code == 0 && ready[1].revents != 0)
		code = take_events(observer, err);
	return code;
}

int job_observe(struct channel *channel)
{
	struct observer observer = { .channel = channel, .events = -1 };
	struct error err = ERROR_INIT;
	int code = 0;
	while (code == 0)
		code = serve(&observer, &err);
	forget_targets(&observer);
	if (code == ERROR_CLOSED)
		return 0;
	log_error("observing ended", LOG_E(&err));
	return 1;
}
