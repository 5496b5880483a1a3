package store

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"badged/enroll"
)

// maxDifferences bounds a report of Check.
const maxDifferences = 20

// Check compares the index with the database and reports what differs, without card
// numbers or ids; an empty report is what should be. It reads beside the writer and
// looks again, between two commits, at what seemed different.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	report, err := s.differences(ctx)
	if err != nil || len(report) == 0 {
		return nil, err
	}
	err = s.runJob(ctx, func(*txn) error {
		report, err = s.differences(ctx)
		return err
	})
	return report, err
}

func (s *Store) differences(ctx context.Context) (report []string, err error) {
	v, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	cards, _, _ := s.index.Counts()
	rows, failed := v.readAllRows(ctx)
	for r := range rows {
		if _, ok := r.change.(enroll.Binding); ok {
			cards--
		}
		if r.change != nil && !s.indexMirrors(r.change) {
			report = append(report, fmt.Sprintf("a row of %s differs in the index", r.c))
		}
		if len(report) == maxDifferences {
			return report, nil
		}
	}
	if cards != 0 {
		report = append(report, fmt.Sprintf("the index has %+d cards more than the database", cards))
	}
	return report, s.db.Explain("check", failed())
}

// indexMirrors reports whether the index has a row.
func (s *Store) indexMirrors(c enroll.Change) bool {
	switch want := c.(type) {
	case enroll.Account:
		have, ok := s.index.Account(want.ID)
		return ok == (want.State != 0) && have.State == want.State && (!ok || have.Kind == want.Kind && have.Number == want.Number &&
			have.Groups == want.Groups && sameSecond(have.Expires, want.Expires))
	case enroll.Binding:
		have, ok := s.index.Card(want.Card, "")
		b := have.Binding
		return ok && b.Account == want.Account && b.State == want.State && b.Assurance == want.Assurance &&
			sameSecond(b.Expires, want.Expires)
	case enroll.Grant:
		return s.mirrorsGrant(want)
	case enroll.Claim:
		for _, have := range s.index.Claims() {
			if have.ID == want.ID {
				return reflect.DeepEqual(have, want)
			}
		}
		return false
	case enroll.Door:
		return s.index.Door(want.ID) == want
	case enroll.Site:
		return reflect.DeepEqual(s.index.Site(), want)
	case enroll.Schedule:
		have, ok := s.index.Schedule(want.ID)
		return ok && reflect.DeepEqual(have, want)
	case enroll.Holidays:
		return reflect.DeepEqual(s.index.Holidays(), want)
	case enroll.PIN:
		have, ok := s.index.PIN(want.MAC)
		return ok != want.NotUnderstood && (!ok || have.ID == want.Account)
	default:
		return true
	}
}

func (s *Store) mirrorsGrant(want enroll.Grant) bool {
	if want.NotUnderstood {
		want.From, want.To, want.Schedule = time.Time{}, time.Time{}, 0
	}
	grants := s.index.GroupGrants(want.Group, want.Door)
	if want.Group == 0 {
		grants = s.index.Grants(want.Account, want.Door)
	}
	for _, have := range grants {
		if have.ID == want.ID {
			return have.Deny == want.Deny && have.Schedule == want.Schedule && sameSecond(have.From, want.From) && sameSecond(have.To, want.To)
		}
	}
	return want.NotUnderstood && !want.Deny
}

// sameSecond compares times as the index keeps them.
func sameSecond(a, b time.Time) bool {
	return a.IsZero() && b.IsZero() || a.Unix() == b.Unix()
}
