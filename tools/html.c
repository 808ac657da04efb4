#include "html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/slice.h"

/* ---- text ---- */

/* Well-formed UTF-8 of `len` octets. */
static uint32_t character(const char *data, size_t len)
{
	static const unsigned char masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t c = (unsigned char)data[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)data[i] & 0x3F);
	return c;
}

/* Not seen, or not seen where it stands; or no character of XML. */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1F }, { 0x7F, 0x9F },         /* controls */
		{ 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x61C, 0x61C }, { 0x115F, 0x1160 },
		{ 0x17B4, 0x17B5 }, { 0x180B, 0x180F },
		{ 0x200B, 0x200F }, { 0x2028, 0x202E }, /* no width; direction */
		{ 0x2060, 0x206F }, { 0x3164, 0x3164 }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF },
		{ 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFFB }, { 0xE0000, 0xE0FFF },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return (c & 0xFFFE) == 0xFFFE;          /* noncharacters */
}

static void put_octets(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, "\\x%02X", (unsigned char)data[i]);
}

static bool put_reference(FILE *out, char c)
{
	static const struct {
		char c;
		const char *reference;
	} rows[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c == rows[i].c) {
			fputs(rows[i].reference, out);
			return true;
		}
	return false;
}

static void put_character(FILE *out, const char *data, size_t len, bool is_code)
{
	char c = data[0];

	if (is_code && (c == '\n' || c == '\t'))
		fputc(c, out);
	else if (is_hidden(character(data, len)))
		put_octets(out, data, len);
	else if (c == '\\' && !is_code)
		fputs("\\\\", out);
	else if (!put_reference(out, c))
		fwrite(data, 1, len, out);
}

static void put_escaped(FILE *out, struct slice text, bool is_code)
{
	while (text.len > 0) {
		size_t len = slice_utf8_octets(text);

		if (len > 0) {
			put_character(out, text.data, len, is_code);
		} else {
			len = 1;
			put_octets(out, text.data, len);
		}
		text = slice_from(text, len);
	}
}

void html_text(FILE *out, const char *text)
{
	put_escaped(out, slice_of(text != NULL && *text != '\0' ? text : "-"), false);
}

void html_code(FILE *out, const char *text)
{
	put_escaped(out, slice_of(text), true);
}

void html_put_text(FILE *out, const char *before, const char *text, const char *behind)
{
	fputs(before, out);
	html_text(out, text);
	fputs(behind, out);
}

/* ---- numbers ---- */

void html_number(FILE *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			fputc(',', out);
		fputc(digits[i], out);
	}
}

void html_put_number(FILE *out, const char *before, uint64_t n, const char *behind)
{
	fputs(before, out);
	html_number(out, n);
	fputs(behind, out);
}

void html_plural(FILE *out, uint64_t n, const char *one, const char *many)
{
	html_number(out, n);
	fprintf(out, " %s", n == 1 ? one : many);
}

void html_share(FILE *out, uint64_t n, uint64_t of)
{
	double percent = of > 0 ? 100.0 * (double)n / (double)of : 0;

	if (n > 0 && percent < 0.1)
		fputs("under 0.1 %", out);
	else if (n < of && percent > 99.9)
		fputs("over 99.9 %", out);
	else
		fprintf(out, "%.*f %%", percent < 10 && n > 0 ? 1 : 0, percent);
}

void html_day(FILE *out, int64_t utc_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(utc_ms, text);
	fprintf(out, "%.*s", (int)strcspn(text, "T"), text);
}
