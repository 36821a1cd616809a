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
		"-A -f 4294967295 -6 -p -M 64", "-A -t 192.0.2.1 -p 100 -M 255.255.0.255", "-A -u 192.0.2.1:53 -o --pe sip -b flag-1,flag-3",
		"-A -t 192.0.2.1:80 -s sh -b sh-port,sh-fallback,flag-3", "-E -M 0 -f 3 -p -s mh -b mh-port", "--set 0 1 2678400",
		"-a -f 7 -r 10.0.0.1:81 -x 5 -y 3", "-d -f 7 -6 -r fd00::1", "ulvs mark flush",
		"ulvs mark add -d 192.0.2.1 -p tcp --dports 80,443 --set-mark 6666", "#ulvs mark del -s fd00::/8 --set-mark 1/3", "-A --sctp-service 192.0.2.1:80 -M 64 -p",
		"-A -t 192.0.2.1:80 --local-address 10.0.0.7,10.0.0.20-10.0.0.29", "-a -t 192.0.2.1:80 -r 10.0.0.1:81 --fullnat",
		"-E -u [fd00::1]:53 --local-address FD00:0::7",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		l, said, err := Names{}.ParseRule(line)
		if !said || err != nil || l.Action != Change {
			return
		}
		text := Format(l.Command)
		again, err := Names{}.parseRule(strings.Split(text, " "))
		if err != nil || again.Command != l.Command {
			t.Fatalf("%q is %+v, written as %q is %+v, %v", line, l.Command, text, again.Command, err)
		}
	})
}

func TestParse(t *testing.T) {
	web := ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")}
	for line, want := range map[string]Line{
		"":                       {Action: List},
		"-Ln --nosort":           {Action: List, Numeric: true, Unsorted: true},
		"-S":                     {Action: Save},
		"-R":                     {Action: Restore},
		"-h -Q":                  {Action: Help},
		"-v":                     {Action: Version},
		"-L -t 192.0.2.1:80":     {Action: List, Query: ulvs.Query{ID: web}},
		"-Lc":                    {Action: Connections},
		"-Lcn --persistent-conn": {Action: Connections, Numeric: true, Layout: PersistentConn},
		"-L --timeout":           {Action: Timeouts},
		"-L --daemon":            {Action: Daemons},
		"-L --syncid 1":          {Action: List},
		"-L --rate --stats -X":   {Action: List, Layout: Stats, Exact: true},
		"-L --thresholds --rate": {Action: List, Layout: Rate},
		"-L --persistent-conn --thresholds -f 3": {Action: List, Layout: Thresholds,
			Query: ulvs.Query{ID: ulvs.ID{Addr: netip.MustParseAddrPort("0.0.0.0:0"), Mark: 3}}},
		"--set 5 0 7": {Command: ulvs.Command{Verb: ulvs.SetTimeouts, Timeouts: ulvs.Timeouts{TCP: 5, UDP: 7}}},
		"-A -f 3 -6 -p -M 64 -o": {Command: ulvs.Command{Verb: ulvs.AddService, Service: ulvs.Service{
			ID:        ulvs.ID{Addr: netip.MustParseAddrPort("[::]:0"), Mark: 3},
			Scheduler: "wlc", Persist: 360, Mask: netip.MustParseAddr("ffff:ffff:ffff:ffff::"), OnePacket: true}}},
		"-A -M 255.255.255.0 -p 100 -t 192.0.2.1 -b sh-port,flag-3 -s sh --pe sip": {Command: ulvs.Command{
			Verb: ulvs.AddService, Service: ulvs.Service{
				ID:        ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:0")},
				Scheduler: "sh", Persist: 100, Mask: netip.MustParseAddr("255.255.255.0"), Flags: 6, Engine: "sip"}}},
		"-A -M 255.255.255.0 -t [fd00::1]:80 -p": {Command: ulvs.Command{
			Verb: ulvs.AddService, Service: ulvs.Service{
				ID:        ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("[fd00::1]:80")},
				Scheduler: "wlc", Persist: 360}}},
		"-a -f 3 -r 10.0.0.1:81 -x 9 -y 4": {Command: ulvs.Command{
			Verb: ulvs.AddServer, Service: ulvs.Service{ID: ulvs.ID{Addr: netip.MustParseAddrPort("0.0.0.0:0"), Mark: 3}},
			Server: ulvs.Server{Addr: netip.MustParseAddrPort("10.0.0.1:81"), Mode: "dr", Weight: 1, Upper: 9, Lower: 4}}},
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
	for line, option := range map[string]string{
		"--start-daemon master":            "--start-daemon",
		"--start-daemon master --syncid 1": "--start-daemon",
		"--stop-daemon backup":             "--stop-daemon",
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
