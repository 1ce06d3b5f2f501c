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
	mostGot   = 16
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

type piece struct {
	data []byte
	size int
}

// The sessions of a path, and the service.
type link struct {
	path         string
	theirs, ours *session
	accepted     bool
	seq          uint64
	in           []byte
	doing        *job
	epoch        int
	out          chan piece
	extra        []*webrtc.DataChannel // to send on, in turn
	turn         int
	got          []int // sizes of messages
}

type session struct {
	link                *link
	sid, role, answered string
	pc                  *webrtc.PeerConnection
	dc                  *webrtc.DataChannel
	connection          int
	described, ended    bool
	early               []string
	next                uint64
	held                map[uint64][]byte
}

var (
	me, setup, peer string
	api             *webrtc.API
	conn            *websocket.Conn
	wsLock          sync.Mutex
	lock            sync.Mutex // of all links
	links           = map[string]*link{}
	connections     int
	closes          int // of channels, not with our connection
)

func newSession(l *link, sid string) *session {
	return &session{link: l, sid: sid, next: 1, held: map[uint64][]byte{}}
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
	s.connection = connections
	connections++
	pc.OnDataChannel(func(dc *webrtc.DataChannel) {
		lock.Lock()
		defer lock.Unlock()
		s.adopt(dc)
	})
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			s.signal("ice_candidate", c.ToJSON())
		}
	})
}

func (s *session) adopt(dc *webrtc.DataChannel) {
	s.dc = dc
	dc.OnClose(func() {
		lock.Lock()
		defer lock.Unlock()
		if s.dc == dc {
			closes++
			s.ended = true
		}
	})
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		lock.Lock()
		defer lock.Unlock()
		b := m.Data
		if len(s.link.got) < mostGot {
			s.link.got = append(s.link.got, len(b))
		}
		p := int(binary.BigEndian.Uint16(b[5:]))
		p += int(binary.BigEndian.Uint16(b[7:])) + 21
		n := int(binary.BigEndian.Uint32(b[9:]))
		seq := binary.BigEndian.Uint64(b[13:])
		if seq >= s.next {
			s.held[seq] = append([]byte(nil), b[p:p+n]...)
		}
		for b = s.held[s.next]; b != nil; b = s.held[s.next] {
			delete(s.held, s.next)
			s.next++
			s.link.arrived(b)
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

func (s *session) close() {
	s.dc = nil
	if s.pc != nil {
		go s.pc.Close()
	}
}

// The link of a path of the peer's.
func linkOf(theirPath string) *link {
	if l := links[theirPath]; l != nil {
		return l
	}
	part := strings.Split(theirPath, "/")
	n := len(part) - 2
	dir := strings.Split(part[n], "_to_")
	part[0], part[n] = me, dir[1]+"_to_"+dir[0]
	l := &link{path: strings.Join(part, "/")}
	links[theirPath] = l
	l.ours = newSession(l, newID())
	l.begin()
	return l
}

func (l *link) begin() {
	l.seq, l.in, l.doing, l.accepted = 0, nil, nil, false
	l.extra, l.turn, l.got = nil, 0, nil
	l.epoch++
	l.out = make(chan piece, 4096)
	go l.sender(l.epoch, l.ours, l.out)
	go l.opening(l.epoch, l.ours.sid)
}

func (l *link) opening(e int, sid string) {
	for {
		lock.Lock()
		done := e != l.epoch || l.accepted
		lock.Unlock()
		if done {
			return
		}
		say(msgOpen, body{Sid: sid, Pth: l.path, To: peer})
		time.Sleep(time.Second)
	}
}

// Another session of theirs is another process: all is new. A session in
// which nothing was sent stays.
func (l *link) renew() {
	l.theirs.close()
	l.ours.close()
	l.theirs = nil
	keep := l.ours.sid
	if l.seq > 0 {
		keep = newID()
	}
	l.ours = newSession(l, keep)
	l.begin()
}

func (l *link) accept(sid string) {
	if l.theirs != nil && l.theirs.sid != sid {
		l.renew()
	}
	say(msgAccept, body{Sid: sid})
	if l.theirs != nil && !l.theirs.ended {
		return
	}
	s := newSession(l, sid)
	if l.theirs != nil { // the same again: its numbers go on
		s.next, s.held = l.theirs.next, l.theirs.held
		l.theirs.close()
	}
	l.theirs = s
	time.AfterFunc(150*time.Millisecond, func() {
		lock.Lock()
		defer lock.Unlock()
		s.offer()
	})
}

func (l *link) sender(e int, s *session, from chan piece) {
	for p := range from {
		for len(p.data) > 0 {
			n := p.size
			if n > len(p.data) {
				n = len(p.data)
			}
			if !l.send(e, s, p.data[:n]) {
				return
			}
			p.data = p.data[n:]
		}
	}
}

// The channel whose turn it is, if it takes something.
func (l *link) channel(s *session) *webrtc.DataChannel {
	all := append([]*webrtc.DataChannel{s.dc}, l.extra...)
	dc := all[l.turn%len(all)]
	if dc != nil && dc.ReadyState() == webrtc.DataChannelStateOpen &&
		dc.BufferedAmount() < high {
		return dc
	}
	return nil
}

func (l *link) send(e int, s *session, payload []byte) bool {
	var dc *webrtc.DataChannel
	for {
		lock.Lock()
		if e != l.epoch {
			lock.Unlock()
			return false
		}
		if dc = l.channel(s); dc != nil {
			break
		}
		lock.Unlock()
		time.Sleep(2 * time.Millisecond)
	}
	l.turn++
	l.seq++
	f := make([]byte, 21, 21+len(l.path)+len(payload))
	copy(f, "HLNK\x01")
	binary.BigEndian.PutUint16(f[5:], uint16(len(l.path)))
	binary.BigEndian.PutUint32(f[9:], uint32(len(payload)))
	binary.BigEndian.PutUint64(f[13:], l.seq)
	lock.Unlock()
	dc.Send(append(append(f, l.path...), payload...))
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

func (l *link) arrived(b []byte) {
	l.in = append(l.in, b...)
	for len(l.in) > 0 {
		if l.doing == nil {
			i := bytes.IndexByte(l.in, '\n')
			if i < 0 {
				return
			}
			line := strings.Fields(string(l.in[:i]))
			l.in = l.in[i+1:]
			l.command(line)
		} else if len(l.in) >= l.doing.n {
			j := l.doing
			l.doing = nil
			data := append([]byte(nil), l.in[:j.n]...)
			l.in = l.in[j.n:]
			l.finish(j, data)
		} else {
			return
		}
	}
}

func (l *link) line(text string) {
	l.out <- piece{[]byte(text + "\n"), 60000}
}

// Open n channels more, or close those.
func (l *link) channels(n int) {
	lock.Lock()
	defer lock.Unlock()
	for _, dc := range l.extra {
		dc.Close()
	}
	want := closes + len(l.extra)
	l.extra = nil
	var extra []*webrtc.DataChannel
	for i := 0; i < n; i++ {
		dc, err := l.ours.pc.CreateDataChannel(
			fmt.Sprintf("hotlink-%d", i), nil)
		if err != nil {
			l.line("bad " + err.Error())
			return
		}
		dc.OnClose(func() {
			lock.Lock()
			defer lock.Unlock()
			closes++
		})
		extra = append(extra, dc)
	}
	for i := 0; i < len(extra) || closes < want; {
		if i < len(extra) && extra[i].ReadyState() ==
			webrtc.DataChannelStateOpen {
			i++
			continue
		}
		lock.Unlock()
		time.Sleep(2 * time.Millisecond)
		lock.Lock()
	}
	l.extra = extra
	l.line("ok")
}

func (l *link) session(which string) *session {
	if which == "opened" {
		return l.theirs
	}
	return l.ours
}

func (s *session) channel() map[string]interface{} {
	m := map[string]interface{}{"connection": s.connection, "role": s.role}
	if s.dc != nil {
		m["id"] = s.dc.ID()
	}
	return m
}

func (l *link) info(asked string) {
	b, _ := json.Marshal(map[string]interface{}{
		"asked": json.Number(asked), "got": l.got, "closes": closes,
		"opened": l.theirs.channel(), "given": l.ours.channel()})
	l.got = nil
	l.line(string(b))
}

func (l *link) unknown(s *session, text string) {
	n, _ := strconv.Atoi(text)
	id, yes := uint16(n), true
	dc, err := s.pc.CreateDataChannel("unknown",
		&webrtc.DataChannelInit{Negotiated: &yes, ID: &id})
	if err != nil {
		l.line("bad " + err.Error())
		return
	}
	dc.OnOpen(func() { dc.Send([]byte{0}) })
	dc.OnClose(func() { l.line("closed") })
}

func (l *link) command(word []string) {
	switch word[0] {
	case "info":
		l.info(word[1])
		return
	case "close":
		go l.session(word[1]).dc.Close()
		return
	case "unknown":
		go l.unknown(l.session(word[1]), word[2])
		return
	}
	n, _ := strconv.Atoi(word[1])
	if word[0] == "channels" {
		go l.channels(n)
		return
	}
	v, _ := strconv.Atoi(word[2])
	l.doing = &job{word[0], n, v}
	if word[0] == "echo" {
		l.line("ok")
	}
	if word[0] == "bulk" {
		l.out <- piece{pattern(v+1, n), 15 * block}
	}
}

func (l *link) finish(j *job, data []byte) {
	switch {
	case j.what == "echo":
		l.out <- piece{data, j.v}
	case bytes.Equal(data, pattern(j.v, j.n)):
		l.line("ok")
	default:
		l.line("bad 0")
	}
}

func handle(m *message) {
	lock.Lock()
	defer lock.Unlock()
	if m.Typ == msgOpen {
		linkOf(m.Dat.Pth).accept(m.Dat.Sid)
		return
	}
	for _, l := range links {
		for _, s := range []*session{l.theirs, l.ours} {
			if s == nil || s.sid != m.Dat.Sid {
				continue
			}
			if m.Typ == msgAccept {
				l.accepted = true
			} else if m.Typ == msgSignal && m.Dat.Tok != "" {
				s.act(m.Dat.Knd, []byte(m.Dat.Tok))
			}
		}
	}
}

func main() {
	var se webrtc.SettingEngine
	var err error

	me, setup, peer = os.Args[2], os.Args[3], os.Args[4]
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
	linkOf(os.Args[5])
	lock.Unlock()
	for {
		var m message
		if err := websocket.JSON.Receive(conn, &m); err != nil {
			log.Fatal(err)
		}
		handle(&m)
	}
}
