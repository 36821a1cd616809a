// SPDX-License-Identifier: Apache-2.0

// Package forward is the engine: links, a batch, seven steps.
package forward
