/*
 * usage: wire [-1] [-s SEED] [-t SECONDS] [-d LENGTH] [-i]
 *             NETNS DEVICE RULES NETNS DEVICE RULES
 *
 * A bad cable between two network namespaces: see HELP below. Needs root and
 * /dev/net/tun. The impairments themselves are support/impair.h; here are the
 * devices, the clock and the ICMP answers.
 */
#define _GNU_SOURCE	/* setns, ppoll */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* linux/if.h is at odds with net/if.h; this is what we need of if_tun.h */
#include <linux/if_tun.h>

#include "base/time.h"
#include "net/clock.h"
#include "support/icmp.h"
#include "support/impair.h"

static const char	 HELP[] =
"usage: wire [-1] [-s SEED] [-t SECONDS] [-d LENGTH] [-i]\n"
"            NETNS DEVICE RULES NETNS DEVICE RULES\n"
"\n"
"Joins two network namespaces, each given by a process in it or by a path\n"
"such as /proc/PID/ns/net, with a TUN device of that name in each. RULES are\n"
"for what that end sends, separated by commas; an empty text is a perfect\n"
"cable:\n"
"  delay=25ms jitter=5ms    one way; jitter is uniform, added, and overtakes\n"
"  ordered                  but not with this\n"
"  loss=1% dup=1%           at random\n"
"  reorder=5% hold=20ms     at random: held back for that long\n"
"  rate=10Mbit queue=64k    what finds the queue full is lost\n"
"  mtu=1280                 what is larger vanishes, or see -i\n"
"  dark=3s+2s               all is lost from 3 s on, for 2 s; up to 8 times\n"
"\n"
"Says \"up\" when the devices are there and up, without addresses, which are\n"
"yours to give (ip -n). SIGUSR1 makes both directions dark for a while.\n"
"SIGTERM or SIGINT ends it, and the devices. At the end there is a JSON line\n"
"of counts for each direction.\n"
"\n"
"  -s SEED     of the random numbers, 1; the other direction has SEED + 1\n"
"  -t SECONDS  end by itself after that, 600\n"
"  -d LENGTH   of the dark time that SIGUSR1 makes, 2s\n"
"  -i          answer what is larger than mtu with ICMP, as a router would\n"
"  -1          read one packet at a time: slower, and fairer to small queues\n";

enum { PACKET = 65536, TURN = 64 };	/* packets per turn and direction */

static struct end {
	const char		*netns, *device;
	struct impair_conf	 conf;
	struct impair		*from;	/* what this end sent */
	int			 fd;
	uint64_t		 icmp, refused;
} ends[2];

static volatile sig_atomic_t	 ended, darkened;
static bool			 answer;
static int			 per_turn = TURN;

static void
die(const char *what, const char *which)
{
	fprintf(stderr, "wire: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

static void
on_signal(int sig)
{
	if (sig == SIGUSR1)
		darkened = 1;
	else
		ended = 1;
}

/* Devices */

static void
enter(const char *netns)
{
	char	 path[256];
	int	 fd;

	if (strspn(netns, "0123456789") == strlen(netns))
		snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
	else
		snprintf(path, sizeof(path), "%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || setns(fd, CLONE_NEWNET) == -1)
		die("cannot enter", path);
	close(fd);
}

static void
bring_up(const char *device)
{
	struct ifreq	 r = { 0 };
	int		 s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	if (s == -1 || ioctl(s, SIOCGIFFLAGS, &r) == -1)
		die("cannot ask for", device);
	r.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r) == -1)
		die("cannot bring up", device);
	close(s);
}

static void
open_end(struct end *e)
{
	struct ifreq	 r = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	enter(e->netns);
	e->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e->fd == -1)
		die("cannot open", "/dev/net/tun");
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", e->device);
	if (ioctl(e->fd, TUNSETIFF, &r) == -1)
		die("cannot make", e->device);
	bring_up(e->device);
	e->from = impair_new(&e->conf, clock_now());
	if (e->from == NULL)
		die("no memory for", e->device);
}

/* Packets */

static void
give(struct end *e, const void *p, size_t n)
{
	if (write(e->fd, p, n) == -1)
		e->refused++;	/* the device is down, or has no memory */
}

/* The answer goes back to who sent it, at once. */
static void
too_big(struct end *e, const uint8_t *p, size_t n)
{
	uint8_t	 reply[ICMP_TOO_BIG_MAX];
	size_t	 len;

	if (!answer)
		return;
	len = icmp_too_big(p, n, e->conf.mtu, reply);
	if (len == 0)
		return;
	e->icmp++;
	give(e, reply, len);
}

static void
take(struct end *e)
{
	static uint8_t	 p[PACKET];
	ssize_t		 n;

	for (int i = 0; i < per_turn; i++) {
		n = read(e->fd, p, sizeof(p));
		if (n <= 0)
			return;
		if (impair_put(e->from, clock_now(), p, (size_t)n) ==
		    IMPAIR_BIG)
			too_big(e, p, (size_t)n);
	}
}

static void
deliver(struct end *from, struct end *to)
{
	const uint8_t	*p;
	size_t		 n;

	while ((p = impair_get(from->from, clock_now(), &n)) != NULL)
		give(to, p, n);
}

static struct timespec
until(uint64_t at)
{
	uint64_t	 now = clock_now(), d = at > now ? at - now : 0;

	return (struct timespec){ (time_t)(d / SEC), (long)(d % SEC) * 1000 };
}

/* Signals come only while it waits, so that none is missed. */
static void
wait_for(uint64_t at, const sigset_t *waiting)
{
	struct pollfd	 fds[2] = { { ends[0].fd, POLLIN, 0 },
			    { ends[1].fd, POLLIN, 0 } };
	struct timespec	 t;

	for (int i = 0; i < 2; i++)
		at = earlier(at, impair_deadline(ends[i].from));
	t = until(at);
	if (ppoll(fds, 2, &t, waiting) == -1 && errno != EINTR)
		die("cannot wait for", "packets");
}

static void
carry(uint64_t end, uint64_t dark, const sigset_t *waiting)
{
	while (!ended && clock_now() < end) {
		wait_for(end, waiting);
		for (int i = 0; darkened && i < 2; i++)
			impair_dark(ends[i].from, clock_now() + dark);
		darkened = 0;
		for (int i = 0; i < 2; i++) {
			take(&ends[i]);
			deliver(&ends[i], &ends[!i]);
		}
	}
}

static void
report(const struct end *e)
{
	printf("{\"from\":\"%s\"", e->device);
	impair_print(e->from);
	printf(",\"icmp\":%llu,\"refused\":%llu}\n",
	    (unsigned long long)e->icmp, (unsigned long long)e->refused);
}

/* The command line */

static void
wrong(const char *what, const char *why)
{
	fprintf(stderr, "wire: %s: %s; wire -h says more\n", what, why);
	exit(2);
}

static uint64_t
number(const char *text, const char *option)
{
	char		*end;
	unsigned long	 v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || v > 1000000000)
		wrong(option, "not a number in range");
	return v;
}

/* A length of time is a rule's, too. */
static uint64_t
length(const char *text)
{
	struct impair_conf	 c = { 0 };
	char			 rule[64];
	const char		*why;

	snprintf(rule, sizeof(rule), "delay=%s", text);
	if (impair_parse(&c, rule, &why) == -1)
		wrong("-d", "not a time, e.g. 2s");
	return c.delay;
}

static void
read_end(struct end *e, char **argv, uint64_t seed)
{
	const char	*why;

	e->netns = argv[0];
	e->device = argv[1];
	e->conf.seed = seed;
	if (strlen(e->device) >= IFNAMSIZ || strpbrk(e->device, "/\"\\ %"))
		wrong(e->device, "no name for a device");
	if (impair_parse(&e->conf, argv[2], &why) == -1)
		wrong(argv[2], why);
}

/* Blocked from here on; the set to wait with is without them. */
static void
catch_signals(sigset_t *waiting)
{
	static const int	 caught[] = { SIGTERM, SIGINT, SIGUSR1 };
	struct sigaction	 sa = { .sa_handler = on_signal };
	sigset_t		 blocked;

	sigemptyset(&blocked);
	for (int i = 0; i < 3; i++) {
		sigaddset(&blocked, caught[i]);
		sigaction(caught[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, waiting);
	for (int i = 0; i < 3; i++)
		sigdelset(waiting, caught[i]);
}

int
main(int argc, char **argv)
{
	uint64_t	 seed = 1, seconds = 600, dark = 2 * SEC;
	sigset_t	 waiting;
	int		 c;

	while ((c = getopt(argc, argv, "1d:his:t:")) != -1) {
		switch (c) {
		case '1':	per_turn = 1; break;
		case 'd':	dark = length(optarg); break;
		case 'h':	fputs(HELP, stdout); return 0;
		case 'i':	answer = true; break;
		case 's':	seed = number(optarg, "-s"); break;
		case 't':	seconds = number(optarg, "-t"); break;
		default:	return 2;
		}
	}
	if (argc - optind != 6)
		wrong("arguments", "two times NETNS DEVICE RULES");
	read_end(&ends[0], argv + optind, seed);
	read_end(&ends[1], argv + optind + 3, seed + 1);
	catch_signals(&waiting);
	open_end(&ends[0]);
	open_end(&ends[1]);
	puts("up");
	fflush(stdout);
	carry(clock_now() + seconds * SEC, dark, &waiting);
	for (int i = 0; i < 2; i++) {
		report(&ends[i]);
		impair_free(ends[i].from);
	}
	return 0;
}
