// SPDX-License-Identifier: Apache-2.0

package packet

// UnsolicitedAdvert writes into dst the news that mac has the target address
// from now on, to all nodes, as a complete frame (RFC 4861 §7.2.6).
func UnsolicitedAdvert(dst *Packet, mac MAC, target Addr) {
	b := dst.begin(&target, &allNodes, ProtoICMPv6, sizeND+sizeLLOption)
	dst.nd(b, neighbourAdvert, ndOverride, &target, targetLL, mac)
	dst.SetMAC(allNodesMAC, mac)
}
