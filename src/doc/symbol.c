/* doc/symbol.c - numbers for the names that schemas know. */
#include "doc/symbol.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SLOT_BITS                                                                      \
	14 /* Kubernetes has 900 names, a cluster's own kinds some thousand            \
	    */
#define SLOTS  ((size_t)1 << SLOT_BITS)
#define PROBES 8

/* Never changed once it is in the table, and never freed. */
struct symbol {
	struct name_words words;
	size_t length;
	uint16_t number;
	char text[];
};

static _Atomic(struct symbol *) slots[SLOTS + PROBES];
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
static uint16_t last_number;

static size_t slot_of(struct name_words words, size_t length)
{
	uint64_t mixed = words.first ^ (words.last << 29 | words.last >> 35) ^ length;
	return (size_t)((mixed * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SLOT_BITS));
}

static int is_of(const struct symbol *symbol, struct name_words words, const char *text,
		 size_t length)
{
	return symbol->words.first == words.first && symbol->words.last == words.last &&
	       symbol->length == length &&
	       (length <= 16 || memcmp(symbol->text, text, length) == 0);
}

/* The number, or 0 and the free place, if there is one. */
static uint16_t find(struct name_words words, const char *text, size_t length,
		     _Atomic(struct symbol *) **free_place)
{
	size_t first = slot_of(words, length);
	*free_place = NULL;
	for (size_t slot = first; slot < first + PROBES; slot++) {
		const struct symbol *symbol =
			atomic_load_explicit(&slots[slot], memory_order_acquire);
		if (symbol == NULL) {
			*free_place = &slots[slot];
			return 0;
		}
		if (is_of(symbol, words, text, length))
			return symbol->number;
	}
	return 0;
}

uint16_t symbol_of(const char *text, size_t length)
{
	_Atomic(struct symbol *) *free_place;
	return find(name_words_of(text, length), text, length, &free_place);
}

static uint16_t add(struct name_words words, const char *text, size_t length,
		    _Atomic(struct symbol *) *place)
{
	struct symbol *symbol =
		last_number < SYMBOL_MOST ? malloc(sizeof(*symbol) + length) : NULL;
	if (symbol == NULL)
		return 0;
	symbol->words = words;
	symbol->length = length;
	symbol->number = ++last_number;
	memcpy(symbol->text, text, length);
	atomic_store_explicit(place, symbol, memory_order_release);
	return symbol->number;
}

uint16_t symbol_add(const char *text, size_t length)
{
	_Atomic(struct symbol *) *place;
	struct name_words words = name_words_of(text, length);
	pthread_mutex_lock(&adding);
	uint16_t number = find(words, text, length, &place);
	if (number == 0 && place != NULL)
		number = add(words, text, length, place);
	pthread_mutex_unlock(&adding);
	return number;
}
