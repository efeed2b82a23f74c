/* tests/unit/test_forge_standard.c - the same for Standard Webhooks' signatures, and
 * for GitLab's plain token. */
#include "forge_request.h"
#include "unit.h"

static void no_id(struct request *request)
{
	drop(request, "webhook-id");
}

static void empty_id(struct request *request)
{
	set(request, "webhook-id", "");
	sign_again(request);
}

static void id_twice(struct request *request)
{
	add(request, "webhook-id", "msg_1");
}

static void another_id(struct request *request)
{
	set(request, "webhook-id", "msg_2");
}

static void id_with_dot(struct request *request)
{
	set(request, "webhook-id", "msg.1");
	sign_again(request);
}

static void id_not_printable(struct request *request)
{
	set(request, "webhook-id", "msg\t1");
	sign_again(request);
}

static void no_time(struct request *request)
{
	drop(request, "webhook-timestamp");
}

static void empty_time(struct request *request)
{
	time_as(request, "");
}

static void time_twice(struct request *request)
{
	add(request, "webhook-timestamp", "1800000000");
}

static void another_time(struct request *request)
{
	set(request, "webhook-timestamp", "1800000001");
}

static void time_past(struct request *request)
{
	time_as(request, "1799999699");
}

static void time_ahead(struct request *request)
{
	time_as(request, "1800000301");
}

static void time_years_past(struct request *request)
{
	time_as(request, "1");
}

static void time_huge(struct request *request)
{
	time_as(request, "18446744073709551615");
}

static void time_negative(struct request *request)
{
	time_as(request, "-1800000000");
}

static void time_signed(struct request *request)
{
	time_as(request, "+1800000000");
}

static void time_fraction(struct request *request)
{
	time_as(request, "1800000000.5");
}

static void time_milliseconds(struct request *request)
{
	time_as(request, "1800000000000");
}

static void time_blank(struct request *request)
{
	time_as(request, " 1800000000");
}

static void time_text(struct request *request)
{
	time_as(request, "2027-01-15T08:00:00Z");
}

static void other_version(struct request *request)
{
	char entry[ROOM];
	entry_of(request, KEY, entry);
	entry[1] = '2';
	set(request, "webhook-signature", entry);
}

static void asymmetric_version(struct request *request)
{
	char entry[ROOM];
	char other[ROOM];
	entry_of(request, KEY, entry);
	snprintf(other, sizeof(other), "v1a,%.100s", entry + 3);
	set(request, "webhook-signature", other);
}

static void no_version(struct request *request)
{
	char entry[ROOM];
	entry_of(request, KEY, entry);
	set(request, "webhook-signature", entry + 3);
}

static void unpadded(struct request *request)
{
	char *value = value_of(request, "webhook-signature");
	value[strlen(value) - 1] = '\0';
}

static void entry_changed(struct request *request)
{
	char *value = value_of(request, "webhook-signature");
	value[10] = value[10] == 'A' ? 'B' : 'A';
}

static void by_commas(struct request *request)
{
	char entry[ROOM];
	char two[ROOM];
	entry_of(request, KEY, entry);
	snprintf(two, sizeof(two), "%.100s,%.100s", entry, entry);
	set(request, "webhook-signature", two);
}

static void too_many(struct request *request)
{
	char entry[ROOM];
	char *value = value_of(request, "webhook-signature");
	entry_of(request, KEY, entry);
	value[0] = '\0';
	for (size_t i = 0; i < 17; i++)
		snprintf(value + strlen(value), ROOM - strlen(value), "%.60s ", entry);
}

static void in_hexadecimal(struct request *request)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	char entry[ROOM];
	hmac_hex(EVP_sha256(), KEY, BODY, strlen(BODY), hex);
	snprintf(entry, sizeof(entry), "v1,%.64s", hex);
	set(request, "webhook-signature", entry);
}

static void of_body_alone(struct request *request)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int written;
	struct buf encoded = BUF_INIT(ROOM);
	ck_assert(HMAC(EVP_sha256(), KEY, (int)strlen(KEY), (const unsigned char *)BODY,
		       strlen(BODY), mac, &written) != NULL);
	base64_encode(mac, written, &encoded);
	snprintf(value_of(request, "webhook-signature"), ROOM, "v1,%s", encoded.data);
	buf_release(&encoded);
}

static void by_text_of_key(struct request *request)
{
	sign_standard(request, WHSEC);
}

static void by_key_as_told(struct request *request)
{
	sign_standard(request, &WHSEC[6]);
}

static void source_key_plain(struct request *request)
{
	request->secrets[0] = KEY;
}

static void source_key_short(struct request *request)
{
	request->secrets[0] = "whsec_MDEyMzQ1Njc4OQ==";
	sign_standard(request, "0123456789");
}

static void source_key_broken(struct request *request)
{
	request->secrets[0] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY";
}

static void svix_names(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "%s", value_of(request, "webhook-signature"));
	drop(request, "webhook-signature");
	set(request, "svix-signature", copy);
}

static const struct damage standard_damages[] = {
	{ "missing", missing },
	{ "empty", empty },
	{ "twice", twice },
	{ "no id", no_id },
	{ "an empty id", empty_id },
	{ "two ids", id_twice },
	{ "another id", another_id },
	{ "an id with a dot", id_with_dot },
	{ "an id that is not printable", id_not_printable },
	{ "no time", no_time },
	{ "an empty time", empty_time },
	{ "two times", time_twice },
	{ "another time", another_time },
	{ "301 s ago", time_past },
	{ "301 s ahead", time_ahead },
	{ "1970", time_years_past },
	{ "a huge time", time_huge },
	{ "a negative time", time_negative },
	{ "a time with a sign", time_signed },
	{ "a fraction of a second", time_fraction },
	{ "milliseconds", time_milliseconds },
	{ "a blank before the time", time_blank },
	{ "a date", time_text },
	{ "another version", other_version },
	{ "a signature by a key pair", asymmetric_version },
	{ "no version", no_version },
	{ "no padding", unpadded },
	{ "another digit", entry_changed },
	{ "entries by commas", by_commas },
	{ "17 entries", too_many },
	{ "hexadecimal", in_hexadecimal },
	{ "of the body alone", of_body_alone },
	{ "by the text of the key", by_text_of_key },
	{ "by the key's base64", by_key_as_told },
	{ "by another key", by_other_key },
	{ "of another body", another_body },
	{ "of a longer body", body_cut },
	{ "of a shorter body", body_longer },
	{ "the source's secret is no key", source_key_plain },
	{ "the source's key is short", source_key_short },
	{ "the source's key is not base64", source_key_broken },
	{ "in Svix's header", svix_names },
	{ "the source has no secret", no_secrets },
};

START_TEST(every_bad_standard_signature_is_refused_alike)
{
	static const enum forge_kind kinds[] = { FORGE_STANDARD, FORGE_GITLAB };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (size_t j = 0; j < COUNT(standard_damages); j++) {
			struct request request = genuine(kinds[i]);
			standard_damages[j].make(&request);
			refused(&request, standard_damages[j].what);
		}
	}
}
END_TEST

/* GitLab sends the token beside the signature: what is signed is judged as signed. */
START_TEST(a_token_never_mends_a_bad_signature)
{
	for (size_t j = 0; j < COUNT(standard_damages); j++) {
		struct request request = genuine(FORGE_GITLAB);
		standard_damages[j].make(&request);
		if (find(&request, "webhook-signature", &(bool){ false }) == NULL &&
		    standard_damages[j].make != twice)
			continue;
		request.secrets[1] = SECRET;
		request.secret_count += request.secret_count > 0;
		request.plain_token = true;
		add(&request, "X-Gitlab-Token", SECRET);
		refused(&request, standard_damages[j].what);
	}
}
END_TEST

static struct request by_token(const char *token)
{
	struct request request = genuine(FORGE_GITLAB);
	drop(&request, "webhook-signature");
	request.secrets[0] = SECRET;
	request.plain_token = true;
	if (token != NULL)
		add(&request, "X-Gitlab-Token", token);
	return request;
}

START_TEST(a_plain_token_counts_only_where_it_is_allowed)
{
	static const char *const bad[] = {
		NULL,
		"",
		"x",
		OTHER,
		SECRET " ",
		" " SECRET,
		SECRET SECRET,
		"It's a Secret to Everybod",
		"it's a secret to everybody",
		WHSEC,
	};
	struct forge_authentic out;
	struct request request = by_token(SECRET);
	ck_assert_int_eq(authenticate(&request, &out, NULL), 0);
	ck_assert(out.weak);
	request.secrets[1] = request.secrets[0];
	request.secrets[0] = OTHER;
	request.secret_count = 2;
	accepted(&request, "the token is the second secret");
	for (size_t i = 0; i < COUNT(bad); i++) {
		request = by_token(bad[i]);
		refused(&request, bad[i] == NULL ? "no token" : bad[i]);
	}
	request = by_token(SECRET);
	add(&request, "X-Gitlab-Token", SECRET);
	refused(&request, "two tokens");
	request = by_token(SECRET);
	request.plain_token = false;
	refused(&request, "a token where none is allowed");
	request = by_token("");
	request.secrets[0] = "";
	refused(&request, "an empty token for an empty secret");
}
END_TEST

UNIT_MAIN("forge", every_bad_standard_signature_is_refused_alike,
	  a_token_never_mends_a_bad_signature,
	  a_plain_token_counts_only_where_it_is_allowed)
