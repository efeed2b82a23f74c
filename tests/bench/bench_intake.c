/* tests/bench/bench_intake.c - a client for tests/bench/intake.sh: sends webhooks over
 * some connections and counts; beside them idle connections and slow ones.
 *
 * One thread, epoll. Each delivery has another body, so that none is merged with one
 * that waits. Prints "requests/s p50 p99 (microseconds) 2xx others failed". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"

#define BODY_BYTES   7700
#define ANSWER_BYTES 4096
#define LATENCIES    (4 << 20)
#define SOURCES      64 /* addresses 127.0.1.x: each has only so many ports */
#define SLOW_EVERY   (3 * CLOCK_SECOND / 10)

enum role { ACTIVE, IDLE, SLOW };

struct client {
	enum role role;
	int fd;
	int index;
	size_t sent;
	size_t length;
	int64_t began;
	size_t got;
	char answer[ANSWER_BYTES];
	char *request; /* ACTIVE */
};

static struct sockaddr_in server = { .sin_family = AF_INET };
static const char *path, *secret;
static bool is_signed;
static int poller;
static uint64_t counter;
static char body[BODY_BYTES + 1];
static uint32_t *latencies;
static size_t latency_count;
static uint64_t good, other, failed;
static bool measuring;

/* A push as forges tell of it: who and where, then its commits. */
static void make_body(void)
{
	static const char commit[] =
		"{\"id\":\"%040d\",\"tree_id\":\"%040d\",\"distinct\":true,"
		"\"message\":\"deploy: bring number %d to the shop\",\"timestamp\":"
		"\"2026-01-02T03:04:05+01:00\",\"url\":\"https://git.example.org/acme/"
		"bench/commit/%040d\",\"author\":{\"name\":\"Alice\",\"email\":"
		"\"alice@example.org\",\"username\":\"alice\"},\"committer\":{\"name\":"
		"\"Alice\",\"email\":\"alice@example.org\",\"username\":\"alice\"},"
		"\"added\":[],\"removed\":[],\"modified\":[\"deploy/web/app.yaml\"]},";
	size_t length = (size_t)snprintf(body, sizeof(body),
					 "{\"ref\":\"refs/heads/"
					 "main\",\"n\":%012d,\"before\":\"%040d\","
					 "\"after\":"
					 "\"%040d\",\"created\":false,\"deleted\":"
					 "false,\"forced\":false,"
					 "\"repository\":{\"id\":1,\"name\":\"bench\","
					 "\"full_name\":\"acme/bench\","
					 "\"private\":true},\"pusher\":{\"name\":"
					 "\"alice\",\"email\":"
					 "\"alice@example.org\"},\"commits\":[",
					 0, 1, 2);

	for (int i = 0; length + 600 < BODY_BYTES; i++)
		length += (size_t)snprintf(body + length, sizeof(body) - length, commit,
					   i, i, i, i);
	memset(body + length, 'x', BODY_BYTES - length);
	body[length] = '"';
	memcpy(body + BODY_BYTES - 3, "\"]}", 3);
}

/* The number's place, found once. */
static char *number_place(void)
{
	return strstr(body, "\"n\":") + 4;
}

static void make_request(struct client *client)
{
	char digits[16], hex[DIGEST_HEX_BYTES] = { 0 };
	unsigned char bytes[DIGEST_BYTES] = { 0 };

	/* JSON knows no leading zeros. */
	snprintf(digits, sizeof(digits), "%012llu",
		 (unsigned long long)(100000000000 + counter++ +
				      (uint64_t)getpid() * 10000000));
	memcpy(number_place(), digits, 12);
	if (is_signed)
		HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)body,
		     BODY_BYTES, bytes, NULL);
	hex_encode(bytes, sizeof(bytes), hex);
	int head = snprintf(client->request, 1024,
			    "POST %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: "
			    "GitHub-Hookshot/bench\r\nAccept: */*\r\nContent-Type: "
			    "application/json\r\nX-GitHub-Event: push\r\n"
			    "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-%012llu\r\n"
			    "X-GitHub-Hook-ID: 12345\r\nX-Hub-Signature-256: "
			    "sha256=%s\r\nContent-Length: %d\r\n\r\n",
			    path, (unsigned long long)counter, hex, BODY_BYTES);
	memcpy(client->request + head, body, BODY_BYTES);
	client->length = (size_t)head + BODY_BYTES;
	client->sent = 0;
	client->got = 0;
	client->began = clock_monotonic();
}

static void watch(struct client *client, uint32_t events, int operation)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	epoll_ctl(poller, operation, client->fd, &event);
}

static void open_client(struct client *client)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int on = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (client->fd < 0) {
		perror("socket");
		exit(1);
	}
	source.sin_addr.s_addr =
		htonl(0x7f000101U + (uint32_t)(client->index % SOURCES));
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(client->fd, (struct sockaddr *)&source, sizeof(source)) != 0 ||
	    (connect(client->fd, (struct sockaddr *)&server, sizeof(server)) != 0 &&
	     errno != EINPROGRESS))
		failed++;
	client->sent = 0;
	if (client->role == ACTIVE)
		make_request(client);
	watch(client, client->role == ACTIVE ? EPOLLIN | EPOLLOUT : EPOLLIN,
	      EPOLL_CTL_ADD);
}

static void open_again(struct client *client)
{
	close(client->fd);
	open_client(client);
}

/* 0: not whole yet. */
static size_t answer_length(const struct client *client)
{
	const char *end = strstr(client->answer, "\r\n\r\n");
	const char *length = strstr(client->answer, "ontent-Length: ");

	if (!end)
		return 0;
	size_t whole = (size_t)(end - client->answer) + 4 +
		       (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
	return client->got >= whole ? whole : 0;
}

static void count_answer(const struct client *client)
{
	int status = (int)strtol(client->answer + 9, NULL, 10);

	if (!measuring)
		return;
	if (status / 100 == 2)
		good++;
	else
		other++;
	if (latency_count < LATENCIES)
		latencies[latency_count++] =
			(uint32_t)(clock_monotonic() - client->began);
}

static void take(struct client *client)
{
	ssize_t got = recv(client->fd, client->answer + client->got,
			   ANSWER_BYTES - 1 - client->got, 0);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		if (client->role == ACTIVE)
			failed += measuring;
		open_again(client);
		return;
	}
	client->got += (size_t)got;
	client->answer[client->got] = '\0';
	if (client->role != ACTIVE) {
		client->got = 0;
		return;
	}
	if (!answer_length(client))
		return;
	count_answer(client);
	if (strstr(client->answer, "onnection: close")) {
		open_again(client);
		return;
	}
	make_request(client);
	watch(client, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

static void give(struct client *client)
{
	ssize_t sent = send(client->fd, client->request + client->sent,
			    client->length - client->sent, MSG_NOSIGNAL);
	if (sent > 0)
		client->sent += (size_t)sent;
	if (client->sent == client->length)
		watch(client, EPOLLIN, EPOLL_CTL_MOD);
}

/* A byte of a header now and then. */
static void drip(struct client *clients, int count)
{
	static const char start[] = "POST /hooks/bench HTTP/1.1\r\nHost: x\r\nA: ";

	for (int i = 0; i < count; i++) {
		struct client *client = &clients[i];
		if (client->role != SLOW)
			continue;
		char byte =
			client->sent < sizeof(start) - 1 ? start[client->sent] : 'a';
		if (send(client->fd, &byte, 1, MSG_NOSIGNAL) == 1)
			client->sent++;
	}
}

static void run(struct client *clients, int count, int64_t until)
{
	struct epoll_event events[512];
	int64_t next_drip = 0;

	while (clock_monotonic() < until) {
		int ready = epoll_wait(poller, events, 512, 50);
		for (int i = 0; i < ready; i++) {
			struct client *client = events[i].data.ptr;
			if (events[i].events & EPOLLOUT && client->role == ACTIVE &&
			    client->sent < client->length)
				give(client);
			if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				take(client);
		}
		if (clock_monotonic() >= next_drip) {
			drip(clients, count);
			next_drip = clock_monotonic() + SLOW_EVERY;
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

	return (one > two) - (one < two);
}

static int64_t argument(char **argv, int index)
{
	return strtoll(argv[index], NULL, 10);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 9) {
		fprintf(stderr, "usage: bench_intake PORT PATH SECRET|- ACTIVE IDLE "
				"SLOW WARM-UP-MS MEASURE-MS\n");
		return 2;
	}
	server.sin_port = htons((uint16_t)argument(argv, 1));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	path = argv[2];
	secret = argv[3];
	is_signed = strcmp(secret, "-") != 0;
	int active = (int)argument(argv, 4), idle = (int)argument(argv, 5);
	int count = active + idle + (int)argument(argv, 6);
	int64_t warm_up = argument(argv, 7) * 1000, measure = argument(argv, 8) * 1000;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	make_body();
	poller = epoll_create1(0);
	latencies = malloc(LATENCIES * sizeof(*latencies));
	struct client *clients = calloc((size_t)count, sizeof(*clients));
	for (int i = 0; i < count; i++) {
		clients[i].index = i;
		clients[i].role = i < active ? ACTIVE : i < active + idle ? IDLE : SLOW;
		if (i < active)
			clients[i].request = malloc(1024 + BODY_BYTES);
		open_client(&clients[i]);
		if (i % 200 ==
		    199) /* the others' queues for new connections are short */
			run(clients, i + 1, clock_monotonic() + 5000);
	}
	run(clients, count, clock_monotonic() + warm_up);
	measuring = true;
	int64_t began = clock_monotonic();
	run(clients, count, began + measure);
	double seconds = (double)(clock_monotonic() - began) / CLOCK_SECOND;
	qsort(latencies, latency_count, sizeof(*latencies), compare);
	printf("%.0f %u %u %llu %llu %llu\n", (double)(good + other) / seconds,
	       latency_count ? latencies[latency_count / 2] : 0,
	       latency_count ? latencies[latency_count * 99 / 100] : 0,
	       (unsigned long long)good, (unsigned long long)other,
	       (unsigned long long)failed);
	return 0;
}
