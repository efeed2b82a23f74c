/* doc/schema_link.h - makes an image of a program; for doc/ only. */
#ifndef DOC_SCHEMA_LINK_H
#define DOC_SCHEMA_LINK_H

#include "base/buf.h"
#include "base/map.h"
#include "doc/schema_program.h"

struct error;

/* ERROR_LIMIT: it is too large. */
int program_link(struct schema **out, const char *name, const struct program *program,
		 struct error *err);

/* --- what its parts share --- */

struct linker {
	const struct program *program;
	struct buf *out;
	struct map strings; /* text -> offset */
	struct map names;   /* text -> number */
	struct buf locations;
	struct buf objects; /* offsets of struct image_object */
};

/* Room for a record in the image, zeroed; its offset, or 0 when there is none. Pointers
 * into the image hold until the next call. */
uint32_t link_reserve(struct linker *linker, size_t bytes);
void *link_at(struct linker *linker, uint32_t offset);
uint32_t link_string(struct linker *linker, const char *text, size_t length);
/* A list of strings; 0 for NULL. */
uint32_t link_names(struct linker *linker, const struct names *names);
/* The subschema that decides in place of one that only refers to another. */
uint32_t link_target(const struct linker *linker, uint32_t schema);

/* The kinds of values that have one of these types, whatever they are. */
unsigned int types_kinds(unsigned int types);
/* Which kinds of values fit each schema without being looked at; into schemas, objects
 * and alternatives. */
void link_sure(struct linker *linker);
/* The number of a name, which it gets when it is new. */
uint32_t link_name(struct linker *linker, const char *text, size_t length);
/* struct image_name[] of all of them; needs nothing that is put in afterwards. */
uint32_t link_all_names(struct linker *linker);
/* PROPERTIES, with the names that are required beside it (or NULL). */
uint32_t link_object(struct linker *linker, const struct properties *properties,
		     const struct names *required);

#endif
