// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"net/netip"
	"strings"

	"github.com/ulvs/ulvs"
)

// An Action is what a Line is about.
type Action uint8

// The actions.
const (
	Change      Action = iota // carry out Line.Command
	List                      // -L: show what Line.Query names
	Connections               // -L -c: show the connections
	Timeouts                  // -L --timeout: show the three that can be set
	Daemons                   // -L --daemon: show those that copy connections; ulvs has none
	Save                      // -S: show everything as lines for a restore
	Restore                   // -R: read lines, carry out each
	Help                      // -h
	Version                   // -v
)

// A Line is one command line of ipvsadm, understood.
type Line struct {
	Action   Action
	Command  ulvs.Command // of a Change
	Query    ulvs.Query   // of a List
	Layout   Layout       // of a List; of Connections, PersistentConn shows engines
	Numeric  bool         // -n: show no names
	Unsorted bool         // --nosort: as the director has it
	Exact    bool         // --exact: counters in full
}

// Parse understands a command line (without the program's name) that has no
// names for addresses and ports in it. Its errors are an *Error.
func Parse(args []string) (Line, error) { return Names{}.Parse(args) }

// Parse understands a command line, with names. Its errors are an *Error.
func (n Names) Parse(args []string) (Line, error) {
	p := newParser(n, args)
	return p.parse()
}

// A parser holds what it has read of a line so far; order matters to some
// options, as it does in the original.
type parser struct {
	names   Names
	words   words
	command command
	seen    seen
	used    []*option

	id        ulvs.ID // proto is 0 until a service option is met
	mark      uint32  // of a service by firewall mark; 0: it is one by address
	mark6     bool    // the marked packets are IPv6
	scheduler string
	flags     string     // of -b
	persist   int        // seconds; 0: not
	mask      netip.Addr // zero: all bits
	engine    string
	locals    ulvs.Locals
	server    netip.AddrPort
	mode      string
	weight    int
	upper     int
	lower     int
	tunnel    string
	tunPort   uint16
	timeouts  ulvs.Timeouts
}

// newParser starts with the defaults.
func newParser(n Names, args []string) parser {
	return parser{names: n, words: words{args: args}, persist: defaultPersist, mode: "dr", weight: 1, tunnel: "ipip"}
}

func (p *parser) parse() (Line, error) {
	if len(p.words.args) == 0 {
		return Line{Action: List}, nil
	}
	if err := p.first(); err != nil {
		return Line{}, err
	}
	switch p.command {
	case cmdHelp:
		return Line{Action: Help}, nil
	case cmdVersion:
		return Line{Action: Version}, nil
	}
	for _, step := range []func() error{p.rest, p.check, p.supported} {
		if err := step(); err != nil {
			return Line{}, err
		}
	}
	return p.line(), nil
}

// first reads the option that has to be a command.
func (p *parser) first() error {
	o, v, err := p.words.option()
	if err != nil || o == nil || o.command == cmdNone {
		return errTry
	}
	p.command = o.command
	p.used = append(p.used, o)
	if o.read != nil {
		return o.read(p, v)
	}
	return nil
}

// rest reads the options behind the command.
func (p *parser) rest() error {
	for {
		o, v, err := p.words.option()
		if o == nil || err != nil {
			return err
		}
		if err := p.take(o, v); err != nil {
			return err
		}
	}
}

// take notes one option and reads its value.
func (p *parser) take(o *option, v value) error {
	if o.command != cmdNone {
		return usage("invalid option `%s'", p.words.last())
	}
	if o.slot != slotFree && p.seen[o.slot] {
		return usage("multiple '%s' options specified", rules[o.slot].name)
	}
	p.seen[o.slot] = true
	p.used = append(p.used, o)
	if o.read == nil {
		return nil
	}
	return o.read(p, v)
}

// verbs are the commands that change something.
var verbs = map[command]ulvs.Verb{
	cmdAddService:    ulvs.AddService,
	cmdEditService:   ulvs.EditService,
	cmdDeleteService: ulvs.DeleteService,
	cmdFlush:         ulvs.Flush,
	cmdAddServer:     ulvs.AddServer,
	cmdEditServer:    ulvs.EditServer,
	cmdDeleteServer:  ulvs.DeleteServer,
	cmdZero:          ulvs.Zero,
	cmdSetTimeouts:   ulvs.SetTimeouts,
}

// line is what was read, as the rest of the world sees it.
func (p *parser) line() Line {
	l := Line{Numeric: p.seen[slotNumeric], Unsorted: p.seen[slotNoSort], Exact: p.seen[slotExact]}
	switch p.command {
	case cmdList:
		l.Action, l.Layout, l.Query.ID = p.listed(), p.layout(), p.service()
	case cmdSave:
		l.Action = Save
	case cmdRestore:
		l.Action = Restore
	default:
		l.Command = p.change()
	}
	return l
}

// service is the service that the line names. A mark has no protocol; that it
// counts as TCP is for the names of ports only.
func (p *parser) service() ulvs.ID {
	switch {
	case p.mark == 0:
		return p.id
	case p.mark6:
		return ulvs.ID{Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), 0), Mark: p.mark}
	}
	return ulvs.ID{Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), 0), Mark: p.mark}
}

// listed is what a -L is about.
func (p *parser) listed() Action {
	switch {
	case p.seen[slotConnection]:
		return Connections
	case p.seen[slotTimeout]:
		return Timeouts
	case p.seen[slotDaemon]:
		return Daemons
	}
	return List
}

// layout is the table of a -L: of several that are asked for, the first here.
func (p *parser) layout() Layout {
	switch {
	case p.seen[slotStats]:
		return Stats
	case p.seen[slotRate]:
		return Rate
	case p.seen[slotThresholds]:
		return Thresholds
	case p.seen[slotPersistentConn]:
		return PersistentConn
	case p.seen[slotTunInfo]:
		return TunInfo
	}
	return Plain
}

// change is the command of a line that changes something.
func (p *parser) change() ulvs.Command {
	c := ulvs.Command{Verb: verbs[p.command], Service: ulvs.Service{ID: p.service()}, Timeouts: p.timeouts}
	switch p.command {
	case cmdAddService, cmdEditService:
		c.Service.Scheduler, c.Service.Flags = p.scheduler, flagsOf(p.flags)
		c.Service.OnePacket, c.Service.Engine, c.Service.Locals = p.seen[slotOps], p.engine, p.locals
		if p.seen[slotPersistent] {
			c.Service.Persist, c.Service.Mask = p.persist, p.mask
		}
	case cmdAddServer, cmdEditServer:
		c.Server = ulvs.Server{Addr: p.server, Mode: p.mode, Weight: p.weight, Upper: p.upper, Lower: p.lower}
		if p.mode == "tun" {
			c.Server.Tunnel = p.wrapped()
		}
	case cmdDeleteServer:
		c.Server.Addr = p.server
	}
	return c
}

// wordsOf splits a line of a restore: no quotes, no escapes, no comments; the
// word ipvsadm is dropped wherever it stands.
func wordsOf(line string) []string {
	var args []string
	for _, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }) {
		if w != "ipvsadm" {
			args = append(args, w)
		}
	}
	return args
}
