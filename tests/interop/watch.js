/*
 * usage: node watch.js PACKAGE URL ME SECONDS CODEC
 *
 * A browser, headless, on the page of the relay: joins as ME and prints what it
 * decoded, a line of JSON, after so many seconds of the first picture or sound;
 * or "absent" if it has no such codec. "late": by how many milliseconds at most
 * this process ran later than it asked to, while the browser played.
 */
'use strict';

const { launch, open } = require('./launch.js');

const [pkg, url, me, seconds, codec] = process.argv.slice(2);
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/* A machine that is busy stops pictures, too: how long it stopped us. */
function watchLateness() {
	const every = 10;
	let at = Date.now(), late = 0;

	const timer = setInterval(() => {
		const now = Date.now();

		late = Math.max(late, now - at - every);
		at = now;
	}, every);
	return () => (clearInterval(timer), late);
}

/* In the page: of the connection that has media, what came of it. */
const look = `(async () => {
	for (const l of party ? party.links.values() : []) {
		const pc = l.theirs && l.theirs.pc;

		if (!pc)
			continue;
		for (const s of (await pc.getStats()).values())
			if (s.type === 'inbound-rtp' && s.packetsReceived > 0)
				return { kind: s.kind, packets:
				    s.packetsReceived, lost: s.packetsLost,
				    frames: s.framesDecoded || 0,
				    freezes: s.freezeCount,
				    samples: s.totalSamplesReceived || 0,
				    nacks: s.nackCount || 0,
				    plis: s.pliCount || 0 };
	}
	return null;
})()`;

async function main() {
	const browser = await launch(pkg, true,
	    { 'media.autoplay.default': 0 },
	    ['--autoplay-policy=no-user-gesture-required']);
	const page = await open(browser);

	try {
		let first = null, last = null;

		await page.goto(url);
		if (!await page.evaluate(`['audio', 'video'].some(k =>
		    RTCRtpReceiver.getCapabilities(k).codecs.some(c =>
		    c.mimeType.toLowerCase() === k + '/${codec}'
		    .toLowerCase()))`)) {
			console.log('absent');
			return;
		}
		await page.type('#me', me);
		await page.click('#join button');
		for (let i = 0; i < 60 && (first === null ||
		    first.frames + first.samples === 0); i++) {
			await sleep(500);
			first = await page.evaluate(look);
		}
		if (first === null)
			throw new Error('nothing came');
		const lateness = watchLateness();

		await sleep(1000 * Number(seconds));
		last = await page.evaluate(look);
		last.late = lateness();
		/* Before the first whole picture there was nothing to see. */
		last.freezes -= first.freezes;
		last.shown = await page.evaluate(
		    'document.querySelector("' + last.kind + '").currentTime');
		console.log(JSON.stringify(last));
	} finally {
		await browser.close();
	}
}

main().catch(e => {
	console.error(e.message);
	process.exit(1);
});
