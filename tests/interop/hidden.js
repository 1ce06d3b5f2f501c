/*
 * usage: node hidden.js PACKAGE URL ME
 *
 * A browser, headless, on the page of the relay, that joins as ME and hides its
 * addresses, as browsers do by default. Prints its own candidates, one a line,
 * and stays.
 */
'use strict';

const { launch } = require('./launch.js');

const [pkg, url, me] = process.argv.slice(2);

async function main() {
	const browser = await launch(pkg, false);

	process.on('SIGTERM', () => browser.close()
	    .then(() => process.exit(0)));
	const page = await browser.newPage();

	page.on('pageerror', e => console.error('error:', e.message));
	page.on('console', m => console.log(m.text()));
	await page.goto(url);
	await page.evaluate(`{
		const Plain = RTCPeerConnection;

		RTCPeerConnection = class extends Plain {
			constructor(conf) {
				super(conf);
				this.addEventListener('icecandidate', e =>
				    e.candidate &&
				    console.log(e.candidate.candidate));
			}
		};
		join(${JSON.stringify(me)}, { RTCPeerConnection });
		0
	}`);
}

main().catch(e => {
	console.error(e);
	process.exit(1);
});
