#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

/* What every test program includes first: cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A claim. Control leaves the test when it is false. */
#define CHECK(x)	assert_true(x)
#define EQ(a, b)	assert_int_equal((a), (b))
#define STREQ(a, b)	assert_string_equal((a), (b))
#define MEMEQ(a, b, n)	assert_memory_equal((a), (b), (n))

#define RUN(tests)	cmocka_run_group_tests((tests), NULL, NULL)

#endif
