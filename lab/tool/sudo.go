// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// sudo becomes the command that it is given: who types in a lab is root.
func sudo(args []string, _, err io.Writer) int {
	command, env, parseErr := sudoWords(args)
	if parseErr != nil {
		return fail(err, 1, "sudo: %v", parseErr)
	}
	path, lookErr := exec.LookPath(command[0])
	if lookErr != nil {
		return fail(err, 1, "sudo: %s: command not found", command[0])
	}
	execErr := syscall.Exec(path, command, append(os.Environ(), env...))
	return fail(err, 1, "sudo: %s: %v", command[0], execErr)
}

// sudoWords parts sudo's options and variables from the command. -i and -s ask
// for a shell where no command follows.
func sudoWords(args []string) (command, env []string, err error) {
	var shell []string
	for len(args) > 0 {
		word := args[0]
		name, _, variable := strings.Cut(word, "=")
		switch {
		case word == "--":
			return whole(args[1:], env, shell)
		case word == "-i" || word == "-s":
			shell = []string{"sh"}
		case word == "-u" && len(args) > 1 && args[1] == "root":
			args = args[1:]
		case word == "-n" || word == "-E" || word == "-H":
		case strings.HasPrefix(word, "-"):
			return nil, nil, fmt.Errorf("%s: this is the lab's small one, and all are root here: it knows -n, -E, -H, -i, -s, -u root", word)
		case variable && !strings.Contains(name, "/"):
			env = append(env, word)
		default:
			return whole(args, env, shell)
		}
		args = args[1:]
	}
	return whole(nil, env, shell)
}

// whole wants a command, or a shell in its place.
func whole(command, env, shell []string) ([]string, []string, error) {
	if len(command) == 0 {
		command = shell
	}
	if len(command) == 0 {
		return nil, nil, errors.New("run what: sudo COMMAND")
	}
	return command, env, nil
}

// modprobe would load modules into the machine's kernel, which a lab leaves
// alone; those that LVS has there, ulvs does without.
func modprobe(args []string, out, err io.Writer) int {
	code, named := 0, false
	for _, a := range args {
		switch {
		case strings.HasPrefix(a, "-"):
		case strings.HasPrefix(a, "ip_vs"):
			named = true
			fail(out, 0, "modprobe: %s: no module is needed here: ulvs does in user space what it does", a)
		default:
			named = true
			code = fail(err, 1, "modprobe: %s: the kernel is the machine's: load it there, outside of the lab", a)
		}
	}
	if !named {
		return fail(err, 1, "modprobe: which module? a lab needs none")
	}
	return code
}
