// usage: pion-source FROM TO SSRC
//
// What a sender of media does about RTCP, by pion's interceptors: RTP of this
// source that comes to port FROM goes on to port TO; a packet that a NACK
// from there asks for goes again; sender reports go with it. Prints a line of
// JSON every second: what it sent, what it sent again, and what it was told.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

var taken, sent, asked, pictures, reports int64

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func chain() interceptor.Interceptor {
	again, err := nack.NewResponderInterceptor()
	check(err)
	sender, err := report.NewSenderInterceptor()
	check(err)
	all := &interceptor.Registry{}
	all.Add(again)
	all.Add(sender)
	c, err := all.Build("")
	check(err)
	return c
}

func count(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		for _, n := range p.Nacks {
			atomic.AddInt64(&asked, int64(len(n.PacketList())))
		}
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		atomic.AddInt64(&pictures, 1)
	case *rtcp.ReceiverReport:
		atomic.AddInt64(&reports, 1)
	}
}

func listen(c interceptor.Interceptor, to net.Conn) {
	r := c.BindRTCPReader(interceptor.RTCPReaderFunc(func(b []byte,
		a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, err := to.Read(b)
		return n, a, err
	}))
	b := make([]byte, 2000)
	for {
		n, _, err := r.Read(b, nil)
		if err != nil {
			continue
		}
		packets, err := rtcp.Unmarshal(b[:n])
		check(err)
		for _, p := range packets {
			count(p)
		}
	}
}

func say() {
	for range time.Tick(time.Second) {
		n, all := atomic.LoadInt64(&taken), atomic.LoadInt64(&sent)
		fmt.Printf("{\"packets\": %d, \"again\": %d, \"asked\": %d, "+
			"\"pictures\": %d, \"reports\": %d}\n", n, all-n,
			atomic.LoadInt64(&asked), atomic.LoadInt64(&pictures),
			atomic.LoadInt64(&reports))
	}
}

func main() {
	ssrc, err := strconv.ParseUint(os.Args[3], 10, 32)
	check(err)
	from, err := net.ListenPacket("udp", "127.0.0.1:"+os.Args[1])
	check(err)
	to, err := net.Dial("udp", "127.0.0.1:"+os.Args[2])
	check(err)
	c := chain()
	c.BindRTCPWriter(interceptor.RTCPWriterFunc(func(p []rtcp.Packet,
		_ interceptor.Attributes) (int, error) {
		b, err := rtcp.Marshal(p)
		check(err)
		return to.Write(b)
	}))
	w := c.BindLocalStream(&interceptor.StreamInfo{
		SSRC: uint32(ssrc), ClockRate: 90000,
		RTCPFeedback: []interceptor.RTCPFeedback{{Type: "nack"}},
	}, interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte,
		_ interceptor.Attributes) (int, error) {
		b, err := (&rtp.Packet{Header: *h, Payload: payload}).Marshal()
		check(err)
		atomic.AddInt64(&sent, 1)
		return to.Write(b)
	}))
	go listen(c, to)
	go say()
	b := make([]byte, 2000)
	for {
		n, _, err := from.ReadFrom(b)
		check(err)
		if n > 1 && b[1] >= 192 && b[1] <= 223 {
			continue // the encoder's own reports
		}
		var p rtp.Packet
		check(p.Unmarshal(b[:n]))
		atomic.AddInt64(&taken, 1)
		w.Write(&p.Header, p.Payload, nil)
	}
}
