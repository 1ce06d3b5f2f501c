#ifndef CLI_MSG_H
#define CLI_MSG_H

#include "cli/options.h"
#include "rpc/box.h"
#include "rpc/message.h"
#include "rpc/rpc.h"
#include "rpc/spool.h"

/* hotlink msg: what its actions share. */
struct msg_args {
	struct box	 box;
	const char	*spool;
	const char	*from, *to, *subject, *body, *thread, *type, *meta;
	const char	*state;
	unsigned	 which;
	bool		 has_state, json, no_cleanup, watch;
};

extern struct msg_args	 msg;

int	 msg_send(const struct command *, int argc, char **argv);
int	 msg_list(const struct command *, int argc, char **argv);
int	 msg_show(const struct command *, int argc, char **argv);
int	 msg_sync(const struct command *, int argc, char **argv);
int	 msg_retry(const struct command *, int argc, char **argv);
int	 msg_import(const struct command *, int argc, char **argv);
int	 msg_export(const struct command *, int argc, char **argv);

/* "hotlink msg: subject: what" on standard error. */
void		 msg_complain(const char *subject, const char *what);

/* The spool, or the end of the program; locked for one who changes it. */
struct spool	*msg_spool(void);
struct spool	*msg_spool_locked(void);

/* A field, or "". */
const char	*msg_text(const struct message *, enum field);

/* A message by its file's name or its id; STATES after a message. */
struct msg_search {
	const char	*id;
	char		 name[RPC_ID_MAX + 1];
};

enum message_state msg_fetch(struct spool *, const char *id,
		     struct msg_search *, struct message *);

/* Is there a party, and a place for its files? OPTIONS_RUN or a misuse. */
int		 msg_need_email(const struct command *);

#endif
