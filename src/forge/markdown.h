/* forge/markdown.h - the one comment of a merge request, as Markdown; for forge/ only.
 *
 * Whatever others wrote (paths, messages, names of rules) stands in code spans, where
 * no forge looks for mentions, links, images, references or HTML, and never starts a
 * line. */
#ifndef FORGE_MARKDOWN_H
#define FORGE_MARKDOWN_H

#include <stddef.h>

#include "model/messages.h"

struct buf;
struct error;

/* The first line of every comment of ours: by it the one comment is found again. */
#define MARKDOWN_MARKER "<!-- gitgate -->"
/* The same for forges that show HTML comments as text: how the second line begins. */
#define MARKDOWN_BEGIN "**gitgate** "

/* The verdict in one sentence, and its findings with file and line, errors first. What
 * does not fit into `maximum` bytes is counted: "and N more". ERROR_MEMORY,
 * ERROR_LIMIT (not even the sentence fits). */
int markdown_comment(const struct msg_report_item *item,
		     const struct msg_finding_row *findings, size_t count,
		     size_t maximum, struct buf *out, struct error *err);
/* The comment without its first line. */
const char *markdown_without_marker(const char *body);
/* Adds a text as a code span. */
void markdown_code(struct buf *out, const char *text);

#endif
