#include "support/test.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/file.h"
#include "rpc/access.h"
#include "rpc/spool.h"
#include "rpc/store.h"
#include "support/oom.h"
#include "syft/acl.h"

#define ENDPOINT	"datasites/b@x.io/app_data/app/rpc/e/"
#define ROW	"{\"id\":\"m1\",\"from_address\":\"a@x.io\"," \
		"\"to_address\":\"b@x.io\",\"body\":\"hi\"," \
		"\"status\":\"sent\",\"sync_status\":\"syncing\"," \
		"\"created_at\":\"2026-02-10T07:28:00+00:00\"}"

static char		 dir[64], path[256];
static const char	*why;

static const char *
in(const char *rel)
{
	snprintf(path, sizeof(path), "%s/%s", dir, rel);
	return path;
}

static void
write_file(const char *rel, const char *text)
{
	EQ(file_make_parents(in(rel)), 0);
	EQ(file_write(path, text, strlen(text), 0600), 0);
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/hotlink-spool.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	char	 cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void
row(struct message *m)
{
	EQ(message_parse(m, ROW, strlen(ROW), &why), 0);
}

static void
a_message_is_in_the_directory_of_its_state(void **state)
{
	struct spool	*s = spool_open(in("s"));
	struct message	 m;
	struct stat	 st;

	(void)state;
	row(&m);
	EQ(spool_put(s, STATE_SENT, "m1", &m), 0);
	EQ(spool_find(s, "m1"), STATE_SENT);
	EQ(stat(in("s/sent/m1.json"), &st), 0);
	EQ(st.st_mode & 0777, 0600);
	EQ(stat(in("s/sent"), &st), 0);
	EQ(st.st_mode & 0777, 0700);
	EQ(message_set(&m, M_SYNC, "synced"), 0);
	EQ(spool_change(s, STATE_SENT, "m1", &m), 0);
	EQ(spool_find(s, "m1"), STATE_SYNCED);
	message_fini(&m);
	EQ(spool_get(s, STATE_SYNCED, "m1", &m, &why), 0);
	STREQ(message_get(&m, M_SYNC), "synced");
	message_fini(&m);
	EQ(spool_get(s, STATE_SENT, "m1", &m, &why), -1);
	STREQ(why, "there is no such message");
	spool_close(s);
}

static void
a_name_that_is_no_id_is_nowhere(void **state)
{
	struct spool	*s = spool_open(in("s"));
	struct message	 m;

	(void)state;
	row(&m);
	EQ(spool_put(s, STATE_SENT, "../x", &m), -1);
	EQ(spool_find(s, "../lock"), STATES);
	message_fini(&m);
	EQ(spool_get(s, STATE_SENT, "a.b", &m, &why), -1);
	spool_close(s);
}

static int
count(void *arg, const char *name, struct message *m)
{
	(void)name;
	(void)m;
	++*(int *)arg;
	return 0;
}

static void
foreign_files_are_counted_and_left(void **state)
{
	struct spool	*s = spool_open(in("s"));
	struct message	 m;
	int		 n = 0;

	(void)state;
	row(&m);
	EQ(spool_put(s, STATE_SENT, "m1", &m), 0);
	message_fini(&m);
	write_file("s/sent/README", "x");
	write_file("s/sent/bad.json", "x");
	EQ(symlink("/etc/passwd", in("s/sent/link.json")), 0);
	EQ(mkdir(in("s/sent/dir.json"), 0700), 0);
	EQ(mkfifo(in("s/sent/fifo.json"), 0600), 0);
	EQ(spool_each(s, STATE_SENT, count, &n), 0);
	EQ(n, 1);
	EQ(spool_foreign(s), 5);
	EQ(access(in("s/sent/bad.json"), F_OK), 0);
	spool_close(s);
}

static void
only_one_holds_the_lock(void **state)
{
	struct spool	*a = spool_open(in("s")), *b = spool_open(in("s"));

	(void)state;
	EQ(spool_lock(a, false), 0);
	EQ(spool_lock(b, false), -1);
	EQ(errno, EWOULDBLOCK);
	spool_unlock(a);
	EQ(spool_lock(b, false), 0);
	spool_close(b);
	EQ(spool_lock(a, false), 0);
	spool_close(a);
}

static void
what_a_killed_writer_left_is_swept(void **state)
{
	struct spool	*s = spool_open(in("s"));

	(void)state;
	write_file("s/tmp/m1.json", "half");
	spool_sweep(s);
	EQ(access(in("s/tmp/m1.json"), F_OK), -1);
	spool_close(s);
}

static void
a_link_in_place_of_a_directory_is_no_spool(void **state)
{
	(void)state;
	EQ(mkdir(in("s"), 0700), 0);
	EQ(symlink("/tmp", in("s/sent")), 0);
	CHECK(spool_open(in("s")) == NULL);
}

static void
a_rule_lets_two_parties_and_nobody_else(void **state)
{
	const struct box	 b = { .data_dir = dir, .me = "a@x.io",
				     .app = "app", .endpoint = "e" };
	struct acl		*acl;
	char			*text;
	size_t			 n;
	static uint8_t		 r1[] = "r1.request", r2[] = "r2.request";
	struct span		 rel = { r1, 10 }, other = { r2, 10 };

	(void)state;
	EQ(access_grant(&b, "b@x.io", "a@x.io", "r1", &why), 0);
	text = file_read(in(ENDPOINT "syft.pub.yaml"),
	    65536, &n);
	acl = acl_parse(text, n, &why);
	CHECK(acl != NULL);
	CHECK(acl_check(acl, rel, "a@x.io", ACL_READ));
	CHECK(acl_check(acl, rel, "b@x.io", ACL_WRITE));
	CHECK(!acl_check(acl, rel, "eve@x.io", ACL_READ));
	CHECK(!acl_check(acl, rel, "eve@x.io", ACL_WRITE));
	CHECK(acl_check(acl, other, "eve@x.io", ACL_WRITE));
	acl_free(acl);
	free(text);
}

static void
rules_of_files_that_are_gone_go(void **state)
{
	const struct box	 b = { .data_dir = dir, .me = "a@x.io",
				     .app = "app", .endpoint = "e" };
	char			*text;

	(void)state;
	EQ(access_grant(&b, "b@x.io", "a@x.io", "gone", &why), 0);
	EQ(access_grant(&b, "b@x.io", "a@x.io", "kept", &why), 0);
	write_file(ENDPOINT "kept.request", "x");
	EQ(access_grant(&b, "b@x.io", "a@x.io", "new", &why), 0);
	text = file_read(in(ENDPOINT "syft.pub.yaml"),
	    65536, NULL);
	CHECK(strstr(text, "'gone.*'") == NULL);
	CHECK(strstr(text, "'kept.*'") != NULL);
	CHECK(strstr(text, "'new.*'") != NULL);
	free(text);
}

static void
rules_of_others_are_left_alone(void **state)
{
	const struct box	 b = { .data_dir = dir, .me = "a@x.io",
				     .app = "app", .endpoint = "e" };
	char			*text;

	(void)state;
	write_file(ENDPOINT "syft.pub.yaml",
	    "rules: []\n");
	EQ(access_grant(&b, "b@x.io", "a@x.io", "r1", &why), -1);
	CHECK(strstr(why, "not ours") != NULL);
	text = file_read(in(ENDPOINT "syft.pub.yaml"),
	    65536, NULL);
	STREQ(text, "rules: []\n");
	free(text);
}

static void
more_rules_than_a_reader_takes_are_refused(void **state)
{
	const struct box	 b = { .data_dir = dir, .me = "a@x.io",
				     .app = "app", .endpoint = "e" };
	char			 id[16], rel[80];
	int			 i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		if (access_grant(&b, "b@x.io", "a@x.io", id, &why) == -1)
			break;
		snprintf(rel, sizeof(rel), ENDPOINT "%s.request", id);
		write_file(rel, "x");
	}
	EQ(i, ACCESS_RULES);
	STREQ(why, "too many messages wait there unencrypted");
}

static void
without_memory_the_spool_stays_as_it_was(void **state)
{
	struct spool	*s = spool_open(in("s"));
	struct message	 m;
	int		 rc;

	(void)state;
	row(&m);
	EQ(spool_put(s, STATE_SENT, "m1", &m), 0);
	EQ(message_set(&m, M_SYNC, "synced"), 0);
	for (size_t i = 1; ; i++) {
		oom_after(i);
		rc = spool_change(s, STATE_SENT, "m1", &m);
		if (!oom_hit())
			break;
		oom_after(0);
		EQ(spool_find(s, "m1"), STATE_SENT);
	}
	oom_after(0);
	EQ(rc, 0);
	message_fini(&m);
	spool_close(s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_message_is_in_the_directory_of_its_state),
		TEST(a_name_that_is_no_id_is_nowhere),
		TEST(foreign_files_are_counted_and_left),
		TEST(only_one_holds_the_lock),
		TEST(what_a_killed_writer_left_is_swept),
		TEST(a_link_in_place_of_a_directory_is_no_spool),
		TEST(a_rule_lets_two_parties_and_nobody_else),
		TEST(rules_of_files_that_are_gone_go),
		TEST(rules_of_others_are_left_alone),
		TEST(more_rules_than_a_reader_takes_are_refused),
		TEST(without_memory_the_spool_stays_as_it_was),
	};

	return RUN(tests);
}
