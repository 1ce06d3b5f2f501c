#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario/files.h"

enum { DEPTH = 64 };	/* directories below one another */

void
paths_free(struct paths *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

bool
paths_have(const struct paths *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], path) == 0)
			return true;
	return false;
}

static int
add(struct paths *l, const char *path)
{
	char	**v;

	if ((l->n & (l->n + 1)) == 0) {	/* full at 2^k - 1 */
		v = realloc(l->v, (2 * l->n + 1) * sizeof(*v));
		if (v == NULL)
			return -1;
		l->v = v;
	}
	l->v[l->n] = strdup(path);
	return l->v[l->n] != NULL ? (l->n++, 0) : -1;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort(struct paths *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

static bool
exists(const char *path)
{
	struct stat	 st;

	return lstat(path, &st) == 0;
}

/* False: it does not fit, so there can be no such file. */
static bool
join(char *to, const char *dir, const char *name)
{
	const char	*slash = "/";
	size_t		 n = strlen(dir);
	int		 len;

	if (n == 0 || dir[n - 1] == '/')
		slash = "";
	len = snprintf(to, PATH_MAX, "%s%s%s", dir, slash, name);
	return len > 0 && len < PATH_MAX;
}

static int	 match(struct paths *, const char *dir, const char *rest);

/* The names in dir that fit part, and then rest below each. */
static int
match_names(struct paths *l, const char *dir, const char *part,
    const char *rest)
{
	char		 path[PATH_MAX];
	struct dirent	*e;
	DIR		*d = opendir(*dir != '\0' ? dir : ".");
	int		 rc = 0;

	if (d == NULL)
		return 0;
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    fnmatch(part, e->d_name, FNM_PERIOD) == 0 &&
		    join(path, dir, e->d_name))
			rc = match(l, path, rest);
	closedir(d);
	return rc;
}

/* rest is what of the pattern comes after dir. */
static int
match(struct paths *l, const char *dir, const char *rest)
{
	char	 part[NAME_MAX + 1], path[PATH_MAX];
	size_t	 n;

	rest += strspn(rest, "/");
	n = strcspn(rest, "/");
	if (n == 0)
		return exists(dir) ? add(l, dir) : 0;
	if (n > NAME_MAX)
		return 0;
	memcpy(part, rest, n);
	part[n] = '\0';
	if (strpbrk(part, "*?[") != NULL)
		return match_names(l, dir, part, rest + n);
	if (!join(path, dir, part))
		return 0;
	return match(l, path, rest + n);
}

int
files_find(struct paths *l, const char *pattern)
{
	int	 rc;

	memset(l, 0, sizeof(*l));
	if (strchr(pattern, '*') == NULL)
		rc = exists(pattern) ? add(l, pattern) : 0;
	else
		rc = match(l, *pattern == '/' ? "/" : "", pattern);
	if (rc == -1)
		paths_free(l);
	sort(l);
	return rc;
}

static int
walk(struct paths *l, const char *path, int depth)
{
	char		 below[PATH_MAX];
	struct dirent	*e;
	struct stat	 st;
	DIR		*d;
	int		 rc = 0;

	if (lstat(path, &st) == -1)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return add(l, path);
	if (depth == DEPTH || (d = opendir(path)) == NULL)
		return 0;
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    join(below, path, e->d_name))
			rc = walk(l, below, depth + 1);
	closedir(d);
	return rc;
}

int
files_below(struct paths *l, const char *pattern)
{
	struct paths	 top;
	int		 rc = 0;

	memset(l, 0, sizeof(*l));
	if (files_find(&top, pattern) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < top.n; i++)
		rc = walk(l, top.v[i], 0);
	paths_free(&top);
	if (rc == -1)
		paths_free(l);
	sort(l);
	return rc;
}

int
files_encrypted(const char *path)
{
	static const char	 magic[][5] = { "SYC1", "SBC1", "SYC2" };
	char			 head[4];
	ssize_t			 n;
	int			 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return -1;
	n = read(fd, head, sizeof(head));
	close(fd);
	if (n == -1)
		return -1;
	for (size_t i = 0; n == 4 && i < 3; i++)
		if (memcmp(head, magic[i], 4) == 0)
			return 1;
	return 0;
}
