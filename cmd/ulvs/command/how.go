// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// how is the words by which ulvs was started, so that what we tell somebody to
// type can be pasted: "ulvs", "./ulvs", "go run ./cmd/ulvs", "sudo ./ulvs".
func how() string {
	parent, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))
	return startedBy(os.Args, strings.Split(strings.TrimSuffix(string(parent), "\x00"), "\x00"), os.Getenv("SUDO_COMMAND"))
}

// startedBy finds it out from our command line, our parent's, and what sudo
// says that it runs (also to what comes after: a shell of root's).
func startedBy(args, parent []string, sudo string) string {
	words := args[0]
	switch {
	case strings.Contains(words, "/go-build"): // where go run builds
		words = goRun(args[1:], parent)
	case strings.HasPrefix(filepath.Base(words), "ipvsadm"):
		words = "ulvs"
	}
	if rest := strings.Join(args[1:], " "); rest != "" && strings.HasSuffix(sudo, " "+rest) {
		words = "sudo " + words
	}
	return words
}

// goRun is what stands before our own arguments in the parent's.
func goRun(args, parent []string) string {
	n := len(parent) - len(args)
	if n < 3 || filepath.Base(parent[0]) != "go" || parent[1] != "run" || !slices.Equal(parent[n:], args) {
		return "go run ./cmd/ulvs"
	}
	return strings.Join(append([]string{"go"}, parent[1:n]...), " ")
}

// told are our own words in a text. Behind "--" they are typed in a lab's host,
// where we are called ulvs.
var told = regexp.MustCompile(`(-- )?\bulvs (run|status|ipvsadm|sysctl|mark|rs|lab|version)\b`)

// paste is the text with what is to be typed as it can be typed here.
func paste(text string) string {
	words := how()
	return told.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, "-- ") {
			return s
		}
		return words + strings.TrimPrefix(s, "ulvs")
	})
}

// A hinted error says what to type in words that can be pasted.
type hinted struct{ error }

func (h hinted) Error() string { return paste(h.error.Error()) }
func (h hinted) Unwrap() error { return h.error }
