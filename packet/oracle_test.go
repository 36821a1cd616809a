// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Somebody else's code reads our frames and writes them again, with lengths and
// checksums of its own: the same bytes must come out.
func TestGopacketAgrees(t *testing.T) {
	for _, line := range []string{
		"198.51.100.7:1234 > 192.0.2.1:80 tcp S seq 5 [mss 1460, sackok, ts 1 0, nop, wscale 7]",
		`198.51.100.7:1234 > 192.0.2.1:80 udp data "hello" id 7`,
		"198.51.100.7 > 192.0.2.1 icmp echo-request seq 2 ident 1 len 8",
		"192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 udp }",
		"[fd00::7]:1234 > [fd00::1]:80 tcp SA seq 5",
		`[fd00::7]:1234 > [fd00::1]:80 udp data "hello"`,
		"fd00::1 > fd00::7 icmp6 too-big { [fd00::7]:1234 > [fd00::1]:80 tcp A len 1900 } mtu 1400",
		`198.51.100.7:1234 > 192.0.2.1:9 sctp DATA data "hello" tag 7`,
		"[fd00::7]:1234 > [fd00::1]:9 sctp INIT tag 0xdeadbeef len 8",
		"nd who-has fd00::1 tell fd00::7",
		"arp who-has 192.0.2.1 tell 192.0.2.254",
	} {
		p := must(t, line)
		agrees(t, line, p)
		if p.Flow != (Flow{}) && !p.IsND() {
			p.SetSrc(Endpoint{p.Flow.Dst.Addr, 4711})
			p.DecTTL()
			agrees(t, "rewritten "+line, p)
			agrees(t, "error about "+line, made(func(dst *Packet) { ICMPError(dst, p, p.Flow.Dst.Addr, TimeExceeded, 0) }))
		}
	}
}

func agrees(t *testing.T, name string, p *Packet) {
	t.Helper()
	frame := p.Buf[p.Off:p.End]
	var o oracle
	if err := o.read(frame); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(out, options, o.found...); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if theirs := out.Bytes()[:len(frame)]; !bytes.Equal(theirs, frame) { // they pad to 60
		t.Errorf("%s\nours   %x\ntheirs %x", name, frame, theirs)
	}
}

// An oracle reads frames with a closed list of layers.
type oracle struct {
	eth   layers.Ethernet
	arp   layers.ARP
	ip4   layers.IPv4
	ip6   layers.IPv6
	tcp   layers.TCP
	udp   layers.UDP
	sctp  layers.SCTP
	icmp4 layers.ICMPv4
	icmp6 layers.ICMPv6
	rest  gopacket.Payload
	found []gopacket.SerializableLayer
}

func (o *oracle) read(frame []byte) error {
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet,
		&o.eth, &o.arp, &o.ip4, &o.ip6, &o.tcp, &o.udp, &o.sctp, &o.icmp4, &o.icmp6, &o.rest)
	parser.IgnoreUnsupported = true
	var types []gopacket.LayerType
	if err := parser.DecodeLayers(frame, &types); err != nil {
		return err
	}
	for _, kind := range types {
		o.found = append(o.found, o.layer(kind))
	}
	switch o.found[len(o.found)-1] {
	case &o.icmp6:
		o.found = append(o.found, gopacket.Payload(o.icmp6.Payload))
	case &o.sctp:
		o.found = append(o.found, gopacket.Payload(o.sctp.Payload))
	}
	return nil
}

func (o *oracle) layer(kind gopacket.LayerType) gopacket.SerializableLayer {
	switch kind {
	case layers.LayerTypeEthernet:
		return &o.eth
	case layers.LayerTypeARP:
		return &o.arp
	case layers.LayerTypeIPv4:
		return &o.ip4
	case layers.LayerTypeIPv6:
		return &o.ip6
	case layers.LayerTypeTCP:
		o.tcp.SetNetworkLayerForChecksum(o.network())
		return &o.tcp
	case layers.LayerTypeUDP:
		o.udp.SetNetworkLayerForChecksum(o.network())
		return &o.udp
	case layers.LayerTypeSCTP:
		return &o.sctp
	case layers.LayerTypeICMPv4:
		return &o.icmp4
	case layers.LayerTypeICMPv6:
		o.icmp6.SetNetworkLayerForChecksum(&o.ip6)
		return &o.icmp6
	}
	return &o.rest
}

func (o *oracle) network() gopacket.NetworkLayer {
	if o.eth.EthernetType == layers.EthernetTypeIPv4 {
		return &o.ip4
	}
	return &o.ip6
}
