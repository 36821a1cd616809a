// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, c *http.Client, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.ContentLength != int64(len(b)) {
		t.Fatalf("%d bytes came, %d were promised: %v", len(b), resp.ContentLength, err)
	}
	return resp.StatusCode, string(b)
}

func TestAnswers(t *testing.T) {
	const banner = "RS1 server - 192.168.0.10"
	s := httptest.NewServer(Handler(banner))
	defer s.Close()
	// echo -n hello | sha256sum
	const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/", "", 200, banner + "\n"},
		{"GET", "/any/path?x=1", "", 200, banner + "\n"},
		{"POST", "/", "hello", 200, banner + "\nreceived 5 bytes, sha256 " + sum + "\n"},
		{"POST", "/bytes", "hello", 200, banner + "\nreceived 5 bytes, sha256 " + sum + "\n"},
		{"GET", "/bytes?n=0", "", 200, ""},
		{"GET", "/bytes?n=-1", "", 400, "bytes?n=N: N is how many\n"},
		{"GET", "/bytes", "", 400, "bytes?n=N: N is how many\n"},
		{"DELETE", "/", "", 405, banner + ": GET or POST, please\n"},
	} {
		if code, got := get(t, s.Client(), c.method, s.URL+c.path, c.body); code != c.code || got != c.want {
			t.Errorf("%s %s answers %d %q, want %d %q", c.method, c.path, code, got, c.code, c.want)
		}
	}
}

// Two servers send the same bytes, or a download could not be compared.
func TestBytesAreTheSame(t *testing.T) {
	var sums [2][sha256.Size]byte
	for i := range sums {
		s := httptest.NewServer(Handler(fmt.Sprint(i)))
		_, b := get(t, s.Client(), "GET", s.URL+"/bytes?n=1000000", "")
		s.Close()
		if len(b) != 1000000 || strings.Count(b, b[:8]) != 1 {
			t.Errorf("%d bytes, and they repeat themselves", len(b))
		}
		sums[i] = sha256.Sum256([]byte(b))
	}
	if sums[0] != sums[1] {
		t.Error("two servers send different bytes")
	}
}

func TestTLSIsSelfSigned(t *testing.T) {
	l, err := listenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { _ = http.Serve(l, Handler("secure")) }()
	url := "https://" + l.Addr().String() + "/"
	if _, err := http.Get(url); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("somebody vouches for it: %v", err)
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if code, got := get(t, trusting, "GET", url, ""); code != 200 || got != "secure\n" {
		t.Errorf("it answers %d %q", code, got)
	}
}

func TestEchoTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { _ = echoTCP(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "hello")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); string(b) != "hello" {
		t.Errorf("the echo is %q: %v", b, err)
	}
}

// A datagram to any of the host's addresses is answered from that address: a
// connected client would not hear another.
func TestEchoUDPFromTheAddressAsked(t *testing.T) {
	u, err := listenUDP(":0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	go func() { _ = echoUDP(u) }()
	port := u.LocalAddr().(*net.UDPAddr).Port
	for _, to := range []string{"127.0.0.1", "127.0.0.2", "127.99.0.1"} {
		c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.UDPAddr{IP: net.ParseIP(to), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		fmt.Fprint(c, "hello")
		b := make([]byte, 10)
		if n, err := c.Read(b); string(b[:n]) != "hello" {
			t.Errorf("%s echoes %q: %v", to, b[:n], err)
		}
		c.Close()
	}
}
