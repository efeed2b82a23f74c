/* tests/unit/test_trust_x509_tools.c - what openssl and gpgsm sign for real git, read
 * here, and on its way to an authority. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/facts.h"
#include "repo/repo.h"
#include "scratch.h"
#include "trust/signature.h"
#include "trust/x509.h"

/* Signs what comes in as git asks: "-bsau KEY"; answers as gpgsm does. */
static const char openssl_program[] = "#!/bin/sh\n"
				      "exec 3>&2\n"
				      "openssl cms -sign -binary -outform PEM -signer "
				      "leaf.pem -inkey leaf.key"
				      " -certfile middle.pem -md $DIGEST $OPTIONS | "
				      "sed 's/ CMS/ SIGNED MESSAGE/'\n"
				      "echo '[GNUPG:] SIG_CREATED ' >&3\n";

static const char extensions[] = "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage="
				 "critical,keyCertSign,cRLSign\n"
				 "subjectKeyIdentifier=hash\n"
				 "[leaf]\nbasicConstraints=critical,CA:FALSE\n"
				 "keyUsage=critical,digitalSignature\nextendedKeyUsage="
				 "emailProtection\n"
				 "subjectAltName=email:alice@example."
				 "org\nsubjectKeyIdentifier=hash\n";

static void make_certificate(struct scratch *scratch, const char *name,
			     const char *subject, const char *issuer,
			     const char *section, const char *algorithm)
{
	char command[1024];
	snprintf(command, sizeof(command),
		 "openssl genpkey -quiet %s -out %s.key 2>/dev/null ||"
		 " openssl genpkey %s -out %s.key 2>/dev/null;"
		 "openssl req -new -key %s.key -subj '%s' -out %s.csr &&"
		 "openssl x509 -req -in %s.csr -days 30 -extfile ext -extensions %s"
		 " -out %s.pem %s%s%s%s%s 2>/dev/null",
		 algorithm, name, algorithm, name, name, subject, name, name, section,
		 name, issuer == NULL ? "-signkey " : "-CA ",
		 issuer == NULL ? name : issuer,
		 issuer == NULL ? ".key" : ".pem -CAkey ", issuer == NULL ? "" : issuer,
		 issuer == NULL ? "" : ".key -CAcreateserial");
	DO(scratch, "sh", "-c", command);
}

static void make_people(struct scratch *scratch, const char *algorithm)
{
	scratch_write(scratch, "ext", extensions, strlen(extensions));
	make_certificate(scratch, "root", "/CN=Root", NULL, "ca", algorithm);
	make_certificate(scratch, "middle", "/CN=Middle", "root", "ca", algorithm);
	make_certificate(scratch, "leaf", "/O=Example/CN=Alice", "middle", "leaf",
			 algorithm);
}

static struct signature_fact verify_head(struct scratch *scratch, struct arena *arena)
{
	struct signature_fact fact;
	struct commit_text text;
	struct trust_span pieces[3];
	size_t length;
	size_t armor_length;
	char *object = scratch_cat(scratch, "commit", "HEAD", &length);
	ck_assert_int_eq(commit_split(&text, object, length, 20, NULL), 0);
	ck_assert_uint_ne(text.signature.length, 0);
	char *armor = signature_unfold(arena, text.signature, &armor_length);
	for (size_t i = 0; i < text.payload_count; i++)
		pieces[i] = (struct trust_span){ text.payload[i].bytes,
						 text.payload[i].length };
	ck_assert_int_eq(signature_verify(&fact, arena, pieces, text.payload_count,
					  armor, armor_length, NULL),
			 0);
	free(object);
	return fact;
}

static void assert_good(struct scratch *scratch, const char *what)
{
	struct arena *arena = arena_new(1 << 20);
	struct x509_authorities *authorities = NULL;
	size_t length;
	char *root = scratch_read(scratch, "root.pem", &length);
	struct signature_fact fact = verify_head(scratch, arena);
	ck_assert_msg(fact.status == SIGNATURE_GOOD, "%s: %s", what, fact.reason);
	ck_assert_int_eq(x509_authorities_new(&authorities, NULL), 0);
	ck_assert_int_eq(x509_authorities_add(authorities, root, length, true, NULL),
			 0);
	ck_assert_int_eq(x509_trace(&fact, authorities, NULL), 0);
	ck_assert_msg(fact.x509->chain == X509_CHAIN_GOOD, "%s: %s", what,
		      fact.x509->reason);
	ck_assert_str_eq(fact.x509->subject, "CN=Alice,O=Example");
	ck_assert_str_eq(fact.x509->names[0], "email:alice@example.org");
	x509_authorities_free(authorities);
	free(root);
	arena_free(arena);
}

START_TEST(what_openssl_signs_verifies)
{
	static const struct {
		const char *algorithm;
		const char *digest;
		const char *options;
		int code;
	} cases[] = {
		{ "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256", "", 0 },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "sha384", "", 0 },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256", "-keyid",
		  0 },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha1", "",
		  ERROR_CMS_DIGEST_WEAK },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256",
		  "-nodetach", ERROR_CMS_EMBEDDED },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256", "-noattr",
		  ERROR_CMS_ATTRIBUTES_NONE },
		{ "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256",
		  "-nocerts", ERROR_CMS_CERTIFICATE_MISSING },
		{ "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256",
		  "-keyopt rsa_padding_mode:pss", ERROR_CMS_PSS },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scratch scratch;
		struct arena *arena = arena_new(1 << 20);
		char program[2048];
		scratch_open(&scratch);
		scratch_init_repository(&scratch);
		make_people(&scratch, cases[i].algorithm);
		snprintf(program, sizeof(program),
			 "#!/bin/sh\nDIGEST='%s' OPTIONS='%s'\n%s", cases[i].digest,
			 cases[i].options, openssl_program + 10);
		scratch_write(&scratch, "sign", program, strlen(program));
		DO(&scratch, "chmod", "+x", "sign");
		DO(&scratch, "git", "-c", "gpg.format=x509", "-c",
		   "gpg.x509.program=./sign", "commit", "-q", "-S", "--allow-empty",
		   "-m", "c");
		if (cases[i].code == 0)
			assert_good(&scratch, cases[i].algorithm);
		else
			ck_assert_int_eq(verify_head(&scratch, arena).code,
					 cases[i].code);
		arena_free(arena);
		scratch_close(&scratch);
	}
}
END_TEST

START_TEST(what_gpgsm_signs_verifies)
{
	/* Old encryption of the key file: gpgsm reads no other. */
	static const char set_up[] =
		"mkdir -m 700 gnupg && export GNUPGHOME=$PWD/gnupg &&"
		"openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile "
		"middle.pem"
		" -passout pass:x -out leaf.p12 -certpbe PBE-SHA1-3DES"
		" -keypbe PBE-SHA1-3DES -macalg sha1 &&"
		"echo allow-loopback-pinentry > gnupg/gpg-agent.conf &&"
		"echo disable-crl-checks > gnupg/gpgsm.conf &&"
		"openssl x509 -in root.pem -noout -fingerprint -sha1 |"
		" sed 's/.*=//;s/$/ S relax/' > gnupg/trustlist.txt &&"
		"printf x > passphrase &&"
		"import_key() { gpgsm --batch -q --pinentry-mode loopback"
		" --passphrase-fd 0 --import leaf.p12 < passphrase; } &&"
		/* its agent may be slow to begin on a busy machine */
		"{ import_key || { sleep 2; import_key; } || { sleep 5; import_key; }; "
		"} &&"
		"gpgsm --batch -q --import root.pem &&"
		"{ echo '#!/bin/sh'; echo \"export GNUPGHOME='$PWD/gnupg'\";"
		" echo 'exec gpgsm --batch --pinentry-mode loopback --passphrase-fd 3"
		" --include-certs -2 \"$@\" 3<passphrase'; } > sign && chmod +x sign";
	struct scratch scratch;
	scratch_open(&scratch);
	if (TRY(&scratch, "gpgsm", "--version") != 0) {
		printf("# skipped: gpgsm is not installed\n");
		scratch_close(&scratch);
		return;
	}
	scratch_init_repository(&scratch);
	make_people(&scratch, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
	DO(&scratch, "sh", "-c", set_up);
	DO(&scratch, "git", "-c", "gpg.format=x509", "-c", "gpg.x509.program=./sign",
	   "-c", "user.signingKey=alice@example.org", "commit", "-q", "-S",
	   "--allow-empty", "-m", "c");
	assert_good(&scratch, "gpgsm");
	TRY(&scratch, "sh", "-c",
	    "GNUPGHOME=$PWD/gnupg gpgconf --kill all >/dev/null 2>&1");
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("trust/x509-tools", what_openssl_signs_verifies, what_gpgsm_signs_verifies)
