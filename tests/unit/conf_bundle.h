/* tests/unit/conf_bundle.h - a bundle of schemas for policies that name one. */
#ifndef TESTS_UNIT_CONF_BUNDLE_H
#define TESTS_UNIT_CONF_BUNDLE_H

#include "base/buf.h"
#include "conf_fixture.h"
#include "doc/kubernetes_import.h"

#define BUNDLE_NAME "schemas/kubernetes-1.33.bundle"

/* One kind: v1/Thing. Release it with buf_release(). */
static inline struct buf conf_bundle(void)
{
	static const char source[] = "{\"definitions\": {\"Thing\": {\"type\": "
				     "\"object\", \"properties\": "
				     "{\"kind\": {}, \"apiVersion\": {}}, "
				     "\"x-kubernetes-group-version-kind\": "
				     "[{\"group\": \"\", \"version\": \"v1\", "
				     "\"kind\": \"Thing\"}]}}}";
	struct kubernetes_import *import = NULL;
	struct buf out = BUF_INIT(1u << 20);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(kubernetes_import_new(&import, NULL, &err), 0);
	ck_assert_msg(kubernetes_import_add(import, "swagger.json", source,
					    strlen(source), NULL, &err) == 0,
		      "%s", err.text);
	ck_assert_msg(kubernetes_import_finish(import, "1.33", &out, &err) == 0, "%s",
		      err.text);
	kubernetes_import_free(import);
	return out;
}

static inline void fixture_write_bundle(const struct fixture *fixture)
{
	struct buf bundle = conf_bundle();
	struct error err = ERROR_INIT;
	char *path = path_join(fixture->directory, BUNDLE_NAME);
	fixture_write(fixture, BUNDLE_NAME, "");
	ck_assert_int_eq(
		path_write_atomic(path, bundle.data, bundle.length, 0600, &err), 0);
	free(path);
	buf_release(&bundle);
}

#endif
