// SPDX-License-Identifier: Apache-2.0

package bench

// A Result is what was seen of a scenario once it had warmed up.
type Result struct {
	Jobs    int     // that came, were served and have left
	Refused int     // that no server would take
	Picks   []int   // of those that were served, by machine
	Hits    int     // whose object the server remembered
	Time    float64 // seconds from the first to the last arrival
	Inside  float64 // jobs under way, summed over that time: job-seconds
	stay    float64 // summed over the jobs, in seconds
}

func newResult(machines int) *Result { return &Result{Picks: make([]int, machines)} }

// Stay is how long a job is there on average, waiting and being served;
// seconds.
func (r *Result) Stay() float64 { return r.stay / float64(r.Jobs) }

// Share is the part of the served jobs that a machine had, from 0 to 1.
func (r *Result) Share(machine int) float64 { return float64(r.Picks[machine]) / float64(r.served()) }

// HitRatio is the part of the served jobs whose object the server remembered.
func (r *Result) HitRatio() float64 { return float64(r.Hits) / float64(r.served()) }

// Loss is the part of all jobs that was refused.
func (r *Result) Loss() float64 { return float64(r.Refused) / float64(r.Refused+r.served()) }

func (r *Result) served() (n int) {
	for _, k := range r.Picks {
		n += k
	}
	return n
}

func (r *Result) picked(machine int, hit bool) {
	r.Picks[machine]++
	if hit {
		r.Hits++
	}
}

func (r *Result) stayed(seconds float64) {
	r.Jobs++
	r.stay += seconds
}
