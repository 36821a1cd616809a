// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// GuestEnv is set for a program that is started as the init of user-mode Linux:
// it is to call Guest with the variable's value.
const GuestEnv = "ULVS_LESSONS"

// modules are what the kernel needs for lessons.
var modules = []string{
	"veth", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_lc", "ip_vs_wlc", "ip_vs_sed", "ip_vs_nq", "ip_vs_sh", "ip_vs_dh",
	"ip_vs_lblc", "ip_vs_lblcr", "ip_vs_mh", "ip_vs_fo", "ip_vs_ovf", "ip_vs_pe_sip",
	"ip_tables", "iptable_mangle", "ip6_tables", "ip6table_mangle", "xt_mark", "xt_multiport", "xt_tcpudp", "xt_sctp",
}

// together is how many lessons the guest plays at a time: it has one processor,
// and a lesson mostly waits for another.
const together = 6

// slack is what a lesson may take besides what it waits, while others play.
const slack = 5 * time.Minute

// Guest is the first and only process of user-mode Linux: it plays the lessons
// that the order in dir names, writes the verdicts there, and turns the machine
// off.
func Guest(dir string) {
	if err := guest(dir); err != nil {
		fmt.Println("guest:", err) // to the console
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) // it does not return
}

func guest(dir string) error {
	debug.SetMemoryLimit(guestMemory / 2)
	var o order
	b, err := os.ReadFile(filepath.Join(dir, "order"))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		return err
	}
	if err := prepareGuest(o.Modules); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, "verdicts"))
	if err != nil {
		return err
	}
	defer out.Close()
	v := &verdicts{out: out, places: make(places, together)}
	for _, file := range o.Lessons {
		v.add(func() verdict { return judge(file, v.places) })
	}
	if err := v.contest(o.Contest); err != nil {
		return err
	}
	v.all.Wait()
	return nil
}

// prepareGuest mounts what programs expect, and loads the modules.
func prepareGuest(moduleRoot string) error {
	if err := os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"); err != nil {
		return err
	}
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	for _, m := range modules {
		if out, err := exec.Command("modprobe", "-d", moduleRoot, m).CombinedOutput(); err != nil {
			return fmt.Errorf("load %s: %w: %s", m, err, out)
		}
	}
	return nil
}

// verdicts are written as they are reached, some at a time.
type verdicts struct {
	mu     sync.Mutex // guards out
	out    *os.File
	all    sync.WaitGroup
	places places
}

// add has one more verdict reached, when there is a place for it.
func (v *verdicts) add(reach func() verdict) {
	v.places <- struct{}{}
	v.all.Go(func() {
		v.write(reach())
		<-v.places
	})
}

// write lets whoever reads know at once; what is missing, he will notice.
func (v *verdicts) write(one verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = json.NewEncoder(v.out).Encode(one)
	_ = v.out.Sync()
}

// contest has scripts made up and played.
func (v *verdicts) contest(o Contest) error {
	if o.Scripts == 0 {
		return nil
	}
	has, _, err := probe(context.Background())
	if err != nil {
		return err
	}
	for i := range o.Scripts {
		v.add(func() verdict {
			ctx, stop := context.WithTimeout(context.Background(), examTime)
			defer stop()
			e := o.examine(ctx, o.First+uint64(i), has, v.places)
			if e.Differ == "" && i >= o.Samples {
				e.Lesson = ""
			}
			return verdict{Exam: &e}
		})
	}
	return nil
}

// examTime is what one script may take, with all that is tried to shrink it.
const examTime = 30 * time.Minute

// judge plays one lesson on this kernel.
func judge(file string, p places) verdict {
	v := verdict{Name: file}
	l, err := ReadFile(file)
	if err == nil {
		ctx, stop := context.WithTimeout(context.Background(), slack+l.Waits())
		defer stop()
		err = judgeHere(ctx, l, p)
	}
	if err != nil {
		v.Error, v.Elsewhere = err.Error(), errors.Is(err, ErrElsewhere)
	}
	return v
}
