/* job/collect_kubernetes.h - documents of Kubernetes against a rule's bundle, and the
 * CustomResourceDefinitions beside them; inside job/, and for who judges files.
 *
 * Definitions are looked for when the first kind is met that the bundle does not know,
 * and once for each rule: who has none pays nothing. */
#ifndef JOB_COLLECT_KUBERNETES_H
#define JOB_COLLECT_KUBERNETES_H

#include <stdbool.h>
#include <stddef.h>

struct collector;
struct error;
struct kubernetes_changes;
struct kubernetes_sink;
struct limits;
struct node;
struct rule;

/* Gets each file that may hold definitions. */
struct definition_reader {
	bool (*wants)(void *data, const char *path);
	int (*read)(void *data, const char *path, const char *text, size_t length,
		    struct error *err);
	void *data;
};

/* 0, or as kubernetes_validate(). *lasting: the result depends on the document and the
 * rule alone. `changes`: only what follows one of these definitions is looked at; NULL:
 * everything. */
int collect_kubernetes(struct collector *collector, const struct rule *rule,
		       const struct node *root,
		       const struct kubernetes_changes *changes,
		       const struct limits *limits, const struct kubernetes_sink *sink,
		       bool *lasting, struct error *err);
/* What is said once for each kind is said once more. */
void collect_kubernetes_repeat(struct collector *collector);
/* Frees what collecting kept. */
void collect_kubernetes_end(struct collector *collector);

/* For collectors of several threads: definitions are looked for and compiled once, by
 * the first one that needs them. It is freed after all of them ended. */
struct shared_definitions;
int shared_definitions_new(struct shared_definitions **out, struct error *err);
void shared_definitions_free(struct shared_definitions *shared);

/* Whether a rule without paths looks at a file, by its name; with paths, by them. */
bool is_document_of(const struct rule *rule, const char *path);
/* Whether definitions of kinds are looked for in it. */
bool is_definition_file(const struct rule *rule, const char *path);

#endif
