// usage: pion-media URL ME SECONDS
//
// A party on pion with a link of RTP: it accepts the agent's session, offers
// VP8 both ways, and sends back what it gets. Prints a line of JSON after so
// many seconds of packets: how many, and how many it could not read.
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
}

var (
	conn *websocket.Conn
	pc   *webrtc.PeerConnection
	sid  string
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
	say(msgSignal, body{sid, kind, string(tok)})
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

func offer(seconds float64) {
	var err error
	pc, err = webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	back, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8}, "video", "pion")
	check(err)
	_, err = pc.AddTrack(back)
	check(err)
	_, err = pc.CreateDataChannel("hotlink-rtp", nil)
	check(err)
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		echo(t, back, seconds)
	})
	gathered := webrtc.GatheringCompletePromise(pc)
	o, err := pc.CreateOffer(nil)
	check(err)
	check(pc.SetLocalDescription(o))
	<-gathered
	signal("sdp_offer", pc.LocalDescription())
}

func onSignal(b body) {
	switch {
	case b.Knd == "sdp_answer" &&
		pc.SignalingState() == webrtc.SignalingStateHaveLocalOffer:
		var d webrtc.SessionDescription
		check(json.Unmarshal([]byte(b.Tok), &d))
		d.Type = webrtc.SDPTypeAnswer
		check(pc.SetRemoteDescription(d))
	case b.Knd == "ice_candidate" && pc.RemoteDescription() != nil:
		var c webrtc.ICECandidateInit
		check(json.Unmarshal([]byte(b.Tok), &c))
		pc.AddICECandidate(c)
	}
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	check(err)
	time.AfterFunc(time.Duration(40+seconds)*time.Second, func() {
		log.Fatal("nothing came")
	})
	conn, err = websocket.Dial(os.Args[1]+"?user="+os.Args[2], "",
		"http://localhost/")
	check(err)
	for {
		var m message
		if websocket.JSON.Receive(conn, &m) != nil {
			return
		}
		if m.Typ == msgOpen {
			say(msgAccept, body{Sid: m.Dat.Sid})
			if sid == "" {
				sid = m.Dat.Sid
				time.Sleep(150 * time.Millisecond)
				offer(seconds)
			}
		} else if m.Typ == msgSignal && m.Dat.Sid == sid && pc != nil {
			onSignal(m.Dat)
		}
	}
}
