/* doc/symbol.h - numbers for the names that schemas know, so that validation compares
 * numbers and not texts; for doc/ only.
 *
 * One table for the process, which only grows: a number stands for one name for ever.
 * It is there for speed alone: a key without a number (its name came later, or found no
 * room) is known by its text, so no verdict depends on the table, and hostile names
 * cost no more than a few places that are looked at. Threads: any. */
#ifndef DOC_SYMBOL_H
#define DOC_SYMBOL_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SYMBOL_MOST                                                                    \
	16384 /* Kubernetes has 900, a cluster's own kinds some thousand               \
	       */

/* What of a name is compared at once: up to 8 bytes from its front, and from its end.
 */
struct name_words {
	uint64_t first;
	uint64_t last;
};

/* Without branches, which names of changing lengths would make expensive. Eight bytes
 * of the text can always be read (doc/node.h). */
static inline struct name_words name_words_of(const char *text, size_t length)
{
	static const uint64_t masks[9] = {
		0,
		UINT64_C(0xff),
		UINT64_C(0xffff),
		UINT64_C(0xffffff),
		UINT64_C(0xffffffff),
		UINT64_C(0xffffffffff),
		UINT64_C(0xffffffffffff),
		UINT64_C(0xffffffffffffff),
		UINT64_MAX,
	};
	uint64_t mask = masks[length < 8 ? length : 8];
	struct name_words words;
	memcpy(&words.first, text, sizeof(words.first));
	memcpy(&words.last, text + (length < 8 ? 0 : length - 8), sizeof(words.last));
	words.first = le64toh(words.first) & mask;
	words.last = le64toh(words.last) & mask;
	return words;
}

/* The number of a name, or 0. As above, eight bytes can be read. */
uint16_t symbol_of(const char *text, size_t length);
/* The same, which it gets if there is room. */
uint16_t symbol_add(const char *text, size_t length);

#endif
