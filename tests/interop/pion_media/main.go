// usage: pion-media URL ME SECONDS [PATH PEER]
//
// A party on pion with a link of RTP: it accepts the agent's session and offers
// VP8 both ways, or with a PATH it opens one of its own to PEER and answers the
// agent's offer. It sends back what it gets. Prints a line of JSON after so
// many seconds of packets: how many, and of what codec.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
	"golang.org/x/net/websocket"
)

const (
	msgOpen   = 9
	msgAccept = 10
	msgSignal = 14
)

type message struct {
	ID  string `json:"id"`
	Typ int    `json:"typ"`
	Dat body   `json:"dat"`
}

type body struct {
	Sid string `json:"sid,omitempty"`
	Knd string `json:"knd,omitempty"`
	Tok string `json:"tok,omitempty"`
	Pth string `json:"pth,omitempty"`
	To  string `json:"to,omitempty"`
}

var (
	conn *websocket.Conn
	pc   *webrtc.PeerConnection
	sid  string

	answers bool // and does not offer
	seconds float64
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func say(typ int, b body) {
	check(websocket.JSON.Send(conn, message{"p", typ, b}))
}

func signal(kind string, v interface{}) {
	tok, err := json.Marshal(v)
	check(err)
	say(msgSignal, body{Sid: sid, Knd: kind, Tok: string(tok)})
}

func echo(track *webrtc.TrackRemote, back *webrtc.TrackLocalStaticRTP,
	seconds float64) {
	n, began := 0, time.Now()
	for time.Since(began).Seconds() < seconds {
		p, _, err := track.ReadRTP()
		check(err)
		n++
		if n%100 == 1 {
			check(pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{
				MediaSSRC: uint32(track.SSRC())}}))
		}
		check(back.WriteRTP(p))
	}
	fmt.Printf("{\"packets\": %d, \"codec\": %q}\n", n,
		track.Codec().MimeType)
	pc.Close()
	os.Exit(0)
}

func create() {
	var err error
	pc, err = webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	back, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8}, "video", "pion")
	check(err)
	_, err = pc.AddTrack(back)
	check(err)
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		echo(t, back, seconds)
	})
}

// Ours, once it has all candidates.
func describe(kind string, d webrtc.SessionDescription) {
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(d))
	<-gathered
	signal(kind, pc.LocalDescription())
}

func offer() {
	create()
	_, err := pc.CreateDataChannel("hotlink-rtp", nil)
	check(err)
	o, err := pc.CreateOffer(nil)
	check(err)
	describe("sdp_offer", o)
}

func answer(d webrtc.SessionDescription) {
	create()
	check(pc.SetRemoteDescription(d))
	a, err := pc.CreateAnswer(nil)
	check(err)
	describe("sdp_answer", a)
}

func onSignal(b body) {
	switch {
	case b.Knd == "sdp_offer" && answers && pc == nil:
		var d webrtc.SessionDescription
		check(json.Unmarshal([]byte(b.Tok), &d))
		d.Type = webrtc.SDPTypeOffer
		answer(d)
	case b.Knd == "sdp_answer" && pc != nil &&
		pc.SignalingState() == webrtc.SignalingStateHaveLocalOffer:
		var d webrtc.SessionDescription
		check(json.Unmarshal([]byte(b.Tok), &d))
		d.Type = webrtc.SDPTypeAnswer
		check(pc.SetRemoteDescription(d))
	case b.Knd == "ice_candidate" && pc != nil &&
		pc.RemoteDescription() != nil:
		var c webrtc.ICECandidateInit
		check(json.Unmarshal([]byte(b.Tok), &c))
		pc.AddICECandidate(c)
	}
}

func main() {
	var err error
	seconds, err = strconv.ParseFloat(os.Args[3], 64)
	check(err)
	time.AfterFunc(time.Duration(40+seconds)*time.Second, func() {
		log.Fatal("nothing came")
	})
	conn, err = websocket.Dial(os.Args[1]+"?user="+os.Args[2], "",
		"http://localhost/")
	check(err)
	if answers = len(os.Args) > 5; answers {
		sid = strconv.FormatInt(time.Now().UnixNano(), 16)
		say(msgOpen, body{Sid: sid, Pth: os.Args[4], To: os.Args[5]})
	}
	for {
		var m message
		if websocket.JSON.Receive(conn, &m) != nil {
			return
		}
		if m.Typ == msgOpen && !answers {
			say(msgAccept, body{Sid: m.Dat.Sid})
			if sid == "" {
				sid = m.Dat.Sid
				time.Sleep(150 * time.Millisecond)
				offer()
			}
		} else if m.Typ == msgSignal && m.Dat.Sid == sid {
			onSignal(m.Dat)
		}
	}
}
