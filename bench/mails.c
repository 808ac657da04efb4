#include "mails.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { COLUMNS = 9 };

static void *grown(void *old, size_t octets)
{
	void *p = realloc(old, octets);

	if (p == NULL)
		err(EX_OSERR, "memory");
	return p;
}

/* The whole file with a NUL behind it. */
static char *file_read(const char *path, size_t *octets_r)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16, octets = 0, got;
	char *text = grown(NULL, room);

	if (file == NULL)
		err(EX_NOINPUT, "%s", path);
	while ((got = fread(text + octets, 1, room - octets - 1, file)) > 0) {
		octets += got;
		if (room - octets < 2)
			text = grown(text, room *= 2);
	}
	if (ferror(file))
		err(EX_IOERR, "%s", path);
	fclose(file);
	text[octets] = '\0';
	*octets_r = octets;
	return text;
}

/* Where the line ends, and the one behind it begins. */
static char *line_end(char *line, char *end, char **next_r)
{
	char *feed = memchr(line, '\n', (size_t)(end - line));

	if (feed == NULL) {
		*next_r = end;
		return end;
	}
	*next_r = feed + 1;
	return feed > line && feed[-1] == '\r' ? feed - 1 : feed;
}

static void add_field(struct mail *mail, char *line, char *end)
{
	char *colon = memchr(line, ':', (size_t)(end - line));

	if (colon == NULL)
		errx(EX_DATAERR, "%s: a line of the header without a colon", mail->file);
	if (mail->field_count % 32 == 0)
		mail->fields = grown(mail->fields, (mail->field_count + 32) * sizeof(*mail->fields));
	mail->fields[mail->field_count++] = (struct field){
		.name = line, .name_octets = (size_t)(colon - line),
		.value = colon + 1, .value_octets = (size_t)(end - colon - 1),
	};
}

/* A fold is kept as LF and the blank behind it; the text only moves to the left. */
static void continue_field(struct mail *mail, const char *line, const char *end)
{
	struct field *last = &mail->fields[mail->field_count - 1];
	char *at = (char *)last->value + last->value_octets;

	*at = '\n';
	memmove(at + 1, line, (size_t)(end - line));
	last->value_octets += 1 + (size_t)(end - line);
}

static char *split_header(struct mail *mail, char *text, char *end)
{
	char *next;

	for (char *line = text; line < end; line = next) {
		char *stop = line_end(line, end, &next);

		if (stop == line)
			return next;
		if ((*line == ' ' || *line == '\t') && mail->field_count > 0)
			continue_field(mail, line, stop);
		else
			add_field(mail, line, stop);
	}
	return end;
}

/* RFC 5321: what an MTA gives a milter has CRLF, whatever the file has. */
static void set_body(struct mail *mail, const char *text, const char *end)
{
	size_t octets = 0;
	char *out = grown(NULL, 2 * (size_t)(end - text) + 1);

	for (const char *p = text; p < end; p++) {
		if (*p == '\n' && (p == text || p[-1] != '\r'))
			out[octets++] = '\r';
		out[octets++] = *p;
	}
	mail->body = grown(out, octets + 1);
	mail->body_octets = octets;
}

static void mail_read(struct mail *mail, const char *folder)
{
	char path[4096];
	size_t octets;
	char *text, *body;

	snprintf(path, sizeof(path), "%s/%s", folder, mail->file);
	text = file_read(path, &octets);
	body = split_header(mail, text, text + octets);
	set_body(mail, body, text + octets);
}

/* One line of the index; false when there is none in it. */
static int split_line(char *line, char *columns[COLUMNS])
{
	int count = 0;

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	for (char *word; count < COLUMNS && (word = strsep(&line, "\t")) != NULL;)
		columns[count++] = word;
	if (count != COLUMNS || line != NULL)
		errx(EX_DATAERR, "index: a line has not %d columns", COLUMNS);
	return 1;
}

void mails_read(struct mails *mails, const char *folder)
{
	char path[4096], *text, *line, *columns[COLUMNS];
	size_t octets;

	snprintf(path, sizeof(path), "%s/index", folder);
	text = file_read(path, &octets);
	*mails = (struct mails){ 0 };
	while ((line = strsep(&text, "\n")) != NULL) {
		struct mail *mail;

		if (!split_line(line, columns))
			continue;
		if (mails->count % 256 == 0)
			mails->rows = grown(mails->rows, (mails->count + 256) * sizeof(*mails->rows));
		mail = &mails->rows[mails->count++];
		*mail = (struct mail){
			.file = columns[0], .client_name = columns[1], .address = columns[2],
			.helo = columns[3], .sender = columns[4], .recipient = columns[5],
			.wanted = { columns[6], columns[7], columns[8] },
		};
		mail_read(mail, folder);
	}
	if (mails->count == 0)
		errx(EX_DATAERR, "%s: no messages", path);
}
