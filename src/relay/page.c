#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "relay/page.h"
#include "ws/ws.h"

/* The files as they are, with their ends. */
#define FILE_IN(name, path)						\
	__asm__(".pushsection .rodata\n"				\
	    #name ": .incbin \"" path "\"\n"				\
	    #name "_end: .byte 0\n"					\
	    ".popsection\n");						\
	extern const uint8_t name[], name##_end[]

FILE_IN(page_html, "src/relay/page.html");
FILE_IN(page_css, "src/relay/page.css");
FILE_IN(page_js, "src/relay/page.js");
FILE_IN(link_js, "src/relay/link.js");

static const struct {
	const char	*path, *type;
	const uint8_t	*start, *end;
} files[] = {
	{ "/", "text/html; charset=utf-8", page_html, page_html_end },
	{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", page_js, page_js_end },
	{ "/link.js", "text/javascript; charset=utf-8", link_js, link_js_end },
};

/* Nothing but what comes from here, and only in a window of its own. */
static const char	 policy[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n";

bool
page_reply(struct ws *w, const char *more)
{
	char	 headers[sizeof(policy) + 4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(ws_path(w), files[i].path) != 0)
			continue;
		snprintf(headers, sizeof(headers), "Content-Type: %s\r\n%s%s",
		    files[i].type, policy, more);
		ws_reply_with(w, 200, headers, files[i].start,
		    (size_t)(files[i].end - files[i].start));
		return true;
	}
	return false;
}
