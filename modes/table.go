// SPDX-License-Identifier: Apache-2.0

package modes

import (
	"fmt"
	"strings"
)

// Table is All as a table of Markdown: where each packet of a conversation is
// from and to, at the four places where it can be seen.
func Table() string {
	var b strings.Builder
	b.WriteString("| mode | ipvsadm | client asks | server gets | server answers | client gets | by the director |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for i := range All {
		m := &All[i]
		back := "no"
		if m.SeesBack {
			back = "yes"
		}
		fmt.Fprintf(&b, "| %s | `%s`, %s | %v | %s | %v | %v | %s |\n", m.Name, m.Flag, m.Shown,
			Ends{Client, Virtual}, m.arrives(), m.Answers, Ends{Virtual, Client}, back)
	}
	return b.String()
}

// arrives is a request as it comes to the server's wire.
func (m *Mode) arrives() string {
	if m.Wraps() {
		return fmt.Sprintf("%v [%v]", Ends{Local, Server}, m.Asks)
	}
	return m.Asks.String()
}

// String is "CIP → VIP".
func (e Ends) String() string { return e.From + " → " + e.To }
