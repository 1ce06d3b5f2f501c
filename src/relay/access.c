#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/file.h"
#include "relay/access.h"
#include "syft/acl.h"

enum { PATH_BYTES = 4096 };

struct access {
	char		*root;
	struct acl_tree	*tree;
};

static int
below(const struct access *a, const char *rel, char path[PATH_BYTES])
{
	int	 n = snprintf(path, PATH_BYTES, "%s/%s", a->root, rel);

	return n > 0 && n < PATH_BYTES ? 0 : -1;
}

static int
stamp(void *arg, const char *rel, struct acl_stamp *st)
{
	char		 path[PATH_BYTES];
	struct stat	 sb;

	if (below(arg, rel, path) == -1)
		return -1;
	if (stat(path, &sb) == -1)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	st->mtime_ns = (uint64_t)sb.st_mtim.tv_sec * 1000000000 +
	    (uint64_t)sb.st_mtim.tv_nsec;
	st->size = (uint64_t)sb.st_size;
	st->inode = (uint64_t)sb.st_ino;
	return 1;
}

static long
load(void *arg, const char *rel, char *to, size_t cap)
{
	char	 path[PATH_BYTES], *text;
	size_t	 n;

	if (below(arg, rel, path) == -1 ||
	    (text = file_read(path, cap, &n)) == NULL)
		return -1;
	memcpy(to, text, n);
	free(text);
	return (long)n;
}

struct access *
access_new(const char *root)
{
	struct access		*a = calloc(1, sizeof(*a));
	struct acl_source	 from = { a, stamp, load };

	if (a == NULL || root == NULL)
		return a;
	if ((a->root = strdup(root)) == NULL ||
	    (a->tree = acl_tree_new(&from)) == NULL) {
		access_free(a);
		return NULL;
	}
	return a;
}

void
access_free(struct access *a)
{
	if (a == NULL)
		return;
	acl_tree_free(a->tree);
	free(a->root);
	free(a);
}

bool
access_write(struct access *a, struct span path, const char *user)
{
	if (a->tree != NULL)
		return acl_tree_allows(a->tree, path, user, ACL_WRITE);
	return acl_owns(path, user);
}

bool
access_read(struct access *a, struct span path, const char *user,
    const char *to)
{
	if (a->tree != NULL)
		return acl_tree_allows(a->tree, path, user, ACL_READ);
	return acl_owns(path, user) || (*to != '\0' && strcmp(user, to) == 0);
}
