/* cluster/access.c - which of the ways to say what a cluster is counts. */
#include "cluster/access.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "cluster/parts.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define SERVICE_PORT    "443"

/* --- an address --- */

int cluster_access_at(struct cluster_access **out, const char *server,
		      const char *token_file, const char *authorities_file,
		      struct error *err)
{
	struct cluster_access *access = cluster_access_new(err);
	if (!access)
		return ERROR_MEMORY;
	int rc = cluster_set_server(access, server, err);

	if (rc == 0)
		rc = cluster_text(access, &access->name, err, "'%.200s'",
				  access->server);
	if (rc == 0 && authorities_file)
		rc = cluster_read_pem(access, &access->authorities, authorities_file,
				      err);
	if (rc == 0 && token_file)
		rc = cluster_read_token(access, token_file, err);
	if (rc == 0 && access->token)
		rc = cluster_check_identity(access, err);
	return cluster_access_end(out, access, rc);
}

/* --- within a pod --- */

static int read_namespace(struct cluster_access *access, const char *name,
			  struct error *err)
{
	struct cluster_file file;

	int rc = cluster_file_read(access, name, CLUSTER_TOKEN_BYTES, &file, err);
	if (rc != 0)
		return rc;
	file.text[strcspn(file.text, "\r\n")] = '\0';
	if (*file.text)
		access->namespace = file.text;
	return 0;
}

static int account_file(struct cluster_access *access, const char **out,
			const struct cluster_choice *choice, const char *name,
			struct error *err)
{
	return cluster_text(access, out, err, "%s/%s",
			    choice->account ? choice->account : SERVICE_ACCOUNT, name);
}

static int read_account(struct cluster_access *access,
			const struct cluster_choice *choice, struct error *err)
{
	const char *token, *authorities, *namespace;
	int rc = account_file(access, &token, choice, "token", err);

	if (rc == 0)
		rc = account_file(access, &authorities, choice, "ca.crt", err);
	if (rc == 0)
		rc = account_file(access, &namespace, choice, "namespace", err);
	if (rc == 0)
		rc = cluster_read_token(
			access, choice->token_file ? choice->token_file : token, err);
	if (rc == 0)
		rc = cluster_read_pem(
			access, &access->authorities,
			choice->authorities ? choice->authorities : authorities, err);
	if (rc == 0)
		rc = read_namespace(access, namespace, err);
	/* Everybody within the pod is one user. */
	if (!choice->token_file)
		access->exposed = NULL;
	return rc;
}

static int use_account(struct cluster_access *access,
		       const struct cluster_choice *choice, struct error *err)
{
	const char *host = choice->service_host;
	const char *port = choice->service_port;
	bool is_v6 = strchr(host, ':') != NULL;
	const char *address;

	int rc = cluster_text(access, &address, err, "https://%s%s%s:%s",
			      is_v6 ? "[" : "", host, is_v6 ? "]" : "",
			      port && *port ? port : SERVICE_PORT);
	if (rc == 0)
		rc = cluster_set_server(access, address, err);
	if (rc == 0)
		rc = cluster_text(access, &access->name, err,
				  "the cluster of this pod");
	return rc == 0 ? read_account(access, choice, err) : rc;
}

/* --- the choice --- */

/* One that cannot be looked at may be there. */
static bool is_missing(const char *name)
{
	struct stat status;

	return stat(name, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* The files of a list that exist: `names` has room for all of them. */
static size_t present(char *list, const char **names)
{
	size_t count = 0;
	char *rest;

	for (char *name = strtok_r(list, ":", &rest); name;
	     name = strtok_r(NULL, ":", &rest))
		if (!is_missing(name))
			names[count++] = name;
	return count;
}

static int use_list(struct cluster_access *access, const struct cluster_choice *choice,
		    struct error *err)
{
	char *list = arena_string(access->arena, choice->list);
	size_t most = (size_t)limits_default.values[LIMIT_CONFIG_FILES];
	size_t colons = 1;

	for (const char *at = choice->list; *at; at++)
		colons += *at == ':';
	if (colons > most)
		return error_set(err, ERROR_LIMIT,
				 "KUBECONFIG names more than %zu files, the limit "
				 "config.files",
				 most);
	const char **names = arena_array(access->arena, colons, sizeof(*names));
	if (!list || !names)
		return error_set(err, ERROR_MEMORY, "no memory for KUBECONFIG");
	size_t count = present(list, names);
	if (count == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "no file that KUBECONFIG names exists: '%.200s'",
				 choice->list);
	return cluster_read_kubeconfig(access, names, count, choice, err);
}

static int use_home(struct cluster_access *access, const struct cluster_choice *choice,
		    struct error *err)
{
	const char *name = "";

	if (choice->home && *choice->home) {
		int rc = cluster_text(access, &name, err, "%s/.kube/config",
				      choice->home);
		if (rc != 0)
			return rc;
	}
	if (*name && !is_missing(name))
		return cluster_read_kubeconfig(access, &name, 1, choice, err);
	if (choice->service_host && *choice->service_host && !choice->context)
		return use_account(access, choice, err);
	return error_set(err, ERROR_NOT_FOUND,
			 "nothing says which cluster: there is no kubeconfig '%.200s', "
			 "KUBECONFIG is not set, and this is no pod",
			 *name ? name : "~/.kube/config");
}

int cluster_access_find(struct cluster_access **out,
			const struct cluster_choice *choice, struct error *err)
{
	struct cluster_access *access = cluster_access_new(err);
	int rc;

	if (!access)
		return ERROR_MEMORY;
	if (choice->file)
		rc = cluster_read_kubeconfig(access, &choice->file, 1, choice, err);
	else if (choice->list && *choice->list)
		rc = use_list(access, choice, err);
	else
		rc = use_home(access, choice, err);
	return cluster_access_end(out, access, rc);
}
