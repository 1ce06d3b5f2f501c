#include <stdio.h>
#include <string.h>

#include "base/crc.h"
#include "ice/cand.h"

/* candidate:FOUNDATION COMPONENT PROTO PRIORITY IP PORT typ TYPE ... */
enum { FIELDS = 8, FIELD = 64 };
enum { F_FOUNDATION, F_COMPONENT, F_PROTO, F_PRIORITY, F_IP, F_PORT, F_TYP,
	F_TYPE };

static const char *const types[] = {
	[ICE_HOST]	= "host",
	[ICE_SRFLX]	= "srflx",
	[ICE_PRFLX]	= "prflx",
	[ICE_RELAY]	= "relay",
};
static const uint32_t preferences[] = {		/* RFC 8445 5.1.2.2 */
	[ICE_HOST]	= 126,
	[ICE_PRFLX]	= 110,
	[ICE_SRFLX]	= 100,
	[ICE_RELAY]	= 0,
};

const char *
ice_type_text(enum ice_type t)
{
	return types[t];
}

uint32_t
cand_priority(enum ice_type t, unsigned preference)
{
	return preferences[t] << 24 | (preference & 0xffff) << 8 | 255;
}

void
cand_foundation(struct cand *c, const struct addr *base,
    const struct addr *server)
{
	uint8_t		 key[36] = { (uint8_t)c->type };

	memcpy(key + 1, base->ip, sizeof(base->ip));
	if (server != NULL)
		memcpy(key + 17, server->ip, sizeof(server->ip));
	snprintf(c->foundation, sizeof(c->foundation), "%u",
	    (unsigned)crc32_of(key, sizeof(key)));
}

/* The next blank-separated word into w; false: none. A longer one is cut. */
static bool
word(const char **s, char w[FIELD])
{
	size_t	 n = 0;

	*s += strspn(*s, " \t\r\n");
	while (**s != '\0' && strchr(" \t\r\n", **s) == NULL) {
		if (n < FIELD - 1)
			w[n++] = **s;
		(*s)++;
	}
	w[n] = '\0';
	return n > 0;
}

static bool
same_word(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a | 0x20) != (*b | 0x20))
			return false;
	return *a == *b;
}

static int
number(const char *s, uint64_t max, uint64_t *v)
{
	*v = 0;
	if (*s == '\0' || strlen(s) > 10)
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		*v = *v * 10 + (uint64_t)(*s - '0');
	}
	return *v <= max ? 0 : -1;
}

static int
type_of(const char *s)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (same_word(s, types[i]))
			return (int)i;
	return -1;
}

/* A name of mDNS: one that hides an address, or any other. */
static bool
is_name(const char *s)
{
	size_t	 n = strlen(s);

	return n > 6 && same_word(s + n - 6, ".local");
}

/* In lower case, as it will be told: all of its characters have that bit. */
static void
take_name(struct cand *c, const char *s)
{
	for (size_t i = 0; s[i] != '\0'; i++)
		c->name[i] = (char)(s[i] | 0x20);
}

static void
extensions(struct cand *c, const char *s)
{
	char		 key[FIELD], value[FIELD];
	uint64_t	 port;

	while (word(&s, key) && word(&s, value)) {
		if (same_word(key, "raddr"))
			addr_parse_ip(&c->related, value);
		else if (same_word(key, "rport") &&
		    number(value, 65535, &port) == 0)
			c->related.port = (uint16_t)port;
	}
}

int
cand_parse(struct cand *c, const char *s)
{
	static const char	 prefix[] = "candidate:";
	char			 f[FIELDS][FIELD];
	uint64_t		 component, priority, port;
	int			 type;

	memset(c, 0, sizeof(*c));
	if (strncmp(s, "a=", 2) == 0)
		s += 2;
	if (strncmp(s, prefix, sizeof(prefix) - 1) == 0)
		s += sizeof(prefix) - 1;
	if (!word(&s, f[0]))
		return 0;
	for (int i = 1; i < FIELDS; i++)
		if (!word(&s, f[i]))
			return -1;
	type = type_of(f[F_TYPE]);
	if (strlen(f[F_FOUNDATION]) >= CAND_FOUNDATION || type == -1 ||
	    number(f[F_COMPONENT], 256, &component) == -1 ||
	    number(f[F_PRIORITY], UINT32_MAX, &priority) == -1 ||
	    number(f[F_PORT], 65535, &port) == -1 ||
	    !same_word(f[F_TYP], "typ"))
		return -1;
	if (component != 1 || !same_word(f[F_PROTO], "udp") ||
	    (is_name(f[F_IP]) && !mdns_is_name(f[F_IP])))
		return 0;
	if (mdns_is_name(f[F_IP]))
		take_name(c, f[F_IP]);
	else if (addr_parse_ip(&c->addr, f[F_IP]) == -1)
		return -1;
	c->addr.port = (uint16_t)port;
	c->addr.scope = 0;		/* theirs means nothing here */
	c->type = (enum ice_type)type;
	c->priority = (uint32_t)priority;
	strcpy(c->foundation, f[F_FOUNDATION]);
	extensions(c, s);
	if (port == 0)
		return 0;
	if (c->name[0] != '\0')
		return 2;
	return addr_is_any(&c->addr) || addr_is_group(&c->addr) ? 0 : 1;
}

const char *
cand_text(const struct cand *c, char *text)
{
	struct addr	 a = c->addr, r = c->related;
	char		 ip[ADDR_TEXT], rip[ADDR_TEXT];
	int		 n;

	a.scope = r.scope = 0;
	n = snprintf(text, ICE_CANDIDATE_TEXT,
	    "candidate:%s 1 udp %u %s %u typ %s", c->foundation,
	    (unsigned)c->priority, addr_ip_text(&a, ip), a.port,
	    types[c->type]);
	if (c->related.family != 0)
		snprintf(text + n, ICE_CANDIDATE_TEXT - (size_t)n,
		    " raddr %s rport %u", addr_ip_text(&r, rip), r.port);
	return text;
}
