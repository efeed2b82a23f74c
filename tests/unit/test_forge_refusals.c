/* tests/unit/test_forge_refusals.c - every way of bad authentication by HMAC in
 * hexadecimal is refused alike: one code, nothing handed out, nothing that was sent in
 * the text. */
#include "forge_request.h"
#include "unit.h"

static char *digits(struct request *request)
{
	return signature(request) + strlen(prefix(request->kind));
}

static void only_prefix(struct request *request)
{
	snprintf(signature(request), ROOM, "sha256=");
}

static void first_digit(struct request *request)
{
	digits(request)[0] = digits(request)[0] == '0' ? '1' : '0';
}

static void last_digit(struct request *request)
{
	digits(request)[63] = digits(request)[63] == '0' ? '1' : '0';
}

static void a_digit_less(struct request *request)
{
	digits(request)[63] = '\0';
}

static void a_digit_more(struct request *request)
{
	size_t length = strlen(signature(request));
	memcpy(signature(request) + length, "0", 2);
}

static void no_digit(struct request *request)
{
	digits(request)[10] = 'g';
}

static void blank_before(struct request *request)
{
	memmove(signature(request) + 1, signature(request),
		strlen(signature(request)) + 1);
	signature(request)[0] = ' ';
}

static void blank_behind(struct request *request)
{
	size_t length = strlen(signature(request));
	memcpy(signature(request) + length, " ", 2);
}

static void another_secret(struct request *request)
{
	sign_hex(request, OTHER, BODY);
}

static void no_secret(struct request *request)
{
	sign_hex(request, "", BODY);
}

static void no_body(struct request *request)
{
	request->length = 0;
}

static void of_nothing(struct request *request)
{
	sign_hex(request, SECRET, "");
}

static void sha1(struct request *request)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	hmac_hex(EVP_sha1(), SECRET, BODY, strlen(BODY), hex);
	snprintf(signature(request), ROOM, "sha1=%s", hex);
}

static void sha1_bare(struct request *request)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	hmac_hex(EVP_sha1(), SECRET, BODY, strlen(BODY), hex);
	snprintf(signature(request), ROOM, "%s%s", prefix(request->kind), hex);
}

static void sha1_prefix(struct request *request)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	hmac_hex(EVP_sha256(), SECRET, BODY, strlen(BODY), hex);
	snprintf(signature(request), ROOM, "sha1=%s", hex);
}

static void sha512(struct request *request)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	hmac_hex(EVP_sha512(), SECRET, BODY, strlen(BODY), hex);
	snprintf(signature(request), ROOM, "%s%.64s", prefix(request->kind), hex);
}

static void bare_digest(struct request *request)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	ck_assert(digest_of(BODY, strlen(BODY), &digest) == 0);
	digest_hex(&digest, hex);
	snprintf(signature(request), ROOM, "%s%s", prefix(request->kind), hex);
}

static void prefix_upper(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "SHA256=%.64s", digits(request));
	set(request, signature_header(request->kind), copy);
}

static void prefix_other(struct request *request)
{
	char copy[ROOM];
	bool bare = prefix(request->kind)[0] == '\0';
	snprintf(copy, sizeof(copy), "%s%.64s", bare ? "sha256=" : "", digits(request));
	set(request, signature_header(request->kind), copy);
}

static void prefix_twice(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "sha256=sha256=%.64s", digits(request));
	set(request, signature_header(request->kind), copy);
}

static void two_in_one(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "%.80s,%.80s", signature(request),
		 signature(request));
	set(request, signature_header(request->kind), copy);
}

static void base64_digits(struct request *request)
{
	snprintf(signature(request), ROOM,
		 "%sdXEH6g6yUJ/CESIc4=", prefix(request->kind));
}

static void secret_itself(struct request *request)
{
	set(request, signature_header(request->kind), SECRET);
}

static void zeros(struct request *request)
{
	memset(digits(request), '0', 64);
}

static void other_header(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "%s", signature(request));
	drop(request, signature_header(request->kind));
	set(request, "X-Signature", copy);
}

static void secret_as_token(struct request *request)
{
	drop(request, signature_header(request->kind));
	set(request, "X-Gitlab-Token", SECRET);
	request->plain_token = true;
}

static void empty_secret(struct request *request)
{
	sign_hex(request, "", BODY);
	request->secrets[0] = "";
}

static void secret_longer(struct request *request)
{
	sign_hex(request, SECRET ".", BODY);
}

static const struct damage hex_damages[] = {
	{ "missing", missing },
	{ "empty", empty },
	{ "only the prefix", only_prefix },
	{ "twice", twice },
	{ "another first digit", first_digit },
	{ "another last digit", last_digit },
	{ "a digit less", a_digit_less },
	{ "a digit more", a_digit_more },
	{ "not a digit", no_digit },
	{ "a blank before", blank_before },
	{ "a blank behind", blank_behind },
	{ "by another secret", another_secret },
	{ "by no secret", no_secret },
	{ "by a longer secret", secret_longer },
	{ "of another body", another_body },
	{ "of a longer body", body_cut },
	{ "of a shorter body", body_longer },
	{ "of a body that is missing", no_body },
	{ "of nothing", of_nothing },
	{ "SHA-1", sha1 },
	{ "SHA-1 without saying so", sha1_bare },
	{ "SHA-256 that says SHA-1", sha1_prefix },
	{ "SHA-512, cut", sha512 },
	{ "a digest without secret", bare_digest },
	{ "a prefix in upper case", prefix_upper },
	{ "a prefix too many or too few", prefix_other },
	{ "two prefixes", prefix_twice },
	{ "two signatures", two_in_one },
	{ "base64", base64_digits },
	{ "the secret itself", secret_itself },
	{ "zeros", zeros },
	{ "in another header", other_header },
	{ "a token in its place", secret_as_token },
	{ "the source's secret is empty", empty_secret },
	{ "the source has no secret", no_secrets },
};

static const enum forge_kind hex_kinds[] = {
	FORGE_GITHUB,           FORGE_GITEA, FORGE_FORGEJO, FORGE_BITBUCKET_CLOUD,
	FORGE_BITBUCKET_SERVER, FORGE_HMAC,
};

START_TEST(every_bad_signature_in_hexadecimal_is_refused_alike)
{
	for (size_t i = 0; i < COUNT(hex_kinds); i++) {
		for (size_t j = 0; j < COUNT(hex_damages); j++) {
			struct request request = genuine(hex_kinds[i]);
			hex_damages[j].make(&request);
			refused(&request, hex_damages[j].what);
		}
	}
	ck_assert_uint_ge(COUNT(hex_kinds) * COUNT(hex_damages), 60);
}
END_TEST

UNIT_MAIN("forge", every_bad_signature_in_hexadecimal_is_refused_alike)
