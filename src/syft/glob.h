#ifndef SYFT_GLOB_H
#define SYFT_GLOB_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * Patterns of ACL files: * and ? within a part of a path, [a-z] and [!a-z],
 * and a part ** for any number of parts, none included. The time is bounded by
 * the product of both lengths.
 */
bool	 glob_valid(struct span pattern);
bool	 glob_match(struct span pattern, struct span text);

#endif
