/* tests/unit/sigstore_make.c - a Sigstore of our own, in software. */
#include "sigstore_make.h"

#include <check.h>
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define MEGABYTE      ((size_t)1 << 20)
#define OID_FULCIO    "1.3.6.1.4.1.57264.1."
#define OID_REKOR     "1.3.6.1.4.1.57264.3.1"
#define OID_SCT       "1.3.6.1.4.1.11129.2.4.2"
#define LOG_INDEX     987654321
#define LEAVES_MAX    64
#define TIME_LATE_BY  600
#define TIME_EARLY_BY (-11)

static struct buf last_entry = BUF_INIT(MEGABYTE);

const struct buf *sigstore_last_entry(void)
{
	return &last_entry;
}

static EVP_PKEY *new_key(const char *algorithm)
{
	if (algorithm == NULL || strcmp(algorithm, "EC") == 0)
		return EVP_EC_gen("P-256");
	if (strcmp(algorithm, "RSA") == 0)
		return EVP_RSA_gen(2048);
	return EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
}

struct sigstore_made *sigstore_made_new(const char *log_algorithm)
{
	struct sigstore_made *made = calloc(1, sizeof(*made));
	made->root = identity_new(
		NULL, &(struct identity_changes){ .name = "sigstore", .ca = true });
	made->ca = identity_new(
		made->root, &(struct identity_changes){ .name = "sigstore-intermediate",
							.ca = true,
							.constraints = "critical,CA:"
								       "TRUE,pathlen:0",
							.extended = "codeSigning" });
	made->rekor = new_key(log_algorithm);
	made->ct = new_key(log_algorithm);
	made->stranger = new_key(log_algorithm);
	return made;
}

void sigstore_made_free(struct sigstore_made *made)
{
	identity_free(made->root);
	identity_free(made->ca);
	EVP_PKEY_free(made->rekor);
	EVP_PKEY_free(made->ct);
	EVP_PKEY_free(made->stranger);
	free(made);
	buf_release(&last_entry);
}

void sigstore_authorities_pem(struct buf *out, const struct sigstore_made *made)
{
	identity_pem(out, made->ca);
	identity_pem(out, made->root);
}

void sigstore_key_pem(struct buf *out, void *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	PEM_write_bio_PUBKEY(bio, key);
	long length = BIO_get_mem_data(bio, &bytes);
	buf_add(out, bytes, (size_t)length);
	BIO_free(bio);
}

void sigstore_key_der(struct buf *out, void *key)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(key, &der);
	buf_add(out, der, (size_t)length);
	OPENSSL_free(der);
}

static void put_raw_bytes(struct buf *out, const struct buf *bytes)
{
	buf_add_string(out, "\"rawBytes\": \"");
	base64_encode(bytes->data, bytes->length, out);
	buf_add_string(out, "\"");
}

static void put_log(struct buf *out, const char *name, void *key)
{
	struct buf der = BUF_INIT(MEGABYTE);
	sigstore_key_der(&der, key);
	buf_addf(out,
		 " \"%s\": [{\"baseUrl\": \"https://log.example.org\",\n"
		 "  \"hashAlgorithm\": \"SHA2_256\", \"publicKey\": {",
		 name);
	put_raw_bytes(out, &der);
	buf_add_string(out, ", \"keyDetails\": \"PKIX_ECDSA_P256_SHA_256\",\n"
			    "  \"validFor\": {\"start\": \"2021-01-12T11:53:27Z\"}}}]");
	buf_release(&der);
}

void sigstore_trusted_root(struct buf *out, const struct sigstore_made *made)
{
	struct buf ca = BUF_INIT(MEGABYTE);
	struct buf root = BUF_INIT(MEGABYTE);
	identity_der(&ca, made->ca);
	identity_der(&root, made->root);
	buf_add_string(out, "{\"mediaType\": \"application/"
			    "vnd.dev.sigstore.trustedroot+json;version=0.1\",\n");
	put_log(out, "tlogs", made->rekor);
	buf_add_string(out, ",\n \"certificateAuthorities\": [{\"uri\": "
			    "\"https://fulcio.example.org\",\n  \"certChain\": "
			    "{\"certificates\": [{");
	put_raw_bytes(out, &ca);
	buf_add_string(out, "}, {");
	put_raw_bytes(out, &root);
	buf_add_string(out, "}]},\n  \"validFor\": {\"start\": "
			    "\"2022-04-13T20:06:15.000Z\"}}],\n");
	put_log(out, "ctlogs", made->ct);
	buf_add_string(out, ",\n \"timestampAuthorities\": []}\n");
	buf_release(&ca);
	buf_release(&root);
}

static void key_id(void *key, unsigned char out[32])
{
	struct buf der = BUF_INIT(MEGABYTE);
	sigstore_key_der(&der, key);
	SHA256((const unsigned char *)der.data, der.length, out);
	buf_release(&der);
}

static void sign_by(struct buf *out, EVP_PKEY *key, const struct buf *text)
{
	unsigned char signature[4096];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
	ck_assert_int_eq(
		EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestSign(context, signature, &length,
					(const unsigned char *)text->data,
					text->length),
			 1);
	buf_add(out, signature, length);
	EVP_MD_CTX_free(context);
}

/* --- the certificate --- */

struct leaf {
	const struct sigstore_made *made;
	const struct sigstore_how *how;
};

static void put_number(struct buf *out, uint64_t number, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
		buf_add_byte(out, (unsigned char)(number >> shift));
}

static void add_extension(X509 *certificate, const char *name, const void *bytes,
			  size_t length)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(name, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(value, bytes, (int)length);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

static void add_issuers(X509 *certificate, const struct sigstore_how *how)
{
	const char *issuer = how->issuer != NULL ? how->issuer : SIGSTORE_ISSUER;
	const char *old = how->old_issuer != NULL ? how->old_issuer : issuer;
	struct buf text = BUF_INIT(MEGABYTE);
	if (how->wrong == ISSUER_WITH_BLANK)
		issuer = old = "https://issuer .example.org";
	if (how->wrong == ISSUERS_DIFFER)
		old = "https://other.example.org";
	if (how->wrong == ISSUER_EMPTY)
		issuer = old = "";
	buf_add_byte(&text, how->wrong == ISSUER_NOT_UTF8 ? 0x16 : 0x0c);
	buf_add_byte(&text, (unsigned char)strlen(issuer));
	buf_add_string(&text, issuer);
	if (how->wrong == ISSUER_TRAILING)
		buf_add_byte(&text, 0);
	if (how->wrong == ISSUER_MISSING) {
		add_extension(certificate, OID_FULCIO "2", "push", 4);
	} else {
		if (*old != '\0')
			add_extension(certificate, OID_FULCIO "1", old, strlen(old));
		if (!how->only_old_issuer)
			add_extension(certificate, OID_FULCIO "8", text.data,
				      text.length);
		if (how->wrong == ISSUER_TWICE)
			add_extension(certificate, OID_FULCIO "8", text.data,
				      text.length);
	}
	buf_release(&text);
}

static void put_certificate(struct buf *out, X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_re_X509_tbs(certificate, &der);
	ck_assert_int_gt(length, 0);
	put_number(out, (uint64_t)length, 3);
	buf_add(out, der, (size_t)length);
	OPENSSL_free(der);
}

/* Behind its length. */
static void put_sct(struct buf *out, X509 *certificate, const struct identity *issuer,
		    const struct leaf *leaf, EVP_PKEY *log)
{
	enum sigstore_wrong wrong = leaf->how->wrong;
	uint64_t when = (uint64_t)CMS_MADE_AT * 1000;
	struct buf text = BUF_INIT(MEGABYTE);
	struct buf sct = BUF_INIT(MEGABYTE);
	struct buf signature = BUF_INIT(MEGABYTE);
	unsigned char id[32];
	key_id(wrong == SCT_OTHER_ISSUER ? leaf->made->root->key : issuer->key, id);
	put_number(&text, 0, 2);
	put_number(&text, wrong == SCT_OTHER_TIME ? when + 1 : when, 8);
	put_number(&text, 1, 2);
	buf_add(&text, id, 32);
	put_certificate(&text, certificate);
	put_number(&text, 0, 2);
	sign_by(&signature, log, &text);
	if (wrong == SCT_FLIPPED)
		signature.data[signature.length - 1] ^= 1;
	key_id(log, id);
	put_number(&sct, wrong == SCT_VERSION_2, 1);
	buf_add(&sct, id, 32);
	put_number(&sct, when, 8);
	put_number(&sct, 0, 2);
	put_number(&sct, wrong == SCT_HASH_SHA1 ? 2 : 4, 1);
	put_number(&sct, 3, 1);
	put_number(&sct, signature.length, 2);
	buf_add(&sct, signature.data, signature.length);
	if (wrong == SCT_TRAILING)
		put_number(&sct, 0, 1);
	put_number(out, sct.length, 2);
	buf_add(out, sct.data, sct.length);
	buf_release(&text);
	buf_release(&sct);
	buf_release(&signature);
}

static void add_scts(X509 *certificate, const struct identity *issuer,
		     const struct leaf *leaf)
{
	enum sigstore_wrong wrong = leaf->how->wrong;
	const struct sigstore_made *made = leaf->made;
	struct buf list = BUF_INIT(MEGABYTE);
	struct buf value = BUF_INIT(MEGABYTE);
	/* What is signed names the algorithm of the certificate's signature. */
	ck_assert_int_ne(X509_sign(certificate, issuer->key, EVP_sha256()), 0);
	if (leaf->how->more_scts)
		put_sct(&list, certificate, issuer, leaf, made->stranger);
	if (wrong != SCT_EMPTY)
		put_sct(&list, certificate, issuer, leaf,
			wrong == SCT_OTHER_LOG ? made->stranger : made->ct);
	if (wrong == SCT_CUT)
		buf_truncate(&list, list.length - 1);
	buf_add_byte(&value, 0x04);
	buf_add_byte(&value, 0x82);
	put_number(&value, list.length + 2, 2);
	put_number(&value, list.length, 2);
	buf_add(&value, list.data, list.length);
	add_extension(certificate, OID_SCT, value.data, value.length);
	if (wrong == SCT_TWICE)
		add_extension(certificate, OID_SCT, value.data, value.length);
	buf_release(&list);
	buf_release(&value);
}

static void finish(void *certificate, const struct identity *issuer, void *data)
{
	const struct leaf *leaf = data;
	add_issuers(certificate, leaf->how);
	if (!leaf->how->no_sct && leaf->how->wrong != SCT_NONE)
		add_scts(certificate, issuer, leaf);
}

static struct identity *make_leaf(const struct leaf *leaf)
{
	const struct sigstore_how *how = leaf->how;
	struct identity_changes changes = {
		.name = "",
		.algorithm = how->algorithm,
		.san = how->san != NULL ? how->san : "email:alice@example.org",
		.extended = "codeSigning",
		.after = how->lives_before != 0 ? -how->lives_before : -10,
		.before = how->lives_after != 0 ? how->lives_after : 590,
		.finish = finish,
		.finish_data = (void *)(uintptr_t)leaf,
	};
	if (how->wrong == SUBJECT_MISSING)
		changes.san = "";
	if (how->wrong == SUBJECT_TWO)
		changes.san = "email:alice@example.org,email:bob@example.org";
	if (how->wrong == SUBJECT_DNS)
		changes.san = "DNS:example.org";
	if (how->wrong == USAGE_OTHER)
		changes.extended = "emailProtection";
	if (how->wrong == USAGE_MISSING)
		changes.extended = "";
	return identity_new(leaf->made->ca, &changes);
}

/* --- the log --- */

static void put_body(struct buf *out, const char *algorithm, const void *digest,
		     size_t digest_length, const struct buf *signature,
		     const struct identity *signer)
{
	struct buf pem = BUF_INIT(MEGABYTE);
	char hex[129];
	identity_pem(&pem, signer);
	hex_encode(digest, digest_length, hex);
	buf_addf(out,
		 "{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{"
		 "\"data\":{\"hash\":{\"algorithm\":\"%s\",\"value\":\"%s\"}},"
		 "\"signature\":{\"content\":\"",
		 algorithm, hex);
	base64_encode(signature->data, signature->length, out);
	buf_add_string(out, "\",\"publicKey\":{\"content\":\"");
	base64_encode(pem.data, pem.length, out);
	buf_add_string(out, "\"}}}}");
	buf_release(&pem);
}

struct hash {
	unsigned char bytes[32];
};

static struct hash hash_of(unsigned char first, const void *a, size_t a_length,
			   const void *b, size_t b_length)
{
	struct hash hash;
	struct buf text = BUF_INIT(MEGABYTE);
	buf_add_byte(&text, first);
	buf_add(&text, a, a_length);
	buf_add(&text, b, b_length);
	SHA256((const unsigned char *)text.data, text.length, hash.bytes);
	buf_release(&text);
	return hash;
}

/* RFC 6962 section 2.1: the largest power of two below the count splits it. */
static size_t split_of(size_t count)
{
	size_t split = 1;
	while (split * 2 < count)
		split *= 2;
	return split;
}

static struct hash root_of(const struct hash *leaves, size_t count)
{
	if (count == 1)
		return leaves[0];
	size_t split = split_of(count);
	struct hash left = root_of(leaves, split);
	struct hash right = root_of(leaves + split, count - split);
	return hash_of(1, left.bytes, 32, right.bytes, 32);
}

static void path_of(struct hash *out, size_t *length, const struct hash *leaves,
		    size_t count, size_t at)
{
	if (count == 1)
		return;
	size_t split = split_of(count);
	bool left = at < split;
	path_of(out, length, left ? leaves : leaves + split,
		left ? split : count - split, left ? at : at - split);
	out[(*length)++] =
		left ? root_of(leaves + split, count - split) : root_of(leaves, split);
}

/* --- the entry --- */

static void put_varint(struct buf *out, uint64_t number)
{
	while (number >= 0x80) {
		buf_add_byte(out, (unsigned char)(number | 0x80));
		number >>= 7;
	}
	buf_add_byte(out, (unsigned char)number);
}

static void put_number_field(struct buf *out, unsigned int field, uint64_t number)
{
	put_varint(out, field << 3);
	put_varint(out, number);
}

static void put_bytes_field(struct buf *out, unsigned int field, const void *bytes,
			    size_t length)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, length);
	buf_add(out, bytes, length);
}

/* Empties the message. */
static void put_message(struct buf *out, unsigned int field, struct buf *message)
{
	put_bytes_field(out, field, message->data, message->length);
	buf_release(message);
}

struct proof {
	const struct sigstore_made *made;
	const struct sigstore_how *how;
	const struct identity *signer;
	struct hash root;
	struct hash path[LEAVES_MAX + 2];
	size_t path_length;
	size_t tree_size;
	size_t leaf_index;
};

static void put_note_text(struct buf *out, const struct proof *proof)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	struct hash root = proof->root;
	if (wrong == CHECKPOINT_ROOT_OTHER)
		root.bytes[0] ^= 1;
	if (wrong != CHECKPOINT_NO_ORIGIN)
		buf_add_string(out, "rekor.example.org - 1193050959916656506");
	buf_addf(out, "\n%s%zu\n", wrong == CHECKPOINT_SIZE_LEADING_ZERO ? "0" : "",
		 wrong == CHECKPOINT_SIZE_OTHER ? proof->tree_size + 1
						: proof->tree_size);
	base64_encode(root.bytes, 32, out);
	buf_add_byte(out, '\n');
	if (proof->how->other_lines)
		buf_add_string(out, "Timestamp: 1780000000000000000\n");
}

static void put_note_line(struct buf *out, const char *name, void *hint_of, void *key,
			  const struct buf *text, bool flip)
{
	struct buf blob = BUF_INIT(MEGABYTE);
	unsigned char id[32];
	key_id(hint_of, id);
	buf_add(&blob, id, 4);
	sign_by(&blob, key, text);
	if (flip)
		blob.data[blob.length - 1] ^= 1;
	buf_addf(out, "\xe2\x80\x94 %s ", name);
	base64_encode(blob.data, blob.length, out);
	buf_add_byte(out, '\n');
	buf_release(&blob);
}

static void put_checkpoint(struct buf *out, const struct proof *proof)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	const struct sigstore_made *made = proof->made;
	struct buf text = BUF_INIT(MEGABYTE);
	put_note_text(&text, proof);
	buf_add(out, text.data, text.length);
	if (wrong == CHECKPOINT_ORIGIN_OTHER)
		out->data[0] ^= 1;
	if (wrong == CHECKPOINT_NO_BLANK_LINE) {
		buf_release(&text);
		return;
	}
	buf_add_byte(out, '\n');
	if (wrong == CHECKPOINT_LINE_OTHER)
		buf_add_string(out, "- rekor.example.org AAAA\n");
	if (wrong == CHECKPOINT_LINE_NOT_BASE64)
		buf_add_string(out, "\xe2\x80\x94 rekor.example.org A\n");
	if (proof->how->witnessed)
		put_note_line(out, "witness.example.org", made->stranger,
			      made->stranger, &text, false);
	if (wrong != CHECKPOINT_NO_SIGNATURE)
		put_note_line(
			out, "rekor.example.org",
			wrong == CHECKPOINT_OTHER_HINT ? made->stranger : made->rekor,
			wrong == CHECKPOINT_BY_OTHER ? made->stranger : made->rekor,
			&text, wrong == CHECKPOINT_FLIPPED);
	buf_release(&text);
}

static void put_proof(struct buf *out, const struct proof *proof)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	struct buf message = BUF_INIT(MEGABYTE);
	struct buf note = BUF_INIT(MEGABYTE);
	struct buf holder = BUF_INIT(MEGABYTE);
	size_t index = proof->leaf_index;
	size_t length = proof->path_length;
	if (wrong == PATH_INDEX_BEYOND)
		index = proof->tree_size;
	if (wrong == PATH_INDEX_OTHER)
		index ^= 1;
	if (wrong == PATH_SHORT)
		length--;
	if (wrong == PATH_LONG)
		length++;
	if (wrong == ENTRY_HASHES_MANY)
		length = 65;
	if (index != 0)
		put_number_field(&message, 1, index);
	put_bytes_field(&message, 2, proof->root.bytes,
			wrong == ENTRY_ROOT_SHORT ? 31 : 32);
	if (wrong != PATH_TREE_EMPTY)
		put_number_field(&message, 3, proof->tree_size);
	for (size_t i = 0; i < length; i++) {
		struct hash hash = proof->path[i];
		if (wrong == PATH_HASH_FLIPPED && i == 0)
			hash.bytes[31] ^= 1;
		put_bytes_field(&message, 4, hash.bytes,
				wrong == ENTRY_HASH_SHORT ? 20 : 32);
	}
	put_checkpoint(&note, proof);
	put_bytes_field(&holder, 1, note.data, note.length);
	if (wrong != CHECKPOINT_NONE)
		put_bytes_field(&message, 5, holder.data, holder.length);
	put_message(out, 6, &message);
	buf_release(&note);
	buf_release(&holder);
}

static void put_promise(struct buf *out, const struct proof *proof,
			const struct buf *body, int64_t when)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	struct buf message = BUF_INIT(MEGABYTE);
	struct buf text = BUF_INIT(MEGABYTE);
	struct buf promise = BUF_INIT(MEGABYTE);
	unsigned char id[32];
	char hex[65];
	key_id(proof->made->rekor, id);
	hex_encode(id, 32, hex);
	buf_add_string(&text, "{\"body\":\"");
	base64_encode(body->data,
		      wrong == PROMISE_OTHER_BODY ? body->length - 1 : body->length,
		      &text);
	buf_addf(&text, "\",\"integratedTime\":%" PRId64 ",\"logID\":\"%s\"",
		 wrong == PROMISE_OTHER_TIME ? when + 1 : when, hex);
	buf_addf(&text, ",\"logIndex\":%d}",
		 wrong == PROMISE_OTHER_INDEX ? LOG_INDEX + 1 : LOG_INDEX);
	sign_by(&promise,
		wrong == PROMISE_BY_OTHER ? proof->made->stranger : proof->made->rekor,
		&text);
	if (wrong == PROMISE_FLIPPED)
		promise.data[promise.length - 1] ^= 1;
	put_bytes_field(&message, 1, promise.data, promise.length);
	put_message(out, 5, &message);
	buf_release(&text);
	buf_release(&promise);
}

static void put_kind(struct buf *out, enum sigstore_wrong wrong)
{
	struct buf message = BUF_INIT(MEGABYTE);
	const char *kind = wrong == ENTRY_KIND_OTHER ? "dsse" : "hashedrekord";
	const char *version = wrong == ENTRY_VERSION_OTHER ? "0.0.2" : "0.0.1";
	put_bytes_field(&message, 1, kind, strlen(kind));
	put_bytes_field(&message, 2, version, strlen(version));
	put_message(out, 3, &message);
}

static void put_log_id(struct buf *out, const struct proof *proof)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	struct buf message = BUF_INIT(MEGABYTE);
	unsigned char id[32];
	key_id(wrong == LOG_OTHER ? proof->made->stranger : proof->made->rekor, id);
	put_bytes_field(&message, 1, id, wrong == ENTRY_LOG_ID_SHORT ? 31 : 32);
	put_message(out, 2, &message);
}

static void put_entry(struct buf *out, const struct proof *proof,
		      const struct buf *body)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	int64_t when = CMS_MADE_AT + proof->how->at;
	if (wrong == TIME_EARLY)
		when = CMS_MADE_AT + TIME_EARLY_BY;
	if (wrong == TIME_LATE)
		when = CMS_MADE_AT + TIME_LATE_BY;
	if (wrong == ENTRY_TIME_HUGE)
		when = INT64_MAX;
	put_number_field(out, 1,
			 wrong == ENTRY_INDEX_NEGATIVE ? UINT64_MAX : LOG_INDEX);
	put_log_id(out, proof);
	put_kind(out, wrong);
	if (wrong == ENTRY_FIELD_TYPE)
		put_bytes_field(out, 4, "x", 1);
	else if (wrong != ENTRY_TIME_NONE)
		put_number_field(out, 4, (uint64_t)when);
	if (wrong != ENTRY_PROMISE_NONE)
		put_promise(out, proof, body, when);
	if (wrong != ENTRY_PROOF_NONE)
		put_proof(out, proof);
	if (wrong == BODY_OTHER)
		put_bytes_field(out, 7, body->data, body->length - 1);
	if (proof->how->with_body)
		put_bytes_field(out, 7, body->data, body->length);
	if (wrong == ENTRY_FIELD_TWICE)
		put_number_field(out, 4, (uint64_t)when);
	if (wrong == ENTRY_FIELD_UNKNOWN)
		put_number_field(out, 8, 1);
	if (wrong == ENTRY_TRAILING)
		buf_add_byte(out, 0x80);
	if (wrong == ENTRY_NUMBER_LONG)
		buf_add(out, "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11);
	if (wrong == ENTRY_CUT)
		buf_truncate(out, out->length - 1);
}

static void grow_tree(struct proof *proof, const struct buf *body)
{
	struct hash leaves[LEAVES_MAX];
	proof->tree_size = proof->how->tree_size != 0 ? proof->how->tree_size : 7;
	proof->leaf_index = proof->how->tree_size != 0 ? proof->how->leaf_index : 4;
	for (size_t i = 0; i < proof->tree_size; i++)
		leaves[i] = hash_of(0, &i, sizeof(i), NULL, 0);
	leaves[proof->leaf_index] = hash_of(0, body->data, body->length, NULL, 0);
	proof->root = root_of(leaves, proof->tree_size);
	path_of(proof->path, &proof->path_length, leaves, proof->tree_size,
		proof->leaf_index);
}

static void make_body(struct buf *out, const struct proof *proof, const struct buf *set,
		      const struct buf *signature)
{
	static const struct {
		const char *digest;
		const char *name;
	} names[] = { { "SHA256", "sha256" },
		      { "SHA384", "sha384" },
		      { "SHA512", "sha512" } };
	enum sigstore_wrong wrong = proof->how->wrong;
	const char *digest = proof->how->digest != NULL ? proof->how->digest : "SHA256";
	const char *name = NULL;
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int length;
	struct buf other = BUF_INIT(MEGABYTE);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].digest, digest) == 0)
			name = names[i].name;
	EVP_Digest(set->data, wrong == OF_OTHER_DIGEST ? set->length - 1 : set->length,
		   bytes, &length, EVP_get_digestbyname(digest), NULL);
	buf_add(&other, signature->data, signature->length);
	if (wrong == OF_OTHER_SIGNATURE)
		other.data[0] ^= 1;
	put_body(out, name, bytes, length, &other,
		 wrong == OF_OTHER_CERTIFICATE ? proof->made->ca : proof->signer);
	buf_release(&other);
}

static void put_item(struct buf *out, unsigned char tag, const struct buf *content)
{
	buf_add_byte(out, tag);
	buf_add_byte(out, 0x82);
	put_number(out, content->length, 2);
	buf_add(out, content->data, content->length);
}

/* { OID, SET { OCTETS } } */
static void put_attribute(struct buf *out, enum sigstore_wrong wrong,
			  const struct buf *entry)
{
	struct buf value = BUF_INIT(MEGABYTE);
	struct buf content = BUF_INIT(MEGABYTE);
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_REKOR, 1);
	buf_add_byte(&content, 0x06);
	buf_add_byte(&content, (unsigned char)OBJ_length(oid));
	buf_add(&content, OBJ_get0_data(oid), OBJ_length(oid));
	ASN1_OBJECT_free(oid);
	put_item(&value, wrong == ENTRY_NOT_OCTETS ? 0x0c : 0x04, entry);
	if (wrong == ENTRY_TWO_VALUES)
		put_item(&value, 0x04, entry);
	put_item(&content, 0x31, &value);
	put_item(out, 0x30, &content);
	buf_release(&value);
	buf_release(&content);
}

static void make_object_body(struct buf *out, const struct proof *proof)
{
	enum sigstore_wrong wrong = proof->how->wrong;
	struct buf text = BUF_INIT(MEGABYTE);
	struct buf signature = BUF_INIT(MEGABYTE);
	unsigned char digest[32];
	buf_add_string(&text, proof->how->object);
	if (wrong == OBJECT_OTHER)
		text.data[0] ^= 1;
	SHA256((const unsigned char *)text.data, text.length, digest);
	if (wrong == OBJECT_SIGNATURE_OTHER)
		text.data[0] ^= 1;
	if (wrong != OBJECT_SIGNATURE_NONE)
		sign_by(&signature, proof->signer->key, &text);
	put_body(out, "sha256", digest, 32, &signature,
		 wrong == OF_OTHER_CERTIFICATE ? proof->made->ca : proof->signer);
	if (wrong == OBJECT_SIGNATURE_NOT_BASE64)
		*(strstr(out->data, "\"signature\":{\"content\":\"") + 24) = '!';
	buf_release(&text);
	buf_release(&signature);
}

static void make_entry(struct proof *proof, const struct buf *body)
{
	grow_tree(proof, body);
	buf_reset(&last_entry);
	if (proof->how->wrong != ENTRY_EMPTY)
		put_entry(&last_entry, proof, body);
}

void sigstore_tell(const struct sigstore_made *made, const struct identity *signer,
		   const struct sigstore_how *how)
{
	struct sigstore_how whole = *how;
	struct proof proof = { .made = made, .how = &whole, .signer = signer };
	struct buf body = BUF_INIT(MEGABYTE);
	whole.with_body = how->wrong != OBJECT_BODY_NONE && how->wrong != BODY_OTHER;
	make_object_body(&body, &proof);
	make_entry(&proof, &body);
	buf_release(&body);
}

static void prove(struct buf *out, const struct buf *set, const struct buf *signature,
		  void *data)
{
	struct proof *proof = data;
	enum sigstore_wrong wrong = proof->how->wrong;
	struct buf body = BUF_INIT(MEGABYTE);
	if (proof->how->object != NULL) {
		sigstore_tell(proof->made, proof->signer, proof->how);
		return;
	}
	make_body(&body, proof, set, signature);
	make_entry(proof, &body);
	buf_release(&body);
	if (wrong == ENTRY_NONE)
		return;
	put_attribute(out, wrong, &last_entry);
	if (wrong == ENTRY_TWICE)
		put_attribute(out, wrong, &last_entry);
}

static struct identity *sign(struct buf *out, const struct sigstore_made *made,
			     const void *payload, size_t length,
			     const struct sigstore_how *how)
{
	const struct leaf leaf = { made, how };
	struct identity *signer = make_leaf(&leaf);
	struct proof proof = { .made = made, .how = how, .signer = signer };
	struct cms_changes changes = {
		.digest = how->digest,
		.prove = prove,
		.prove_data = &proof,
	};
	struct buf blob = BUF_INIT(MEGABYTE);
	if (how->more_certificates) {
		changes.others[0] = made->ca;
		changes.others[1] = made->root;
	}
	if (how->digest != NULL && EVP_PKEY_is_a(signer->key, "EC"))
		changes.algorithm = strcmp(how->digest, "SHA384") == 0 ? "1.2.840."
									 "10045.4.3.3"
								       : "1.2.840."
									 "10045.4.3.4";
	make_cms(&blob, signer, payload, length, &changes);
	make_cms_armor(out, &blob);
	buf_release(&blob);
	return signer;
}

void sigstore_sign(struct buf *out, const struct sigstore_made *made,
		   const void *payload, size_t length, const struct sigstore_how *how)
{
	identity_free(sign(out, made, payload, length, how));
}

struct identity *sigstore_sign_online(struct buf *out, const struct sigstore_made *made,
				      const void *payload, size_t length,
				      const struct sigstore_how *how)
{
	struct sigstore_how online = *how;
	online.wrong = ENTRY_NONE;
	return sign(out, made, payload, length, &online);
}
