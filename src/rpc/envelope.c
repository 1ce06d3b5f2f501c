/*
 *	 4  magic
 *	 1  version = 1
 *	 4  length L of the prelude, little-endian
 *	    prelude: canonical JSON (RFC 8785), zeros up to a multiple of 4096;
 *	    an empty one still takes a block
 *	 2  length of the signature, little-endian, 64
 *	64  signature
 *	    ciphertext, as long as the prelude says
 *
 * The signature is not checked: nothing is believed from here but who should
 * be asked to decrypt the file.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "rpc/envelope.h"

enum { MAGIC = 4, VERSION_1 = 1 };

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
same_party(const char *a, const char *b)
{
	for (; *a != '\0' && lower(*a) == lower(*b); a++)
		b++;
	return lower(*a) == lower(*b);
}

static bool
has_magic(const uint8_t *p, size_t n)
{
	static const char *const	 magic[] = { "SYC1", "SBC1", "SYC2" };

	if (n < MAGIC)
		return false;
	for (size_t i = 0; i < sizeof(magic) / sizeof(*magic); i++)
		if (memcmp(p, magic[i], MAGIC) == 0)
			return true;
	return false;
}

static uint32_t
rd_little(struct rd *r, size_t n)
{
	const uint8_t	*p = rd_span(r, n);
	uint32_t	 v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v |= (uint32_t)p[i] << 8 * i;
	return v;
}

/* Past the header; r is then at the ciphertext. */
static int
take_header(struct rd *r, struct rd *prelude)
{
	struct rd	 block;
	size_t		 n, padded;

	rd_span(r, MAGIC);
	if (rd_u8(r) != VERSION_1)
		return -1;
	n = rd_little(r, 4);
	if (n > ENVELOPE_PRELUDE)
		return -1;
	padded = n == 0 ? ENVELOPE_BLOCK :
	    (n + ENVELOPE_BLOCK - 1) / ENVELOPE_BLOCK * ENVELOPE_BLOCK;
	block = rd_sub(r, padded);
	*prelude = rd_sub(&block, n);
	while (block.n > 0)
		if (rd_u8(&block) != 0)
			return -1;
	if (rd_little(r, 2) != ENVELOPE_SIGNATURE)
		return -1;
	rd_span(r, ENVELOPE_SIGNATURE);
	return r->bad ? -1 : 0;
}

/*
 * RFC 8785 has one text for one value. jansson's compact text with sorted keys
 * is that text for what a prelude holds: strings and integers.
 */
static bool
is_canonical(const json_t *root, const struct rd *text)
{
	char	*s = json_dumps(root, JSON_SORT_KEYS | JSON_COMPACT);
	bool	 same = s != NULL && strlen(s) == text->n &&
		     memcmp(s, text->p, text->n) == 0;

	free(s);
	return same;
}

static bool
names_me(const json_t *recipients, const char *me)
{
	const char	*identity;
	json_t		*v;
	size_t		 i;

	json_array_foreach(recipients, i, v) {
		identity = json_string_value(json_object_get(v, "identity"));
		if (identity != NULL && same_party(identity, me))
			return true;
	}
	return false;
}

static bool
all_objects(const json_t *list)
{
	json_t	*v;
	size_t	 i;

	json_array_foreach(list, i, v)
		if (!json_is_object(v))
			return false;
	return true;
}

static enum envelope
judge(const json_t *root, size_t ciphertext, const char *me)
{
	const json_t	*recipients = json_object_get(root, "recipients"),
			*cipher = json_object_get(root, "cipher"),
			*version = json_object_get(root, "version"),
			*canon = json_object_get(root, "canon"),
			*len = json_object_get(cipher, "ciphertext_len");

	if (json_integer_value(version) != VERSION_1 ||
	    !json_is_string(canon) ||
	    strcmp(json_string_value(canon), "jcs-rfc8785") != 0 ||
	    !json_is_integer(len) || json_integer_value(len) < 0 ||
	    (uint64_t)json_integer_value(len) != ciphertext ||
	    !json_is_object(json_object_get(root, "sender")) ||
	    !json_is_array(recipients) || json_array_size(recipients) == 0 ||
	    !all_objects(recipients))
		return ENVELOPE_CORRUPT;
	return names_me(recipients, me) ? ENVELOPE_MINE : ENVELOPE_FOREIGN;
}

enum envelope
envelope_classify(const uint8_t *p, size_t n, const char *me)
{
	struct rd	 r = rd_of(p, n), prelude;
	enum envelope	 result = ENVELOPE_CORRUPT;
	json_t		*root;

	if (!has_magic(p, n))
		return ENVELOPE_NONE;
	if (take_header(&r, &prelude) == -1)
		return ENVELOPE_CORRUPT;
	root = json_loadb((const char *)prelude.p, prelude.n,
	    JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(root) && is_canonical(root, &prelude))
		result = judge(root, r.n, me);
	json_decref(root);
	return result;
}
