// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"
	"strings"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/modes"
)

// flagMode is a mode as the command line takes it. One that only the director
// knows has a name all the same, so that no listing lies.
func flagMode(mode string) string {
	if i, ok := modes.Index(mode); ok {
		return modes.All[i].Flag
	}
	return "--" + mode
}

// shownMode is a mode as it is listed.
func shownMode(mode string) string {
	if i, ok := modes.Index(mode); ok {
		return modes.All[i].Shown
	}
	return mode
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
	ulvs.SetTimeouts:   "--set",
}

// Format is a command as a line for -R: what ParseRule understands as c. Only
// sysctls have none.
func Format(c ulvs.Command) string { return Names{}.format(c) }

func (n Names) format(c ulvs.Command) string {
	if own := ownWords(c); own != "" {
		return own
	}
	words := []string{letters[c.Verb]}
	if c.Service.ID != (ulvs.ID{}) {
		words = append(words, n.named(c.Service.ID)...)
	}
	switch c.Verb {
	case ulvs.AddService, ulvs.EditService:
		words = append(words, served(c.Service)...)
	case ulvs.DeleteServer:
		words = append(words, "-r", n.endpoint(c.Server.Addr, c.Service.Proto))
	case ulvs.AddServer, ulvs.EditServer:
		words = append(words, "-r", n.endpoint(c.Server.Addr, c.Service.Proto),
			flagMode(c.Server.Mode), "-w", fmt.Sprint(c.Server.Weight))
		words = append(words, tunnelWords(c.Server)...)
		words = append(words, limits(c.Server)...)
	case ulvs.SetTimeouts:
		words = append(words, fmt.Sprint(c.Timeouts.TCP), fmt.Sprint(c.Timeouts.TCPFin), fmt.Sprint(c.Timeouts.UDP))
	}
	return strings.Join(words, " ")
}

// named is a service as the option that names it.
func (n Names) named(id ulvs.ID) []string {
	switch {
	case id.Mark == 0:
		return []string{serviceFlag(id.Proto), n.endpoint(id.Addr, id.Proto)}
	case id.Addr.Addr().Is6():
		return []string{"-f", fmt.Sprint(id.Mark), "-6"}
	}
	return []string{"-f", fmt.Sprint(id.Mark)}
}

// served is what -A and -E say of a service besides its name.
func served(s ulvs.Service) []string {
	words := []string{"-s", s.Scheduler}
	if s.Persist > 0 {
		words = append(words, "-p", fmt.Sprint(s.Persist))
	}
	if mask := maskText(s.Mask); s.Persist > 0 && mask != "" {
		words = append(words, "-M", mask)
	}
	if s.Engine != "" {
		words = append(words, "--pe", s.Engine)
	}
	if s.OnePacket {
		words = append(words, "-o")
	}
	if flags := flagWords(s); flags != "" {
		words = append(words, "-b", flags)
	}
	if s.Locals != "" {
		words = append(words, "--local-address", string(s.Locals))
	}
	return words
}

// limits are the thresholds of a server.
func limits(s ulvs.Server) (words []string) {
	if s.Upper > 0 {
		words = append(words, "-x", fmt.Sprint(s.Upper))
	}
	if s.Lower > 0 {
		words = append(words, "-y", fmt.Sprint(s.Lower))
	}
	return words
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

// save is a service as lines for -R. The original's lines have no thresholds,
// and so have ours.
func (n Names) save(s ulvs.ServiceStatus) []string {
	lines := []string{n.format(ulvs.Command{Verb: ulvs.AddService, Service: s.Service})}
	for _, server := range s.Servers {
		server.Upper, server.Lower = 0, 0
		lines = append(lines, n.format(ulvs.Command{
			Verb: ulvs.AddServer, Service: s.Service, Server: server.Server,
		}))
	}
	return lines
}
