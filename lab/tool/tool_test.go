// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// say runs a tool, and gives back its code and what it said.
func say(p program, args ...string) (int, string, string) {
	var out, err strings.Builder
	code := p(args, &out, &err)
	return code, out.String(), err.String()
}

func TestNamesAreKnown(t *testing.T) {
	for _, name := range append(Always, Spares...) {
		if programs[name] == nil && !strings.HasPrefix(name, "ipvsadm") {
			t.Errorf("%s is promised to the hosts, and nobody answers to it", name)
		}
	}
	if _, ok := Main("vi", nil); ok {
		t.Error("we stand in for vi")
	}
}

func TestCurl(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, "%s %s %s %s\n", r.Method, r.URL.Path, r.Header.Get("X-A"), b)
	})
	plain, secure := httptest.NewServer(h), httptest.NewTLSServer(h)
	defer plain.Close()
	defer secure.Close()
	file := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		args string
		code int
		out  string
	}{
		{plain.URL + "/a", 0, "GET /a  \n"},
		{"-sS " + strings.TrimPrefix(plain.URL, "http://") + "/a", 0, "GET /a  \n"},
		{"-d hello " + plain.URL + "/a", 0, "POST /a  hello\n"},
		{"-X PUT -H X-A:7 --data-binary hello " + plain.URL + "/a", 0, "PUT /a 7 hello\n"},
		{plain.URL + "/a " + plain.URL + "/b", 0, "GET /a  \nGET /b  \n"},
		{"-o " + file + " " + plain.URL + "/a", 0, ""},
		{"--interface 127.0.0.1 " + plain.URL + "/a", 0, "GET /a  \n"},
		{"--interface lo " + plain.URL + "/a", 0, "GET /a  \n"},
		{plain.URL + "/missing", 0, "GET /missing  \n"},
		{"-f " + plain.URL + "/missing", 22, ""},
		{"-k " + secure.URL + "/a", 0, "GET /a  \n"},
		{"-s " + secure.URL + "/a", 60, ""},
		{"-s http://127.0.0.1:1/", 7, ""},
		{"--http3 " + plain.URL, 2, ""},
		{"-s", 2, ""},
	} {
		code, out, errs := say(curl, strings.Fields(c.args)...)
		if code != c.code || out != c.out {
			t.Errorf("curl %s: %d %q (%s), want %d %q", c.args, code, out, errs, c.code, c.out)
		}
	}
	if b, err := os.ReadFile(file); string(b) != "GET /a  \n" {
		t.Errorf("-o wrote %q: %v", b, err)
	}
	if _, out, _ := say(curl, "-i", plain.URL); !strings.HasPrefix(out, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("-i shows %q", out)
	}
}

func TestCurlTimeout(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer s.Close()
	defer close(hang)
	if code, _, errs := say(curl, "-m", "0.05", s.URL); code != 28 || !strings.HasPrefix(errs, "curl: (28)") {
		t.Errorf("a server that says nothing: %d %s", code, errs)
	}
}

func TestSystemctl(t *testing.T) {
	dir := t.TempDir()
	redhat, debian := filepath.Join(dir, "sysconfig"), filepath.Join(dir, "rules")
	var typed []string
	rules := "-A -t 192.0.2.1:80 -s rr\n"
	m := manager{rules: []string{redhat, debian}, serves: func() bool { return true }}
	m.shell = func(script string, out, _ io.Writer) int {
		typed = append(typed, script)
		if strings.HasPrefix(script, "ipvsadm -S") {
			fmt.Fprint(out, rules)
		}
		return 0
	}
	say := func(args string) (int, string) {
		var said strings.Builder
		typed, m.out, m.err = nil, &said, &said
		return m.main(strings.Fields(args)), said.String()
	}
	for _, c := range []struct {
		args  string
		code  int
		typed string // "": nothing
	}{
		{"start ipvsadm", 1, ""}, // nothing was saved yet
		{"save ipvsadm", 0, "ipvsadm-save -n > " + redhat},
		{"stop ipvsadm.service", 0, "ipvsadm -C"},
		{"touch " + debian, 0, ""},
		{"start ipvsadm", 0, "ipvsadm-restore < " + debian},
		{"touch " + redhat, 0, ""},
		{"--now restart ipvsadm", 0, "ipvsadm-restore < " + redhat},
		{"reload ipvsadm", 0, "ipvsadm-restore < " + redhat},
		{"is-active ipvsadm", 0, "ipvsadm -S -n"},
		{"enable ipvsadm", 0, ""},
		{"start nginx", 0, ""},
		{"stop firewalld", 5, ""}, {"dance ipvsadm", 1, ""}, {"", 1, ""}, {"daemon-reload", 1, ""},
	} {
		if name, ok := strings.CutPrefix(c.args, "touch "); ok {
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		code, said := say(c.args)
		if code != c.code || strings.Join(typed, ";") != c.typed || strings.Count(said, "\n") != 1 {
			t.Errorf("systemctl %s: %d after %q, want %d after %q, in one line: %s", c.args, code, typed, c.code, c.typed, said)
		}
	}
	if code, said := say("status ipvsadm"); code != 0 || !strings.HasSuffix(said, ": active: 1 rules\n"+rules) {
		t.Errorf("status: %d %s", code, said)
	}
	rules = ""
	if code, said := say("is-active ipvsadm"); code != 3 || said != "inactive\n" {
		t.Errorf("without rules it is %d %q", code, said)
	}
	m.serves = func() bool { return false }
	if code, _ := say("start httpd"); code != 5 {
		t.Errorf("a web server where none runs: %d", code)
	}
	m.shell = func(string, io.Writer, io.Writer) int { return 2 }
	if code, said := say("stop ipvsadm"); code != 1 || !strings.Contains(said, "exit 2") {
		t.Errorf("without a director: %d %s", code, said)
	}
}

func TestSudoWords(t *testing.T) {
	for args, want := range map[string]string{
		"ipvsadm -Ln":                 "ipvsadm -Ln|",
		"-n -E -u root A=1 B=2 id -u": "id -u|A=1 B=2",
		"-H -- -strange":              "-strange|",
		"-i":                          "sh|",
		"-s id":                       "id|",
		"":                            "run what",
		"-u nobody id":                "-u: ",
		"-b id":                       "-b: ",
	} {
		command, env, err := sudoWords(strings.Fields(args))
		got := strings.Join(command, " ") + "|" + strings.Join(env, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.HasPrefix(got, want)) {
			t.Errorf("sudo %s: %q, want %q", args, got, want)
		}
	}
}

func TestModprobe(t *testing.T) {
	for args, want := range map[string]int{"ip_vs": 0, "-a ip_vs ip_vs_rr": 0, "dummy": 1, "ip_vs dummy": 1, "": 1} {
		if code, out, errs := say(modprobe, strings.Fields(args)...); code != want || out+errs == "" {
			t.Errorf("modprobe %s: %d, want %d: %s%s", args, code, want, out, errs)
		}
	}
}

// TestEcho checks ping's message against the sum of RFC 1071: with its checksum
// in place it comes to nothing.
func TestEcho(t *testing.T) {
	b := echo(0x1234, 7)
	if checksum(b) != 0 || len(b) != 64 || b[0] != 8 {
		t.Errorf("the message is % x", b)
	}
	if replies(b, 0x1234, 7) {
		t.Error("a request is taken for its reply")
	}
	if b[0] = echoReply; !replies(b, 0x1234, 7) || replies(b, 0x1234, 8) || replies(b, 1, 7) || replies(b[:7], 0x1234, 7) {
		t.Error("a reply is not told from others")
	}
	for _, wrong := range []string{"", "-x rs1", "a b"} {
		if code, _, errs := say(ping, strings.Fields(wrong)...); code != 2 || strings.Count(errs, "\n") != 1 {
			t.Errorf("ping %s: %d %s", wrong, code, errs)
		}
	}
}

func TestSysctlReads(t *testing.T) {
	want, err := os.ReadFile("/proc/sys/kernel/ostype")
	if err != nil {
		t.Skip("there is no /proc/sys here")
	}
	if code, out, _ := say(sysctl, "kernel.ostype"); code != 0 || out != "kernel.ostype = "+string(want) {
		t.Errorf("it reads %d %q", code, out)
	}
	if code, out, _ := say(sysctl, "-n", "kernel/ostype"); code != 0 || out != string(want) {
		t.Errorf("-n reads %d %q", code, out)
	}
	for _, wrong := range []string{"no.such.key", "--system", ""} {
		if code, _, errs := say(sysctl, wrong); code != 1 || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q gives %d %q", wrong, code, errs)
		}
	}
}

func TestIPRefusesByName(t *testing.T) {
	for _, args := range []string{"", "tunnel", "addr frobnicate x y", "route add 1.2.3.4", "link set lo mtu 3"} {
		if code, _, errs := say(ip, strings.Fields(args)...); code != 1 || !strings.Contains(errs, "small ip") {
			t.Errorf("ip %s: %d %s", args, code, errs)
		}
	}
	if code, out, errs := say(ip, "a", "show", "lo"); code != 0 || !strings.Contains(out, "127.0.0.1/8") {
		t.Errorf("ip a show lo: %d %s%s", code, out, errs)
	}
	if code, _, errs := say(ip, "link", "show", "nosuch0"); code != 2 || !strings.Contains(errs, "nosuch0") {
		t.Errorf("a device that is not there: %d %s", code, errs)
	}
}
