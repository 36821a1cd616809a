// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import "net/netip"

// maxTimeout is the longest timeout that can be asked for, in seconds: 31 days.
const maxTimeout = 31 * 24 * 60 * 60

// check judges the line as a whole. The order of the steps decides which of
// several faults is told.
func (p *parser) check() error {
	steps := []func() error{
		p.checkTimeouts, p.checkLeft, p.checkFlags, p.checkMatrix,
		p.checkService, p.checkServer, p.checkList,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkTimeouts takes the three words that --set wants.
func (p *parser) checkTimeouts() error {
	if p.command != cmdSetTimeouts {
		return nil
	}
	if len(p.words.left) < 3 {
		return usage("--set option requires 3 timeout values")
	}
	for i, into := range []*int{&p.timeouts.TCP, &p.timeouts.TCPFin, &p.timeouts.UDP} {
		n, ok := integer(p.words.left[i], 0, maxTimeout)
		if !ok {
			return usage("invalid timeout value `%s' specified", p.words.left[i])
		}
		*into = int(n)
	}
	p.words.left = p.words.left[3:]
	return nil
}

func (p *parser) checkLeft() error {
	if len(p.words.left) > 0 {
		return usage("unexpected argument %s", p.words.left[0])
	}
	return nil
}

func (p *parser) checkMatrix() error { return p.seen.match(p.command) }

// checkService judges what -A and -E ask for, and completes it.
func (p *parser) checkService() error {
	if p.command != cmdAddService && p.command != cmdEditService {
		return nil
	}
	if p.mark == 0 && p.id.Addr.Port() == 0 && !p.seen[slotPersistent] {
		return usage("Zero port specified for non-persistent service")
	}
	if p.seen[slotOps] && p.mark == 0 && p.id.Proto.String() != "UDP" {
		return usage("One-Packet Scheduling is only for UDP virtual services")
	}
	if p.scheduler == "" {
		p.scheduler = "wlc"
	}
	return nil
}

// checkServer judges what -a and -e ask for, and completes it: only nat and
// fullnat can change the port, so the others get the service's.
func (p *parser) checkServer() error {
	if p.command != cmdAddServer && p.command != cmdEditServer {
		return nil
	}
	if p.mark == 0 && p.mode != "nat" && p.mode != "fullnat" {
		p.server = netip.AddrPortFrom(p.server.Addr(), p.id.Addr.Port())
	}
	if p.server.Addr().Is6() != p.is6() && p.mode != "tun" {
		return usage("Different address family is allowed only for tunneling servers")
	}
	if p.mode != "tun" && (p.seen[slotTunType] || p.seen[slotTunPort] || p.seen[slotTunNoCsum] ||
		p.seen[slotTunCsum] || p.seen[slotTunRemCsum]) {
		return usage("Tunnel options conflict with forward method")
	}
	return p.seen.matchTunnel(p.tunnel)
}

// checkList judges which listings can be had at once.
func (p *parser) checkList() error {
	if p.command != cmdList {
		return nil
	}
	state := p.seen[slotTimeout] || p.seen[slotDaemon]
	table := p.seen[slotStats] || p.seen[slotRate] || p.seen[slotThresholds]
	if (p.seen[slotConnection] || state) && table || state && p.seen[slotPersistentConn] {
		return usage("options conflicts in the list command")
	}
	return nil
}

// is6 reports whether the service is known to be one of IPv6.
func (p *parser) is6() bool { return p.mark6 || p.id.Addr.Addr().Is6() }
