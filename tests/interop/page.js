/*
 * usage: node page.js PACKAGE URL ME [PREFERS]
 *
 * A person with a browser, as it comes, on the page of the relay. A line of the
 * standard input says what to do, a line of JSON what came of it:
 *
 *	join [SERVERS [ADDRESS]]
 *			what the page says then
 *	turn USER PASS	for the TURN servers among them
 *	press		press the same button, and what it says at once
 *	begin		what the page says once it has the relay's servers
 *	look		what the page says now
 *	measure		press the button, wait, and what it says
 *	until WORD S	what the page says once its verdict is of that kind, or
 *			it or what was found have the word
 *	shot FILE	a picture of all of it
 *	narrow WIDTH	in a window of so many pixels, by how many it is wider
 *	quiet S		how often it is told to a screen reader that something
 *			has changed, and how often the round trip has
 *	keys		join and measure, with the keyboard alone
 *	colours		the least contrast of words, and whether it is dark
 *
 * PREFERS is dark or light; Chromium may be told "prefers dark" later, too.
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
		trip: text('#trip')[0] || '',
		rtt: cells('rtt'), ours: cells('ours'),
		theirs: cells('theirs'), bytes: cells('bytes'),
		plot: [rows('--down'), rows('--up')],
		ice: document.getElementById('ice').value
	};
})()`;

/* WCAG 2, 1.4.3: of all elements that have words of their own. */
const colours = `(() => {
	const rgb = text => text.match(/[\\d.]+/g).map(Number);
	const light = c => rgb(c).slice(0, 3).map(v => v / 255).map(v =>
	    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
	    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = e => {
		const c = getComputedStyle(e).backgroundColor;

		return e.parentElement === null || rgb(c)[3] !== 0 ? c :
		    ground(e.parentElement);
	};
	let least = 21, where = '';

	for (const e of document.querySelectorAll('body *')) {
		if (e.offsetParent === null || e.disabled ||
		    ![...e.childNodes].some(n => n.nodeType === 3 &&
		    n.data.trim() !== ''))
			continue;
		const two = [light(getComputedStyle(e).color),
			light(ground(e))].sort((a, b) => b - a);
		const ratio = (two[0] + 0.05) / (two[1] + 0.05);

		if (ratio < least)
			[least, where] = [ratio, e.outerHTML.slice(0, 60)];
	}
	return { enough: least >= 4.5, least, where,
		dark: light(ground(document.body)) < 0.2 };
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
	async join(page, servers, other) {
		if (servers !== undefined)
			await page.$eval('#ice', (e, v) => {
				e.value = v;
			}, servers === 'none' ? '' : servers);
		await page.$eval('#me', e => {
			e.value = '';
		});
		await page.type('#me', other || me);
		await page.click('#join button');
		return until(page, 10, s => s.kind === 'no' ||
		    (s.findings.length > 0 && /^connected/.test(s.relay)));
	},
	turn: (page, user, pass) => page.evaluate(`{
		byId('turn-user').value = ${JSON.stringify(user)};
		byId('turn-pass').value = ${JSON.stringify(pass)};
		({})
	}`),
	async prefers(page, value) {
		await page.emulateMediaFeatures([{ value,
			name: 'prefers-color-scheme' }]);
		return {};
	},
	press: page => page.evaluate(`document.querySelector('#join button')
	    .click(), ${read}`),
	begin: page => until(page, 10, s => s.ice !== ''),
	look: page => page.evaluate(read),
	async measure(page) {
		await page.click('.send');
		return until(page, 30, s => /MiB|lost/.test(s.measured[0]));
	},
	until: (page, word, limit) => until(page, Number(limit),
	    s => word === s.kind ? word !== 'yes' || s.trip !== '' :
	    (s.verdict + s.findings.join()).includes(word)),
	async shot(page, file) {
		await page.$$eval('details', all => all.forEach(d => {
			d.open = true;
		}));
		await sleep(700);
		await page.screenshot({ path: file, fullPage: true });
		return {};
	},
	async narrow(page, width) {
		await page.setViewport({ width: Number(width), height: 800 });
		await sleep(300);
		return page.evaluate(`({ wider: document.documentElement
		    .scrollWidth - document.documentElement.clientWidth })`);
	},
	quiet: (page, s) => page.evaluate(`new Promise(resolve => {
		const seen = { told: 0, trips: 0 };
		const watch = (what, name) => {
			for (const e of document.querySelectorAll(what))
				new MutationObserver(all =>
				    seen[name] += all.length).observe(e, {
					childList: true, subtree: true,
					characterData: true
				});
		};

		watch('[role=status], [aria-live], output', 'told');
		watch('tr.rtt', 'trips');
		setTimeout(resolve, ${1000 * s}, seen);
	})`),
	async keys(page) {
		const at = async what => {
			for (let i = 0; i < 20; i++) {
				if (await page.evaluate(`document
				    .activeElement.matches('${what}')`))
					return;
				await page.keyboard.press('Tab');
			}
			throw new Error('no key leads to ' + what);
		};

		await page.click('h1');		/* where it begins */
		await at('#me');
		await page.keyboard.type(me);
		await page.keyboard.press('Enter');
		await until(page, 40, s => s.kind === 'yes');
		await at('.send');
		const outline = await page.evaluate(`getComputedStyle(document
		    .activeElement).outlineStyle`);

		await page.keyboard.press('Enter');
		return Object.assign({ outline }, await until(page, 30,
		    s => /MiB|lost/.test(s.measured[0])));
	},
	colours: page => page.evaluate(colours)
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
