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
	for args, want := range map[string]int{
		"start ipvsadm": 0, "--now enable ipvsadm.service": 0, "stop firewalld": 5, "dance ipvsadm": 1, "": 1, "daemon-reload": 1,
	} {
		if code, out, errs := say(systemctl, strings.Fields(args)...); code != want || strings.Count(out+errs, "\n") != 1 {
			t.Errorf("systemctl %s: %d, want %d, in one line: %s%s", args, code, want, out, errs)
		}
	}
	if _, out, _ := say(systemctl, "start", "ipvsadm"); !strings.Contains(out, "ipvsadm-restore < /etc/sysconfig/ipvsadm") {
		t.Errorf("start says %q", out)
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
