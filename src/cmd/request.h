/* cmd/request.h - what deploy, rollback, suspend and resume share: asking for something
 * to be done to a target, and waiting for its end. */
#ifndef CMD_REQUEST_H
#define CMD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "cmd/service.h"

struct error;

struct request {
	struct service service;
	const char *target;
	const char *config;
	const char *socket;
	const char *reason;
	const char *timeout; /* of waiting, as given */
	bool no_wait;
	bool json;
};

#define REQUEST_INIT                                                                   \
	{                                                                              \
		.config = CMD_CONFIG_FILE                                              \
	}

/* Rows of an option table. */
#define REQUEST_OPTIONS(request)                                                       \
	{                                                                              \
		"reason",           'm', "TEXT", "why; it goes to the ledger",         \
		&(request)->reason, NULL                                               \
	},                                                                             \
		{ "config",                                                            \
		  'c',                                                                 \
		  "FILE",                                                              \
		  "the configuration (" CMD_CONFIG_FILE ")",                           \
		  &(request)->config,                                                  \
		  NULL },                                                              \
	{                                                                              \
		"socket", 0, "PATH", "the service's local socket", &(request)->socket, \
			NULL                                                           \
	}
#define REQUEST_WAIT_OPTIONS(request)                                                  \
	{ "no-wait", 0, NULL, "do not wait for the end", NULL, &(request)->no_wait },  \
		{ "timeout",           0,   "DURATION", "how long to wait (15m)",      \
		  &(request)->timeout, NULL },                                         \
	{                                                                              \
		"json", 0, NULL, "the deployment as the API gives it", NULL,           \
			&(request)->json                                               \
	}

/* Waits until the deployment is at its end and prints that. The exit code: 0 deployed,
 * 1 not, 3 an error or out of time. */
int request_wait(struct request *request, uint64_t deployment);

/* As cmd_fail(), but what the gate refuses (a commit in quarantine, a target that is
 * ahead) is a denial: 1. */
int request_fail(const struct error *err);

/* The whole of a command that only sets something: "TARGET", one verb, one line. */
int request_simple(int argc, char **argv, const char *verb, const char *done);

#endif
