// usage: pion in|out PORT...
//
// What webrtc.js is, on pion.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v3"
)

const (
	high    = 1 << 20
	low     = 1 << 18
	message = 65535
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Whole messages out of the channel into the connection.
func down(c net.Conn, d datachannel.ReadWriteCloser) {
	buf := make([]byte, message)
	for {
		n, err := d.Read(buf)
		if err == nil {
			_, err = c.Write(buf[:n])
		}
		if err != nil {
			c.Close()
			return
		}
	}
}

// What a read gave is a message; no more than high bytes wait in the channel.
func up(c net.Conn, dc *webrtc.DataChannel, d io.Writer, more chan struct{}) {
	buf := make([]byte, message)
	for {
		n, err := c.Read(buf)
		if err == nil {
			_, err = d.Write(buf[:n])
		}
		if err != nil {
			c.Close()
			dc.Close()
			return
		}
		if dc.BufferedAmount() > high {
			<-more
		}
	}
}

func join(c net.Conn, dc *webrtc.DataChannel) {
	d, err := dc.Detach()
	check(err)
	more := make(chan struct{}, 1)
	dc.SetBufferedAmountLowThreshold(low)
	dc.OnBufferedAmountLow(func() {
		select {
		case more <- struct{}{}:
		default:
		}
	})
	go down(c, d)
	go up(c, dc, d, more)
}

func listen(pc *webrtc.PeerConnection, i int, port string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	check(err)
	go func() {
		for {
			c, err := l.Accept()
			check(err)
			dc, err := pc.CreateDataChannel(strconv.Itoa(i), nil)
			check(err)
			dc.OnOpen(func() { join(c, dc) })
		}
	}()
}

func describe(pc *webrtc.PeerConnection, d webrtc.SessionDescription,
	err error) {
	check(err)
	whole := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(d))
	<-whole
	b, _ := json.Marshal(pc.LocalDescription())
	fmt.Println(string(b))
}

func accept(pc *webrtc.PeerConnection, in *bufio.Reader) {
	var d webrtc.SessionDescription

	line, err := in.ReadBytes('\n')
	check(err)
	check(json.Unmarshal(line, &d))
	check(pc.SetRemoteDescription(d))
}

func main() {
	var se webrtc.SettingEngine

	se.DetachDataChannels()
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	check(err)
	in := bufio.NewReader(os.Stdin)
	ports := os.Args[2:]
	if os.Args[1] == "in" {
		dc, err := pc.CreateDataChannel("start", nil)
		check(err)
		dc.OnOpen(func() {
			for i, port := range ports {
				listen(pc, i, port)
			}
			fmt.Println("up")
		})
		d, err := pc.CreateOffer(nil)
		describe(pc, d, err)
		accept(pc, in)
	} else {
		pc.OnDataChannel(func(dc *webrtc.DataChannel) {
			dc.OnOpen(func() {
				i, err := strconv.Atoi(dc.Label())
				if err != nil {
					return
				}
				c, err := net.Dial("tcp", "127.0.0.1:"+ports[i])
				check(err)
				join(c, dc)
			})
		})
		accept(pc, in)
		d, err := pc.CreateAnswer(nil)
		describe(pc, d, err)
	}
	in.ReadBytes(0)
}
