#ifndef TESTS_VECTORS_TLS_H
#define TESTS_VECTORS_TLS_H

/*
 * Made for these tests alone with openssl(1): an authority, certificates of
 * relay.example valid for ten years from November 2026, and their keys.
 */

static const char	 ca_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBmTCCAT+gAwIBAgIUXlY5xr9vhc39Llis3wOJO+XEGewwCgYIKoZIzj0EAwIw\n"
    "ITEfMB0GA1UEAwwWaG90bGluayB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjMwNTM5\n"
    "MDBaGA8yMDc2MTExMDA1MzkwMFowITEfMB0GA1UEAwwWaG90bGluayB0ZXN0IGF1\n"
    "dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA667GraFMF4FVyJiglk\n"
    "iHoOVHkN1nssxOWfmsDLgSCmXi9lVAn+0WKve8SR+KY76twavz5XcS6B0bINbOZf\n"
    "gjKjUzBRMB0GA1UdDgQWBBSCDojSchb6jsaS3iwzaeitZSwNVjAfBgNVHSMEGDAW\n"
    "gBSCDojSchb6jsaS3iwzaeitZSwNVjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49\n"
    "BAMCA0gAMEUCIQDI3RRW5xNAUWgUSs50QFESgXNJ6UAfWuF63wW6d6No4QIgQMeI\n"
    "7uFu7/gUN/BySOGgsL4aaaOOw5w+L0O0i6EVlW8=\n"
    "-----END CERTIFICATE-----\n";

static const char	 other_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjzCCATWgAwIBAgIUPNmFdO3YHCF/TL6+SrF/10y+4BUwCgYIKoZIzj0EAwIw\n"
    "HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTIzMDUzOTAwWhgP\n"
    "MjA3NjExMTAwNTM5MDBaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErP3hp9OKJq2Y7DjRDDxhpPdd0I/XU7Hd\n"
    "aHrWW1M3/4PUnQaTrN9oTgnSBzJjAyKSe9XZVCBBGhViXrfO/1rbx6NTMFEwHQYD\n"
    "VR0OBBYEFFWMB9mTpKWQWz+DSZbH5fGE9rOLMB8GA1UdIwQYMBaAFFWMB9mTpKWQ\n"
    "Wz+DSZbH5fGE9rOLMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh\n"
    "AKNWAfiuotM6gVCxz4GQ+aqDSIbvwnxGkvOBbto2ypy9AiA/nUXKzHv2lTobMTYx\n"
    "cEg5RlWTPS9nMxpqUoe7jkNfdw==\n"
    "-----END CERTIFICATE-----\n";

static const char	 ed_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBMDCB46ADAgECAhR/FT/lAqIOd1Y3dEZIBzgbMuAcrDAFBgMrZXAwDTELMAkG\n"
    "A1UEAwwCZWQwIBcNMjYxMTIzMDUzOTAwWhgPMjA3NjExMTAwNTM5MDBaMA0xCzAJ\n"
    "BgNVBAMMAmVkMCowBQYDK2VwAyEAKAJAOal4x7iKaT+mA4fT6hTcD6wyFDcb4Yeq\n"
    "ry+rCoyjUzBRMB0GA1UdDgQWBBRZQ3ekV7htt4iWPCyl6th2MRe7pzAfBgNVHSME\n"
    "GDAWgBRZQ3ekV7htt4iWPCyl6th2MRe7pzAPBgNVHRMBAf8EBTADAQH/MAUGAytl\n"
    "cANBAP8fqAfzrsGGgjjWvO8w8PLFpspgOr8uTTq7t/tOeA6f9jnZobFrI35jnENF\n"
    "QN06VERnOBZL0c/nrlg3ITjjUA4=\n"
    "-----END CERTIFICATE-----\n";

static const char	 ec_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBojCCAUigAwIBAgIUPy2rrJSCWkqSiPh2cm8doQGVetMwCgYIKoZIzj0EAwIw\n"
    "ITEfMB0GA1UEAwwWaG90bGluayB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjMwNTM5\n"
    "MDBaFw0zNjExMjAwNTM5MDBaMBgxFjAUBgNVBAMMDXJlbGF5LmV4YW1wbGUwWTAT\n"
    "BgcqhkjOPQIBBggqhkjOPQMBBwNCAASPFIIIdU5y37NoILr9/jc8WvNEISQsQosN\n"
    "0kKxyVyXQBWuuEt1ClKN7wlTDaAO28yHOcgbU1g/zjd6bMZ7Bfono2cwZTAYBgNV\n"
    "HREEETAPgg1yZWxheS5leGFtcGxlMAkGA1UdEwQCMAAwHQYDVR0OBBYEFH0hZI1J\n"
    "PGtSiwro7kbDb99OqiKDMB8GA1UdIwQYMBaAFIIOiNJyFvqOxpLeLDNp6K1lLA1W\n"
    "MAoGCCqGSM49BAMCA0gAMEUCIQC9mk1WrTnKEN6rWsAi/8RmqMZMPtp8dJBiQEmV\n"
    "cENH5AIgT/UcB+vKGNzapqkHkDIyJJ4PcV0Nzy3sgFwX1j2dnSc=\n"
    "-----END CERTIFICATE-----\n";

static const char	 ec_key[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEID5gZGI+eB6t7rRWMUtanR8n5dGIntI69VWzb8ZyYN1BoAoGCCqGSM49\n"
    "AwEHoUQDQgAEjxSCCHVOct+zaCC6/f43PFrzRCEkLEKLDdJCsclcl0AVrrhLdQpS\n"
    "je8JUw2gDtvMhznIG1NYP843emzGewX6Jw==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char	 ec_key8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPmBkYj54Hq3utFYx\n"
    "S1qdHyfl0Yie0jr1VbNvxnJg3UGhRANCAASPFIIIdU5y37NoILr9/jc8WvNEISQs\n"
    "QosN0kKxyVyXQBWuuEt1ClKN7wlTDaAO28yHOcgbU1g/zjd6bMZ7Bfon\n"
    "-----END PRIVATE KEY-----\n";

static const char	 p384_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBvzCCAWWgAwIBAgIUPy2rrJSCWkqSiPh2cm8doQGVetUwCgYIKoZIzj0EAwIw\n"
    "ITEfMB0GA1UEAwwWaG90bGluayB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjMwNTM5\n"
    "MDBaFw0zNjExMjAwNTM5MDBaMBgxFjAUBgNVBAMMDXJlbGF5LmV4YW1wbGUwdjAQ\n"
    "BgcqhkjOPQIBBgUrgQQAIgNiAAT2xOkAyPhB1V5S1lABYheT4PzozWSb5S4xg6O5\n"
    "maimJIJMlXC7Z0TFK89Z4HJXKQ7Oq23klhkQekWM1GX91pgw+RDxGviTidfACkzU\n"
    "jcEA/tGPAjqH9OZsqpjLnackVIKjZzBlMBgGA1UdEQQRMA+CDXJlbGF5LmV4YW1w\n"
    "bGUwCQYDVR0TBAIwADAdBgNVHQ4EFgQUZtotMnKlnQZsdPnBt5QUWaeLpuswHwYD\n"
    "VR0jBBgwFoAUgg6I0nIW+o7Gkt4sM2norWUsDVYwCgYIKoZIzj0EAwIDSAAwRQIg\n"
    "aKY/+VnwL90E5Zi7oxDh1qclsaTBgSOAotQAY4tGLYQCIQDdIQ8EbSTii1n5Mi/r\n"
    "arYuIOwgl0MelKx4PH28RU4cJA==\n"
    "-----END CERTIFICATE-----\n";

static const char	 p384_key[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDDkIGpRse3xynVXVru/MJ854hY7M9/p7KUkNE25WFqVo8zzj4Ghi+pl\n"
    "wwxLE7RJKdOgBwYFK4EEACKhZANiAAT2xOkAyPhB1V5S1lABYheT4PzozWSb5S4x\n"
    "g6O5maimJIJMlXC7Z0TFK89Z4HJXKQ7Oq23klhkQekWM1GX91pgw+RDxGviTidfA\n"
    "CkzUjcEA/tGPAjqH9OZsqpjLnackVII=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char	 rsa_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICbTCCAhOgAwIBAgIUPy2rrJSCWkqSiPh2cm8doQGVetQwCgYIKoZIzj0EAwIw\n"
    "ITEfMB0GA1UEAwwWaG90bGluayB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjMwNTM5\n"
    "MDBaFw0zNjExMjAwNTM5MDBaMBgxFjAUBgNVBAMMDXJlbGF5LmV4YW1wbGUwggEi\n"
    "MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDSdru0xWN7FOqsQFNV998Bl7mv\n"
    "uMS1fDyE2Y9Md8Lo0qkFIbnYySk1Cj0BMJvqN1PF0XxxsUyG8UW9rSoCYlR13zgc\n"
    "7CTdFlwy+Vz9KskcQKtg2Pr0fF5DGAwELDdNNdwHX8QSVZZKxXyogGHDNdn47Etl\n"
    "MHN/tjdoRzs6ZGTZ70Y+bhdCMMoDZQ+/5QhM4OCwbkZXBgDTpBJcmkcOA/1py9Im\n"
    "IpFrKxPHLyN3bAilMLYJvVwrVbn7PdpbR8bqO5Muv8f9okiw6SEe631YvpveAl6T\n"
    "3L8yPmflkgsaceUgoPdzQKLU2HpFhv8zgT/uBz3TsL9vWAA6CIIa8cYxvM5DAgMB\n"
    "AAGjZzBlMBgGA1UdEQQRMA+CDXJlbGF5LmV4YW1wbGUwCQYDVR0TBAIwADAdBgNV\n"
    "HQ4EFgQU1zInTkuyEUmB+QC0glfxU5hCANcwHwYDVR0jBBgwFoAUgg6I0nIW+o7G\n"
    "kt4sM2norWUsDVYwCgYIKoZIzj0EAwIDSAAwRQIgYxhq3zTtV75D8q8UdfV96atS\n"
    "e4+78A959a2RrssrndICIQDLlqXRdK7M5IAbdS39/YQmdcMEeCrWtn/KoxdwsgJL\n"
    "wQ==\n"
    "-----END CERTIFICATE-----\n";

static const char	 rsa_key[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEpAIBAAKCAQEA0na7tMVjexTqrEBTVfffAZe5r7jEtXw8hNmPTHfC6NKpBSG5\n"
    "2MkpNQo9ATCb6jdTxdF8cbFMhvFFva0qAmJUdd84HOwk3RZcMvlc/SrJHECrYNj6\n"
    "9HxeQxgMBCw3TTXcB1/EElWWSsV8qIBhwzXZ+OxLZTBzf7Y3aEc7OmRk2e9GPm4X\n"
    "QjDKA2UPv+UITODgsG5GVwYA06QSXJpHDgP9acvSJiKRaysTxy8jd2wIpTC2Cb1c\n"
    "K1W5+z3aW0fG6juTLr/H/aJIsOkhHut9WL6b3gJek9y/Mj5n5ZILGnHlIKD3c0Ci\n"
    "1Nh6RYb/M4E/7gc907C/b1gAOgiCGvHGMbzOQwIDAQABAoIBAEAuuVuNfqMAY/iX\n"
    "vVJQPw/rR1NRU5vNAV+6QTseorAB3k2UVWrJHenw7123hzTMHp4LHppFaYMVfSE0\n"
    "98S2W+9+XUxkr3FE6mUZKsSCEcat6hWk1hNNAioP4Uo8ebjwHeOZzt+Qfj7bLwLr\n"
    "8+RmPcztsqhvOCnQVeFVJ7jM+PyEr/4fWmu+NItoy4EBOSEDcBBWrSFdKxwwlhx1\n"
    "v+oDG2IEO+se1kGI+pfvtNuh26SISrK+FRsO2kBQ4v5bcg6vpX+lPLskDWz/25hF\n"
    "iWCHPA4tUBROAy8/9XQb/SFSSCpqja21oRZ678/i/TbvV/aXLTGZcSqPJYm+b9pe\n"
    "I4aseoECgYEA8rayI8R4yWw0TFPeI33rTqRpnOBtaXeS74+/GPtlRuAVBMso5sHt\n"
    "3JQomifPEn/8smUsghJjQvK5a8h61tQch3kKjlpUytWakZn2rBCiSmU6kKA+hhgn\n"
    "BgZ8GdsJuwrtPSSsJv2t09CX+7JyK4LSuLyj3sXt4UbVSg/zj/PnE6ECgYEA3fwZ\n"
    "Zf08n2att0gZ7RsJiec/OzqRxVOQz9YA6Q+inV3i/nKV12+8lhoe/cdRCgujJ5jf\n"
    "wdKZz2ZxlgJV3EGmYgaTBTgBOEPPxRW1cXhDtg4qr7o1BEmFZv6AHOJEgsPegiy4\n"
    "00x4hmXv2FAyx5doODnvDGrM4HTaTeJ9vUNk12MCgYEAlInSw6j98udRqlS5Yicx\n"
    "1tMv/14qF52iQxJJ9VQFSzbgJirfQTn2BER4BL/QLpY9ZEAe2Qu/y70YVSpAYzE0\n"
    "tIQTPcNymR/YlLsRB4S2jakeClzHZvFpEHrvgDNY5StuvTiwUrx1oWfLW7J9xLsv\n"
    "kvd/olqnlnLvHYBdov+1r4ECgYAMvTfz62l8OFdFymR6f++3M0ckrgLJkTchRkW9\n"
    "GkGZyFaLhaXlvCrVbmBS7gpPikVts087/0sGZPmlwzKMNlRHEduEFCe1w+Z7h/hm\n"
    "r6ErJHr8pLIAMfvu4jIV9kI6QuVVER32OlA8XkM6ZbfUTnMTrvdx/fsN8obIq3PN\n"
    "1b1GwwKBgQDQjcBinXWBoz8o5RBd+wY66OA9Q46XzvtD0HM/YnwEfiMlGYinuhRp\n"
    "Re0kWLFb/xCi0FW8E3cj4cVNVDjkLXuHzP2Nd0oqS6oAdwfwBlA8WAc438YJh7Da\n"
    "DMEtPgkLd5ACMJ2YuDRPogUrcps+2NC8N+QMDNKtvagQoZOTI2DnjQ==\n"
    "-----END RSA PRIVATE KEY-----\n";

static const char	 rsa_key8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDSdru0xWN7FOqs\n"
    "QFNV998Bl7mvuMS1fDyE2Y9Md8Lo0qkFIbnYySk1Cj0BMJvqN1PF0XxxsUyG8UW9\n"
    "rSoCYlR13zgc7CTdFlwy+Vz9KskcQKtg2Pr0fF5DGAwELDdNNdwHX8QSVZZKxXyo\n"
    "gGHDNdn47EtlMHN/tjdoRzs6ZGTZ70Y+bhdCMMoDZQ+/5QhM4OCwbkZXBgDTpBJc\n"
    "mkcOA/1py9ImIpFrKxPHLyN3bAilMLYJvVwrVbn7PdpbR8bqO5Muv8f9okiw6SEe\n"
    "631YvpveAl6T3L8yPmflkgsaceUgoPdzQKLU2HpFhv8zgT/uBz3TsL9vWAA6CIIa\n"
    "8cYxvM5DAgMBAAECggEAQC65W41+owBj+Je9UlA/D+tHU1FTm80BX7pBOx6isAHe\n"
    "TZRVaskd6fDvXbeHNMwengsemkVpgxV9ITT3xLZb735dTGSvcUTqZRkqxIIRxq3q\n"
    "FaTWE00CKg/hSjx5uPAd45nO35B+PtsvAuvz5GY9zO2yqG84KdBV4VUnuMz4/ISv\n"
    "/h9aa740i2jLgQE5IQNwEFatIV0rHDCWHHW/6gMbYgQ76x7WQYj6l++026HbpIhK\n"
    "sr4VGw7aQFDi/ltyDq+lf6U8uyQNbP/bmEWJYIc8Di1QFE4DLz/1dBv9IVJIKmqN\n"
    "rbWhFnrvz+L9Nu9X9pctMZlxKo8lib5v2l4jhqx6gQKBgQDytrIjxHjJbDRMU94j\n"
    "fetOpGmc4G1pd5Lvj78Y+2VG4BUEyyjmwe3clCiaJ88Sf/yyZSyCEmNC8rlryHrW\n"
    "1ByHeQqOWlTK1ZqRmfasEKJKZTqQoD6GGCcGBnwZ2wm7Cu09JKwm/a3T0Jf7snIr\n"
    "gtK4vKPexe3hRtVKD/OP8+cToQKBgQDd/Bll/TyfZq23SBntGwmJ5z87OpHFU5DP\n"
    "1gDpD6KdXeL+cpXXb7yWGh79x1EKC6MnmN/B0pnPZnGWAlXcQaZiBpMFOAE4Q8/F\n"
    "FbVxeEO2DiqvujUESYVm/oAc4kSCw96CLLjTTHiGZe/YUDLHl2g4Oe8MaszgdNpN\n"
    "4n29Q2TXYwKBgQCUidLDqP3y51GqVLliJzHW0y//XioXnaJDEkn1VAVLNuAmKt9B\n"
    "OfYERHgEv9Aulj1kQB7ZC7/LvRhVKkBjMTS0hBM9w3KZH9iUuxEHhLaNqR4KXMdm\n"
    "8WkQeu+AM1jlK269OLBSvHWhZ8tbsn3Euy+S93+iWqeWcu8dgF2i/7WvgQKBgAy9\n"
    "N/PraXw4V0XKZHp/77czRySuAsmRNyFGRb0aQZnIVouFpeW8KtVuYFLuCk+KRW2z\n"
    "Tzv/SwZk+aXDMow2VEcR24QUJ7XD5nuH+GavoSskevyksgAx++7iMhX2QjpC5VUR\n"
    "HfY6UDxeQzplt9ROcxOu93H9+w3yhsirc83VvUbDAoGBANCNwGKddYGjPyjlEF37\n"
    "Bjro4D1DjpfO+0PQcz9ifAR+IyUZiKe6FGlF7SRYsVv/EKLQVbwTdyPhxU1UOOQt\n"
    "e4fM/Y13SipLqgB3B/AGUDxYBzjfxgmHsNoMwS0+CQt3kAIwnZi4NE+iBStymz7Y\n"
    "0Lw35AwM0q29qBChk5MjYOeN\n"
    "-----END PRIVATE KEY-----\n";

/* SHA-256 of the SubjectPublicKeyInfo in ec_pem. */
static const uint8_t	 ec_pin[32] = {
	0x45, 0x43, 0x32, 0x55, 0x79, 0x3b, 0x7d, 0x01,
	0x97, 0x2f, 0xf7, 0xf7, 0x39, 0x18, 0x00, 0x00,
	0x77, 0xac, 0x5c, 0xf1, 0x2f, 0x89, 0x58, 0x91,
	0xf8, 0x7b, 0x45, 0xcc, 0x02, 0x0f, 0x81, 0xdc,
};

#endif
