/* tests/fuzz/fuzz_forge_authenticate.c - any headers and body: nobody without the
 * secret gets in, and nothing is read that is not there.
 *
 * The first byte chooses the forge, lines "Name: value" follow, an empty line, the
 * body. */
#include <strings.h>

#include "base/clock.h"
#include "forge_fuzz.h"

#define LINES_MAX 32

struct lines {
	char *text;
	char *names[LINES_MAX];
	char *values[LINES_MAX];
	size_t count;
};

static const char *find(void *data, const char *name, bool *twice)
{
	const struct lines *lines = data;
	const char *found = NULL;
	*twice = false;
	for (size_t i = 0; i < lines->count; i++) {
		if (strcasecmp(lines->names[i], name) != 0)
			continue;
		*twice = *twice || found != NULL;
		found = lines->values[i];
	}
	return *twice ? NULL : found;
}

/* Returns where the body starts. */
static char *split(struct lines *lines, char *at)
{
	while (lines->count < LINES_MAX) {
		char *end = strchr(at, '\n');
		char *colon = strchr(at, ':');
		if (end == NULL || end == at || colon == NULL || colon > end)
			return end == at ? at + 1 : at;
		*end = *colon = '\0';
		lines->names[lines->count] = at;
		lines->values[lines->count++] = colon + 1 + (colon[1] == ' ');
		at = end + 1;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {
		"It's a Secret to Everybody",
		"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
	};
	struct lines lines = { .text = calloc(1, size + 1) };
	if (size == 0 || lines.text == NULL) {
		free(lines.text);
		return 0;
	}
	memcpy(lines.text, data, size);
	lines.text[size] = '\0';
	char *body = split(&lines, lines.text + 1);
	size_t used = (size_t)(body - lines.text);
	struct forge_webhook webhook = {
		.kind = (enum forge_kind)(data[0] % (FORGE_COUNT + 1)),
		.secrets = secrets,
		.secret_count = 2,
		.signature_header = "X-Own-Signature",
		.plain_token = (data[0] & 0x80) != 0,
		.header = find,
		.header_data = &lines,
		.body = body,
		.length = used > size ? 0 : size - used,
		.now = 1800000000 * CLOCK_SECOND,
	};
	struct forge_authentic out = { .event = NULL };
	struct error err = ERROR_INIT;
	int code = forge_authenticate(&webhook, &out, &err);
	forge_promise(code == 0 || code == ERROR_UNAUTHENTICATED ||
		      code == ERROR_USAGE);
	forge_promise(code == 0 ? out.event != NULL && out.forge_id != NULL
				: out.event == NULL && err.code == code);
	for (size_t i = 0; i < 2; i++)
		forge_promise(strstr(err.text, secrets[i]) == NULL);
	free(lines.text);
	return 0;
}
