// SPDX-License-Identifier: Apache-2.0

//go:build race

package bench

func init() { slow = true }
