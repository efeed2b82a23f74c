/* tests/unit/test_repo_object.c - the splitter takes genuine commits and tags apart
 * into exactly what git wrote. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "repo/object.h"
#include "scratch.h"

#define TREE   "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
#define PARENT "parent 0123456789012345678901234567890123456789\n"
#define PEOPLE                                                                         \
	"author A U Thor <a@example.org> 1700000000 +0130\n"                           \
	"committer C O Mitter <c@example.org> 1700000001 -0800\n"

static bool is(struct span span, const char *text)
{
	return span.length == strlen(text) &&
	       memcmp(span.bytes, text, span.length) == 0;
}

static void join(const struct span *pieces, size_t count, char *out, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_lt(at + pieces[i].length, size);
		memcpy(out + at, pieces[i].bytes, pieces[i].length);
		at += pieces[i].length;
	}
	out[at] = '\0';
}

START_TEST(a_commit_is_split_into_its_parts)
{
	static const char object[] = TREE PARENT PARENT PEOPLE
		"encoding ISO-8859-1\nHG:extra a\n b\nmergetag object 0\n type commit\n"
		"\nsubject\n\nbody";
	struct commit_text text;
	struct error err = ERROR_INIT;
	ck_assert_msg(commit_split(&text, object, strlen(object), 20, &err) == 0, "%s",
		      err.text);
	ck_assert_str_eq(oid_text(&text.tree), "4b825dc642cb6eb9a060e54bf8d69288fbee490"
					       "4");
	ck_assert_uint_eq(text.parent_count, 2);
	ck_assert(is(text.author.name, "A U Thor"));
	ck_assert(is(text.author.email, "a@example.org"));
	ck_assert_int_eq(text.author.seconds, 1700000000);
	ck_assert_int_eq(text.author.zone, 90);
	ck_assert_int_eq(text.committer.zone, -480);
	ck_assert(is(text.encoding, "ISO-8859-1"));
	ck_assert(is(text.message, "subject\n\nbody"));
	ck_assert_uint_eq(text.signature.length, 0);
	ck_assert_uint_eq(text.payload_count, 1);
	ck_assert_uint_eq(text.payload[0].length, strlen(object));
}
END_TEST

START_TEST(a_signature_is_cut_out_wherever_it_stands)
{
	static const char signed_part[] = TREE PEOPLE "encoding latin1\nx-other "
						      "y\n\nmessage\n";
	static const char *const objects[] = {
		TREE PEOPLE "encoding latin1\nx-other y\ngpgsig S\n E\n\nmessage\n",
		TREE PEOPLE "gpgsig S\n E\nencoding latin1\nx-other y\n\nmessage\n",
		TREE PEOPLE "encoding latin1\ngpgsig S\n E\nx-other y\n\nmessage\n",
		TREE PEOPLE "gpgsig-sha256 T\n U\nencoding latin1\ngpgsig S\n E\n"
			    "x-other y\n\nmessage\n",
		TREE PEOPLE "gpgsig S\n E\ngpgsig-sha256 T\nencoding latin1\n"
			    "x-other y\n\nmessage\n",
	};
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct commit_text text;
		struct error err = ERROR_INIT;
		char payload[1024];
		ck_assert_msg(commit_split(&text, objects[i], strlen(objects[i]), 20,
					   &err) == 0,
			      "%zu: %s", i, err.text);
		ck_assert(is(text.signature, "S\n E"));
		join(text.payload, text.payload_count, payload, sizeof(payload));
		ck_assert_str_eq(payload, signed_part);
	}
}
END_TEST

START_TEST(the_hash_decides_which_header_is_the_signature)
{
	static const char object[] = "tree "
				     "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b"
				     "939dd74decc5321"
				     "\n" PEOPLE "gpgsig A\ngpgsig-sha256 B\n\nm\n";
	struct commit_text text;
	ck_assert_int_eq(commit_split(&text, object, strlen(object), 32, NULL), 0);
	ck_assert(is(text.signature, "B"));
	ck_assert_int_eq(commit_split(&text, object, strlen(object), 20, NULL),
			 ERROR_COMMIT_TREE_ID);
}
END_TEST

START_TEST(empty_messages_and_odd_names_are_git_s)
{
	static const char *const objects[] = {
		TREE PEOPLE "\n",
		TREE PEOPLE "\nno line feed",
		TREE "author  <> 0 +0000\ncommitter \xff <\xfe> 253402300799 "
		     "-9999\n\nm",
		TREE "author a b c  <x y> 1 +0000\ncommitter \r <a> 1 +0000\n\n\n\n",
		TREE PARENT PEOPLE "mergetag object\n has\r\n cr\r\n\nm",
	};
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct commit_text text;
		struct error err = ERROR_INIT;
		ck_assert_msg(commit_split(&text, objects[i], strlen(objects[i]), 20,
					   &err) == 0,
			      "%zu: %s", i, err.text);
	}
}
END_TEST

START_TEST(what_is_refused_leaves_the_output_alone)
{
	struct commit_text text;
	struct tag_text tag;
	memset(&text, 0x5a, sizeof(text));
	memset(&tag, 0x5a, sizeof(tag));
	struct commit_text before = text;
	struct tag_text tag_before = tag;
	ck_assert_int_ne(
		commit_split(&text, TREE PEOPLE, strlen(TREE PEOPLE), 20, NULL), 0);
	ck_assert_int_ne(tag_split(&tag, "object x\n", 9, 20, NULL), 0);
	ck_assert_int_eq(memcmp(&text, &before, sizeof(text)), 0);
	ck_assert_int_eq(memcmp(&tag, &tag_before, sizeof(tag)), 0);
}
END_TEST

START_TEST(a_tag_is_split_into_its_parts)
{
	static const char object[] =
		"object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\n"
		"tag v1.0\ntagger T <t@example.org> 5 +0000\ngpgsig-sha256 X\n Y\n\n"
		"message\n-----BEGIN SSH SIGNATURE-----\nAAAA\n"
		"-----END SSH SIGNATURE-----\n";
	struct tag_text text;
	struct error err = ERROR_INIT;
	char payload[1024];
	ck_assert_msg(tag_split(&text, object, strlen(object), 20, &err) == 0, "%s",
		      err.text);
	ck_assert(is(text.target_type, "commit"));
	ck_assert(is(text.name, "v1.0"));
	ck_assert_int_eq(text.tagger.seconds, 5);
	ck_assert(is(text.message, "message\n"));
	ck_assert(is(text.signature, "-----BEGIN SSH SIGNATURE-----\nAAAA\n"
				     "-----END SSH SIGNATURE-----\n"));
	join(text.payload, text.payload_count, payload, sizeof(payload));
	ck_assert_str_eq(payload, "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
				  "type commit\ntag v1.0\ntagger T <t@example.org> 5 "
				  "+0000\n\n"
				  "message\n");
}
END_TEST

START_TEST(an_old_tag_has_no_tagger)
{
	static const char object[] = "object "
				     "4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype "
				     "tree\ntag x\n\n";
	struct tag_text text;
	ck_assert_int_eq(tag_split(&text, object, strlen(object), 20, NULL), 0);
	ck_assert_uint_eq(text.tagger.name.length, 0);
	ck_assert_uint_eq(text.signature.length, 0);
	ck_assert_uint_eq(text.message.length, 0);
}
END_TEST

START_TEST(a_signature_is_unfolded)
{
	static const struct {
		const char *folded;
		const char *unfolded;
	} cases[] = {
		{ "A\n B\n C", "A\nB\nC\n" },
		{ "A\n \n B", "A\n\nB\n" },
		{ "A\n  B", "A\n B\n" },
		{ "A\n B\n ", "A\nB\n" }, /* the blank line that libraries leave */
		{ "A\n B\n \n ", "A\nB\n\n" },
		{ "A", "A\n" },
	};
	struct arena *arena = arena_new(1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length;
		struct span span = { cases[i].folded, strlen(cases[i].folded) };
		char *text = signature_unfold(arena, span, &length);
		ck_assert_str_eq(text, cases[i].unfolded);
		ck_assert_uint_eq(length, strlen(cases[i].unfolded));
	}
	arena_free(arena);
}
END_TEST

/* What git itself writes: encodings, merges of signed tags, octopus merges. */
START_TEST(what_git_writes_is_accepted)
{
	struct scratch scratch;
	scratch_open(&scratch);
	scratch_init_repository(&scratch);
	scratch_key(&scratch, "key", "ed25519", "");
	DO(&scratch, "git", "config", "gpg.format", "ssh");
	DO(&scratch, "git", "config", "user.signingKey", "key");
	DO(&scratch, "git", "commit", "-q", "--allow-empty", "-m", "root");
	DO(&scratch, "git", "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q",
	   "-S", "--allow-empty", "-m", "encoded");
	DO(&scratch, "git", "checkout", "-q", "-b", "side", "HEAD^");
	DO(&scratch, "git", "commit", "-q", "--allow-empty", "-m", "side");
	DO(&scratch, "git", "tag", "-s", "-m", "signed", "v1");
	DO(&scratch, "git", "checkout", "-q", "main");
	DO(&scratch, "git", "merge", "-q", "--no-ff", "-S", "-m", "merge", "v1");
	DO(&scratch, "git", "commit", "-q", "--allow-empty", "--allow-empty-message",
	   "-m", "");
	static const char *const revisions[] = { "main", "main^", "main^^", "main~3" };
	for (size_t i = 0; i < 4; i++) {
		size_t length;
		struct commit_text text;
		struct error err = ERROR_INIT;
		char *object = scratch_cat(&scratch, "commit", revisions[i], &length);
		ck_assert_msg(commit_split(&text, object, length, 20, &err) == 0,
			      "%s: %s", revisions[i], err.text);
		ck_assert_int_eq(text.signature.length != 0, i == 1 || i == 2);
		ck_assert_int_eq(text.encoding.length != 0, i == 2);
		free(object);
	}
	size_t length;
	struct tag_text tag;
	char *object = scratch_cat(&scratch, "tag", "v1", &length);
	ck_assert_int_eq(tag_split(&tag, object, length, 20, NULL), 0);
	ck_assert_uint_ne(tag.signature.length, 0);
	free(object);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("repo/object", a_commit_is_split_into_its_parts,
	  a_signature_is_cut_out_wherever_it_stands,
	  the_hash_decides_which_header_is_the_signature,
	  empty_messages_and_odd_names_are_git_s,
	  what_is_refused_leaves_the_output_alone, a_tag_is_split_into_its_parts,
	  an_old_tag_has_no_tagger, a_signature_is_unfolded,
	  what_git_writes_is_accepted)
