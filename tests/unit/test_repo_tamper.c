/* tests/unit/test_repo_tamper.c - every tampering with the frame of a signed commit or
 * tag is refused with its own code; the genuine twin is good, for git too.
 *
 * What is tampered with was made and signed by real git. Signatures and keys
 * themselves: test_trust_tamper.c. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "repo/object.h"
#include "scratch.h"
#include "tampering.h"
#include "trust/signature.h"

/* One replacement in the genuine object. In both texts {NAME} stands for the genuine
 * lines of that name, {NUL} for the byte, {REST} for the blank line and the message,
 * {ARMOR} for a tag's signature, {ALL} for everything, {x65} for 65 parents. */
struct row {
	const char *name;
	int code;
	const char *find;
	const char *replacement;
};

#define AUTHOR "author A U Thor <author@example.org> "

static const struct row commit_rows[] = {
	{ "no bytes", ERROR_COMMIT_EMPTY, "{ALL}", "" },
	{ "NUL in a header", ERROR_COMMIT_NUL_HEADER, "A U Thor", "A U{NUL}Thor" },
	{ "NUL in the message", ERROR_COMMIT_NUL_MESSAGE, "second", "sec{NUL}ond" },
	{ "last header without end", ERROR_COMMIT_UNTERMINATED, "{REST}", "x y" },
	{ "no blank line", ERROR_COMMIT_NO_BLANK, "{REST}", "" },
	{ "CR at a header's end", ERROR_COMMIT_CR, "\nparent ", "\r\nparent " },
	{ "header without value", ERROR_COMMIT_HEADER_NAME, "{gpgsig}",
	  "flag\n{gpgsig}" },
	{ "unknown header early", ERROR_COMMIT_HEADER_UNKNOWN, "{author}",
	  "x-other 1\n{author}" },
	{ "author continued", ERROR_COMMIT_CONTINUATION, "{author}",
	  "{author} more\n" },
	{ "starts with a continuation", ERROR_COMMIT_CONTINUATION_FIRST, "{tree}",
	  " x\n{tree}" },
	{ "committer before author", ERROR_COMMIT_ORDER, "{author}{committer}",
	  "{committer}{author}" },
	{ "no tree", ERROR_COMMIT_TREE_MISSING, "{tree}", "" },
	{ "two trees", ERROR_COMMIT_TREE_TWICE, "{tree}",
	  "{tree}tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" },
	{ "tree id too long", ERROR_COMMIT_TREE_ID, "tree ", "tree 0" },
	{ "parent id in capitals", ERROR_COMMIT_PARENT_ID, "{parent}",
	  "parent ABCDEF6789ABCDEF6789ABCDEF6789ABCDEF6789\n" },
	{ "parent behind the author", ERROR_COMMIT_PARENT_MISPLACED, "{author}",
	  "{author}{parent}" },
	{ "65 parents", ERROR_COMMIT_PARENTS_TOO_MANY, "{parent}", "{x65}" },
	{ "no author", ERROR_COMMIT_AUTHOR_MISSING, "{author}", "" },
	{ "two authors", ERROR_COMMIT_AUTHOR_TWICE, "{author}", "{author}{author}" },
	{ "no committer", ERROR_COMMIT_COMMITTER_MISSING, "{committer}", "" },
	{ "two committers", ERROR_COMMIT_COMMITTER_TWICE, "{committer}",
	  "{committer}{committer}" },
	{ "encoding of two words", ERROR_COMMIT_ENCODING, "{gpgsig}",
	  "encoding UTF 8\n{gpgsig}" },
	{ "two encodings", ERROR_COMMIT_ENCODING_TWICE, "{gpgsig}",
	  "encoding UTF-8\nencoding UTF-7\n{gpgsig}" },
	{ "signature before the committer", ERROR_COMMIT_SIGNATURE_EARLY,
	  "{committer}{gpgsig}", "{gpgsig}{committer}" },
	{ "two signatures", ERROR_COMMIT_SIGNATURE_TWICE, "{gpgsig}",
	  "{gpgsig}{gpgsig}" },
	{ "two signatures of the other hash", ERROR_COMMIT_SIGNATURE_OTHER_TWICE,
	  "{gpgsig}", "{gpgsig}gpgsig-sha256 a\ngpgsig-sha256 b\n" },
	{ "signature of a third hash", ERROR_COMMIT_SIGNATURE_UNKNOWN, "{gpgsig}",
	  "{gpgsig}gpgsig-sha512 a\n" },
	{ "empty signature", ERROR_COMMIT_SIGNATURE_EMPTY, "{gpgsig}", "gpgsig \n" },
	{ "CR in the signature", ERROR_COMMIT_SIGNATURE_CR, "END SSH SIGNATURE-----\n",
	  "END SSH SIGNATURE-----\r\n" },
	{ "no name", ERROR_IDENT_NAME_MISSING, AUTHOR, "author <author@example.org> " },
	{ "bracket in the name", ERROR_IDENT_NAME_BAD, "A U Thor <", "A U>Thor <" },
	{ "no e-mail", ERROR_IDENT_EMAIL_MISSING, AUTHOR, "author A U Thor " },
	{ "no blank before the e-mail", ERROR_IDENT_EMAIL_SPACE, "Thor <", "Thor<" },
	{ "e-mail does not end", ERROR_IDENT_EMAIL_BAD, "example.org> ",
	  "example.org " },
	{ "no blank before the date", ERROR_IDENT_DATE_SPACE, "example.org> ",
	  "example.org>" },
	{ "date is no number", ERROR_IDENT_DATE_BAD, "example.org> ",
	  "example.org> x" },
	{ "date padded", ERROR_IDENT_DATE_PADDED, "example.org> ", "example.org> 0" },
	{ "date too large", ERROR_IDENT_DATE_OVERFLOW, "example.org> ",
	  "example.org> 99" },
	{ "zone of five digits", ERROR_IDENT_ZONE_BAD, " +0000\ncommitter",
	  " +00000\ncommitter" },
};
#define COMMIT_ROWS (sizeof(commit_rows) / sizeof(commit_rows[0]))

#define END "-----END SSH SIGNATURE-----"
static const struct row tag_rows[] = {
	{ "no bytes", ERROR_TAG_EMPTY, "{ALL}", "" },
	{ "NUL in a header", ERROR_TAG_NUL_HEADER, "tag v1", "tag v{NUL}1" },
	{ "NUL in the message", ERROR_TAG_NUL_MESSAGE, "release", "rel{NUL}ease" },
	{ "last header without end", ERROR_TAG_UNTERMINATED, "{REST}", "x y" },
	{ "no blank line", ERROR_TAG_NO_BLANK, "{REST}", "" },
	{ "CR at a header's end", ERROR_TAG_CR, "\ntype ", "\r\ntype " },
	{ "header without value", ERROR_TAG_HEADER_NAME, "{REST}", "flag\n{REST}" },
	{ "unknown header", ERROR_TAG_HEADER_UNKNOWN, "{REST}", "x-other 1\n{REST}" },
	{ "type continued", ERROR_TAG_CONTINUATION, "{type}", "{type} more\n" },
	{ "starts with a continuation", ERROR_TAG_CONTINUATION_FIRST, "{object}",
	  " x\n{object}" },
	{ "type before object", ERROR_TAG_ORDER, "{object}{type}", "{type}{object}" },
	{ "no object", ERROR_TAG_OBJECT_MISSING, "{object}", "" },
	{ "two objects", ERROR_TAG_OBJECT_TWICE, "{type}", "{object}{type}" },
	{ "object id too short", ERROR_TAG_OBJECT_ID, "{object}", "object 0123\n" },
	{ "no type", ERROR_TAG_TYPE_MISSING, "{type}", "" },
	{ "two types", ERROR_TAG_TYPE_TWICE, "{type}", "{type}{type}" },
	{ "type of no object", ERROR_TAG_TYPE_UNKNOWN, "type commit", "type commits" },
	{ "no name", ERROR_TAG_NAME_MISSING, "{tag}", "" },
	{ "two names", ERROR_TAG_NAME_TWICE, "{tag}", "{tag}tag v2\n" },
	{ "name no ref can have", ERROR_TAG_NAME_BAD, "tag v1", "tag v1^{x" },
	{ "two taggers", ERROR_TAG_TAGGER_TWICE, "{tagger}", "{tagger}{tagger}" },
	{ "signature in a header", ERROR_TAG_SIGNATURE_HEADER, "{tagger}",
	  "{tagger}gpgsig a\n" },
	{ "two signatures of the other hash", ERROR_TAG_SIGNATURE_HEADER_TWICE,
	  "{tagger}", "{tagger}gpgsig-sha256 a\ngpgsig-sha256 b\n" },
	{ "text behind BEGIN", ERROR_TAG_SIGNATURE_BEGIN, "BEGIN SSH SIGNATURE-----\n",
	  "BEGIN SSH SIGNATURE----- x\n" },
	{ "a fake signature before", ERROR_TAG_SIGNATURE_TWICE, "{ARMOR}",
	  "-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n{ARMOR}" },
	{ "no END", ERROR_TAG_SIGNATURE_UNFINISHED, END "\n", "" },
	{ "END without line feed", ERROR_TAG_SIGNATURE_NEWLINE, END "\n", END },
	{ "text behind END", ERROR_TAG_SIGNATURE_TRAILING, END "\n",
	  END "\nnot covered\n" },
};
#define TAG_ROWS (sizeof(tag_rows) / sizeof(tag_rows[0]))

/* --- making the tampered object --- */

struct genuine {
	char *bytes;
	size_t length;
};

/* The lines of a header, continuation lines included. */
static struct span header_of(const struct genuine *genuine, const char *name,
			     size_t name_length)
{
	const char *at = genuine->bytes;
	const char *end = genuine->bytes + genuine->length;
	while (at < end &&
	       (strncmp(at, name, name_length) != 0 || at[name_length] != ' '))
		at = strchr(at, '\n') + 1;
	ck_assert_msg(at < end, "no header '%.*s'", (int)name_length, name);
	const char *stop = at;
	do
		stop = strchr(stop, '\n') + 1;
	while (*stop == ' ');
	return (struct span){ at, (size_t)(stop - at) };
}

static struct span from(const struct genuine *genuine, const char *text)
{
	const char *at = strstr(genuine->bytes, text);
	ck_assert_ptr_nonnull(at);
	return (struct span){ at, genuine->length - (size_t)(at - genuine->bytes) };
}

static void add_named(struct buf *out, const struct genuine *genuine, const char *name,
		      size_t length)
{
	struct span lines = { genuine->bytes, genuine->length };
	size_t times = 1;
	if (strncmp(name, "NUL}", 4) == 0)
		lines = (struct span){ "", 1 };
	else if (strncmp(name, "REST}", 5) == 0)
		lines = from(genuine, "\n\n");
	else if (strncmp(name, "ARMOR}", 6) == 0)
		lines = from(genuine, "-----BEGIN");
	else if (strncmp(name, "x65}", 4) == 0) {
		lines = header_of(genuine, "parent", 6);
		times = 65;
	} else if (strncmp(name, "ALL}", 4) != 0)
		lines = header_of(genuine, name, length);
	if (strncmp(name, "REST}", 5) == 0) { /* not the last header's LF */
		lines.bytes++;
		lines.length--;
	}
	while (times-- > 0)
		buf_add(out, lines.bytes, lines.length);
}

static void fill_in(struct buf *out, const struct genuine *genuine, const char *text)
{
	while (*text != '\0') {
		const char *end = strchr(text, '}');
		if (*text == '{' && end != NULL) {
			add_named(out, genuine, text + 1, (size_t)(end - text - 1));
			text = end + 1;
		} else {
			buf_add_byte(out, (unsigned char)*text++);
		}
	}
}

static void tamper(struct buf *out, const struct genuine *genuine,
		   const struct row *row)
{
	struct buf find = BUF_INIT(1 << 16);
	fill_in(&find, genuine, row->find);
	const char *at =
		memmem(genuine->bytes, genuine->length, find.data, find.length);
	ck_assert_msg(at != NULL, "'%s': nothing to replace", row->name);
	size_t before = (size_t)(at - genuine->bytes);
	buf_add(out, genuine->bytes, before);
	fill_in(out, genuine, row->replacement);
	buf_add(out, at + find.length, genuine->length - before - find.length);
	ck_assert_int_eq(out->failed, 0);
	buf_release(&find);
}

/* --- the genuine twins --- */

static void make_twins(struct scratch *scratch, struct genuine *commit,
		       struct genuine *tag)
{
	scratch_open(scratch);
	scratch_init_repository(scratch);
	scratch_key(scratch, "key", "ed25519", "");
	DO(scratch, "git", "config", "gpg.format", "ssh");
	DO(scratch, "git", "config", "user.signingKey", "key");
	DO(scratch, "git", "config", "gpg.ssh.allowedSignersFile", "allowed");
	DO(scratch, "sh", "-c", "echo \"* $(cat key.pub)\" > allowed");
	DO(scratch, "git", "commit", "-q", "-S", "--allow-empty", "-m", "first");
	DO(scratch, "git", "commit", "-q", "-S", "--allow-empty", "-m", "second");
	DO(scratch, "git", "tag", "-s", "-m", "release", "v1");
	DO(scratch, "git", "verify-commit", "HEAD");
	DO(scratch, "git", "verify-tag", "v1");
	commit->bytes = scratch_cat(scratch, "commit", "HEAD", &commit->length);
	tag->bytes = scratch_cat(scratch, "tag", "v1", &tag->length);
}

static void free_twins(struct scratch *scratch, struct genuine *commit,
		       struct genuine *tag)
{
	free(commit->bytes);
	free(tag->bytes);
	scratch_close(scratch);
}

static struct signature_fact verify(const struct span *payload, size_t count,
				    const char *armor, size_t length,
				    struct arena *arena)
{
	struct trust_span pieces[3];
	struct signature_fact fact;
	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct trust_span){ payload[i].bytes, payload[i].length };
	ck_assert_int_eq(
		signature_verify(&fact, arena, pieces, count, armor, length, NULL), 0);
	return fact;
}

static enum signature_status commit_status(const char *bytes, size_t length)
{
	struct commit_text text;
	struct error err = ERROR_INIT;
	struct arena *arena = arena_new(1 << 20);
	enum signature_status status = SIGNATURE_NONE;
	ck_assert_msg(commit_split(&text, bytes, length, 20, &err) == 0, "%s",
		      err.text);
	if (text.signature.length != 0) {
		size_t armor_length;
		char *armor = signature_unfold(arena, text.signature, &armor_length);
		status = verify(text.payload, text.payload_count, armor, armor_length,
				arena)
				 .status;
	}
	arena_free(arena);
	return status;
}

static enum signature_status tag_status(const char *bytes, size_t length)
{
	struct tag_text text;
	struct error err = ERROR_INIT;
	struct arena *arena = arena_new(1 << 20);
	enum signature_status status = SIGNATURE_NONE;
	ck_assert_msg(tag_split(&text, bytes, length, 20, &err) == 0, "%s", err.text);
	if (text.signature.length != 0)
		status = verify(text.payload, text.payload_count, text.signature.bytes,
				text.signature.length, arena)
				 .status;
	arena_free(arena);
	return status;
}

START_TEST(each_wrong_commit_is_refused_with_its_code)
{
	struct scratch scratch;
	struct genuine commit;
	struct genuine tag;
	make_twins(&scratch, &commit, &tag);
	ck_assert_int_eq(commit_status(commit.bytes, commit.length), SIGNATURE_GOOD);
	tampering_genuine("commit", "as git makes it", 0);
	for (size_t i = 0; i < COMMIT_ROWS; i++) {
		struct buf object = BUF_INIT(1 << 16);
		struct commit_text text;
		struct error err = ERROR_INIT;
		tampering_begin("commit", commit_rows[i].name);
		tampering_twin(
			commit_split(&text, commit.bytes, commit.length, 20, NULL));
		tamper(&object, &commit, &commit_rows[i]);
		int rc = commit_split(&text, object.data, object.length, 20, &err);
		tampering_refused(rc, commit_rows[i].code, false);
		ck_assert_msg(strncmp(error_name(rc), "commit-", 7) == 0 ||
				      strncmp(error_name(rc), "ident-", 6) == 0,
			      "%s", error_name(rc));
		buf_release(&object);
	}
	free_twins(&scratch, &commit, &tag);
}
END_TEST

START_TEST(each_wrong_tag_is_refused_with_its_code)
{
	struct scratch scratch;
	struct genuine commit;
	struct genuine tag;
	make_twins(&scratch, &commit, &tag);
	ck_assert_int_eq(tag_status(tag.bytes, tag.length), SIGNATURE_GOOD);
	tampering_genuine("tag", "as git makes it", 0);
	for (size_t i = 0; i < TAG_ROWS; i++) {
		struct buf object = BUF_INIT(1 << 16);
		struct tag_text text;
		struct error err = ERROR_INIT;
		tampering_begin("tag", tag_rows[i].name);
		tampering_twin(tag_split(&text, tag.bytes, tag.length, 20, NULL));
		tamper(&object, &tag, &tag_rows[i]);
		int rc = tag_split(&text, object.data, object.length, 20, &err);
		tampering_refused(rc, tag_rows[i].code, false);
		ck_assert_msg(strncmp(error_name(rc), "tag-", 4) == 0, "%s",
			      error_name(rc));
		buf_release(&object);
	}
	free_twins(&scratch, &commit, &tag);
}
END_TEST

/* Frames that git may write are accepted, but the signature no longer holds: what was
 * changed cannot be told from the mathematics. */
static const struct row covered_rows[] = {
	{ "message changed", 0, "second", "sECOND" },
	{ "author changed", 0, AUTHOR, "author Somebody <author@example.org> " },
	{ "date changed", 0, " +0000\ncommitter", " +0001\ncommitter" },
	{ "parent left out", 0, "{parent}", "" },
	{ "parent doubled", 0, "{parent}", "{parent}{parent}" },
	{ "header added before the signature", 0, "{gpgsig}", "x-other 1\n{gpgsig}" },
	{ "header added behind the signature", 0, "{gpgsig}", "{gpgsig}x-other 1\n" },
	{ "encoding added", 0, "{gpgsig}", "encoding latin1\n{gpgsig}" },
	{ "mergetag added", 0, "{gpgsig}", "mergetag object 0\n type x\n{gpgsig}" },
	{ "text added to the message", 0, "second\n", "second\nand more\n" },
	{ "no final line feed", 0, "second\n", "second" },
	{ "blank line added", 0, "second\n", "second\n\n" },
};

START_TEST(what_was_signed_cannot_be_changed)
{
	struct scratch scratch;
	struct genuine commit;
	struct genuine tag;
	make_twins(&scratch, &commit, &tag);
	for (size_t i = 0; i < sizeof(covered_rows) / sizeof(covered_rows[0]); i++) {
		struct buf object = BUF_INIT(1 << 16);
		tamper(&object, &commit, &covered_rows[i]);
		ck_assert_msg(commit_status(object.data, object.length) ==
				      SIGNATURE_BAD,
			      "'%s' is good", covered_rows[i].name);
		buf_release(&object);
	}
	/* The signature of another commit, and of the tag. */
	struct buf object = BUF_INIT(1 << 16);
	size_t length;
	char *first = scratch_cat(&scratch, "commit", "HEAD^", &length);
	struct genuine other = { first, length };
	struct span theirs = header_of(&other, "gpgsig", 6);
	struct span ours = header_of(&commit, "gpgsig", 6);
	size_t before = (size_t)(ours.bytes - commit.bytes);
	buf_add(&object, commit.bytes, before);
	buf_add(&object, theirs.bytes, theirs.length);
	buf_add(&object, ours.bytes + ours.length,
		commit.length - before - ours.length);
	ck_assert_int_eq(commit_status(object.data, object.length), SIGNATURE_BAD);
	free(first);
	buf_release(&object);
	struct buf moved = BUF_INIT(1 << 16);
	static const struct row release = { "tag message changed", 0, "release",
					    "Release" };
	tamper(&moved, &tag, &release);
	ck_assert_int_eq(tag_status(moved.data, moved.length), SIGNATURE_BAD);
	buf_release(&moved);
	free_twins(&scratch, &commit, &tag);
}
END_TEST

/* libgit2 accepts a signature that stands in the message; git and we see none. */
START_TEST(a_signature_in_the_message_is_none)
{
	struct scratch scratch;
	struct genuine commit;
	struct genuine tag;
	struct buf object = BUF_INIT(1 << 16);
	static const struct row move = { "moved", 0, "{gpgsig}{REST}",
					 "{REST}{gpgsig}" };
	make_twins(&scratch, &commit, &tag);
	tamper(&object, &commit, &move);
	ck_assert_int_eq(commit_status(object.data, object.length), SIGNATURE_NONE);
	tampering_genuine("commit", "text like a signature in the message", 0);
	buf_release(&object);
	free_twins(&scratch, &commit, &tag);
}
END_TEST

/* What some libraries write: the armor and a lone blank line behind it. */
START_TEST(a_lone_blank_line_behind_the_signature_is_let_pass)
{
	struct scratch scratch;
	struct genuine commit;
	struct genuine tag;
	struct buf object = BUF_INIT(1 << 16);
	static const struct row blank = { "blank line", 0, "{gpgsig}", "{gpgsig} \n" };
	make_twins(&scratch, &commit, &tag);
	tamper(&object, &commit, &blank);
	ck_assert_int_eq(commit_status(object.data, object.length), SIGNATURE_GOOD);
	struct oid id = scratch_object(&scratch, "commit", object.data, object.length);
	DO(&scratch, "git", "verify-commit", oid_text(&id));
	tampering_genuine("commit", "a blank line behind the signature", 0);
	buf_release(&object);
	free_twins(&scratch, &commit, &tag);
}
END_TEST

UNIT_MAIN("repo/tamper", each_wrong_commit_is_refused_with_its_code,
	  each_wrong_tag_is_refused_with_its_code, what_was_signed_cannot_be_changed,
	  a_signature_in_the_message_is_none,
	  a_lone_blank_line_behind_the_signature_is_let_pass)
