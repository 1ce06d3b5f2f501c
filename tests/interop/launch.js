/*
 * A browser of Debian, headless, by the name of its package. As it comes it
 * hides the addresses of its machine; frank, it tells them.
 */
'use strict';

const path = require('path');
const puppeteer = require('puppeteer-core');

const COMMON = [
	'--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'
];
const FRANK = [
	'--disable-background-timer-throttling',
	'--disable-features=WebRtcHideLocalIpsWithMdns'
];
const FRANK_PREFS = {
	'media.peerconnection.ice.obfuscate_host_addresses': false,
	'media.peerconnection.ice.loopback': true
};

/* prefs are of Firefox, args are Chromium's. */
function launch(pkg, frank, prefs, args) {
	return puppeteer.launch(Object.assign({
		headless: true, userDataDir: path.join(process.env.TMPDIR,
		    'profile' + process.pid)
	}, pkg === 'firefox-esr' ? {
		browser: 'firefox', executablePath: '/usr/bin/firefox-esr',
		extraPrefsFirefox: Object.assign({},
		    frank ? FRANK_PREFS : {}, prefs)
	} : {
		executablePath: '/usr/bin/chromium',
		args: COMMON.concat(frank ? FRANK : [], args || [])
	}));
}

/* Its first page, whose complaints go to the standard error. */
async function open(browser) {
	const page = await browser.newPage();

	page.on('console', m => console.error(m.text()));
	page.on('pageerror', e => console.error('error:', e.message));
	return page;
}

module.exports = { launch, open };
