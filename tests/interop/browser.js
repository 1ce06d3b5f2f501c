/*
 * usage: node browser.js PACKAGE URL ME SETUP PEER PATH
 *
 * A browser on the page of the relay, headless, with the service of the test
 * put into it. What the page joins with is what its form gives it, and a role.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { launch, open } = require('./launch.js');

const [pkg, url, me, setup, peer, link] = process.argv.slice(2);
const service = fs.readFileSync(path.join(__dirname, 'service.js'), 'utf8');

async function main() {
	const browser = await launch(pkg, true);

	process.on('SIGTERM', () => browser.close()
	    .then(() => process.exit(0)));
	const page = await open(browser);

	await page.goto(url.replace(/^ws/, 'http').replace(/\/api.*/, '/'));
	await page.evaluate(`{
		const module = {};
		${service}
		const p = join(${JSON.stringify(me)},
		    { setup: ${JSON.stringify(setup)} });
		const shown = p.onlink;

		p.onlink = link => {
			shown(link);
			new Service(link);
		};
		p.link(${JSON.stringify(peer)}, ${JSON.stringify(link)});
		0
	}`);
	if (process.env.INTEROP_SCREENSHOT)
		setInterval(() => page.screenshot({
			path: process.env.INTEROP_SCREENSHOT, fullPage: true
		}).catch(() => {}), 2000);
}

main().catch(e => {
	console.error(e);
	process.exit(1);
});
