// SPDX-License-Identifier: Apache-2.0

package ipvsadm

// A command is what a line is to do; none is no command.
type command uint8

const (
	cmdNone command = iota
	cmdAddService
	cmdEditService
	cmdDeleteService
	cmdFlush
	cmdList
	cmdAddServer
	cmdEditServer
	cmdDeleteServer
	cmdSetTimeouts
	cmdStartDaemon
	cmdStopDaemon
	cmdRestore
	cmdSave
	cmdZero
	cmdHelp
	cmdVersion
)

// commands are the commands' names in messages, and their column in rules.
var commands = [...]struct {
	name   string
	column int
}{
	cmdAddService:    {"add-service", 0},
	cmdEditService:   {"edit-service", 0},
	cmdDeleteService: {"delete-service", 1},
	cmdFlush:         {"flush", 2},
	cmdList:          {"list", 3},
	cmdAddServer:     {"add-server", 4},
	cmdEditServer:    {"edit-server", 4},
	cmdDeleteServer:  {"delete-server", 5},
	cmdSetTimeouts:   {"set", 6},
	cmdStartDaemon:   {"start-daemon", 7},
	cmdStopDaemon:    {"stop-daemon", 8},
	cmdRestore:       {"restore", 9},
	cmdSave:          {"save", 10},
	cmdZero:          {"zero", 11},
}

// A slot is a place for one option of a line. The order of the slots is the
// order in which complaints are looked for.
type slot uint8

const (
	slotFree slot = iota // as often as one likes, and nobody complains
	slotNumeric
	slotConnection
	slotService
	slotScheduler
	slotPersistent
	slotNetmask
	slotRealServer
	slotForward
	slotWeight
	slotUpper
	slotLower
	slotMcastInterface
	slotTimeout
	slotDaemon
	slotStats
	slotRate
	slotThresholds
	slotPersistentConn
	slotNoSort
	slotSyncID
	slotExact
	slotOps
	slotEngine
	slotSchedFlags
	slotMcastGroup
	slotMcastPort
	slotMcastTTL
	slotSyncMaxlen
	slotTunInfo
	slotTunType
	slotTunPort
	slotTunNoCsum
	slotTunCsum
	slotTunRemCsum
	slotLocals
	slots
)

// rules says what each command thinks of each slot: + needs it, . allows it,
// x refuses it, 1 allows only one of those marked so.
//
// The columns are -A/-E -D -C -L -a/-e -d --set --start-daemon --stop-daemon
// -R -S -Z.
var rules = [slots]struct{ name, columns string }{
	slotNumeric:        {"numeric", "xxx.xxxxxx.x"},
	slotConnection:     {"connection", "xxx1xxxxxxxx"},
	slotService:        {"service-address", "++x1++xxxxx."},
	slotScheduler:      {"scheduler", ".xxxxxxxxxxx"},
	slotPersistent:     {"persistent", ".xxxxxxxxxxx"},
	slotNetmask:        {"netmask", ".xxxxxxxxxxx"},
	slotRealServer:     {"real-server", "xxxx++xxxxxx"},
	slotForward:        {"forwarding-method", "xxxx.xxxxxxx"},
	slotWeight:         {"weight", "xxxx.xxxxxxx"},
	slotUpper:          {"u-threshold", "xxxx.xxxxxxx"},
	slotLower:          {"l-threshold", "xxxx.xxxxxxx"},
	slotMcastInterface: {"mcast-interface", "xxxxxxx.xxxx"},
	slotTimeout:        {"timeout", "xxx1xxxxxxxx"},
	slotDaemon:         {"daemon", "xxx1xxxxxxxx"},
	slotStats:          {"stats", "xxx.xxxxxxxx"},
	slotRate:           {"rate", "xxx.xxxxxxxx"},
	slotThresholds:     {"thresholds", "xxx.xxxxxxxx"},
	slotPersistentConn: {"persistent-conn", "xxx.xxxxxxxx"},
	slotNoSort:         {"nosort", "xxx.xxxxxxxx"},
	slotSyncID:         {"syncid", "xxx.xxx..xxx"},
	slotExact:          {"exact", "xxx.xxxxxxxx"},
	slotOps:            {"ops", ".xxxxxxxxxxx"},
	slotEngine:         {"pe", ".xxxxxxxxxxx"},
	slotSchedFlags:     {"sched-flags", ".xxxxxxxxxxx"},
	slotMcastGroup:     {"mcast-group", "xxxxxxx.xxxx"},
	slotMcastPort:      {"mcast-port", "xxxxxxx.xxxx"},
	slotMcastTTL:       {"mcast-ttl", "xxxxxxx.xxxx"},
	slotSyncMaxlen:     {"sync-maxlen", "xxxxxxx.xxxx"},
	slotTunInfo:        {"tun-info", "xxx.xxxxxxxx"},
	slotTunType:        {"tun-type", "xxxx.xxxxxxx"},
	slotTunPort:        {"tun-port", "xxxx.xxxxxxx"},
	slotTunNoCsum:      {"tun-nocsum", "xxxx.xxxxxxx"},
	slotTunCsum:        {"tun-csum", "xxxx.xxxxxxx"},
	slotTunRemCsum:     {"tun-remcsum", "xxxx.xxxxxxx"},
	slotLocals:         {"local-address", ".xxxxxxxxxxx"},
}

// A seen set holds the slots that a line fills.
type seen [slots]bool

// match complains about the first slot that does not go with the command.
func (s *seen) match(c command) error {
	j := judge{whose: commands[c].name, what: "command"}
	for o := slotFree + 1; o < slots; o++ {
		if err := j.rule(rules[o].columns[commands[c].column], o, s[o]); err != nil {
			return err
		}
	}
	return nil
}

// tunnelRules says the same of each tunnel type and the slots in tunnelSlots.
var (
	tunnelRules = map[string]string{"ipip": "xxxx", "gue": "+111", "gre": "x11x"}
	tunnelSlots = [...]slot{slotTunPort, slotTunNoCsum, slotTunCsum, slotTunRemCsum}
)

// matchTunnel complains about the first slot that does not go with the tunnel.
func (s *seen) matchTunnel(kind string) error {
	j := judge{whose: kind, what: "tunnel type"}
	for i, o := range tunnelSlots {
		if err := j.rule(tunnelRules[kind][i], o, s[o]); err != nil {
			return err
		}
	}
	return nil
}

// A judge applies the rules of one command or tunnel type.
type judge struct {
	whose, what string
	only        slot // the one that was seen of those marked 1
}

// rule applies one rule to one slot.
func (j *judge) rule(rule byte, o slot, seen bool) error {
	name := rules[o].name
	switch {
	case rule == '+' && !seen:
		return usage("You need to supply the '%s' option for the '%s' %s", name, j.whose, j.what)
	case rule == 'x' && seen:
		return usage("Illegal '%s' option with the '%s' %s", name, j.whose, j.what)
	case rule == '1' && seen && j.only != slotFree:
		return usage("The option '%s' conflicts with the '%s' option in the '%s' %s", name, rules[j.only].name, j.whose, j.what)
	case rule == '1' && seen:
		j.only = o
	}
	return nil
}
