/*
 * Party 1 against others who do not keep to it: the test has the ends of its
 * two connections.
 */
#include "support/test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "mpc/cp.h"

enum { HELLO = 112, LENGTH = 8, N = 3 };

struct rig {
	int	 fd[MPC_PARTIES];	/* of 0 and 2 */
	int	 said;			/* what party 1 says */
	pid_t	 pid;
};

static int
listen_on(unsigned port)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);
	int			 on = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    listen(fd, 4) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Of its own: what it comes to is all it writes. */
static void
be_party(unsigned base, int to)
{
	struct cp_setup	 setup = {
		.id = 1, .port_base = (uint16_t)base, .patience = 5 * SEC,
		.modes = "smpc", .n = N,
	};
	struct cp	 p = { 0 };
	struct rng	*rng = rng_new();
	char		 why[MPC_WHY] = "ok";

	if (cp_open(&p, &setup, rng) || cp_sync(&p) || cp_finish(&p))
		cp_why(&p, why);
	if (write(to, why, strlen(why)) == -1)
		_exit(1);
	cp_close(&p);
	rng_free(rng);
	_exit(0);
}

static void
rig_make(struct rig *r)
{
	int		 l0 = -1, l2 = -1, ends[2];
	unsigned	 base = 0;

	for (int i = 0; i < 100 && l2 == -1; i++) {
		base = 20000 + (unsigned)(getpid() + 37 * i) % 12000;
		l0 = listen_on(base + 1);
		l2 = l0 == -1 ? -1 : listen_on(base + 3);
		if (l0 != -1 && l2 == -1)
			close(l0);
	}
	CHECK(l2 != -1);
	EQ(pipe(ends), 0);
	r->pid = fork();
	CHECK(r->pid != -1);
	if (r->pid == 0)
		be_party(base, ends[1]);
	close(ends[1]);
	r->said = ends[0];
	r->fd[0] = accept(l0, NULL, NULL);
	r->fd[2] = accept(l2, NULL, NULL);
	CHECK(r->fd[0] != -1 && r->fd[2] != -1);
	close(l0);
	close(l2);
}

static void
hang_up(struct rig *r, unsigned from)
{
	if (r->fd[from] != -1)
		close(r->fd[from]);
	r->fd[from] = -1;
}

/* All that it says, and its end. */
static const char *
rig_end(struct rig *r)
{
	static char	 why[MPC_WHY];
	size_t		 n = 0;
	ssize_t		 m;
	int		 status;

	while ((m = read(r->said, why + n, sizeof(why) - 1 - n)) > 0)
		n += (size_t)m;
	why[n] = '\0';
	close(r->said);
	hang_up(r, 0);
	hang_up(r, 2);
	EQ(waitpid(r->pid, &status, 0), r->pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return why;
}

static void
say(struct rig *r, unsigned from, const void *p, size_t n)
{
	EQ(send(r->fd[from], p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void
make_hello(uint8_t h[LENGTH + HELLO], unsigned from)
{
	memset(h, 0, LENGTH + HELLO);
	h[0] = HELLO;
	h[LENGTH + 32] = from == 2 ? N : 0;
	h[LENGTH + 40] = (uint8_t)from;
	h[LENGTH + 44] = 1;
	memcpy(h + LENGTH + 48, "smpc", 4);
}

/* One byte of a hello is another; party 0's is right when it is 2's. */
static const char *
with_byte(unsigned from, size_t at, uint8_t byte)
{
	struct rig	 r;
	uint8_t		 h[LENGTH + HELLO];

	rig_make(&r);
	if (from == 2) {
		make_hello(h, 0);
		say(&r, 0, h, sizeof(h));
	}
	make_hello(h, from);
	h[at] = byte;
	say(&r, from, h, sizeof(h));
	return rig_end(&r);
}

static void
hellos_are_compared(void **state)
{
	(void)state;
	STREQ(with_byte(0, 0, 5), "stage key_setup: party 0 sends a message "
	    "of 5 bytes, where 112 are due");
	STREQ(with_byte(2, 7, 0x80), "stage key_setup: party 2 sends a message"
	    " of 9223372036854775920 bytes, where 112 are due");
	STREQ(with_byte(0, LENGTH + 40, 2), "stage key_setup: party 2, which "
	    "looks for party 1, is where party 0 should be");
	STREQ(with_byte(2, LENGTH + 44, 0), "stage key_setup: party 2, which "
	    "looks for party 0, is where party 2 should be");
	STREQ(with_byte(0, LENGTH + 48, 'S'),
	    "stage key_setup: party 0 runs 'Smpc', not 'smpc'");
	STREQ(with_byte(0, LENGTH + 52, '\n'),
	    "stage key_setup: party 0 runs 'smpc?', not 'smpc'");
	STREQ(with_byte(2, LENGTH + 32, 4),
	    "stage key_setup: party 2 has 4 elements, this one 3");
	STREQ(with_byte(2, LENGTH + 39, 4), "stage key_setup: party 2 has "
	    "288230376151711747 elements, this one 3");
}

static void
an_end_is_named_wherever_it_comes(void **state)
{
	uint8_t		 h[LENGTH + HELLO];
	char		 due[MPC_WHY], other[MPC_WHY];
	const char	*why;
	struct rig	 r;

	(void)state;
	for (size_t cut = 0; cut < sizeof(h); cut++) {
		rig_make(&r);
		make_hello(h, 0);
		say(&r, 0, h, sizeof(h));
		make_hello(h, 2);
		say(&r, 2, h, cut);
		shutdown(r.fd[2], SHUT_WR);
		shutdown(r.fd[0], SHUT_WR);	/* either may be noticed */
		snprintf(due, sizeof(due), "stage key_setup: party 2 and "
		    "party 0 are gone after %zu and 120 bytes from them",
		    cut);
		snprintf(other, sizeof(other), "stage key_setup: party 0 and "
		    "party 2 are gone after 120 and %zu bytes from them",
		    cut);
		why = rig_end(&r);
		if (strcmp(why, due) != 0)
			STREQ(why, other);
	}
}

/* Whoever is waited for: the dealer says nothing, and party 2 goes. */
static void
another_end_is_noticed(void **state)
{
	struct rig	 r;

	(void)state;
	rig_make(&r);
	hang_up(&r, 2);
	STREQ(rig_end(&r),
	    "stage key_setup: party 2 is gone after 0 bytes from it");
}

/* What the dealer answers at the end is all that decides. */
static const char *
with_verdict(uint8_t verdict)
{
	struct rig	 r;
	uint8_t		 h[LENGTH + HELLO], word[LENGTH + 8] = { 8 };

	rig_make(&r);
	make_hello(h, 0);
	say(&r, 0, h, sizeof(h));
	make_hello(h, 2);
	say(&r, 2, h, sizeof(h));
	word[8] = 1;
	say(&r, 0, word, sizeof(word));
	word[8] = verdict;
	say(&r, 0, word, sizeof(word));
	shutdown(r.fd[0], SHUT_WR);
	shutdown(r.fd[2], SHUT_WR);
	return rig_end(&r);
}

static void
different_results_are_none(void **state)
{
	(void)state;
	STREQ(with_verdict(1), "ok");
	STREQ(with_verdict(0), "stage key_setup: party 1 and party 2 have "
	    "different results: none is right");
	STREQ(with_verdict(2), "stage key_setup: party 1 and party 2 have "
	    "different results: none is right");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(hellos_are_compared),
		cmocka_unit_test(an_end_is_named_wherever_it_comes),
		cmocka_unit_test(another_end_is_noticed),
		cmocka_unit_test(different_results_are_none),
	};

	return RUN(tests);
}
