// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// sysctlRoot is where the kernel shows its settings.
const sysctlRoot = "/proc/sys/"

// sysctl shows and sets: KEY, KEY=VALUE, -w KEY=VALUE, -n KEY, -p [FILE].
func sysctl(args []string, out, err io.Writer) int {
	bare, code := false, 0
	for i := 0; i < len(args); i++ {
		switch a := args[i]; a {
		case "-w":
		case "-n":
			bare = true
		case "-p":
			name := "/etc/sysctl.conf"
			if i+1 < len(args) {
				i++
				name = args[i]
			}
			code = max(code, sysctlFile(name, out, err))
		default:
			if doErr := sysctlOne(a, bare, out); doErr != nil {
				code = fail(err, 1, "sysctl: %v", doErr)
			}
		}
	}
	if len(args) == 0 {
		return fail(err, 1, "sysctl: which? sysctl KEY, or KEY=VALUE")
	}
	return code
}

// sysctlOne does one key. A slash for a dot is understood, as the original does.
func sysctlOne(word string, bare bool, out io.Writer) error {
	key, value, set := strings.Cut(word, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if strings.HasPrefix(key, "-") || key == "" {
		return fmt.Errorf("%q: this is the lab's small one: it knows KEY, KEY=VALUE, -w, -n and -p", word)
	}
	path := sysctlRoot + strings.ReplaceAll(key, ".", "/")
	if set {
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			return fmt.Errorf("set %s: %w", key, err)
		}
	} else {
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		value = strings.TrimRight(string(b), "\n")
	}
	if bare {
		fmt.Fprintln(out, value)
	} else {
		fmt.Fprintf(out, "%s = %s\n", strings.ReplaceAll(key, "/", "."), value)
	}
	return nil
}

// sysctlFile does the lines of a file.
func sysctlFile(name string, out, err io.Writer) int {
	f, openErr := os.Open(name)
	if openErr != nil {
		return fail(err, 1, "sysctl: %v", openErr)
	}
	defer f.Close()
	code := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		l := strings.TrimSpace(s.Text())
		if l == "" || l[0] == '#' || l[0] == ';' {
			continue
		}
		if doErr := sysctlOne(l, false, out); doErr != nil {
			code = fail(err, 1, "sysctl: %v", doErr)
		}
	}
	return code
}
