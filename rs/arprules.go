// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// arpRules are the second cure: ARP itself is filtered. Questions for the
// virtual address are dropped; in our own questions the server's own address
// stands for it. The rules are in the words of arptables, whoever makes them.
func (s *state) arpRules(ports []port) (list []change) {
	kind := arpRule
	if _, err := exec.LookPath(arptables); err == nil {
		kind = arpCommand
	}
	for _, vip := range s.VIPs {
		if !vip.Is4() {
			continue
		}
		list = append(list, change{
			Kind: kind, Name: fmt.Sprintf("INPUT -d %v -j DROP", vip),
			Why: "Do not hear who asks for the VIP.",
		})
		for _, p := range ports {
			if p.arp && p.rip != "" {
				list = append(list, change{
					Kind: kind, Name: fmt.Sprintf("OUTPUT -o %s -s %v -j mangle --mangle-ip-s %s", p.name, vip, p.rip),
					Why: "Who asks in the VIP's name asks in the server's own instead.",
				})
			}
		}
	}
	return list
}

func sayRule(c *change) string   { return arptables + " -A " + c.Name }
func unsayRule(c *change) string { return arptables + " -D " + c.Name }

// A change of kind arpCommand is made by the program itself, so that its
// listing shows it.

const arptables = "arptables"

func runRule(how string, c *change) error {
	out, err := exec.Command(arptables, append([]string{how}, strings.Fields(c.Name)...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}

// lookCommand searches the saved rules, which every arptables can print. They
// have the words in another order, and some of their own.
func lookCommand(c *change) (bool, string, error) {
	out, err := exec.Command(arptables + "-save").Output()
	if err != nil {
		return false, "", nil // none was ever made
	}
	want := strings.Fields("-A " + c.Name)
	for line := range strings.Lines(string(out)) {
		have := strings.Fields(line)
		lacks := func(word string) bool { return !slices.Contains(have, word) }
		if !slices.ContainsFunc(want, lacks) {
			return true, "", nil
		}
	}
	return false, "", nil
}

func doCommand(c *change) error {
	if there, _, _ := lookCommand(c); there {
		return nil
	}
	return runRule("-A", c)
}

func undoCommand(c *change) error {
	if there, _, _ := lookCommand(c); !there {
		return nil
	}
	return runRule("-D", c)
}
