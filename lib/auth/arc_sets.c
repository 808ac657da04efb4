#include "auth/arc_sets.h"

#include <string.h>

#include "base/buf.h"

static const struct {
	const char *field;
	const char *what;               /* for people */
} part_names[N_ARC_PARTS] = {
	[ARC_PART_RESULTS] = { "ARC-Authentication-Results", "authentication results" },
	[ARC_PART_MESSAGE] = { "ARC-Message-Signature", "message signature" },
	[ARC_PART_SEAL] = { "ARC-Seal", "seal" },
};

struct collecting {
	struct arena *arena;
	int64_t now_s;
	size_t octets;
	struct arc_sets *out;
};

static bool fail(struct collecting *c, const char *error)
{
	if (c->out->error == NULL)
		c->out->error = error;
	return false;
}

static bool fail_set(struct collecting *c, enum arc_part part, unsigned instance, const char *why)
{
	return fail(c, arena_printf(c->arena, "%s of set %u: %s", part_names[part].what, instance, why));
}

struct slice arc_sets_value(const struct field *field)
{
	return slice_from(field->text, slice_find(field->text, ':') + 1);
}

static bool find_part(struct slice name, enum arc_part *part_r)
{
	for (unsigned i = 0; i < N_ARC_PARTS; i++)
		if (slice_is_nocase(name, part_names[i].field)) {
			*part_r = (enum arc_part)i;
			return true;
		}
	return false;
}

/* --- collecting ------------------------------------------------------- */

/* A tag list that is broken may hold any instance. NULL: there is one. */
static const char *read_tags(struct collecting *c, enum arc_part part, struct slice value,
			     const struct signature **signature_r)
{
	const struct signature *signature =
		signature_parse(c->arena, part == ARC_PART_SEAL ? SIGNATURE_ARC_SEAL :
				SIGNATURE_ARC_MESSAGE, value, c->now_s);

	*signature_r = signature;
	return signature->broken || signature->instance == 0 ? signature->error : NULL;
}

static bool take_field(struct collecting *c, enum arc_part part, struct field *field)
{
	const struct signature *signature = NULL;
	const char *error = NULL;
	struct arc_parts *set;
	unsigned instance = 0;

	if (part != ARC_PART_RESULTS)
		error = read_tags(c, part, arc_sets_value(field), &signature);
	else if (!aar_instance(arc_sets_value(field), &instance))
		error = "no instance";
	if (error != NULL)
		return fail(c, arena_printf(c->arena, "%s: %s", part_names[part].field, error));
	if (signature != NULL)
		instance = signature->instance;
	set = &c->out->sets[instance - 1];
	if (set->fields[part] != NULL)
		return fail(c, arena_printf(c->arena, "set %u has two %s fields", instance,
					    part_names[part].field));
	set->fields[part] = field;
	if (part != ARC_PART_RESULTS)
		*(part == ARC_PART_SEAL ? &set->seal : &set->message) = signature;
	if (instance > c->out->n)
		c->out->n = instance;
	return true;
}

static bool take_fields(struct collecting *c, const struct fields *fields)
{
	for (struct field *field = fields->first; field != NULL; field = field->below) {
		enum arc_part part;

		if (!find_part(slice_until(field->text, field->name_len), &part))
			continue;
		c->out->any = true;
		c->octets += field->text.len;
		if (c->octets > LIMIT_ARC_OCTETS)
			return fail(c, "more than 1 MB of ARC fields");
		if (!take_field(c, part, field))
			return false;
	}
	return true;
}

/* Fields that came and are not here. */
static bool check_withheld(struct collecting *c, const struct fields *fields)
{
	for (unsigned i = 0; i < fields->n_withheld; i++) {
		enum arc_part part;

		if (!find_part(fields->withheld[i].name, &part))
			continue;
		c->out->any = true;
		return fail(c, arena_printf(c->arena, "%s: %s", part_names[part].field,
					    fields->withheld[i].reason));
	}
	return true;
}

/* --- the structure ---------------------------------------------------- */

static bool check_complete(struct collecting *c, unsigned instance)
{
	const struct arc_parts *set = &c->out->sets[instance - 1];

	for (unsigned part = 0; part < N_ARC_PARTS; part++)
		if (set->fields[part] == NULL)
			return fail(c, arena_printf(c->arena, "set %u has no %s", instance,
						    part_names[part].what));
	return true;
}

static bool check_cv(struct collecting *c, unsigned instance)
{
	const struct signature *seal = c->out->sets[instance - 1].seal;

	if (seal->cv == SEAL_CV_UNSET)
		return fail_set(c, ARC_PART_SEAL, instance, seal->error);
	if (instance == 1 && seal->cv != SEAL_CV_NONE)
		return fail_set(c, ARC_PART_SEAL, instance, "cv= is not none");
	if (instance > 1 && seal->cv != SEAL_CV_PASS)
		return fail_set(c, ARC_PART_SEAL, instance, "cv= is not pass");
	return true;
}

static bool check_structure(struct collecting *c, unsigned max_sets)
{
	const struct arc_sets *out = c->out;

	if (out->n > max_sets)
		return fail(c, arena_printf(c->arena, "more than %u sets", max_sets));
	if (out->sets[out->n - 1].seal != NULL && out->sets[out->n - 1].seal->cv == SEAL_CV_FAIL)
		return fail(c, arena_printf(c->arena, "set %u says that the chain failed", out->n));
	for (unsigned i = 1; i <= out->n; i++)
		if (!check_complete(c, i))
			return false;
	for (unsigned i = 1; i <= out->n; i++)
		if (!check_cv(c, i))
			return false;
	return true;
}

/* What can never verify; of the message signatures the newest must, and none
 * may cover a seal (RFC 8617 4.1.2). */
static void check_signatures(struct collecting *c)
{
	const struct arc_sets *out = c->out;

	for (unsigned i = out->n; i > 0; i--) {
		const struct arc_parts *set = &out->sets[i - 1];

		if (set->message->error != NULL &&
		    (i == out->n || signature_covers(set->message, SLICE("ARC-Seal"))))
			fail_set(c, ARC_PART_MESSAGE, i, set->message->error);
		if (set->seal->error != NULL)
			fail_set(c, ARC_PART_SEAL, i, set->seal->error);
	}
}

void arc_sets_collect(struct arena *arena, const struct fields *fields, unsigned max_sets,
		      int64_t now_s, struct arc_sets *out_r)
{
	struct collecting c = { .arena = arena, .now_s = now_s, .out = out_r };

	memset(out_r, 0, sizeof(*out_r));
	if (!take_fields(&c, fields) || !check_withheld(&c, fields) || !out_r->any)
		return;
	out_r->whole = check_structure(&c, max_sets);
	if (out_r->whole)
		check_signatures(&c);
}
