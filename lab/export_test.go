// SPDX-License-Identifier: Apache-2.0

package lab

// OpenPTY gives the tests that play a learner a terminal to type on.
var OpenPTY = openPTY
