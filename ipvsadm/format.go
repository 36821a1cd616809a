// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"
	"strings"

	"github.com/ulvs/ulvs"
)

// A forwarding mode as the command line and the listing name it.
type modeName struct{ flag, shown string }

// modeNames are the modes by the names that ulvs has for them.
var modeNames = map[string]modeName{
	"nat": {"-m", "Masq"},
	"dr":  {"-g", "Route"},
	"tun": {"-i", "Tunnel"},
}

// nameMode names any mode, so that a listing never lies about a new one.
func nameMode(mode string) modeName {
	if m, ok := modeNames[mode]; ok {
		return m
	}
	return modeName{"--" + mode, mode}
}

// letters are the command letters of the verbs.
var letters = map[ulvs.Verb]string{
	ulvs.AddService:    "-A",
	ulvs.EditService:   "-E",
	ulvs.DeleteService: "-D",
	ulvs.Flush:         "-C",
	ulvs.AddServer:     "-a",
	ulvs.EditServer:    "-e",
	ulvs.DeleteServer:  "-d",
	ulvs.Zero:          "-Z",
}

// Format is a command as a line for -R: what Parse understands as c.
func Format(c ulvs.Command) string { return Names{}.format(c) }

func (n Names) format(c ulvs.Command) string {
	words := []string{letters[c.Verb]}
	if c.Service.ID != (ulvs.ID{}) {
		words = append(words, serviceFlag(c.Service.Proto), n.endpoint(c.Service.Addr, c.Service.Proto))
	}
	switch c.Verb {
	case ulvs.AddService, ulvs.EditService:
		words = append(words, "-s", c.Service.Scheduler)
	case ulvs.DeleteServer:
		words = append(words, "-r", n.endpoint(c.Server.Addr, c.Service.Proto))
	case ulvs.AddServer, ulvs.EditServer:
		words = append(words, "-r", n.endpoint(c.Server.Addr, c.Service.Proto),
			nameMode(c.Server.Mode).flag, "-w", fmt.Sprint(c.Server.Weight))
	}
	return strings.Join(words, " ")
}

// serviceFlag is the option that names a service of this protocol.
func serviceFlag(p ulvs.Proto) string {
	switch p {
	case ulvs.TCP:
		return "-t"
	case ulvs.UDP:
		return "-u"
	}
	return "--" + strings.ToLower(p.String()) + "-service"
}

// save is a service as lines for -R.
func (n Names) save(s ulvs.ServiceStatus) []string {
	lines := []string{n.format(ulvs.Command{Verb: ulvs.AddService, Service: s.Service})}
	for _, server := range s.Servers {
		lines = append(lines, n.format(ulvs.Command{
			Verb: ulvs.AddServer, Service: s.Service, Server: server.Server,
		}))
	}
	return lines
}
