/*
 * usage: node page.js PACKAGE URL ME [PREFERS]
 *
 * A person with a browser, as it comes, on the page of the relay. A line of the
 * standard input says what to do, a line of JSON what came of it:
 *
 *	join [SERVERS]	what the page says then
 *	press		press the same button, and what it says at once
 *	begin		what the page says once it has the relay's servers
 *	look		what the page says now
 *	measure		press the button, wait, and what it says
 *	until WORD S	what the page says once its verdict is of that kind
 *	shot FILE	a picture of all of it
 *	narrow		the window of a telephone
 *
 * PREFERS is dark or light.
 */
'use strict';

const readline = require('readline');
const { launch, open } = require('./launch.js');

const [pkg, url, me, prefers] = process.argv.slice(2);
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/* In the page: what a person reads there. */
const read = `(() => {
	const text = s => [...document.querySelectorAll(s)]
	    .filter(e => e.offsetParent !== null).map(e => e.innerText.trim());
	/* Of how many rows of its plot a line has the colour. */
	const rows = colour => {
		const c = document.querySelector('#links canvas');
		const dot = document.createElement('canvas').getContext('2d');
		const found = new Set();

		if (c === null || c.width === 0)
			return 0;
		dot.fillStyle = getComputedStyle(c).getPropertyValue(colour);
		dot.fillRect(0, 0, 1, 1);
		const want = dot.getImageData(0, 0, 1, 1).data.join();
		const p = c.getContext('2d').getImageData(0, 0, c.width,
		    c.height).data;

		for (let i = 0; i < p.length; i += 4)
			if (p[i + 3] === 255 &&
			    p.subarray(i, i + 4).join() === want)
				found.add(Math.floor(i / 4 / c.width));
		return found.size;
	};
	const cells = row => [...document.querySelectorAll('#links tr.' + row +
	    ' td')].map(e => e.textContent);

	return {
		kind: document.getElementById('verdict').className,
		verdict: text('#verdict')[0], findings: text('#findings li'),
		relay: text('#relay')[0], story: text('.story'),
		measured: text('.measure output'), pair: cells('pair'),
		rtt: cells('rtt'), ours: cells('ours'),
		theirs: cells('theirs'), bytes: cells('bytes'),
		plot: [rows('--down'), rows('--up')],
		ice: document.getElementById('ice').value
	};
})()`;

async function until(page, limit, cond) {
	const end = Date.now() + 1000 * limit;

	for (;;) {
		const seen = await page.evaluate(read);

		if (cond(seen) || Date.now() > end)
			return seen;
		await sleep(200);
	}
}

const acts = {
	async join(page, servers) {
		if (servers !== undefined)
			await page.$eval('#ice', (e, v) => {
				e.value = v;
			}, servers === 'none' ? '' : servers);
		await page.$eval('#me', e => {
			e.value = '';
		});
		await page.type('#me', me);
		await page.click('#join button');
		return until(page, 10, s => s.kind === 'no' ||
		    (s.findings.length > 0 && /^connected/.test(s.relay)));
	},
	press: page => page.evaluate(`document.querySelector('#join button')
	    .click(), ${read}`),
	begin: page => until(page, 10, s => s.ice !== ''),
	look: page => page.evaluate(read),
	async measure(page) {
		await page.click('.send');
		return until(page, 30, s => /MiB|lost/.test(s.measured[0]));
	},
	until: (page, kind, limit) => until(page, Number(limit),
	    s => s.kind === kind && (kind !== 'yes' || s.pair[0] !== '')),
	async shot(page, file) {
		await page.$$eval('details', all => all.forEach(d => {
			d.open = true;
		}));
		await sleep(700);
		await page.screenshot({ path: file, fullPage: true });
		return {};
	},
	async narrow(page) {
		await page.setViewport({ width: 390, height: 800 });
		return {};
	}
};

async function main() {
	const browser = await launch(pkg, false, {
		'layout.css.prefers-color-scheme.content-override':
		    prefers === 'dark' ? 0 : 1
	});
	const page = await open(browser);

	try {
		await page.setViewport({ width: 900, height: 800 });
		if (pkg !== 'firefox-esr')
			await page.emulateMediaFeatures([{ value: prefers ||
			    'light', name: 'prefers-color-scheme' }]);
		await page.goto(url);
		for await (const line of readline.createInterface(
		    { input: process.stdin })) {
			const [what, ...args] = line.split(' ');

			console.log(JSON.stringify(
			    await acts[what](page, ...args)));
		}
	} finally {
		await browser.close();
	}
}

main().catch(e => {
	console.error(e.message);
	process.exit(1);
});
