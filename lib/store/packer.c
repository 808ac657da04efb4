#include "store/packer.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

#define VERSION 1
/* Raw: no header, no checksum. A small window and few hash chains, since setting up
 * larger ones takes longer than the texts do. */
#define WINDOW_BITS (-13)
#define MEMORY_LEVEL 5
#define CHUNK 4096

/* Pieces of facts, what comes most often last (zlib's advice). */
static const char dictionary[] =
	"\"reason\":\"the key record cannot be found\",\"no such key\",\"signature does not verif"
	"y\",\"more than one SPF record\",\"note\":\""
	"\"arc\":{\"result\":\"fail\",\"reason\":\"\",\"oldest_pass\":1,\"sets\":[{\"d\":\"\",\"s"
	"\":\"arc-20240116\",\"client_ip\":\"\",\"claims\":[{\"method\":\"dmarc\",\"domain\":\"\""
	",\"method\":\"spf\",\"method\":\"dkim\",\"org\":{\"status\":\"known\"}}],\"seal_ok\":tru"
	"e,\"message_ok\":true,\"from_covered\":true}]},"
	"\"marks\":{\"list_id\":\"<.list-id.>\",\"list_post\":true,\"list_unsubscribe\":true,\"li"
	"st_other\":true,\"precedence_list\":true,\"precedence_bulk\":true,\"resent\":true,\"srs"
	"\":true,\"auto_submitted\":true,\"arc_fields\":1}"
	"\"exempt\":\"network\",\"authenticated\",\"local\",\"relay\":{\"ip\":\"\",\"hops\":1,\"d"
	"kim_unchecked\":1,"
	"\"status\":\"null\"},\"status\":\"several\",\"from\":{\"status\":\"missing\",\"fields\":"
	"2},\"is_psd\":true,\"several\":true,\"guarded\":true,\"method\":\"psl\","
	"\"status\":\"temperror\",\"permerror\",\"neutral\",\"softfail\",\"scope\":\"helo\",\"exi"
	"sts\":\"absent\",\"unknown\","
	"\"has_length\":true,\"l\":true,\"surplus\":,\"test_key\":true,\"result\":\"policy\",\"re"
	"sult\":\"none\",\"result\":\"fail\",\"reason\":\"body hash does not match\","
	"\"text\":\"v=DMARC1;p=none;sp=none;rua=mailto:;ruf=mailto:;aspf=r;adkim=r;pct=100;fo=1;r"
	"f=afrf;ri=86400;\" v=DMARC1; p=none; p=quarantine; sp=quarantine; sp=reject; p=reject; p"
	"ct=100; adkim=s; aspf=s; fo=1; rua=mailto:dmarc@,mailto:dmarc-reports@;ruf=mailto:\""
	"\"s\":\"default\",\"s\":\"mail\",\"s\":\"google\",\"s\":\"k1\",\"s\":\"selector1\",\"s\""
	":\"selector2\",\"s\":\"s1\",\"s\":\"s2\",.onmicrosoft.com.amazonses.com.gappssmtp.com.se"
	"ndgrid.net.mcsv.net.mailgun.org.co.uk.de.fr.nl.it.net.org.com"
	"{\"v\":1,\"exempt\":\"no\",\"sender\":{\"status\":\"mailbox\",\"domain\":\"bounces.mail."
	"e.em.news.info."
	"\"},\"from\":{\"status\":\"ok\"},\"authors\":[{\"domain\":\""
	"\",\"policy\":{\"method\":\"treewalk\",\"status\":\"no-record\",\"org\":{\"status\":\"kn"
	"own\",\"domain\":\""
	"\",\"policy\":{\"method\":\"treewalk\",\"status\":\"found\",\"domain\":\""
	"\",\"record\":{\"text\":\"v=DMARC1; p=reject; rua=mailto:"
	"\"},\"org\":{\"status\":\"known\",\"domain\":\""
	"\"},\"exists\":\"exists\"}}],\"spf\":{\"result\":\"fail\",\"scope\":\"mfrom\",\"domain\""
	":\""
	"\"},\"exists\":\"exists\"}}],\"spf\":{\"result\":\"pass\",\"scope\":\"mfrom\",\"domain\""
	":\""
	"\",\"org\":{\"status\":\"known\",\"domain\":\""
	"\"}},\"dkim\":[{\"result\":\"pass\",\"d\":\"\",\"s\":\"\",\"org\":{\"status\":\"known\","
	"\"domain\":\".com\"}},{\"result\":\"pass\",\"d\":\""
	"\",\"covers_from\":true,\"org\":{\"status\":\"known\",\"domain\":\".com\"}}]}";

struct packer {
	z_stream deflate, inflate;
};

struct packer *packer_new(void)
{
	struct packer *packer = mem_zalloc(sizeof(*packer));

	if (deflateInit2(&packer->deflate, 6, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK ||
	    inflateInit2(&packer->inflate, WINDOW_BITS) != Z_OK)
		abort();                /* out of memory, as mem.h does */
	return packer;
}

void packer_free(struct packer *packer)
{
	if (packer == NULL)
		return;
	deflateEnd(&packer->deflate);
	inflateEnd(&packer->inflate);
	free(packer);
}

struct slice packer_pack(struct packer *packer, struct arena *arena, struct slice text)
{
	z_stream *z = &packer->deflate;
	size_t room;
	char *out;
	int code;

	deflateReset(z);
	deflateSetDictionary(z, (const Bytef *)dictionary, sizeof(dictionary) - 1);
	room = deflateBound(z, (uLong)text.len);
	out = arena_alloc(arena, room + 1);
	out[0] = VERSION;
	z->next_in = (z_const Bytef *)text.data;
	z->avail_in = (uInt)text.len;
	z->next_out = (Bytef *)out + 1;
	z->avail_out = (uInt)room;
	code = deflate(z, Z_FINISH);
	assert(code == Z_STREAM_END);
	(void)code;
	return slice_new(out, 1 + room - z->avail_out);
}

int packer_unpack(struct packer *packer, struct slice packed, struct buf *out)
{
	z_stream *z = &packer->inflate;
	char chunk[CHUNK];
	int code = Z_OK;

	if (packed.len < 2 || packed.data[0] != VERSION)
		return -1;
	inflateReset(z);
	inflateSetDictionary(z, (const Bytef *)dictionary, sizeof(dictionary) - 1);
	z->next_in = (z_const Bytef *)packed.data + 1;
	z->avail_in = (uInt)packed.len - 1;
	while (code == Z_OK && !buf_is_full(out)) {
		z->next_out = (Bytef *)chunk;
		z->avail_out = CHUNK;
		code = inflate(z, Z_NO_FLUSH);
		buf_add(out, chunk, CHUNK - z->avail_out);
	}
	return code == Z_STREAM_END && !buf_is_full(out) ? 0 : -1;
}
