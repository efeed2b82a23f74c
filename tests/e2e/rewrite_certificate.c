/* tests/e2e/rewrite_certificate.c - stands between git push and git receive-pack and
 * changes the push certificate on its way: git push --receive-pack=rewrite_certificate.
 *
 * The certificate goes through the command in $REWRITE, standard input to standard
 * output; everything else passes as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKET_MAX 65520

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The whole of a packet with its length in front; 0: a flush packet, -1: the end. */
static int read_packet(char packet[PACKET_MAX + 1])
{
	char *end;
	if (fread(packet, 1, 4, stdin) != 4)
		return -1;
	packet[4] = '\0';
	size_t length = strtoul(packet, &end, 16);
	if (end != packet + 4 || length > PACKET_MAX)
		fail("packet");
	if (length < 4)
		return 0;
	if (fread(packet + 4, 1, length - 4, stdin) != length - 4)
		fail("packet");
	packet[length] = '\0';
	return (int)length;
}

static void write_all(FILE *out, const char *bytes, size_t length)
{
	if (fwrite(bytes, 1, length, out) != length)
		fail("write");
}

/* Line by line, as git does. */
static void send_certificate(FILE *out, FILE *certificate)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	while ((length = getline(&line, &size, certificate)) > 0) {
		fprintf(out, "%04zx", (size_t)length + 4);
		write_all(out, line, (size_t)length);
	}
	free(line);
}

/* Takes the certificate's lines, up to the packet that ends it. */
static void rewrite(FILE *out, char packet[PACKET_MAX + 1])
{
	FILE *before = tmpfile();
	FILE *after = tmpfile();
	int length;
	while ((length = read_packet(packet)) > 4 && strcmp(packet + 4, "push-cert-"
									"end\n") != 0)
		write_all(before, packet + 4, (size_t)length - 4);
	rewind(before);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fileno(before), 0);
		lseek(0, 0, SEEK_SET);
		dup2(fileno(after), 1);
		execl("/bin/sh", "sh", "-c", getenv("REWRITE"), (char *)NULL);
		_exit(127);
	}
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("$REWRITE");
	rewind(after);
	send_certificate(out, after);
	write_all(out, packet, (size_t)length);
	fclose(before);
	fclose(after);
}

static void pass_rest(FILE *out, char packet[PACKET_MAX + 1])
{
	size_t got;
	while ((got = fread(packet, 1, PACKET_MAX, stdin)) > 0) {
		write_all(out, packet, got);
		fflush(out);
	}
}

static void play(FILE *out)
{
	static char packet[PACKET_MAX + 1];
	int length = read_packet(packet);
	if (length > 0) {
		write_all(out, packet, (size_t)length);
		if (strcmp(packet + 4, "push-cert") == 0)
			rewrite(out, packet);
	} else if (length == 0) {
		write_all(out, "0000", 4);
	}
	pass_rest(out, packet);
}

int main(int argc, char **argv)
{
	int ends[2];
	if (argc != 2 || !getenv("REWRITE") || pipe(ends) != 0)
		fail("usage");
	setvbuf(stdin, NULL, _IONBF, 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[0], 0);
		close(ends[0]);
		close(ends[1]);
		execlp("git", "git", "receive-pack", argv[1], (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	FILE *out = fdopen(ends[1], "w");
	play(out);
	fclose(out);
	int status;
	if (waitpid(pid, &status, 0) != pid)
		fail("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
