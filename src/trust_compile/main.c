/* trust_compile/main.c - gitgate-trust-compile: OpenPGP public keys on standard input,
 * their compiled form (trust/openpgp_ring.h) on standard output.
 *
 * The only user of librnp, which takes as long to start as a whole hook: others run
 * this as a child, once for each key. librnp reads whatever form people write keys in;
 * the packets that it hands out are judged by our own walk, and where the two judge a
 * key differently it is refused. What they wrote is read when this process has no
 * files, no network and no other programs any more. Exit 0, or 1 with "code: text" on
 * standard error. With the argument --version: librnp's version, on standard output. */
#include <fcntl.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/path.h"
#include "sandbox/sandbox.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"

#define CPU_SECONDS  15
#define MEMORY_BYTES ((rlim_t)1 << 30)
#define OUTPUT_BYTES ((size_t)16 << 20)

struct compiling {
	rnp_ffi_t ffi;
	struct buf input;
	struct buf packets;
	struct buf output;
};

static int from_rnp(rnp_result_t result, const char *what, struct error *err)
{
	if (result == RNP_SUCCESS)
		return 0;
	if (result == RNP_ERROR_OUT_OF_MEMORY)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return error_set(err, ERROR_OPENPGP_CERTIFICATE_READER, "librnp cannot %s: %s",
			 what, rnp_result_to_string(result));
}

static int load(struct compiling *compiling, struct error *err)
{
	rnp_input_t input = NULL;
	size_t secret = 0;
	size_t public = 0;
	int rc = from_rnp(rnp_input_from_memory(&input,
						(const uint8_t *)compiling->input.data,
						compiling->input.length, false),
			  "take the input", err);
	if (rc == 0)
		rc = from_rnp(rnp_load_keys(compiling->ffi, "GPG", input,
					    RNP_LOAD_SAVE_PUBLIC_KEYS |
						    RNP_LOAD_SAVE_SECRET_KEYS),
			      "read the OpenPGP key", err);
	rnp_input_destroy(input);
	if (rc == 0)
		rc = from_rnp(rnp_get_secret_key_count(compiling->ffi, &secret),
			      "count keys", err);
	if (rc == 0)
		rc = from_rnp(rnp_get_public_key_count(compiling->ffi, &public),
			      "count keys", err);
	if (rc == 0 && secret != 0)
		rc = error_set(err, ERROR_OPENPGP_CERTIFICATE_SECRET,
			       "the file holds a secret key; take it away, and write "
			       "what 'gpg --export --armor' prints");
	if (rc == 0 && public == 0)
		rc = error_set(err, ERROR_OPENPGP_CERTIFICATE_EMPTY,
			       "the file holds no OpenPGP key");
	return rc;
}

/* The packets of one certificate, as they were. */
static int export(struct compiling *compiling, rnp_key_handle_t key, struct error *err)
{
	rnp_output_t output = NULL;
	uint8_t *bytes = NULL;
	size_t length = 0;
	bool primary = false;
	int rc = from_rnp(rnp_key_is_primary(key, &primary), "look at a key", err);
	if (rc != 0 || !primary)
		return rc;
	rc = from_rnp(rnp_output_to_memory(&output, 0), "write a key", err);
	if (rc == 0)
		rc = from_rnp(
			rnp_key_export(key, output,
				       RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_SUBKEYS),
			"write a key", err);
	if (rc == 0)
		rc = from_rnp(rnp_output_memory_get_buf(output, &bytes, &length, false),
			      "write a key", err);
	if (rc == 0)
		buf_add(&compiling->packets, bytes, length);
	rnp_output_destroy(output);
	return rc;
}

static int export_all(struct compiling *compiling, struct error *err)
{
	rnp_identifier_iterator_t iterator = NULL;
	const char *fingerprint = NULL;
	int rc = from_rnp(rnp_identifier_iterator_create(compiling->ffi, &iterator,
							 "fingerprint"),
			  "list keys", err);
	while (rc == 0) {
		rnp_key_handle_t key = NULL;
		rc = from_rnp(rnp_identifier_iterator_next(iterator, &fingerprint),
			      "list keys", err);
		if (rc != 0 || fingerprint == NULL)
			break;
		rc = from_rnp(rnp_locate_key(compiling->ffi, "fingerprint", fingerprint,
					     &key),
			      "find a key", err);
		if (rc == 0)
			rc = export(compiling, key, err);
		rnp_key_handle_destroy(key);
	}
	rnp_identifier_iterator_destroy(iterator);
	return rc != 0 ? rc : buf_status(&compiling->packets, "OpenPGP keys", err);
}

/* What we would take signatures of now, librnp must take too. */
static bool counts_now(const struct openpgp_key *key, int64_t now)
{
	return key->use == OPENPGP_USE_SIGN && key->revoked == OPENPGP_REVOKED_NOT &&
	       key->from <= now && (key->until == 0 || now < key->until);
}

static int compare_key(rnp_ffi_t ffi, const struct openpgp_key *key, struct error *err)
{
	rnp_key_handle_t handle = NULL;
	bool valid = false;
	bool revoked = true;
	bool signs = false;
	int rc = from_rnp(rnp_locate_key(ffi, "fingerprint", key->fingerprint, &handle),
			  "find a key", err);
	if (rc == 0 && handle == NULL)
		rc = error_set(err, ERROR_OPENPGP_CERTIFICATE_DISAGREE,
			       "librnp does not know the key %s", key->fingerprint);
	if (rc == 0)
		rc = from_rnp(rnp_key_is_valid(handle, &valid), "judge a key", err);
	if (rc == 0)
		rc = from_rnp(rnp_key_is_revoked(handle, &revoked), "judge a key", err);
	if (rc == 0)
		rc = from_rnp(rnp_key_allows_usage(handle, "sign", &signs),
			      "judge a key", err);
	rnp_key_handle_destroy(handle);
	if (rc == 0 && (!valid || revoked || !signs))
		rc = error_set(err, ERROR_OPENPGP_CERTIFICATE_DISAGREE,
			       "librnp takes no signatures of the key %s: it finds it "
			       "%s",
			       key->fingerprint,
			       revoked  ? "revoked"
			       : !valid ? "not valid"
					: "not made for signing");
	return rc;
}

static int compare(const struct compiling *compiling, struct error *err)
{
	struct openpgp_ring *ring = NULL;
	int64_t now = clock_now() / CLOCK_SECOND;
	int rc = openpgp_ring_new(&ring, err);
	if (rc == 0)
		rc = openpgp_ring_add(ring, compiling->output.data,
				      compiling->output.length, err);
	for (size_t i = 0; rc == 0 && i < openpgp_ring_count(ring); i++) {
		const struct openpgp_key *key = openpgp_ring_key(ring, i);
		if (counts_now(key, now))
			rc = compare_key(compiling->ffi, key, err);
	}
	openpgp_ring_free(ring);
	return rc;
}

static void limit(void)
{
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	setrlimit(RLIMIT_CPU, &cpu);
#ifndef WITH_SANITIZERS
	const struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };
	setrlimit(RLIMIT_AS, &memory);
#endif
}

/* What parses keys of others needs little of anything: as what parses webhooks. The
 * libraries first, which read settings and load parts of themselves when they start. */
static int start(struct compiling *compiling, struct error *err)
{
	struct sandbox_state state;
	struct digest digest;
	if (digest_of("", 0, &digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = from_rnp(rnp_ffi_create(&compiling->ffi, "GPG", "GPG"), "start", err);
	if (rc != 0)
		return rc;
	limit();
	return sandbox_enter(PROFILE_READ, NULL, NULL, &state, err);
}

/* librnp writes to standard error as it likes; our line goes to what was it. */
static int silence(void)
{
	int errors = dup(STDERR_FILENO);
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (errors < 0 || nothing < 0)
		return STDERR_FILENO;
	dup2(nothing, STDERR_FILENO);
	close(nothing);
	return errors;
}

static int compile(struct compiling *compiling, struct error *err)
{
	int rc = start(compiling, err);
	if (rc == 0)
		rc = buf_read_fd(&compiling->input, STDIN_FILENO, err);
	if (rc == 0)
		rc = load(compiling, err);
	if (rc == 0)
		rc = export_all(compiling, err);
	if (rc == 0)
		rc = openpgp_compile(&compiling->output, compiling->packets.data,
				     compiling->packets.length, err);
	if (rc == 0)
		rc = compare(compiling, err);
	if (rc == 0)
		rc = fd_write_all(STDOUT_FILENO, compiling->output.data,
				  compiling->output.length, err);
	return rc;
}

int main(int argc, char **argv)
{
	const size_t maximum = limits_default.values[LIMIT_OPENPGP_KEY_BYTES];
	struct error err = ERROR_INIT;
	struct compiling compiling = {
		.input = BUF_INIT(maximum),
		.packets = BUF_INIT(maximum),
		.output = BUF_INIT(OUTPUT_BYTES),
	};
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts(rnp_version_string()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	int errors = silence();
	int rc = compile(&compiling, &err);
	rnp_ffi_destroy(compiling.ffi);
	buf_release(&compiling.input);
	buf_release(&compiling.packets);
	buf_release(&compiling.output);
	if (rc != 0)
		dprintf(errors, "%s: %s\n", error_name(rc), err.text);
	/* As all that is confined: what libraries do at the end may need more. */
	_exit(rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
