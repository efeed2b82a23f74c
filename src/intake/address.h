/* intake/address.h - addresses of clients, networks, and how many connections each
 * address has.
 *
 * An IPv4 address that came in IPv6's clothes (::ffff:192.0.2.1) is an IPv4 address.
 * Whoever has one IPv6 address mostly has all of a /64: these count as one. */
#ifndef INTAKE_ADDRESS_H
#define INTAKE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct error;

struct address {
	sa_family_t family; /* AF_INET, AF_INET6; 0: none, a unix socket */
	unsigned char bytes[16];
};

struct network {
	struct address address;
	unsigned int bits;
};

struct address address_of_socket(const struct sockaddr *socket);
/* Exactly an address, perhaps in brackets or with a port behind ("[::1]:80",
 * "192.0.2.1:80"). false: it is none. */
bool address_parse(const char *text, size_t length, struct address *out);
/* "192.0.2.1", "2001:db8::1", "local". Returns `out`. */
const char *address_text(const struct address *address, char out[INET6_ADDRSTRLEN]);

/* "10.0.0.0/8", "::1". ERROR_CONFIG: it is none, or has bits beyond its length. */
int network_parse(const char *text, struct network *out, struct error *err);
bool network_holds(const struct network *network, const struct address *address);

/* How many are there of each address. Zeroed: nobody. */
struct crowd_member;
struct crowd {
	struct crowd_member **buckets;
};
/* One more of this address. false: there are `maximum` already, or memory is out. Who
 * has no address is not counted. */
bool crowd_enter(struct crowd *crowd, const struct address *address, uint64_t maximum);
uint64_t crowd_count(const struct crowd *crowd, const struct address *address);
void crowd_leave(struct crowd *crowd, const struct address *address);
void crowd_release(struct crowd *crowd);

#endif
