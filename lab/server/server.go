// SPDX-License-Identifier: Apache-2.0

// Package server is the real server of a lab: web pages that say who answers,
// bytes to download, sums of what was uploaded, and echoes. It listens on all
// addresses, so that a VIP on its loopback is served too.
package server

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// The well-known ports that it serves.
const (
	httpPort  = ":80"
	httpsPort = ":443"
	echoPort  = ":7" // TCP and UDP
)

// Main serves until it fails. The only argument is the banner; --ready instead
// asks whether one is serving on this host.
func Main(args []string) int {
	if len(args) != 1 {
		log.Print("lab-server: give it the words to answer with")
		return 2
	}
	if args[0] == "--ready" {
		return ready()
	}
	log.Print(serve(args[0]))
	return 1
}

// ready connects to the port that is opened last.
func ready() int {
	c, err := net.DialTimeout("tcp", "127.0.0.1"+httpPort, time.Second)
	if err != nil {
		return 1
	}
	_ = c.Close()
	return 0
}

// serve opens all ports before it answers on any.
func serve(banner string) error {
	echo, err := net.Listen("tcp", echoPort)
	if err != nil {
		return err
	}
	datagrams, err := listenUDP(echoPort)
	if err != nil {
		return err
	}
	secure, err := listenTLS(httpsPort)
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", httpPort)
	if err != nil {
		return err
	}
	h := Handler(banner)
	failed := make(chan error, 4)
	go func() { failed <- echoTCP(echo) }()
	go func() { failed <- echoUDP(datagrams) }()
	go func() { failed <- http.Serve(secure, h) }()
	go func() { failed <- http.Serve(web, h) }()
	return <-failed
}

// Handler answers any path with the banner. /bytes?n=N is N bytes, the same
// ones on every server; a body that is posted is counted and summed.
func Handler(banner string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			answer(w, banner+"\n")
		case http.MethodPost, http.MethodPut:
			sum := sha256.New()
			n, err := io.Copy(sum, r.Body)
			if err != nil {
				return // the client went away
			}
			answer(w, fmt.Sprintf("%s\nreceived %d bytes, sha256 %x\n", banner, n, sum.Sum(nil)))
		default:
			http.Error(w, banner+": GET or POST, please", http.StatusMethodNotAllowed)
		}
	})
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.FormValue("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "bytes?n=N: N is how many", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_, _ = io.CopyN(w, Bytes(), n) // an error is the client's going away
	})
	return mux
}

func answer(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
}

// Bytes is what /bytes sends: random to look at, and always the same.
func Bytes() io.Reader { return rand.NewChaCha8([32]byte{}) }
