/* The files of a journal, as text. The input: the name of a file, a line of flags and a
 * number, then its text. Lines are those of the plainest of readers, from the start and
 * from behind each of them, whether the file is compressed or not; one that is
 * damaged ends somewhere; a name is read as it is made. What the store packs comes back,
 * and what it has not packed is refused within its bound. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "store/journal_files.h"
#include "store/journal_lines.h"
#include "store/packer.h"

enum { FILE_FD = 102, BLOCK = 65536, TEXT_OCTETS = BLOCK + BLOCK / 8 };
#define DIRECTORY "/proc/self/fd"
#define NAME "102"

static void put_file(struct slice text)
{
	if (lseek(FILE_FD, 0, SEEK_CUR) < 0) {
		int made = memfd_create("journal", MFD_CLOEXEC);

		FUZZ_NEED(made >= 0 && dup2(made, FILE_FD) == FILE_FD);
		close(made);
	}
	FUZZ_NEED(ftruncate(FILE_FD, 0) == 0);
	FUZZ_NEED(pwrite(FILE_FD, text.data, text.len, 0) == (ssize_t)text.len);
}

static void put_compressed(struct slice text)
{
	gzFile out;

	put_file(slice_new("", 0));
	out = gzopen(DIRECTORY "/" NAME, "wb1");
	FUZZ_NEED(out != NULL);
	FUZZ_NEED(text.len == 0 || gzwrite(out, text.data, (unsigned)text.len) == (int)text.len);
	FUZZ_NEED(gzclose(out) == Z_OK);
}

static void damage(uint64_t number)
{
	off_t end = lseek(FILE_FD, 0, SEEK_END), at = (off_t)(number % (uint64_t)(end > 0 ? end : 1));
	unsigned char octet = 0;

	FUZZ_NEED(pread(FILE_FD, &octet, 1, at) >= 0);
	octet ^= (unsigned char)(1u << number % 8);
	FUZZ_NEED(pwrite(FILE_FD, &octet, 1, at) == 1);
	if (number % 3 == 0)
		FUZZ_NEED(ftruncate(FILE_FD, end - end / 4) == 0);
}

/* Each whole line behind `octets`, and no other. */
static void check_from(struct slice text, uint64_t octets, bool ends_line)
{
	struct journal_lines *lines = journal_lines_open(DIRECTORY, NAME);
	struct slice rest = slice_from(text, ends_line ? (size_t)octets : 0), line, wanted;
	bool more = true;

	FUZZ_NEED(lines != NULL && strcmp(journal_lines_name(lines), NAME) == 0);
	FUZZ_NEED(journal_lines_seek(lines, octets) == ends_line);
	while (more) {
		more = slice_find(rest, '\n') < rest.len;
		FUZZ_NEED(journal_lines_octets(lines) == text.len - rest.len);
		FUZZ_NEED(journal_lines_next(lines, &line) == (more ? JOURNAL_LINE : JOURNAL_END));
		if (more)
			FUZZ_NEED(slice_split(&rest, '\n', &wanted) && slice_equal(line, wanted));
	}
	journal_lines_close(lines);
}

/* From the start, and from what may be a place behind a line. */
static void check_lines(struct slice text, uint64_t number)
{
	uint64_t octets = number % (text.len + 2);

	check_from(text, 0, true);
	check_from(text, octets, octets == 0 || (octets <= text.len && text.data[octets - 1] == '\n'));
}

/* No promise but an end, and lines within their bound. */
static void check_damaged(void)
{
	struct journal_lines *lines = journal_lines_open(DIRECTORY, NAME);
	enum journal_read_state state;
	struct slice line;
	uint64_t at = 0;

	FUZZ_NEED(lines != NULL);
	while ((state = journal_lines_next(lines, &line)) == JOURNAL_LINE || state == JOURNAL_TOO_LONG) {
		FUZZ_NEED(journal_lines_octets(lines) > at);
		at = journal_lines_octets(lines);
		FUZZ_NEED(line.len <= 4 * (size_t)LIMIT_JOURNAL_LINE && slice_find(line, '\n') == line.len);
	}
	FUZZ_NEED(state == JOURNAL_END || state == JOURNAL_DAMAGED);
	journal_lines_close(lines);
}

static bool looks_compressed(struct slice text)
{
	return text.len > 0 && text.data[0] == '\x1f';
}

/* The text again and again, over the reader's blocks. */
static struct slice repeat(struct buf *out, struct slice text)
{
	while (text.len > 0 && out->len + text.len <= TEXT_OCTETS)
		buf_add_slice(out, text);
	return buf_slice(out);
}

static void check_file(struct slice flags, struct slice text)
{
	struct slice rest = flags, word;
	uint64_t number = 0, size = 0;
	struct buf longer;

	slice_split(&rest, ' ', &word);
	if (rest.data == NULL || !slice_number(rest, UINT32_MAX, &number))
		number = flags.len;
	buf_init(&longer, TEXT_OCTETS);
	if (slice_find(word, 'r') < word.len)
		text = repeat(&longer, text);
	put_file(text);
	FUZZ_NEED(journal_lines_size(DIRECTORY, NAME, &size) != 0);     /* a link */
	if (looks_compressed(text))
		check_damaged();
	else
		check_lines(text, number);
	if (slice_find(word, 'z') < word.len) {
		put_compressed(text);
		check_lines(text, number);
		damage(number);
		check_damaged();
	}
	buf_done(&longer);
}

static void check_name(struct arena *arena, const char *name)
{
	struct journal_file file, again;
	const char *made;

	if (!journal_file_parse(name, &file))
		return;
	FUZZ_NEED(name[0] != '.' && file.host.len < strlen(name) && file.host.data == name);
	made = journal_file_name(arena, fuzz_text(arena, file.host), file.day, file.number);
	FUZZ_NEED(journal_file_parse(made, &again) && !again.compressed);
	FUZZ_NEED(again.day == file.day && again.number == file.number);
	FUZZ_NEED(slice_equal(again.host, file.host));
}

static void check_packer(struct arena *arena, struct slice text)
{
	static struct packer *packer;
	struct slice packed;
	struct buf out;

	if (packer == NULL)
		packer = packer_new();
	packed = packer_pack(packer, arena, text);
	buf_init(&out, LIMIT_JOURNAL_LINE);
	FUZZ_NEED(packer_unpack(packer, packed, &out) == 0);
	FUZZ_NEED(slice_equal(buf_slice(&out), text));
	buf_reset(&out);
	FUZZ_NEED(packer_unpack(packer, slice_until(packed, packed.len - 1), &out) != 0);
	buf_reset(&out);
	packer_unpack(packer, text, &out);
	FUZZ_NEED(out.len <= LIMIT_JOURNAL_LINE);
	buf_done(&out);
}

void fuzz_lines(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size), name = fuzz_line(&rest), flags = fuzz_line(&rest);
	struct arena *arena = arena_new();

	check_name(arena, fuzz_text(arena, name));
	rest = rest.data != NULL ? slice_until(rest, LIMIT_JOURNAL_LINE) : slice_new("", 0);
	check_file(flags, rest);
	check_packer(arena, rest);
	arena_free(arena);
}
