// usage: pion URL ME SETUP PEER PATH
//
// A party on pion, as src/relay/link.js is one in a browser, with the service
// of service.js on top.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"
	"golang.org/x/net/websocket"
)

const (
	msgOpen   = 9
	msgAccept = 10
	msgSignal = 14
	high      = 1 << 20
	block     = 4096
)

type message struct {
	ID  string `json:"id"`
	Typ int    `json:"typ"`
	Dat body   `json:"dat"`
}

type body struct {
	Sid string `json:"sid,omitempty"`
	Pth string `json:"pth,omitempty"`
	To  string `json:"to,omitempty"`
	Knd string `json:"knd,omitempty"`
	Tok string `json:"tok,omitempty"`
}

type job struct {
	what string
	n, v int
}

var (
	me, setup, peer, path string
	api                   *webrtc.API
	conn                  *websocket.Conn
	wsLock                sync.Mutex
	lock                  sync.Mutex // of all below
	theirs, ours          *session
	accepted              bool
	seq                   uint64
	in                    []byte
	doing                 *job
	epoch                 int
	out                   chan piece
)

type piece struct {
	data []byte
	size int
}

type session struct {
	sid, role, answered string
	pc                  *webrtc.PeerConnection
	dc                  *webrtc.DataChannel
	described           bool
	early               []string
	next                uint64
	held                map[uint64][]byte
}

func newSession(sid string) *session {
	return &session{sid: sid, next: 1, held: map[uint64][]byte{}}
}

func newID() string {
	return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
}

func say(typ int, b body) {
	wsLock.Lock()
	defer wsLock.Unlock()
	websocket.JSON.Send(conn, message{"p", typ, b})
}

func (s *session) signal(kind string, v interface{}) {
	tok, _ := json.Marshal(v)
	say(msgSignal, body{Sid: s.sid, Knd: kind, Tok: string(tok)})
}

func (s *session) create() {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		log.Fatal(err)
	}
	s.pc = pc
	pc.OnDataChannel(s.adopt)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			s.signal("ice_candidate", c.ToJSON())
		}
	})
}

func (s *session) adopt(dc *webrtc.DataChannel) {
	s.dc = dc
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		lock.Lock()
		defer lock.Unlock()
		b := m.Data
		p := int(binary.BigEndian.Uint16(b[5:]))
		p += int(binary.BigEndian.Uint16(b[7:])) + 21
		n := int(binary.BigEndian.Uint32(b[9:]))
		s.held[binary.BigEndian.Uint64(b[13:])] =
			append([]byte(nil), b[p:p+n]...)
		for b = s.held[s.next]; b != nil; b = s.held[s.next] {
			delete(s.held, s.next)
			s.next++
			arrived(b)
		}
	})
}

var setupLine = regexp.MustCompile(`a=setup:\w+`)

func (s *session) offer() {
	s.create()
	dc, err := s.pc.CreateDataChannel("hotlink", nil)
	if err != nil {
		log.Fatal(err)
	}
	s.adopt(dc)
	d, err := s.pc.CreateOffer(nil)
	if err != nil {
		log.Fatal(err)
	}
	s.pc.SetLocalDescription(d)
	if setup == "active" {
		d.SDP = setupLine.ReplaceAllString(d.SDP, "a=setup:active")
	}
	s.signal("sdp_offer", d)
}

func (s *session) remote(t webrtc.SDPType, sdp string) {
	err := s.pc.SetRemoteDescription(
		webrtc.SessionDescription{Type: t, SDP: sdp})
	if err != nil {
		log.Fatal(err)
	}
	s.described = true
	for _, c := range s.early {
		s.candidate(c)
	}
}

func (s *session) answer(sdp string) {
	if s.pc == nil {
		s.create()
		s.remote(webrtc.SDPTypeOffer, sdp)
		d, err := s.pc.CreateAnswer(nil)
		if err != nil {
			log.Fatal(err)
		}
		s.answered = d.SDP
		s.role = setupLine.FindString(d.SDP)[8:]
		s.signal("sdp_answer", d)
		s.pc.SetLocalDescription(d)
		return
	}
	s.signal("sdp_answer", webrtc.SessionDescription{
		Type: webrtc.SDPTypeAnswer, SDP: s.answered})
}

func (s *session) candidate(text string) {
	if !s.described {
		s.early = append(s.early, text)
	} else if text != "" {
		s.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: text})
	}
}

func (s *session) act(kind string, tok []byte) {
	var t struct{ Sdp, Candidate string }

	json.Unmarshal(tok, &t)
	switch kind {
	case "sdp_offer":
		s.answer(t.Sdp)
	case "sdp_answer":
		if !s.described {
			s.role = "active"
			if strings.Contains(t.Sdp, "a=setup:active") {
				s.role = "passive"
			}
			s.remote(webrtc.SDPTypeAnswer, t.Sdp)
		}
	case "ice_candidate":
		s.candidate(t.Candidate)
	}
}

func begin() {
	seq, in, doing, accepted = 0, nil, nil, false
	epoch++
	out = make(chan piece, 4096)
	go sender(epoch, ours, out)
	go opening(epoch, ours.sid)
}

func opening(e int, sid string) {
	for {
		lock.Lock()
		done := e != epoch || accepted
		lock.Unlock()
		if done {
			return
		}
		say(msgOpen, body{Sid: sid, Pth: path, To: peer})
		time.Sleep(time.Second)
	}
}

// Another session of theirs is another process: all is new. A session in
// which nothing was sent stays.
func accept(sid string) {
	if theirs != nil && theirs.sid != sid {
		for _, s := range []*session{theirs, ours} {
			if s.pc != nil {
				go s.pc.Close()
			}
		}
		theirs = nil
		keep := ours.sid
		if seq > 0 {
			keep = newID()
		}
		ours = newSession(keep)
		begin()
	}
	say(msgAccept, body{Sid: sid})
	if theirs == nil {
		s := newSession(sid)
		theirs = s
		time.AfterFunc(150*time.Millisecond, func() {
			lock.Lock()
			defer lock.Unlock()
			s.offer()
		})
	}
}

func sender(e int, s *session, from chan piece) {
	for p := range from {
		for len(p.data) > 0 {
			n := p.size
			if n > len(p.data) {
				n = len(p.data)
			}
			if !send(e, s, p.data[:n]) {
				return
			}
			p.data = p.data[n:]
		}
	}
}

func send(e int, s *session, payload []byte) bool {
	for {
		lock.Lock()
		dc, gone := s.dc, e != epoch
		if !gone {
			if dc != nil && dc.ReadyState() ==
				webrtc.DataChannelStateOpen &&
				dc.BufferedAmount() < high {
				break
			}
		}
		lock.Unlock()
		if gone {
			return false
		}
		time.Sleep(2 * time.Millisecond)
	}
	seq++
	f := make([]byte, 21, 21+len(path)+len(payload))
	copy(f, "HLNK\x01")
	binary.BigEndian.PutUint16(f[5:], uint16(len(path)))
	binary.BigEndian.PutUint32(f[9:], uint32(len(payload)))
	binary.BigEndian.PutUint64(f[13:], seq)
	dc := s.dc
	lock.Unlock()
	dc.Send(append(append(f, path...), payload...))
	return true
}

func pattern(key, n int) []byte {
	b := make([]byte, (n+block-1)/block*block)
	for i := range b {
		j := i % block
		b[i] = byte(j*31 + (j>>8)*7 + key*17)
	}
	for k := 0; k*block < len(b); k++ {
		binary.BigEndian.PutUint32(b[k*block:], uint32(k^key))
	}
	return b[:n]
}

func arrived(b []byte) {
	in = append(in, b...)
	for len(in) > 0 {
		if doing == nil {
			i := bytes.IndexByte(in, '\n')
			if i < 0 {
				return
			}
			line := strings.Fields(string(in[:i]))
			in = in[i+1:]
			command(line)
		} else if len(in) >= doing.n {
			j := doing
			doing = nil
			data := append([]byte(nil), in[:j.n]...)
			in = in[j.n:]
			finish(j, data)
		} else {
			return
		}
	}
}

func command(word []string) {
	if word[0] == "info" {
		b, _ := json.Marshal(map[string]string{
			"offered": theirs.role, "answered": ours.role})
		out <- piece{append(b, '\n'), 60000}
		return
	}
	n, _ := strconv.Atoi(word[1])
	v, _ := strconv.Atoi(word[2])
	doing = &job{word[0], n, v}
	if word[0] == "bulk" {
		out <- piece{pattern(v+1, n), 15 * block}
	}
}

func finish(j *job, data []byte) {
	switch {
	case j.what == "echo":
		out <- piece{data, j.v}
	case bytes.Equal(data, pattern(j.v, j.n)):
		out <- piece{[]byte("ok\n"), 60000}
	default:
		out <- piece{[]byte("bad 0\n"), 60000}
	}
}

func handle(m *message) {
	lock.Lock()
	defer lock.Unlock()
	if m.Typ == msgOpen {
		accept(m.Dat.Sid)
		return
	}
	for _, s := range []*session{theirs, ours} {
		if s == nil || s.sid != m.Dat.Sid {
			continue
		}
		if m.Typ == msgAccept {
			accepted = true
		} else if m.Typ == msgSignal && m.Dat.Tok != "" {
			s.act(m.Dat.Knd, []byte(m.Dat.Tok))
		}
	}
}

func main() {
	var se webrtc.SettingEngine
	var err error

	me, setup, peer = os.Args[2], os.Args[3], os.Args[4]
	part := strings.Split(os.Args[5], "/")
	n := len(part) - 2
	dir := strings.Split(part[n], "_to_")
	part[0], part[n] = me, dir[1]+"_to_"+dir[0]
	path = strings.Join(part, "/")
	rand.Seed(time.Now().UnixNano())
	if setup == "passive" {
		se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer)
	}
	api = webrtc.NewAPI(webrtc.WithSettingEngine(se))
	conn, err = websocket.Dial(os.Args[1]+"?user="+me, "",
		"http://127.0.0.1")
	if err != nil {
		log.Fatal(err)
	}
	conn.MaxPayloadBytes = 8 << 20
	lock.Lock()
	ours = newSession(newID())
	begin()
	lock.Unlock()
	for {
		var m message
		if err := websocket.JSON.Receive(conn, &m); err != nil {
			log.Fatal(err)
		}
		handle(&m)
	}
}
