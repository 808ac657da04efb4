/* what_if_tables.h - the tables of what-if's page. On a narrow page each cell stands on a
 * line of its own, with the column's name from its data-of.
 */
#ifndef TOOLS_WHAT_IF_TABLES_H
#define TOOLS_WHAT_IF_TABLES_H

#include "what_if_chart.h"

void what_if_tables_flow(FILE *out, const struct what_if_flow *flow);
void what_if_tables_matrix(FILE *out, const struct what_if_report *report);
void what_if_tables_networks(FILE *out, const struct what_if_report *report);
void what_if_tables_authors(FILE *out, const struct what_if_report *report);
void what_if_tables_forwarders(FILE *out, const struct what_if_report *report);
void what_if_tables_forged(FILE *out, const struct what_if_report *report);
void what_if_tables_settings(FILE *out, const struct what_if_report *report);
void what_if_tables_days(FILE *out, const struct what_if_bars *bars);

#endif
