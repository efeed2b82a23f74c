/* model/identity.c - which principal a certificate speaks for. */
#include <string.h>
#include <strings.h>

#include "model/facts.h"
#include "model/policy.h"

/* Case counts, as in OpenSSH. */
static bool names_one(const struct certificate_fact *certificate,
		      const struct strings *names)
{
	for (size_t i = 0; i < certificate->principal_count; i++)
		if (strings_have(names, certificate->principals[i]))
			return true;
	return false;
}

int policy_principal_by_certificate(const struct policy *policy,
				    const struct certificate_fact *certificate,
				    const struct principal **found,
				    const struct principal_authority **authority)
{
	const struct principal *last = NULL;
	bool known = false;
	int count = 0;
	for (size_t i = 0; i < policy->principal_count; i++) {
		const struct principal *principal = &policy->principals[i];
		for (size_t k = 0; k < principal->authority_count; k++) {
			const struct principal_authority *entry =
				&principal->authorities[k];
			if (strcmp(entry->fingerprint, certificate->ca) != 0)
				continue;
			known = true;
			if (!names_one(certificate, &entry->names) || principal == last)
				continue;
			last = principal;
			if (count++ == 0) {
				*found = principal;
				*authority = entry;
			}
		}
	}
	return known ? count : -1;
}

static bool has_name(const struct x509_fact *x509, const char *name)
{
	for (size_t i = 0; i < x509->name_count; i++)
		if (strcmp(x509->names[i], name) == 0)
			return true;
	return false;
}

static bool has_email(const struct x509_fact *x509, const char *email)
{
	for (size_t i = 0; i < x509->name_count; i++)
		if (strncmp(x509->names[i], "email:", 6) == 0 &&
		    strcasecmp(x509->names[i] + 6, email) == 0)
			return true;
	return false;
}

static bool is_identity(const struct x509_fact *x509,
			const struct principal_x509 *identity)
{
	return (identity->email == NULL || has_email(x509, identity->email)) &&
	       (identity->san == NULL || has_name(x509, identity->san)) &&
	       (identity->subject == NULL ||
		strcmp(identity->subject, x509->subject) == 0) &&
	       (identity->issuer == NULL ||
		strcmp(identity->issuer, x509->issuer) == 0) &&
	       (identity->serial == NULL ||
		strcasecmp(identity->serial, x509->serial) == 0);
}

int policy_principal_by_x509(const struct policy *policy, const struct x509_fact *x509,
			     const struct principal **found)
{
	int count = 0;
	for (size_t i = 0; i < policy->principal_count; i++) {
		const struct principal *principal = &policy->principals[i];
		bool is = false;
		for (size_t k = 0; !is && k < principal->x509_count; k++)
			is = is_identity(x509, &principal->x509[k]);
		if (is && count++ == 0)
			*found = principal;
	}
	return count;
}

/* The one name of a certificate by Fulcio: an address, or a URI. */
static bool is_subject(const struct x509_fact *x509, const char *subject)
{
	const char *kind = strstr(subject, "://") != NULL ? "uri:" : "email:";
	return x509->name_count == 1 &&
	       strncmp(x509->names[0], kind, strlen(kind)) == 0 &&
	       strcmp(x509->names[0] + strlen(kind), subject) == 0;
}

int policy_principal_by_sigstore(const struct policy *policy,
				 const struct x509_fact *x509,
				 const struct principal **found,
				 const struct principal_sigstore **identity,
				 bool *elsewhere)
{
	int count = 0;
	*elsewhere = false;
	for (size_t i = 0; i < policy->principal_count; i++) {
		const struct principal *principal = &policy->principals[i];
		const struct principal_sigstore *entry = NULL;
		for (size_t k = 0; entry == NULL && k < principal->sigstore_count;
		     k++) {
			const struct principal_sigstore *one = &principal->sigstore[k];
			if (!is_subject(x509, one->subject))
				continue;
			if (strcmp(one->issuer, x509->sigstore->issuer) == 0)
				entry = one;
			else
				*elsewhere = true;
		}
		if (entry != NULL && count++ == 0) {
			*found = principal;
			*identity = entry;
		}
	}
	return count;
}
