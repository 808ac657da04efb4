#include "tally.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void times_room(struct times *times, size_t more)
{
	if (times->room - times->count >= more)
		return;
	times->room = (times->count + more) * 2;
	times->us = realloc(times->us, times->room * sizeof(*times->us));
	if (times->us == NULL)
		err(EX_OSERR, "memory");
}

void tally_time(struct times *times, uint64_t us)
{
	times_room(times, 1);
	times->us[times->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

void tally_fail(struct tally *tally, const char *format, ...)
{
	va_list arguments;

	tally->failures++;
	if (tally->example_count == TALLY_EXAMPLES)
		return;
	va_start(arguments, format);
	if (vasprintf(&tally->examples[tally->example_count++], format, arguments) < 0)
		err(EX_OSERR, "memory");
	va_end(arguments);
}

static void times_add(struct times *sum, struct times *part)
{
	if (part->count > 0) {
		times_room(sum, part->count);
		memcpy(sum->us + sum->count, part->us, part->count * sizeof(*part->us));
		sum->count += part->count;
	}
	free(part->us);
}

void tally_free(struct tally *tally)
{
	free(tally->whole.us);
	free(tally->end.us);
	for (size_t i = 0; i < tally->example_count; i++)
		free(tally->examples[i]);
}

void tally_add(struct tally *sum, struct tally *part)
{
	times_add(&sum->whole, &part->whole);
	times_add(&sum->end, &part->end);
	for (int i = 0; i < MTA_ANSWERS; i++)
		sum->answers[i] += part->answers[i];
	sum->wrong += part->wrong;
	sum->quarantined += part->quarantined;
	sum->changes += part->changes;
	sum->failures += part->failures;
	for (size_t i = 0; i < part->example_count; i++)
		if (sum->example_count < TALLY_EXAMPLES)
			sum->examples[sum->example_count++] = part->examples[i];
		else
			free(part->examples[i]);
	*part = (struct tally){ 0 };
}

uint64_t tally_messages(const struct tally *tally)
{
	uint64_t sum = 0;

	for (int i = 0; i < MTA_ANSWERS; i++)
		sum += tally->answers[i];
	return sum;
}

static int order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorted times; `share` of them are at most this, in milliseconds. */
static double share_ms(const struct times *times, double share)
{
	size_t rank = (size_t)(share * (double)times->count);

	if (times->count == 0)
		return 0;
	return times->us[rank < times->count ? rank : times->count - 1] / 1000.0;
}

static void print_times(struct times *times, const char *name, bool json, FILE *out)
{
	double p50, p95, p99, max;

	if (times->count > 0)
		qsort(times->us, times->count, sizeof(*times->us), order);
	p50 = share_ms(times, 0.5);
	p95 = share_ms(times, 0.95);
	p99 = share_ms(times, 0.99);
	max = share_ms(times, 1);
	if (json)
		fprintf(out, " \"%s_ms\": {\"count\": %zu, \"p50\": %.3f, \"p95\": %.3f, "
			"\"p99\": %.3f, \"max\": %.3f},\n", name, times->count, p50, p95, p99, max);
	else
		fprintf(out, "%-14s p50 %.2f ms, p95 %.2f, p99 %.2f, max %.2f (%zu)\n", name,
			p50, p95, p99, max, times->count);
}

static void print_json_text(const char *text, FILE *out)
{
	putc('"', out);
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			putc(*text, out);
	putc('"', out);
}

static void print_json(const struct tally *tally, const struct report *report, FILE *out)
{
	fprintf(out, " \"answers\": {");
	for (int i = 0; i < MTA_ANSWERS; i++)
		fprintf(out, "%s\"%s\": %llu", i == 0 ? "" : ", ", mta_answer_names[i],
			(unsigned long long)tally->answers[i]);
	fprintf(out, "},\n \"wrong\": %llu, \"quarantined\": %llu, \"changes\": %llu, "
		"\"idle_lost\": %u, \"failures\": %llu,\n \"examples\": [",
		(unsigned long long)tally->wrong, (unsigned long long)tally->quarantined,
		(unsigned long long)tally->changes, report->idle_lost,
		(unsigned long long)tally->failures);
	for (size_t i = 0; i < tally->example_count; i++) {
		fprintf(out, i == 0 ? "\n  " : ",\n  ");
		print_json_text(tally->examples[i], out);
	}
	fprintf(out, "]}\n");
}

static void print_text(const struct tally *tally, const struct report *report, FILE *out)
{
	fprintf(out, "%-14s", "answers");
	for (int i = 0; i < MTA_ANSWERS; i++)
		if (tally->answers[i] > 0)
			fprintf(out, " %s %llu", mta_answer_names[i],
				(unsigned long long)tally->answers[i]);
	fprintf(out, "\n%-14s %llu wrong results, %llu quarantined, %u idle connections lost\n", "",
		(unsigned long long)tally->wrong, (unsigned long long)tally->quarantined,
		report->idle_lost);
	fprintf(out, "%-14s %llu\n", "failures", (unsigned long long)tally->failures);
	for (size_t i = 0; i < tally->example_count; i++)
		fprintf(out, "  %s\n", tally->examples[i]);
}

void tally_print(struct tally *tally, const struct report *report, bool json, FILE *out)
{
	unsigned long long messages = tally_messages(tally);
	double rate = report->seconds > 0 ? (double)messages / report->seconds : 0;

	if (json)
		fprintf(out, "{\"messages\": %llu, \"seconds\": %.4f, \"per_second\": %.1f, "
			"\"connections\": %u,\n", messages, report->seconds, rate,
			report->connections);
	else
		fprintf(out, "%-14s %llu in %.2f s, %.1f a second, %u connections\n", "messages",
			messages, report->seconds, rate, report->connections);
	print_times(&tally->whole, "message", json, out);
	print_times(&tally->end, "end", json, out);
	if (json)
		print_json(tally, report, out);
	else
		print_text(tally, report, out);
}
