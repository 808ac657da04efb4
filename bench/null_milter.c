/* null_milter - a filter that only adds one field: what the protocol itself costs.
 *
 *   bench/null_milter SOCKET         unix:PATH or inet:PORT@HOST
 *
 * Takes the same steps as alignd, waives the same replies, and sets TCP_NODELAY as
 * alignd does, so the difference between the two is alignd's own work. The field is
 * of the length of a usual Authentication-Results. Ends on TERM.
 */
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

#define NO_REPLY (SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH)

static unsigned long no_reply;

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long unused2, unsigned long unused3,
			     unsigned long *actions_r, unsigned long *steps_r,
			     unsigned long *unused2_r, unsigned long *unused3_r)
{
	(void)ctx;
	(void)unused2;
	(void)unused3;
	*actions_r = actions & SMFIF_ADDHDRS;
	*steps_r = (*steps_r & ~SMFIP_SKIP) | no_reply | (steps & SMFIP_HDR_LEADSPC);
	*unused2_r = *unused3_r = 0;
	return SMFIS_CONTINUE;
}

static sfsistat waived(unsigned long step)
{
	return (no_reply & step) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, struct sockaddr *from)
{
	(void)ctx;
	(void)host;
	(void)from;
	return SMFIS_CONTINUE;
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
	(void)ctx;
	(void)helo;
	return waived(SMFIP_NR_HELO);
}

static sfsistat on_address(SMFICTX *ctx, char **words)
{
	(void)ctx;
	(void)words;
	return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return waived(SMFIP_NR_HDR);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	(void)ctx;
	return waived(SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return SMFIS_CONTINUE;
}

static sfsistat on_eom(SMFICTX *ctx)
{
	smfi_insheader(ctx, 0, (char *)"X-Null", (char *)
		       " mx.example.org; dmarc=none header.from=d001.example;\n"
		       "\tspf=none smtp.mailfrom=d001.example;\n"
		       "\tdkim=none (no signature was looked at, nothing was asked)");
	return SMFIS_CONTINUE;
}

/* As alignd does it; accepted sockets inherit it. */
static void set_nodelay(void)
{
	int listens, one = 1;
	socklen_t len = sizeof(listens);

	for (int fd = 3; fd < 256; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens != 0)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int main(int argc, char **argv)
{
	struct smfiDesc filter = {
		.xxfi_name = (char *)"null",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_address,
		.xxfi_envrcpt = on_address,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc != 2)
		errx(EX_USAGE, "bench/null_milter SOCKET");
	no_reply = strncmp(argv[1], "inet", 4) == 0 ? 0 : NO_REPLY;
	smfi_setmaxdatasize(1048575);
	if (smfi_register(filter) != MI_SUCCESS || smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		errx(EX_UNAVAILABLE, "%s: cannot listen", argv[1]);
	set_nodelay();
	return smfi_main() == MI_SUCCESS ? 0 : EX_UNAVAILABLE;
}
