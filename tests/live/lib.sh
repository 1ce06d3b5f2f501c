# What live tests share: a sandbox with a relay and agents, markers, waiting
# for conditions, and the end of all of it on every way out. To be sourced:
#
#	here=$(dirname "$0")
#	. "$here/lib.sh"
#
# A process has a name, which is also a party's: alice is alice@x.io, keeps
# her data in $box/alice, logs to $box/alice.log, and her process is $pid_alice.
# wrap_alice, if set, is a command that starts hers (env, nsenter).
# shellcheck shell=sh disable=SC2086,SC2154

: "${HOTLINK:=./hotlink}"
box=$(mktemp -d "${TMPDIR-/tmp}/hotlink-live.XXXXXX")
names='' server='' relay_at='' failed=0

# Ends what runs, with force if it must.
cleanup() {
	trap '' HUP INT PIPE TERM
	for name in $names; do
		stop "$name"
	done
	rm -rf "$box"
}
trap cleanup EXIT
trap 'exit 1' HUP INT PIPE TERM

# start NAME COMMAND...: in the background
start() {
	name=$1
	shift
	eval "wrap=\${wrap_$name-}"
	: >"$box/$name.out"	# the last one's must not be taken for its
	$wrap "$@" >"$box/$name.out" 2>>"$box/$name.log" &
	eval "pid_$name=$!"
	case " $names " in
	*" $name "*) ;;
	*) names="$names $name" ;;
	esac
}

# alive NAME
alive() {
	eval "pid=\${pid_$1-}"
	[ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# stop NAME [SIGNAL]: and wait for its end; status is in $ended
stop() {
	eval "pid=\${pid_$1-}"
	[ -n "$pid" ] || return 0
	kill "-${2-TERM}" "$pid" 2>/dev/null
	tries=0
	while running "$pid"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || kill -KILL "$pid" 2>/dev/null
		sleep 0.05
	done
	wait "$pid" 2>/dev/null
	ended=$?
	eval "pid_$1="
}

# running PID: it is there and not only waits to be buried
running() {
	[ -r "/proc/$1/stat" ] &&
	    ! grep -q '^[0-9]* (.*) Z' "/proc/$1/stat" 2>/dev/null
}

# claim TEXT COMMAND...: whether the command succeeds
claim() {
	text=$1
	shift
	if "$@" >"$box/claim.out" 2>&1; then
		echo "ok - $text"
		sed 's/^/  /' "$box/claim.out"
		return 0
	fi
	failed=1
	echo "not ok - $text"
	sed 's/^/  /' "$box/claim.out" | tail -n 20
	for log in "$box"/*.log; do
		[ -s "$log" ] || continue
		echo "  --- ${log##*/}"
		tail -n 12 "$log" | sed 's/^/  /'
	done
	return 1
}

skip() {
	echo "skip - $1 ($2)"
}

# within SECONDS COMMAND...: until it succeeds, polled
within() {
	left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}

# need WHAT SECONDS COMMAND...: likewise, and nothing makes sense without it
need() {
	what=$1
	shift
	within "$@" && return
	claim "$what" false
	exit 1
}

# gather: what was started, other scripts, ends, and its words are shown
gather() {
	for part in $names; do
		eval "wait \"\$pid_$part\"" || failed=1
		eval "pid_$part="
		cat "$box/$part.out"
	done
}

not() {
	! "$@"
}

drive() {
	timeout 120 python3 "$here/drive.py" "$@"
}

# ports N: as many free ones, which outgoing connections do not take either
ports() {
	drive ports "$1"
}

# relay [OPTION]...: sets server; again after its end: at the same address
relay() {
	start relay "$HOTLINK" relay -l "${relay_at:-127.0.0.1:0}" "$@"
	need "the relay listens" 10 grep -q '^listening on ' "$box/relay.out"
	relay_at=$(sed -n 's/^listening on //p' "$box/relay.out")
	server=http://$relay_at
}

# agent NAME [OPTION]...
agent() {
	who=$1
	shift
	mkdir -p "$box/$who/datasites"
	start "$who" "$HOTLINK" agent -s "$server" -u "$who@x.io" \
	    -d "$box/$who" --bind "${bind:-127.0.0.1}" "$@"
}

# place OWNER DIR: where a marker of that directory name lies
place() {
	echo "$box/$1/datasites/$1@x.io/shared/run/_mpc/$2"
}

# marker OWNER PEER DIR OWN_PORT PEER_PORT [MORE_JSON [FILE]]
marker() {
	dir=$(place "$1" "$3")
	mkdir -p "$dir"
	printf '{"from":"%s","to":"%s","ports":{"%s":%d,"%s":%d}%s}\n' \
	    "$1@x.io" "$2@x.io" "$1@x.io" "$4" "$2@x.io" "$5" "${6-}" \
	    >"$dir/stream.tmp"
	mv "$dir/stream.tmp" "$dir/${7-stream.tcp}"
}

# link A B M N PORT_A PORT_B: the markers of both ends, M_to_N and N_to_M
link() {
	marker "$1" "$2" "${3}_to_$4" "$5" "$6"
	marker "$2" "$1" "${4}_to_$3" "$6" "$5"
}

telemetry_file() {
	echo "$box/$1/datasites/$1@x.io/.syftbox/hotlink_telemetry.json"
}

# field NAME FIELD: a number or word of an agent's telemetry (top level)
field() {
	sed -n 's/.*"'"$2"'":\([^,}]*\).*/\1/p' "$(telemetry_file "$1")"
}

# has NAME FIELD TEST NUMBER: e.g. has alice ws_fallbacks -ge 1
has() {
	test "$(field "$1" "$2")" "$3" "$4"
}

# carried NAME BY N: that many links of hers say so in the log
carried() {
	[ "$(grep -c "carried by $2" "$box/$1.log")" -ge "$3" ]
}

logged() {
	grep -Eq -- "$2" "$box/$1.log"
}

# listening PORT
listening() {
	drive connects "$1"
}

# up NAME...: each has an open channel
up() {
	for party; do
		has "$party" webrtc_connected -ge 1 || return 1
	done
}

# space NAME: a network namespace that lives as long as its keeper, a process
# of that name; enter NAME COMMAND runs there
space() {
	start "$1" unshare -n sleep 600
	eval "pid=\$pid_$1"
	within 10 apart "$pid" && enter "$1" ip link set lo up
}

apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

enter() {
	eval "pid=\$pid_$1"
	shift
	nsenter -n -t "$pid" "$@"
}

# inside SPACE NAME...: who of these names starts from now on starts there
inside() {
	eval "pid=\$pid_$1"
	shift
	for name; do
		eval "wrap_$name='nsenter -n -t $pid'"
	done
}

# wire A B NET: a cable between two spaces, named as the other end; A has
# address NET.1, B has NET.2
wire() {
	eval "pid_a=\$pid_$1 pid_b=\$pid_$2"
	enter "$1" ip link add "$2" type veth peer name "$1" netns "$pid_b" &&
	    enter "$1" ip addr add "$3.1/24" dev "$2" &&
	    enter "$2" ip addr add "$3.2/24" dev "$1" &&
	    enter "$1" ip link set "$2" up && enter "$2" ip link set "$1" up
}

# Whether this user and machine can make them.
spaces_work() {
	command -v ip >/dev/null && command -v nsenter >/dev/null &&
	    unshare -n ip link add x type veth peer name y 2>/dev/null
}
