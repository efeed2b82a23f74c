/* net/http_library.c - loads libcurl. */
#include "net/http_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "net/http.h"

#define FILE_NAME "libcurl.so.4" /* its ABI since 2006 */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct http_library library;
static struct error failure; /* set: there is none */

static bool find_functions(void *handle)
{
	bool found = true;
#define FUNCTION(name)                                                                 \
	library.name = (__typeof__(library.name))dlsym(handle, "curl_" #name);         \
	found = found && library.name != NULL;
	HTTP_LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
	return found;
}

static void load(void)
{
	/* With it libcurl would write the keys of connections to a file. */
	unsetenv("SSLKEYLOGFILE");
	/* Never unloaded: OpenSSL, which it shares with us, keeps pointers into it. */
	void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL || !find_functions(handle))
		error_set(&failure, ERROR_UNSUPPORTED,
			  "cannot load libcurl, which talks to forges: %s; install "
			  "it (Debian: libcurl4)",
			  dlerror());
	else if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		error_set(&failure, ERROR_UNSUPPORTED, "libcurl cannot start");
}

const struct http_library *http_library(struct error *err)
{
	pthread_once(&once, load);
	if (failure.code == 0)
		return &library;
	error_set(err, failure.code, "%s", failure.text);
	return NULL;
}

int http_library_init(struct error *err)
{
	return http_library(err) != NULL ? 0 : ERROR_UNSUPPORTED;
}

const char *http_library_version(void)
{
	static char text[64];
	const struct http_library *curl = http_library(NULL);
	if (curl == NULL)
		return "libcurl";
	snprintf(text, sizeof(text), "libcurl %s",
		 curl->version_info(CURLVERSION_NOW)->version);
	return text;
}
