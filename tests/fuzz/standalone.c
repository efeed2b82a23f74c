/* tests/fuzz/standalone.c - runs a fuzzer's seeds without libFuzzer, and prints TAP.
 *
 * Usage: fuzz_x [FILE|DIRECTORY...]; without any: seeds/x in the source directory. */
#ifdef WITH_FUZZER
typedef int standalone_is_not_needed; /* libFuzzer has its own main */
#else
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int number;

static void run_file(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(data, 1, sizeof(data), file) : 0;

	if (file)
		fclose(file);
	uint8_t *copy = malloc(size ? size : 1); /* exact: an overrun is seen */
	if (!file || !copy) {
		printf("not ok %u - %s cannot be read\n", ++number, path);
		free(copy);
		return;
	}
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	printf("ok %u - %s\n", ++number,
	       strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void run_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			run_file(name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* tests/fuzz/fuzz_x runs tests/fuzz/seeds/x. */
static void run_own_seeds(const char *program)
{
	const char *source = getenv("GITGATE_SOURCE");
	const char *name = strstr(program, "fuzz_");
	char path[4096];

	for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
		name = next;
	if (!source || !name)
		return;
	snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/%s", source,
		 name + strlen("fuzz_"));
	run_directory(path);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		run_own_seeds(argv[0]);
	for (int i = 1; i < argc; i++) {
		struct stat status;
		if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
			run_directory(argv[i]);
		else
			run_file(argv[i]);
	}
	printf("1..%u\n", number);
	return 0;
}
#endif
