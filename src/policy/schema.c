/* policy/schema.c - rules of kind schema: what was found wrong with documents. */
#include "base/error.h"
#include "model/facts.h"
#include "policy/evaluation.h"

/* Where the document alone suggests nothing better. */
#define MEND "correct it; 'gitgate check --files PATH' tries it before a push"

int rule_schema_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->document_count; i++) {
		const struct document_fact *document = &facts->documents[i];
		const struct place place = { .path = document->path,
					     .line = document->line,
					     .column = document->column };
		if (document->rule != evaluation->rule)
			continue;
		evaluation->advises = document->advice;
		code = evaluation_find(
			evaluation, document->code, &place,
			document->mend != NULL ? document->mend : MEND, "%s",
			document->message != NULL ? document->message
						  : error_meaning(document->code));
		evaluation->advises = false;
	}
	return code;
}
