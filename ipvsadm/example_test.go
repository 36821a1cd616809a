// SPDX-License-Identifier: Apache-2.0

package ipvsadm_test

import (
	"fmt"

	"github.com/ulvs/ulvs/ipvsadm"
)

func ExampleParse() {
	l, err := ipvsadm.Parse([]string{"-a", "-t", "192.0.2.1:80", "-r", "10.0.0.1:8080", "-m"})
	fmt.Println(l.Command.Verb, l.Command.Server.Addr, l.Command.Server.Mode, err)
	fmt.Println(ipvsadm.Format(l.Command))

	_, err = ipvsadm.Parse([]string{"-L", "-s", "rr"})
	fmt.Println(err)
	// Output:
	// add-server 10.0.0.1:8080 nat <nil>
	// -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 1
	// Illegal 'scheduler' option with the 'list' command
}
