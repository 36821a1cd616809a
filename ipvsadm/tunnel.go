// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"

	"github.com/ulvs/ulvs"
)

func readTunPort(p *parser, v value) error {
	n, ok := integer(v.text, 1, 65535)
	if !ok {
		return usage("illegal tunnel port specified")
	}
	p.tunPort = uint16(n)
	return nil
}

// wrapped is the tunnel that a line asks for. IPIP, which has nothing to be
// said of it, is the zero one.
func (p *parser) wrapped() (t ulvs.Tunnel) {
	if p.tunnel == "ipip" {
		return t
	}
	t.Type = p.tunnel
	if t.Type == "gue" {
		t.Port = p.tunPort
	}
	switch {
	case p.seen[slotTunCsum]:
		t.Sum = "csum"
	case p.seen[slotTunRemCsum]:
		t.Sum = "remcsum"
	}
	return t
}

// sums are the ways of a tunnel's checksum: as --tun-info shows them, and as
// options.
var sums = map[string][2]string{
	"":        {"-c", "--tun-nocsum"},
	"nocsum":  {"-c", "--tun-nocsum"},
	"csum":    {"+c", "--tun-csum"},
	"remcsum": {"r+c", "--tun-remcsum"},
}

// tunInfo is the column of --tun-info.
func tunInfo(s ulvs.Server) string {
	t := s.Tunnel
	switch {
	case s.Mode != "tun":
		return "n/a"
	case t.Type == "gue":
		return fmt.Sprintf("gue:%d:%s", t.Port, sums[t.Sum][0])
	case t.Type == "gre":
		return "gre:" + sums[t.Sum][0]
	}
	return "ipip"
}

// tunnelWords are the options that make a server's tunnel.
func tunnelWords(s ulvs.Server) []string {
	t := s.Tunnel
	switch {
	case s.Mode != "tun":
		return nil
	case t.Type == "gue":
		return []string{"--tun-type", "gue", "--tun-port", fmt.Sprint(t.Port), sums[t.Sum][1]}
	case t.Type == "gre":
		return []string{"--tun-type", "gre", sums[t.Sum][1]}
	}
	return []string{"--tun-type", "ipip"}
}
