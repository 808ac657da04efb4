#include "auth/bodyhash.h"

static void take(void *context, const char *data, size_t len)
{
	struct bodyform *form = context;

	for (struct bodyhash *h = form->hashes; h != NULL; h = h->next) {
		uint64_t room = h->limit - h->taken;
		size_t n = len < room ? len : (size_t)room;

		if (n > 0)
			crypto_hash_add(h->hash, data, n);
		h->taken += n;
	}
}

void bodyhashes_init(struct bodyhashes *bodies, struct arena *arena)
{
	bodies->arena = arena;
	bodies->forms = NULL;
	bodies->n = 0;
}

void bodyhashes_done(struct bodyhashes *bodies)
{
	for (struct bodyform *form = bodies->forms; form != NULL; form = form->next)
		for (struct bodyhash *h = form->hashes; h != NULL; h = h->next) {
			crypto_hash_free(h->hash);
			h->hash = NULL;
		}
	bodies->forms = NULL;
}

static struct bodyform *want_form(struct bodyhashes *bodies, enum canon method)
{
	struct bodyform *form = bodies->forms;

	while (form != NULL && form->canon.method != method)
		form = form->next;
	if (form == NULL) {
		form = ARENA_NEW(bodies->arena, struct bodyform);
		canon_body_init(&form->canon, method, take, form);
		form->next = bodies->forms;
		bodies->forms = form;
	}
	return form;
}

struct bodyhash *bodyhashes_want(struct bodyhashes *bodies, enum canon method, uint64_t limit,
				 const struct bodyform **form_r)
{
	struct bodyform *form = want_form(bodies, method);
	struct bodyhash *h = form->hashes;

	while (h != NULL && h->limit != limit)
		h = h->next;
	if (h == NULL) {
		h = ARENA_NEW(bodies->arena, struct bodyhash);
		h->hash = crypto_hash_new();
		h->limit = limit;
		h->next = form->hashes;
		form->hashes = h;
		bodies->n++;
	}
	*form_r = form;
	return h;
}

void bodyhashes_add(struct bodyhashes *bodies, const char *data, size_t len)
{
	for (struct bodyform *form = bodies->forms; form != NULL; form = form->next)
		canon_body_add(&form->canon, data, len);
}

void bodyhashes_end(struct bodyhashes *bodies)
{
	for (struct bodyform *form = bodies->forms; form != NULL; form = form->next) {
		canon_body_end(&form->canon);
		for (struct bodyhash *h = form->hashes; h != NULL; h = h->next)
			crypto_hash_end(h->hash, h->digest);
	}
}
