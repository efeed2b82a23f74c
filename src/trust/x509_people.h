/* trust/x509_people.h - who certificates in a PEM file are about.
 *
 * For importing only: whether anybody vouches for them is asked of every signature. */
#ifndef TRUST_X509_PEOPLE_H
#define TRUST_X509_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct x509_fact;

struct x509_person {
	const struct x509_fact *fact; /* subject, issuer, serial, names */
	int64_t valid_before;         /* microseconds */
	bool is_authority;
	const char *problem; /* why it cannot sign commits; NULL: it can */
};

bool x509_looks_like(const char *bytes, size_t length);

/* Calls `visit` for each certificate; everything lives in the arena. ERROR_X509_...,
 * ERROR_MEMORY, or what `visit` answers. */
int x509_people(const char *pem, size_t length, struct arena *arena,
		int (*visit)(void *data, const struct x509_person *person,
			     struct error *err),
		void *data, struct error *err);

#endif
