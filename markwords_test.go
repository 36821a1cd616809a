// SPDX-License-Identifier: Apache-2.0

package ulvs_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

func ports(t *testing.T, text string) ulvs.Ports {
	t.Helper()
	p, err := ulvs.ParsePorts(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestParseMark reads rules as tutorials and iptables-save have them.
func TestParseMark(t *testing.T) {
	all := ^uint32(0)
	net := netip.MustParsePrefix
	for line, want := range map[string]ulvs.MarkRule{
		"-d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666": {
			Dst: net("192.168.0.200/32"), Proto: ulvs.TCP, Ports: ports(t, "80,443"), Mark: 6666, Mask: all},
		"-d 192.168.0.200 -p tcp --dports 80,443 --set-mark 6666": {
			Dst: net("192.168.0.200/32"), Proto: ulvs.TCP, Ports: ports(t, "80,443"), Mark: 6666, Mask: all},
		"--destination 192.168.0.200/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1a0a/0xffffffff": {
			Dst: net("192.168.0.200/32"), Proto: ulvs.TCP, Ports: ports(t, "80"), Mark: 6666, Mask: all},
		"-s 10.1.2.3/255.255.0.0 -j MARK --set-mark 0x10/0x0f": {
			Dst: net("0.0.0.0/0"), Src: net("10.1.0.0/16"), Mark: 16, Mask: 0x1f},
		"--set-mark=5 -pudp --dport=1000:2000 -dfd00::/64": {
			Dst: net("fd00::/64"), Proto: ulvs.UDP, Ports: ports(t, "1000:2000"), Mark: 5, Mask: all},
		"-s fd00::1 --set-mark 5":              {Dst: net("::/0"), Src: net("fd00::1/128"), Mark: 5, Mask: all},
		"-6 -p 132 --set-mark 5":               {Dst: net("::/0"), Proto: ulvs.SCTP, Mark: 5, Mask: all},
		"-p all --set-xmark 0/0xff":            {Dst: net("0.0.0.0/0"), Mask: 0xff},
		"-p tcp --dports 1,8000: --set-mark 1": {Dst: net("0.0.0.0/0"), Proto: ulvs.TCP, Ports: ports(t, "1,8000:65535"), Mark: 1, Mask: all},
	} {
		got, err := ulvs.ParseMark(strings.Fields(line))
		if err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", line, got, err, want)
		}
	}
}

// TestParseMarkRefuses wants no word skipped, and the culprit named.
func TestParseMarkRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                                     "which mark?",
		"-d 192.0.2.1":                         "which mark?",
		"-d 192.0.2.1 --set-mark":              "--set-mark: its value is missing",
		"-d 192.0.2.1 --set-mark x":            "--set-mark x: want MARK",
		"--set-mark 4294967296":                "--set-mark 4294967296: want MARK",
		"--set-mark 1/":                        "--set-mark 1/: want MARK",
		"--set-mark 1 --set-xmark 1":           "--set-xmark: stands twice",
		"-d 192.0.2.1 -d 192.0.2.2":            "-d: stands twice",
		"--dport 1 --dports 2":                 "--dports: stands twice",
		"--set-xmark 3/1":                      "--set-xmark 3/1: bits outside",
		"! -d 192.0.2.1":                       `"!" is no word`,
		"-i eth0 --set-mark 1":                 `"-i" is no word`,
		"-d 192.0.2.1,192.0.2.2":               "-d 192.0.2.1,192.0.2.2: want an address",
		"-d www.example.org":                   "-d www.example.org: want an address",
		"-d 192.0.2.1/33":                      "-d 192.0.2.1/33: want an address",
		"-d 192.0.2.1/255.0.255.0":             "-d 192.0.2.1/255.0.255.0: want an address",
		"-d 192.0.2.1/ffff::":                  "-d 192.0.2.1/ffff::: want an address",
		"-d fe80::1%eth0":                      "-d fe80::1%eth0: want an address",
		"-d 192.0.2.1 -s fd00::1 --set-mark 1": "from fd00::1/128 to 192.0.2.1/32: both",
		"-6 -d 192.0.2.1 --set-mark 1":         "-6: 192.0.2.1/32 is of the other family",
		"-4 -6 --set-mark 1":                   "-4 and -6 exclude",
		"-p icmp":                              "-p icmp: want tcp",
		"-p tcp -m udp --set-mark 1":           "-m udp goes with -p udp only",
		"-m tcp --set-mark 1":                  "-m tcp goes with -p tcp only",
		"-m state":                             "-m state: only tcp",
		"-j ACCEPT":                            "-j ACCEPT: only MARK",
		"--dport 80 --set-mark 1":              "--dport 80: of which protocol?",
		"-p tcp --dport 80,443 --set-mark 1":   "--dport 80,443: several ports are --dports",
		"-p tcp --dport http --set-mark 1":     "--dport http: want a port",
		"-p tcp --dport 0 --set-mark 1":        "--dport 0: want a port",
		"-p tcp --dport 443:80 --set-mark 1":   "--dport 443:80: want a port",
		"-p tcp --dports 80,x --set-mark 1":    "--dports 80,x: \"x\": want a port",
		"--sport 5 --set-mark 1":               `"--sport" is no word`,
	} {
		if r, err := ulvs.ParseMark(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s is %+v, %v; want %s…", line, r, err, want)
		}
	}
}

// FuzzMarkWords wants to read back what is written, in words and in JSON.
func FuzzMarkWords(f *testing.F) {
	for _, line := range []string{
		"-d 192.0.2.1 -p tcp --dports 80,443 --set-mark 6666", "-s fd00::/8 --set-mark 1/3",
		"-p udp --dport 1:65535 -d 0.0.0.0/0 --set-xmark 0x1/0xff", "-6 --set-mark 0",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ulvs.ParseMark(strings.Fields(line))
		if err != nil {
			return
		}
		again, err := ulvs.ParseMark(r.Words())
		if err != nil || again != r {
			t.Fatalf("%s is %+v, written %s, read %+v, %v", line, r, r, again, err)
		}
		text, err := json.Marshal(r)
		var back ulvs.MarkRule
		if err != nil || json.Unmarshal(text, &back) != nil || back != r {
			t.Fatalf("%+v as JSON is %s, read %+v, %v", r, text, back, err)
		}
	})
}

// TestMarkWords wants words that iptables takes.
func TestMarkWords(t *testing.T) {
	for _, line := range []string{
		"-d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666",
		"-s 10.0.0.0/8 -j MARK --set-mark 1/0xff",
		"-d ::/0 -p sctp --dport 5:6 -j MARK --set-mark 7",
	} {
		r, err := ulvs.ParseMark(strings.Fields(line))
		if err != nil || !slices.Equal(r.Words(), strings.Fields(line)) {
			t.Errorf("%s is written %s, %v", line, r, err)
		}
	}
}

// TestMarkCheck refuses what only JSON can say.
func TestMarkCheck(t *testing.T) {
	good := ulvs.MarkRule{Dst: netip.MustParsePrefix("10.0.0.0/8"), Mark: 1, Mask: 1}
	for want, spoil := range map[string]func(*ulvs.MarkRule){
		"":         func(*ulvs.MarkRule) {},
		"to whom?": func(r *ulvs.MarkRule) { r.Dst = netip.Prefix{} },
		"to whom":  func(r *ulvs.MarkRule) { r.Dst = netip.MustParsePrefix("10.0.0.1/8") },
		"source":   func(r *ulvs.MarkRule) { r.Src = netip.MustParsePrefix("::ffff:1.2.3.4/128") },
		"from":     func(r *ulvs.MarkRule) { r.Src = netip.MustParsePrefix("fd00::/8") },
		"ports":    func(r *ulvs.MarkRule) { r.Ports[0].First, r.Ports[0].Last = 1, 1 },
		"mark":     func(r *ulvs.MarkRule) { r.Mask = 2 },
	} {
		r := good
		spoil(&r)
		if err := r.Check(); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}

// TestMarkAsIptables wants a rule to say the same as what iptables-legacy
// v1.8.9 kept of it on Linux 6.1 (iptables -t mangle -S PREROUTING), and what
// is too much for it to be too much here.
func TestMarkAsIptables(t *testing.T) {
	for typed, kept := range map[string]string{
		"-d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666":                "-d 192.168.0.200/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x1a0a/0xffffffff",
		"-d 192.168.0.200 -p tcp --dport 80 -j MARK --set-mark 6666":                                  "-d 192.168.0.200/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1a0a/0xffffffff",
		"-d 192.168.0.200/24 -s 10.0.0.1/255.0.0.0 -p udp --dport 53:60 -j MARK --set-mark 0x10/0x0f": "-s 10.0.0.0/8 -d 192.168.0.0/24 -p udp -m udp --dport 53:60 -j MARK --set-xmark 0x10/0x1f",
		"-j MARK --set-mark 1/0xff":                                                             "-j MARK --set-xmark 0x1/0xff",
		"-d fd00::1 -p tcp -m tcp --dport 80 -j MARK --set-mark 7":                              "-d fd00::1/128 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x7/0xffffffff",
		"-s fd00::/8 -j MARK --set-mark 4294967295":                                             "-s fd00::/8 -j MARK --set-xmark 0xffffffff/0xffffffff",
		"-p tcp -j MARK --set-mark 010":                                                         "-p tcp -j MARK --set-xmark 0x8/0xffffffff",
		"-p 17 -j MARK --set-mark 1":                                                            "-p udp -j MARK --set-xmark 0x1/0xffffffff",
		"-p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15 -j MARK --set-mark 1": "-p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15 -j MARK --set-xmark 0x1/0xffffffff",
	} {
		a, err1 := ulvs.ParseMark(strings.Fields(typed))
		b, err2 := ulvs.ParseMark(strings.Fields(kept))
		if err1 != nil || err2 != nil || a != b {
			t.Errorf("%s is %+v, %v; kept as %+v, %v", typed, a, err1, b, err2)
		}
	}
	for _, ports := range []string{"1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"} {
		if r, err := ulvs.ParseMark([]string{"-p", "tcp", "--dports", ports, "--set-mark", "1"}); err == nil {
			t.Errorf("--dports %s is %+v: iptables says too many ports specified", ports, r)
		}
	}
}
