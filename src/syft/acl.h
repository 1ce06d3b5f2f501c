#ifndef SYFT_ACL_H
#define SYFT_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Who may do what with a path: syft.pub.yaml files (hotlink-protocol.md 2.3).
 * What cannot be read or understood allows nothing.
 */
enum acl_level { ACL_READ, ACL_WRITE, ACL_ADMIN };

enum {
	ACL_BYTES = 64 << 10,	/* of a file */
	ACL_RULES = 256,	/* of a file */
	ACL_USERS = 1024,	/* of a file, all its rules together */
	ACL_DEPTH = 64,		/* directories of a path */
	ACL_CACHE = 256,	/* files kept parsed */
};

#define ACL_FILE	"syft.pub.yaml"

/* The rules of one file. NULL: why says what is wrong with it. */
struct acl;

struct acl	*acl_parse(const char *, size_t, const char **why);
void		 acl_free(struct acl *);
bool		 acl_terminal(const struct acl *);

/* Do these rules let user at rel, a path below their directory? */
bool		 acl_check(const struct acl *, struct span rel,
		     const char *user, enum acl_level);

/* Is the first part of path exactly user? An owner may do anything. */
bool		 acl_owns(struct span path, const char *user);

/*
 * The files below a root, read through the caller. Paths given to it are
 * relative, without "..", and end in ACL_FILE. A parsed file is kept until
 * its stamp changes.
 */
struct acl_stamp {
	uint64_t	 mtime_ns, size, inode;
};

struct acl_source {
	void		*arg;
	int		(*stamp)(void *, const char *path, struct acl_stamp *);
				/* 1; 0: no such file; -1: error */
	long		(*load)(void *, const char *path, char *, size_t cap);
				/* bytes (at most cap), or -1 */
};

struct acl_tree;

struct acl_tree	*acl_tree_new(const struct acl_source *);	/* copied */
void		 acl_tree_free(struct acl_tree *);

/*
 * May user do this with path? The path may come from anybody; it is checked.
 * Writing an ACL file takes ACL_ADMIN.
 */
bool		 acl_tree_allows(struct acl_tree *, struct span path,
		     const char *user, enum acl_level);

#endif
