#ifndef RPC_RPC_H
#define RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The plain text of *.request and *.response files, hotlink-messages(5). All
 * of it is somebody else's word; texts are checked to be text, ids to be safe
 * in a path, and nothing else.
 */
enum {
	RPC_MAX = 1 << 20,	/* bytes of a file, encrypted or not */
	RPC_ID_MAX = 128,
	RPC_DAY_MS = 86400000,	/* from created to expires */
	RPC_OK = 200,		/* the status code that says: delivered */
};

enum rpc_kind { RPC_REQUEST, RPC_RESPONSE };

struct rpc {
	void		*json;		/* what the texts point into */
	const char	*id, *sender, *url;
	unsigned	 status;	/* of a response */
	uint8_t		*body;
	size_t		 nbody;
};

/* 1 to RPC_ID_MAX of A-Z a-z 0-9 - _ */
bool	 rpc_id_valid(const char *, size_t);

/* 0, to be ended by rpc_fini; or -1, and *why says what is wrong with it. */
int	 rpc_parse(struct rpc *, enum rpc_kind, const void *, size_t,
	     const char **why);
void	 rpc_fini(struct rpc *);

/* The text of a file, on the heap, ended by NUL. NULL: out of memory. */
struct rpc_new {
	const char	*id, *sender, *url;
	unsigned	 status;
	uint64_t	 now_ms;
	const void	*body;
	size_t		 nbody;
};

char	*rpc_text(const struct rpc_new *, enum rpc_kind);

#endif
