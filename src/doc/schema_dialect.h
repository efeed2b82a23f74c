/* doc/schema_dialect.h - the draft and vocabularies by which a resource is read; for
 * doc/ only. */
#ifndef DOC_SCHEMA_DIALECT_H
#define DOC_SCHEMA_DIALECT_H

#include "doc/schema_index.h"

/* Sets the draft and the switches of a resource by the $schema of its root; without one
 * it is read like `enclosing`, or by the index's defaults when that is NULL. */
int dialect_read(struct index *index, struct resource *resource,
		 const struct resource *enclosing);

#endif
