/* intake/sources.c - whose webhooks are taken. */
#include "intake/sources.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 100000

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void source_free(struct source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < SOURCE_SECRETS; i++)
		wipe(source->secrets[i]);
	free(source->name);
	free(source->header);
	free(source);
}

static void list_release(struct source_list *list)
{
	for (size_t i = 0; i < list->by_name.count; i++)
		source_free(list->by_name.entries[i].value);
	map_release(&list->by_name);
	*list = (struct source_list){ .wanted = 0 };
}

static void take_over(struct sources *sources)
{
	if (sources->coming.got < sources->coming.wanted)
		return;
	list_release(&sources->present);
	sources->present = sources->coming;
	sources->coming = (struct source_list){ .wanted = 0 };
	sources->is_coming = false;
	sources->known = true;
}

bool sources_begin(struct sources *sources, const struct msg_sources *message)
{
	list_release(&sources->coming);
	if (message->count > SOURCES_MAX)
		return false;
	sources->coming.wanted = message->count;
	sources->is_coming = true;
	take_over(sources);
	return true;
}

static struct source *source_new(const struct msg_source *message)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->kind = forge_by_name(message->kind);
	source->plain_token = message->plain_token;
	source->name = strdup(message->name);
	source->header = message->header ? strdup(message->header) : NULL;
	bool whole = source->name && (source->header || !message->header);
	for (size_t i = 0; i < message->secrets.count; i++) {
		if (message->secrets.items[i][0] == '\0')
			continue; /* no secret at all */
		char *secret = strdup(message->secrets.items[i]);
		source->secrets[source->secret_count++] = secret;
		whole = whole && secret;
	}
	if (!whole) {
		source_free(source);
		return NULL;
	}
	return source;
}

bool sources_add(struct sources *sources, const struct msg_source *message)
{
	struct source_list *list = &sources->coming;

	if (!sources->is_coming || !message->name || !message->kind ||
	    message->secrets.count > SOURCE_SECRETS ||
	    forge_by_name(message->kind) == FORGE_UNKNOWN ||
	    map_has(&list->by_name, message->name, strlen(message->name)))
		return false;
	struct source *source = source_new(message);
	if (!source ||
	    map_put(&list->by_name, source->name, strlen(source->name), source) != 0) {
		source_free(source);
		return false;
	}
	list->got++;
	take_over(sources);
	return true;
}

const struct source *sources_find(const struct sources *sources, const char *name)
{
	const struct source *source =
		map_get(&sources->present.by_name, name, strlen(name));

	return source && source->secret_count > 0 ? source : NULL;
}

void sources_release(struct sources *sources)
{
	list_release(&sources->present);
	list_release(&sources->coming);
}
