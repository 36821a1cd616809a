// SPDX-License-Identifier: Apache-2.0

package ipvsadm

// An arity says whether an option takes a value.
type arity uint8

const (
	alone    arity = iota // no value
	required              // a value, in the same word or the next
	optional              // the next word only if it does not begin with '-'
)

// An option is one word with dashes.
type option struct {
	short   byte // 0: none
	long    string
	arity   arity
	command command // of the options that are commands
	slot    slot    // of the others: options of one slot exclude each other
	read    func(*parser, value) error
}

// A value is what was written behind an option; given tells an empty one from
// none.
type value struct {
	text  string
	given bool
}

// String names the option in both its forms.
func (o *option) String() string {
	if o.short == 0 {
		return "--" + o.long
	}
	return "-" + string(o.short) + "/--" + o.long
}

// options are all that the parser knows: the original's, and --fullnat and
// --local-address, which are ours.
var options = [...]option{
	{'A', "add-service", alone, cmdAddService, slotFree, nil},
	{'E', "edit-service", alone, cmdEditService, slotFree, nil},
	{'D', "delete-service", alone, cmdDeleteService, slotFree, nil},
	{'C', "clear", alone, cmdFlush, slotFree, nil},
	{'L', "list", alone, cmdList, slotFree, nil},
	{'l', "list", alone, cmdList, slotFree, nil},
	{'a', "add-server", alone, cmdAddServer, slotFree, nil},
	{'e', "edit-server", alone, cmdEditServer, slotFree, nil},
	{'d', "delete-server", alone, cmdDeleteServer, slotFree, nil},
	{0, "set", alone, cmdSetTimeouts, slotFree, nil},
	{0, "start-daemon", required, cmdStartDaemon, slotFree, readStartDaemon},
	{0, "stop-daemon", required, cmdStopDaemon, slotFree, readStopDaemon},
	{'R', "restore", alone, cmdRestore, slotFree, nil},
	{'S', "save", alone, cmdSave, slotFree, nil},
	{'Z', "zero", alone, cmdZero, slotFree, nil},
	{'h', "help", alone, cmdHelp, slotFree, nil},
	{'v', "version", alone, cmdVersion, slotFree, nil},

	{'n', "numeric", alone, cmdNone, slotNumeric, nil},
	{'c', "connection", alone, cmdNone, slotConnection, nil},
	{'t', "tcp-service", required, cmdNone, slotService, readTCP},
	{'u', "udp-service", required, cmdNone, slotService, readUDP},
	{0, "sctp-service", required, cmdNone, slotService, readSCTP},
	{'f', "fwmark-service", required, cmdNone, slotService, readMark},
	{'6', "ipv6", alone, cmdNone, slotFree, readIPv6},
	{'s', "scheduler", required, cmdNone, slotScheduler, readScheduler},
	{'p', "persistent", optional, cmdNone, slotPersistent, readPersistent},
	{'M', "netmask", required, cmdNone, slotNetmask, readNetmask},
	{'r', "real-server", required, cmdNone, slotRealServer, readServer},
	{'g', "gatewaying", alone, cmdNone, slotForward, mode("dr")},
	{'i', "ipip", alone, cmdNone, slotForward, mode("tun")},
	{'m', "masquerading", alone, cmdNone, slotForward, mode("nat")},
	{0, "fullnat", alone, cmdNone, slotForward, mode("fullnat")},
	{'w', "weight", required, cmdNone, slotWeight, readWeight},
	{'x', "u-threshold", required, cmdNone, slotUpper, readUpper},
	{'y', "l-threshold", required, cmdNone, slotLower, readLower},
	{0, "mcast-interface", required, cmdNone, slotMcastInterface, nil},
	{0, "timeout", alone, cmdNone, slotTimeout, nil},
	{0, "daemon", alone, cmdNone, slotDaemon, nil},
	{0, "stats", alone, cmdNone, slotStats, nil},
	{0, "rate", alone, cmdNone, slotRate, nil},
	{0, "thresholds", alone, cmdNone, slotThresholds, nil},
	{0, "persistent-conn", alone, cmdNone, slotPersistentConn, nil},
	{0, "nosort", alone, cmdNone, slotNoSort, nil},
	{0, "sort", alone, cmdNone, slotFree, nil},
	{0, "syncid", required, cmdNone, slotSyncID, number(0, 255, "illegal syncid specified")},
	{'X', "exact", alone, cmdNone, slotExact, nil},
	{'o', "ops", alone, cmdNone, slotOps, nil},
	{0, "pe", required, cmdNone, slotEngine, readEngine},
	{'b', "sched-flags", required, cmdNone, slotSchedFlags, readFlags},
	{0, "mcast-group", required, cmdNone, slotMcastGroup, readGroup},
	{0, "mcast-port", required, cmdNone, slotMcastPort, number(1, 65535, "illegal mcast-port specified")},
	{0, "mcast-ttl", required, cmdNone, slotMcastTTL, number(1, 255, "illegal mcast-ttl specified")},
	{0, "sync-maxlen", required, cmdNone, slotSyncMaxlen, number(1, 65507, "illegal sync-maxlen specified")},
	{0, "tun-info", alone, cmdNone, slotTunInfo, nil},
	{0, "tun-type", required, cmdNone, slotTunType, readTunnel},
	{0, "tun-port", required, cmdNone, slotTunPort, readTunPort},
	{0, "tun-nocsum", alone, cmdNone, slotTunNoCsum, nil},
	{0, "tun-csum", alone, cmdNone, slotTunCsum, nil},
	{0, "tun-remcsum", alone, cmdNone, slotTunRemCsum, nil},
	{0, "local-address", required, cmdNone, slotLocals, readLocals},
}

// shortOption finds an option by its letter; nil: there is none.
func shortOption(letter byte) *option {
	for i := range options {
		if options[i].short == letter && letter != 0 {
			return &options[i]
		}
	}
	return nil
}

// longOption finds an option by its whole name; nil: there is none.
func longOption(name string) *option {
	for i := range options {
		if options[i].long == name {
			return &options[i]
		}
	}
	return nil
}
