#include "base/base64.h"
#include "crypto/pem.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

/* Where text starts in p, or NULL. */
static const char *
find(const char *p, size_t n, const char *text)
{
	size_t		 len = strlen(text);
	const char	*at;

	for (; n >= len; n -= (size_t)(at + 1 - p), p = at + 1) {
		at = memchr(p, text[0], n - len + 1);
		if (at == NULL)
			return NULL;
		if (memcmp(at, text, len) == 0)
			return at;
	}
	return NULL;
}

/* Go on behind len bytes at at, which lies in the text. */
static void
go_to(struct pem *pem, const char *at, size_t len)
{
	pem->n -= (size_t)(at - pem->p) + len;
	pem->p = at + len;
}

static bool
take_label(struct pem *pem, struct span *label)
{
	const char	*at = find(pem->p, pem->n, BEGIN), *end;

	if (at == NULL)
		return false;
	go_to(pem, at, sizeof(BEGIN) - 1);
	end = find(pem->p, pem->n, DASHES);
	if (end == NULL)
		return false;
	label->p = (uint8_t *)(uintptr_t)pem->p;
	label->n = (size_t)(end - pem->p);
	go_to(pem, end, sizeof(DASHES) - 1);
	return true;
}

/* Base64 without its line ends, decoded where it lies. */
static long
decode(uint8_t *buf, size_t cap, const char *p, size_t n)
{
	size_t		 used = 0;

	for (; n > 0; p++, n--) {
		if (*p == '\n' || *p == '\r' || *p == ' ' || *p == '\t')
			continue;
		if (used == cap)
			return -1;
		buf[used++] = (uint8_t)*p;
	}
	return base64_decode(buf, cap, (char *)buf, used);
}

bool
pem_next(struct pem *pem, struct span *label, struct span *der, uint8_t *buf,
    size_t cap)
{
	const char	*end, *from;
	long		 n;

	while (take_label(pem, label)) {
		from = pem->p;
		end = find(pem->p, pem->n, END);
		if (end == NULL)
			return false;
		n = decode(buf, cap, from, (size_t)(end - from));
		go_to(pem, end, sizeof(END) - 1);
		if (n <= 0)
			continue;
		der->p = buf;
		der->n = (size_t)n;
		return true;
	}
	return false;
}
