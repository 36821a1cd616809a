// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
)

// TestHostileApply posts what is no list of commands, in sizes around all that
// buffers and net/http read ahead, and wants an answer each time: net/http used
// to trip over what we had left unread, and broke the connection off.
func TestHostileApply(t *testing.T) {
	c := serve(t, &notebook{})
	for _, unit := range []string{"[", `{"a":`, `"`, "x", "\n", `{"verb":"flush"}`, `{"verb":"dance"}`} {
		for _, size := range []int{1, 4 << 10, 6 << 10, 12 << 10, 100 << 10, 300 << 10} {
			body := strings.Repeat(unit, size/len(unit)+1)
			req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://ulvs/v1/apply", strings.NewReader(body))
			got, err := c.http.Do(req)
			if err != nil {
				t.Errorf("%d bytes of %q: %v", len(body), unit, err)
				continue
			}
			text, err := io.ReadAll(got.Body)
			got.Body.Close()
			if err != nil || got.StatusCode != 200 || !strings.HasSuffix(string(text), "}\n") {
				t.Errorf("%d bytes of %q: %d, %v", len(body), unit, got.StatusCode, err)
			}
		}
	}
}

// TestHostileBody wants bodies beyond the bounds refused, wherever they go.
func TestHostileBody(t *testing.T) {
	n := &notebook{}
	c := serve(t, n)
	for _, r := range routes {
		path := fill(r.path, ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")}, netip.MustParseAddrPort("10.0.0.1:80"))
		if r.body == nothing {
			continue
		}
		for _, body := range []string{strings.Repeat("[", maxBody+1), strings.Repeat(" ", maxBody) + "{}", "{}", "null", `"x"`} {
			req, _ := http.NewRequestWithContext(t.Context(), r.method, "http://ulvs"+path, strings.NewReader(body))
			got, err := c.http.Do(req)
			if err != nil {
				t.Errorf("%s %s: %v", r.method, path, err)
				continue
			}
			got.Body.Close()
			silent := len(body) < 9 && body != `"x"` && (r.verb == ulvs.EditService || r.verb == ulvs.EditServer || r.verb == ulvs.SetTimeouts)
			if got.StatusCode != 400 && !silent {
				t.Errorf("%s %s took %.9q…: %d", r.method, path, body, got.StatusCode)
			}
		}
	}
}

// TestManyStreams wants every listing of the client to arrive, and to tell of
// an error.
func TestManyStreams(t *testing.T) {
	rule, _ := ulvs.ParseMark([]string{"--set-mark", "7"})
	n := &notebook{
		conns: []ulvs.Conn{
			{Proto: ulvs.TCP, Client: netip.MustParseAddrPort("10.1.0.2:5"), Virtual: netip.MustParseAddrPort("192.0.2.1:80"),
				Server: netip.MustParseAddrPort("10.0.0.1:80"), State: "ESTABLISHED", Left: 899},
			{Client: netip.MustParseAddrPort("[fd01::]:0"), Virtual: netip.MustParseAddrPort("[0:7::]:0"),
				Server: netip.MustParseAddrPort("[fd02::1]:0"), State: "ASSURED", Template: true, Engine: "sip", EngineData: "a@b"},
		},
		sysctls: []ulvs.Sysctl{{Name: "a", Value: "1"}, {Name: "b", Value: "3 50"}},
		marks:   []ulvs.MarkRule{rule},
	}
	c := serve(t, n)
	for range 2 {
		var conns []ulvs.Conn
		var streamed error
		for conn, err := range c.Conns(t.Context()) {
			if streamed = err; err == nil {
				conns = append(conns, conn)
			}
		}
		sysctls, err1 := c.Sysctls(t.Context())
		marks, err2 := c.Marks(t.Context())
		if n.broken == nil {
			if got, want := fmt.Sprint(conns, sysctls, marks), fmt.Sprint(n.conns, n.sysctls, n.marks); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		}
		for _, err := range []error{streamed, err1, err2} {
			if !errors.Is(err, n.broken) {
				t.Errorf("%v came as %v", n.broken, err)
			}
		}
		n.broken, n.conns = ulvs.ErrInvalid, nil
	}
}

// TestEndless wants a director to bear a body that never ends.
func TestEndless(t *testing.T) {
	c := serve(t, &notebook{})
	conn, err := c.connect(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "POST /v1/services HTTP/1.1\r\nHost: ulvs\r\nTransfer-Encoding: chunked\r\n\r\n")
	for sent := 0; ; sent += 4096 {
		if _, err = fmt.Fprintf(conn, "1000\r\n%s\r\n", strings.Repeat(" ", 4096)); err != nil {
			break
		}
		if sent > 64<<20 {
			t.Fatal("64 MiB were taken for a service")
		}
	}
	if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
		t.Errorf("the director neither reads nor hangs up: %v", err)
	}
}
