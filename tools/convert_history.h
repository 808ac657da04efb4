/* convert_history.h - the messages of a history file that opendmarc or Exim
 * wrote for reports: lines "KEY VALUE", each message begun by "job". Numbers mean what
 * they mean there (opendmarc-import(8) and the sources of both). Pure.
 *
 * What the file does not tell stays unset, and evidence.from_history says that
 * it does. Organizational Domains are not told either, only what was aligned: that is
 * what is set, so that a decision made again sees the same alignment.
 */
#ifndef TOOLS_CONVERT_HISTORY_H
#define TOOLS_CONVERT_HISTORY_H

#include "store/decision_json.h"

#define HISTORY_SIGNATURES 32
#define HISTORY_URIS 8
#define HISTORY_LINE_OCTETS 4096        /* longer ones are cut */

struct history_record {
	struct slice job, reporter, ipaddr, from, mfrom, pdomain;
	struct slice rua[HISTORY_URIS];
	unsigned n_rua;
	struct {
		struct slice domain, selector;
		int result;
	} dkim[HISTORY_SIGNATURES];
	unsigned n_dkim;
	int64_t received;               /* -1: not told; likewise below */
	int spf, policy, pct, adkim, aspf, p, sp, align_dkim, align_spf, arc, action;
	unsigned unknown;               /* lines with another key */
};
void history_record_init(struct history_record *record);
/* One line without its line feed, which lives as long as the record. */
void history_record_line(struct history_record *record, struct slice line);

enum history_fault {
	HISTORY_OK = 0, HISTORY_NO_TIME, HISTORY_NO_FROM, HISTORY_NO_POLICY, HISTORY_FAULTS,
};
extern const struct name_row history_fault_names[];
/* Evidence and verdict; line_id is the caller's. *differs_r: the result is not what the
 * history says. In the arena. */
enum history_fault history_decision(struct arena *arena, const struct history_record *record,
				    struct decision *out_r, bool *differs_r);

#endif
