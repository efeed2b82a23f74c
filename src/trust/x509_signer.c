/* trust/x509_signer.c - certificates of signers, read once by each thread. */
#include "trust/x509_signer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "trust/ready.h"

#define KEPT_SIGNERS 8
/* Of the texts of one; a certificate has 64 KiB at most. */
#define NAMES_BYTES ((size_t)1 << 20)

struct kept {
	struct x509_signer signer; /* first: handed out as this */
	struct arena *arena;       /* of its texts and DER */
	struct wire_string der;
};

struct keeper {
	struct kept signers[KEPT_SIGNERS];
	size_t next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t keeper_key;
static bool works;

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY,
			 "out of memory while reading a certificate");
}

static void kept_release(struct kept *kept)
{
	X509_free(kept->signer.certificate);
	arena_free(kept->arena);
	*kept = (struct kept){ .arena = NULL };
}

static void release(void *block)
{
	struct keeper *keeper = block;
	for (size_t i = 0; i < KEPT_SIGNERS; i++)
		kept_release(&keeper->signers[i]);
	free(keeper);
}

static void set_up(void)
{
	works = pthread_key_create(&keeper_key, release) == 0;
}

static int kept_fill(struct kept *kept, struct wire_string der, struct error *err)
{
	struct x509_signer *signer = &kept->signer;
	signer->certificate = x509_certificate_read(der);
	if (signer->certificate == NULL)
		return error_set(err, ERROR_CMS_CERTIFICATE_FORM,
				 "the signer's certificate is malformed");
	kept->arena = arena_new(NAMES_BYTES);
	if (kept->arena == NULL ||
	    x509_certificate_fingerprint(signer->fingerprint, der) != 0)
		return no_memory(err);
	kept->der.bytes = arena_copy(kept->arena, der.bytes, der.length);
	kept->der.length = der.length;
	if (kept->der.bytes == NULL)
		return no_memory(err);
	return x509_certificate_names(&signer->names, kept->arena, signer->certificate,
				      err);
}

int x509_signer_get(const struct x509_signer **out, struct wire_string der,
		    struct error *err)
{
	pthread_once(&once, set_up);
	struct keeper *keeper =
		works ? ready_block(keeper_key, sizeof(struct keeper)) : NULL;
	if (keeper == NULL)
		return no_memory(err);
	for (size_t i = 0; i < KEPT_SIGNERS; i++) {
		const struct kept *kept = &keeper->signers[i];
		if (kept->der.length == der.length && der.length != 0 &&
		    memcmp(kept->der.bytes, der.bytes, der.length) == 0) {
			*out = &kept->signer;
			return 0;
		}
	}
	struct kept *kept = &keeper->signers[keeper->next];
	kept_release(kept);
	int rc = kept_fill(kept, der, err);
	if (rc != 0) {
		kept_release(kept);
		return rc;
	}
	keeper->next = (keeper->next + 1) % KEPT_SIGNERS;
	*out = &kept->signer;
	return 0;
}

int x509_signer_tell(const struct x509_signer *signer, struct signature_fact *fact,
		     struct arena *arena, struct error *err)
{
	const struct x509_fact *from = &signer->names;
	struct x509_fact *to = arena_new_of(arena, struct x509_fact);
	fact->fingerprint = arena_string(arena, signer->fingerprint);
	if (to == NULL || fact->fingerprint == NULL)
		return no_memory(err);
	to->subject = arena_string(arena, from->subject);
	to->issuer = arena_string(arena, from->issuer);
	to->serial = arena_string(arena, from->serial);
	to->names = arena_array(arena, from->name_count + 1, sizeof(*to->names));
	to->name_count = from->name_count;
	if (to->subject == NULL || to->issuer == NULL || to->serial == NULL ||
	    to->names == NULL)
		return no_memory(err);
	for (size_t i = 0; i < from->name_count; i++) {
		to->names[i] = arena_string(arena, from->names[i]);
		if (to->names[i] == NULL)
			return no_memory(err);
	}
	fact->x509 = to;
	return 0;
}
