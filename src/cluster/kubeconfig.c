/* cluster/kubeconfig.c - kubeconfigs, read as kubectl reads them.
 *
 * Of several files the first one that has an entry of a name, or a current context,
 * counts; nothing is put together from two entries. Names of files are relative to the
 * kubeconfig they stand in; a tokenFile counts before a token. Only the entries that
 * are used are looked at. A field that is not known is passed over, as kubectl does,
 * unless it looks like a mistake.
 *
 * Source: kubernetes.io, kubeconfig (v1); k8s.io/client-go/tools/clientcmd, where a
 * page says nothing. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "cluster/parts.h"
#include "doc/doc.h"

struct kubeconfig {
	const char *name; /* of the file */
	const struct node *root;
	bool open; /* to every user of this machine */
};

/* One entry of a list, and where it stands. */
struct entry {
	const struct kubeconfig *file;
	const struct node *value; /* NULL: there is none */
};

struct reading {
	struct cluster_access *access;
	const struct cluster_choice *choice;
	struct kubeconfig *files;
	size_t count;
	struct error *err;
};

__attribute__((format(printf, 4, 5))) static int refuse(const struct reading *reading,
							const struct kubeconfig *file,
							const struct node *node,
							const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	int rc = error_set(reading->err, ERROR_CONFIG, "%s:%u:%u: %s", file->name,
			   node_line(node), node_column(node),
			   length < 0 ? "it is not valid" : text);
	free(length < 0 ? NULL : text);
	return rc;
}

/* What a part of an access says is wrong, with its place in front. */
static int at_place(const struct reading *reading, const struct kubeconfig *file,
		    const struct node *node, int rc)
{
	return rc == 0 ? 0
		       : error_context(reading->err, "%s:%u:%u", file->name,
				       node_line(node), node_column(node));
}

/* --- files --- */

/* No part of the text is shown: what cannot be parsed may be a secret. */
static int parse(const struct reading *reading, struct kubeconfig *file,
		 const struct cluster_file *text)
{
	struct doc_problem problem = { 0 };
	struct docs docs = { 0 };

	int rc = docs_parse(&docs, reading->access->arena, DOC_KUBERNETES, text->text,
			    text->length, &limits_default, &problem);
	if (rc != 0)
		return error_set(reading->err, rc,
				 "%s:%u:%u: this is no kubeconfig: %s", file->name,
				 problem.line, problem.column, error_meaning(rc));
	file->root = docs.count > 0 ? docs.roots[0] : NULL;
	if (docs.count > 1)
		return refuse(reading, file, docs.roots[1],
			      "a second document begins; a kubeconfig is one");
	if (node_kind(file->root) == NODE_NULL)
		file->root = NULL;
	if (file->root && node_kind(file->root) != NODE_MAPPING)
		return refuse(reading, file, file->root,
			      "this is no kubeconfig, which is a mapping");
	return 0;
}

static int check_kind(const struct reading *reading, const struct kubeconfig *file)
{
	static const char *const wanted[][2] = { { "apiVersion", "v1" },
						 { "kind", "Config" } };

	for (size_t i = 0; i < 2; i++) {
		const struct node *node = node_get(file->root, wanted[i][0]);
		bool unsaid = !node || node_kind(node) == NODE_NULL ||
			      (node_kind(node) == NODE_STRING &&
			       *node_text(node, NULL) == '\0');
		if (!unsaid && (node_kind(node) != NODE_STRING ||
				strcmp(node_text(node, NULL), wanted[i][1]) != 0))
			return refuse(reading, file, node,
				      "this is no kubeconfig: %s must be %s",
				      wanted[i][0], wanted[i][1]);
	}
	return 0;
}

static int read_file(const struct reading *reading, struct kubeconfig *file,
		     const char *name)
{
	size_t maximum = (size_t)limits_default.values[LIMIT_YAML_DOC_BYTES];
	struct cluster_file text;

	file->name = name;
	int rc = cluster_file_read(reading->access, name, maximum, &text, reading->err);
	if (rc == 0)
		rc = parse(reading, file, &text);
	if (rc == 0 && file->root)
		rc = check_kind(reading, file);
	file->open = rc == 0 && text.open;
	return rc;
}

/* --- fields --- */

/* The text under a key; NULL where there is none, or an empty one. */
static int field(const struct reading *reading, const struct entry *entry,
		 const char *key, const char **out, const struct node **place)
{
	const struct node *node = node_get(entry->value, key);
	size_t length = 0;

	*out = NULL;
	*place = node;
	if (!node || node_kind(node) == NODE_NULL)
		return 0;
	if (node_kind(node) != NODE_STRING)
		return refuse(reading, entry->file, node, "%s must be a string", key);
	const char *text = node_text(node, &length);
	if (strlen(text) != length)
		return refuse(reading, entry->file, node, "%s holds a NUL byte", key);
	*out = length > 0 ? text : NULL;
	return 0;
}

static bool is_empty(const struct node *node)
{
	switch (node_kind(node)) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		return true;
	case NODE_BOOLEAN:
		return !node_boolean(node);
	case NODE_STRING:
		return *node_text(node, NULL) == '\0';
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		return node_count(node) == 0;
	case NODE_INTEGER:
	case NODE_DECIMAL:
		return false;
	}
	return false;
}

/* --- entries of lists --- */

struct list {
	const char *name;  /* "clusters" */
	const char *entry; /* "cluster" */
	const char *const *fields;
	size_t count;
};

static const char *const cluster_fields[] = {
	"server",
	"tls-server-name",
	"insecure-skip-tls-verify",
	"certificate-authority",
	"certificate-authority-data",
	"proxy-url",
	"disable-compression",
	"extensions",
};
static const char *const user_fields[] = {
	"client-certificate",
	"client-certificate-data",
	"client-key",
	"client-key-data",
	"token",
	"tokenFile",
	"as",
	"as-uid",
	"as-groups",
	"as-user-extra",
	"username",
	"password",
	"auth-provider",
	"exec",
	"extensions",
};
static const char *const context_fields[] = { "cluster", "user", "namespace",
					      "extensions" };
#define LIST(name, entry, fields)                                                      \
	{                                                                              \
		name, entry, fields, sizeof(fields) / sizeof((fields)[0])              \
	}
static const struct list contexts = LIST("contexts", "context", context_fields);
static const struct list clusters = LIST("clusters", "cluster", cluster_fields);
static const struct list users = LIST("users", "user", user_fields);

static int find_in(const struct reading *reading, const struct kubeconfig *file,
		   const struct list *list, const char *name, const struct node **out)
{
	const struct node *items = node_get(file->root, list->name);

	if (items && node_kind(items) != NODE_NULL && node_kind(items) != NODE_SEQUENCE)
		return refuse(reading, file, items, "%s must be a list", list->name);
	for (size_t i = 0; i < node_count(items); i++) {
		const struct node *item = node_item(items, i);
		const struct node *said = node_get(item, "name");
		if (node_kind(said) != NODE_STRING ||
		    strcmp(node_text(said, NULL), name) != 0)
			continue;
		if (*out)
			return refuse(reading, file, item,
				      "%s has '%.100s' twice; the other one is at "
				      "line %u",
				      list->name, name, node_line(*out));
		*out = item;
	}
	return 0;
}

/* A field that is nearly one of those that are known is a mistake. */
static int check_fields(const struct reading *reading, const struct list *list,
			const struct entry *entry)
{
	for (size_t i = 0; i < node_count(entry->value); i++) {
		const struct node *key = node_key(entry->value, i);
		const char *name = node_text(key, NULL);
		const char *near = text_nearest(name, list->fields, list->count);
		if (near && strcmp(near, name) != 0)
			return refuse(reading, entry->file, key,
				      "'%.100s' is no field of a %s; did you mean "
				      "'%s'?",
				      name, list->entry, near);
	}
	return 0;
}

/* The entry of a name in the first file that has it; NULL when there is none. */
static int find(const struct reading *reading, const struct list *list,
		const char *name, struct entry *out)
{
	const struct node *item = NULL;
	struct entry entry = { 0 };

	for (size_t i = 0; !item && i < reading->count; i++) {
		entry.file = &reading->files[i];
		int rc = find_in(reading, entry.file, list, name, &item);
		if (rc != 0)
			return rc;
	}
	*out = (struct entry){ 0 };
	if (!item)
		return 0;
	entry.value = node_get(item, list->entry);
	if (node_kind(entry.value) != NODE_MAPPING)
		return refuse(reading, entry.file, entry.value ? entry.value : item,
			      "%s: '%.100s' has no mapping '%s'", list->name, name,
			      list->entry);
	*out = entry;
	return check_fields(reading, list, out);
}

/* --- the context --- */

static int current_context(const struct reading *reading, const char **out)
{
	*out = reading->choice->context;
	for (size_t i = 0; !*out && i < reading->count; i++) {
		const struct kubeconfig *file = &reading->files[i];
		const struct entry top = { file, file->root };
		const struct node *place;
		int rc = field(reading, &top, "current-context", out, &place);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Which contexts there are, for people who have to choose one. */
static const char *known_contexts(const struct reading *reading)
{
	const char *text = "";

	for (size_t i = 0; i < reading->count; i++) {
		const struct node *items = node_get(reading->files[i].root, "contexts");
		for (size_t j = 0; j < node_count(items) && strlen(text) < 400; j++) {
			const struct node *name = node_get(node_item(items, j), "name");
			if (node_kind(name) != NODE_STRING)
				continue;
			cluster_text(reading->access, &text, NULL, "%s%s%s", text,
				     *text ? ", " : "", node_text(name, NULL));
		}
	}
	return *text ? text : "none";
}

static int find_context(const struct reading *reading, struct entry *out)
{
	const char *name;
	int rc = current_context(reading, &name);

	if (rc != 0)
		return rc;
	const char *file = reading->files[0].name;
	if (!name)
		return error_set(reading->err, ERROR_NOT_FOUND,
				 "'%s' has no current context: choose one of these: "
				 "%.400s",
				 file, known_contexts(reading));
	rc = find(reading, &contexts, name, out);
	if (rc == 0 && !out->value)
		return error_set(reading->err, ERROR_NOT_FOUND,
				 "'%s'%s has no context '%.100s', but these: %.400s",
				 file, reading->count > 1 ? " and those behind it" : "",
				 name, known_contexts(reading));
	return rc == 0 ? cluster_text(reading->access, &reading->access->name,
				      reading->err, "the cluster of context '%.100s'",
				      name)
		       : rc;
}

/* What a context names. NULL: it names none. */
static int follow(const struct reading *reading, const struct entry *context,
		  const struct list *list, struct entry *out)
{
	const struct node *place;
	const char *name;
	int rc = field(reading, context, list->entry, &name, &place);

	*out = (struct entry){ 0 };
	if (rc != 0 || !name)
		return rc;
	rc = find(reading, list, name, out);
	if (rc == 0 && !out->value)
		return refuse(reading, context->file, place,
			      "there is no '%.100s' among the %s", name, list->name);
	return rc;
}

/* --- what is not supported --- */

struct refusal {
	const char *key;
	const char *reason;
};

static const struct refusal of_clusters[] = {
	{ "insecure-skip-tls-verify", "it would give our identity to whoever answers: "
				      "name the cluster's authority "
				      "by certificate-authority instead" },
	{ "proxy-url", "gitgate uses no proxy; where the server cannot be reached "
		       "directly, 'kubectl proxy' and its address can" },
};

#define INSTEAD                                                                        \
	": write a token to a file (kubectl create token NAME > FILE) and give "       \
	"--token-file=FILE"
#define NO_PROGRAM  "gitgate runs no program that a kubeconfig names" INSTEAD
#define NO_PASSWORD "API servers take no passwords any more" INSTEAD
#define NO_OTHER    "gitgate is nobody else than the user" INSTEAD
static const struct refusal of_users[] = {
	{ "exec", NO_PROGRAM },      { "auth-provider", NO_PROGRAM },
	{ "username", NO_PASSWORD }, { "password", NO_PASSWORD },
	{ "as", NO_OTHER },          { "as-uid", NO_OTHER },
	{ "as-groups", NO_OTHER },   { "as-user-extra", NO_OTHER },
};

static int check_refusals(const struct reading *reading, const struct entry *entry,
			  const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *key = refusals[i].key;
		const struct node *node = node_get(entry->value, key);
		/* Whoever is meant to be another one with fewer rights, and is not
		 * named, would keep all of them. */
		bool is_nobody =
			strcmp(key, "as") == 0 && node_kind(node) == NODE_STRING;
		if (is_nobody || !is_empty(node))
			return refuse(reading, entry->file, node, "%s: %s", key,
				      refusals[i].reason);
	}
	return 0;
}

/* --- material: within the kubeconfig, or in files --- */

struct material {
	const char *text; /* NULL: there is none */
	size_t length;
	const char *what;         /* the subject of an error */
	const struct node *place; /* in the kubeconfig */
};

static int decode(const struct reading *reading, const struct entry *entry,
		  const char *key, const char *text, struct material *out)
{
	struct buf bytes = BUF_INIT(CLUSTER_PEM_BYTES);
	size_t length = 0;
	char *copy = arena_string(reading->access->arena, text);

	if (!copy)
		return error_set(reading->err, ERROR_MEMORY, "no memory for %s", key);
	for (const char *from = text; *from; from++)
		if (!strchr("\r\n", *from))
			copy[length++] = *from;
	int rc = base64_decode(copy, length, &bytes);
	if (rc == 0) {
		out->text =
			arena_copy(reading->access->arena, bytes.data, bytes.length);
		out->length = bytes.length;
		rc = out->text ? 0 : ERROR_MEMORY;
	}
	if (rc == ERROR_MEMORY)
		error_set(reading->err, rc, "no memory for %s", key);
	else if (rc != 0)
		rc = refuse(reading, entry->file, out->place,
			    "%s is not base64, or over %zu bytes", key,
			    CLUSTER_PEM_BYTES);
	explicit_bzero(bytes.data, bytes.capacity);
	buf_release(&bytes);
	return rc;
}

/* Relative to the directory of the kubeconfig. */
static int file_beside(const struct reading *reading, const struct kubeconfig *file,
		       const char *name, const char **out)
{
	const char *slash = strrchr(file->name, '/');

	if (*name == '/' || !slash) {
		*out = name;
		return 0;
	}
	return cluster_text(reading->access, out, reading->err, "%.*s/%s",
			    (int)(slash - file->name), file->name, name);
}

/* Of the file that a kubeconfig names at `out->place`. */
static int material_of_file(const struct reading *reading, const struct entry *entry,
			    const char *name, bool is_secret, struct material *out)
{
	struct cluster_file read;
	const char *file;
	int rc = file_beside(reading, entry->file, name, &file);

	if (rc == 0)
		rc = cluster_text(reading->access, &out->what, reading->err, "'%s'",
				  file);
	if (rc == 0)
		rc = cluster_file_read(reading->access, file, CLUSTER_PEM_BYTES, &read,
				       reading->err);
	if (rc != 0)
		return at_place(reading, entry->file, out->place, rc);
	if (is_secret)
		cluster_expose(reading->access, file, read.open);
	out->text = read.text;
	out->length = read.length;
	return 0;
}

/* PEM text of `key`-data or of the file that `key` names; both is a mistake for kubectl
 * as well. */
static int material(const struct reading *reading, const struct entry *entry,
		    const char *key, bool is_secret, struct material *out)
{
	const char *data, *file, *data_key;
	const struct node *file_place;
	int rc = cluster_text(reading->access, &data_key, reading->err, "%s-data", key);

	*out = (struct material){ 0 };
	if (rc == 0)
		rc = field(reading, entry, data_key, &data, &out->place);
	if (rc == 0)
		rc = field(reading, entry, key, &file, &file_place);
	if (rc != 0 || (!data && !file))
		return rc;
	if (data && file)
		return refuse(reading, entry->file, file_place,
			      "%s and %s: only one of them can be", key, data_key);
	if (file) {
		out->place = file_place;
		return material_of_file(reading, entry, file, is_secret, out);
	}
	out->what = data_key;
	if (is_secret)
		cluster_expose(reading->access, entry->file->name, entry->file->open);
	return decode(reading, entry, data_key, data, out);
}

/* --- the cluster --- */

static int use_authorities(const struct reading *reading, const struct entry *cluster)
{
	struct cluster_access *access = reading->access;
	struct material pem;

	if (reading->choice->authorities)
		return cluster_read_pem(access, &access->authorities,
					reading->choice->authorities, reading->err);
	int rc = material(reading, cluster, "certificate-authority", false, &pem);
	if (rc != 0 || !pem.text)
		return rc;
	rc = cluster_set_pem(&access->authorities, pem.text, pem.length, pem.what,
			     reading->err);
	return at_place(reading, cluster->file, pem.place, rc);
}

static int use_cluster(const struct reading *reading, const struct entry *context)
{
	struct entry cluster;
	const struct node *place;
	const char *server;
	int rc = follow(reading, context, &clusters, &cluster);

	if (rc == 0 && !cluster.value)
		return refuse(reading, context->file, context->value,
			      "the context names no cluster");
	if (rc == 0)
		rc = check_refusals(reading, &cluster, of_clusters,
				    sizeof(of_clusters) / sizeof(of_clusters[0]));
	if (rc == 0)
		rc = field(reading, &cluster, "server", &server, &place);
	if (rc == 0 && !server)
		return refuse(reading, cluster.file, cluster.value,
			      "the cluster has no server");
	if (rc == 0)
		rc = at_place(
			reading, cluster.file, place,
			cluster_set_server(reading->access, server, reading->err));
	if (rc == 0)
		rc = field(reading, &cluster, "tls-server-name",
			   &reading->access->server_name, &place);
	return rc == 0 ? use_authorities(reading, &cluster) : rc;
}

/* --- the user --- */

static int use_token(const struct reading *reading, const struct entry *user)
{
	struct cluster_access *access = reading->access;
	const struct node *place;
	const char *text;
	int rc = field(reading, user, "tokenFile", &text, &place);

	if (rc == 0 && text) {
		rc = file_beside(reading, user->file, text, &text);
		if (rc == 0)
			rc = cluster_read_token(access, text, reading->err);
		return at_place(reading, user->file, place, rc);
	}
	if (rc == 0)
		rc = field(reading, user, "token", &text, &place);
	if (rc != 0 || !text)
		return rc;
	cluster_expose(access, user->file->name, user->file->open);
	char *copy = arena_string(access->arena, text);
	if (!copy)
		return error_set(reading->err, ERROR_MEMORY, "no memory for a token");
	rc = cluster_set_token(access, copy, strlen(copy), "token", reading->err);
	return at_place(reading, user->file, place, rc);
}

static int use_certificate(const struct reading *reading, const struct entry *user)
{
	struct cluster_access *access = reading->access;
	struct material certificate, key;
	int rc = material(reading, user, "client-certificate", false, &certificate);

	if (rc == 0)
		rc = material(reading, user, "client-key", true, &key);
	if (rc != 0 || (!certificate.text && !key.text))
		return rc;
	if (!certificate.text || !key.text)
		return refuse(reading, user->file,
			      certificate.text ? certificate.place : key.place,
			      "%s without %s: the two belong together",
			      certificate.text ? "client-certificate" : "client-key",
			      certificate.text ? "client-key" : "client-certificate");
	rc = cluster_set_pem(&access->certificate, certificate.text, certificate.length,
			     certificate.what, reading->err);
	if (rc != 0)
		return at_place(reading, user->file, certificate.place, rc);
	rc = cluster_set_key(access, key.text, key.length, key.what, reading->err);
	return at_place(reading, user->file, key.place, rc);
}

static int use_user(const struct reading *reading, const struct entry *context)
{
	struct entry user;

	if (reading->choice->token_file)
		return cluster_read_token(reading->access, reading->choice->token_file,
					  reading->err);
	int rc = follow(reading, context, &users, &user);
	if (rc != 0 || !user.value)
		return rc;
	rc = check_refusals(reading, &user, of_users,
			    sizeof(of_users) / sizeof(of_users[0]));
	if (rc == 0)
		rc = use_certificate(reading, &user);
	return rc == 0 ? use_token(reading, &user) : rc;
}

/* --- all of it --- */

int cluster_read_kubeconfig(struct cluster_access *access, const char *const *names,
			    size_t count, const struct cluster_choice *choice,
			    struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct reading reading = {
		.access = access,
		.choice = choice,
		.files = arena_array(access->arena, count, sizeof(*reading.files)),
		.err = err ? err : &ignored,
	};
	const struct node *place;
	const char *namespace = NULL;
	struct entry context;
	int rc = 0;

	if (!reading.files)
		return error_set(err, ERROR_MEMORY, "no memory for kubeconfigs");
	for (; rc == 0 && reading.count < count; reading.count++)
		rc = read_file(&reading, &reading.files[reading.count],
			       names[reading.count]);
	if (rc == 0)
		rc = find_context(&reading, &context);
	if (rc == 0)
		rc = field(&reading, &context, "namespace", &namespace, &place);
	if (rc == 0 && namespace)
		access->namespace = namespace;
	if (rc == 0)
		rc = use_cluster(&reading, &context);
	if (rc == 0)
		rc = use_user(&reading, &context);
	return rc == 0 ? cluster_check_identity(access, reading.err) : rc;
}
