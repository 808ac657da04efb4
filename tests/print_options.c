/* print_options - the option table for the check of the documents:
 *     print_options            one line per option (settings_print_table)
 *     print_options -r         what stands in a rule (settings_print_rule_table)
 *     print_options -w         words of rules: what they can do, and the signals
 *     print_options FILE...    loads each file; prints its faults, or
 *                              "FILE: dry run" or "FILE: enforces"
 *                              and its warnings
 * Exit: 0, or 78 when a file has faults.
 */
#include <stdio.h>
#include <string.h>

#include "core/rules.h"
#include "core/signals.h"
#include "settings/settings.h"

static int load(const char *path)
{
	struct settings_faults faults;
	struct settings *settings = settings_load(path, &faults);

	for (unsigned i = 0; i < faults.n; i++)
		printf("%s\n", faults.lines[i]);
	settings_faults_free(&faults);
	if (settings == NULL)
		return 78;
	for (unsigned i = 0; i < settings->warnings.n; i++)
		printf("%s\n", settings->warnings.items[i]);
	printf("%s: %s\n", path, settings->ruleset.dry_run ? "dry run" : "enforces");
	settings_unref(settings);
	return 0;
}

static void print_words(void)
{
	for (unsigned i = RULE_UNSET + 1; i < n_rule_actions; i++)
		printf("%s\n", rule_action_rows[i].name);
	for (const struct signal_row *row = signal_rows; row->name != NULL; row++)
		printf("%s\n", row->name);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		settings_print_table(stdout);
	if (argc == 2 && strcmp(argv[1], "-r") == 0) {
		settings_print_rule_table(stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "-w") == 0) {
		print_words();
		return 0;
	}
	for (int i = 1; i < argc; i++)
		if (load(argv[i]) != 0)
			status = 78;
	return status;
}
