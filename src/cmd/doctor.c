/* cmd/doctor.c - `gitgate doctor`: what this system and build can do, and what is
 * wrong. */
#include "cmd/cmd.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/user.h"
#include "cmd/push_settings.h"
#include "cmd/versions.h"
#include "conf/config.h"
#include "conf/policy_parse.h"
#include "sandbox/sandbox.h"

#define SECRET_LEAST 16 /* bytes of a webhook's secret */

/* One thing looked at. Bad ones make doctor end with 1. */
enum health { HEALTH_GOOD, HEALTH_NOTE, HEALTH_BAD };

struct ward {
	struct buf text;
	struct buf json_text;
	struct json json;
	bool as_json;
	bool colour;
	size_t bad;
};

static void report(struct ward *ward, enum health health, const char *subject,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

static void report(struct ward *ward, enum health health, const char *subject,
		   const char *format, ...)
{
	static const char *const words[] = { "ok", "note", "BAD" };
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	char detail[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	if (health == HEALTH_BAD)
		ward->bad++;
	buf_addf(&ward->text, "  %s%-4s%s  %-22s %s\n",
		 ward->colour ? colours[health] : "", words[health],
		 ward->colour ? "\033[0m" : "", subject, detail);
	json_object(&ward->json);
	json_put_string(&ward->json, "subject", subject);
	json_put_string(&ward->json, "health", words[health]);
	json_put_string(&ward->json, "detail", detail);
	json_object_end(&ward->json);
}

/* --- libraries --- */

static void look_at_libraries(struct ward *ward)
{
	struct library_version versions[LIBRARIES_MAX];
	size_t count = library_versions(versions);

	buf_add_string(&ward->text, "libraries\n");
	report(ward, HEALTH_GOOD, "gitgate", "%s", PACKAGE_VERSION);
	for (size_t i = 0; i < count; i++)
		report(ward, versions[i].fault ? HEALTH_NOTE : HEALTH_GOOD,
		       versions[i].name, "%s%s%s", versions[i].version,
		       versions[i].fault ? ": " : "",
		       versions[i].fault ? versions[i].fault : "");
}

/* --- the system --- */

static void look_at_system(struct ward *ward)
{
	struct sandbox_support support;

	sandbox_probe(&support);
	buf_add_string(&ward->text, "confinement: what this system allows\n");
	report(ward, support.landlock_abi >= 2 ? HEALTH_GOOD : HEALTH_BAD, "Landlock",
	       support.landlock_abi ? "version %d" : "not available (version %d)",
	       support.landlock_abi);
	report(ward, support.seccomp ? HEALTH_GOOD : HEALTH_BAD, "seccomp", "%s",
	       support.seccomp ? "available" : "denied");
	report(ward, support.user_namespaces ? HEALTH_GOOD : HEALTH_NOTE,
	       "user namespaces", "%s%s",
	       support.user_namespaces ? "available" : "denied to activate commands: ",
	       support.user_namespaces_reason);
	report(ward, support.network_namespaces ? HEALTH_GOOD : HEALTH_NOTE,
	       "network namespaces", "%s",
	       support.network_namespaces ? "available"
					  : "denied: an activate command could reach "
					    "the network");
	report(ward, support.pid_namespaces ? HEALTH_GOOD : HEALTH_NOTE,
	       "pid namespaces", "%s", support.pid_namespaces ? "available" : "denied");
#ifdef WITH_SANITIZERS
	report(ward, HEALTH_NOTE, "sanitizer build", "seccomp filters are relaxed");
#endif
}

/* --- profiles: each is entered for real, in a child --- */

static bool try_profile(enum profile profile, const struct config *config,
			struct sandbox_state *state)
{
	static const char *const read_paths[] = { "/usr" };
	struct sandbox_paths paths = { .read = read_paths, .read_count = 1 };
	struct sandbox_options options = {
		.landlock_abi_maximum = config ? (int)config->sandbox.landlock_abi : 0,
	};
	int ends[2];
	bool tried = false;

	if (pipe(ends) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		bool leaves_landlock =
			profile == PROFILE_ZYGOTE || profile == PROFILE_RUNNER;
		memset(state, 0, sizeof(*state));
		close(ends[0]);
		/* The first descriptors are what a process keeps. */
		dup2(ends[1], 3);
		if (sandbox_enter(profile, leaves_landlock ? NULL : &paths, &options,
				  state, NULL) != 0)
			_exit(1);
		_exit(write(3, state, sizeof(*state)) == sizeof(*state) ? 0 : 1);
	}
	close(ends[1]);
	if (pid > 0) {
		tried = read(ends[0], state, sizeof(*state)) == sizeof(*state);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	return tried;
}

static void look_at_profiles(struct ward *ward, const struct config *config)
{
	buf_add_string(&ward->text, "profiles: what is active in each process\n");
	for (int profile = PROFILE_NONE + 1; profile < PROFILE_COUNT; profile++) {
		struct sandbox_state state;
		const char *name = profile_name((enum profile)profile);
		if (!try_profile((enum profile)profile, config, &state)) {
			report(ward, HEALTH_BAD, name, "could not be entered");
			continue;
		}
		bool whole =
			state.no_new_privs && state.no_capabilities && state.seccomp;
		report(ward, whole ? HEALTH_GOOD : HEALTH_BAD, name,
		       "no-new-privileges %s, capabilities %s, seccomp %s, Landlock "
		       "%s%s%s",
		       state.no_new_privs ? "yes" : "NO",
		       state.no_capabilities ? "none" : "KEPT",
		       state.seccomp ? "yes" : "NO",
		       state.landlock_abi                                       ? "yes"
		       : profile == PROFILE_ZYGOTE || profile == PROFILE_RUNNER ? "in "
										  "its "
										  "chil"
										  "dren"
										: "NO",
		       state.missing[0] ? "; denied: " : "", state.missing);
	}
}

/* --- the configuration, and what it names --- */

static void look_at_users(struct ward *ward, const struct config *config)
{
	const struct conf_server *server = &config->server;
	const char *const names[] = { server->user, server->intake_user,
				      server->job_user };
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0) {
		report(ward, HEALTH_NOTE, "users",
		       "not root: all processes share one user, only the sandbox parts "
		       "them");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], "root") == 0)
			report(ward, HEALTH_BAD, "users", "a process would stay root");
		else if (user_find(names[i], &uid, &gid, NULL) != 0)
			report(ward, HEALTH_BAD, "users",
			       "there is no user '%s': contrib/sysusers.d makes it",
			       names[i]);
		else
			report(ward, HEALTH_GOOD, "user", "%s", names[i]);
	}
}

static void look_at_secret(struct ward *ward, const char *repository, const char *file)
{
	struct error err = ERROR_INIT;
	char *secret = NULL;

	if (!file || !*file)
		return;
	if (config_secret(file, &secret, &err) != 0)
		report(ward, HEALTH_BAD, repository, "%s", err.text);
	config_secret_wipe(secret);
}

/* Whether the server's rules want pushes to a repository to be signed. */
static bool wants_signed_pushes(const char *file, const char *repository)
{
	struct policy *policy = NULL;

	if (config_load_floor(&policy, file, repository, NULL, NULL) != 0)
		return false;
	bool wanted = push_settings_wanted(policy);
	policy_free(policy);
	return wanted;
}

static void look_at_pushes(struct ward *ward, const char *file, const char *repository,
			   const char *path)
{
	char settings[PATH_MAX];
	struct stat status;

	if (!path || !*path || !wants_signed_pushes(file, repository))
		return;
	snprintf(settings, sizeof(settings), "%s/" PUSH_SETTINGS_FILE, path);
	if (stat(settings, &status) != 0)
		report(ward, HEALTH_BAD, repository,
		       "its pushes must be signed, but git does not ask for it: run "
		       "gitgate init '%s'",
		       path);
	else if (status.st_mode & 07)
		report(ward, HEALTH_BAD, repository,
		       "'%s' holds a secret, and everybody may read or write it: "
		       "chmod o= it",
		       settings);
	else if (access(settings, R_OK) != 0)
		report(ward, HEALTH_BAD, repository,
		       "'%s' cannot be read by this user, who then cannot fetch",
		       settings);
	else
		report(ward, HEALTH_GOOD, repository, "signed pushes are asked for");
}

static void look_at_repositories(struct ward *ward, const struct config *config,
				 const char *file)
{
	for (size_t i = 0; i < config->repository_count; i++) {
		const struct conf_repository_entry *entry = &config->repositories[i];
		const char *path = entry->options.path;
		if (path && *path && access(path, R_OK | X_OK) != 0)
			report(ward, HEALTH_BAD, entry->name,
			       "'%s' cannot be read by this user", path);
		else if (entry->anchor_count == 0)
			report(ward, HEALTH_BAD, entry->name,
			       "has no anchor: every change is refused until one is "
			       "set");
		else
			report(ward, HEALTH_GOOD, entry->name, "%s",
			       path && *path ? path : entry->options.url);
		look_at_pushes(ward, file, entry->name, path);
		look_at_secret(ward, entry->name, entry->options.password_file);
		look_at_secret(ward, entry->name, entry->options.ssh_key_file);
	}
}

static void look_at_targets(struct ward *ward, const struct config *config)
{
	for (size_t i = 0; i < config->target_count; i++) {
		const struct conf_target_entry *entry = &config->targets[i];
		const char *path = config_target_path(entry);
		struct stat status;
		if (path == NULL)
			report(ward, HEALTH_GOOD, entry->name, "%s",
			       config_target_kind(entry->kind));
		else if (stat(path, &status) != 0)
			report(ward, HEALTH_BAD, entry->name,
			       "'%s' does not exist: make it and give it to '%s'", path,
			       config->server.job_user);
		else if (!S_ISDIR(status.st_mode))
			report(ward, HEALTH_BAD, entry->name, "'%s' is not a directory",
			       path);
		else
			report(ward, HEALTH_GOOD, entry->name, "%s", path);
	}
}

/* --- sources --- */

/* An address of this machine: what goes there in the clear is seen by nobody else. */
static bool is_loopback(const char *address)
{
	const char *host =
		strstr(address, "://") ? strstr(address, "://") + 3 : address;
	size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	if (length == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	if (length == 5 && strncmp(host, "[::1]", 5) == 0)
		return true;
	return length > 4 && strncmp(host, "127.", 4) == 0 &&
	       strspn(host, "0123456789.") >= length;
}

static void look_at_hook_secrets(struct ward *ward,
				 const struct conf_source_entry *entry)
{
	const char *file = entry->options.secrets_file;
	struct error err = ERROR_INIT;
	char *secrets[2] = { NULL, NULL };

	if (!file || !*file) {
		report(ward, HEALTH_NOTE, entry->name,
		       "has no secrets-file: it takes no webhooks, only polls");
		return;
	}
	if (config_secrets(file, secrets, &err) != 0)
		report(ward, HEALTH_BAD, entry->name, "%s", err.text);
	for (size_t i = 0; i < 2; i++) {
		if (secrets[i] && strlen(secrets[i]) < SECRET_LEAST)
			report(ward, HEALTH_BAD, entry->name,
			       "a secret in '%s' has less than %d bytes: it can be "
			       "guessed; take 32 random ones",
			       file, SECRET_LEAST);
		config_secret_wipe(secrets[i]);
	}
}

static void look_at_source(struct ward *ward, const struct config *config,
			   const struct conf_source_entry *entry)
{
	const struct conf_source *options = &entry->options;
	bool asked = *entry->api != '\0';
	size_t bad = ward->bad;

	look_at_hook_secrets(ward, entry);
	if (strcmp(options->kind, "gitlab") == 0 && options->plain_token &&
	    options->secrets_file)
		report(ward, HEALTH_NOTE, entry->name,
		       "plain-token: X-Gitlab-Token says nothing of the text and can "
		       "be replayed; use a signing token and set plain-token: false");
	if (text_starts_with(entry->api, "http://") && !is_loopback(entry->api))
		report(ward, HEALTH_BAD, entry->name,
		       "api '%s' is not https: its token goes over the network in the "
		       "clear",
		       entry->api);
	if (asked && (!config->server.public_url || !*config->server.public_url))
		report(ward, HEALTH_NOTE, entry->name,
		       "public-url is not set: statuses link nowhere");
	look_at_secret(ward, entry->name, options->token_file);
	if (ward->bad == bad)
		report(ward, HEALTH_GOOD, entry->name, "%s%s%s", options->kind,
		       asked ? ", " : "", entry->api);
}

/* A proxy may make an address of this machine one of the network. */
static void look_at_listeners(struct ward *ward, const struct config *config)
{
	const struct strings *listen = &config->server.listen;

	for (size_t i = 0; config->server.anonymous_read && i < listen->count; i++)
		if (!text_starts_with(listen->items[i], "unix:"))
			report(ward, HEALTH_NOTE, "anonymous-read",
			       "whoever reaches %s may read everything without a token",
			       listen->items[i]);
}

static void look_at_config(struct ward *ward, const struct config *config,
			   const char *file, const struct error *problem)
{
	buf_addf(&ward->text, "configuration %s\n", file);
	if (!config) {
		report(ward,
		       problem->code == ERROR_NOT_FOUND ? HEALTH_NOTE : HEALTH_BAD,
		       "configuration", "%s", problem->text);
		return;
	}
	report(ward, HEALTH_GOOD, "configuration",
	       "%zu repositories, %zu targets, %zu sources", config->repository_count,
	       config->target_count, config->source_count);
	look_at_users(ward, config);
	look_at_listeners(ward, config);
	for (size_t i = 0; i < config->source_count; i++)
		look_at_source(ward, config, &config->sources[i]);
	look_at_repositories(ward, config, file);
	look_at_targets(ward, config);
}

int cmd_doctor(int argc, char **argv)
{
	const char *file = CMD_CONFIG_FILE;
	struct error err = ERROR_INIT;
	struct config *config = NULL;
	struct ward ward = {
		.text = BUF_INIT(1 << 20),
		.json_text = BUF_INIT(1 << 20),
		.colour = cmd_colour(STDOUT_FILENO),
	};
	const struct cmd_option options[] = {
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &file, NULL },
		{ "json", 0, NULL, "as JSON", NULL, &ward.as_json },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "doctor", options, 2, &operands);
	if (rc != 0)
		return rc - 1;
	config_load(&config, file, &err);
	json_begin(&ward.json, &ward.json_text);
	json_array(&ward.json);
	look_at_libraries(&ward);
	look_at_system(&ward);
	look_at_profiles(&ward, config);
	look_at_config(&ward, config, file, &err);
	json_array_end(&ward.json);
	buf_add_byte(&ward.json_text, '\n');
	buf_addf(&ward.text, "%zu thing%s wrong\n", ward.bad,
		 ward.bad == 1 ? " is" : "s are");
	rc = cmd_write(ward.as_json ? &ward.json_text : &ward.text);
	config_free(config);
	buf_release(&ward.text);
	buf_release(&ward.json_text);
	return rc ? rc : ward.bad ? 1 : 0;
}
