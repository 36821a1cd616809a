// SPDX-License-Identifier: Apache-2.0

package nfqueue_test

import (
	"net"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/forward/nfqueue"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/host/hosttest"
	"github.com/ulvs/ulvs/packet"
)

// A world is two hosts with two cables between them; the test's thread is in
// the director's namespace. Both are gone when the test is.
//
//	client 10.9.1.1 c0 – d0 10.9.1.2 director
//	client 10.9.2.1 c1 – d1 10.9.2.2
//	       fd09:1::1 … fd09:1::2, fd09:2::1 … fd09:2::2
type world struct {
	t      *testing.T
	client netns.NsHandle
	ports  []nfqueue.Port
	link   *nfqueue.Link
	marks  *host.Marks
	batch  []packet.Packet
}

func newWorld(t *testing.T) *world {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	client, err := netns.New()
	if err != nil {
		t.Skipf("%s: new network namespace: %v: needs root", t.Name(), err)
	}
	t.Cleanup(func() { client.Close() })
	director, err := netns.New()
	must(t, err)
	t.Cleanup(func() { director.Close() })
	w := &world{t: t, client: client, batch: make([]packet.Packet, 64)}
	w.cable("d0", "c0", "1")
	w.cable("d1", "c1", "2")
	return w
}

// cable connects both hosts, and notes the director's end as a port.
func (w *world) cable(own, far, net string) {
	w.t.Helper()
	there, err := netlink.NewHandleAt(w.client)
	must(w.t, err)
	defer there.Close()
	here, err := netlink.NewHandle()
	must(w.t, err)
	defer here.Close()
	v := netlink.NewVeth(netlink.LinkAttrs{Name: own, TxQLen: 1000})
	v.PeerName, v.PeerNamespace = far, netlink.NsFd(int(w.client))
	must(w.t, here.LinkAdd(v))
	d := w.up(here, own, "10.9."+net+".2/24", "fd09:"+net+"::2/64")
	w.up(there, far, "10.9."+net+".1/24", "fd09:"+net+"::1/64")
	w.ports = append(w.ports, nfqueue.Port{Index: d.Attrs().Index, MAC: packet.MAC(d.Attrs().HardwareAddr)})
}

func (w *world) up(h *netlink.Handle, name string, addrs ...string) netlink.Link {
	w.t.Helper()
	l, err := h.LinkByName(name)
	must(w.t, err)
	for _, cidr := range addrs {
		a, err := netlink.ParseAddr(cidr)
		must(w.t, err)
		a.Flags = unix.IFA_F_NODAD
		must(w.t, h.AddrAdd(l, a))
	}
	must(w.t, h.LinkSetUp(l))
	return l
}

// open opens queue and tables on these ports, for marks 1 and 2.
func (w *world) open(ports []nfqueue.Port) {
	w.t.Helper()
	var err error
	w.link, err = nfqueue.Open(ports)
	must(w.t, err)
	w.t.Cleanup(func() { w.link.Close() })
	var indexes []int
	for _, p := range ports {
		indexes = append(indexes, p.Index)
	}
	w.marks, err = host.NewMarks(w.link.Number(), indexes)
	must(w.t, err)
	w.t.Cleanup(func() { w.marks.Close() })
	w.set(host.GuardSet{})
}

func (w *world) set(g host.GuardSet) {
	w.t.Helper()
	g.Marks = []uint32{1, 2}
	must(w.t, w.marks.Set(g))
}

// run runs a command in the director's namespace.
func (w *world) run(command string) {
	w.t.Helper()
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// listen is a socket of the director's own.
func (w *world) listen(network, addr string) *net.UDPConn {
	w.t.Helper()
	a, err := net.ResolveUDPAddr(network, addr)
	must(w.t, err)
	c, err := net.ListenUDP(network, a)
	must(w.t, err)
	w.t.Cleanup(func() { c.Close() })
	return c
}

// dial is a socket of the client's.
func (w *world) dial(network, addr string) (c net.Conn) {
	w.t.Helper()
	w.atClient(func() (err error) {
		c, err = net.Dial(network, addr)
		return err
	})
	w.t.Cleanup(func() { c.Close() })
	return c
}

// atClient runs f in the client's namespace; sockets that it makes stay there.
func (w *world) atClient(f func() error) {
	w.t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := netns.Set(w.client)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
}

// recv is the next batch that is not empty.
func (w *world) recv() []packet.Packet {
	w.t.Helper()
	for {
		n, err := w.link.Recv(w.batch)
		must(w.t, err)
		if n > 0 {
			return w.batch[:n]
		}
		fds := []unix.PollFd{{Fd: int32(w.link.Fd()), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 5000); n == 0 && err == nil {
			w.t.Fatal("nothing comes from the queue")
		}
	}
}

// settled sends the verdicts.
func (w *world) settled() {
	w.t.Helper()
	if n, err := w.link.Recv(w.batch); err != nil || n != 0 {
		w.t.Errorf("from the queue came %d more packets, %v", n, err)
	}
}

// hears is what the next datagram says that the host gets.
func (w *world) hears(c *net.UDPConn) string {
	w.t.Helper()
	must(w.t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	b := make([]byte, 2048)
	n, err := c.Read(b)
	must(w.t, err)
	return string(b[:n])
}

func say(t *testing.T, c net.Conn, what ...string) {
	t.Helper()
	for _, s := range what {
		_, err := c.Write([]byte(s))
		must(t, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRootless runs the tests of the queue once more, as an ordinary user.
func TestRootless(t *testing.T) { hosttest.Rootless(t, "^TestQueue") }
