// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ulvs/ulvs/cmd/ulvs/command"
)

// These tests make network namespaces of their own and run the real binary in
// them, with real programs as clients:
//
//	nat                                          dr
//	  client ──── director ──── switch ── rs1      client ── switch ── director
//	   .9     .100       .100     └────── rs2                  ├────── rs1
//	  172.25.254.0/24   192.168.0.0/24                         └────── rs2
//
// The test binary plays the other parts: ulvs itself, and the real servers.

const (
	cip = "172.25.254.9"
	rs1 = "192.168.0.10"
	rs2 = "192.168.0.20"
	dip = "192.168.0.100"
)

func TestMain(m *testing.M) {
	switch os.Getenv("ULVS_TEST_ROLE") {
	case "ulvs":
		os.Exit(command.Main(os.Args))
	case "load":
		loadFromArgs()
	case "server":
		serve(os.Args[1])
	}
	os.Exit(m.Run())
}

// serve is a real server: HTTP with a banner, downloads and uploads on
// ports 80 and 8080, and UDP echo on port 7. It says so on standard output when it is ready.
func serve(name string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			h := sha256.New()
			n, _ := io.Copy(h, r.Body)
			fmt.Fprintf(w, "%d %x\n", n, h.Sum(nil))
			return
		}
		fmt.Fprintf(w, "%s\n", name)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, os.Args[2]) })
	l, err := net.Listen("tcp", ":80")
	exitOn(err)
	other, err := net.Listen("tcp", ":8080")
	exitOn(err)
	u, err := net.ListenPacket("udp", ":7")
	exitOn(err)
	go func() {
		b := make([]byte, 65536)
		for {
			n, from, err := u.ReadFrom(b)
			exitOn(err)
			_, _ = u.WriteTo(b[:n], from)
		}
	}()
	go func() { exitOn(http.Serve(other, mux)) }()
	fmt.Println("ready")
	exitOn(http.Serve(l, mux))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A world is a set of namespaces and what runs in them; all of it goes with the test.
type world struct {
	t   *testing.T
	pre string
	dir string
}

func newWorld(t *testing.T, hosts ...string) *world {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: it makes network namespaces (rootless use is tested by lab)")
	}
	for _, tool := range []string{"ip", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: apt-get install iproute2 curl", tool)
		}
	}
	w := &world{t: t, pre: fmt.Sprintf("ulvs-%d-%d-", os.Getpid(), time.Now().UnixNano()%1e6), dir: t.TempDir()}
	for _, h := range hosts {
		w.must("", "ip", "netns", "add", w.pre+h)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", w.pre+h).Run() })
		w.must(h, "ip", "link", "set", "lo", "up")
		w.sysctl(h, "net.ipv4.ip_forward", "0")
		w.sysctl(h, "net.ipv6.conf.default.accept_dad", "0")
	}
	return w
}

// command prepares a program to run in a host, "" for the machine itself.
func (w *world) command(ctx context.Context, host, name string, args ...string) *exec.Cmd {
	if host != "" {
		args = append([]string{"netns", "exec", w.pre + host, name}, args...)
		name = "ip"
	}
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// try runs a program to its end and gives back what it printed.
func (w *world) try(host, name string, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), 120*time.Second)
	defer stop()
	out, err := w.command(ctx, host, name, args...).CombinedOutput()
	return string(out), err
}

func (w *world) must(host, name string, args ...string) string {
	w.t.Helper()
	out, err := w.try(host, name, args...)
	if err != nil {
		w.t.Fatalf("%s: %s %s: %v\n%s", host, name, strings.Join(args, " "), err, out)
	}
	return out
}

func (w *world) sysctl(host, key, value string) {
	w.t.Helper()
	w.must(host, "sh", "-c", "echo "+value+" > /proc/sys/"+strings.ReplaceAll(key, ".", "/"))
}

// link joins two hosts with a veth pair; offloads stay at their defaults.
func (w *world) link(a, ifa, b, ifb string) {
	w.t.Helper()
	w.must("", "ip", "link", "add", ifa, "netns", w.pre+a, "type", "veth", "peer", "name", ifb, "netns", w.pre+b)
	w.must(a, "ip", "link", "set", ifa, "up")
	w.must(b, "ip", "link", "set", ifb, "up")
}

// plug joins a host's eth to the switch's bridge.
func (w *world) plug(host, ifname string) {
	w.t.Helper()
	w.link(host, ifname, "sw", "p-"+host)
	w.must("sw", "ip", "link", "set", "p-"+host, "master", "br0")
}

func (w *world) addr(host, ifname, addr string) {
	w.t.Helper()
	w.must(host, "ip", "addr", "add", addr, "dev", ifname)
}

// start runs a program of the test binary in a host until the test ends, and
// returns when it has said "ready" or up() holds.
func (w *world) start(host, role string, up func() bool, args ...string) *exec.Cmd {
	w.t.Helper()
	log, err := os.Create(filepath.Join(w.dir, fmt.Sprintf("%s-%s-%d.log", host, role, time.Now().UnixNano())))
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.command(context.Background(), host, "env", append([]string{"ULVS_TEST_ROLE=" + role, self()}, args...)...)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if b, _ := os.ReadFile(log.Name()); w.t.Failed() {
			w.t.Logf("%s %s said:\n%s", host, role, b)
		}
	})
	ready := func() bool {
		b, _ := os.ReadFile(log.Name())
		return bytes.Contains(b, []byte("ready\n"))
	}
	if up == nil {
		up = ready
	}
	w.wait(host+" "+role+" to be ready", up)
	return c
}

func self() string {
	p, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return p
}

// wait polls for an event that has no file descriptor to wait on.
func (w *world) wait(what string, up func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if up() {
			return
		}
	}
	w.t.Fatalf("waited in vain for %s", what)
}

// ulvs runs a verb of ulvs in the director's namespace.
func (w *world) ulvs(args ...string) (string, error) {
	return w.try("d", "env", append([]string{"ULVS_TEST_ROLE=ulvs", self()}, args...)...)
}

func (w *world) mustUlvs(args ...string) string {
	w.t.Helper()
	out, err := w.ulvs(args...)
	if err != nil {
		w.t.Fatalf("ulvs %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// director starts `ulvs run` and types ipvsadm lines.
func (w *world) director(lines ...string) *exec.Cmd {
	w.t.Helper()
	c := w.start("d", "ulvs", func() bool { _, err := w.ulvs("status"); return err == nil }, "run")
	for _, l := range lines {
		w.mustUlvs(append([]string{"ipvsadm"}, strings.Fields(l)...)...)
	}
	return c
}

// natWorld is the picture on the left. The VIP is held by the director's
// interface or by nobody.
func natWorld(t *testing.T, vip string, held bool) *world {
	w := newWorld(t, "c", "d", "sw", "s1", "s2")
	w.must("sw", "ip", "link", "add", "br0", "type", "bridge")
	w.must("sw", "ip", "link", "set", "br0", "up")
	w.link("c", "eth0", "d", "eth0")
	w.plug("d", "eth1")
	w.addr("c", "eth0", cip+"/24")
	w.addr("d", "eth0", "172.25.254.100/24")
	w.addr("d", "eth1", dip+"/24")
	w.must("c", "ip", "route", "add", "default", "via", "172.25.254.100")
	if held {
		w.addr("d", "eth0", vip+"/32")
		w.sysctl("d", "net.ipv4.ip_forward", "1")
	}
	for i, a := range []string{rs1, rs2} {
		s := fmt.Sprintf("s%d", i+1)
		w.plug(s, "eth0")
		w.addr(s, "eth0", a+"/24")
		w.must(s, "ip", "route", "add", "default", "via", dip)
		w.start(s, "server", nil, strings.ToUpper(s), filepath.Join(w.dir, "file"))
	}
	return w
}

// drWorld is the picture on the right.
func drWorld(t *testing.T, vip string, held bool) *world {
	w := newWorld(t, "c", "d", "sw", "s1", "s2")
	w.must("sw", "ip", "link", "add", "br0", "type", "bridge")
	w.must("sw", "ip", "link", "set", "br0", "up")
	for _, h := range []string{"c", "d", "s1", "s2"} {
		w.plug(h, "eth0")
	}
	w.addr("c", "eth0", "192.168.0.9/24")
	w.addr("d", "eth0", dip+"/24")
	if held {
		w.addr("d", "eth0", vip+"/32")
		w.sysctl("d", "net.ipv4.ip_forward", "1")
	}
	for i, a := range []string{rs1, rs2} {
		s := fmt.Sprintf("s%d", i+1)
		w.addr(s, "eth0", a+"/24")
		w.sysctl(s, "net.ipv4.conf.all.arp_ignore", "1")
		w.sysctl(s, "net.ipv4.conf.all.arp_announce", "2")
		w.addr(s, "lo", vip+"/32")
		w.start(s, "server", nil, strings.ToUpper(s), filepath.Join(w.dir, "file"))
	}
	return w
}

// A safeBuffer can be read while a program writes to it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
