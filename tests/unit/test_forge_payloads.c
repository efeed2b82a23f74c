/* tests/unit/test_forge_payloads.c - every payload of the real material is read, and
 * gives exactly the hints that tests/data/webhooks/<forge>.expect says. Prints TAP
 * itself: a line a payload.
 *
 * A line of those files: "file event -> kind repository ref old new number action
 * sender (reason)", "-" for nothing, "0" for a null id; a payload of many hints has
 * many lines. */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "forge/driver.h"
#include "forge/forge.h"
#include "forge_lines.h"

#define MEMORY      ((size_t)1 << 30)
#define TEXT_BYTES  ((size_t)1 << 26)
#define PLACE_BYTES (2 * PATH_MAX)
#define LABEL_BYTES 512

static unsigned int number;
static unsigned int failures;

static void say(bool good, const char *forge, const char *what)
{
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, forge, what);
	failures += !good;
}

static void skip(const char *forge, const char *what, const char *path)
{
	printf("ok %u - %s # SKIP %s: %s\n", ++number, forge, what, path);
}

/* --- expectations --- */

struct expectations {
	struct buf text;
	size_t used; /* lines that a payload had */
};

static bool load(struct expectations *out, const char *name)
{
	const char *source = getenv("GITGATE_SOURCE");
	char path[PLACE_BYTES];
	snprintf(path, sizeof(path), "%s/tests/data/webhooks/%s.expect",
		 source == NULL ? "." : source, name);
	*out = (struct expectations){ .text = BUF_INIT(TEXT_BYTES) };
	return buf_read_file(&out->text, path, NULL) == 0;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* The lines of one file, which stand together. */
static void lines_of(const struct expectations *all, const char *file, struct buf *out)
{
	size_t length = strlen(file);
	for (const char *at = all->text.data; *at != '\0';) {
		size_t line = strcspn(at, "\n") + 1;
		if (strncmp(at, file, length) == 0 && at[length] == ' ')
			buf_add(out, at, line);
		at += line;
	}
}

/* The event's name in "file event -> ..."; "" when the file is not listed. */
static void event_of(const struct buf *lines, char *out, size_t size)
{
	const char *at = strchr(lines->data, ' ');
	size_t length = at == NULL ? 0 : strcspn(at + 1, " ");
	snprintf(out, size, "%.*s", (int)length, at == NULL ? "" : at + 1);
}

static void judge(struct expectations *all, const char *forge, const char *file,
		  const struct buf *expected, const struct buf *got)
{
	bool good = strcmp(expected->data, got->data) == 0 && expected->length > 0;
	all->used += count_lines(expected->data);
	say(good, forge, file);
	if (!good)
		printf("# expected:\n# %s# got:\n# %s", expected->data, got->data);
}

static void judge_rest(const struct expectations *all, const char *forge)
{
	say(all->used == count_lines(all->text.data), forge,
	    "every expectation has its payload");
}

/* --- files: ../shared/data/webhooks --- */

static void read_one(enum forge_kind kind, struct expectations *all, const char *folder,
		     const char *file)
{
	char path[PLACE_BYTES];
	char event[100];
	char label[LABEL_BYTES];
	struct buf body = BUF_INIT(TEXT_BYTES);
	struct buf expected = BUF_INIT(TEXT_BYTES);
	struct buf got = BUF_INIT(TEXT_BYTES);
	struct arena *arena = arena_new(MEMORY);
	struct error err = ERROR_INIT;
	struct msg_hint_row *rows = NULL;
	size_t count = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	lines_of(all, file, &expected);
	event_of(&expected, event, sizeof(event));
	snprintf(label, sizeof(label), "%s %s", file, event);
	struct msg_read_item item = { .delivery = 1, .event = event, .event_type = "" };
	int code = buf_read_file(&body, path, &err);
	if (code == 0)
		code = forge_read(kind, &item, body.data, body.length, &limits_default,
				  arena, &rows, &count, &err);
	add_lines(&got, label, code, rows, count, &err);
	judge(all, forge_name(kind), file, &expected, &got);
	arena_free(arena);
	buf_release(&got);
	buf_release(&expected);
	buf_release(&body);
}

static int is_payload(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static void read_folder(enum forge_kind kind, enum forge_kind expected_as)
{
	const char *shared = getenv("GITGATE_SHARED");
	const char *name = forge_name(expected_as);
	struct expectations all;
	struct dirent **entries;
	char folder[PATH_MAX];
	snprintf(folder, sizeof(folder), "%s/data/webhooks/%s",
		 shared == NULL ? "../shared" : shared, name);
	int count = scandir(folder, &entries, is_payload, alphasort);
	if (count < 0) {
		skip(forge_name(kind), "the shared data is not there", folder);
		return;
	}
	if (!load(&all, name))
		say(false, name, "its file of expectations cannot be read");
	for (int i = 0; i < count; i++) {
		read_one(kind, &all, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	judge_rest(&all, forge_name(kind));
	buf_release(&all.text);
}

/* --- @octokit/webhooks-examples: lists of events with their examples --- */

static void read_example(struct expectations *all, const char *file, const char *event,
			 const struct node *payload)
{
	char label[LABEL_BYTES];
	struct buf expected = BUF_INIT(TEXT_BYTES);
	struct buf got = BUF_INIT(TEXT_BYTES);
	struct arena *arena = arena_new(MEMORY);
	struct error err = ERROR_INIT;
	struct msg_hint_row *rows = NULL;
	size_t count = 0;
	struct msg_read_item item = { .delivery = 1, .event = event };
	snprintf(label, sizeof(label), "%s %s", file, event);
	lines_of(all, file, &expected);
	int code = forge_github.read(&item, payload, arena, &rows, &count, &err);
	add_lines(&got, label, code, rows, count, &err);
	judge(all, "octokit", file, &expected, &got);
	arena_free(arena);
	buf_release(&got);
	buf_release(&expected);
}

static void read_examples(struct expectations *all, const char *edition,
			  const struct node *events)
{
	for (size_t i = 0; i < node_count(events); i++) {
		const struct node *row = node_item(events, i);
		const char *event = node_text(node_get(row, "name"), NULL);
		const struct node *examples = node_get(row, "examples");
		for (size_t j = 0; j < node_count(examples); j++) {
			char file[200];
			snprintf(file, sizeof(file), "%s/%s/%zu", edition, event, j);
			read_example(all, file, event, node_item(examples, j));
		}
	}
}

static void read_edition(struct expectations *all, const char *package,
			 const char *edition)
{
	char path[PLACE_BYTES];
	struct buf text = BUF_INIT(TEXT_BYTES);
	struct arena *arena = arena_new(MEMORY);
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	struct error err = ERROR_INIT;
	snprintf(path, sizeof(path), "%s/%s/index.json", package, edition);
	int code = buf_read_file(&text, path, &err);
	if (code == 0)
		code = docs_parse(&docs, arena, DOC_JSON, text.data, text.length,
				  &limits_default, &problem);
	say(code == 0, edition, "its list can be read");
	if (code == 0)
		read_examples(all, edition, docs.roots[0]);
	else
		printf("# %s %s\n", err.text, problem.message);
	arena_free(arena);
	buf_release(&text);
}

static void read_octokit(void)
{
	static const char *const editions[] = {
		"api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"
	};
	const char *build = getenv("GITGATE_BUILD");
	const char *npm = getenv("GITGATE_NPM");
	struct expectations all;
	char package[PATH_MAX];
	if (npm != NULL)
		snprintf(package, sizeof(package), "%s", npm);
	else
		snprintf(package, sizeof(package), "%s/npm",
			 build == NULL ? "." : build);
	strncat(package, "/node_modules/@octokit/webhooks-examples",
		sizeof(package) - strlen(package) - 1);
	if (access(package, R_OK) != 0) {
		skip("octokit", "npm did not install @octokit/webhooks-examples",
		     package);
		return;
	}
	if (!load(&all, "octokit"))
		say(false, "octokit", "its file of expectations cannot be read");
	for (size_t i = 0; i < sizeof(editions) / sizeof(editions[0]); i++)
		read_edition(&all, package, editions[i]);
	judge_rest(&all, "octokit");
	buf_release(&all.text);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_folder(FORGE_GITHUB, FORGE_GITHUB);
	read_folder(FORGE_GITLAB, FORGE_GITLAB);
	read_folder(FORGE_GITEA, FORGE_GITEA);
	read_folder(FORGE_FORGEJO, FORGE_GITEA);
	read_folder(FORGE_BITBUCKET_CLOUD, FORGE_BITBUCKET_CLOUD);
	read_folder(FORGE_BITBUCKET_SERVER, FORGE_BITBUCKET_SERVER);
	read_octokit();
	printf("1..%u\n", number);
	return failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
