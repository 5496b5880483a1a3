package door_test

import (
	gocontext "context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"badged/internal/password"
	"badged/internal/secret"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// busy keeps as many hashes waiting as may wait, until stop is called.
func busy(t *testing.T) (stop func()) {
	ctx, cancel := gocontext.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 36 {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := password.Hash(ctx, secret.New(right)); errors.Is(err, password.ErrBusy) {
					runtime.Gosched()
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// PEOPLE §5.3: a hash costs 64 MiB. Whoever sends requests for accounts without end from one
// place is turned away before, and so is what is no address; who comes while too many hashes
// wait is told when to come again.
func TestNoRequestCostsAHashBeforeItIsCounted(t *testing.T) {
	s := newStand(t)
	own := form("email", "ada@example.com", "password", right)
	defer busy(t)()
	p := s.Browser().Post("/creer", own)
	for p.Status != http.StatusServiceUnavailable { // it had waited in line before it was full
		p = s.Browser().Post("/creer", own).Is(200)
	}
	p.Shows("Trop à la fois", "Attendez une minute")
	if got := p.Header.Get("Retry-After"); got != "60" {
		t.Errorf("it says to come again after %q", got)
	}
	s.Browser().Post("/creer", form("email", "no address", "password", right)).Is(422).Shows("Ce n’est pas une adresse électronique")
	s.Write(func(tx fleet.Tx) (err error) {
		for wait := time.Duration(0); wait == 0 && err == nil; {
			wait, err = people.CountOwn(tx.Tx.Tx.Tx, "127.0.0.1")
		}
		return err
	})
	for range 3 {
		s.Browser().Post("/creer", own).Is(429).Shows("Trop d’essais depuis cet endroit", "15 minutes")
	}
}
