// SPDX-License-Identifier: Apache-2.0

package forward

import "time"

// estimation is how often rates are estimated.
const estimation = 2 * time.Second

// An estimator smooths how fast counters grow, as the kernel's (ip_vs_est.c):
// each two seconds a quarter of the difference to the newest measurement. The
// sums are the kernel's fixed-point numbers: of connections and packets in
// 1/1024 a second, of bytes in 1/32.
type estimator struct {
	last traffic // the counters when they were looked at last
	sums [5]uint64
}

const (
	countShift, countScale = 9, 10 // connections and packets
	byteShift, byteScale   = 4, 5
)

// look takes the counters as they are now, two seconds after the last look.
func (e *estimator) look(now *traffic) {
	e.sums[0] = smooth(e.sums[0], now.Conns-e.last.Conns, countShift)
	e.sums[1] = smooth(e.sums[1], now.InPkts-e.last.InPkts, countShift)
	e.sums[2] = smooth(e.sums[2], now.OutPkts-e.last.OutPkts, countShift)
	e.sums[3] = smooth(e.sums[3], now.InBytes-e.last.InBytes, byteShift)
	e.sums[4] = smooth(e.sums[4], now.OutBytes-e.last.OutBytes, byteShift)
	e.last = *now
}

func smooth(sum, growth uint64, shift int) uint64 {
	return sum + uint64((int64(growth<<shift)-int64(sum))>>2)
}

// rates are what one sees of it, rounded as the kernel rounds.
func (e *estimator) rates() traffic {
	return traffic{
		Conns:    shown(e.sums[0], countScale),
		InPkts:   shown(e.sums[1], countScale),
		OutPkts:  shown(e.sums[2], countScale),
		InBytes:  shown(e.sums[3], byteScale),
		OutBytes: shown(e.sums[4], byteScale),
	}
}

func shown(sum uint64, scale int) uint64 { return (sum + 1<<(scale-1) - 1) >> scale }

// A meter is the counters of one thing, and how fast they grow.
type meter struct {
	traffic
	rate estimator
}

// estimate looks at all counters, every two seconds.
func (w *worker) estimate() {
	if w.now < w.estimated || w.cfg.sysctls.runEstimation == 0 {
		return
	}
	// After a long sleep one look stands for all that were missed, as in the
	// kernel after a pause of its timer.
	w.estimated = w.now - w.now%estimation + estimation
	for i := range w.services {
		w.services[i].rate.look(&w.services[i].traffic)
	}
	for i := range w.dests {
		w.dests[i].rate.look(&w.dests[i].traffic)
	}
}
