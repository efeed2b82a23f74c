/* conf/names.c - what may be a name, a ref, an address or a file name. */
#include "conf/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"

#define NAME_BYTES  64
#define EMAIL_BYTES 254
#define LOGIN_BYTES 255
#define HOST_BYTES  253
/* With what is appended an address stays below what servers take. */
#define WEB_BYTES 1024
/* GitLab's longest is 255. */
#define FULL_NAME_BYTES 255

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool made_of(const char *text, const char *first, const char *rest)
{
	return text[0] != '\0' && strchr(first, text[0]) != NULL &&
	       text[strspn(text, rest)] == '\0';
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

int name_check(const char *name, struct error *err)
{
	if (made_of(name, LOWER DIGITS, LOWER DIGITS "._-") &&
	    strlen(name) <= NAME_BYTES)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' cannot be a name: use up to %d of a-z, 0-9, '.', '_' "
			 "and '-', beginning with a letter or digit",
			 name, NAME_BYTES);
}

int name_check_person(const char *name, struct error *err)
{
	if (made_of(name, LOWER UPPER DIGITS, LOWER UPPER DIGITS "._-@+") &&
	    strlen(name) <= NAME_BYTES)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' cannot be a name: use up to %d of letters, digits, '.', "
			 "'_', '-', '@' and '+', beginning with a letter or digit",
			 name, NAME_BYTES);
}

int name_check_user(const char *name, bool groups, struct error *err)
{
	const char *bare = groups && name[0] == '@' ? name + 1 : name;
	if (made_of(bare, LOWER UPPER DIGITS "_", LOWER UPPER DIGITS "._-$") &&
	    strlen(bare) <= NAME_BYTES)
		return 0;
	return error_set(err, ERROR_CONFIG, "'%s' is not the name of a user%s", name,
			 groups ? " or, as @name, of a group" : "");
}

/* One component of a ref, without its slash. */
static const char *component_fault(const char *component, size_t length)
{
	if (length == 0)
		return "has an empty component";
	if (component[0] == '.')
		return "has a component that begins with '.'";
	if (length >= 5 && memcmp(component + length - 5, ".lock", 5) == 0)
		return "has a component that ends with '.lock'";
	return NULL;
}

static const char *ref_fault(const char *ref)
{
	for (const char *at = ref; *at != '\0'; at++)
		if ((unsigned char)*at <= 0x20 || *at == 0x7f ||
		    strchr("~^:?*[\\", *at) != NULL)
			return "holds a character that git allows in no ref";
	if (strstr(ref, "..") != NULL || strstr(ref, "@{") != NULL)
		return "holds '..' or '@{'";
	if (ref[strlen(ref) - 1] == '.')
		return "ends with '.'";
	for (const char *at = ref;; at++) {
		size_t length = strcspn(at, "/");
		const char *fault = component_fault(at, length);
		if (fault != NULL)
			return fault;
		at += length;
		if (*at == '\0')
			return NULL;
	}
}

int name_check_ref(const char *ref, struct error *err)
{
	if (!text_starts_with(ref, "refs/"))
		return error_set(err, ERROR_CONFIG,
				 "'%s' is not a full ref name; use refs/heads/%s", ref,
				 text_starts_with(ref, "heads/") ? ref + 6 : ref);
	const char *fault = ref_fault(ref);
	if (fault != NULL)
		return error_set(err, ERROR_CONFIG, "the ref name '%s' %s", ref, fault);
	return 0;
}

int name_check_ref_glob(const char *glob, struct error *err)
{
	if (!text_starts_with(glob, "refs/") && glob[0] != '*')
		return error_set(err, ERROR_CONFIG,
				 "'%s' is not a full ref name; use refs/heads/%s", glob,
				 text_starts_with(glob, "heads/") ? glob + 6 : glob);
	struct error cause = ERROR_INIT;
	if (glob_check(glob, &cause) != 0)
		return error_set(err, ERROR_CONFIG, "%s", cause.text);
	return 0;
}

int name_check_email(const char *email, struct error *err)
{
	const char *at = strrchr(email, '@');
	bool fine = at != NULL && at != email && at[1] != '\0' &&
		    strlen(email) <= EMAIL_BYTES && !has_control(email) &&
		    strpbrk(email, " <>,") == NULL &&
		    text_is_utf8(email, strlen(email));
	if (fine)
		return 0;
	return error_set(err, ERROR_CONFIG, "'%s' is not an e-mail address", email);
}

int name_check_login(const char *login, struct error *err)
{
	size_t length = strlen(login);
	bool fine = length != 0 && length <= LOGIN_BYTES && !has_control(login) &&
		    strchr(login, ' ') == NULL && text_is_utf8(login, length);
	if (fine)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' is not a login: 1 to %d bytes without blanks", login,
			 LOGIN_BYTES);
}

int name_check_fsck(const char *setting, struct error *err)
{
	size_t length = strspn(setting, LOWER UPPER DIGITS);
	const char *level = setting + length;
	if (length != 0 &&
	    (strcmp(level, "=ignore") == 0 || strcmp(level, "=warn") == 0))
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' is not a defect and '=ignore' or '=warn', such as "
			 "missingSpaceBeforeDate=ignore",
			 setting);
}

static bool is_port(const char *text)
{
	uint64_t port = 0;
	return text_parse_u64(text, &port) == 0 && port >= 1 && port <= 65535;
}

int name_check_listen(const char *address, struct error *err)
{
	if (text_starts_with(address, "unix:/"))
		return 0;
	char host[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	bool bracket = address[0] == '[';
	const char *start = address + (bracket ? 1 : 0);
	const char *end = strchr(start, bracket ? ']' : ':');
	const char *port = end == NULL ? NULL : end + (bracket ? 2 : 1);
	if (end != NULL && (!bracket || end[1] == ':') &&
	    (size_t)(end - start) < sizeof(host)) {
		memcpy(host, start, (size_t)(end - start));
		host[end - start] = '\0';
		if (inet_pton(bracket ? AF_INET6 : AF_INET, host, bytes) == 1 &&
		    is_port(port))
			return 0;
	}
	return error_set(err, ERROR_CONFIG,
			 "'%s' is not an address with a port, such as 127.0.0.1:8420, "
			 "[::1]:8420 or unix:/path",
			 address);
}

/* Clears what lies beyond the first `prefix` bits; true when something did. */
static bool clear_host_bits(unsigned char *bytes, size_t size, uint64_t prefix)
{
	bool any = false;
	for (size_t i = 0; i < size; i++) {
		uint64_t kept = prefix > i * 8 ? prefix - i * 8 : 0;
		unsigned char mask = kept >= 8 ? 0xff : (unsigned char)(0xff00 >> kept);
		any |= (bytes[i] & (unsigned char)~mask) != 0;
		bytes[i] &= mask;
	}
	return any;
}

int name_check_network(const char *network, struct error *err)
{
	char host[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *slash = strchr(network, '/');
	size_t length = slash == NULL ? strlen(network) : (size_t)(slash - network);
	int family = memchr(network, ':', length) != NULL ? AF_INET6 : AF_INET;
	size_t size = family == AF_INET6 ? 16 : 4;
	uint64_t prefix = size * 8;
	bool good = length < sizeof(host);
	if (good) {
		memcpy(host, network, length);
		host[length] = '\0';
		good = inet_pton(family, host, bytes) == 1;
	}
	if (good && slash != NULL)
		good = text_parse_u64(slash + 1, &prefix) == 0 && prefix <= size * 8;
	if (!good)
		return error_set(err, ERROR_CONFIG,
				 "'%s' is neither an address nor a network, such as "
				 "127.0.0.1, ::1 or 10.0.0.0/8",
				 network);
	if (clear_host_bits(bytes, size, prefix))
		return error_set(err, ERROR_CONFIG,
				 "'%s' has bits beyond its prefix; did you mean "
				 "'%s/%u'?",
				 network, inet_ntop(family, bytes, host, sizeof(host)),
				 (unsigned int)prefix);
	return 0;
}

int name_check_header(const char *name, struct error *err)
{
	if (made_of(name, LOWER UPPER DIGITS, LOWER UPPER DIGITS "_-") &&
	    strlen(name) <= NAME_BYTES)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' is not the name of a header, such as "
			 "X-Hub-Signature-256",
			 name);
}

/* "git@host:path" and "host:path", git's short form of ssh. */
static bool is_scp_like(const char *url)
{
	const char *colon = strchr(url, ':');
	const char *slash = strchr(url, '/');
	return colon != NULL && colon != url && (slash == NULL || colon < slash) &&
	       strncmp(colon, "://", 3) != 0;
}

static int scheme_refused(const char *url, struct error *err)
{
	if (is_scp_like(url)) {
		const char *colon = strchr(url, ':');
		return error_set(err, ERROR_CONFIG,
				 "'%s' is git's short form; use ssh://%.*s/%s", url,
				 (int)(colon - url), url,
				 colon + 1 + (colon[1] == '/' ? 1 : 0));
	}
	if (text_starts_with(url, "http://"))
		return error_set(err, ERROR_CONFIG,
				 "plain http is not protected; use https://%s",
				 url + 7);
	if (strstr(url, "://") == NULL)
		return error_set(err, ERROR_CONFIG,
				 "'%s' is not an address; a directory belongs in path",
				 url);
	return error_set(err, ERROR_CONFIG,
			 "'%s' must begin with https://, ssh:// or file://", url);
}

/* The part between "//" and the path: [user@]host[:port]. Its text is never shown when
 * it holds a user: that may be a token. */
static int check_authority(const char *authority, size_t length, bool user_allowed,
			   struct error *err)
{
	const char *at = memrchr(authority, '@', length);
	const char *host = at == NULL ? authority : at + 1;
	size_t host_length = length - (size_t)(host - authority);
	if (at != NULL && !user_allowed)
		return error_set(err, ERROR_CONFIG,
				 "credentials do not belong in an address; use "
				 "username "
				 "and password-file");
	if (at != NULL && memchr(authority, ':', (size_t)(at - authority)) != NULL)
		return error_set(err, ERROR_CONFIG,
				 "a password does not belong in an address; use "
				 "ssh-key-file");
	if (at == authority || (at != NULL && authority[0] == '-'))
		return error_set(err, ERROR_CONFIG, "the address has no proper user");
	if (host_length == 0 || host_length > HOST_BYTES + 6 || host[0] == '-' ||
	    host[0] == ':')
		return error_set(err, ERROR_CONFIG, "the address has no proper host");
	for (size_t i = 0; i < host_length; i++)
		if (strchr(LOWER UPPER DIGITS ".-_:[]", host[i]) == NULL)
			return error_set(err, ERROR_CONFIG,
					 "the address has no proper host");
	const char *colon = memrchr(host, ':', host_length);
	if (colon != NULL && memchr(colon, ']', host_length - (size_t)(colon - host)))
		colon = NULL;
	char port[8] = "";
	size_t digits = colon == NULL ? 0 : host_length - (size_t)(colon + 1 - host);
	if (colon != NULL && digits < sizeof(port))
		memcpy(port, colon + 1, digits);
	if (colon != NULL && !is_port(port))
		return error_set(err, ERROR_CONFIG, "the address has no proper port");
	return 0;
}

int name_check_url(const char *url, enum url_scheme *scheme, struct error *err)
{
	static const struct {
		enum url_scheme scheme;
		const char *prefix;
	} schemes[] = { { URL_HTTPS, "https://" },
			{ URL_SSH, "ssh://" },
			{ URL_FILE, "file://" } };
	enum url_scheme found = URL_UNKNOWN;
	const char *rest = url;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (text_starts_with(url, schemes[i].prefix)) {
			found = schemes[i].scheme;
			rest = url + strlen(schemes[i].prefix);
		}
	if (has_control(url) || strpbrk(url, " \\") != NULL)
		return error_set(err, ERROR_CONFIG,
				 "an address holds no blanks, control characters or "
				 "backslashes");
	if (found == URL_UNKNOWN)
		return scheme_refused(url, err);
	size_t authority = strcspn(rest, "/?#");
	if (found == URL_FILE && authority != 0)
		return error_set(err, ERROR_CONFIG,
				 "a file address has three slashes: file:///%s", rest);
	if (rest[authority] != '/' || rest[authority + 1] == '\0')
		return error_set(err, ERROR_CONFIG, "the address names no repository");
	if (strpbrk(rest + authority, "?#") != NULL)
		return error_set(err, ERROR_CONFIG,
				 "the address of a repository has neither '?' nor '#'");
	int code = found == URL_FILE
			   ? 0
			   : check_authority(rest, authority, found == URL_SSH, err);
	if (code == 0)
		*scheme = found;
	return code;
}

int name_check_web(const char *url, struct error *err)
{
	const char *rest = text_starts_with(url, "https://")  ? url + 8
			   : text_starts_with(url, "http://") ? url + 7
							      : NULL;
	if (has_control(url) || strpbrk(url, " \\") != NULL)
		return error_set(err, ERROR_CONFIG,
				 "an address holds no blanks, control characters or "
				 "backslashes");
	if (rest == NULL)
		return error_set(err, ERROR_CONFIG,
				 "'%s' must begin with https:// (or http://)", url);
	size_t authority = strcspn(rest, "/?#");
	if (memchr(rest, '@', authority) != NULL)
		return error_set(err, ERROR_CONFIG,
				 "credentials do not belong in an address; they are "
				 "named by file");
	if (strpbrk(rest + authority, "?#@") != NULL)
		return error_set(err, ERROR_CONFIG,
				 "the address has a '?', '#' or '@', but others begin "
				 "with it");
	if (strlen(url) > WEB_BYTES)
		return error_set(err, ERROR_CONFIG, "the address is over %d bytes long",
				 WEB_BYTES);
	if (strstr(rest, "//") != NULL || strstr(rest, "/./") != NULL ||
	    strstr(rest, "/../") != NULL || text_ends_with(rest, "/..") ||
	    text_ends_with(rest, "/."))
		return error_set(err, ERROR_CONFIG,
				 "the path of '%s' has an empty, '.' or '..' "
				 "component",
				 url);
	return check_authority(rest, authority, false, err);
}

static bool is_full_component(const char *component, size_t length)
{
	static const char letters[] = LOWER UPPER DIGITS "._-~";
	if (length == 0 || strspn(component, letters) < length)
		return false;
	return !(component[0] == '.' &&
		 (length == 1 || (length == 2 && component[1] == '.')));
}

int name_check_full(const char *name, size_t minimum, size_t maximum, struct error *err)
{
	size_t count = 0;
	bool good = true;
	for (const char *at = name; good; count++) {
		size_t length = strcspn(at, "/");
		good = is_full_component(at, length);
		if (at[length] == '\0')
			break;
		at += length + 1;
	}
	count++;
	if (!good || strlen(name) > FULL_NAME_BYTES)
		return error_set(err, ERROR_CONFIG,
				 "'%s' cannot be the full name of a repository: use up "
				 "to %d of letters, digits, '.', '_', '-' and '~', "
				 "with single slashes between",
				 name, FULL_NAME_BYTES);
	if (text_ends_with(name, ".git"))
		return error_set(err, ERROR_CONFIG,
				 "'%s' ends like an address; the full name is '%.*s'",
				 name, (int)(strlen(name) - 4), name);
	if (count < minimum || count > maximum)
		return error_set(err, ERROR_CONFIG,
				 "'%s' has %zu parts instead of %s %zu", name, count,
				 count < minimum && maximum > minimum ? "at least"
				 : maximum > minimum                  ? "at most"
								      : "exactly",
				 count < minimum ? minimum : maximum);
	return 0;
}

/* Appends the components of `from` that mean something. */
static char *add_components(char *at, const char *from)
{
	while (*from != '\0') {
		size_t length = strcspn(from, "/");
		if (length != 0 && !(length == 1 && from[0] == '.')) {
			*at++ = '/';
			memcpy(at, from, length);
			at += length;
		}
		from += length;
		from += strspn(from, "/");
	}
	return at;
}

int name_path(struct arena *arena, const char *directory, const char *written,
	      const char **out, struct error *err)
{
	if (has_control(written))
		return error_set(err, ERROR_CONFIG,
				 "a file name must not hold control characters");
	if (strstr(written, "://") != NULL)
		return error_set(err, ERROR_CONFIG,
				 "'%s' is an address; a file name is needed", written);
	if (directory == NULL) {
		*out = written;
		return 0;
	}
	char *path = arena_alloc(arena, strlen(directory) + strlen(written) + 4);
	if (path == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	char *at = written[0] == '/' ? path : add_components(path, directory);
	at = add_components(at, written);
	if (at == path)
		*at++ = '/';
	*at = '\0';
	*out = path;
	return 0;
}

bool name_path_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	if (strcmp(directory, "/") == 0)
		return true;
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

uint16_t name_url_port(const char *url)
{
	static const struct {
		const char *prefix;
		uint16_t port;
	} schemes[] = { { "https://", 443 }, { "http://", 80 }, { "ssh://", 22 } };
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		uint64_t port = 0;
		char digits[8] = "";
		if (!text_starts_with(url, schemes[i].prefix))
			continue;
		const char *host = url + strlen(schemes[i].prefix);
		size_t length = strcspn(host, "/?#");
		const char *colon = memrchr(host, ':', length);
		size_t behind = colon == NULL ? 0 : length - (size_t)(colon + 1 - host);
		if (behind > 0 && behind < sizeof(digits))
			memcpy(digits, colon + 1, behind);
		/* the end of an address of IPv6 is no number: it has a ']' */
		return text_parse_u64(digits, &port) == 0 && port <= UINT16_MAX
			       ? (uint16_t)port
			       : schemes[i].port;
	}
	return 0;
}
