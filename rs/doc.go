// SPDX-License-Identifier: Apache-2.0

// Package rs is the real server's side of direct routing and of tunnels.
//
// A real server of these modes gets packets that are addressed to the virtual
// address, and answers the client itself. So it must hold the virtual address
// without telling anybody: the ARP problem. A Host sets that up by one of
// three cures, remembers what was before in a journal, and takes it back.
//
// In tunnel mode packets come wrapped in another IP header besides. Linux
// unwraps them with its modules ipip, sit, gre and fou. Where there are none, a
// Decap does it in user space: it reads the outer packets from sockets and
// hands the inner ones to the kernel by a TUN device.
//
// Everything is done in the network namespace of the thread that calls.
package rs
