/* doc/problem.c - what a parser refused, as one escaped line. */
#include "doc/tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

int problem_set(struct doc_problem *problem, int code, struct place place,
		const char *mend, const char *format, ...)
{
	char draft[2 * sizeof(problem->message)];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(draft, sizeof(draft), format, arguments);
	va_end(arguments);
	problem->code = code;
	problem->line = place.line;
	problem->column = place.column;
	text_escape_into(problem->message, sizeof(problem->message), draft,
			 strlen(draft));
	snprintf(problem->mend, sizeof(problem->mend), "%s", mend);
	return code;
}

int problem_limit(struct doc_problem *problem, const struct limits *limits,
		  enum limit limit, uint64_t value, struct place place)
{
	char mend[sizeof(problem->mend)];
	snprintf(mend, sizeof(mend), "make it smaller, or raise %s", limit_name(limit));
	return problem_set(problem, ERROR_LIMIT, place, mend,
			   "the document has %" PRIu64 " %s, over the limit %s "
			   "(%" PRIu64 ")",
			   value, limit_unit(limit), limit_name(limit),
			   limits->values[limit]);
}

int problem_memory(struct doc_problem *problem, struct place place)
{
	return problem_set(problem, ERROR_MEMORY, place, "",
			   "out of memory for the document");
}
