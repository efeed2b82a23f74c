/* trust/openpgp_ring.c - compiled OpenPGP keys: read, found, made ready. */
#include "trust/openpgp_ring.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/openpgp_ring_find.h"

/* A key of RSA-16384 takes 5 KiB here; limits bound their number. */
#define RING_BYTES      ((size_t)256 << 20)
#define SUM_WORD        "sha256 "
#define FIELDS_OF_A_KEY 7
#define EMAIL_BYTES_MAX 254

struct ring_key {
	struct openpgp_key key; /* first: handed out as this */
	struct openpgp_public public;
	EVP_PKEY *ready; /* NULL: not yet */
};

struct ring_email {
	const char *address;
	size_t certificate; /* index of its primary key */
};

struct openpgp_ring {
	struct arena *arena;
	struct ring_key *keys;
	size_t count;
	size_t capacity;
	struct ring_email *emails;
	size_t email_count;
	size_t email_capacity;
	struct digest digest;
	pthread_mutex_t *lock; /* of `ready` */
};

const char *const openpgp_use_names[OPENPGP_USE_COUNT] = {
	[OPENPGP_USE_UNKNOWN] = "unknown",
	[OPENPGP_USE_SIGN] = "sign",
	[OPENPGP_USE_NOT_SIGNING] = "not-signing",
	[OPENPGP_USE_SELF_SIGNATURE] = "no-self-signature",
	[OPENPGP_USE_BINDING] = "no-binding",
	[OPENPGP_USE_BACK_SIGNATURE] = "no-back-signature",
	[OPENPGP_USE_UNSUPPORTED] = "unsupported",
	[OPENPGP_USE_WEAK] = "weak",
	[OPENPGP_USE_SELF_SIGNATURE_SHA1] = "self-signature-sha1",
	[OPENPGP_USE_BINDING_SHA1] = "binding-sha1",
	[OPENPGP_USE_BACK_SIGNATURE_SHA1] = "back-signature-sha1",
};

const char *const openpgp_revoked_names[OPENPGP_REVOKED_COUNT] = {
	[OPENPGP_REVOKED_NOT] = "valid",
	[OPENPGP_REVOKED_SOFT] = "retired",
	[OPENPGP_REVOKED_HARD] = "compromised",
};

const char *openpgp_use_name(enum openpgp_use use)
{
	return openpgp_use_names[use];
}

int openpgp_fingerprint_check(const char *text)
{
	size_t length = strspn(text, "0123456789ABCDEF");
	return length == 2 * OPENPGP_FINGERPRINT_BYTES && text[length] == '\0'
		       ? 0
		       : ERROR_ENCODING;
}

void openpgp_fingerprint_text(const unsigned char *fingerprint,
			      char out[OPENPGP_FINGERPRINT_TEXT_BYTES])
{
	for (size_t i = 0; i < OPENPGP_FINGERPRINT_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02X", fingerprint[i]);
}

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for OpenPGP keys");
}

int openpgp_ring_new(struct openpgp_ring **out, struct error *err)
{
	struct openpgp_ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return no_memory(err);
	ring->arena = arena_new(RING_BYTES);
	ring->lock = malloc(sizeof(*ring->lock));
	if (ring->arena == NULL || ring->lock == NULL ||
	    pthread_mutex_init(ring->lock, NULL) != 0) {
		arena_free(ring->arena);
		free(ring->lock);
		free(ring);
		return no_memory(err);
	}
	*out = ring;
	return 0;
}

void openpgp_ring_free(struct openpgp_ring *ring)
{
	if (ring == NULL)
		return;
	for (size_t i = 0; i < ring->count; i++)
		EVP_PKEY_free(ring->keys[i].ready);
	pthread_mutex_destroy(ring->lock);
	free(ring->lock);
	arena_free(ring->arena);
	free(ring);
}

/* --- reading --- */

struct reading {
	struct openpgp_ring *ring;
	size_t number; /* of the line, from 1 */
	size_t primary;
	bool has_primary;
};

static int damaged(const struct reading *reading, const char *what, struct error *err)
{
	return error_set(err, ERROR_OPENPGP_COMPILED,
			 "line %zu of a compiled OpenPGP key: %s", reading->number,
			 what);
}

/* The last line, and whether it belongs to those before; *length becomes theirs. */
static int check_sum(const char *text, size_t *length, struct error *err)
{
	const size_t last = strlen(SUM_WORD) + DIGEST_HEX_BYTES;
	struct digest given;
	struct digest found;
	char hex[DIGEST_HEX_BYTES];
	if (*length > last && text[*length - 1] == '\n' &&
	    memcmp(text + *length - last, SUM_WORD, strlen(SUM_WORD)) == 0) {
		memcpy(hex, text + *length - DIGEST_HEX_BYTES, DIGEST_HEX_BYTES - 1);
		hex[DIGEST_HEX_BYTES - 1] = '\0';
		if (digest_of(text, *length - last, &found) != 0)
			return no_memory(err);
		*length -= last;
		if (digest_parse(hex, &given) == 0 && digest_equal(&given, &found))
			return 0;
	}
	return error_set(err, ERROR_OPENPGP_COMPILED,
			 "a compiled OpenPGP key is cut or changed");
}

static int word_of(const char *const *names, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

static bool number_of(const char *word, int64_t *out)
{
	size_t length = strspn(word, "0123456789");
	if (length == 0 || length > 12 || word[length] != '\0')
		return false;
	*out = (int64_t)strtoll(word, NULL, 10);
	return true;
}

static const char *algorithm_name(struct openpgp_ring *ring,
				  const struct openpgp_public *public)
{
	switch (public->family) {
	case OPENPGP_FAMILY_RSA:
		return arena_printf(ring->arena, "RSA-%zu", public->size * 8);
	case OPENPGP_FAMILY_ECDSA:
		return public->group;
	case OPENPGP_FAMILY_EDDSA:
	case OPENPGP_FAMILY_ED25519:
		return "Ed25519";
	case OPENPGP_FAMILY_UNKNOWN:
		break;
	}
	return "unknown";
}

static int read_body(struct reading *reading, struct ring_key *out, const char *hex,
		     struct error *err)
{
	struct openpgp_ring *ring = reading->ring;
	size_t length = strlen(hex) / 2;
	unsigned char *body = arena_alloc(ring->arena, length + 1);
	if (body == NULL)
		return no_memory(err);
	if (strlen(hex) % 2 != 0 || hex_decode(hex, length, body) != 0)
		return damaged(reading, "not hexadecimal", err);
	int rc = openpgp_public_parse(&out->public, (struct octets){ body, length },
				      err);
	if (rc != 0)
		return rc;
	openpgp_fingerprint_text(out->public.fingerprint, out->key.fingerprint);
	out->key.algorithm = algorithm_name(ring, &out->public);
	return out->key.algorithm == NULL ? no_memory(err) : 0;
}

static int split_fields(char *line, char *fields[FIELDS_OF_A_KEY])
{
	int count = 0;
	for (char *at = line; at != NULL && count < FIELDS_OF_A_KEY; count++) {
		fields[count] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
		if (at != NULL && count + 1 == FIELDS_OF_A_KEY)
			return -1;
	}
	return count == FIELDS_OF_A_KEY ? 0 : -1;
}

static int read_key(struct reading *reading, char *line, struct error *err)
{
	struct openpgp_ring *ring = reading->ring;
	struct ring_key key = { .ready = NULL };
	char *fields[FIELDS_OF_A_KEY];
	if (split_fields(line, fields) != 0)
		return damaged(reading, "not seven fields", err);
	bool primary = strcmp(fields[0], "primary") == 0;
	int use = word_of(openpgp_use_names, OPENPGP_USE_COUNT, fields[1]);
	int revoked = word_of(openpgp_revoked_names, OPENPGP_REVOKED_COUNT, fields[4]);
	if (use <= 0 || revoked < 0 || !number_of(fields[2], &key.key.from) ||
	    !number_of(fields[3], &key.key.until) ||
	    !number_of(fields[5], &key.key.revoked_at))
		return damaged(reading, "a field is not understood", err);
	if (!primary && !reading->has_primary)
		return damaged(reading, "a subkey without a primary key", err);
	key.key.use = (enum openpgp_use)use;
	key.key.revoked = (enum openpgp_revoked)revoked;
	int rc = read_body(reading, &key, fields[6], err);
	if (rc == 0 && use == OPENPGP_USE_SIGN &&
	    key.public.family == OPENPGP_FAMILY_UNKNOWN)
		rc = damaged(reading, "an unknown algorithm cannot sign", err);
	if (rc == 0)
		rc = limit_check(&limits_default, LIMIT_OPENPGP_KEYS, ring->count + 1,
				 "the policy", err);
	if (rc != 0)
		return rc;
	if (primary)
		reading->primary = ring->count;
	reading->has_primary = true;
	memcpy(key.key.certificate,
	       primary ? key.key.fingerprint
		       : ring->keys[reading->primary].key.fingerprint,
	       sizeof(key.key.certificate));
	struct ring_key *slot =
		ARENA_PUSH(ring->arena, &ring->keys, &ring->count, &ring->capacity);
	if (slot == NULL)
		return no_memory(err);
	*slot = key;
	return 0;
}

static int read_email(struct reading *reading, const char *line, struct error *err)
{
	struct openpgp_ring *ring = reading->ring;
	const char *address = line + strlen("email ");
	if (!reading->has_primary || *address == '\0' ||
	    strlen(address) > EMAIL_BYTES_MAX)
		return damaged(reading, "not an address", err);
	for (const char *at = address; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			return damaged(reading, "not an address", err);
	struct ring_email *slot = ARENA_PUSH(ring->arena, &ring->emails,
					     &ring->email_count, &ring->email_capacity);
	const char *copy = arena_string(ring->arena, address);
	if (slot == NULL || copy == NULL)
		return no_memory(err);
	*slot = (struct ring_email){ copy, reading->primary };
	return 0;
}

static int read_line(struct reading *reading, char *line, struct error *err)
{
	if (reading->number == 1)
		return strcmp(line, OPENPGP_COMPILED_FIRST_LINE) == 0
			       ? 0
			       : damaged(reading, "of another version", err);
	if (strncmp(line, "email ", 6) == 0)
		return read_email(reading, line, err);
	if (strncmp(line, "primary ", 8) == 0 || strncmp(line, "subkey ", 7) == 0)
		return read_key(reading, line, err);
	return damaged(reading, "of an unknown kind", err);
}

/* Digest of the digest before and of what is added. */
static int extend_digest(struct openpgp_ring *ring, const char *text, size_t length,
			 struct error *err)
{
	struct hasher *hasher = hasher_new();
	if (hasher == NULL)
		return no_memory(err);
	hasher_add(hasher, ring->digest.bytes, DIGEST_BYTES);
	hasher_add_field(hasher, text, length);
	return hasher_finish(hasher, &ring->digest) == 0 ? 0 : no_memory(err);
}

int openpgp_ring_add(struct openpgp_ring *ring, const char *compiled, size_t length,
		     struct error *err)
{
	struct reading reading = { .ring = ring };
	int rc = check_sum(compiled, &length, err);
	if (rc == 0)
		rc = extend_digest(ring, compiled, length, err);
	if (rc != 0)
		return rc;
	char *text = malloc(length + 1);
	if (text == NULL)
		return no_memory(err);
	memcpy(text, compiled, length);
	text[length] = '\0';
	if (length == 0 || text[length - 1] != '\n' || strlen(text) != length)
		rc = damaged(&reading, "not lines of text", err);
	for (char *line = text; rc == 0 && *line != '\0';) {
		char *end = strchr(line, '\n');
		*end = '\0';
		reading.number++;
		rc = read_line(&reading, line, err);
		line = end + 1;
	}
	if (rc == 0 && !reading.has_primary)
		rc = damaged(&reading, "no key", err);
	free(text);
	return rc;
}

/* --- looking --- */

size_t openpgp_ring_count(const struct openpgp_ring *ring)
{
	return ring->count;
}

const struct openpgp_key *openpgp_ring_key(const struct openpgp_ring *ring,
					   size_t index)
{
	return &ring->keys[index].key;
}

const char *openpgp_ring_email(const struct openpgp_ring *ring, size_t index,
			       const struct openpgp_key **certificate)
{
	if (index >= ring->email_count)
		return NULL;
	*certificate = &ring->keys[ring->emails[index].certificate].key;
	return ring->emails[index].address;
}

const struct digest *openpgp_ring_digest(const struct openpgp_ring *ring)
{
	return &ring->digest;
}

static bool is_named(const struct openpgp_public *public,
		     const struct openpgp_signature *signature)
{
	if (signature->issuer_fingerprint.length != 0)
		return memcmp(public->fingerprint, signature->issuer_fingerprint.bytes,
			      OPENPGP_FINGERPRINT_BYTES) == 0;
	return memcmp(public->fingerprint + OPENPGP_FINGERPRINT_BYTES -
			      OPENPGP_KEY_ID_BYTES,
		      signature->issuer.bytes, OPENPGP_KEY_ID_BYTES) == 0;
}

static int unknown(const struct openpgp_signature *signature, struct error *err)
{
	struct octets name = signature->issuer_fingerprint.length != 0
				     ? signature->issuer_fingerprint
				     : signature->issuer;
	char text[OPENPGP_FINGERPRINT_TEXT_BYTES] = "";
	for (size_t i = 0; i < name.length; i++)
		snprintf(text + 2 * i, 3, "%02X", name.bytes[i]);
	return error_set(err, ERROR_OPENPGP_KEY_UNKNOWN,
			 "signed by the OpenPGP key %s, which no principal holds",
			 text);
}

int openpgp_ring_find(const struct openpgp_ring *ring,
		      const struct openpgp_signature *signature,
		      const struct openpgp_key **out, struct error *err)
{
	const struct ring_key *found = NULL;
	if (signature->issuer.length == 0 && signature->issuer_fingerprint.length == 0)
		return error_set(err, ERROR_OPENPGP_ISSUER_MISSING,
				 "the OpenPGP signature does not say which key made "
				 "it");
	for (size_t i = 0; ring != NULL && i < ring->count; i++) {
		const struct ring_key *key = &ring->keys[i];
		if (!is_named(&key->public, signature))
			continue;
		if (found != NULL &&
		    memcmp(found->public.fingerprint, key->public.fingerprint,
			   OPENPGP_FINGERPRINT_BYTES) != 0)
			return error_set(err, ERROR_OPENPGP_KEY_AMBIGUOUS,
					 "the key id in the OpenPGP signature is that "
					 "of %s and of %s",
					 found->key.fingerprint, key->key.fingerprint);
		found = key;
	}
	if (found == NULL)
		return unknown(signature, err);
	*out = &found->key;
	return 0;
}

int openpgp_ring_public(const struct openpgp_ring *ring, const struct openpgp_key *key,
			const struct openpgp_public **public, EVP_PKEY **ready,
			struct error *err)
{
	/* The key is the first member of its slot: a slot number gives it back without
	 * a cast that drops const. */
	struct ring_key *slot =
		&ring->keys[(size_t)((const struct ring_key *)key - ring->keys)];
	pthread_mutex_lock(ring->lock);
	if (slot->ready == NULL)
		slot->ready = openpgp_public_ready(&slot->public);
	*ready = slot->ready;
	pthread_mutex_unlock(ring->lock);
	*public = &slot->public;
	if (*ready != NULL)
		return 0;
	return error_set(err, ERROR_OPENPGP_KEY_UNSUPPORTED,
			 "OpenSSL refuses the OpenPGP key %s", key->fingerprint);
}
