/* net/http_library.h - libcurl, loaded when it is needed; for net/ only.
 *
 * Not linked: it brings some fifteen libraries that nothing else needs. Loading them
 * would double the start of every gitgate process, the client beside a push too, for
 * what only a job that talks to a forge does. */
#ifndef NET_HTTP_LIBRARY_H
#define NET_HTTP_LIBRARY_H

/* Plain functions, so that their addresses have their types. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct error;

#define HTTP_LIBRARY_FUNCTIONS(F)                                                      \
	F(global_init)                                                                 \
	F(easy_init)                                                                   \
	F(easy_cleanup)                                                                \
	F(easy_reset)                                                                  \
	F(easy_setopt)                                                                 \
	F(easy_perform)                                                                \
	F(easy_getinfo)                                                                \
	F(easy_strerror)                                                               \
	F(version_info)

struct http_library {
#define FUNCTION(name) __typeof__(&curl_##name) name;
	HTTP_LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* Loaded at the first call; NULL with ERROR_UNSUPPORTED: it is not installed. */
const struct http_library *http_library(struct error *err);

#endif
