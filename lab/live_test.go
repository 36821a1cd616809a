// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ulvs/ulvs/cmd/ulvs/command"
	"github.com/ulvs/ulvs/lab"
)

// These tests play a learner: they run the program itself (the test binary,
// under another name), as root and as an ordinary user, in labs of their own.

func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); {
	case name == "probe":
		os.Exit(probe())
	case !strings.HasSuffix(name, ".test"):
		os.Exit(command.Main(os.Args))
	}
	dir, err := install()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "ulvs")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// binary is the test binary where every user may read it.
var binary string

// install copies the test binary before there are other processes that could
// inherit the file while it is open for writing.
func install() (string, error) {
	dir, err := os.MkdirTemp("", "ulvs-lab-bin-")
	if err != nil {
		return "", err
	}
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, "ulvs"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	return dir, errors.Join(err, out.Close(), os.Chmod(dir, 0o755))
}

// probe exits 0 where this user may make what labs are made of. It is not the
// lab's own code, which would find a reason to skip in its own faults.
func probe() int {
	c := exec.Command("/proc/self/exe")
	c.Args = []string{"ulvs", "version"}
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if os.Getuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	if err := c.Run(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// nobody is an ordinary user that every machine knows.
const nobody = 65534

// A learner types ulvs lab … with a lab directory of his own.
type learner struct {
	t   *testing.T
	uid int
	dir string
}

// newLearner is a user with this id. It skips the test where that cannot be,
// and says why.
func newLearner(t *testing.T, uid int) *learner {
	t.Helper()
	if uid != os.Getuid() && os.Getuid() != 0 {
		t.Skipf("only root can play uid %d too", uid)
	}
	home, err := os.MkdirTemp("", "ulvs-lab-test-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if err := errors.Join(os.Chown(home, uid, -1), os.Chmod(home, 0o755)); err != nil {
		t.Fatal(err)
	}
	l := &learner{t: t, uid: uid, dir: filepath.Join(home, "lab")}
	c := l.command(context.Background())
	c.Args = []string{"probe"}
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("uid %d may not make namespaces here: %v %s", uid, err, out)
	}
	t.Cleanup(l.mustEnd)
	return l
}

// command prepares a line that the learner types.
func (l *learner) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary)
	c.Args = append([]string{"ulvs"}, args...)
	c.Env = append(os.Environ(), "ULVS_LAB_DIR="+l.dir, "HOME=/nonexistent", "http_proxy=http://127.0.0.1:1/",
		"GORACE=atexit_sleep_ms=0") // or each program takes a second more to end
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{}
	if l.uid != os.Getuid() {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.uid)}
	}
	return c
}

// says types a line, and gives back what was printed and the exit code.
func (l *learner) says(args ...string) (string, int) {
	l.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	out, err := l.command(ctx, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.t.Fatalf("ulvs %s: %v", strings.Join(args, " "), err)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

func (l *learner) must(args ...string) string {
	l.t.Helper()
	out, code := l.says(args...)
	if code != 0 {
		log, _ := os.ReadFile(filepath.Join(l.dir, "log"))
		l.t.Fatalf("ulvs %s: exit %d: %s\n%s", strings.Join(args, " "), code, out, log)
	}
	return out
}

// mustEnd takes the lab down, and looks for what is left.
func (l *learner) mustEnd() {
	l.t.Helper()
	if out, code := l.says("lab", "down"); code != 0 {
		l.t.Errorf("lab down: exit %d: %s", code, out)
	}
	if left := l.left(); len(left) > 0 {
		l.t.Errorf("lab down left: %s", strings.Join(left, "\n"))
	}
}

// left lists what there is of the lab on the machine: its directory, mounts in
// it, processes that were born with its name, interfaces.
func (l *learner) left() (found []string) {
	if _, err := os.Lstat(l.dir); err == nil {
		found = append(found, "the directory "+l.dir)
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for m := range strings.Lines(string(mounts)) {
		if strings.Contains(m, l.dir) {
			found = append(found, "the mount "+m)
		}
	}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if i.Name == "lan" || i.Name == "rs1-eth0" {
			found = append(found, "the interface "+i.Name)
		}
	}
	return append(found, l.processes()...)
}

// processes are those that have the lab's directory in their environment, or
// live in the process ids' namespace of one that has.
func (l *learner) processes() (found []string) {
	spaces := map[string]bool{}
	own, _ := os.Readlink("/proc/self/ns/pid")
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, _ := os.ReadFile(dir + "/environ")
		if space, _ := os.Readlink(dir + "/ns/pid"); bytes.Contains(env, []byte("ULVS_LAB_DIR="+l.dir)) && space != own {
			spaces[space] = true
		}
	}
	for _, dir := range dirs {
		space, _ := os.Readlink(dir + "/ns/pid")
		if words, _ := os.ReadFile(dir + "/cmdline"); spaces[space] && space != "" && len(words) > 0 {
			found = append(found, "the process "+filepath.Base(dir)+" "+strings.ReplaceAll(string(words), "\x00", " "))
		}
	}
	return found
}

// runs reports whether a program of the lab runs under these words.
func (l *learner) runs(words string) bool {
	return slices.ContainsFunc(l.processes(), func(p string) bool { return strings.HasSuffix(strings.TrimSpace(p), words) })
}

// until polls for what has no file descriptor to wait on.
func (l *learner) until(what string, holds func() bool) {
	l.t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatal("waited in vain for " + what)
		}
	}
}

// users are the two kinds of learner.
var users = []struct {
	name string
	uid  int
}{{"root", 0}, {"ordinary", ordinary()}}

// ordinary is who we are, unless that is root.
func ordinary() int {
	if uid := os.Getuid(); uid != 0 {
		return uid
	}
	return nobody
}

// everyone plays a test as each user.
func everyone(t *testing.T, test func(t *testing.T, l *learner)) {
	for _, u := range users {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			test(t, newLearner(t, u.uid))
		})
	}
}

// TestLearner: the first minutes of somebody who came to see LVS work.
func TestLearner(t *testing.T) {
	for _, mode := range []struct{ name, shown string }{{"nat", "Masq"}, {"dr", "Route"}} {
		t.Run(mode.name, func(t *testing.T) {
			everyone(t, func(t *testing.T, l *learner) {
				start := time.Now()
				l.must("lab", "up", mode.name)
				t.Logf("up after %v", time.Since(start))
				got := strings.Fields(l.must("lab", "curl", "-n", "10", "-w", ""))
				want := strings.Fields(strings.Repeat("RS2 server - 192.168.0.20 RS1 server - 192.168.0.10 ", 5)) // the newest first, as the kernel
				if !slices.Equal(got, want) {
					t.Errorf("ten requests gave %q", got)
				}
				table := l.must("lab", "exec", "lvs", "--", "ipvsadm", "-Ln")
				if strings.Count(table, mode.shown) != 2 || !strings.Contains(table, "TCP  192.168.0.200:80 rr") {
					t.Errorf("ipvsadm -Ln shows\n%s", table)
				}
				l.compareDownload()
				l.compareEcho()
			})
		})
	}
}

// compareDownload: 50 MB through the VIP are those of the server itself.
func (l *learner) compareDownload() {
	l.t.Helper()
	sum := func(host string) string {
		return l.must("lab", "exec", "client", "--", "sh", "-c", "curl -sS --max-time 30 http://"+host+"/bytes?n=50000000 | sha256sum")
	}
	if direct, virtual := sum("192.168.0.10"), sum("192.168.0.200"); direct != virtual {
		l.t.Errorf("the server sends %s, through the VIP comes %s", direct, virtual)
	}
}

// compareEcho: in mode dr the answer must come from the VIP.
func (l *learner) compareEcho() {
	l.t.Helper()
	mode := "-m"
	if strings.Contains(l.must("lab", "exec", "lvs", "--", "ipvsadm", "-Ln"), "Route") {
		mode = "-g"
	}
	l.must("lab", "exec", "lvs", "--", "ipvsadm", "-A", "-u", "192.168.0.200:7", "-s", "rr")
	l.must("lab", "exec", "lvs", "--", "ipvsadm", "-a", "-u", "192.168.0.200:7", "-r", "192.168.0.10", mode)
	if _, err := exec.LookPath("bash"); err != nil {
		return // it is our datagram socket here
	}
	got := l.must("lab", "exec", "client", "--", "bash", "-c", "exec 3<>/dev/udp/192.168.0.200/7; echo hello >&3; head -n1 <&3")
	if got != "hello\n" {
		l.t.Errorf("the echo is %q", got)
	}
}

// TestHostsArePrivate: what is typed in a host changes neither the machine nor
// another host.
func TestHostsArePrivate(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		name := fmt.Sprintf("ulvs-test-%d", rand.Uint64())
		for _, dir := range []string{"/etc", "/run", "/var"} {
			path := filepath.Join(dir, name)
			l.must("lab", "exec", "lvs", "--", "sh", "-c", "echo typed > "+path)
			if got := l.must("lab", "exec", "lvs", "--", "cat", path); got != "typed\n" {
				t.Errorf("%s reads %q", path, got)
			}
			if _, err := os.Lstat(path); err == nil {
				t.Errorf("%s is the machine's too", path)
				_ = os.Remove(path)
			}
			if out, code := l.says("lab", "exec", "client", "--", "test", "-e", path); code != 1 {
				t.Errorf("%s is on another host too: %d %s", path, code, out)
			}
		}
		l.must("lab", "exec", "lvs", "--", "sh", "-c", "ipvsadm-save -n > /etc/sysconfig/ipvsadm && ipvsadm -C && ipvsadm-restore < /etc/sysconfig/ipvsadm")
		if _, code := l.says("lab", "exec", "lvs", "--", "sh", "-c", "echo 1 > /proc/sys/kernel/panic"); code == 0 {
			t.Error("a setting of the whole machine can be changed")
		}
		for host, want := range map[string]string{"lvs": "1", "client": "0"} {
			if got := l.must("lab", "exec", host, "--", "cat", "/proc/sys/net/ipv4/ip_forward"); got != want+"\n" {
				t.Errorf("%s has ip_forward=%s", host, got)
			}
		}
		if got := l.must("lab", "exec", "rs2", "--", "cat", "/etc/hostname", "/proc/sys/kernel/hostname"); got != "rs2\nrs2\n" {
			t.Errorf("rs2 calls itself %q", got)
		}
	})
}

// TestNoNamesOfTheMachine: the machine's named networks are not a host's; its
// own may have names.
func TestNoNamesOfTheMachine(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		if os.Getuid() == 0 {
			name := fmt.Sprintf("ulvs-test-%d", rand.Uint64())
			if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
				t.Skipf("needs ip netns: %v %s", err, out)
			}
			defer func() { _ = exec.Command("ip", "netns", "del", name).Run() }()
		}
		l.must("lab", "up", "nat")
		if got := l.must("lab", "exec", "lvs", "--", "ls", "-A", "/run/netns"); got != "" {
			t.Errorf("/run/netns shows %q", got)
		}
		if got := l.must("lab", "exec", "lvs", "--", "ip", "addr"); strings.Contains(got, "invalid") {
			t.Errorf("ip addr complains:\n%s", got)
		}
	})
}

// TestSystemctl: the unit ipvsadm does on its host what it does elsewhere.
func TestSystemctl(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		on := func(host string, words ...string) (string, int) {
			return l.says(append([]string{"lab", "exec", host, "--"}, words...)...)
		}
		saved, _ := on("lvs", "sh", "-c", "ipvsadm -S -n > /etc/sysconfig/ipvsadm; cat /etc/sysconfig/ipvsadm")
		if strings.Count(saved, "\n") != 3 {
			t.Fatalf("ipvsadm -S -n saves\n%s", saved)
		}
		for _, c := range []struct {
			word  string
			code  int
			rules string
		}{{"stop", 0, ""}, {"is-active", 3, ""}, {"start", 0, saved}, {"stop", 0, ""}, {"restart", 0, saved}, {"is-active", 0, saved}} {
			said, code := on("lvs", "systemctl", c.word, "ipvsadm")
			if rules, _ := on("lvs", "ipvsadm", "-S", "-n"); code != c.code || rules != c.rules {
				t.Errorf("systemctl %s ipvsadm: %d %s and then there are\n%s", c.word, code, said, rules)
			}
		}
		if said, code := on("rs1", "systemctl", "start", "httpd"); code != 0 || !strings.Contains(said, "80 and 443") {
			t.Errorf("httpd on a real server: %d %s", code, said)
		}
		if said, code := on("client", "systemctl", "start", "httpd"); code != 5 {
			t.Errorf("httpd on the client: %d %s", code, said)
		}
	})
}

// TestLost: who is on the wrong host, or on none, is told where to go.
func TestLost(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		for _, c := range []struct{ words, says string }{
			{"lab exec client -- ipvsadm -Ln", "ipvsadm: no director here: the director of this lab is on lvs\n"},
			{"lab exec rs1 -- ulvs lab up nat", "ulvs lab: you are on rs1, inside lab nat: exit first\n"},
			{"lab exec lvs -- ulvs lab curl -n 3", "ulvs lab: you are on lvs, inside lab nat: exit first\n"},
		} {
			if out, code := l.says(strings.Fields(c.words)...); code == 0 || out != c.says {
				t.Errorf("ulvs %s: %d %q, want %q", c.words, code, out, c.says)
			}
		}
		if os.Getuid() != 0 {
			return // there may be a director on this machine
		}
		const want = ": no director here; lab nat is up: ulvs lab sh lvs\n"
		for words, says := range map[string]string{"ipvsadm -Ln": "ipvsadm", "status": "ulvs status", "mark list": "ulvs mark"} {
			alone := l.command(t.Context(), strings.Fields(words)...)
			alone.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
			if out, err := alone.CombinedOutput(); string(out) != says+want {
				t.Errorf("ulvs %s on the machine: %v %q, want %q", words, err, out, says+want)
			}
		}
	})
}

// TestTakenDown: who sits in a lab that another terminal takes down hears of it,
// and so does the other terminal.
func TestTakenDown(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		c := l.command(t.Context(), "lab", "exec", "lvs", "--", "sh", "-c", "echo here; sleep 4712; true")
		var said bytes.Buffer
		c.Stderr = &said
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if got := l.must("lab", "down"); got != "lab nat is down\n" {
			t.Errorf("lab down says %q", got)
		}
		_ = c.Wait()
		if want := "ulvs lab exec: lab nat was taken down\n"; c.ProcessState.ExitCode() != 1 || said.String() != want {
			t.Errorf("the other terminal: %v %q, want %q", c.ProcessState, said.String(), want)
		}
		if got := l.must("lab", "down"); got != "no lab was up\n" {
			t.Errorf("lab down again says %q", got)
		}
	})
}

// TestCurl: a bare address is one, and nobody asks on for a reader who is gone.
func TestCurl(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		for _, host := range []string{"rs1", "192.168.0.10"} {
			if got := l.must("lab", "curl", host); got != "RS1 server - 192.168.0.10\n" {
				t.Errorf("curl %s gives %q", host, got)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		c := l.command(ctx, "lab", "curl", "-n", "100000")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		out.Close()
		_ = c.Wait()
		if code := c.ProcessState.ExitCode(); code != 23 && code != 128+int(syscall.SIGPIPE) { // curl's own, or ours
			t.Errorf("it did not end of a broken pipe: %d", code)
		}
	})
}

// TestExec: input, output, errors and exit codes are the program's.
func TestExec(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		for _, c := range []struct {
			args string
			code int
			says string
		}{
			{"exec lvs -- sh -c exit\t7", 7, ""},
			{"exec lvs -- sh -c kill\t-9\t$$", 137, ""},
			{"exec lvs sh -c exit\t3", 3, ""},
			{"exec lvs -- nosuch", 127, "ulvs lab exec: there is no program \"nosuch\" here\n"},
			{"exec lvs -- /etc", 126, "ulvs lab exec: "},
			{"exec mars -- ls", 2, "ulvs lab exec: there is no host \"mars\" in lab nat: there are client, lvs, rs1, rs2\n"},
			{"exec lvs", 2, "ulvs lab exec: on which host"},
			{"curl -n x", 2, "ulvs lab curl: -n x"},
			{"up dr", 1, "ulvs lab up: a lab is up already: lab nat"},
			{"up mars", 2, "ulvs lab up: no lab is called \"mars\""},
			{"up --frob nat", 2, "ulvs lab up: unknown flag: --frob; see ulvs lab up -h\n"},
			{"frob", 2, "ulvs lab: there is no \"frob\": there are curl, down, exec, list, sh, up; see ulvs lab -h\n"},
			{"exec client -- systemctl stop firewalld", 5, "systemctl: Unit firewalld.service not loaded"},
		} {
			words := strings.Fields("lab " + c.args)
			if at := strings.Index(c.args, "\t"); at >= 0 { // tabs: spaces in one word
				words = strings.Split(strings.Replace("lab "+c.args, "sh -c ", "sh -c ", 1), " ")
				words[len(words)-1] = strings.ReplaceAll(words[len(words)-1], "\t", " ")
			}
			out, code := l.says(words...)
			if code != c.code || !strings.HasPrefix(out, c.says) || strings.Count(out, "\n") > 1 {
				t.Errorf("ulvs lab %s: %d %q, want %d %q", c.args, code, out, c.code, c.says)
			}
		}
		cat := l.command(context.Background(), "lab", "exec", "client", "--", "cat")
		cat.Stdin = strings.NewReader(strings.Repeat("x", 1<<20))
		if out, err := cat.Output(); len(out) != 1<<20 || err != nil {
			t.Errorf("cat gave back %d bytes: %v", len(out), err)
		}
	})
}

// TestOwnTools: our curl, ip and sysctl, called by name as on a machine that
// has none, see the network of their host.
func TestOwnTools(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		as := func(host, name string, args ...string) string {
			script := `d=$(mktemp -d); ln -s /run/ulvs/bin/ulvs $d/` + name + `; $d/` + name + ` "$@"; c=$?; rm -r $d; exit $c`
			return l.must(append([]string{"lab", "exec", host, "--", "sh", "-c", script, name}, args...)...)
		}
		if got := as("client", "curl", "-s", "http://192.168.0.20/"); got != "RS2 server - 192.168.0.20\n" {
			t.Errorf("curl: %q", got)
		}
		if got := as("client", "curl", "-sk", "--interface", "eth0", "https://192.168.0.10/"); got != "RS1 server - 192.168.0.10\n" {
			t.Errorf("curl -k: %q", got)
		}
		if got := as("lvs", "ip", "addr"); !strings.Contains(got, "inet 192.168.0.200/32") || !strings.Contains(got, "02:00:c0:a8:00:64") {
			t.Errorf("ip addr:\n%s", got)
		}
		if got := as("rs1", "ip", "route", "show"); !strings.Contains(got, "default via 192.168.0.100 dev eth0\n") {
			t.Errorf("ip route:\n%s", got)
		}
		if got := as("rs1", "ip", "neigh"); !strings.Contains(got, "192.168.0.100 dev eth0 lladdr 02:00:c0:a8:00:64") {
			t.Errorf("ip neigh:\n%s", got)
		}
		if got := as("client", "ping", "-c", "2", "-i", "0.1", "lvs"); !strings.Contains(got, "\n2 packets transmitted, 2 received, 0% packet loss\n") {
			t.Errorf("ping:\n%s", got)
		}
		if got := l.must("lab", "exec", "lvs", "--", "sudo", "WHO=me", "sh", "-c", "modprobe ip_vs >&2; echo $WHO"); !strings.HasSuffix(got, "me\n") || !strings.Contains(got, "no module is needed here") {
			t.Errorf("sudo and modprobe: %q", got)
		}
		if out, code := l.says("lab", "exec", "client", "--", "sh", "-c", "ln -s /run/ulvs/bin/ulvs /run/ping; /run/ping -c 1 -W 0.1 172.25.254.77"); code != 1 {
			t.Errorf("nobody answers, and ping ends with %d: %s", code, out)
		}
		as("rs1", "ip", "addr", "add", "192.168.0.200/32", "dev", "lo")
		if got := as("rs1", "ip", "addr", "show", "dev", "lo"); !strings.Contains(got, "192.168.0.200/32") {
			t.Errorf("ip addr add:\n%s", got)
		}
		as("rs1", "ip", "addr", "del", "192.168.0.200/32", "dev", "lo")
		if got := as("rs1", "ip", "a", "s", "lo"); strings.Contains(got, "192.168.0.200") {
			t.Errorf("ip addr del:\n%s", got)
		}
		as("client", "ip", "route", "replace", "default", "via", "172.25.254.77")
		if got := as("client", "ip", "r"); !strings.Contains(got, "default via 172.25.254.77") {
			t.Errorf("ip route replace:\n%s", got)
		}
		if got := as("rs2", "sysctl", "-w", "net.ipv4.conf.all.arp_ignore=1"); got != "net.ipv4.conf.all.arp_ignore = 1\n" {
			t.Errorf("sysctl -w: %q", got)
		}
		if got := as("rs2", "sysctl", "-n", "net.ipv4.conf.all.arp_ignore"); got != "1\n" {
			t.Errorf("sysctl -n: %q", got)
		}
	})
}

// TestShell: a learner sits at a terminal, types, interrupts, and leaves.
func TestShell(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash: other shells show other prompts")
	}
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		keyboard, terminal, err := lab.OpenPTY()
		if err != nil {
			t.Skipf("there is no terminal to be had here: %v", err)
		}
		defer keyboard.Close()
		c := l.command(context.Background(), "lab", "sh", "lvs")
		c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
		c.SysProcAttr.Setsid, c.SysProcAttr.Setctty = true, true
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		terminal.Close()
		_ = keyboard.SetReadDeadline(time.Now().Add(20 * time.Second))
		screen := bufio.NewReader(keyboard)
		for _, s := range []struct{ shows, then string }{
			{"[root@lvs ~]# ", "ipvsadm -Ln\n"},
			{"192.168.0.200:80 rr", "echo $((40+2)); sleep 1000\n"},
			{"42\r\n", ""},
			{"[root@lvs ~]# ", "exit 5\n"},
		} {
			if saw, err := readUntil(screen, s.shows); err != nil {
				t.Fatalf("waited for %q and saw %q: %v", s.shows, saw, err)
			}
			if s.then == "" {
				l.until("sleep to start", func() bool { return l.runs("sleep 1000") })
				s.then = "\x03" // Ctrl-C is for sleep, not for us
			}
			if _, err := keyboard.WriteString(s.then); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = io.Copy(io.Discard, screen)
		if err := c.Wait(); c.ProcessState.ExitCode() != 5 {
			t.Errorf("the shell ended with %v, want exit 5", err)
		}
	})
}

// readUntil reads as far as the text, and gives back what it read.
func readUntil(r *bufio.Reader, text string) (string, error) {
	var saw []byte
	for !bytes.HasSuffix(saw, []byte(text)) {
		b, err := r.ReadByte()
		if err != nil {
			return string(saw), err
		}
		saw = append(saw, b)
	}
	return string(saw), nil
}

// TestTcpdump: a learner sees at the real server who asks, also the one in
// whose lab there is no user but root for tcpdump to become.
func TestTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("needs tcpdump: apt-get install tcpdump")
	}
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		c := l.command(context.Background(), "lab", "exec", "rs1", "--", "tcpdump", "-nc1", "-i", "eth0", "-w", "/run/seen", "src 172.25.254.9")
		said, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		first, err := bufio.NewReader(said).ReadString('\n')
		if err != nil || !strings.Contains(first, "listening on eth0") {
			t.Fatalf("tcpdump says %q: %v", first, err)
		}
		l.must("lab", "curl", "-n", "2")
		go func() { _, _ = io.Copy(io.Discard, said) }()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
		if got := l.must("lab", "exec", "rs1", "--", "tcpdump", "-nr", "/run/seen"); !strings.Contains(got, "172.25.254.9.") || !strings.Contains(got, "192.168.0.10.80: Flags [S]") {
			t.Errorf("the real server saw %s", got)
		}
	})
}

// TestKilledUp: lab up is killed at all moments; what is left, down repairs.
func TestKilledUp(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		for delay := time.Duration(0); delay < 400*time.Millisecond; delay += 41 * time.Millisecond {
			up := l.command(context.Background(), "lab", "up", "dr")
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- up.Wait() }()
			select {
			case <-time.After(delay):
			case <-done:
			}
			_ = up.Process.Kill()
			l.mustEnd()
		}
		l.must("lab", "up", "nat") // and the next one works
	})
}

// TestKilledKeeper: the end of the keeper is the end of all, and the next up
// needs no down.
func TestKilledKeeper(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		for _, p := range l.processes() {
			if words := strings.Fields(p); words[len(words)-1] == "lab-keeper" {
				_ = exec.Command("kill", "-9", words[2]).Run()
			}
		}
		l.until("everything to end with the keeper", func() bool { return len(l.processes()) == 0 })
		l.until("exec to say that the lab is dead", func() bool {
			out, code := l.says("lab", "exec", "lvs", "--", "ls")
			return code == 1 && strings.Contains(out, "no lab is up")
		})
		l.must("lab", "up", "dr")
		if out := l.must("lab", "list"); !strings.Contains(out, "dr       up") || strings.Contains(out, "nat      up") {
			t.Errorf("lab list says\n%s", out)
		}
	})
}

// TestWhoAskedGoesAway: with kill -9 of ulvs lab exec ends what it started.
func TestWhoAskedGoesAway(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "nat")
		started := func() bool { return l.runs("sleep 4711") }
		for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
			c := l.command(context.Background(), "lab", "exec", "rs1", "--", "sh", "-c", "sleep 4711; true")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			l.until("sleep to start", started)
			_ = c.Process.Signal(s)
			_ = c.Wait()
			l.until("sleep to end after "+s.String(), func() bool { return !started() })
		}
	})
}
