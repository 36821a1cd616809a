// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strings"
	"testing"
)

func TestAddressed(t *testing.T) {
	for args, want := range map[string]bool{
		"":                                  false,
		"-k":                                false,
		"192.168.0.10":                      true,
		"192.168.0.10:8080":                 true,
		"192.168.0.10/bytes?n=5":            true,
		"rs1":                               true,
		"rs1:443/x":                         true,
		"http://example/":                   true,
		"[fd00::1]":                         true,
		"-k -v rs2":                         true,
		"-ik --show-error rs2":              true,
		"-m 5 rs2":                          true,
		"--interface 172.25.254.9":          false,
		"-H rs1":                            false,
		"-m 5 --interface 172.25.254.9":     false,
		"--interface=172.25.254.9 rs1":      true,
		"--interface 172.25.254.9 -k rs1/x": true,
		"mars":                              false,
	} {
		if got := addressed(strings.Fields(args), []string{"client", "rs1", "rs2"}); got != want {
			t.Errorf("curl %s: %v", args, got)
		}
	}
}
