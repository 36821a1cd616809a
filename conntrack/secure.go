// SPDX-License-Identifier: Apache-2.0

package conntrack

// secured are the rules while the director defends itself (the sysctl
// secure_tcp). They trust the client less than the server: behind NAT, a client
// that acknowledges what nobody sent it stays in SYN_RECV, whose minute is
// short, until the server itself has said something. Of the server's segments
// only a SYN on SYN_RECV is read in another way, as the answer that it is.
// Source: ip_vs_proto_tcp.c, recorded in testdata/secure.txt.
var secured = rules{
	input: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {sr, es, es, sr, sr, sr, sr, sr, sr, sr, sa},
		fin: {cl, cw, ss, tw, tw, tw, cl, cw, la, li, sa},
		ack: {es, es, ss, sr, fw, tw, cl, cw, cl, li, sa},
		rst: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, cl},
	},
	output: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {ss, es, ss, sa, ss, ss, ss, ss, ss, li, sa},
		fin: {tw, fw, ss, tw, fw, tw, cl, tw, la, li, tw},
		ack: {es, es, ss, es, fw, tw, cl, cw, la, es, es},
		rst: {cl, cl, ss, cl, cl, tw, cl, cl, cl, cl, cl},
	},
	inputOnly: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {sa, es, es, sr, sa, sa, sa, sa, sa, sa, sa},
		fin: {cl, fw, ss, tw, fw, tw, cl, cw, la, li, tw},
		ack: {es, es, ss, es, fw, tw, cl, cw, cl, li, es},
		rst: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, cl},
	},
}
