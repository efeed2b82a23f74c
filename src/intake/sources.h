/* intake/sources.h - whose webhooks are taken: names, kinds and secrets, as control
 * sent them.
 *
 * A list takes the place of the one before when all of it has come; until then, and
 * when something of it is wrong, the one before counts. Secrets are wiped when they are
 * replaced. A source without a secret does not exist. */
#ifndef INTAKE_SOURCES_H
#define INTAKE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "forge/forge.h"

#define SOURCE_SECRETS 2

struct source {
	char *name;
	enum forge_kind kind;
	char *secrets[SOURCE_SECRETS];
	size_t secret_count;
	char *header; /* of FORGE_HMAC */
	bool plain_token;
};

struct source_list {
	struct map by_name;
	uint64_t wanted;
	uint64_t got;
};

struct sources {
	struct source_list present;
	struct source_list coming;
	bool is_coming;
	bool known; /* a whole list has come */
};

/* The two messages. false: control broke its word (or memory is out). */
bool sources_begin(struct sources *sources, const struct msg_sources *message);
bool sources_add(struct sources *sources, const struct msg_source *message);
/* NULL: there is none. */
const struct source *sources_find(const struct sources *sources, const char *name);
void sources_release(struct sources *sources);

#endif
