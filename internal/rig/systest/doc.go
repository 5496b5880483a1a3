// Package systest runs the real programs against each other: a hub and terminals as
// processes, virtual devices that type at them, kill -9 at random moments. What must
// hold afterwards is in ledger_test.go, which is pure and has tests of its own; the
// runs need the build tag "system" (make test SUITES=system).
package systest
