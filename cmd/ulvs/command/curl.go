// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs/lab"
)

func labCurl() *cobra.Command {
	return &cobra.Command{
		Use:   "curl [-n N] [CURL ARGUMENT...]",
		Short: "curl on the client; to the VIP, unless an address says otherwise",
		Long: `Curl on the client; to the VIP, unless an address or a URL says otherwise. With
-n N it asks N times, each on a new connection. All other words are curl's own.`,
		Example: `  ulvs lab curl -n 10
  ulvs lab curl rs1
  ulvs lab curl -k https://192.168.0.10/`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
				return c.Help()
			}
			n, args, err := times(args)
			if err != nil {
				return err
			}
			return inLab(c.Context(), "curl", func(ctx context.Context, l *lab.Lab) (int, error) {
				return curlTimes(ctx, l, n, args)
			})
		},
	}
}

// times takes -n N off the arguments. (curl's own -n, for .netrc, has a long
// name: --netrc.)
func times(args []string) (int, []string, error) {
	at := slices.Index(args, "-n")
	if at < 0 {
		return 1, args, nil
	}
	if at+1 == len(args) {
		return 0, nil, usage("lab curl: -n: how many: ulvs lab curl -n 10")
	}
	n, err := strconv.Atoi(args[at+1])
	if err != nil || n < 1 {
		return 0, nil, usage("lab curl: -n %s: want a number from 1", args[at+1])
	}
	return n, slices.Delete(slices.Clone(args), at, at+2), nil
}

// cannotWrite is curl's exit code when nobody reads what it prints.
const cannotWrite = 23

// curlTimes asks one after the other; the worst that happened is the exit
// code. An interrupt ends it, and so does a reader who has seen enough.
func curlTimes(ctx context.Context, l *lab.Lab, n int, args []string) (worst int, err error) {
	words := append([]string{"curl", "-sS", "--connect-timeout", "5"}, args...)
	if !addressed(args, l.Plan.Names()) {
		words = append(words, "http://"+l.Plan.VIP.String()+"/")
	}
	for range n {
		code, err := l.Run(ctx, "client", lab.Program{Args: words, In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
		if err != nil {
			return code, err
		}
		if code > 128 || code == cannotWrite {
			return code, nil
		}
		worst = max(worst, code)
	}
	return worst, nil
}

// switches are curl's options without a value, as far as somebody in a lab
// types them before an address.
const (
	switches     = "0123456#aBfgGiIjJklLMNOpqRsSvV"
	longSwitches = " --silent --show-error --insecure --include --fail --verbose --head --location --ipv4 --ipv6 --http1.0 --http1.1 "
)

// addressed reports whether one of curl's arguments says where to ask: a URL, or
// the name or address of a host that is no option's value.
func addressed(args, hosts []string) bool {
	for i, word := range args {
		free := i == 0 || !takesValue(args[i-1])
		if strings.Contains(word, "://") || free && isHost(word, hosts) {
			return true
		}
	}
	return false
}

// takesValue reports whether the next word may be the value of this one.
func takesValue(word string) bool {
	switch {
	case !strings.HasPrefix(word, "-"):
		return false
	case strings.HasPrefix(word, "--"):
		return !strings.Contains(word, "=") && !strings.Contains(longSwitches, " "+word+" ")
	}
	return strings.Trim(word[1:], switches) != ""
}

// isHost takes HOST[:PORT][/PATH] for an address.
func isHost(word string, hosts []string) bool {
	host, _, _ := strings.Cut(word, "/")
	if a, err := netip.ParseAddrPort(host); err == nil {
		host = a.Addr().String()
	} else if name, _, ok := strings.Cut(host, ":"); ok && slices.Contains(hosts, name) {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || slices.Contains(hosts, host)
}
