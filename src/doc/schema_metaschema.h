/* doc/schema_metaschema.h - the schemas of schemas; for doc/ only.
 *
 * A draft's metaschema is made from the table of keywords when a schema refers to it:
 * it says what shape each keyword's value has. */
#ifndef DOC_SCHEMA_METASCHEMA_H
#define DOC_SCHEMA_METASCHEMA_H

#include "doc/schema_index.h"

/* The metaschema that a URI names (keyword_draft() knows it), in the index's temporary
 * arena. */
int metaschema_read(struct index *index, const char *uri, const struct node **out);

#endif
