/* tests/fuzz/fuzz_address.c - addresses as proxies and people write them: what is read
 * can be shown, and is read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intake/address.h"
#include "intake/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(const char *text, size_t length)
{
	char shown[INET6_ADDRSTRLEN];
	struct address address, again;

	if (!address_parse(text, length, &address))
		return;
	address_text(&address, shown);
	if (!address_parse(shown, strlen(shown), &again) ||
	    memcmp(&address, &again, sizeof(address)) != 0)
		abort();
}

static void check_network(const char *text, const struct address *inside)
{
	struct network network;

	if (network_parse(text, &network, NULL) != 0)
		return;
	if (!network_holds(&network, &network.address))
		abort();
	network_holds(&network, inside);
}

static void check_route(const char *text)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };
	char name[ROUTE_NAME_BYTES];
	const char *allow;

	uri_is_sound(text);
	for (size_t i = 0; i < 4; i++) {
		const struct route *route = route_find(text, methods[i], name, &allow);
		if (route && strlen(name) >= ROUTE_NAME_BYTES)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct address inside = { .family = AF_INET, .bytes = { 10, 1, 2, 3 } };

	memcpy(text, data, size);
	text[size] = '\0';
	check_address(text, size);
	check_network(text, &inside);
	check_route(text);
	free(text);
	return 0;
}
