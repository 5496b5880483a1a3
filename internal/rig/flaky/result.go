package main

import (
	"maps"
	"slices"
)

// uncertain are the tests that failed at least once, by name.
func (r *result) uncertain() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.tests)) {
		if r.tests[name].failed > 0 {
			names = append(names, name)
		}
	}
	return names
}

// least is how often the test ran that ran least: a program that dies runs no others.
func (r *result) least() int { return slices.Min(append(r.runs(), r.most())) }

// most is how often the test ran that ran most.
func (r *result) most() int { return slices.Max(append(r.runs(), 0)) }

func (r *result) runs() (n []int) {
	for _, c := range r.tests {
		n = append(n, c.passed+c.failed)
	}
	return n
}
