"""The other WebRTC stacks: what each is, which version this machine has, and
how it is started as a party. The cells of the matrix are theirs."""
import json, os, re, shutil, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, 'build', 'interop')
FAMILIES = 4, 6
# Roles of a peer in DTLS, in both sessions: where it offers and where it
# answers.
ROLES = 'active', 'passive'


def command_output(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True,
                              timeout=60).stdout.strip()
    except OSError:
        return ''


def npm_version(name):
    path = os.path.join(BUILD, 'node_modules', name, 'package.json')
    try:
        with open(path) as f:
            return json.load(f)['version']
    except OSError:
        return None


def deb_version(name):
    return command_output('dpkg-query', '-f', '${Version}', '-W',
                          name) or None


def upstream(version):
    """Without what Debian adds."""
    return re.sub(r'^\d+:|[-~+].*$', '', version)


class Npm:
    def __init__(self, stack, package):
        self.title, self.stack, self.package = stack, stack, package

    def package_name(self):
        return self.package + ' of npm'

    def version(self):
        if not shutil.which('node'):
            return None, 'no node'
        v = npm_version(self.package)
        return v, None if v else 'no npm package ' + self.package

    def command(self, url, me, role):
        return ['node', os.path.join(HERE, 'peer.js'), self.stack, url, me,
                role]


class Deb:
    def package_name(self):
        return self.package

    def version(self):
        v = deb_version(self.package)
        return v, None if v else 'no Debian package ' + self.package


class Browser(Deb):
    """On the relay's page."""

    def __init__(self, title, package):
        self.title, self.package = title, package

    def version(self):
        if not shutil.which('node') or not npm_version('puppeteer-core'):
            return None, 'no node or no npm package puppeteer-core'
        return super().version()

    def command(self, url, me, role):
        return ['node', os.path.join(HERE, 'browser.js'), self.package, url,
                me, role]


class Pion(Deb):
    title, package = 'pion', 'golang-github-pion-webrtc.v3-dev'

    def version(self):
        v, why = super().version()
        if v and not os.path.exists(os.path.join(BUILD, 'pion')):
            return None, 'pion peer was not built'
        return v, why

    def command(self, url, me, role):
        return [os.path.join(BUILD, 'pion'), url, me, role]


class Aiortc(Deb):
    title, package = 'aiortc', 'python3-aiortc'

    def command(self, url, me, role):
        return ['/usr/bin/python3', os.path.join(HERE, 'peer_aiortc.py'), url,
                me, role]


PEERS = {
    'chromium': Browser('Chromium', 'chromium'),
    'firefox': Browser('Firefox ESR', 'firefox-esr'),
    'pion': Pion(),
    'aiortc': Aiortc(),
    'libwebrtc': Npm('libwebrtc', '@roamhq/wrtc'),
    'libdatachannel': Npm('libdatachannel', 'node-datachannel'),
    'werift': Npm('werift', 'werift'),
}


def cell(name, family, role):
    return '%s IPv%d %s' % (name, family, role)
