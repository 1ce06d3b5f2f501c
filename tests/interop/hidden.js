/*
 * usage: node hidden.js PACKAGE URL ME
 *
 * A browser, headless, on the page of the relay, that joins as ME and hides its
 * addresses, as browsers do by default. Prints its own candidates, one a line,
 * and stays.
 */
'use strict';

const path = require('path');
const puppeteer = require('puppeteer-core');

const [pkg, url, me] = process.argv.slice(2);
const how = pkg === 'firefox-esr' ? {
	browser: 'firefox', executablePath: '/usr/bin/firefox-esr',
	extraPrefsFirefox: {
		'media.peerconnection.ice.obfuscate_host_addresses': true
	}
} : {
	executablePath: '/usr/bin/chromium', args: [
		'--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
		'--disable-background-timer-throttling'
	]
};

async function main() {
	const browser = await puppeteer.launch(Object.assign({
		headless: true, userDataDir: path.join(process.env.TMPDIR,
		    'profile' + process.pid) }, how));

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
