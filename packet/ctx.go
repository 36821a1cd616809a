// SPDX-License-Identifier: Apache-2.0

package packet

// A Ctx is what a mode may know of a connection while it rewrites a packet.
type Ctx struct {
	Path  Path   // the four corners
	Quote *Quote // of an ICMP error about the connection: the packet it quotes; nil for all others
}
