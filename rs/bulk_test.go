// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/binary"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/packet"
)

// TestBulk measures one TCP stream through a tunnel, by iperf3, and prints the
// figure: ULVS_RS_BULK=1 go test -run Bulk -v. The wrapping side
// reads super-frames from a TUN device and cuts them itself, which costs it more
// than the unwrapping costs us: the figure is a lower bound. Seen on two shared
// and busy cores, November 2026: 0.7 Gbit/s, of which the Decap needed a fifth
// of a core, reception by the kernel's TCP included.
func TestBulk(t *testing.T) {
	if os.Getenv("ULVS_RS_BULK") == "" {
		t.Skip("TestBulk: set ULVS_RS_BULK to measure")
	}
	needs(t, "iperf3")
	w := newTunnel(t, DecapConfig{}, "0")
	send := w.bulkSender()
	w.wrapsFrames(send)
	w.in(w.server)
	server := exec.Command("iperf3", "-s", "-1", "--forceflush", "-B", vip.String())
	out, err := server.StdoutPipe()
	must(t, err)
	must(t, server.Start())
	for b := make([]byte, 1); ; { // until it says that it listens
		if _, err := out.Read(b); err != nil || b[0] == '-' {
			break
		}
	}
	go func() {
		b := make([]byte, 4096)
		for {
			if _, err := out.Read(b); err != nil {
				return
			}
		}
	}()
	w.in(w.director)
	for line := range strings.Lines(run(t, "iperf3 -c "+vip.String()+" -t 5")) {
		if strings.Contains(line, "receiver") || strings.Contains(line, "sender") {
			t.Log("ipip:", strings.TrimSpace(line))
		}
	}
	_ = server.Wait()
	w.stop()
	c := w.decap.Counts()
	t.Logf("%d packets in %d writes, drops %v", c.Packets, c.Written, c.Drops)
}

// wrapsFrames is wraps with super-frames on.
func (w *tunnel) wrapsFrames(send func(h vnetHeader, b []byte)) {
	w.wraps(func([]byte) {}) // routes; its device is replaced by a queue of its own
	w.in(w.director)
	run(w.t, "ip route del 192.0.2.200/32 dev wrap0")
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	must(w.t, err)
	req, _ := unix.NewIfreq("wrap1")
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	must(w.t, unix.IoctlIfreq(tun, unix.TUNSETIFF, req))
	must(w.t, unix.IoctlSetInt(tun, unix.TUNSETOFFLOAD, unix.TUN_F_CSUM|unix.TUN_F_TSO4))
	run(w.t, "ip link set wrap1 mtu 1480 up && ip route add 192.0.2.200/32 dev wrap1 src 192.0.2.1")
	f := os.NewFile(uintptr(tun), "wrap1")
	w.t.Cleanup(func() { f.Close() })
	go func() {
		for b := make([]byte, 70000); ; {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			if in := b[10:n]; in[0]>>4 == 4 && in[9] == packet.ProtoTCP {
				send(vnetHeader(b[:10]), in)
			}
		}
	}()
}

// bulkSender cuts super-frames and sends the segments by one system call.
func (w *tunnel) bulkSender() func(h vnetHeader, b []byte) {
	w.in(w.director)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_IPIP)
	must(w.t, err)
	w.t.Cleanup(func() { unix.Close(fd) })
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8<<20)
	must(w.t, unix.Connect(fd, &unix.SockaddrInet4{Addr: server4.As4()}))
	heads, iov := make([]message, 128), make([][2]unix.Iovec, 128)
	room := make([][80]byte, 128)
	return func(h vnetHeader, b []byte) {
		le := binary.NativeEndian
		head, size := 20+int(b[20+12]>>4)*4, int(le.Uint16(h[4:]))
		if h[1] == packet.GSONone {
			size = len(b)
		}
		n := 0
		for at := head; at < len(b) || n == 0; at += size {
			end := min(at+size, len(b))
			hd := room[n][:copy(room[n][:head], b)]
			be.PutUint16(hd[2:], uint16(head+end-at))
			be.PutUint16(hd[10:], 0)
			be.PutUint16(hd[10:], ^uint16(packet.Sum(hd[:20], 0)))
			be.PutUint32(hd[24:], be.Uint32(hd[24:])+uint32(at-head))
			if end < len(b) {
				hd[33] &^= byte(packet.PSH | packet.FIN)
			}
			if h[0] != 0 {
				be.PutUint16(hd[36:], 0)
				s := packet.Sum(hd[12:20], uint32(6+head-20+end-at))
				s = packet.Sum(hd[20:], s)
				be.PutUint16(hd[36:], ^uint16(packet.Sum(b[at:end], s)))
			}
			iov[n] = [2]unix.Iovec{{Base: &hd[0], Len: uint64(head)}, {Base: &b[min(at, len(b)-1)], Len: uint64(end - at)}}
			heads[n] = message{Msghdr: unix.Msghdr{Iov: &iov[n][0], Iovlen: 2}}
			n++
		}
		for sent := 0; sent < n; {
			k, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&heads[sent])), uintptr(n-sent), 0, 0, 0)
			if e != 0 {
				break
			}
			sent += int(k)
		}
	}
}
