/* cmd/log.h - what `gitgate log` shows, once or as it happens. */
#ifndef CMD_LOG_H
#define CMD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/service.h"
#include "cmd/table.h"

struct buf;
struct error;

#define LOG_LINES_MAX 200

enum entry_kind { ENTRY_UNKNOWN = 0, ENTRY_VERDICT, ENTRY_DEPLOYMENT, ENTRY_CHANGE };

struct entry {
	enum entry_kind kind;
	int64_t at;
	const struct node *row;
};

struct log {
	struct service service;
	const char *target;     /* only of this one */
	const char *repository; /* only of this one */
	uint64_t limit;
	bool json;
	bool colour;
	/* in the service's arena */
	struct entry *entries;
	size_t count;
	size_t capacity;
};

const char *entry_kind_name(enum entry_kind kind);
enum entry_kind entry_kind_by_name(const char *name);
/* What `row` tells of, and when that was. */
int log_add(struct log *log, enum entry_kind kind, const struct node *row,
	    struct error *err);
/* The newest `limit` entries that the filters let through, newest first. */
int log_collect(struct log *log, struct error *err);
/* Of a target: the verdicts behind the deployments that are among the entries. */
int log_add_verdicts(struct log *log, struct error *err);

#define LOG_COLUMNS 7
void log_headings(struct table *table);
void log_line(const struct log *log, struct table *table, const struct entry *entry);
void log_json(struct json *json, const struct entry *entry);

/* `gitgate log --follow`: the newest `limit` entries, oldest first, and then each one
 * as it happens, until a signal ends the process. The service may go away and come
 * back: what happened meanwhile is told then. Returns an exit code. */
int log_follow(struct log *log);

#endif
