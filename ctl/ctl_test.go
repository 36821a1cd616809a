// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ulvs/ulvs"
)

// A notebook is a director that notes what it is asked for, and answers what it
// is told to.
type notebook struct {
	mu       sync.Mutex
	asked    []ulvs.Command
	refuse   error // what every command comes to
	services []ulvs.ServiceStatus
	conns    []ulvs.Conn
	sysctls  []ulvs.Sysctl
	marks    []ulvs.MarkRule
	broken   error // ends a listing
}

func (n *notebook) Do(_ context.Context, c ulvs.Command) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, c)
	return n.refuse
}

func (n *notebook) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	line := 0
	for c := range lines {
		line++
		if err := report(line, n.Do(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

func (n *notebook) List(_ context.Context, q ulvs.Query) iter.Seq2[ulvs.ServiceStatus, error] {
	return func(yield func(ulvs.ServiceStatus, error) bool) {
		for _, s := range n.services {
			if (q == (ulvs.Query{}) || q.ID == s.ID) && !yield(s, nil) {
				return
			}
		}
		if n.broken != nil {
			yield(ulvs.ServiceStatus{}, n.broken)
		}
	}
}

func (n *notebook) Info(context.Context) (ulvs.Info, error) {
	return ulvs.Info{Version: [3]int{1, 2, 1}, Size: 4096}, nil
}

func (n *notebook) Conns(context.Context) iter.Seq2[ulvs.Conn, error] {
	return func(yield func(ulvs.Conn, error) bool) {
		for _, c := range n.conns {
			if !yield(c, nil) {
				return
			}
		}
		if n.broken != nil {
			yield(ulvs.Conn{}, n.broken)
		}
	}
}

func (n *notebook) Sysctls(context.Context) ([]ulvs.Sysctl, error) { return n.sysctls, n.broken }

func (n *notebook) Marks(context.Context) ([]ulvs.MarkRule, error) { return n.marks, n.broken }

// serve puts a director behind a socket of the test's own, and dials it.
func serve(t *testing.T, d ulvs.Director) *Client {
	t.Helper()
	addr := fmt.Sprintf("@ulvs-test-%d-%s", os.Getpid(), t.Name())
	l, err := Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, d, func() any { return map[string]int{"workers": 1} }) }()
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return c
}

func service(proto ulvs.Proto, addr string) ulvs.Service {
	return ulvs.Service{ID: ulvs.ID{Proto: proto, Addr: netip.MustParseAddrPort(addr)}, Scheduler: "wlc"}
}

// commands are one of each verb and kind.
func commands() []ulvs.Command {
	web, dns := service(ulvs.TCP, "192.0.2.1:80"), service(ulvs.UDP, "[fd00::1]:53")
	server := ulvs.Server{Addr: netip.MustParseAddrPort("[fd00::10]:53"), Mode: "nat", Weight: 3}
	limited := server
	limited.Upper, limited.Lower = 9, 4
	named := ulvs.Service{ID: dns.ID}
	sticky := ulvs.Service{
		ID:        ulvs.ID{Mark: 1<<32 - 1, Addr: netip.MustParseAddrPort("[::]:0")},
		Scheduler: "sh", Flags: 7, Persist: 360, Mask: netip.MustParseAddr("ffff::"), OnePacket: true, Engine: "sip"}
	rule, _ := ulvs.ParseMark(strings.Fields("-s fd00::/8 -p tcp --dports 80,8000:8010 --set-mark 5/0xff"))
	return []ulvs.Command{
		{Verb: ulvs.AddService, Service: web},
		{Verb: ulvs.EditService, Service: dns},
		{Verb: ulvs.DeleteService, Service: named},
		{Verb: ulvs.Flush},
		{Verb: ulvs.AddServer, Service: named, Server: server},
		{Verb: ulvs.EditServer, Service: named, Server: server},
		{Verb: ulvs.DeleteServer, Service: named, Server: ulvs.Server{Addr: server.Addr}},
		{Verb: ulvs.Zero, Service: named},
		{Verb: ulvs.Zero},
		{Verb: ulvs.AddService, Service: sticky},
		{Verb: ulvs.EditServer, Service: ulvs.Service{ID: sticky.ID}, Server: limited},
		{Verb: ulvs.DeleteService, Service: ulvs.Service{ID: ulvs.ID{Mark: 7, Addr: netip.MustParseAddrPort("0.0.0.0:0")}}},
		{Verb: ulvs.SetTimeouts, Timeouts: ulvs.Timeouts{TCP: 1, UDP: 3}},
		{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: "sync_threshold", Value: "3 50"}},
		{Verb: ulvs.AddMark, Mark: rule},
		{Verb: ulvs.InsertMark, Mark: rule},
		{Verb: ulvs.DeleteMark, Mark: rule},
		{Verb: ulvs.FlushMarks},
	}
}

// TestDo wants every command to arrive as it was sent.
func TestDo(t *testing.T) {
	var n notebook
	c := serve(t, &n)
	for _, cmd := range commands() {
		if err := c.Do(t.Context(), cmd); err != nil {
			t.Errorf("%+v: %v", cmd, err)
		}
	}
	if !slices.Equal(n.asked, commands()) {
		t.Errorf("asked for\n%+v\ngot\n%+v", commands(), n.asked)
	}
	if err := c.Do(t.Context(), ulvs.Command{Verb: "dance"}); !errors.Is(err, ulvs.ErrInvalid) {
		t.Errorf("an unknown verb: %v", err)
	}
}

// TestErrors wants an error to be the same one behind the socket, alone and
// among many.
func TestErrors(t *testing.T) {
	n := &notebook{}
	c := serve(t, n)
	for _, code := range codes {
		n.refuse = fmt.Errorf("add 1 to 2: %w", code.err)
		for _, err := range []error{c.Do(t.Context(), commands()[0]), applyOne(t, c)} {
			if !errors.Is(err, code.err) || err.Error() != n.refuse.Error() {
				t.Errorf("%v became %v", n.refuse, err)
			}
		}
	}
	n.refuse = errors.New("the sky fell")
	if err := c.Do(t.Context(), commands()[0]); err == nil || err.Error() != "the sky fell" {
		t.Errorf("an error without a name became %v", err)
	}
}

func applyOne(t *testing.T, c *Client) (outcome error) {
	err := c.Apply(t.Context(), slices.Values(commands()[:1]), func(_ int, err error) error {
		outcome = err
		return nil
	})
	if err != nil {
		t.Errorf("apply: %v", err)
	}
	return outcome
}

// TestApplyMany wants more commands than any buffer holds to pass, with an
// outcome each and in order; also so few that net/http would throw away what it
// has not read of them once an answer begins.
func TestApplyMany(t *testing.T) {
	for _, many := range []int{1000, 20000} {
		t.Run(fmt.Sprint(many), func(t *testing.T) { applyMany(t, many) })
	}
}

func applyMany(t *testing.T, many int) {
	n := &notebook{refuse: ulvs.ErrServiceExists}
	c := serve(t, n)
	all := commands()
	lines := func(yield func(ulvs.Command) bool) {
		for i := range many {
			if !yield(all[i%len(all)]) {
				return
			}
		}
	}
	next := 1
	err := c.Apply(t.Context(), lines, func(line int, err error) error {
		if line != next || !errors.Is(err, ulvs.ErrServiceExists) {
			t.Fatalf("line %d: %v; want line %d", line, err, next)
		}
		next++
		return nil
	})
	if err != nil || next != many+1 || len(n.asked) != many {
		t.Errorf("%v after %d outcomes of %d commands", err, next-1, len(n.asked))
	}
}

// TestApplyStops wants the error of report back.
func TestApplyStops(t *testing.T) {
	n := &notebook{}
	c := serve(t, n)
	enough := errors.New("enough")
	err := c.Apply(t.Context(), slices.Values(commands()), func(line int, _ error) error {
		if line == 3 {
			return enough
		}
		return nil
	})
	if err != enough {
		t.Errorf("apply: %v", err)
	}
}

// TestList wants services to arrive as they were, one alone and all of them.
func TestList(t *testing.T) {
	n := &notebook{services: []ulvs.ServiceStatus{
		{Service: service(ulvs.TCP, "192.0.2.1:80"), Stats: ulvs.Stats{Conns: 1 << 63, InBytes: 5}},
		{Service: service(ulvs.UDP, "[fd00::1]:53"), Servers: []ulvs.ServerStatus{{
			Server: ulvs.Server{Addr: netip.MustParseAddrPort("[fd00::10]:53"), Mode: "dr", Weight: 7},
			Active: 3, Inactive: 4,
		}}},
	}}
	c := serve(t, n)
	for _, want := range [][]ulvs.ServiceStatus{n.services, n.services[1:]} {
		var q ulvs.Query
		if len(want) == 1 {
			q.ID = want[0].ID
		}
		if got := list2(t, c, q); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
	}
	n.services = nil
	if got := list2(t, c, ulvs.Query{}); len(got) != 0 {
		t.Errorf("an empty director lists %+v", got)
	}
}

func list2(t *testing.T, c *Client, q ulvs.Query) (all []ulvs.ServiceStatus) {
	for s, err := range c.List(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestListBreaks wants a listing that fails to fail, whenever it does.
func TestListBreaks(t *testing.T) {
	n := &notebook{broken: ulvs.ErrNoService}
	c := serve(t, n)
	for _, err := range c.List(t.Context(), ulvs.Query{}) {
		if !errors.Is(err, ulvs.ErrNoService) {
			t.Errorf("at once: %v", err)
		}
	}
	// Enough of them that the first have left before the end fails.
	n.services = slices.Repeat([]ulvs.ServiceStatus{{Service: service(ulvs.TCP, "192.0.2.1:80")}}, 1000)
	var last error
	seen := 0
	for _, err := range c.List(t.Context(), ulvs.Query{}) {
		last = err
		seen++
	}
	if last == nil || seen < 10 {
		t.Errorf("a listing that broke off came to %d services, %v", seen, last)
	}
}

// TestTree reads and writes the resources as somebody with curl does.
func TestTree(t *testing.T) {
	n := &notebook{
		services: []ulvs.ServiceStatus{{Service: service(ulvs.TCP, "192.0.2.1:80")}},
		sysctls:  []ulvs.Sysctl{{Name: "conn_reuse_mode", Value: "1"}},
	}
	c := serve(t, n)
	for _, r := range []struct {
		method, path, body string
		status             int
		answer             string // begins with
	}{
		{"GET", "/v1/services", "", 200, `[{"proto":"tcp","addr":"192.0.2.1:80","scheduler":"wlc","stats":{"conns":0,"in_pkts":0`},
		{"GET", "/v1/services/tcp/192.0.2.1:80", "", 200, `[{"proto":"tcp"`},
		{"GET", "/v1/info", "", 200, `{"version":[1,2,1],"size":4096,"timeouts":{"tcp":0,`},
		{"GET", "/v1/status", "", 200, `{"workers":1}`},
		{"POST", "/v1/services", `{"proto":"tcp","addr":"192.0.2.9:80","scheduler":"rr"}`, 204, ""},
		{"PUT", "/v1/services/tcp/192.0.2.9:80", `{"scheduler":"rr"}`, 204, ""},
		{"PUT", "/v1/services/tcp/192.0.2.9:80", `{"proto":"udp","addr":"192.0.2.9:80"}`, 400, `{"code":"invalid"`},
		{"POST", "/v1/services", `{"sheduler":"rr"}`, 400, `{"code":"invalid","error":"read the body: json: unknown field`},
		{"POST", "/v1/services", `{} {}`, 400, `{"code":"invalid"`},
		{"POST", "/v1/services", "", 400, `{"code":"invalid"`},
		{"POST", "/v1/services", `{"scheduler":"` + strings.Repeat("x", maxBody) + `"}`, 400, `{"code":"invalid"`},
		{"DELETE", "/v1/services/icmp/192.0.2.9:80", "", 400, `{"code":"invalid"`},
		{"DELETE", "/v1/services/tcp/192.0.2.9", "", 400, `{"code":"invalid","error":"address \"192.0.2.9\"`},
		{"POST", "/v1/services", `{"proto":"tcp","scheduler":"rr"}`, 400, `{"code":"invalid","error":"add-service: which service?`},
		{"POST", "/v1/services/tcp/192.0.2.9:80/servers", `{"mode":"dr"}`, 400, `{"code":"invalid","error":"add-server: which real server?`},
		{"POST", "/v1/services/tcp/[fe80::1%25lo]:80/zero", "", 400, `{"code":"invalid"`},
		{"POST", "/v1/apply", `{"verb":"dance"}`, 200, "{\"code\":\"invalid\""},
		{"POST", "/v1/apply", `{"verb":"edit-service"}`, 200, "{\"code\":\"invalid\""},
		{"POST", "/v1/services", `{"mark":6666,"scheduler":"rr"}`, 204, ""},
		{"PUT", "/v1/services/fwm/6666", `{"mark":6666,"scheduler":"rr","persist":360}`, 204, ""},
		{"PUT", "/v1/services/fwm6/6666", `{"scheduler":"rr"}`, 204, ""},
		{"PUT", "/v1/services/fwm6/6666", `{"mark":6666}`, 400, `{"code":"invalid","error":"the path says FWM 6666 IPv6, the body FWM 6666`},
		{"DELETE", "/v1/services/fwm/0", "", 400, `{"code":"invalid","error":"mark \"0\"`},
		{"DELETE", "/v1/services/fwm/4294967296", "", 400, `{"code":"invalid","error":"mark`},
		{"POST", "/v1/services", `{"mark":1,"proto":"tcp"}`, 400, `{"code":"invalid","error":"add-service: mark 1:`},
		{"POST", "/v1/services", `{"mark":1,"addr":"192.0.2.1:80"}`, 400, `{"code":"invalid","error":"add-service: mark 1:`},
		{"POST", "/v1/services", `{"mark":1,"persist":-1}`, 400, `{"code":"invalid","error":"add-service: persist -1:`},
		{"POST", "/v1/services", `{"mark":1,"persist":2678401}`, 400, `{"code":"invalid","error":"add-service: persist`},
		{"POST", "/v1/services", `{"mark":1,"flags":8}`, 400, `{"code":"invalid","error":"add-service: flags 8`},
		{"POST", "/v1/services", `{"mark":1,"mask":"ffff::"}`, 400, `{"code":"invalid","error":"add-service: mask ffff::`},
		{"POST", "/v1/services", `{"mark":1,"addr":"[::]:0","mask":"ffff:0:ffff::"}`, 400, `{"code":"invalid","error":"add-service: mask`},
		{"POST", "/v1/services", `{"mark":1,"addr":"[::]:0","mask":"::"}`, 400, `{"code":"invalid","error":"add-service: mask`},
		{"POST", "/v1/services/fwm/1/servers", `{"addr":"10.0.0.1:0","mode":"dr","weight":-1}`, 400, `{"code":"invalid","error":"add-server: weight -1`},
		{"POST", "/v1/services/fwm/1/servers", `{"addr":"10.0.0.1:0","mode":"dr","upper":2147483648}`, 400, `{"code":"invalid","error":"add-server: upper`},
		{"PUT", "/v1/timeouts", `{"tcp":-1}`, 400, `{"code":"invalid","error":"set-timeouts: timeout -1`},
		{"PUT", "/v1/sysctls", `{"name":"conn_reuse_mode"}`, 400, `{"code":"invalid","error":"set-sysctl: which sysctl?`},
		{"POST", "/v1/marks", `{"dst":"10.0.0.1/8","mark":1,"mask":1}`, 400, `{"code":"invalid","error":"add-mark: to whom?`},
		{"POST", "/v1/marks", `{"dst":"10.0.0.0/8","ports":"80","mark":1,"mask":1}`, 400, `{"code":"invalid","error":"add-mark: ports 80`},
		{"POST", "/v1/marks", `{"dst":"10.0.0.0/8","ports":"0","mark":1,"mask":1}`, 400, `{"code":"invalid","error":"read the body`},
		{"GET", "/v1/connections", "", 200, "[]\n"},
		{"GET", "/v1/sysctls", "", 200, `[{"name":"conn_reuse_mode","value":"1"}]`},
		{"GET", "/v1/marks", "", 200, "[]\n"},
		{"PATCH", "/v1/services", "", 405, ""},
		{"GET", "/v2", "", 404, ""},
		{"POST", "/v1/apply", `{"verb":"flush"}{"verb":"zero"}`, 200, "{\"line\":1}\n{\"line\":2}\n{}\n"},
		{"POST", "/v1/apply", `{"verb":"flush"}{"verb`, 200, "{\"line\":1}\n{\"code\":\"invalid\""},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), r.method, "http://ulvs"+r.path, strings.NewReader(r.body))
		got, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(got.Body)
		got.Body.Close()
		if got.StatusCode != r.status || !strings.HasPrefix(string(text), r.answer) {
			t.Errorf("%s %s: %d %s; want %d %s", r.method, r.path, got.StatusCode, text, r.status, r.answer)
		}
	}
	if len(n.asked) != 8 {
		t.Errorf("the director was asked for %d commands: %+v", len(n.asked), n.asked)
	}
}

func TestStatus(t *testing.T) {
	c := serve(t, &notebook{})
	var status struct{ Workers int }
	if err := c.Status(t.Context(), &status); err != nil || status.Workers != 1 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// TestTrusted is who may speak to whom: never a stranger, and nobody is one.
func TestTrusted(t *testing.T) {
	for _, c := range []struct {
		uid  uint32
		own  int
		want bool
	}{
		{0, 0, true}, {0, 1000, true}, {1000, 1000, true},
		{1000, 0, false}, {1001, 1000, false}, {nobody, nobody, false}, {nobody, 0, false}, {0, nobody, true},
	} {
		if got := trusted(c.uid, c.own); got != c.want {
			t.Errorf("uid %d at the other end, %d at ours: %v", c.uid, c.own, got)
		}
	}
}

// TestStranger wants a connection without trust to be told so, whatever it asks.
func TestStranger(t *testing.T) {
	var n notebook
	h := onlyTrusted(handler(&n, nil))
	ctx := context.WithValue(t.Context(), trustKey{}, error(ulvs.ErrPermission))
	req, _ := http.NewRequestWithContext(ctx, "DELETE", "/v1/services", nil)
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, req)
	var f failure
	if json.Unmarshal(w.body.Bytes(), &f); w.status != 403 || !errors.Is(f.err(), ulvs.ErrPermission) || len(n.asked) > 0 {
		t.Errorf("a stranger got %d %s, and %d commands through", w.status, &w.body, len(n.asked))
	}
}

// A recorder is the least of a http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(s int)           { r.status = s }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// TestSecondDirector wants the second one to be told who the first is.
func TestSecondDirector(t *testing.T) {
	for where, addr := range map[string]string{
		"in this network namespace": fmt.Sprintf("@ulvs-test-%d-second", os.Getpid()),
		"behind this socket":        filepath.Join(t.TempDir(), "s"),
	} {
		l, err := Listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Listen(addr)
		want := fmt.Sprintf("another director runs %s (pid %d)", where, os.Getpid())
		if !errors.Is(err, ulvs.ErrBusy) || !strings.Contains(err.Error(), want) {
			t.Errorf("the second director at %s: %v", addr, err)
		}
		l.Close()
	}
}

// TestSocketFile wants a socket of ours alone, in place of a stale one, but
// never in place of another file.
func TestSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	l.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket outlives its director: %v", err)
	}
	os.WriteFile(path, []byte("precious"), 0o600)
	if _, err := Listen(path); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}

// TestNobodyThere wants to hear what to do.
func TestNobodyThere(t *testing.T) {
	for _, addr := range []string{fmt.Sprintf("@ulvs-test-%d-nobody", os.Getpid()), filepath.Join(t.TempDir(), "s")} {
		_, err := Dial(addr)
		if !errors.Is(err, ulvs.ErrNoDirector) || !strings.Contains(err.Error(), "ulvs run") {
			t.Errorf("dial %s: %v", addr, err)
		}
	}
}

func TestDefaultAddr(t *testing.T) {
	t.Setenv("ULVS_SOCKET", "")
	if got := DefaultAddr(""); got != "@ulvs" {
		t.Errorf("without anything: %s", got)
	}
	t.Setenv("ULVS_SOCKET", "/env")
	if got := DefaultAddr("") + DefaultAddr("/flag"); got != "/env/flag" {
		t.Errorf("with both: %s", got)
	}
}
