/* cmd/trust_import_read.c - what files of keys say: allowed signers, lines of public
 * keys, OpenPGP keyrings, certificates in PEM, and what the APIs of forges answer. */
#include "cmd/trust_import.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "conf/names.h"
#include "conf/reader.h"
#include "doc/doc.h"
#include "model/facts.h"
#include "trust/allowed_signers.h"
#include "trust/openpgp_compiled.h"
#include "trust/openpgp_ring.h"
#include "trust/openpgp_split.h"
#include "trust/ssh_key.h"
#include "trust/x509_people.h"

#define NAME_LENGTH    48
#define COMPILED_BYTES ((size_t)16 << 20)
#define SHOWN          60

/* One file. */
struct source {
	struct import *import;
	const char *file;
	int64_t until; /* what an API says of the key that is read; 0: nothing */
	size_t seen;   /* keys found, counted or not */
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

/* "FILE: WHAT: why" */
__attribute__((format(printf, 4, 5))) static int refuse(struct source *source,
							const char *what,
							struct error *err,
							const char *format, ...)
{
	char why[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	struct import *import = source->import;
	const char *text =
		arena_printf(import->arena, "%s: %s: %s", source->file, what, why);
	if (!text || strings_add(import->arena, &import->refused, text) != 0)
		return no_memory(err);
	return 0;
}

/* --- people --- */

static char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_string(arena, text);
	for (char *at = copy; at && *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return copy;
}

/* A name of a policy, from whatever somebody is called: up to an '@', without what
 * names cannot hold. */
static char *name_from(struct arena *arena, const char *text)
{
	char *name = arena_alloc(arena, NAME_LENGTH + 16);
	size_t length = 0;
	for (const char *at = text; name && *at && *at != '@' && length < NAME_LENGTH;
	     at++) {
		bool first = length == 0;
		if (isalnum((unsigned char)*at) || (!first && strchr("._+-", *at)))
			name[length++] = (char)tolower((unsigned char)*at);
		else if (!first && name[length - 1] != '-')
			name[length++] = '-';
	}
	while (length > 0 && strchr("._+-", name[length - 1]))
		length--;
	if (name)
		name[length] = '\0';
	return name;
}

static struct import_person *new_person(struct import *import, const char *wish)
{
	char *name = import->name ? arena_string(import->arena, import->name)
				  : name_from(import->arena, wish);
	struct import_person *person =
		ARENA_PUSH(import->arena, &import->people, &import->person_count,
			   &import->person_capacity);
	if (!name || !person)
		return NULL;
	const char *base = *name ? name : "somebody";
	person->name = base;
	for (unsigned int i = 2; person->name && map_has(&import->names, person->name,
							 strlen(person->name));
	     i++)
		person->name = arena_printf(import->arena, "%s-%u", base, i);
	if (!person->name ||
	    map_put(&import->names, person->name, strlen(person->name), import) != 0)
		return NULL;
	return person;
}

/* Whoever has one of these addresses, or somebody new. NULL: no memory. */
static struct import_person *person_of(struct import *import,
				       const struct strings *emails, const char *wish)
{
	for (size_t i = 0; import->name && i < import->person_count; i++)
		if (strcmp(import->people[i].name, import->name) == 0)
			return &import->people[i];
	if (import->name)
		return new_person(import, wish);
	for (size_t i = 0; i < emails->count; i++) {
		const char *key = lower(import->arena, emails->items[i]);
		uintptr_t known =
			key ? (uintptr_t)map_get(&import->emails, key, strlen(key)) : 0;
		if (known)
			return &import->people[known - 1];
	}
	return new_person(import, wish);
}

static int add_email(struct import *import, struct import_person *person,
		     const char *email)
{
	const char *key = lower(import->arena, email);
	if (!key)
		return ERROR_MEMORY;
	if (name_check_email(email, NULL) != 0 ||
	    map_has(&import->emails, key, strlen(key)))
		return 0;
	uintptr_t number = (uintptr_t)(person - import->people) + 1;
	if (map_put(&import->emails, key, strlen(key), (void *)number) != 0)
		return ERROR_MEMORY;
	return strings_add(import->arena, &person->emails, email);
}

static bool is_known(const struct import *import, const char *key)
{
	return map_has(&import->keys, key, strlen(key));
}

/* `key`: what makes the entry one, so that it is imported once. */
static int add_entry(struct source *source, const struct strings *emails,
		     const char *wish, const char *key,
		     const struct import_entry *entry, struct error *err)
{
	struct import *import = source->import;
	const char *kept = arena_string(import->arena, key);
	if (is_known(import, key))
		return refuse(source, key, err, "was there already");
	struct import_person *person = person_of(import, emails, wish);
	if (!person || !kept || map_put(&import->keys, kept, strlen(kept), import) != 0)
		return no_memory(err);
	for (size_t i = 0; i < emails->count; i++)
		if (add_email(import, person, emails->items[i]) != 0)
			return no_memory(err);
	struct import_entry *slot =
		ARENA_PUSH(import->arena, &person->entries, &person->entry_count,
			   &person->entry_capacity);
	if (!slot)
		return no_memory(err);
	*slot = *entry;
	return 0;
}

static bool is_over(int64_t until)
{
	return until != 0 && until < clock_now();
}

static int refuse_ended(struct source *source, const char *what, int64_t until,
			struct error *err)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(until, 0, text);
	return refuse(source, what, err, "expired at %s", text);
}

/* --- SSH --- */

/* Without its comment, which may be anything. */
static const char *bare_line(struct arena *arena, const char *line,
			     const char **comment)
{
	size_t type = strcspn(line, " \t");
	const char *blob = line + type + strspn(line + type, " \t");
	size_t length = strcspn(blob, " \t\r\n");
	const char *rest = blob + length + strspn(blob + length, " \t");
	*comment = arena_copy(arena, rest, strcspn(rest, "\r\n"));
	return arena_printf(arena, "%.*s %.*s", (int)type, line, (int)length, blob);
}

static int read_ssh_line(struct source *source, const char *line, struct error *err)
{
	struct import *import = source->import;
	const struct strings none = { 0 };
	struct error cause = ERROR_INIT;
	enum ssh_key_type type;
	char fingerprint[SSH_FINGERPRINT_BYTES];
	const char *comment = NULL;
	struct import_entry entry = { .format = "ssh", .valid_before = source->until };
	source->seen++;
	if (ssh_key_check(line, strlen(line), &type, fingerprint, &cause) != 0)
		return refuse(source,
			      arena_printf(import->arena, "'%.*s'", SHOWN, line), err,
			      "%s", cause.text);
	entry.text = bare_line(import->arena, line, &comment);
	if (!entry.text || !comment)
		return no_memory(err);
	if (is_over(source->until))
		return refuse_ended(source, fingerprint, source->until, err);
	if (!import->name && !*name_from(import->arena, comment))
		return refuse(source, fingerprint, err,
			      "nothing says whose it is: give --name");
	/* "alice@laptop" is no address. */
	return add_entry(source, &none, comment, fingerprint, &entry, err);
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?!") != NULL;
}

static int split_principals(struct arena *arena, const char *list, struct strings *out)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		const char *name = arena_copy(arena, list, length);
		if (!name || (length && strings_add(arena, out, name) != 0))
			return ERROR_MEMORY;
		list += length + (list[length] == ',');
	}
	return 0;
}

static int visit_signer(void *data, const struct allowed_signer *signer,
			struct error *err)
{
	struct source *source = data;
	struct arena *arena = source->import->arena;
	struct strings names = { 0 };
	const char *comment;
	struct import_entry entry = {
		.format = signer->authority ? "ssh-ca" : "ssh",
		.text = bare_line(arena, signer->key, &comment),
		.valid_after = signer->valid_after,
		.valid_before = signer->valid_before,
	};
	source->seen++;
	if (!entry.text || split_principals(arena, signer->principals, &names) != 0)
		return no_memory(err);
	if (signer->namespaces && !pattern_list_matches(signer->namespaces, "git"))
		return refuse(source, signer->fingerprint, err,
			      "is not for git, but for the namespaces '%s'",
			      signer->namespaces);
	if (is_pattern(signer->principals))
		return refuse(source, signer->fingerprint, err,
			      "'%s' is a pattern, not a person: name the file under "
			      "'allowed-signers' in the policy, or the people in it",
			      signer->principals);
	if (is_over(signer->valid_before))
		return refuse_ended(source, signer->fingerprint, signer->valid_before,
				    err);
	if (signer->authority)
		entry.principals = names;
	/* One CA speaks for many. */
	const char *key = !signer->authority ? signer->fingerprint
					     : arena_printf(arena, "%s for %s",
							    signer->fingerprint,
							    signer->principals);
	return key ? add_entry(source, &names, names.items[0], key, &entry, err)
		   : no_memory(err);
}

static bool is_key_line(const char *line)
{
	return strncmp(line, "ssh-", 4) == 0 || strncmp(line, "ecdsa-", 6) == 0 ||
	       strncmp(line, "sk-", 3) == 0;
}

/* Lines of public keys, as USER.keys of a forge; or allowed signers, whose lines begin
 * with a name. */
static int read_lines(struct source *source, const char *bytes, size_t length,
		      struct error *err)
{
	struct arena *arena = source->import->arena;
	const char *stop = bytes + length;
	int rc = 0;
	for (const char *at = bytes; rc == 0 && at < stop;) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		size_t bytes_in_line = (size_t)((end ? end : stop) - at);
		char *line = arena_copy(arena, at, bytes_in_line);
		if (!line)
			return no_memory(err);
		line += strspn(line, " \t");
		for (size_t left = strlen(line);
		     left > 0 && strchr(" \t\r", line[left - 1]); left--)
			line[left - 1] = '\0';
		at += bytes_in_line + 1;
		if (!*line || *line == '#')
			continue;
		if (!is_key_line(line))
			return allowed_signers_read(bytes, length, source->file,
						    TIMES_LOCAL, arena, visit_signer,
						    source, err);
		rc = read_ssh_line(source, line, err);
	}
	return rc;
}

/* --- OpenPGP --- */

static const char *unusable(struct arena *arena, const struct openpgp_key *key)
{
	char text[CLOCK_TEXT_BYTES];
	int64_t until = key->until * CLOCK_SECOND;
	if (key->use != OPENPGP_USE_SIGN)
		return openpgp_use_name(key->use);
	if (key->revoked != OPENPGP_REVOKED_NOT)
		return "revoked";
	if (!is_over(until))
		return NULL;
	clock_format(until, 0, text);
	return arena_printf(arena, "expired at %s", text);
}

static int collect_emails(struct arena *arena, const struct openpgp_ring *ring,
			  struct strings *out)
{
	const struct openpgp_key *certificate;
	const char *email;
	for (size_t i = 0; (email = openpgp_ring_email(ring, i, &certificate)); i++) {
		const char *copy = arena_string(arena, email);
		if (!copy || strings_add(arena, out, copy) != 0)
			return ERROR_MEMORY;
	}
	return 0;
}

/* Why none of its keys can sign commits: "FINGERPRINT no-binding, ..."; NULL: one can.
 */
static const char *why_useless(struct arena *arena, const struct openpgp_ring *ring)
{
	const char *why = "";
	for (size_t i = 0; i < openpgp_ring_count(ring); i++) {
		const struct openpgp_key *key = openpgp_ring_key(ring, i);
		const char *problem = unusable(arena, key);
		if (!problem)
			return NULL;
		why = arena_printf(arena, "%s%s%.16s... %s", why, *why ? ", " : "",
				   key->fingerprint, problem);
		if (!why)
			return "out of memory";
	}
	return why;
}

static int take_ring(struct source *source, const struct openpgp_ring *ring,
		     const char *armored, struct error *err)
{
	struct arena *arena = source->import->arena;
	const struct openpgp_key *primary = openpgp_ring_key(ring, 0);
	struct strings emails = { 0 };
	const char *why = why_useless(arena, ring);
	struct import_entry entry = {
		.format = "openpgp",
		.text = arena_string(arena, armored),
		.remark = arena_printf(arena, "%s %s", primary->algorithm,
				       primary->certificate),
		.valid_before = source->until,
	};
	const char *key = arena_string(arena, primary->certificate);
	if (!entry.text || !entry.remark || !key ||
	    collect_emails(arena, ring, &emails) != 0)
		return no_memory(err);
	if (why)
		return refuse(source, key, err, "no key of it can sign commits: %s",
			      why);
	if (is_over(source->until))
		return refuse_ended(source, key, source->until, err);
	if (!source->import->name && emails.count == 0)
		return refuse(source, key, err, "it holds no address: give --name");
	return add_entry(source, &emails, emails.count ? emails.items[0] : "", key,
			 &entry, err);
}

/* Compiled as the policy would be, so what it refuses is not imported. */
static int visit_certificate(void *data, const char *armored, size_t length,
			     struct error *err)
{
	struct source *source = data;
	struct buf compiled = BUF_INIT(COMPILED_BYTES);
	struct openpgp_ring *ring = NULL;
	struct error cause = ERROR_INIT;
	source->seen++;
	int rc = openpgp_compiled(&compiled, NULL, armored, length, &cause);
	if (rc == 0)
		rc = openpgp_ring_new(&ring, &cause);
	if (rc == 0)
		rc = openpgp_ring_add(ring, compiled.data, compiled.length, &cause);
	if (rc == 0 && openpgp_ring_count(ring) > 0)
		rc = take_ring(source, ring, armored, err);
	else if (rc == ERROR_MEMORY || rc == ERROR_CHILD)
		rc = error_set(err, rc, "%s", cause.text);
	else
		rc = refuse(source, "an OpenPGP key", err, "%s",
			    rc == 0 ? "it holds no key" : cause.text);
	openpgp_ring_free(ring);
	buf_release(&compiled);
	return rc;
}

/* --- X.509 --- */

static int visit_person(void *data, const struct x509_person *person, struct error *err)
{
	struct source *source = data;
	struct arena *arena = source->import->arena;
	const struct x509_fact *fact = person->fact;
	struct strings emails = { 0 };
	struct import_entry entry = { .format = "x509",
				      .identity = { .issuer = fact->issuer } };
	const char *subject = fact->subject ? fact->subject : "a certificate";
	source->seen++;
	if (person->is_authority)
		return refuse(source, subject, err,
			      "it is an authority, not a person: it belongs in the "
			      "file that 'authorities' names");
	if (person->problem)
		return refuse(source, subject, err, "%s", person->problem);
	if (is_over(person->valid_before))
		return refuse_ended(source, subject, person->valid_before, err);
	for (size_t i = 0; i < fact->name_count; i++)
		if (strncmp(fact->names[i], "email:", 6) == 0 &&
		    strings_add(arena, &emails, fact->names[i] + 6) != 0)
			return no_memory(err);
	if (emails.count > 0)
		entry.identity.email = emails.items[0];
	else
		entry.identity.subject = subject;
	const char *key = arena_printf(arena, "%s by %s", subject, fact->issuer);
	const char *wish = strncmp(subject, "CN=", 3) == 0 ? subject + 3 : subject;
	return key ? add_entry(source, &emails, emails.count ? emails.items[0] : wish,
			       key, &entry, err)
		   : no_memory(err);
}

/* --- what forges answer --- */

static const char *text_under(const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);
	return node_kind(value) == NODE_STRING ? node_text(value, NULL) : NULL;
}

static int read_text(struct source *source, const char *bytes, size_t length,
		     struct error *err);

/* {key, raw_key or public_key; expires_at; usage_type}: GitHub's, GitLab's, Gitea's. */
static int read_object(struct source *source, const struct node *node,
		       struct error *err)
{
	static const char *const names[] = { "raw_key", "public_key", "key" };
	const char *key = NULL, *until = text_under(node, "expires_at");
	const char *usage = text_under(node, "usage_type");
	for (size_t i = 0; !key && i < 3; i++)
		key = text_under(node, names[i]);
	source->until = 0;
	if (!key)
		return refuse(source, "an entry", err, "it holds no 'key'");
	const char *shown = arena_printf(source->import->arena, "'%.*s'", SHOWN, key);
	if (!shown)
		return no_memory(err);
	if (usage && strcmp(usage, "auth") == 0)
		return refuse(source, shown, err,
			      "the forge says that it is for logins only");
	if (until && *until && clock_parse(until, &source->until) != 0)
		return refuse(source, shown, err, "its end '%.*s' is no time", SHOWN,
			      until);
	return read_text(source, key, strlen(key), err);
}

static int read_json(struct source *source, const char *bytes, size_t length,
		     struct error *err)
{
	struct arena *arena = source->import->arena;
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	int rc = docs_parse(&docs, arena, DOC_JSON, bytes, length, &limits_default,
			    &problem);
	if (rc != 0)
		return error_set(err, rc, "%s:%u:%u: %s", source->file, problem.line,
				 problem.column, problem.message);
	const struct node *root = docs.roots[0];
	if (node_kind(root) == NODE_MAPPING)
		return read_object(source, root, err);
	if (node_kind(root) != NODE_SEQUENCE)
		return error_set(err, ERROR_CONFIG,
				 "%s: neither a list of keys nor one", source->file);
	for (size_t i = 0; rc == 0 && i < node_count(root); i++)
		rc = read_object(source, node_item(root, i), err);
	source->until = 0;
	return rc;
}

/* --- any of them --- */

static int read_text(struct source *source, const char *bytes, size_t length,
		     struct error *err)
{
	if (openpgp_looks_like(bytes, length))
		return openpgp_split(bytes, length, visit_certificate, source, err);
	if (x509_looks_like(bytes, length))
		return x509_people(bytes, length, source->import->arena, visit_person,
				   source, err);
	if (memmem(bytes, length, "PRIVATE KEY", 11))
		return error_set(err, ERROR_CONFIG,
				 "'%s' holds a private key: give the public one",
				 source->file);
	return read_lines(source, bytes, length, err);
}

int import_read(struct import *import, const char *file, const char *bytes,
		size_t length, struct error *err)
{
	struct source source = { .import = import, .file = file };
	size_t blanks = 0;
	while (blanks < length && strchr(" \t\r\n", bytes[blanks]) && bytes[blanks])
		blanks++;
	bool json = blanks < length && (bytes[blanks] == '[' || bytes[blanks] == '{');
	int rc = json ? read_json(&source, bytes, length, err)
		      : read_text(&source, bytes, length, err);
	if (rc == 0 && source.seen == 0 && import->refused.count == 0)
		rc = error_set(err, ERROR_CONFIG, "'%s' holds no key", file);
	return rc;
}
