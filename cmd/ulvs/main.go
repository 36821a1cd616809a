// SPDX-License-Identifier: Apache-2.0

// Command ulvs is Linux Virtual Server without the kernel module.
package main

import (
	"os"

	"github.com/ulvs/ulvs/cmd/ulvs/command"
)

func main() { os.Exit(command.Main(os.Args)) }
