/* job/remember_signature.c - good signatures of commits that were looked at before.
 *
 * Remembered is what the bytes alone say: under which key they verify, and the
 * certificates that came with it. Who vouches for those is asked anew every time. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "job/judge.h"
#include "trust/signature.h"
#include "trust/x509.h"

/* The kind and form of remembered facts, by the digest of what else they depend on. The
 * number rises when the form changes. */
#define SIGNATURE_KIND  "signature-3"
#define CERTIFICATE_MAX ((size_t)128 << 10)

/* "good FORMAT FINGERPRINT FLAGS SHA1 MADE EXPIRES CERTIFICATE", "-" for what there is
 * not. */
struct memory {
	char format[16];
	char fingerprint[80];
	char flags[8];
	char sha1[48];
	int64_t made_at;
	int64_t expires_at;
	const char *certificate; /* base64 */
};

static bool split(struct memory *memory, const char *value)
{
	int end = 0;
	if (sscanf(value, "good %15s %79s %7s %47s %" SCNd64 " %" SCNd64 " %n",
		   memory->format, memory->fingerprint, memory->flags, memory->sha1,
		   &memory->made_at, &memory->expires_at, &end) != 6 ||
	    end == 0)
		return false;
	memory->certificate = value + end;
	return true;
}

/* What a certificate says is read from it again. */
static bool recall_certificate(const struct memory *memory, struct arena *arena,
			       struct signature_fact *fact)
{
	struct buf blob = BUF_INIT(CERTIFICATE_MAX);
	bool recalled = base64_decode(memory->certificate, strlen(memory->certificate),
				      &blob) == 0;
	if (recalled && strcmp(memory->format, "x509") == 0) {
		recalled = x509_recall(fact, arena, blob.data, blob.length);
		if (recalled)
			fact->x509->signed_at = memory->made_at;
	} else if (recalled) {
		recalled = signature_recall_certificate(fact, arena, blob.data,
							blob.length);
	}
	buf_release(&blob);
	return recalled;
}

static bool recall(const char *value, struct arena *arena, struct signature_fact *out)
{
	struct memory memory;
	if (!value || !split(&memory, value))
		return false;
	struct signature_fact fact = {
		.status = SIGNATURE_GOOD,
		.format = arena_string(arena, memory.format),
		.fingerprint = arena_string(arena, memory.fingerprint),
		.sha1 = strcmp(memory.sha1, "-") == 0
				? NULL
				: arena_string(arena, memory.sha1),
		.made_at = strcmp(memory.format, "x509") == 0 ? 0 : memory.made_at,
		.expires_at = memory.expires_at,
		.security_key = strncmp(memory.flags, "sk", 2) == 0,
		.user_verified = strcmp(memory.flags, "sk,uv") == 0,
	};
	if (!fact.format || !fact.fingerprint)
		return false;
	if (strcmp(memory.certificate, "-") != 0 &&
	    !recall_certificate(&memory, arena, &fact))
		return false;
	*out = fact;
	return true;
}

/* Asks for items that have one context; `which` are their numbers. */
static void recall_some(const struct collector *collector, struct recalled *items,
			const size_t *which, size_t count)
{
	const struct fact_cache *cache = collector->judge->cache;
	const struct digest *context = items[which[0]].context;
	struct arena *arena = collector->arena;
	struct oid keys[RECALLED_MAX];
	const char *values[RECALLED_MAX] = { NULL };

	for (size_t i = 0; i < count; i++)
		keys[i] = *items[which[i]].id;
	if (cache->get_all)
		cache->get_all(cache->data, SIGNATURE_KIND, context, keys, count,
			       values, arena);
	else
		for (size_t i = 0; i < count; i++)
			values[i] = cache->get(cache->data, SIGNATURE_KIND, context,
					       &keys[i], arena);
	for (size_t i = 0; i < count; i++)
		items[which[i]].known = recall(values[i], arena, items[which[i]].fact);
}

void recall_signatures(const struct collector *collector, struct recalled *items,
		       size_t count)
{
	const struct fact_cache *cache = collector->judge->cache;
	bool asked[RECALLED_MAX] = { false };
	size_t which[RECALLED_MAX];

	if (!cache || !cache->get)
		return;
	assert(count <= RECALLED_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t found = 0;
		for (size_t j = i; j < count; j++)
			if (!asked[j] &&
			    digest_equal(items[j].context, items[i].context)) {
				which[found++] = j;
				asked[j] = true;
			}
		if (found)
			recall_some(collector, items, which, found);
	}
}

static const char *flags_of(const struct signature_fact *fact)
{
	if (!fact->security_key)
		return "-";
	return fact->user_verified ? "sk,uv" : "sk";
}

void remember_signature(const struct collector *collector, const struct oid *id,
			const struct digest *context, const struct signature_fact *fact)
{
	const struct fact_cache *cache = collector->judge->cache;
	struct buf value = BUF_INIT(CERTIFICATE_MAX * 2);

	if (!cache || !cache->put || fact->status != SIGNATURE_GOOD)
		return;
	buf_addf(&value, "good %s %s %s %s %" PRId64 " %" PRId64 " ", fact->format,
		 fact->fingerprint, flags_of(fact), fact->sha1 ? fact->sha1 : "-",
		 fact->x509 ? fact->x509->signed_at : fact->made_at, fact->expires_at);
	if (fact->x509)
		base64_encode(fact->x509->certificates, fact->x509->certificates_length,
			      &value);
	else if (fact->certificate_blob)
		base64_encode(fact->certificate_blob, fact->certificate_blob_length,
			      &value);
	else
		buf_add_string(&value, "-");
	if (!value.failed)
		cache->put(cache->data, SIGNATURE_KIND, context, id, value.data);
	buf_release(&value);
}
