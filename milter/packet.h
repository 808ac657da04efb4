/* packet.h - packets of the milter protocol, in place of libmilter's mi_rd_cmd()
 * and mi_wr_cmd().
 *
 * Two reasons (8.17.1, read and tried). A packet of macros with a name that has
 * no value makes the library read behind its table when a macro is looked up;
 * ours takes it for a broken packet, which closes the connection. And the
 * library asks poll() before each of the two reads of a packet and before each
 * write, which was half of all system calls for a message; ours reads what has
 * come, up to 16 kB ahead, and asks only when there is nothing or no room.
 *
 * And it sends each change of a message by itself. Ours gathers changes (header
 * fields added, inserted, changed; quarantine), up to 4 kB, and sends them with
 * the packet behind them: the reply, progress, or a change for which there is no
 * room. At the latest they go before the thread reads the next packet. An MTA
 * obeys none of them without a reply: what is gathered at packet_end() is dropped,
 * and that it has hung up comes to light with the reply.
 *
 * What was read ahead or gathered is the thread's: a connection stays with one
 * thread from packet_begin() to packet_end() (connections.h).
 *
 * It works because symbols of the program come before those of libraries; a
 * libmilter that binds its own calls would just go without.
 */
#ifndef MILTER_PACKET_H
#define MILTER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

/* Postfix passes header fields of up to about 100 kB in one packet; the library
 * would close the connection at 64 kB. */
#define PACKET_OCTETS 1048575

/* The calling thread reads from this connection, till its end. */
void packet_begin(int socket);
void packet_end(void);

bool packet_is_reader_of(int socket);

/* The next packet: its letter in *command_r, its data to be freed by the caller.
 * NULL with *len_r 0 when it has no data, or when *command_r is below a blank:
 * the connection is over. `timeout` is for each wait; `name` is not used. */
char *mi_rd_cmd(int socket, struct timeval *timeout, char *command_r, size_t *len_r, char *name);

/* Sends one packet, or gathers it. 0; -1 when the connection is over or data is too
 * large. When sending what was gathered has failed, so does all that follows: this,
 * and mi_rd_cmd() with 4, the library's word for an error. */
int mi_wr_cmd(int socket, struct timeval *timeout, int command, char *data, size_t len);

#endif
