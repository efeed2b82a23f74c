/* tests/unit/test_cluster_kubeconfig.c - which cluster, and who we are there: what
 * kubeconfigs say, how several are merged, what is refused and where. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "cluster/access.h"
#include "unit.h"

#define PEM "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define PEM_DATA                                                                       \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0t" \
	"LQo="
#define KEY "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"
#define KEY_DATA                                                                       \
	"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkJCQkIKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0t" \
	"LQo="
#define SECRET "very-secret-token"

static char *place; /* a directory of its own */
static struct cluster_access *access_found;
static struct error err;

/* --- files --- */

static const char *file_name(const char *name)
{
	static char names[4][512];
	static unsigned int next;
	char *out = names[next++ % 4];
	snprintf(out, sizeof(names[0]), "%s/%s", place, name);
	return out;
}

static void put_file(const char *name, const char *text)
{
	ck_assert_int_eq(
		path_write_atomic(file_name(name), text, strlen(text), 0600, &err), 0);
}

static void begin(void)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-kubeconfig", &err), 0);
	ck_assert_int_eq(path_make_directories(file_name("keys"), 0700, &err), 0);
	put_file("keys/ca.pem", PEM);
	put_file("keys/me.pem", PEM);
	put_file("keys/me.key", KEY);
	put_file("keys/locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nBBBB\n"
				    "-----END ENCRYPTED PRIVATE KEY-----\n");
	put_file("keys/token", " " SECRET "\r\n");
	put_file("keys/empty", "\n");
}

static void end(void)
{
	cluster_access_free(access_found);
	access_found = NULL;
	ck_assert_int_eq(path_remove_named(place, &err), 0);
	free(place);
}

static int find(const struct cluster_choice *choice)
{
	cluster_access_free(access_found);
	access_found = NULL;
	error_clear(&err);
	int rc = cluster_access_find(&access_found, choice, &err);
	ck_assert_msg((rc == 0) == (access_found != NULL), "%d %s", rc, err.text);
	ck_assert_msg(!strstr(err.text, SECRET), "%s", err.text);
	ck_assert_msg(!strstr(err.text, "BBBB"), "%s", err.text);
	return rc;
}

static void same(const char *what, const char *found, const char *wanted)
{
	if (!wanted)
		ck_assert_msg(!found, "%s: '%s'", what, found);
	else
		ck_assert_msg(found && strcmp(found, wanted) == 0, "%s: '%s'", what,
			      found ? found : "(none)");
}

/* --- one kubeconfig --- */

/* Around one cluster and one user, in one line each: errors are at lines 2 and 3. */
#define CONFIG(cluster, user)                                                          \
	"apiVersion: v1\n"                                                             \
	"clusters: [{name: c, cluster: {" cluster "}}]\n"                              \
	"users: [{name: u, user: {" user "}}]\n"                                       \
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"                      \
	"current-context: x\nkind: Config\n"
#define SERVER "server: 'https://h:6443'"
#define TOKEN  "token: " SECRET

static const struct {
	const char *name, *text;
	const char *server, *server_name, *authorities, *token, *certificate, *key;
} read_cases[] = {
	{ "a token", CONFIG(SERVER, TOKEN), "https://h:6443", NULL, NULL, SECRET, NULL,
	  NULL },
	{ "slashes at the end", CONFIG("server: https://h/k8s/c1//", TOKEN),
	  "https://h/k8s/c1", NULL, NULL, SECRET, NULL, NULL },
	{ "all of a cluster",
	  CONFIG(SERVER ", tls-server-name: n.org, "
			"certificate-authority-data: " PEM_DATA,
		 TOKEN),
	  "https://h:6443", "n.org", PEM, SECRET, NULL, NULL },
	{ "files are beside the kubeconfig",
	  CONFIG(SERVER ", certificate-authority: keys/ca.pem", "client-certificate: "
								"keys/me.pem, "
								"client-key: "
								"keys/me.key"),
	  "https://h:6443", NULL, PEM, NULL, PEM, KEY },
	{ "all of it in the kubeconfig",
	  CONFIG(SERVER ", certificate-authority-data: " PEM_DATA,
		 "client-certificate-data: " PEM_DATA ", client-key-data: " KEY_DATA),
	  "https://h:6443", NULL, PEM, NULL, PEM, KEY },
	{ "data with line breaks",
	  CONFIG(SERVER, "client-certificate-data: \"" PEM_DATA "\\n\""
			 ", client-key-data: \"\\r\\n" KEY_DATA "\\n\""),
	  "https://h:6443", NULL, NULL, NULL, PEM, KEY },
	{ "a certificate and a token",
	  CONFIG(SERVER, TOKEN ", client-certificate: keys/me.pem, "
			       "client-key: keys/me.key"),
	  "https://h:6443", NULL, NULL, SECRET, PEM, KEY },
	{ "a token's file counts before a token",
	  CONFIG(SERVER, "token: other, tokenFile: keys/token"), "https://h:6443", NULL,
	  NULL, SECRET, NULL, NULL },
	{ "empty fields are none",
	  CONFIG(SERVER ", tls-server-name: '', certificate-authority: ~, "
			"proxy-url: '', insecure-skip-tls-verify: false",
		 TOKEN ", tokenFile: '', username: '', as: ~, exec: null, "
		       "as-groups: [], auth-provider: {}"),
	  "https://h:6443", NULL, NULL, SECRET, NULL, NULL },
	{ "fields of others are passed over",
	  CONFIG(SERVER ", api-version: v1, extensions: [{name: a}], "
			"disable-compression: true",
		 TOKEN ", comment: mine"),
	  "https://h:6443", NULL, NULL, SECRET, NULL, NULL },
	{ "nobody, for kubectl proxy", CONFIG("server: http://127.0.0.1:8001", ""),
	  "http://127.0.0.1:8001", NULL, NULL, NULL, NULL, NULL },
	{ "JSON",
	  "{\"clusters\": [{\"name\": \"c\", \"cluster\": {\"server\": "
	  "\"https://h\"}}], \"users\": [{\"name\": \"u\", \"user\": {\"token\": "
	  "\"" SECRET "\"}}], \"contexts\": [{\"name\": \"x\", \"context\": "
	  "{\"cluster\": \"c\", \"user\": \"u\"}}], \"current-context\": \"x\"}",
	  "https://h", NULL, NULL, SECRET, NULL, NULL },
	{ "what is not used may be broken",
	  "clusters: [{name: c, cluster: {" SERVER "}}, {name: d, cluster: 7}, 8]\n"
	  "users: [{name: v, user: {exec: {command: x}}}, {name: u, user: {" TOKEN "}}]"
	  "\n"
	  "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	  "current-context: x\n",
	  "https://h:6443", NULL, NULL, SECRET, NULL, NULL },
};

START_TEST(a_kubeconfig_says_where_and_who)
{
	begin();
	for (size_t i = 0; i < sizeof(read_cases) / sizeof(read_cases[0]); i++) {
		put_file("config", read_cases[i].text);
		const struct cluster_choice choice = { .file = file_name("config") };
		int rc = find(&choice);
		ck_assert_msg(rc == 0, "%s: %s", read_cases[i].name, err.text);
		const char *what = read_cases[i].name;
		same(what, access_found->server, read_cases[i].server);
		same(what, access_found->server_name, read_cases[i].server_name);
		same(what, access_found->authorities, read_cases[i].authorities);
		same(what, access_found->token, read_cases[i].token);
		same(what, access_found->certificate, read_cases[i].certificate);
		same(what, access_found->key, read_cases[i].key);
		same(what, access_found->exposed, NULL);
		same(what, access_found->namespace, "default");
		same(what, access_found->name, "the cluster of context 'x'");
	}
	end();
}
END_TEST

static const struct {
	const char *name, *text;
	int code;
	const char *says; /* behind the file's name */
} refused_cases[] = {
	{ "no TLS", CONFIG(SERVER ", insecure-skip-tls-verify: true", TOKEN),
	  ERROR_CONFIG, ":2:84: insecure-skip-tls-verify: it would give our identity" },
	{ "a proxy", CONFIG(SERVER ", proxy-url: 'socks5://h'", TOKEN), ERROR_CONFIG,
	  ":2:69: proxy-url: gitgate uses no proxy" },
	{ "a program", CONFIG(SERVER, "exec: {command: login}"), ERROR_CONFIG,
	  ":3:32: exec: gitgate runs no program that a kubeconfig names: write a "
	  "token to a file (kubectl create token NAME > FILE) and give "
	  "--token-file=FILE" },
	{ "a program beside a token", CONFIG(SERVER, TOKEN ", exec: {command: login}"),
	  ERROR_CONFIG, "exec: gitgate runs no program" },
	{ "a provider", CONFIG(SERVER, "auth-provider: {name: gcp}"), ERROR_CONFIG,
	  "auth-provider: gitgate runs no program" },
	{ "a password", CONFIG(SERVER, "username: a, password: b"), ERROR_CONFIG,
	  "username: API servers take no passwords" },
	{ "somebody else", CONFIG(SERVER, TOKEN ", as: root"), ERROR_CONFIG,
	  "as: gitgate is nobody else" },
	{ "somebody else who is empty", CONFIG(SERVER, TOKEN ", as: ''"), ERROR_CONFIG,
	  "as: gitgate is nobody else" },
	{ "groups of somebody else", CONFIG(SERVER, TOKEN ", as-groups: [a]"),
	  ERROR_CONFIG, "as-groups: gitgate is nobody else" },
	{ "nobody", CONFIG(SERVER, ""), ERROR_CONFIG,
	  "nothing says who we are to 'https://h:6443'" },
	{ "a token in the open", CONFIG("server: 'http://h'", TOKEN), ERROR_CONFIG,
	  "do not go to 'http://h', which is not https" },
	{ "a certificate in the open",
	  CONFIG("server: 'http://h'", "client-certificate: keys/me.pem, client-key: "
				       "keys/me.key"),
	  ERROR_CONFIG, "do not go to 'http://h', which is not https" },
	{ "no server", CONFIG("", TOKEN), ERROR_CONFIG,
	  ":2:31: the cluster has no server" },
	{ "no scheme", CONFIG("server: 'localhost:8080'", TOKEN), ERROR_CONFIG,
	  ":2:40: the server 'localhost:8080' is no address" },
	{ "a user in the address", CONFIG("server: 'https://a:" SECRET "@h'", TOKEN),
	  ERROR_CONFIG, ":2:40: the server '' is no address" },
	{ "a query in the address", CONFIG("server: 'https://h/?a'", TOKEN),
	  ERROR_CONFIG, ":2:40: the server 'https://h/?a' is no address" },
	{ "a number as server", CONFIG("server: 7", TOKEN), ERROR_CONFIG,
	  ":2:40: server must be a string" },
	{ "a number as token", CONFIG(SERVER, "token: 12345"), ERROR_CONFIG,
	  ":3:33: token must be a string" },
	{ "two lines as token", CONFIG(SERVER, "token: \"" SECRET "\\nb\""),
	  ERROR_CONFIG, ":3:33: token is not one token" },
	{ "a token that is blank", CONFIG(SERVER, "token: ' '"), ERROR_CONFIG,
	  ":3:33: token holds no token" },
	{ "a token's file that is empty", CONFIG(SERVER, "tokenFile: keys/empty"),
	  ERROR_CONFIG, "holds no token" },
	{ "a token's file that is not there", CONFIG(SERVER, "tokenFile: keys/none"),
	  ERROR_NOT_FOUND, ":3:37: cannot open '" },
	{ "a directory", CONFIG(SERVER, "tokenFile: keys"), ERROR_CONFIG,
	  "is not a regular file" },
	{ "a file and data",
	  CONFIG(SERVER ", certificate-authority: keys/ca.pem, "
			"certificate-authority-data: " PEM_DATA,
		 TOKEN),
	  ERROR_CONFIG,
	  ":2:81: certificate-authority and certificate-authority-data: only one" },
	{ "a certificate without its key",
	  CONFIG(SERVER, "client-certificate: keys/me.pem"), ERROR_CONFIG,
	  ":3:46: client-certificate without client-key" },
	{ "a key without its certificate", CONFIG(SERVER, "client-key-data: " KEY_DATA),
	  ERROR_CONFIG, ":3:43: client-key without client-certificate" },
	{ "a key with a password",
	  CONFIG(SERVER, "client-certificate: keys/me.pem, client-key: "
			 "keys/locked.key"),
	  ERROR_CONFIG, "locked.key' has a password" },
	{ "a certificate as key",
	  CONFIG(SERVER, "client-certificate: keys/me.pem, client-key: keys/me.pem"),
	  ERROR_CONFIG, "me.pem' holds no private key" },
	{ "no PEM", CONFIG(SERVER ", certificate-authority: keys/token", TOKEN),
	  ERROR_CONFIG, "token' holds no PEM" },
	{ "no base64", CONFIG(SERVER ", certificate-authority-data: '?'", TOKEN),
	  ERROR_CONFIG, "certificate-authority-data is not base64" },
	{ "base64 of something else",
	  CONFIG(SERVER ", certificate-authority-data: aGVsbG8=", TOKEN), ERROR_CONFIG,
	  "certificate-authority-data holds no PEM" },
	{ "a NUL in the certificate",
	  CONFIG(SERVER ", certificate-authority-data: LS0tLS1CRUdJTiAA", TOKEN),
	  ERROR_CONFIG, "certificate-authority-data holds no PEM" },
	{ "nearly a field", CONFIG(SERVER, "tokenfile: keys/token"), ERROR_CONFIG,
	  ":3:26: 'tokenfile' is no field of a user; did you mean 'tokenFile'?" },
	{ "nearly a field of a cluster",
	  CONFIG(SERVER ", certificate-authority-dat: " PEM_DATA, TOKEN), ERROR_CONFIG,
	  "did you mean 'certificate-authority-data'?" },
	{ "not YAML", "clusters: [\ntoken: " SECRET "\n", ERROR_SYNTAX,
	  "this is no kubeconfig: a document cannot be parsed" },
	{ "a key twice", "kind: Config\nkind: Config\n", ERROR_DUPLICATE_KEY,
	  ":2:1: this is no kubeconfig: a mapping holds one key twice" },
	{ "a list", "- a\n", ERROR_CONFIG, ":1:1: this is no kubeconfig, which is" },
	{ "two documents", "kind: Config\n---\nkind: Config\n", ERROR_CONFIG,
	  "a second document begins" },
	{ "something else", "apiVersion: v1\nkind: Secret\n", ERROR_CONFIG,
	  ":2:7: this is no kubeconfig: kind must be Config" },
	{ "another version", "apiVersion: v2\nkind: Config\n", ERROR_CONFIG,
	  ":1:13: this is no kubeconfig: apiVersion must be v1" },
	{ "nothing", "", ERROR_NOT_FOUND,
	  "has no current context: choose one of these: none" },
	{ "no context", "contexts: [{name: a}, {name: b}]\n", ERROR_NOT_FOUND,
	  "has no current context: choose one of these: a, b" },
	{ "a context that is not there",
	  "contexts: [{name: a}, {name: b}]\ncurrent-context: c\n", ERROR_NOT_FOUND,
	  "has no context 'c', but these: a, b" },
	{ "a context that holds nothing", "contexts: [{name: a}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":1:12: contexts: 'a' has no mapping 'context'" },
	{ "a context without a cluster",
	  "contexts: [{name: a, context: {user: u}}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":1:31: the context names no cluster" },
	{ "a cluster that is not there",
	  "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":1:41: there is no 'c' among the clusters" },
	{ "a user that is not there",
	  "clusters: [{name: c, cluster: {" SERVER "}}]\n"
	  "contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":2:50: there is no 'u' among the users" },
	{ "a cluster twice",
	  "clusters: [{name: c, cluster: {" SERVER "}},\n  {name: c, cluster: {}}]\n"
	  "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":2:3: clusters has 'c' twice; the other one is at line 1" },
	{ "clusters as a mapping",
	  "clusters: {c: {" SERVER "}}\n"
	  "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\n",
	  ERROR_CONFIG, ":1:11: clusters must be a list" },
	{ "a context that is a number", "current-context: 1\n", ERROR_CONFIG,
	  ":1:18: current-context must be a string" },
};

START_TEST(what_cannot_be_is_refused_with_its_place)
{
	begin();
	for (size_t i = 0; i < sizeof(refused_cases) / sizeof(refused_cases[0]); i++) {
		put_file("config", refused_cases[i].text);
		const struct cluster_choice choice = { .file = file_name("config") };
		int rc = find(&choice);
		ck_assert_msg(rc == refused_cases[i].code, "%s: %d %s",
			      refused_cases[i].name, rc, err.text);
		ck_assert_msg(strstr(err.text, refused_cases[i].says) != NULL, "%s: %s",
			      refused_cases[i].name, err.text);
		ck_assert_msg(strstr(err.text, file_name("config")) != NULL ||
				      strstr(err.text, "'http"),
			      "%s: %s", refused_cases[i].name, err.text);
	}
	end();
}
END_TEST

START_TEST(a_file_over_its_limit_is_refused)
{
	begin();
	size_t length = ((size_t)4 << 20) + 1;
	char *text = malloc(length);
	ck_assert_ptr_nonnull(text);
	memset(text, '#', length);
	ck_assert_int_eq(
		path_write_atomic(file_name("config"), text, length, 0600, &err), 0);
	free(text);
	const struct cluster_choice choice = { .file = file_name("config") };
	ck_assert_int_eq(find(&choice), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "is over 4194304 bytes"));
	end();
}
END_TEST

/* --- several kubeconfigs --- */

#define CLUSTER(name, host) "{name: " name ", cluster: {server: 'https://" host "'}}"
#define USER(name, token)   "{name: " name ", user: {token: " token "}}"
#define CONTEXT(name, cluster, user)                                                   \
	"{name: " name ", context: {cluster: " cluster ", user: " user "}}"

static const struct {
	const char *name;
	const char *files[3]; /* NULL: is not there */
	const char *context;
	const char *server, *token; /* NULL: refused */
} merged_cases[] = {
	{ "parts from different files",
	  { "current-context: x\ncontexts: [" CONTEXT("x", "c", "u") "]\n",
	    "clusters: [" CLUSTER("c", "one") "]\n", "users: [" USER("u", "t1") "]\n" },
	  NULL,
	  "https://one",
	  "t1" },
	{ "the first entry of a name counts, whole",
	  { "clusters: [" CLUSTER("c", "one") "]\nusers: [{name: u, user: {token: "
					      "t1}}]\n",
	    "current-context: x\ncontexts: [" CONTEXT("x", "c", "u") "]\n"
								     "clusters: "
								     "[{name: c, "
								     "cluster: "
								     "{server: "
								     "'https://two', "
								     "proxy-url: "
								     "p}}]\n",
	    "users: [{name: u, user: {token: t2, as: root}}]\n" },
	  NULL,
	  "https://one",
	  "t1" },
	{ "the first current context counts",
	  { "clusters: [" CLUSTER("c", "one") "]\n",
	    "current-context: w\ncontexts: [" CONTEXT(
		    "w", "c", "u") "]\n"
				   "users: [" USER("u", "t1") "]\n",
	    "current-context: x\ncontexts: [" CONTEXT(
		    "x", "c", "v") "]\n"
				   "users: [" USER("v", "t2") "]\n" },
	  NULL,
	  "https://one",
	  "t1" },
	{ "an empty current context is none",
	  { "current-context: ''\n",
	    "current-context: x\nclusters: [" CLUSTER("c", "one") "]\n",
	    "contexts: [" CONTEXT("x", "c", "u") "]\nusers: [" USER("u", "t1") "]\n" },
	  NULL,
	  "https://one",
	  "t1" },
	{ "files that are not there, and empty ones, are passed over",
	  { NULL, "",
	    "current-context: x\nclusters: [" CLUSTER(
		    "c", "one") "]\n"
				"contexts: [" CONTEXT("x", "c", "u") "]\nusers: [" USER(
					"u", "t1") "]\n" },
	  NULL,
	  "https://one",
	  "t1" },
	{ "a context that is asked for counts before the current one",
	  { "current-context: x\ncontexts: [" CONTEXT("x", "c", "u") "]\n",
	    "contexts: [" CONTEXT("w", "d",
				  "v") "]\n"
				       "clusters: [" CLUSTER("c", "one") ", " CLUSTER(
					       "d", "two") "]\n",
	    "users: [" USER("u", "t1") ", " USER("v", "t2") "]\n" },
	  "w",
	  "https://two",
	  "t2" },
	{ "one that is broken breaks all",
	  { "current-context: [", "", "" },
	  NULL,
	  NULL,
	  NULL },
	{ "none is there", { NULL, NULL, NULL }, NULL, NULL, NULL },
};

START_TEST(several_kubeconfigs_are_merged_as_kubectl_does)
{
	for (size_t i = 0; i < sizeof(merged_cases) / sizeof(merged_cases[0]); i++) {
		char list[1024];
		begin();
		for (size_t j = 0; j < 3; j++) {
			char name[8];
			snprintf(name, sizeof(name), "f%zu", j);
			if (merged_cases[i].files[j])
				put_file(name, merged_cases[i].files[j]);
		}
		snprintf(list, sizeof(list), "%s::%s:%s", file_name("f0"),
			 file_name("f1"), file_name("f2"));
		const struct cluster_choice choice = {
			.list = list,
			.context = merged_cases[i].context,
			.home = place, /* does not count */
		};
		int rc = find(&choice);
		ck_assert_msg((rc == 0) == (merged_cases[i].server != NULL), "%s: %s",
			      merged_cases[i].name, err.text);
		if (rc == 0) {
			same(merged_cases[i].name, access_found->server,
			     merged_cases[i].server);
			same(merged_cases[i].name, access_found->token,
			     merged_cases[i].token);
		}
		end();
	}
}
END_TEST

START_TEST(files_are_relative_to_their_own_kubeconfig)
{
	begin();
	put_file("keys/users", "users: [{name: u, user: {tokenFile: token}}]\n");
	put_file("config", "clusters: [{name: c, cluster: {server: 'https://h', "
			   "certificate-authority: keys/ca.pem}}]\n"
			   "contexts: [" CONTEXT("x", "c", "u") "]\n");
	char list[1024];
	snprintf(list, sizeof(list), "%s:%s", file_name("config"),
		 file_name("keys/users"));
	const struct cluster_choice choice = { .list = list, .context = "x" };
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->token, SECRET);
	ck_assert_str_eq(access_found->authorities, PEM);
	/* a name without a directory is in the one we are in */
	char before[512];
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	ck_assert_int_eq(chdir(file_name("keys")), 0);
	const struct cluster_choice here = { .file = "../config",
					     .token_file = "token" };
	put_file("keys/../config", "clusters: [{name: c, cluster: {server: "
				   "'https://h', "
				   "certificate-authority: keys/ca.pem}}]\n"
				   "contexts: [" CONTEXT("x", "c", "u") "]\n"
									"current-"
									"context: x\n");
	ck_assert_msg(find(&here) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->token, SECRET);
	ck_assert_int_eq(chdir(before), 0);
	end();
}
END_TEST

/* --- which of them --- */

START_TEST(what_is_asked_for_counts_before_the_environment)
{
	begin();
	ck_assert_int_eq(path_make_directories(file_name(".kube"), 0700, &err), 0);
	put_file(".kube/config", CONFIG("server: https://home", TOKEN));
	put_file("listed", CONFIG("server: https://listed", TOKEN));
	put_file("given", CONFIG("server: https://given", TOKEN));
	const char *listed = file_name("listed");
	const char *given = file_name("given");
	struct cluster_choice choice = { .file = given, .list = listed, .home = place };
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->server, "https://given");
	choice.file = NULL;
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->server, "https://listed");
	choice.list = "";
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->server, "https://home");
	choice.home = "/nowhere";
	ck_assert_int_eq(find(&choice), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "there is no kubeconfig "
					       "'/nowhere/.kube/config'"));
	choice.file = "/nowhere/config";
	ck_assert_int_eq(find(&choice), ERROR_NOT_FOUND);
	end();
}
END_TEST

START_TEST(a_token_that_is_given_replaces_the_user)
{
	begin();
	put_file("config", CONFIG(SERVER ", certificate-authority: keys/none", "exec: "
									       "{comman"
									       "d: "
									       "login},"
									       " client"
									       "-key: "
									       "keys/"
									       "none"));
	struct cluster_choice choice = { .file = file_name("config"),
					 .token_file = file_name("keys/token"),
					 .authorities = file_name("keys/ca.pem") };
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->token, SECRET);
	ck_assert_str_eq(access_found->authorities, PEM);
	ck_assert_ptr_null(access_found->key);
	end();
}
END_TEST

START_TEST(a_pod_is_its_service_account)
{
	begin();
	put_file("keys/ca.crt", PEM);
	put_file("keys/namespace", "shop\n");
	struct cluster_choice choice = { .home = "/nowhere",
					 .service_host = "10.0.0.1",
					 .service_port = "6443",
					 .account = file_name("keys") };
	ck_assert_int_eq(chmod(file_name("keys/token"), 0644), 0);
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->server, "https://10.0.0.1:6443");
	ck_assert_str_eq(access_found->token, SECRET);
	ck_assert_str_eq(access_found->authorities, PEM);
	ck_assert_str_eq(access_found->namespace, "shop");
	ck_assert_ptr_null(access_found->exposed);
	choice.service_host = "fd00::1";
	choice.service_port = NULL;
	ck_assert_msg(find(&choice) == 0, "%s", err.text);
	ck_assert_str_eq(access_found->server, "https://[fd00::1]:443");
	/* a context is one of a kubeconfig */
	choice.context = "x";
	ck_assert_int_eq(find(&choice), ERROR_NOT_FOUND);
	choice.context = NULL;
	choice.account = "/nowhere";
	ck_assert_int_eq(find(&choice), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot open '/nowhere/token'"));
	end();
}
END_TEST

/* --- secrets that everybody can read --- */

static const struct {
	const char *text, *open, *exposed;
} exposed_cases[] = {
	{ CONFIG(SERVER, TOKEN), "config", "config" },
	{ CONFIG(SERVER, "tokenFile: keys/token"), "config", NULL },
	{ CONFIG(SERVER, "tokenFile: keys/token"), "keys/token", "keys/token" },
	{ CONFIG(SERVER, "client-certificate: keys/me.pem, client-key: keys/me.key"),
	  "keys/me.key", "keys/me.key" },
	{ CONFIG(SERVER, "client-certificate: keys/me.pem, client-key: keys/me.key"),
	  "keys/me.pem", NULL },
	{ CONFIG(SERVER, "client-certificate: keys/me.pem, client-key-data: " KEY_DATA),
	  "config", "config" },
};

START_TEST(a_secret_in_a_file_that_is_open_is_told)
{
	for (size_t i = 0; i < sizeof(exposed_cases) / sizeof(exposed_cases[0]); i++) {
		begin();
		put_file("config", exposed_cases[i].text);
		ck_assert_int_eq(chmod(file_name(exposed_cases[i].open), 0644), 0);
		const struct cluster_choice choice = { .file = file_name("config") };
		ck_assert_msg(find(&choice) == 0, "%s", err.text);
		const char *wanted = exposed_cases[i].exposed;
		same(exposed_cases[i].text, access_found->exposed,
		     wanted ? file_name(wanted) : NULL);
		end();
	}
}
END_TEST

/* --- an address --- */

START_TEST(an_address_is_an_access_too)
{
	begin();
	const char *token = file_name("keys/token");
	struct cluster_access *access = NULL;
	ck_assert_int_eq(cluster_access_at(&access, "https://h:6443/", token,
					   file_name("keys/ca.pem"), &err),
			 0);
	ck_assert_str_eq(access->server, "https://h:6443");
	ck_assert_str_eq(access->token, SECRET);
	ck_assert_str_eq(access->authorities, PEM);
	cluster_access_free(access);
	/* everybody may read some */
	ck_assert_int_eq(cluster_access_at(&access, "https://h", NULL, NULL, &err), 0);
	ck_assert_ptr_null(access->token);
	cluster_access_free(access);
	access = NULL;
	ck_assert_int_eq(cluster_access_at(&access, "http://h", token, NULL, &err),
			 ERROR_CONFIG);
	error_clear(&err);
	ck_assert_int_eq(cluster_access_at(&access, "h:6443", NULL, NULL, &err),
			 ERROR_CONFIG);
	ck_assert_ptr_null(access);
	end();
}
END_TEST

UNIT_MAIN("cluster-kubeconfig", a_kubeconfig_says_where_and_who,
	  what_cannot_be_is_refused_with_its_place, a_file_over_its_limit_is_refused,
	  several_kubeconfigs_are_merged_as_kubectl_does,
	  files_are_relative_to_their_own_kubeconfig,
	  what_is_asked_for_counts_before_the_environment,
	  a_token_that_is_given_replaces_the_user, a_pod_is_its_service_account,
	  a_secret_in_a_file_that_is_open_is_told, an_address_is_an_access_too)
