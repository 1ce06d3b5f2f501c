# Installing what others are needed for, as far as this machine can have it:
# for setup beside it and for bench/setup. $build is where it goes and where
# the logs are; what is missing is named, and nothing fails. To be sourced.
# shellcheck shell=sh disable=SC2154

skip() {
	echo "skip - $*"
}

# debian PACKAGE...: one by one, since some of them may not be there
debian() {
	missing=
	for p in "$@"; do
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		    grep -q '^install ok' || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		skip "not root, so without the packages:$missing"
		return 0
	fi
	echo "installing packages:$missing"
	apt-get update >"$build/apt.log" 2>&1
	for p in $missing; do
		DEBIAN_FRONTEND=noninteractive apt-get install -y \
		    --no-install-recommends "$p" >>"$build/apt.log" 2>&1 ||
			skip "no package $p (see $build/apt.log)"
	done
}

# npm_packages FILE: what a package.json names, below $build. Binaries come in
# packages of their own; no script of theirs is run.
npm_packages() {
	command -v npm >/dev/null || {
		skip "no npm"
		return 0
	}
	if cmp -s "$1" "$build/package.json" && [ -d "$build/node_modules" ]
	then
		return 0
	fi
	cp "$1" "$build/package.json"
	echo "installing packages of npm"
	(cd "$build" && npm install --ignore-scripts --no-audit --no-fund \
	    --no-package-lock >npm.log 2>&1) || {
		rm -f "$build/package.json"
		skip "npm failed (see $build/npm.log)"
	}
}

# pion_program NAME DIR: what DIR/main.go is, as $build/NAME. The Debian
# packages of Go are for its older way, with GOPATH; go.mod is for the version
# in the import path.
pion_program() {
	for go in /usr/lib/go-*/bin/go; do :; done	# the last is the newest
	if [ ! -x "$go" ] || [ ! -d /usr/share/gocode/src/github.com/pion/webrtc ]
	then
		skip "no pion"
		return 0
	fi
	src=$build/go/src/${1}peer
	mkdir -p "$src"
	cp "$2/main.go" "$src/"
	echo "module ${1}peer" >"$src/go.mod"
	if (cd "$src" && GO111MODULE=off GOFLAGS='' GOCACHE=$build/gocache \
	    GOPATH=$build/go:/usr/share/gocode "$go" build \
	    -o "$build/$1.bin" "${1}peer" >"$build/go.log" 2>&1)
	then
		mv "$build/$1.bin" "$build/$1"
	else
		skip "$1 does not build (see $build/go.log)"
	fi
}
