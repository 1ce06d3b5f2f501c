# What tests of TURN share, after lib.sh: two hosts, h1 and h2, without any way
# between them but h3, where coturn runs and the relay; alice and bob on either.
# shellcheck shell=sh disable=SC2034,SC2046,SC2086,SC2154

PATH=$PATH:$here/../../build/nat/usr/bin	# where make nat puts it
for need in turnserver python3; do
	command -v $need >/dev/null || {
		skip "${0##*/}" "no $need"
		exit 0
	}
done
spaces_work || {
	skip "${0##*/}" "no network namespaces"
	exit 0
}

# Host 3 is on both networks and passes nothing on; who asks for a relayed
# address gets one of its, which either host can reach.
space h1 && space h2 && space h3 && wire h1 h3 10.81.1 &&
    wire h2 h3 10.81.2 || exit 1
enter h1 ip route add default via 10.81.1.2
enter h2 ip route add default via 10.81.2.2
enter h3 sysctl -qw net.ipv4.ip_forward=0 2>/dev/null
inside h3 relay turn
inside h1 alice
inside h2 bob

# coturn [OPTION]...
coturn() {
	start turn turnserver -n -L 10.81.1.2 -L 10.81.2.2 -E 10.81.1.2 \
	    -p 3478 --min-port 50000 --max-port 50100 --lt-cred-mech \
	    -u us:geheim -r x.io --no-tls --no-dtls --no-cli --log-file stdout \
	    --pidfile "$box/turn.pid" --allow-loopback-peers "$@"
	need "coturn listens" 10 enter h3 sh -c \
	    'grep -q ":0D96 " /proc/net/udp'
}

echo geheim >"$box/pass"

# party NAME OTHER DIR ADDRESS-OF-3 PASSWORD-FILE [OPTION]...
party() {
	who=$1 other=$2 dir=$3 at=$4 pass=$5
	shift 5
	marker $who $other $dir $([ $who = alice ] && echo 9100 9200 ||
	    echo 9200 9100)
	start $who "$HOTLINK" agent -s "http://$at:8080" -u $who@x.io \
	    -d "$box/$who" --strict --ice-server "turn:$at:3478" \
	    --turn-user us --turn-pass-file "$box/$pass" "$@"
}

# Each application talks to the port of its own host.
talk() {
	enter h2 timeout 60 python3 "$here/drive.py" side 9200 2 1 "$1" &
	enter h1 timeout 60 python3 "$here/drive.py" side 9100 1 2 "$1" &&
	    wait $!
}
