/* policy/signer.h - who made a good signature, and whether it counted then: by a key of
 * a principal, by a certificate of an OpenSSH CA, by an X.509 certificate, or by way of
 * Sigstore.
 *
 * Inside policy/ only. Both times are looked at: when the commit was received, and when
 * it claims to have been made. */
#ifndef POLICY_SIGNER_H
#define POLICY_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

struct commit_fact;
struct evaluation;
struct principal;
struct principal_authority;
struct principal_key;
struct principal_sigstore;

struct signer {
	const struct commit_fact *commit;
	const char *thing; /* what was signed, for people; NULL: a commit */
	int64_t received_at;
	int64_t claimed_at;
	const struct principal *principal;
	const struct principal_key *key;             /* by a key */
	const struct principal_authority *authority; /* by a CA */
	const struct principal_sigstore *identity;   /* by way of Sigstore */
};

/* Sets the principal. `refused`: a finding says why there is none that counts. 0 or a
 * negative code. */
int signer_find(struct evaluation *evaluation, struct signer *signer, bool *refused);
/* policy/signer_sigstore.c: that of a signature with x509->sigstore; a finding says why
 * there is none. */
int signer_find_by_sigstore(struct evaluation *evaluation, struct signer *signer);
/* The same for the times of what it signed with. */
int signer_check_validity(struct evaluation *evaluation, const struct signer *signer,
			  bool *refused);

#endif
