/* base/log.h - one JSON object a line on standard error, for journald and people with
 * jq.
 *
 *   log_info("deployment finished", LOG_S("target", name), LOG_U("generation",
 * generation));
 *
 * Every value is escaped; untrusted text cannot add lines or fields. Secrets are never
 * passed here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

struct error;

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

enum log_kind {
	LOG_KIND_END,
	LOG_KIND_STRING,
	LOG_KIND_SIGNED,
	LOG_KIND_UNSIGNED,
	LOG_KIND_BOOLEAN,
	LOG_KIND_ERROR
};

struct log_field {
	enum log_kind kind;
	const char *key;
	const char *string;
	int64_t number;
	const struct error *error;
};

#define LOG_S(name, value)                                                             \
	{                                                                              \
		LOG_KIND_STRING, (name), (value), 0, 0                                 \
	}
#define LOG_I(name, value)                                                             \
	{                                                                              \
		LOG_KIND_SIGNED, (name), 0, (int64_t)(value), 0                        \
	}
#define LOG_U(name, value)                                                             \
	{                                                                              \
		LOG_KIND_UNSIGNED, (name), 0, (int64_t)(value), 0                      \
	}
#define LOG_B(name, value)                                                             \
	{                                                                              \
		LOG_KIND_BOOLEAN, (name), 0, !!(value), 0                              \
	}
#define LOG_E(value)                                                                   \
	{                                                                              \
		LOG_KIND_ERROR, "error", 0, 0, (value)                                 \
	} /* writes "error" and "code" */

#define LOG_LIST(...)                                                                  \
	((const struct log_field[]){                                                   \
		__VA_ARGS__ __VA_OPT__(, ){ LOG_KIND_END, 0, 0, 0, 0 } })
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, (event), LOG_LIST(__VA_ARGS__))
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, (event), LOG_LIST(__VA_ARGS__))
#define log_warning(event, ...)                                                        \
	log_write(LOG_LEVEL_WARNING, (event), LOG_LIST(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, (event), LOG_LIST(__VA_ARGS__))

void log_write(enum log_level level, const char *event, const struct log_field *fields);
void log_set_level(enum log_level lowest);
/* Shown as "process" in every line: "control", "intake", "judge". Borrowed: a string
 * constant. */
void log_set_process(const char *name);
void log_set_fd(int fd); /* default 2 */

#endif
