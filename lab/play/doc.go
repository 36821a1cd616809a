// SPDX-License-Identifier: Apache-2.0

// Package play plays lessons. A lesson is a text of packets that reach a
// director and of claims about what it does with them; three players play the
// same text: the engine in memory and in virtual time, a live `ulvs run` in a
// network namespace, and the kernel's own IPVS in user-mode Linux. What the
// kernel says is the truth.
//
// A lesson is read line by line:
//
//	# text                 teaches
//	memory only: REASON    in the head: the other players would take too long
//	ulvs only: REASON      in the head: the kernel has nothing of the kind
//	ipvsadm ARG… [=> CODE] is carried out, and exits with CODE, or 0
//	sysctl NAME=VALUE      sets net.ipv4.vs.NAME; => CODE here and below too
//	ulvs mark add|del RULE or flush: marks packets, in the words of ulvs.ParseMark
//	iptables -t mangle -A|-D PREROUTING RULE or -F: the same; ip6tables too
//	  < line               … given this on standard input
//	  | line               … and prints exactly this on standard output
//	in PACKET              arrives at the director
//	also PACKET            arrives behind it, before anybody looks
//	out PACKET [via HOP]   is the next thing to leave, for the usual next hop or HOP
//	silent                 nothing left because of the last in
//	drop REASON            silent; the engine counted this reason
//	pass                   the director left the packet to its host
//	wait DURATION          lets time go by
//	differs REASON         the kernel contradicts the line before, which is meant so
//
// Packets are in the notation of package packet. An out line claims what it
// names: the flow, TCP's flags, ICMP's kind and the flow it quotes always, ttl,
// data and the like where they stand there; and that the checksum is right. What
// leaves without an out line is an error. The out lines under a pass are what
// the host's own stack answers; in memory there is no such host, and there they
// are not played. Without them a host may answer what it likes.
//
// A port that the director chooses has a name in an in or out line, like
// 10.0.0.200:$a. The first out line with a name says which port it is from then
// on; two names are two ports.
//
// What ipvsadm lists of connections has no order here, and its times may be two
// seconds off, and where time is real also less by as much as the lesson is late. A listing that a real director's counters have not reached yet is
// asked for again, for up to three seconds.
//
// All lessons are set in one world; see plan.go.
//
// An author plays files on a player with
//
//	go test ./lab/play -run TestFile -lesson '/tmp/draft*.txt' -player kernel
//
// or memory, or live; the path is absolute, or seen from here.
//
// Besides, scripts are made up: a seed becomes services that come and change and
// go, and packets of clients and servers. Each is played on the kernel and in
// memory at once, event by event; where they differ, events are taken away until
// only those are left that matter, and these are written as a lesson. What is
// left out, because it is meant to differ, stands in features.go, with reasons.
// make exam plays all lessons and many scripts; one script is played with
//
//	go test ./lab/play -run TestContest -v -seed 7 -scripts 1 -events 200
package play
