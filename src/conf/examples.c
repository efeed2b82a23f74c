/* conf/examples.c - values for options without a default, in samples. */
#include "conf/examples.h"

#include <string.h>

/* An option without a row here is shown with its type's example. */
static const struct {
	const char *section;
	const char *key;
	const char *yaml;
} examples[] = {
	{ "server", "listen", "[\"127.0.0.1:8420\", \"[::1]:8420\"]" },
	{ "server", "public-url", "https://gate.example.org" },
	{ "server", "trusted-proxies", "[127.0.0.1, 10.0.0.0/8]" },
	{ "server", "tls-certificate-file", "/etc/ssl/certs/gate.pem" },
	{ "server", "tls-key-file", "/etc/ssl/private/gate.key" },
	{ "source", "kind", "gitea" },
	{ "source", "secrets-file", "secrets/forge-hook" },
	{ "source", "api", "https://git.example.org/api/v1" },
	{ "source", "token-file", "secrets/forge-token" },
	{ "source", "username", "gitgate@example.org" },
	{ "source", "app-key-file", "secrets/forge-app.pem" },
	{ "source", "ca-file", "/etc/ssl/certs/example-ca.pem" },
	{ "repository", "source", "forge" },
	{ "repository", "name", "acme/shop" },
	{ "repository", "path", "/srv/git/shop.git" },
	{ "repository", "url", "https://git.example.org/acme/shop.git" },
	{ "repository", "protected", "[refs/heads/main, \"refs/heads/release/*\"]" },
	{ "repository", "fsck", "[missingSpaceBeforeDate=ignore]" },
	{ "repository", "username", "gitgate" },
	{ "repository", "password-file", "secrets/shop-token" },
	{ "repository", "ssh-key-file", "secrets/shop-key" },
	{ "repository", "known-hosts-file", "known_hosts" },
	{ "repository", "ca-file", "/etc/ssl/certs/example-ca.pem" },
	{ "target", "repository", "shop" },
	{ "target", "paths", "[deploy/web]" },
	{ "directory", "path", "/srv/www/shop" },
	{ "directory", "activate", "[systemctl, reload, nginx]" },
	{ "directory", "activate-write", "[/var/cache/shop]" },
	{ "refs", "name", "\"^refs/(heads/[a-z0-9/-]+|tags/v[0-9.]+)$\"" },
	{ "commits", "message", "\"^(feat|fix|docs): \"" },
	{ "commits", "author-email", "\"@example\\\\.org$\"" },
	{ "commits", "committer-email", "\"@example\\\\.org$\"" },
	{ "files", "forbid", "[\"*.p12\", .env]" },
	{ "files", "name", "\"^[A-Za-z0-9._/-]+$\"" },
	{ "files", "executable", "[\"bin/*\", \"*.sh\"]" },
	{ "signatures", "by", "[maintainers]" },
	{ "push", "by", "[maintainers]" },
	{ "push", "to", "[\"git.example.org:acme/shop.git\"]" },
	{ "push", "slop", "60" },
	{ "approvals", "count", "2" },
	{ "approvals", "from", "[maintainers]" },
	{ "schema", "file", "schemas/app.json" },
	{ "schema", "kinds", "[Deployment, Service]" },
	{ "schema", "kubernetes", "schemas/kubernetes-1.33.bundle" },
	{ "schema", "kubernetes-digest",
	  "\"sha256:"
	  "0000000000000000000000000000000000000000000000000000000000000000\"" },
	{ "schema", "crds", "[\"crds/*.yaml\"]" },
	{ "schema", "skip", "[Kustomization]" },
	{ "schema", "inline-schemas", "[schemas/app.json]" },
	{ "schema", "tags", "[\"!Ref\", \"!Sub\", \"!GetAtt\"]" },
};

static const char *by_type(enum value_type type)
{
	switch (type) {
	case VALUE_BOOLEAN:
		return "false";
	case VALUE_COUNT:
	case VALUE_SIZE:
		return "1";
	case VALUE_DURATION:
		return "1m";
	case VALUE_PATH:
		return "/path/to/file";
	case VALUE_PATHS:
		return "[/path/to/directory]";
	case VALUE_STRINGS:
		return "[one, two]";
	case VALUE_GLOBS:
		return "[\"**\"]";
	case VALUE_NAMES:
		return "[alice]";
	case VALUE_PATTERN:
		return "\".\"";
	case VALUE_STRING:
	case VALUE_WORD:
	case VALUE_FILE:
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
	return "text";
}

static bool is_list(enum value_type type)
{
	return type == VALUE_STRINGS || type == VALUE_PATHS || type == VALUE_GLOBS ||
	       type == VALUE_NAMES;
}

const char *example_of(const char *section, const struct option_row *row)
{
	if (row->value[0] != '\0' && !is_list(row->type))
		return row->value;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (strcmp(examples[i].section, section) == 0 &&
		    strcmp(examples[i].key, row->key) == 0)
			return examples[i].yaml;
	return row->value[0] != '\0' ? row->value : by_type(row->type);
}
