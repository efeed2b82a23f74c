/* conf/policy_bundle.c - bundles of Kubernetes' schemas: known when the policy is
 * loaded, opened when they are needed. */
#include "conf/policy_bundle.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/policy_builder.h"
#include "doc/kubernetes.h"

#define ALIGNMENT 8

struct policy_bundle {
	struct policy_source source;
	const char *name; /* these live as long as the policy */
	const char *place;
	struct bundle_pin pin;
	struct digest identity;
	pthread_mutex_t turn;
	/* of who has it */
	bool tried;
	struct buf bytes; /* unless the source has all of it in place */
	struct kubernetes_bundle *opened;
	struct error failure;
};

/* What a bundle is, without a look at all of it; none: nothing less says it. */
static int glance(const struct policy_bundle *bundle, struct digest *out,
		  struct error *err)
{
	const struct policy_source *source = &bundle->source;
	if (!digest_is_none(&bundle->pin.digest))
		*out = bundle->pin.digest;
	else if (source->identity != NULL &&
		 digest_of(source->identity, strlen(source->identity), out) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for a digest");
	if (source->identity != NULL)
		return 0;
	struct digest head = { 0 };
	struct error cause = ERROR_INIT;
	int code = kubernetes_bundle_glance(bundle->name, source->bytes, source->length,
					    source->size, &head, &cause);
	if (code != 0)
		return error_set(err, code, "%s: %s", bundle->place, cause.text);
	if (digest_is_none(out))
		*out = head;
	return 0;
}

/* All of it, at an address that a bundle can have. */
static int read_all(struct policy_bundle *bundle, const char **bytes, size_t *length,
		    struct error *err)
{
	const struct policy_source *source = &bundle->source;
	bool placed = (uintptr_t)source->bytes % ALIGNMENT == 0;
	*bytes = bundle->bytes.data;
	*length = bundle->bytes.length;
	if (bundle->bytes.length > 0)
		return 0;
	if (source->read == NULL && placed) {
		*bytes = source->bytes;
		*length = source->length;
		return 0;
	}
	int code = 0;
	if (source->read == NULL)
		buf_add(&bundle->bytes, source->bytes, source->length);
	else
		code = source->read(source->data, &bundle->bytes, err);
	if (code == 0)
		code = buf_status(&bundle->bytes, bundle->name, err);
	*bytes = bundle->bytes.data;
	*length = bundle->bytes.length;
	return code;
}

static int check_pin(const struct policy_bundle *bundle, const char *bytes,
		     size_t length, struct error *err)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	if (digest_is_none(&bundle->pin.digest))
		return 0;
	if (digest_of(bytes, length, &digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for a digest");
	if (digest_equal(&digest, &bundle->pin.digest))
		return 0;
	digest_hex(&digest, hex);
	return error_set(err, ERROR_CONFIG, "%s: '%s' has another digest: sha256:%s",
			 bundle->pin.place, bundle->name, hex);
}

/* A file can be written to while it is open. */
static int check_beginning(const struct policy_bundle *bundle, const char *bytes,
			   size_t length, struct error *err)
{
	const struct policy_source *source = &bundle->source;
	bool same = length == source->size && source->length <= length;
	if (same && source->length > 0)
		same = memcmp(bytes, source->bytes, source->length) == 0;
	if (same)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "%s: '%s' was changed while it was in use; try again",
			 bundle->place, bundle->name);
}

static int open_now(struct policy_bundle *bundle, struct error *err)
{
	const char *bytes = NULL;
	size_t length = 0;
	struct error cause = ERROR_INIT;
	int code = read_all(bundle, &bytes, &length, &cause);
	if (code == 0)
		code = kubernetes_bundle_open(&bundle->opened, bundle->name, bytes,
					      length, &cause);
	if (code != 0)
		return error_set(err, code, "%s: %s", bundle->place, cause.text);
	code = check_beginning(bundle, bytes, length, err);
	return code == 0 ? check_pin(bundle, bytes, length, err) : code;
}

int policy_bundle_open(struct policy_bundle *bundle,
		       const struct kubernetes_bundle **out, struct error *err)
{
	pthread_mutex_lock(&bundle->turn);
	if (!bundle->tried)
		open_now(bundle, &bundle->failure);
	bundle->tried = true;
	pthread_mutex_unlock(&bundle->turn);
	if (bundle->failure.code != 0)
		return error_set(err, bundle->failure.code, "%s", bundle->failure.text);
	*out = bundle->opened;
	return 0;
}

int policy_open_bundles(struct policy *policy, struct error *err)
{
	const struct kubernetes_bundle *bundle;
	int code = 0;
	for (size_t i = 0; code == 0 && i < policy->rule_count; i++)
		if (policy->rules[i].kubernetes != NULL)
			code = policy_bundle_open(policy->rules[i].kubernetes, &bundle,
						  err);
	return code;
}

/* By all of it, where nothing less says what it is. */
static int identify(struct policy_bundle *bundle, struct error *err)
{
	const char *bytes = NULL;
	size_t length = 0;
	int code = glance(bundle, &bundle->identity, err);
	if (code != 0 || !digest_is_none(&bundle->identity))
		return code;
	code = read_all(bundle, &bytes, &length, err);
	if (code == 0 && digest_of(bytes, length, &bundle->identity) != 0)
		code = error_set(err, ERROR_MEMORY, "out of memory for a digest");
	return code;
}

int bundle_new(struct policy_bundle **out, const char *name, const char *place,
	       const struct policy_source *source, const struct bundle_pin *pin,
	       struct error *err)
{
	struct policy_bundle *bundle = calloc(1, sizeof(*bundle));
	if (bundle == NULL) {
		if (source->close != NULL)
			source->close(source->data);
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	}
	*bundle = (struct policy_bundle){
		.source = *source,
		.name = name,
		.place = place,
		.pin = *pin,
		.turn = PTHREAD_MUTEX_INITIALIZER,
		.bytes = BUF_INIT(
			(size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES]),
	};
	int code = identify(bundle, err);
	if (code == 0)
		*out = bundle;
	else
		bundle_free(bundle);
	return code;
}

void bundle_free(struct policy_bundle *bundle)
{
	if (bundle == NULL)
		return;
	kubernetes_bundle_free(bundle->opened);
	buf_release(&bundle->bytes);
	if (bundle->source.close != NULL)
		bundle->source.close(bundle->source.data);
	pthread_mutex_destroy(&bundle->turn);
	free(bundle);
}

const struct digest *bundle_identity(const struct policy_bundle *bundle)
{
	return &bundle->identity;
}
