/* job/document_link.h - symbolic links where a rule wants documents: who reads the link
 * reads what it leads to. */
#ifndef JOB_DOCUMENT_LINK_H
#define JOB_DOCUMENT_LINK_H

#include <stdbool.h>

struct collector;
struct document_question;
struct error;

/* Whether the link leads to a file of the tip that its rule judges by itself: by a path
 * that needs no other link. 0, or an error of the repository. */
int document_link_check(const struct collector *collector,
			const struct document_question *question, bool *judged,
			struct error *err);

#endif
