/* Digests, hexadecimal, base64 and object ids. */
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "unit.h"

START_TEST(sha256_gives_the_published_values)
{
	/* FIPS 180-2, appendix B, and the empty message. */
	static const struct {
		const char *message;
		const char *hex;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039"
		  "a33ce45964ff2167f6ecedd419db06c1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct digest digest, again;
		char hex[DIGEST_HEX_BYTES];
		size_t length = strlen(cases[i].message);
		ck_assert_int_eq(digest_of(cases[i].message, length, &digest), 0);
		digest_hex(&digest, hex);
		ck_assert_str_eq(hex, cases[i].hex);
		struct hasher *hasher = hasher_new();
		for (size_t j = 0; j < length; j++)
			hasher_add(hasher, cases[i].message + j, 1);
		ck_assert_int_eq(hasher_finish(hasher, &again), 0);
		ck_assert(digest_equal(&digest, &again));
		ck_assert_int_eq(digest_parse(hex, &again), 0);
		ck_assert(digest_equal(&digest, &again));
	}
	hasher_free(hasher_new());
	hasher_free(NULL);
}
END_TEST

START_TEST(fields_do_not_run_into_each_other)
{
	struct digest a, b, c;
	struct hasher *hasher = hasher_new();
	hasher_add_field(hasher, "ab", 2);
	hasher_add_field(hasher, "c", 1);
	hasher_finish(hasher, &a);
	hasher = hasher_new();
	hasher_add_field(hasher, "a", 1);
	hasher_add_field(hasher, "bc", 2);
	hasher_finish(hasher, &b);
	ck_assert(!digest_equal(&a, &b));
	digest_of("\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c", 19, &c);
	ck_assert(digest_equal(&a, &c));
}
END_TEST

static void *digest_many(void *unused)
{
	(void)unused;
	struct digest first, next;
	digest_of("x", 1, &first);
	for (int i = 0; i < 1000; i++) {
		digest_of("x", 1, &next);
		if (!digest_equal(&first, &next))
			return NULL;
	}
	static int fine;
	return &fine;
}

START_TEST(threads_do_not_share_a_context)
{
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, digest_many, NULL),
				 0);
	for (size_t i = 0; i < 4; i++) {
		void *result;
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_nonnull(result);
	}
}
END_TEST

START_TEST(digests_are_parsed_strictly)
{
	static const char good[] = "e3b0c44298fc1c149afbf4c8996fb924"
				   "27ae41e4649b934ca495991b7852b855";
	struct digest digest, none = { { 0 } };
	char bad[80];
	ck_assert(digest_is_none(&none));
	ck_assert_int_eq(digest_parse(good, &digest), 0);
	ck_assert(!digest_is_none(&digest));
	memset(&digest, 0, sizeof(digest));
	snprintf(bad, sizeof(bad), "%s0", good);
	ck_assert_int_eq(digest_parse(bad, &digest), ERROR_ENCODING);
	snprintf(bad, sizeof(bad), "%.63s", good);
	ck_assert_int_eq(digest_parse(bad, &digest), ERROR_ENCODING);
	snprintf(bad, sizeof(bad), "E%s", good + 1);
	ck_assert_int_eq(digest_parse(bad, &digest), ERROR_ENCODING);
	snprintf(bad, sizeof(bad), "%.63sg", good);
	ck_assert_int_eq(digest_parse(bad, &digest), ERROR_ENCODING);
	ck_assert_int_eq(digest_parse("", &digest), ERROR_ENCODING);
	ck_assert(digest_is_none(&digest));
}
END_TEST

START_TEST(base64_goes_both_ways)
{
	/* RFC 4648, section 10. */
	static const struct {
		const char *plain;
		const char *text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT(100), plain = BUF_INIT(100);
		base64_encode(cases[i].plain, strlen(cases[i].plain), &text);
		ck_assert_str_eq(text.data, cases[i].text);
		ck_assert_int_eq(base64_decode(text.data, text.length, &plain), 0);
		ck_assert_str_eq(plain.data, cases[i].plain);
		buf_release(&text);
		buf_release(&plain);
	}
}
END_TEST

START_TEST(base64_refuses_what_is_not_canonical)
{
	static const char *const cases[] = { "Zg",       "Zg=",  "Zg==\n", "Zh==",
					     "Zm9=",     "Z===", "====",   "=Zg=",
					     "Zg==Zg==", "Zm9-", "Z m8",   "Zm9v=" };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf plain = BUF_INIT(100);
		int code = base64_decode(cases[i], strlen(cases[i]), &plain);
		ck_assert_msg(code == ERROR_ENCODING, "%s", cases[i]);
		ck_assert_uint_eq(plain.length, 0);
		ck_assert_int_eq(plain.failed, 0);
		buf_release(&plain);
	}
	struct buf small = BUF_INIT(2);
	ck_assert_int_eq(base64_decode("Zm9v", 4, &small), ERROR_LIMIT);
	buf_release(&small);
}
END_TEST

START_TEST(secrets_are_compared_whole)
{
	ck_assert(bytes_equal_secret("abc", 3, "abc", 3));
	ck_assert(!bytes_equal_secret("abc", 3, "abd", 3));
	ck_assert(!bytes_equal_secret("abc", 3, "abcd", 4));
	ck_assert(bytes_equal_secret("", 0, "", 0));
}
END_TEST

#define SHA1   "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(object_ids_have_two_lengths)
{
	struct oid one, two, none = OID_INIT;
	char hex[OID_HEX_BYTES];
	ck_assert_int_eq(oid_parse(SHA1, 40, &one), 0);
	ck_assert_uint_eq(one.length, 20);
	oid_hex(&one, hex);
	ck_assert_str_eq(hex, SHA1);
	ck_assert_int_eq(oid_parse(SHA256, 64, &two), 0);
	ck_assert_uint_eq(two.length, 32);
	ck_assert_str_eq(oid_text(&two), SHA256);
	ck_assert_str_eq(oid_short(&two), "0123456789");
	ck_assert_str_eq(oid_short(&none), "");
	ck_assert(!oid_equal(&one, &two));
	ck_assert_int_lt(oid_compare(&one, &two), 0);
	ck_assert_int_gt(oid_compare(&two, &one), 0);
	ck_assert_int_lt(oid_compare(&none, &one), 0);
	struct oid copy = OID_INIT;
	oid_set_bytes(&copy, one.bytes, 20);
	ck_assert(oid_equal(&one, &copy));
	copy.bytes[19] ^= 1;
	ck_assert(!oid_equal(&one, &copy));
}
END_TEST

START_TEST(object_ids_are_parsed_strictly)
{
	static const char *const cases[] = {
		"",
		"0123456789abcdef0123456789abcdef0123456",
		SHA1 "0",
		"0123456789ABCDEF0123456789abcdef01234567",
		"0123456789abcdef0123456789abcdef0123456g",
		" 123456789abcdef0123456789abcdef01234567",
	};
	struct oid oid = OID_INIT;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int code = oid_parse(cases[i], strlen(cases[i]), &oid);
		ck_assert_int_eq(code, ERROR_ENCODING);
		ck_assert_uint_eq(oid.length, 0);
	}
}
END_TEST

START_TEST(null_ids_are_known)
{
	struct oid none = OID_INIT, zero;
	char zeros[64];
	memset(zeros, '0', sizeof(zeros));
	ck_assert(oid_is_null(&none));
	ck_assert_int_eq(oid_parse(zeros, 40, &zero), 0);
	ck_assert(oid_is_null(&zero));
	zero.bytes[19] = 1;
	ck_assert(!oid_is_null(&zero));
}
END_TEST

START_TEST(eight_texts_live_at_a_time)
{
	const char *texts[8];
	struct oid oid;
	oid_parse(SHA1, 40, &oid);
	for (int i = 0; i < 8; i++) {
		oid.bytes[0] = (unsigned char)i;
		texts[i] = oid_short(&oid);
	}
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(texts[i][1], '0' + i);
}
END_TEST

UNIT_MAIN("base_hash", sha256_gives_the_published_values,
	  fields_do_not_run_into_each_other, threads_do_not_share_a_context,
	  digests_are_parsed_strictly, base64_goes_both_ways,
	  base64_refuses_what_is_not_canonical, secrets_are_compared_whole,
	  object_ids_have_two_lengths, object_ids_are_parsed_strictly,
	  null_ids_are_known, eight_texts_live_at_a_time)
