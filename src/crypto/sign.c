#include <bearssl.h>

#include "crypto/hash.h"
#include "crypto/sign.h"

size_t
ecdsa_sign(const uint8_t scalar[32], const uint8_t hash[32],
    uint8_t sig[SIGN_MAX])
{
	br_ec_private_key	 sk = { BR_EC_secp256r1, NULL, 32 };
	uint8_t			 x[32];
	size_t			 n;

	for (int i = 0; i < 32; i++)
		x[i] = scalar[i];
	sk.x = x;
	n = br_ecdsa_i31_sign_asn1(br_ec_get_default(), &br_sha256_vtable,
	    hash, &sk, sig);
	wipe(x, sizeof(x));
	return n;
}

/* The functions of digest.h as RSA signatures name them, and their length. */
static const struct {
	const unsigned char	*oid;
	size_t			 n;
} function[] = {
	[DIGEST_SHA256]	= { BR_HASH_OID_SHA256, 32 },
	[DIGEST_SHA384]	= { BR_HASH_OID_SHA384, 48 },
	[DIGEST_SHA512]	= { BR_HASH_OID_SHA512, 64 },
};

static bool
verify_rsa(const struct pubkey *k, enum digest_alg alg, const uint8_t *hash,
    const uint8_t *sig, size_t n)
{
	br_rsa_public_key	 pk;
	uint8_t			 got[DIGEST_MAX];

	pk.n = (unsigned char *)k->p;
	pk.nlen = k->n;
	pk.e = (unsigned char *)k->e;
	pk.elen = k->elen;
	if (br_rsa_pkcs1_vrfy_get_default()(sig, n, function[alg].oid,
	    function[alg].n, &pk, got) != 1)
		return false;
	return same_bytes(got, hash, function[alg].n);
}

bool
verify_hash(const struct pubkey *k, enum digest_alg alg, const uint8_t *hash,
    const uint8_t *sig, size_t n)
{
	br_ec_public_key	 pk;

	if (k->kind == KEY_RSA)
		return verify_rsa(k, alg, hash, sig, n);
	pk.curve = k->kind == KEY_P256 ? BR_EC_secp256r1 : BR_EC_secp384r1;
	pk.q = (unsigned char *)k->p;
	pk.qlen = k->n;
	return br_ecdsa_i31_vrfy_asn1(br_ec_get_default(), hash,
	    function[alg].n, &pk, sig, n) == 1;
}
