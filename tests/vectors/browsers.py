"""usage: browsers.py CHROMIUM.pcap FIREFOX.pcap >browsers.h

Makes the recorded handshakes anew, for a release of a browser that says
something else. A recording is made by tcpdump beside the interop matrix, whose
namespace must be ours then:

    unshare -n sh -c 'ip link set lo up
        tcpdump -i any -U -s 0 -w chromium.pcap udp & sleep 1
        INTEROP_NETNS=yes tests/interop/run -n 1 chromium; kill $!'

Whole handshakes go up to and with the client's last flight."""
import struct, subprocess, sys

HEAD = '''#ifndef TESTS_VECTORS_BROWSERS_H
#define TESTS_VECTORS_BROWSERS_H

#include <stdbool.h>

/*
 * Handshakes of DTLS as Debian's browsers make them, recorded from the path
 * between the relay's page in a headless browser and an agent: datagrams up to
 * and with the client's last flight, hexadecimal. Made by browsers.py.
 *
 * As a client a browser offers DTLS 1.3 first, with a key share of ML-KEM, so
 * that its hello takes two datagrams; Chromium puts the extensions in another
 * order each time. Of the second and third of its handshakes there is only
 * the hello.
 */
#define CHROMIUM	"Chromium %s"
#define FIREFOX		"Firefox ESR %s"

enum { BROWSER_DATAGRAMS = 4 };

static const struct browser {
	const char	*name;
	bool		 client;	/* the browser is */
	const char	*datagram[BROWSER_DATAGRAMS];
} browsers[] = {'''
TAIL = '''};
enum { BROWSERS = sizeof(browsers) / sizeof(browsers[0]) };

#endif'''
LINK_HEADER = {1: 14, 113: 16, 276: 20}     # Ethernet, Linux cooked 1 and 2
HANDSHAKE, CLIENT_HELLO = 22, 1


def datagrams(path):
    """Ports and contents of what UDP over IPv4 carried."""
    with open(path, 'rb') as f:
        data = f.read()
    at, skip = 24, LINK_HEADER[struct.unpack('<I', data[20:24])[0]]
    while at < len(data):
        n = struct.unpack('<I', data[at + 8:at + 12])[0]
        ip = data[at + 16 + skip:at + 16 + n]
        at += 16 + n
        if len(ip) > 28 and ip[0] == 0x45:
            yield frozenset(struct.unpack('>HH', ip[20:24])), ip[28:]


def handshakes(path):
    """Of each pair of ports: what begins with a record in the clear, once."""
    flows = {}
    for ports, b in datagrams(path):
        if len(b) > 13 and 20 <= b[0] <= 22 and b[3:5] == b'\0\0':
            flow = flows.setdefault(ports, [])
            if b not in flow:
                flow.append(b)
    return [f for f in flows.values()
            if len(f) > 2 and f[0][0] == HANDSHAKE and f[0][13] == CLIENT_HELLO]


def in_two(flow):
    """Is the hello in two datagrams, as only browsers send it?"""
    return flow[0][14:17] != flow[0][22:25]


def order(flow):
    """The extensions of a hello in two datagrams, as they come."""
    b = flow[0][25:] + flow[1][25:]
    at, found = 34, []
    for size in 1, 1, 2, 1:
        at += size + int.from_bytes(b[at:at + size], 'big')
    at += 2
    while at < len(b):
        found.append(b[at:at + 2])
        at += 4 + int.from_bytes(b[at + 2:at + 4], 'big')
    return found


def entry(name, client, flow):
    print('\t{ %s, %s, {' % (name, 'true' if client else 'false'))
    for b in flow:
        text = b.hex()
        print('\n'.join('\t    "%s"' % text[i:i + 66]
                        for i in range(0, len(text), 66)) + ',')
    print('\t} },')


def version(package):
    return subprocess.run(['dpkg-query', '-f', '${Version}', '-W', package],
                          capture_output=True, text=True).stdout


def main():
    all_of = [handshakes(path) for path in sys.argv[1:3]]
    hellos = [[f for f in flows if in_two(f)] for flows in all_of]
    orders = []
    print(HEAD % (version('chromium'), version('firefox-esr')))
    for flow in hellos[0]:
        if order(flow) not in orders and len(orders) < 3:
            entry('CHROMIUM', True, flow[:2 if orders else 4])
            orders.append(order(flow))
    entry('FIREFOX', True, hellos[1][0][:4])
    for name, flows in zip(('CHROMIUM', 'FIREFOX'), all_of):
        entry(name, False, [f for f in flows if not in_two(f)][0][:3])
    print(TAIL)


if len(sys.argv) != 3:
    sys.exit(__doc__)
main()
