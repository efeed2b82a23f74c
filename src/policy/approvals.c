/* policy/approvals.c - rules of kind approvals: how many people must have approved
 * exactly this content.
 *
 * A word counts when it is the last one of a principal that the rule names, was said
 * about exactly the head of the merge request, and what is judged is that head merged
 * into the base and nothing else. Logins are the forge's; who they are, the policy
 * says. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "model/change.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/evaluation.h"

#define LIST_BYTES  1200 /* of names and reasons in a message */
#define LOGIN_SHOWN 64
#define SHORT_ID    12

/* What a person, or a login that is nobody's, said last. */
struct voice {
	const struct review_fact *review;
	const struct principal *principal; /* NULL: the login is nobody's */
};

struct list {
	char text[LIST_BYTES];
	size_t length;
	size_t count;
	size_t left_out; /* for want of room */
};

struct tally {
	const struct merge_request_fact *request;
	struct voice *voices;
	size_t voice_count;
	struct list approving;
	struct list objecting;
	struct list others; /* who said something that does not count, and why */
	bool has_unbound;   /* an approval of nobody knows what */
};

static void list_add(struct list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void list_add(struct list *list, const char *format, ...)
{
	size_t room = sizeof(list->text) - list->length;
	size_t skip = list->count != 0 ? 2 : 0;
	char item[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(item, sizeof(item), format, arguments);
	va_end(arguments);
	list->count++;
	if (strlen(item) + skip >= room || list->left_out != 0) {
		list->left_out++;
		return;
	}
	list->length += (size_t)snprintf(list->text + list->length, room, "%s%s",
					 skip != 0 ? ", " : "", item);
}

static const char *list_rest(const struct list *list)
{
	return list->left_out != 0 ? ", and more" : "";
}

/* --- who is who --- */

/* Whom a login is by the name of the source, and by its kind. Two people: nobody. */
static const struct principal *who_is(const struct evaluation *evaluation,
				      const struct merge_request_fact *request,
				      const char *login)
{
	const struct principal *named =
		policy_principal_by_login(evaluation->policy, request->source, login);
	const struct principal *general =
		policy_principal_by_login(evaluation->policy, request->forge, login);
	if (named == NULL || general == NULL || named == general)
		return named != NULL ? named : general;
	return NULL;
}

static bool is_login_of(const struct evaluation *evaluation,
			const struct merge_request_fact *request, const char *login,
			const struct principal *principal)
{
	return policy_principal_by_login(evaluation->policy, request->source, login) ==
		       principal ||
	       policy_principal_by_login(evaluation->policy, request->forge, login) ==
		       principal;
}

static bool has_email(const struct principal *principal, const char *email)
{
	for (size_t i = 0; i < principal->emails.count; i++)
		if (strcasecmp(principal->emails.items[i], email) == 0)
			return true;
	return false;
}

/* Why the rule takes somebody for an author. NULL: it does not. */
static const char *authorship(const struct evaluation *evaluation,
			      const struct merge_request_fact *request,
			      const struct voice *voice)
{
	if (!evaluation->rule->approvals->not_author)
		return NULL;
	if (strcasecmp(voice->review->reviewer, request->author) == 0 ||
	    is_login_of(evaluation, request, request->author, voice->principal))
		return "opened the merge request";
	for (size_t i = 0; i < request->email_count; i++)
		if (has_email(voice->principal, request->emails[i]))
			return "made a commit of it";
	return NULL;
}

/* --- what was said --- */

/* Of two words of one person the later one counts; of two at one time the one that is
 * no approval. */
static bool is_later(const struct review_fact *review, const struct review_fact *than)
{
	if (review->submitted_at != than->submitted_at)
		return review->submitted_at > than->submitted_at;
	return than->state == REVIEW_APPROVED;
}

static struct voice *voice_of(struct tally *tally, const struct principal *principal)
{
	for (size_t i = 0; principal != NULL && i < tally->voice_count; i++)
		if (tally->voices[i].principal == principal)
			return &tally->voices[i];
	return NULL;
}

/* A comment takes nothing back. */
static int hear(const struct evaluation *evaluation, struct tally *tally)
{
	const struct merge_request_fact *request = tally->request;
	tally->voices = arena_array(evaluation->verdict->arena,
				    request->review_count + 1, sizeof(*tally->voices));
	if (tally->voices == NULL)
		return error_set(evaluation->err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < request->review_count; i++) {
		const struct review_fact *review = &request->reviews[i];
		if (review->state == REVIEW_COMMENTED || review->reviewer == NULL)
			continue;
		const struct principal *principal =
			who_is(evaluation, request, review->reviewer);
		struct voice *voice = voice_of(tally, principal);
		if (voice == NULL)
			tally->voices[tally->voice_count++] =
				(struct voice){ review, principal };
		else if (is_later(review, voice->review))
			voice->review = review;
	}
	return 0;
}

/* An approval by somebody whose reviews count. */
static void weigh_approval(const struct evaluation *evaluation, struct tally *tally,
			   const struct voice *voice)
{
	const struct review_fact *review = voice->review;
	const char *name = voice->principal->name;
	const char *author = authorship(evaluation, tally->request, voice);
	int64_t received = evaluation->facts->change->received_at;
	if (!principal_counts_at(voice->principal, received) ||
	    (review->submitted_at != 0 &&
	     !principal_counts_at(voice->principal, review->submitted_at))) {
		list_add(&tally->others, "'%s' counted at another time", name);
	} else if (author != NULL) {
		list_add(&tally->others, "'%s' %s", name, author);
	} else if (review->commit.length == 0) {
		tally->has_unbound = true;
		list_add(&tally->others, "'%s' approved what the forge does not name",
			 name);
	} else if (!oid_equal(&review->commit, &tally->request->head)) {
		list_add(&tally->others, "'%s' approved another head (%.*s)", name,
			 SHORT_ID, oid_text(&review->commit));
	} else {
		list_add(&tally->approving, "'%s'", name);
	}
}

static void weigh(const struct evaluation *evaluation, struct tally *tally,
		  const struct voice *voice)
{
	const struct rule_approvals *options = evaluation->rule->approvals;
	const struct review_fact *review = voice->review;
	const struct principal *principal = voice->principal;
	bool counts = principal != NULL &&
		      policy_names_include(evaluation->policy, &options->from,
					   principal->name);
	switch (review->state) {
	case REVIEW_APPROVED:
		if (counts)
			weigh_approval(evaluation, tally, voice);
		else if (principal != NULL)
			list_add(&tally->others,
				 "'%s' is none of those whose reviews count",
				 principal->name);
		else
			list_add(&tally->others,
				 "the login '%.*s' belongs to no one principal",
				 LOGIN_SHOWN, review->reviewer);
		break;
	case REVIEW_CHANGES_REQUESTED:
		if (counts)
			list_add(&tally->objecting, "'%s'", principal->name);
		break;
	case REVIEW_DISMISSED:
		if (counts)
			list_add(&tally->others, "the review by '%s' was dismissed",
				 principal->name);
		break;
	case REVIEW_UNKNOWN:
		if (counts)
			list_add(&tally->others,
				 "what '%s' said is not understood here",
				 principal->name);
		break;
	case REVIEW_COMMENTED:
		break;
	}
}

/* --- findings --- */

static void join(const struct strings *names, struct list *out)
{
	*out = (struct list){ .length = 0 };
	for (size_t i = 0; i < names->count; i++)
		list_add(out, "%s", names->items[i]);
}

static int find_missing(struct evaluation *evaluation, const struct tally *tally)
{
	const struct rule_approvals *options = evaluation->rule->approvals;
	const struct merge_request_fact *request = tally->request;
	const struct place place = { .commit = &request->head };
	uint64_t missing = options->count - tally->approving.count;
	char mend[2 * LIST_BYTES];
	struct list from;
	join(&options->from, &from);
	snprintf(mend, sizeof(mend),
		 "have %" PRIu64 " more of [%s%s]%s approve merge request %" PRIu64
		 " as it is now%s",
		 missing, from.text, list_rest(&from),
		 options->not_author ? " who did not write it" : "", request->number,
		 tally->has_unbound ? "; where the forge does not say what was "
				      "reviewed, make it reset approvals when the "
				      "branch is pushed to"
				    : "");
	return evaluation_find(evaluation, ERROR_REVIEWS_MISSING, &place, mend,
			       "%zu of %" PRIu64 " approvals of the head %.*s of merge "
			       "request %" PRIu64 "%s%s%s%s%s%s",
			       tally->approving.count, options->count, SHORT_ID,
			       oid_text(&request->head), request->number,
			       tally->approving.count != 0 ? ": by " : "",
			       tally->approving.text, list_rest(&tally->approving),
			       tally->others.count != 0 ? "; not counted: " : "",
			       tally->others.text, list_rest(&tally->others));
}

static int find_objection(struct evaluation *evaluation, const struct tally *tally)
{
	const struct place place = { .commit = &tally->request->head };
	return evaluation_find(evaluation, ERROR_REVIEWS_OBJECTION, &place,
			       "mend what they ask for; then they review again, or "
			       "their reviews are dismissed",
			       "changes are asked for in merge request %" PRIu64 " by "
			       "%s%s",
			       tally->request->number, tally->objecting.text,
			       list_rest(&tally->objecting));
}

static int find_unknown(struct evaluation *evaluation, const char *why)
{
	return evaluation_find(evaluation, ERROR_REVIEWS_UNKNOWN, NULL,
			       "open a merge request at the forge; its status tells "
			       "what is missing",
			       "%s", why);
}

/* A tag or a branch that is pushed as it is never comes by a merge request. */
static int find_no_request(struct evaluation *evaluation)
{
	const struct change *change = evaluation->facts->change;
	bool branch = text_starts_with(change->ref, "refs/heads/");
	return evaluation_find(
		evaluation, ERROR_REVIEWS_MISSING, NULL,
		branch ? "push it to a branch of its own and open a merge request; "
			 "'refs' of the rule says which branches it guards"
		       : "only branches have merge requests: narrow the rule by "
			 "'refs'",
		"0 of %" PRIu64 " approvals: no merge request brings this to '%.*s'",
		evaluation->rule->approvals->count, SHOWN_BYTES, change->ref);
}

static int find_other_base(struct evaluation *evaluation,
			   const struct merge_request_fact *request)
{
	return evaluation_find(evaluation, ERROR_REVIEWS_MISSING, NULL,
			       "open a merge request to this branch and have it "
			       "approved",
			       "merge request %" PRIu64 " goes to '%.*s': what is "
			       "approved there is not "
			       "approved for '%.*s'",
			       request->number, SHOWN_BYTES,
			       request->base_ref != NULL ? request->base_ref : "",
			       SHOWN_BYTES, evaluation->facts->change->ref);
}

static int find_other_content(struct evaluation *evaluation,
			      const struct merge_request_fact *request)
{
	return evaluation_find(evaluation, ERROR_REVIEWS_OTHER_CONTENT, NULL,
			       "let the forge merge it as it is, into the branch as "
			       "it was accepted; what else is wanted needs a merge "
			       "request of its own",
			       "this is not exactly what merging the head %.*s of "
			       "merge request %" PRIu64 " gives, so it is not what "
			       "was reviewed",
			       SHORT_ID, oid_text(&request->head), request->number);
}

static int count_approvals(struct evaluation *evaluation,
			   const struct merge_request_fact *request)
{
	const struct rule_approvals *options = evaluation->rule->approvals;
	struct tally tally = { .request = request };
	int code = hear(evaluation, &tally);
	for (size_t i = 0; code == 0 && i < tally.voice_count; i++)
		weigh(evaluation, &tally, &tally.voices[i]);
	if (code == 0 && tally.approving.count < options->count)
		code = find_missing(evaluation, &tally);
	if (code == 0 && options->no_objections && tally.objecting.count != 0)
		code = find_objection(evaluation, &tally);
	return code;
}

/* Whether the change touches what the rule is about, in any of its commits. */
static bool touches(const struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	const struct rule *rule = evaluation->rule;
	if (rule->on_paths.count == 0 || (facts->kinds & FACTS_FILES) == 0)
		return true;
	for (size_t i = 0; i < facts->file_count; i++)
		if (rule_covers(rule, facts->files[i].path))
			return true;
	return false;
}

int rule_approvals_evaluate(struct evaluation *evaluation)
{
	const struct merge_request_fact *request = evaluation->facts->merge_request;
	const struct change *change = evaluation->facts->change;
	/* A branch that is seen for the first time, at its anchor, brings nothing. */
	if (!touches(evaluation) || (change_kind(change) == CHANGE_UPDATE &&
				     oid_equal(&change->old_id, &change->new_id)))
		return 0;
	if (request == NULL)
		return find_unknown(evaluation, "how many approved this is not known "
						"here: the "
						"forge keeps the reviews");
	if (request->number == 0)
		return find_no_request(evaluation);
	if (request->base_ref == NULL || strcmp(request->base_ref, change->ref) != 0)
		return find_other_base(evaluation, request);
	if (!request->same_content || request->head.length == 0)
		return find_other_content(evaluation, request);
	if (evaluation->rule->approvals->not_author &&
	    (request->author == NULL || *request->author == '\0'))
		return find_unknown(evaluation, "the forge does not say who opened the "
						"merge "
						"request, so nobody knows who is not "
						"its author");
	return count_approvals(evaluation, request);
}
