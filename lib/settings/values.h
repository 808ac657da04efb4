/* values.h - the syntax of single values: sizes, sockets, servers, names.
 *
 * A check takes one NUL-terminated text and returns NULL when it is good, else
 * what is wrong with it: the end of a sentence that begins with the value. No
 * look-ups, no files. For lib/settings, and for whoever writes a settings file.
 */
#ifndef SETTINGS_VALUES_H
#define SETTINGS_VALUES_H

#include <stdbool.h>
#include <stdint.h>

typedef const char *value_check_fn(const char *text);

value_check_fn value_check_path;        /* absolute */
value_check_fn value_check_socket;      /* local:, unix:, inet:PORT@HOST, inet6:PORT@HOST */
value_check_fn value_check_server;      /* ADDRESS or ADDRESS@PORT */
value_check_fn value_check_id;          /* authserv-id that is written plain (RFC 8601) */
value_check_fn value_check_header;      /* a field name that is free to be ours */
value_check_fn value_check_account;     /* user or group */
value_check_fn value_check_domain;      /* for a domainset: "example.com", ".example.com" */

/* "20 GB": octets, with B, KB, MB, GB, TB (1000) or KiB, MiB, GiB, TiB (1024);
 * the blank may be missing. False: not a size, *bytes_r untouched. */
bool value_parse_size(const char *text, uint64_t *bytes_r);
/* "0660" or "660": permission bits in octal. */
bool value_parse_octal(const char *text, unsigned *bits_r);

#endif
