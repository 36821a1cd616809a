// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel takes super-frames apart too, on their way to a device that cannot.
// Such a one is made here, and both must make the same bytes of everything.
// This needs root, or a user namespace.
func TestSegmentAsKernel(t *testing.T) {
	w := newBareWire(t)
	const v4, v6 = "198.51.100.7:1 > 192.0.2.1:2 ", "[2001:db8::7]:1 > [2001:db8::1]:2 "
	for _, words := range []string{
		"tcp A len 3000 gso 1448", "tcp FPA len 2896 gso 1448 seq 0xfffffff0", "tcp FPAECU [nop, nop, ts 1 2] len 4001 gso 999 tos 0x12",
		"tcp S [mss 1460, sackok, wscale 7] len 1500 gso 1000 ttl 1", "tcp SR len 60000 gso 1448 ack 7", "tcp PAC len 300 gso 7",
		"udp len 3000 gso 1000", "udp len 2999 gso 1472 tos 0xfe", "udp len 300 gso 100",
	} {
		for _, line := range []string{v4 + words + " id 0xfffe", v4 + words + " df", v6 + words} {
			super := must(t, line)
			fill(super.Buf[super.headers():super.End])
			w.compare(super, line)
			if super.Flow.Proto == ProtoTCP {
				super.Offload.Kind |= GSOECN
				w.compare(super, line+", with the ECN bit")
			}
		}
	}
}

// A bareWire is a pair of devices; the near one has no offloads.
type bareWire struct {
	t         *testing.T
	near, far int
}

func newBareWire(t *testing.T) *bareWire {
	runtime.LockOSThread() // and never unlocked: the namespace ends with the thread
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("make a network namespace: %v: run this as root", err)
	}
	if out, err := exec.Command("ip", "link", "add", "near", "type", "veth", "peer", "name", "far").CombinedOutput(); err != nil {
		t.Skipf("make a pair of devices: %v: %s", err, out)
	}
	w := &bareWire{t: t}
	for name, fd := range map[string]*int{"near": &w.near, "far": &w.far} {
		if out, err := exec.Command("ip", "link", "set", name, "mtu", "2000", "up").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var err error
		if *fd, err = open(name); err != nil {
			t.Fatalf("open %s: %v", name, err)
		}
		t.Cleanup(func() { _ = unix.Close(*fd) })
	}
	if err := errors.Join(bare(w.near), unix.SetsockoptInt(w.near, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1)); err != nil {
		t.Fatal(err)
	}
	w.warm()
	return w
}

// warm sends a frame until one arrives: what a device gets before its queue is
// ready is lost, and nobody says so.
func (w *bareWire) warm() {
	p := must(w.t, "198.51.100.7:1 > 192.0.2.1:9 udp mac 02:00:00:00:00:09 > 02:00:00:00:00:02")
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		_ = w.send(p) // refused, or not: it may be lost either way
		if w.take(p.SrcMAC(), 100*time.Millisecond) != nil {
			return
		}
	}
	w.t.Fatal("the pair of devices carries nothing")
}

func open(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return fd, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return fd, err
	}
	all := uint16(unix.ETH_P_ALL)
	return fd, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: int(req.Uint32()), Protocol: all<<8 | all>>8})
}

// bare takes checksum offload from "near"; segmentation goes with it.
func bare(fd int) error {
	value := [2]uint32{unix.ETHTOOL_STXCSUM, 0}
	req := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(req.name[:], "near")
	if _, _, no := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); no != 0 {
		return fmt.Errorf("switch checksum offload off: %w", no)
	}
	return nil
}

// send writes a frame with its virtio-net header.
func (w *bareWire) send(p *Packet) error {
	o, b := p.Offload, make([]byte, 10)
	if o.Partial {
		b[0] = 1
	}
	b[1] = o.Kind
	binary.NativeEndian.PutUint16(b[2:], o.HdrLen)
	binary.NativeEndian.PutUint16(b[4:], o.Seg)
	binary.NativeEndian.PutUint16(b[6:], o.Start)
	binary.NativeEndian.PutUint16(b[8:], o.Offset)
	_, err := unix.Write(w.near, append(b, p.Buf[p.Off:p.End]...))
	return err
}

// compare sends a super-frame and takes what comes out of the other end.
func (w *bareWire) compare(super *Packet, name string) {
	w.t.Helper()
	if err := w.send(super); err != nil {
		w.t.Errorf("%s: send: %v", name, err)
		return
	}
	for i, p := range segments(w.t, super) {
		theirs := w.take(super.SrcMAC(), 2*time.Second)
		if ours := p.Buf[p.Off:p.End]; !bytes.Equal(ours, theirs) {
			w.t.Errorf("%s, segment %d\nours   %.100x\nkernel %.100x", name, i, ours, theirs)
		}
	}
}

// take waits for the next frame of that sender.
func (w *bareWire) take(from MAC, patience time.Duration) []byte {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		fds := []unix.PollFd{{Fd: int32(w.far), Events: unix.POLLIN}}
		if n, _ := unix.Poll(fds, 50); n == 0 {
			continue
		}
		b := make([]byte, MaxFrame)
		n, err := unix.Read(w.far, b)
		if err == nil && bytes.Equal(b[6:12], from[:]) {
			return b[:n]
		}
	}
	return nil
}
