// Package storetest is the contract of the hub's store: what holds on every database.
package storetest

import (
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
)

// Open opens an empty store that is closed when the test ends.
type Open func(t *testing.T) *store.Store

// Run checks the contract. Each part has stores of its own.
func Run(t *testing.T, open Open) {
	runParts(t, open, []part{
		{"a transaction is whole", testWhole},
		{"an error that a command hides stops it", testHiddenError},
		{"a reader sees one moment", testSnapshot},
		{"writers take turns", testTurns},
		{"who waits hears of a commit", testChanged},
		{"texts are what every database can keep", testTexts},
		{"a site has one id", testSiteID},
		{"a transaction has every part", testFilled},
		{"collections add up", testRows},
		{"pages stand still while rows move", testPages},
		{"tombstones are forgotten up to the floor", testPrune},
		{"events are in the order of commits", testEvents},
		{"an event has one place", testEventOnce},
		{"events are there in the transaction that adds them", testEventsOfOneTransaction},
		{"an event of a former database is known", testHappened},
		{"events are found by time", testEventTimes},
		{"a cursor misses no event under many writers", testCursor},
		{"terminals come back", testTerminals},
		{"watermarks never go back", testSources},
		{"numbers belong to one block", testBlocks},
		{"it is known since when a terminal has what", testApplied},
		{"releases and how far they are come back", testReleases},
	})
	RunPeople(t, open)
	RunServices(t, open)
	RunAccess(t, open)
	RunMail(t, open)
}

// RunAccess checks the part of the contract that is about rights.
func RunAccess(t *testing.T, open Open) {
	runParts(t, open, []part{
		{"cards and conflicts are listed and found", testCards},
		{"claims can be used while they live", testClaims},
		{"doors come back", testDoors},
		{"grants are found by what they are about", testGrants},
		{"whoever has a right to a door is found once", testHolders},
		{"schedules have names and numbers of their own", testSchedules},
		{"a PIN has one account", testPINs},
		{"an account has one open enrolment", testEnrolments},
		{"a card has one label", testLabels},
		{"notices are muted by who does not want them", testMuted},
		{"settings and counters are kept", testSettings},
		{"a cursor is what a page gave", testCursors},
		{"rights have one winner", testRights},
		{"a door takes all its grants along", testPurged},
	})
}

// part is one part of the contract.
type part struct {
	name string
	test func(t *testing.T, open Open)
}

func runParts(t *testing.T, open Open, parts []part) {
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.test(t, open) })
	}
}

// operator is who makes the changes of these tests.
var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

// now is a time that every database keeps exactly.
var now = time.UnixMilli(1_900_000_000_123).UTC()

func write(t *testing.T, s *store.Store, fn func(tx fleet.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), operator, fn); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *store.Store, fn func(tx fleet.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
