/* intake/address.c - addresses of clients, networks, and who is there how often. */
#include "intake/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/text.h"

#define BUCKETS    4096
#define TEXT_BYTES (INET6_ADDRSTRLEN + 10) /* with brackets and a port */

static void unwrap_v4(struct address *address)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (address->family != AF_INET6 ||
	    memcmp(address->bytes, prefix, sizeof(prefix)) != 0)
		return;
	struct address v4 = { .family = AF_INET };
	memcpy(v4.bytes, address->bytes + sizeof(prefix), 4);
	*address = v4;
}

struct address address_of_socket(const struct sockaddr *socket)
{
	struct address address = { 0 };

	if (socket->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, socket, sizeof(v4));
		address.family = AF_INET;
		memcpy(address.bytes, &v4.sin_addr, 4);
	} else if (socket->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, socket, sizeof(v6));
		address.family = AF_INET6;
		memcpy(address.bytes, &v6.sin6_addr, 16);
		unwrap_v4(&address);
	}
	return address;
}

static bool is_port(const char *text)
{
	uint64_t port = 0;

	return text_parse_u64(text, &port) == 0 && port <= 65535;
}

bool address_parse(const char *text, size_t length, struct address *out)
{
	struct address address = { 0 };
	char copy[TEXT_BYTES];
	char *host = copy;

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	char *end = strchr(copy, ']');
	char *colon = strchr(copy, ':');
	if (*copy == '[' && end) {
		if (end[1] && (end[1] != ':' || !is_port(end + 2)))
			return false;
		*end = '\0';
		host++;
	} else if (colon && colon == strrchr(copy, ':')) {
		if (!is_port(colon + 1))
			return false;
		*colon = '\0';
	}
	address.family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(address.family, host, address.bytes) != 1)
		return false;
	unwrap_v4(&address);
	*out = address;
	return true;
}

const char *address_text(const struct address *address, char out[INET6_ADDRSTRLEN])
{
	if (!address->family ||
	    !inet_ntop(address->family, address->bytes, out, INET6_ADDRSTRLEN))
		memcpy(out, "local", sizeof("local"));
	return out;
}

/* --- networks --- */

static unsigned int bits_of(const struct address *address)
{
	return address->family == AF_INET ? 32 : 128;
}

static bool bit_at(const struct address *address, unsigned int bit)
{
	return address->bytes[bit / 8] & (0x80 >> bit % 8);
}

int network_parse(const char *text, struct network *out, struct error *err)
{
	struct network network = { .bits = 0 };
	size_t length = strcspn(text, "/");
	uint64_t bits = 0;

	bool good = address_parse(text, length, &network.address) &&
		    !memchr(text, '[', length);
	uint64_t maximum = good ? bits_of(&network.address) : 0;
	if (good && text[length])
		good = text_parse_u64(text + length + 1, &bits) == 0 && bits <= maximum;
	else
		bits = maximum;
	if (!good)
		return error_set(err, ERROR_CONFIG,
				 "'%s' is no address and no network: write 10.0.0.0/8 "
				 "or ::1",
				 text);
	network.bits = (unsigned int)bits;
	for (unsigned int bit = network.bits; bit < maximum; bit++)
		if (bit_at(&network.address, bit))
			return error_set(err, ERROR_CONFIG,
					 "network '%s' has bits behind its length",
					 text);
	*out = network;
	return 0;
}

bool network_holds(const struct network *network, const struct address *address)
{
	unsigned int whole = network->bits / 8, rest = network->bits % 8;

	if (address->family != network->address.family ||
	    memcmp(address->bytes, network->address.bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (address->bytes[whole] ^ network->address.bytes[whole]) >> (8 - rest) ==
		       0;
}

/* --- how many are there --- */

#define KEY_BYTES 9 /* family and four or eight bytes */

struct crowd_member {
	struct crowd_member *next;
	uint64_t count;
	unsigned char key[KEY_BYTES];
};

static struct crowd_member **find(const struct crowd *crowd,
				  const struct address *address,
				  unsigned char key[KEY_BYTES])
{
	memset(key, 0, KEY_BYTES);
	key[0] = address->family == AF_INET ? 4 : 6;
	memcpy(key + 1, address->bytes, KEY_BYTES - 1);
	struct crowd_member **at = &crowd->buckets[map_hash(key, KEY_BYTES) % BUCKETS];
	while (*at && memcmp((*at)->key, key, KEY_BYTES) != 0)
		at = &(*at)->next;
	return at;
}

bool crowd_enter(struct crowd *crowd, const struct address *address, uint64_t maximum)
{
	unsigned char key[KEY_BYTES];

	if (!address->family)
		return true;
	if (!crowd->buckets)
		crowd->buckets = calloc(BUCKETS, sizeof(struct crowd_member *));
	if (!crowd->buckets)
		return false;
	struct crowd_member **at = find(crowd, address, key);
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return false;
		memcpy((*at)->key, key, KEY_BYTES);
	}
	if ((*at)->count >= maximum)
		return false;
	(*at)->count++;
	return true;
}

uint64_t crowd_count(const struct crowd *crowd, const struct address *address)
{
	unsigned char key[KEY_BYTES];

	if (!address->family || !crowd->buckets)
		return 0;
	struct crowd_member *const *at = find(crowd, address, key);
	return *at ? (*at)->count : 0;
}

void crowd_leave(struct crowd *crowd, const struct address *address)
{
	unsigned char key[KEY_BYTES];

	if (!address->family || !crowd->buckets)
		return;
	struct crowd_member **at = find(crowd, address, key);
	struct crowd_member *member = *at;
	if (!member || --member->count > 0)
		return;
	*at = member->next;
	free(member);
}

void crowd_release(struct crowd *crowd)
{
	for (size_t i = 0; crowd->buckets && i < BUCKETS; i++)
		while (crowd->buckets[i]) {
			struct crowd_member *member = crowd->buckets[i];
			crowd->buckets[i] = member->next;
			free(member);
		}
	free(crowd->buckets);
	crowd->buckets = NULL;
}
