# What the media cells share: the agent's marker, ffmpeg as a source, and a
# browser on the relay's page. To be sourced behind tests/live/lib.sh, with
# the time to watch in $seconds.
# shellcheck shell=sh disable=SC2034,SC2154,SC2086
export NODE_PATH="$here/../../build/interop/node_modules" TMPDIR="$box"

# marker_of MEDIA PT CODEC [MORE]
marker_of() {
	marker us you 0_to_1 9100 9200 \
	    ",\"kind\":\"rtp\",\"media\":\"$1\",\"pt\":$2,\"codec\":\"$3\"${4-}" \
	    stream.udp
}

# what x264 makes is one of the many formats that browsers have for H264
fmtp_of() {
	[ "$1" != H264 ] ||
	    echo ',"fmtp":"packetization-mode=1;profile-level-id=42c01f"'
}

# again: nothing of the last cell is left
again() {
	for of_last in ffmpeg gst sender us; do
		stop $of_last
	done
}

# clip_of CODEC: enough of it for three tries, made once; whoever sends it then
# takes no time from the browser
clip_of() {
	clip=$box/clip-$1.mkv
	[ ! -e "$clip" ] || return 0
	picture="-f lavfi -i testsrc=size=640x360:rate=25 -g 25 -b:v 1M"
	case $1 in
	VP8)	how="$picture -c:v libvpx -deadline realtime" ;;
	H264)	how="$picture -c:v libx264 -preset ultrafast -tune zerolatency
		    -profile:v baseline -pix_fmt yuv420p" ;;
	opus)	how="-f lavfi -i sine=frequency=440:sample_rate=48000 -ac 2
		    -c:a libopus" ;;
	esac
	ffmpeg -v error $how -t $((seconds * 3 + 90)) "$clip" </dev/null
}

# source_of CODEC PT PORT: it is sent from the beginning
source_of() {
	clip_of "$1"
	more=
	[ "$1" = opus ] || more="-ssrc 7"
	[ "$1" != H264 ] || more="$more -bsf:v h264_mp4toannexb,dump_extra"
	start ffmpeg ffmpeg -v error -re -i "$clip" -c copy $more \
	    -payload_type "$2" \
	    -f rtp "rtp://127.0.0.1:$3?rtcpport=$3&pkt_size=1186"
}

# number FIELD: of what was seen
number() {
	sed -n 's/.*"'"$1"'": *\([0-9.]*\).*/\1/p' "$box/seen" | cut -d . -f 1
}

absent() {
	grep -q absent "$box/seen"
}

# watch BROWSER CODEC
watch() {
	${wrap_browser-} timeout $((seconds + 60)) node "$here/watch.js" "$1" \
	    "$server/" you@x.io "$seconds" "$2" >"$box/seen" || return 1
	cat "$box/seen"
	absent && skip "$2 in $1" "it has no such codec"
	return 0
}

# smooth BROWSER CODEC: no freeze, in the first of three tries of which the
# machine did not spoil one by standing still itself
smooth() {
	for try in 1 2 3; do
		[ "$(number freezes)" -eq 0 ] && return
		[ "$(number late)" -ge 50 ] && [ $try -lt 3 ] || return
		echo "again - the machine stood still for $(number late) ms"
		watch "$1" "$2" || return
	done
}

# plays BROWSER KIND CODEC
plays() {
	watch "$1" "$3" || return 1
	absent && return
	if [ "$2" = video ]; then
		smooth "$1" "$3" && [ "$(number frames)" -ge $((seconds * 20)) ]
	else
		[ "$(number samples)" -ge $((seconds * 40000)) ]
	fi
}
