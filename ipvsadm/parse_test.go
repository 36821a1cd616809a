// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

// FuzzFormat takes any line for a command, and wants to read back what it
// writes.
func FuzzFormat(f *testing.F) {
	for _, line := range []string{
		"-C", "-Z", "-Z -t 192.0.2.1:80", "-A -t 192.0.2.1:80", "-E -u [fd00::1]:53 -s rr", "-D -t [::1.2.3.4]:80",
		"-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3", "-e -t [::ffff:1.2.3.4]:80 -r fd00::2 -g",
		"-d -u 192.0.2.1:53 -r 10.0.0.1", "-At1.2:0x50 -s=-L", "-L -n --nosort", "-A -t [::1:0]:65535 -s ---",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		l, err := Parse(wordsOf(line))
		if err != nil || l.Action != Change {
			return
		}
		text := Format(l.Command)
		again, err := Parse(strings.Split(text, " "))
		if err != nil || again.Command != l.Command {
			t.Fatalf("%q is %+v, written as %q is %+v, %v", line, l.Command, text, again.Command, err)
		}
	})
}

func TestParse(t *testing.T) {
	web := ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")}
	for line, want := range map[string]Line{
		"":                   {Action: List},
		"-Ln --nosort":       {Action: List, Numeric: true, Unsorted: true},
		"-S":                 {Action: Save},
		"-R":                 {Action: Restore},
		"-h -Q":              {Action: Help},
		"-v":                 {Action: Version},
		"-L -t 192.0.2.1:80": {Action: List, Query: ulvs.Query{ID: web}},
		"-A -t 192.0.2.1:80": {Command: ulvs.Command{
			Verb: ulvs.AddService, Service: ulvs.Service{ID: web, Scheduler: "wlc"}}},
		"-a -t 192.0.2.1:80 -r 10.0.0.1:81": {Command: ulvs.Command{
			Verb: ulvs.AddServer, Service: ulvs.Service{ID: web},
			Server: ulvs.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Mode: "dr", Weight: 1}}},
		"-e -t 192.0.2.1:80 -m -r 10.0.0.1:81 -w 5": {Command: ulvs.Command{
			Verb: ulvs.EditServer, Service: ulvs.Service{ID: web},
			Server: ulvs.Server{Addr: netip.MustParseAddrPort("10.0.0.1:81"), Mode: "nat", Weight: 5}}},
	} {
		got, err := Parse(strings.Fields(line))
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", line, got, err, want)
		}
	}
}

// TestUnsupported takes lines that the original accepts, and wants each refused
// under the name of the option that ulvs has not.
func TestUnsupported(t *testing.T) {
	const v, r = " -t 192.0.2.1:80 ", " -t 192.0.2.1:80 -r 10.0.0.1 "
	for line, option := range map[string]string{
		"--set 1 2 3":                           "--set",
		"--start-daemon master":                 "--start-daemon",
		"--stop-daemon backup":                  "--stop-daemon",
		"-A --sctp-service 192.0.2.1:80":        "--sctp-service",
		"-A -f 1":                               "-f/--fwmark-service",
		"-A -f 1 -6":                            "-f/--fwmark-service",
		"-D -f 1":                               "-f/--fwmark-service",
		"-A -p 5" + v:                           "-p/--persistent",
		"-A -p" + v:                             "-p/--persistent",
		"-A -t 192.0.2.1 -p":                    "-p/--persistent",
		"-A -M 255.0.0.0" + v:                   "-M/--netmask",
		"-A -u 192.0.2.1:80 -o":                 "-o/--ops",
		"-A --pe sip" + v:                       "--pe",
		"-A -b flag-1" + v:                      "-b/--sched-flags",
		"-a -i" + r:                             "-i/--ipip",
		"-a -i --tun-type gue --tun-port 5" + r: "-i/--ipip",
		"-a -x 1" + r:                           "-x/--u-threshold",
		"-a -y 1" + r:                           "-y/--l-threshold",
		"-Lc":                                   "-c/--connection",
		"-Ln --stats":                           "--stats",
		"-Ln --rate":                            "--rate",
		"-Ln --thresholds":                      "--thresholds",
		"-Ln --persistent-conn":                 "--persistent-conn",
		"-Ln --tun-info":                        "--tun-info",
		"-L --timeout":                          "--timeout",
		"-L --daemon":                           "--daemon",
		"-L --syncid 1":                         "--syncid",
	} {
		_, err := Parse(strings.Fields(line))
		e, _ := err.(*Error)
		if e == nil || e.Code != 2 || e.Text != option+": not supported by ulvs yet" {
			t.Errorf("%q: %v, want a refusal of %s", line, err, option)
		}
	}
}

// TestEveryOptionIsJudged wants each option to be in a slot with a name and a
// rule for each command, or in none.
func TestEveryOptionIsJudged(t *testing.T) {
	for o := slotFree + 1; o < slots; o++ {
		if rules[o].name == "" || len(rules[o].columns) != 12 {
			t.Errorf("slot %d has the rules %+v", o, rules[o])
		}
	}
	for name := range unsupported {
		if longOption(name) == nil {
			t.Errorf("%s is no option", name)
		}
	}
}
