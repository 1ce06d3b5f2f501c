# A sandbox with a relay and agents, for the scripts beside it; $bin is the
# program. Everything started is ended, whatever happens.

[ -x "$bin" ] || { echo "${0##*/}: no $bin: run make first" >&2; exit 1; }
box=$(mktemp -d "${TMPDIR-/tmp}/hotlink-bench.XXXXXX")
pids=

# shellcheck disable=SC2086
cleanup() {
	trap '' HUP INT PIPE TERM
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
	[ -z "$pids" ] || wait $pids 2>/dev/null || true
	rm -rf "$box"
}
trap cleanup EXIT
trap 'exit 1' HUP INT PIPE TERM

fail() {
	echo "FAIL: $*" >&2
	for log in "$box"/*.log; do
		echo "--- ${log##*/}" >&2
		tail -n 15 "$log" >&2
	done
	exit 1
}

# emit BENCH CASE CONTESTANT VALUE UNIT RUN: a line of results; see README
emit() {
	[ -z "${HOTLINK_BENCH_OUT-}" ] || printf '%s\n' \
	    "{\"bench\": \"$1\", \"case\": \"$2\", \"contestant\": \"$3\", \
\"value\": $4, \"unit\": \"$5\", \"run\": $6}" >>"$HOTLINK_BENCH_OUT"
}

# busy PORT...: somebody listens on one of them
busy() {
	for port_ in "$@"; do
		grep -qs ":$(printf %04X "$port_") [0-9A-F]*:0000 0A" \
		    /proc/net/tcp /proc/net/tcp6 && return 0
	done
	return 1
}

# marker OWNER PEER DIR OWN_PORT PEER_PORT: one party's end of a channel
marker() {
	dir=$box/$1/datasites/$1/shared/flows/burst/run/_mpc/$3
	acl=$box/acl/$1/shared/flows/burst/run/_mpc/$3
	mkdir -p "$dir" "$acl"
	cat >"$dir/syft.pub.yaml" <<-EOF
	rules:
	- pattern: '**'
	  access:
	    admin: [$1]
	    read: [$1, $2]
	    write: [$1, $2]
	EOF
	cp "$dir/syft.pub.yaml" "$acl/"
	printf '1' >"$dir/stream.accept"
	printf '{"from":"%s","to":"%s","ports":{"%s":%d,"%s":%d}}\n' \
	    "$1" "$2" "$1" "$4" "$2" "$5" >"$dir/stream.tcp"
}

# start NAME COMMAND...: in the background, its log in the sandbox
start() {
	name=$1
	shift
	"$@" >"$box/$name.out" 2>"$box/$name.log" &
	pids="$pids $!"
	eval "pid_$name=$!"
}

# await WHAT SECONDS COMMAND...: until the command succeeds
await() {
	what=$1 left=$(($2 * 20))
	shift 2
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || fail "$what: not in time"
		for p in $pids; do
			kill -0 "$p" 2>/dev/null || fail "$what: a process ended"
		done
		if grep -qs 'cannot listen' "$box"/*.log; then
			fail "a port is taken: $(grep -hs 'cannot listen' \
			    "$box"/*.log | head -n 1)"
		fi
		sleep 0.05
	done
}

# start_relay: $server is where it listens
start_relay() {
	start relay "$bin" relay -l 127.0.0.1:0 -a "$box/acl"
	await relay 10 grep -q '^listening on ' "$box/relay.out"
	server=http://$(sed -n 's/^listening on //p' "$box/relay.out")
}

# start_agent NAME EMAIL OPTION...
start_agent() {
	who=$2
	name=$1
	shift 2
	start "$name" "$bin" agent -s "$server" -u "$who" -d "$box/$who" \
	    --strict --bind 127.0.0.1 "$@"
}

telemetry_of() {
	echo "$box/$1/datasites/$1/.syftbox/hotlink_telemetry.json"
}

# counts EMAIL FIELD NUMBER: a telemetry field has this value
counts() {
	grep -q "\"$2\":$3[,}]" "$(telemetry_of "$1")"
}

# cpu NAME: user and system time so far, in clock ticks
cpu() {
	eval "p=\$pid_$1"
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$p/stat"
}

# status NAME FIELD: a number of /proc/PID/status
status() {
	eval "p=\$pid_$1"
	# shellcheck disable=SC2154
	sed -n "s/^$2:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$p/status"
}
