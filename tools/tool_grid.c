#include "tool_grid.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct grid_row {
	const char *cells[TOOL_GRID_COLUMNS];
	struct grid_row *next;
};
struct tool_grid {
	struct arena *arena;
	const char *sides;
	unsigned n_columns;
	int widths[TOOL_GRID_COLUMNS];
	struct grid_row *first, **last;
};

struct tool_grid *tool_grid_new(struct arena *arena, const char *sides)
{
	struct tool_grid *grid = ARENA_NEW(arena, struct tool_grid);

	assert(strlen(sides) <= TOOL_GRID_COLUMNS);
	grid->arena = arena;
	grid->sides = sides;
	grid->n_columns = (unsigned)strlen(sides);
	grid->last = &grid->first;
	return grid;
}

void tool_grid_add(struct tool_grid *grid, const char *const cells[])
{
	struct grid_row *row = ARENA_NEW(grid->arena, struct grid_row);

	for (unsigned i = 0; i < grid->n_columns; i++) {
		row->cells[i] = cells[i] != NULL ? cells[i] : "";
		if ((int)strlen(row->cells[i]) > grid->widths[i])
			grid->widths[i] = (int)strlen(row->cells[i]);
	}
	*grid->last = row;
	grid->last = &row->next;
}

/* Blanks are owed until something follows them. */
static void print_row(const struct tool_grid *grid, const struct grid_row *row, FILE *out)
{
	int owed = 0;

	for (unsigned i = 0; i < grid->n_columns; i++) {
		int len = (int)strlen(row->cells[i]), room = grid->widths[i] - len;
		bool is_right = grid->sides[i] == 'r';

		owed += 2 + (is_right ? room : 0);
		if (len > 0) {
			fprintf(out, "%*s%s", owed, "", row->cells[i]);
			owed = 0;
		}
		owed += is_right ? 0 : room;
	}
	fputc('\n', out);
}

void tool_grid_print(const struct tool_grid *grid, FILE *out)
{
	for (const struct grid_row *row = grid->first; row != NULL; row = row->next)
		print_row(grid, row, out);
}

const char *tool_grid_number(struct arena *arena, uint64_t n)
{
	char digits[24], text[32];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	return arena_strndup(arena, text, at);
}

const char *tool_grid_share(struct arena *arena, uint64_t part, uint64_t whole)
{
	double share;

	if (whole == 0)
		return "-";
	if (part == 0)
		return "0 %";
	if (part == whole)
		return "100 %";
	share = 100.0 * (double)part / (double)whole;
	if (share < 0.01)
		return "under 0.01 %";
	if (share > 99.99)
		return "over 99.99 %";
	return arena_printf(arena, share < 1 || share > 99 ? "%.2f %%" : "%.1f %%", share);
}

const char *tool_grid_bar(struct arena *arena, uint64_t part, uint64_t whole, unsigned width)
{
	double length = whole > 0 ? (double)part / (double)whole * width : 0;
	size_t n = (size_t)(length < width ? length + 0.5 : width);
	char *bar = arena_alloc(arena, n + 1);

	memset(bar, '#', n);
	return bar;
}

const char *tool_grid_mean(struct arena *arena, uint64_t sum, uint64_t n)
{
	return n > 0 ? arena_printf(arena, "%.1f", (double)sum / (double)n) : "-";
}
