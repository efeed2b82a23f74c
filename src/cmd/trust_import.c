/* cmd/trust_import.c - `gitgate trust import FILE...`: people and their keys, from what
 * other programs keep, as `principals` for a policy. */
#include "cmd/trust_import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/trust.h"
#include "conf/names.h"
#include "conf/policy_parse.h"

#define FILE_BYTES ((size_t)16 << 20)

/* --- YAML --- */

/* In single quotes, in which only they mean anything. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_add_byte(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_byte(out, '\'');
		buf_add_byte(out, *text);
	}
	buf_add_byte(out, '\'');
}

static void add_list(struct buf *out, const struct strings *list)
{
	buf_add_byte(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			buf_add_string(out, ", ");
		add_quoted(out, list->items[i]);
	}
	buf_add_string(out, "]\n");
}

static void add_block(struct buf *out, const char *text, const char *indent)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		buf_addf(out, "%s%.*s\n", length ? indent : "", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void add_time(struct buf *out, const char *key, int64_t when)
{
	char text[CLOCK_TEXT_BYTES];

	if (when == 0)
		return;
	clock_format(when, 0, text);
	buf_addf(out, "        %s: %s\n", key, text);
}

static void add_identity(struct buf *out, const struct principal_x509 *identity)
{
	buf_addf(out, "      - %s: ", identity->email ? "email" : "subject");
	add_quoted(out, identity->email ? identity->email : identity->subject);
	buf_add_string(out, "\n        issuer: ");
	add_quoted(out, identity->issuer);
	buf_add_byte(out, '\n');
}

static void write_entry(struct buf *out, const struct import_entry *entry)
{
	if (entry->remark)
		buf_addf(out, "      # %s\n", entry->remark);
	if (strcmp(entry->format, "x509") == 0) {
		add_identity(out, &entry->identity);
	} else if (strcmp(entry->format, "openpgp") == 0) {
		buf_add_string(out, "      - key: |\n");
		add_block(out, entry->text, "          ");
	} else {
		buf_addf(out, "      - key: %s\n", entry->text);
	}
	if (entry->principals.count) {
		buf_add_string(out, "        principals: ");
		add_list(out, &entry->principals);
	}
	add_time(out, "valid-after", entry->valid_after);
	add_time(out, "valid-before", entry->valid_before);
}

static void write_person(struct buf *out, const struct import_person *person)
{
	static const char *const formats[] = { "ssh", "ssh-ca", "openpgp", "x509" };

	buf_addf(out, "  %s:\n", person->name);
	if (person->emails.count) {
		buf_add_string(out, "    email: ");
		add_list(out, &person->emails);
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		bool named = false;
		for (size_t k = 0; k < person->entry_count; k++) {
			if (strcmp(person->entries[k].format, formats[i]) != 0)
				continue;
			if (!named)
				buf_addf(out, "    %s:\n", formats[i]);
			named = true;
			write_entry(out, &person->entries[k]);
		}
	}
}

/* --- the command --- */

static int compile(void *data, const void *bytes, size_t length,
		   struct policy_file *out, struct error *err)
{
	return policy_compile_into(data, policy_compile_by_program, NULL, bytes, length,
				   out, err);
}

/* What was written must be what a policy can be built from. */
static int prove(const struct trust *trust, struct error *err)
{
	const struct policy_file file = { "what was imported", trust->out->data,
					  trust->out->length };
	const struct policy_loader loader = { .data = trust->arena,
					      .compile = compile };
	struct policy *policy = NULL;

	int rc = policy_new(&policy, err);
	if (rc == 0)
		rc = policy_add_repository(policy, &file, &loader, err);
	if (rc == 0)
		rc = policy_finish(policy, err);
	policy_free(policy);
	return rc;
}

static int write_people(const struct trust *trust, const struct import *import,
			struct error *err)
{
	buf_add_string(trust->out, "principals:\n");
	for (size_t i = 0; i < import->person_count; i++)
		write_person(trust->out, &import->people[i]);
	int rc = buf_status(trust->out, "what was imported", err);
	return rc == 0 ? prove(trust, err) : rc;
}

static int read_file(struct import *import, const char *file, struct error *err)
{
	struct buf bytes = BUF_INIT(FILE_BYTES);

	bool piped = strcmp(file, "-") == 0;

	int rc = piped ? buf_read_fd(&bytes, STDIN_FILENO, err)
		       : buf_read_file(&bytes, file, err);
	if (rc == 0)
		rc = import_read(import, piped ? "standard input" : file,
				 bytes.length ? bytes.data : "", bytes.length, err);
	buf_release(&bytes);
	return rc;
}

static int say_refused(const struct import *import, struct error *err)
{
	struct buf text = BUF_INIT(FILE_BYTES);

	for (size_t i = 0; i < import->refused.count; i++) {
		buf_add_string(&text, "gitgate: not imported: ");
		text_escape_string(&text, import->refused.items[i]);
		buf_add_byte(&text, '\n');
	}
	int rc = buf_status(&text, "what was not imported", err);
	if (rc == 0 && text.length)
		fputs(text.data, stderr);
	buf_release(&text);
	return rc;
}

/* Into a file of its own: nobody's policy is written over. */
static int write_output(struct trust *trust, struct error *err)
{
	if (access(trust->output, F_OK) == 0 || errno != ENOENT)
		return error_set(err, ERROR_CONFIG,
				 "'%s' is there already: --output writes a new file",
				 trust->output);
	int rc = path_write_atomic(trust->output, trust->out->data, trust->out->length,
				   0644, err);
	buf_reset(trust->out);
	return rc;
}

int trust_import(struct trust *trust, char **operands, struct error *err)
{
	struct import import = { .arena = trust->arena,
				 .name = trust->name,
				 .names = MAP_INIT,
				 .emails = MAP_INIT,
				 .keys = MAP_INIT };
	int rc = trust->name ? name_check_person(trust->name, err) : 0;

	if (rc == 0 && trust->forge)
		rc = import_from_forge(&import, trust, operands, err);
	for (; rc == 0 && !trust->forge && *operands; operands++)
		rc = read_file(&import, *operands, err);
	if (rc == 0)
		rc = say_refused(&import, err);
	if (rc == 0 && import.person_count == 0)
		rc = error_set(err, ERROR_DENIED, "nothing was imported");
	if (rc == 0)
		rc = write_people(trust, &import, err);
	if (rc == 0 && trust->output)
		rc = write_output(trust, err);
	map_release(&import.names);
	map_release(&import.emails);
	map_release(&import.keys);
	return rc;
}
