/* replay [TARGET FILE...]: runs the fuzz targets over their seeds and past findings, each
 * file whole and cut short, or one target over the given files. Any compiler will do.
 * A target ends the process where something does not hold; its name and the file's
 * are printed first. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* As many seeds as there are at least: a folder that is not found must not pass. */
static const struct target {
	const char *name;
	fuzz_target *run;
	unsigned seeds;
} targets[] = {
	{ "path", fuzz_path, 12 },
	{ "from", fuzz_from, 20 },
	{ "authres", fuzz_authres, 12 },
	{ "record", fuzz_record, 12 },
	{ "signature", fuzz_signature, 10 },
	{ "keyrecord", fuzz_keyrecord, 10 },
	{ "received", fuzz_received, 10 },
	{ "arc", fuzz_arc, 10 },
	{ "message", fuzz_message, 10 },
	{ "spf", fuzz_spf, 10 },
	{ "settings", fuzz_settings, 10 },
	{ "journal", fuzz_journal, 10 },
	{ "convert", fuzz_convert, 10 },
	{ "mailbox", fuzz_mailbox, 10 },
	{ "packet", fuzz_packet, 10 },
	{ "canon", fuzz_canon, 10 },
	{ "address", fuzz_address, 10 },
	{ "domain", fuzz_domain, 10 },
	{ "json", fuzz_json, 10 },
	{ "lines", fuzz_lines, 10 },
};
#define N_TARGETS (sizeof(targets) / sizeof(targets[0]))
enum { CUTS = 16, FILE_OCTETS = 1 << 20 };

static char now[512];                   /* target and file, for the signal's sake */

static void say_where(int number)
{
	ssize_t ignored = write(STDERR_FILENO, now, strlen(now));

	(void)ignored;
	signal(number, SIG_DFL);
	raise(number);
}

/* On a block of its own, so that sanitizers and valgrind see every overread. */
static void run(const struct target *target, const uint8_t *data, size_t size)
{
	uint8_t *copy = mem_alloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(copy, data, size);
	target->run(copy, size);
	free(copy);
}

static bool run_file(const struct target *target, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = mem_alloc(FILE_OCTETS);
	size_t size;

	if (file == NULL) {
		free(data);
		return false;
	}
	snprintf(now, sizeof(now), "while %s was given %s\n", target->name, path);
	size = fread(data, 1, FILE_OCTETS, file);
	fclose(file);
	run(target, data, size);
	for (size_t i = 0; i < CUTS && i < size; i++)
		run(target, data, size * i / CUTS);
	free(data);
	return true;
}

static unsigned run_folder(const struct target *target, const char *kind)
{
	char folder[256], path[512];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), TESTDIR "/fuzz/%s/%s", kind, target->name);
	dir = opendir(folder);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && run_file(target, path))
			n++;
	}
	closedir(dir);
	return n;
}

static bool run_target(const struct target *target)
{
	unsigned seeds = run_folder(target, "seeds"), findings = run_folder(target, "findings");

	printf("%s: %u seeds, %u past findings\n", target->name, seeds, findings);
	if (seeds >= target->seeds)
		return true;
	printf("%s: %u seeds are wanted\n", target->name, target->seeds);
	return false;
}

static int run_by_hand(const char *name, char **files)
{
	for (size_t i = 0; i < N_TARGETS; i++) {
		if (strcmp(targets[i].name, name) != 0)
			continue;
		for (; *files != NULL; files++)
			if (!run_file(&targets[i], *files)) {
				fprintf(stderr, "%s: %s\n", *files, strerror(errno));
				return EXIT_FAILURE;
			}
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "no target %s\n", name);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool whole = true;

	signal(SIGABRT, say_where);
	signal(SIGSEGV, say_where);
	if (argc > 1)
		return run_by_hand(argv[1], argv + 2);
	for (size_t i = 0; i < N_TARGETS; i++)
		whole = run_target(&targets[i]) && whole;
	return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
