#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mta.h"

static const char *const methods[RESULTS] = { "dmarc", "spf", "dkim" };
/* Of several words for one method the first of these is the result. */
static const char *const words[] = {
	"pass", "fail", "softfail", "policy", "neutral", "permerror", "temperror", "none",
};
#define PLACE "XXXXXXX"
enum { PLACE_OCTETS = sizeof(PLACE) - 1 };
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static void *room_for(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room == 0 ? 64 : *room * 2;
	list = realloc(list, *room * size);
	if (list == NULL)
		err(EX_OSERR, "memory");
	return list;
}

void draft_begin(struct draft *draft, const struct mail *mail)
{
	while (draft->room < mail->field_count + 1)
		draft->fields = room_for(draft->fields, draft->room, &draft->room,
					 sizeof(*draft->fields));
	memcpy(draft->fields, mail->fields, mail->field_count * sizeof(*draft->fields));
	draft->field_count = mail->field_count;
	draft->mail = mail;
	draft->quarantined = false;
	draft->changes = 0;
	memset(draft->results, 0, sizeof(draft->results));
}

void draft_end(struct draft *draft)
{
	while (draft->owned_count > 0)
		free(draft->owned[--draft->owned_count]);
}

static void own(struct draft *draft, void *memory)
{
	if (memory == NULL)
		err(EX_OSERR, "memory");
	draft->owned = room_for(draft->owned, draft->owned_count, &draft->owned_room,
				sizeof(*draft->owned));
	draft->owned[draft->owned_count++] = memory;
}

static const char *numbered(struct draft *draft, const char *text, size_t octets,
			    unsigned long number)
{
	char *copy = strndup(text, octets), digits[PLACE_OCTETS + 1];

	own(draft, copy);
	snprintf(digits, sizeof(digits), "%07lu", number % 10000000);
	for (char *at = copy; (at = strstr(at, PLACE)) != NULL;)
		memcpy(at, digits, PLACE_OCTETS);
	return copy;
}

const struct mail *draft_number(struct draft *draft, unsigned long number)
{
	draft->numbered = *draft->mail;
	draft->mail = &draft->numbered;
	draft->numbered.sender = numbered(draft, draft->numbered.sender,
					  strlen(draft->numbered.sender), number);
	for (size_t i = 0; i < draft->field_count; i++) {
		struct field *field = &draft->fields[i];

		if (field->name_octets == 4 && strncasecmp(field->name, "From", 4) == 0)
			field->value = numbered(draft, field->value, field->value_octets, number);
	}
	return draft->mail;
}

/* Comments and quoted strings of RFC 8601 become blanks. */
static void blank_comments(char *text)
{
	int depth = 0;
	bool quoted = false;

	for (char *p = text; *p != '\0'; p++) {
		char c = *p;

		if (c == '\\' && (quoted || depth > 0) && p[1] != '\0')
			*p++ = ' ';
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (!quoted && depth == 0)
			continue;
		*p = ' ';
	}
}

static int word_rank(const char *text, size_t octets)
{
	for (int i = 0; i < WORDS; i++)
		if (strlen(words[i]) == octets && strncasecmp(words[i], text, octets) == 0)
			return i;
	return -1;
}

static void note_result(struct draft *draft, int method, int rank)
{
	const char *old = draft->results[method];

	if (rank >= 0 && (old == NULL || word_rank(old, strlen(old)) > rank))
		draft->results[method] = words[rank];
}

/* "method = result" at the beginning of one of the parts between semicolons. */
static void read_result(struct draft *draft, const char *part)
{
	part += strspn(part, " \t\r\n");
	for (int i = 0; i < RESULTS; i++) {
		size_t octets = strlen(methods[i]);
		const char *p = part + octets;

		if (strncasecmp(part, methods[i], octets) != 0)
			continue;
		p += strspn(p, " \t\r\n");
		if (*p != '=')
			continue;
		p++;
		p += strspn(p, " \t\r\n");
		note_result(draft, i, word_rank(p, strcspn(p, "; \t\r\n")));
	}
}

static void read_results(struct draft *draft, const char *value)
{
	char *copy = strdup(value), *rest = copy, *part;

	if (copy == NULL)
		err(EX_OSERR, "memory");
	blank_comments(copy);
	while ((part = strsep(&rest, ";")) != NULL)
		read_result(draft, part);
	free(copy);
}

/* Two NUL-ended strings, copied; the draft owns them. */
static bool two_strings(struct draft *draft, const char *data, size_t octets, struct field *field_r)
{
	const char *end = memchr(data, '\0', octets);
	size_t name = end == NULL ? 0 : (size_t)(end - data), value;
	char *copy;

	if (end == NULL || octets < name + 2 || data[octets - 1] != '\0')
		return false;
	value = strlen(data + name + 1);
	copy = malloc(octets);
	own(draft, copy);
	memcpy(copy, data, octets);
	*field_r = (struct field){
		.name = copy, .name_octets = name, .value = copy + name + 1, .value_octets = value,
	};
	return true;
}

static void insert_field(struct draft *draft, size_t at, const struct field *field)
{
	draft->fields = room_for(draft->fields, draft->field_count, &draft->room,
				 sizeof(*draft->fields));
	if (at > draft->field_count)
		at = draft->field_count;
	memmove(draft->fields + at + 1, draft->fields + at,
		(draft->field_count - at) * sizeof(*draft->fields));
	draft->fields[at] = *field;
	draft->field_count++;
	if (strcasecmp(field->name, "Authentication-Results") == 0)
		read_results(draft, field->value);
}

/* The n-th field of the name, from 1; an empty value deletes it. Deleted ones
 * are not counted any more, as in Postfix. */
static void change_field(struct draft *draft, size_t n, const struct field *field)
{
	for (size_t i = 0; i < draft->field_count; i++) {
		struct field *old = &draft->fields[i];

		if (old->name == NULL || old->name_octets != field->name_octets ||
		    strncasecmp(old->name, field->name, field->name_octets) != 0 || --n > 0)
			continue;
		if (field->value_octets > 0)
			*old = *field;
		else
			old->name = NULL;
		return;
	}
}

bool draft_change(struct draft *draft, char command, const char *data, size_t octets)
{
	struct field field;
	uint32_t index;

	draft->changes++;
	if (command == 'q')
		draft->quarantined = true;
	if (command == 'h') {
		if (!two_strings(draft, data, octets, &field))
			return false;
		insert_field(draft, draft->field_count, &field);
	} else if (command == 'i' || command == 'm') {
		if (octets < 4 || !two_strings(draft, data + 4, octets - 4, &field))
			return false;
		memcpy(&index, data, sizeof(index));
		if (command == 'i')
			insert_field(draft, ntohl(index), &field);
		else
			change_field(draft, ntohl(index), &field);
	} else {
		return strchr("q+-2be", command) != NULL;
	}
	return true;
}
