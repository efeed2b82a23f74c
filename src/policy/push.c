/* policy/push.c - rules of kind push: who must have signed the push itself.
 *
 * A commit's signature says who made it, a push's who put it on this ref of this
 * repository, and when: the nonce was given by the repository moments before. The first
 * thing that is wrong is said; what stands behind it may follow from it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "model/change.h"
#include "model/facts.h"
#include "policy/evaluation.h"
#include "policy/signer.h"

/* How far a pusher's clock may be ahead of ours. */
#define CLAIM_SLACK (24 * 3600 * CLOCK_SECOND)

#define MEND_AGAIN "push again: git push --signed"
#define MEND_SIGN                                                                      \
	"sign it: git push --signed (git config push.gpgSign true does so always); "   \
	"when git says that the receiving end does not support it, an administrator "  \
	"must run 'gitgate init' on the repository again"

/* One push that is looked at. */
struct look {
	struct evaluation *evaluation;
	const struct push_fact *push;
	struct signer signer;
	bool refused;
};

static int refuse(struct look *look, int code, const char *mend, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));

static int refuse(struct look *look, int code, const char *mend, const char *format,
		  ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	look->refused = true;
	return evaluation_find(look->evaluation, code, NULL, mend, "%s", message);
}

/* --- the signature --- */

static int check_signature(struct look *look)
{
	const struct commit_fact *certificate = &look->push->certificate;
	const struct signature_fact *signature = &certificate->signature;

	if (certificate->id.length == 0)
		return refuse(look, ERROR_RULE_PUSH_NOT_SIGNED, MEND_SIGN,
			      "the push is not signed");
	if (certificate->code != 0)
		return refuse(look, certificate->code, MEND_AGAIN, "%s",
			      certificate->reason ? certificate->reason
						  : error_meaning(certificate->code));
	if (signature->status == SIGNATURE_BAD)
		return refuse(look,
			      signature->code ? signature->code
					      : ERROR_RULE_SIGNATURE_BAD,
			      MEND_AGAIN, "the signature of the push is bad: %s",
			      signature->reason ? signature->reason
						: error_meaning(signature->code));
	if (signature->status != SIGNATURE_GOOD || !signature->fingerprint)
		return refuse(look, ERROR_RULE_PUSH_UNCHECKED, NULL,
			      "the signature of the push was not looked at");
	return 0;
}

static int check_signer(struct look *look)
{
	int code = signer_find(look->evaluation, &look->signer, &look->refused);

	if (code == 0 && !look->refused)
		code = signer_check_validity(look->evaluation, &look->signer,
					     &look->refused);
	return code;
}

static int check_allowed(struct look *look)
{
	const struct evaluation *evaluation = look->evaluation;
	const char *name = look->signer.principal->name;

	if (policy_names_include(evaluation->policy, &evaluation->rule->push->by, name))
		return 0;
	return refuse(look, ERROR_RULE_PUSH_NOT_ALLOWED,
		      "let one of those named under 'by' push it, or ask for the "
		      "signer "
		      "to be added there",
		      "the push is signed by '%s', who may not push here", name);
}

static int check_claim(struct look *look)
{
	const struct signer *signer = &look->signer;
	char claimed[CLOCK_TEXT_BYTES];
	char received[CLOCK_TEXT_BYTES];

	if (signer->claimed_at <= signer->received_at + CLAIM_SLACK)
		return 0;
	clock_format(signer->claimed_at, 0, claimed);
	clock_format(signer->received_at, 0, received);
	return refuse(look, ERROR_RULE_PUSH_FUTURE,
		      "set the clock of the machine that pushes, then push again",
		      "the push claims to be from %s but was received at %s", claimed,
		      received);
}

/* --- who it says is pushing --- */

static bool has_email(const struct principal *principal, const char *email,
		      size_t length)
{
	for (size_t i = 0; i < principal->emails.count; i++)
		if (strlen(principal->emails.items[i]) == length &&
		    strncasecmp(principal->emails.items[i], email, length) == 0)
			return true;
	return false;
}

/* The id of an OpenPGP key as gpg takes it: hexadecimal, "0x" before it or not, '!'
 * behind it or not. Length 0: it is none. */
static const char *key_id(const char *name, size_t *length)
{
	if (name[0] == '0' && (name[1] == 'x' || name[1] == 'X'))
		name += 2;
	*length = strspn(name, "0123456789abcdefABCDEF");
	if (*length < 8 || (name[*length] != '\0' && strcmp(name + *length, "!") != 0))
		*length = 0;
	return name;
}

static bool ends_with(const char *fingerprint, const char *id, size_t length)
{
	size_t whole = fingerprint ? strlen(fingerprint) : 0;

	return whole >= length &&
	       strncasecmp(fingerprint + whole - length, id, length) == 0;
}

/* Of X.509 only the certificate is known, not by which id gpgsm calls it: there an id
 * is not compared. */
static bool is_key_of(const struct look *look, const char *id, size_t length)
{
	const struct signature_fact *signature = &look->push->certificate.signature;

	return signature->x509 || ends_with(signature->fingerprint, id, length) ||
	       (look->signer.key &&
		ends_with(look->signer.key->certificate, id, length));
}

/* git writes user.signingKey, for SSH the fingerprint of the key, or the committer. */
static bool is_signer(const struct look *look, const char *name)
{
	const struct principal *principal = look->signer.principal;
	const char *open = strrchr(name, '<');
	size_t length;
	const char *id = key_id(name, &length);

	if (strcmp(name, look->push->certificate.signature.fingerprint) == 0)
		return true;
	if (length != 0)
		return is_key_of(look, id, length);
	if (!open)
		return has_email(principal, name, strlen(name));
	length = strcspn(open + 1, ">");
	return strcmp(open + 1 + length, ">") == 0 &&
	       has_email(principal, open + 1, length);
}

static int check_pusher(struct look *look)
{
	const char *name = look->push->certificate.committer.name;

	if (name && is_signer(look, name))
		return 0;
	return refuse(look, ERROR_RULE_PUSH_PUSHER,
		      "push as yourself: git config user.email ADDRESS, or "
		      "user.signingKey with the fingerprint of your key",
		      "the push is signed by '%s', but says that '%.*s' pushes",
		      look->signer.principal->name, SHOWN_BYTES,
		      name ? name : "nobody");
}

/* --- where it goes --- */

/* "shop" of "ssh://git.example.org/acme/shop.git/". */
static bool names_repository(const char *address, const char *repository)
{
	size_t end = strlen(address);
	size_t length = strlen(repository);

	while (end > 0 && address[end - 1] == '/')
		end--;
	if (end > 4 && memcmp(address + end - 4, ".git", 4) == 0)
		end -= 4;
	return end >= length &&
	       memcmp(address + end - length, repository, length) == 0 &&
	       (end == length || strchr("/:", address[end - length - 1]) != NULL);
}

static bool is_here(const struct look *look, const char *address)
{
	const struct evaluation *evaluation = look->evaluation;
	const struct strings *to = &evaluation->rule->push->to;
	const char *repository = evaluation->facts->change->repository;

	for (size_t i = 0; i < to->count; i++)
		if (glob_match(to->items[i], address))
			return true;
	return to->count == 0 && repository && *repository &&
	       names_repository(address, repository);
}

static int check_pushee(struct look *look)
{
	const char *address = look->push->pushee;

	if (!address || !*address)
		return refuse(look, ERROR_RULE_PUSH_PUSHEE_MISSING,
			      "push with git itself, to an address",
			      "the push certificate does not say where the push goes");
	if (is_here(look, address))
		return 0;
	return refuse(look, ERROR_RULE_PUSH_PUSHEE,
		      "push to the address of this repository, or ask for the address "
		      "to be added under 'to' in the policy",
		      "the push certificate is for '%.*s', which is not this "
		      "repository",
		      SHOWN_BYTES, address);
}

/* --- the nonce: that it is from now --- */

/* "<seconds since 1970>-<hexadecimal>". */
static bool nonce_time(const char *nonce, int64_t *seconds)
{
	size_t digits = strspn(nonce, "0123456789");
	const char *code = nonce + digits + 1;

	if (digits == 0 || digits > 12 || nonce[digits] != '-' || *code == '\0' ||
	    code[strspn(code, "0123456789abcdef")] != '\0')
		return false;
	*seconds = strtoll(nonce, NULL, 10);
	return true;
}

static int check_slop(struct look *look, int64_t given, int64_t used)
{
	uint64_t slop = look->evaluation->rule->push->slop;
	uint64_t seconds = (uint64_t)llabs(given - used);

	if (seconds <= slop)
		return 0;
	return refuse(look, ERROR_RULE_PUSH_NONCE_SLOP, MEND_AGAIN,
		      "the nonce of the push was given %" PRIu64 " seconds from when "
		      "it was used; %" PRIu64 " are allowed ('slop')",
		      seconds, slop);
}

/* Whoever could set the environment of git's hook could say that any nonce holds: what
 * the pusher signed must fit to the time all the same. */
static int check_age(struct look *look, int64_t used)
{
	int64_t received = look->signer.received_at / CLOCK_SECOND;
	uint64_t most = limits_default.values[LIMIT_PUSH_NONCE_AGE];
	char text[CLOCK_TEXT_BYTES];

	if ((uint64_t)llabs(received - used) <= most)
		return 0;
	clock_format(used * CLOCK_SECOND, 0, text);
	return refuse(look, ERROR_RULE_PUSH_NONCE_OLD, MEND_AGAIN,
		      "the nonce of the push is from %s: over the limit %s (%" PRIu64
		      " seconds)",
		      text, limit_name(LIMIT_PUSH_NONCE_AGE), most);
}

static int check_nonce_text(struct look *look, bool slop)
{
	const struct push_fact *push = look->push;
	int64_t given = 0, used;

	if (!nonce_time(push->nonce_text, &used) ||
	    !nonce_time(push->nonce_given, &given))
		return refuse(look, ERROR_RULE_PUSH_NONCE_FORM, MEND_AGAIN,
			      "the nonce of the push is not one that git gives");
	if (!slop && strcmp(push->nonce_text, push->nonce_given) != 0)
		return refuse(look, ERROR_RULE_PUSH_NONCE_OTHER, MEND_AGAIN,
			      "the nonce in the push certificate is not the one that "
			      "git "
			      "looked at");
	int code = slop ? check_slop(look, given, used) : 0;
	return code == 0 && !look->refused ? check_age(look, used) : code;
}

static int check_nonce(struct look *look)
{
	switch (look->push->nonce) {
	case PUSH_NONCE_OK:
		return check_nonce_text(look, false);
	case PUSH_NONCE_SLOP:
		return check_nonce_text(look, true);
	case PUSH_NONCE_MISSING:
		return refuse(look, ERROR_RULE_PUSH_NONCE_MISSING,
			      "push with git itself",
			      "the push certificate has no nonce");
	case PUSH_NONCE_BAD:
		return refuse(look, ERROR_RULE_PUSH_NONCE_BAD, MEND_AGAIN,
			      "the nonce in the push certificate is not one that this "
			      "repository gave: it is made up, of another push or of "
			      "another repository");
	case PUSH_NONCE_UNSOLICITED:
		return refuse(look, ERROR_RULE_PUSH_NONCE_UNSOLICITED, MEND_SIGN,
			      "the push certificate has a nonce, but this repository "
			      "gives none (receive.certNonceSeed is not set)");
	case PUSH_NONCE_UNKNOWN:
		break;
	}
	return refuse(look, ERROR_RULE_PUSH_NONCE_UNKNOWN, NULL,
		      "git does not say whether the nonce of the push holds");
}

/* --- what it does --- */

static int check_updates(struct look *look)
{
	if (look->push->updates_code == 0)
		return 0;
	return refuse(look, look->push->updates_code, MEND_AGAIN, "%s",
		      look->push->updates_reason
			      ? look->push->updates_reason
			      : error_meaning(look->push->updates_code));
}

static int check_push(struct evaluation *evaluation, const struct push_fact *push,
		      bool received)
{
	static int (*const checks[])(struct look * look) = {
		check_signature, check_signer, check_allowed, check_claim,
		check_pusher,    check_pushee, check_nonce,   check_updates,
	};
	struct look look = {
		.evaluation = evaluation,
		.push = push,
		.signer = { .commit = &push->certificate,
			    .thing = "push",
			    .received_at = evaluation->facts->change->received_at,
			    .claimed_at = push->certificate.committer.when },
	};
	int code = 0;

	for (size_t i = 0;
	     code == 0 && !look.refused && i < sizeof(checks) / sizeof(checks[0]); i++)
		if (received || checks[i] != check_nonce)
			code = checks[i](&look);
	return code;
}

static int check_recorded(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	int code = 0;

	for (size_t i = 0; code == 0 && i < facts->push_count; i++)
		code = check_push(evaluation, &facts->pushes[i], false);
	if (code != 0 || !facts->push_gap)
		return code;
	return evaluation_find(evaluation, ERROR_RULE_PUSH_NOT_RECORDED, NULL,
			       "push what the ref holds again by way of the hook, or "
			       "let "
			       "an administrator set the anchor there",
			       "%s", facts->push_gap);
}

int rule_push_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;

	switch (facts->push_knowledge) {
	case PUSH_TO_COME:
		return 0;
	case PUSH_RECORDED:
		return check_recorded(evaluation);
	case PUSH_RECEIVED:
		if (facts->push_count == 1)
			return check_push(evaluation, &facts->pushes[0], true);
		break;
	case PUSH_NOT_KNOWN:
		break;
	}
	return evaluation_find(evaluation, ERROR_RULE_PUSH_NOT_KNOWN, NULL,
			       "push it yourself, signed (git push --signed), to a "
			       "repository that gitgate's hook guards",
			       "the push must be signed, and how the change comes is "
			       "not "
			       "known here");
}
