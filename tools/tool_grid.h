/* tool_grid.h - rows of text in aligned columns, and numbers as people read them.
 * Cells are ASCII (tool_escape() what strangers wrote): octets are width.
 */
#ifndef TOOLS_TOOL_GRID_H
#define TOOLS_TOOL_GRID_H

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

#define TOOL_GRID_COLUMNS 10

struct tool_grid;
/* A letter per column: 'l' or 'r', the side that its cells stand on. In the arena. */
struct tool_grid *tool_grid_new(struct arena *arena, const char *sides);
/* One text per column, borrowed; NULL is an empty cell. */
void tool_grid_add(struct tool_grid *grid, const char *const cells[]);
/* A row given cell by cell. */
#define TOOL_GRID_ADD(grid, ...) tool_grid_add((grid), (const char *const[]){ __VA_ARGS__ })
/* Two blanks before each row and each further column, none at the end. */
void tool_grid_print(const struct tool_grid *grid, FILE *out);

const char *tool_grid_number(struct arena *arena, uint64_t n);                  /* "1,234,567" */
/* "12.3 %", "0.12 %", "under 0.01 %", "100 %" when it is all; "-" of nothing. */
const char *tool_grid_share(struct arena *arena, uint64_t part, uint64_t whole);
/* "####": `width` of them when part is the whole. */
const char *tool_grid_bar(struct arena *arena, uint64_t part, uint64_t whole, unsigned width);
const char *tool_grid_mean(struct arena *arena, uint64_t sum, uint64_t n);      /* "8.5"; "-" */

#endif
