package people_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store/teststore"
)

// later is a site whose clock a test puts forward.
type later struct {
	site
	now *time.Time
}

func newLater(t *testing.T) later {
	now := time.UnixMilli(1_900_000_000_000).UTC()
	s, err := teststore.Open(t.Context(), t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return later{site{t, s}, &now}
}

func (l later) advance(d time.Duration) { *l.now = l.now.Add(d) }

// tries counts log-ins until one has to wait, at most limit.
func (l later) tries(email, network string, limit int) (n int) {
	l.t.Helper()
	for range limit {
		var wait time.Duration
		l.do(func(tx people.Tx) (err error) {
			wait, err = people.CountLogin(tx, email, network)
			return err
		})
		if wait > 0 {
			break
		}
		n++
	}
	return n
}

// PEOPLE §5.3: throttle per address and per network, never a lock-out that somebody else can
// cause: whoever guesses from one place, or from many, keeps nobody out elsewhere.
func TestNobodyLocksSomebodyElseOut(t *testing.T) {
	l := newLater(t)
	if n := l.tries("ada@example.com", "192.0.2.1", 50); n != 10 {
		t.Errorf("one place has %d tries at an address", n)
	}
	if n := l.tries("ADA@Example.com", "192.0.2.1", 50); n != 0 {
		t.Errorf("another form of the address gives %d more", n)
	}
	if n := l.tries("ada@example.com", "192.0.2.2", 50); n != 10 {
		t.Errorf("another place has %d tries", n)
	}
	for i := range 40 { // many places guess
		l.tries("ada@example.com", fmt.Sprintf("198.51.100.%d", i), 2)
	}
	if n := l.tries("ada@example.com", "203.0.113.1", 50); n != 1 {
		t.Errorf("while many guess, a new place has %d tries, not one a minute", n)
	}
	l.advance(time.Minute)
	if n := l.tries("ada@example.com", "203.0.113.1", 50); n != 1 {
		t.Errorf("a minute later it has %d", n)
	}
	l.advance(16 * time.Minute)
	l.do(func(tx people.Tx) error { return people.ForgetLogins(tx, "ada@example.com", "192.0.2.1") })
	sum := 0
	for i := range 30 { // one place guesses at many addresses
		sum += l.tries(fmt.Sprintf("p%d@example.com", i), "192.0.2.1", 6)
	}
	if sum != 100 {
		t.Errorf("one place has %d tries at all", sum)
	}
	l.advance(15 * time.Minute)
	if n := l.tries("p1@example.com", "192.0.2.1", 50); n != 10 {
		t.Errorf("later it has %d", n)
	}
}

// rows tells how many counts of tries are kept.
func (l later) rows() (n int) {
	l.t.Helper()
	back := errors.New("take it back")
	if err := l.try(func(tx people.Tx) (err error) {
		if n, err = tx.PruneTries(tx.Now.Add(48 * time.Hour)); err == nil {
			err = back
		}
		return err
	}); !errors.Is(err, back) {
		l.t.Fatal(err)
	}
	return n
}

// Once a network has spent its tries, whatever else it sends leaves nothing in the database.
func TestASpentNetworkWritesNothing(t *testing.T) {
	l := newLater(t)
	for i := range 10 {
		l.tries(fmt.Sprintf("p%d@example.com", i), "192.0.2.1", 10)
	}
	before := l.rows()
	for i := range 10 {
		if n := l.tries(fmt.Sprintf("q%d@example.com", i), "192.0.2.1", 1); n != 0 {
			t.Errorf("it has %d more", n)
		}
	}
	if after := l.rows(); before == 0 || after != before {
		t.Errorf("%d counts became %d", before, after)
	}
}

// Whoever waits is not counted: knocking at one address for long keeps no neighbour out.
func TestWaitingIsNotCountedAgainstTheNetwork(t *testing.T) {
	l := newLater(t)
	for range 200 {
		l.tries("ada@example.com", "192.0.2.1", 1)
	}
	if n := l.tries("eve@example.com", "192.0.2.1", 50); n != 10 {
		t.Errorf("a neighbour has %d tries", n)
	}
}

// Neighbours behind one address who log in keep nobody out; a log-in of one's own gives no
// guesses at others back.
func TestLogInsOfNeighboursKeepNobodyOut(t *testing.T) {
	l := newLater(t)
	logIn := func(email string) {
		if n := l.tries(email, "192.0.2.1", 1); n != 1 {
			t.Fatalf("%s has to wait", email)
		}
		l.do(func(tx people.Tx) error { return people.ForgetLogins(tx, email, "192.0.2.1") })
	}
	for i := range 150 {
		logIn(fmt.Sprintf("p%d@example.com", i))
	}
	sum := 0
	for i := range 30 {
		sum += l.tries(fmt.Sprintf("q%d@example.com", i), "192.0.2.1", 6)
		if sum < 100 {
			logIn("eve@example.com")
		}
	}
	if sum != 100 {
		t.Errorf("between log-ins of its own one place has %d tries at others", sum)
	}
}

// Whoever proves again who they are is counted by their session: others neither keep them
// out nor get more guesses by it.
func TestASessionHasItsOwnTries(t *testing.T) {
	l := newLater(t)
	a := l.add(person("Ada", "Byron", "ada@example.com"))
	var here, there people.SessionToken
	l.do(func(tx people.Tx) (err error) {
		if here, _, err = people.OpenSession(tx, a.ID, people.Client{}); err == nil {
			there, _, err = people.OpenSession(tx, a.ID, people.Client{})
		}
		return err
	})
	tries := func(token people.SessionToken, limit int) (n int) {
		for range limit {
			var wait time.Duration
			l.do(func(tx people.Tx) (err error) {
				wait, err = people.CountConfirm(tx, token.Hash())
				return err
			})
			if wait > 0 {
				break
			}
			n++
		}
		return n
	}
	l.tries("ada@example.com", "192.0.2.1", 50)
	if n := tries(here, 9); n != 9 {
		t.Errorf("a session has %d tries", n)
	}
	l.do(func(tx people.Tx) error { return people.Reauthenticate(tx, here) })
	if n := tries(here, 50); n != 10 {
		t.Errorf("after it was the owner it has %d", n)
	}
	if n := tries(there, 50); n != 10 {
		t.Errorf("another one has %d", n)
	}
}

func TestANetworkIsOneCustomers(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "x": "x",
	} {
		if got := people.Network(ip); got != want {
			t.Errorf("%s is in %q, want %q", ip, got, want)
		}
	}
}

// PEOPLE §5.1 and §5.4: tokens are random, hashed, and cannot be printed.
func TestTokensCannotBePrinted(t *testing.T) {
	token, session := people.NewToken(), people.NewSessionToken()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", token, "b", session)
	js, err := json.Marshal(map[string]any{"a": token, "b": session})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(js) + fmt.Sprintf("%v %x %s %#v %d %v %x", token, token, token, token, token, session, session)
	for _, text := range []string{token.Reveal(), session.Reveal(), fmt.Sprintf("%x", [16]byte(token)), fmt.Sprintf("%x", [32]byte(session))} {
		if strings.Contains(out, text) {
			t.Error("a token is printed")
		}
	}
	back, ok := people.ParseToken(token.Reveal())
	if !ok || back != token || token.Hash() == people.NewToken().Hash() || token.Path() != "/lien/"+token.Reveal() {
		t.Error("a token does not come back")
	}
	for _, bad := range []string{"", token.Reveal() + "A", token.Reveal()[:21], strings.Repeat("/", 22), session.Reveal()} {
		if _, ok := people.ParseToken(bad); ok {
			t.Errorf("%d characters are a token", len(bad))
		}
	}
}

// What is sealed opens with the same token for the same purpose only.
func TestASealOpensForItsBrowserOnly(t *testing.T) {
	token := people.NewSessionToken()
	sealed, err := people.Seal(token, "card", []byte("7365"))
	if err != nil || bytes.Contains(sealed, []byte("7365")) {
		t.Fatal("it is not sealed", err)
	}
	for name, c := range map[string]struct {
		token people.SessionToken
		about string
		want  bool
	}{"its own": {token, "card", true}, "another": {people.NewSessionToken(), "card", false}, "for something else": {token, "pin", false}} {
		if text, ok := people.Unseal(c.token, c.about, sealed); ok != c.want || ok && string(text) != "7365" {
			t.Errorf("%s: %v", name, ok)
		}
	}
	if _, ok := people.Unseal(token, "card", nil); ok {
		t.Error("nothing opens")
	}
}

// PEOPLE §4.1: a box is opened once, within ten minutes, by its own token.
func TestABoxIsOpenedOnce(t *testing.T) {
	l := newLater(t)
	var token people.SessionToken
	put := func() {
		l.do(func(tx people.Tx) (err error) {
			token, err = people.PutInBox(tx, people.ID{7}, secret.New("7365"))
			return err
		})
	}
	open := func(token people.SessionToken) func(people.Tx) error {
		return func(tx people.Tx) error {
			text, err := people.OpenBox(tx, token)
			if err == nil && text.Reveal() != "7365" {
				t.Error("it had something else in it")
			}
			return err
		}
	}
	put()
	l.refused(people.CodeLinkEnded, open(people.NewSessionToken()))
	l.do(open(token))
	l.refused(people.CodeLinkEnded, open(token))
	put()
	l.advance(10 * time.Minute)
	l.refused(people.CodeLinkEnded, open(token))
}

// S3.07: one open link of an account and purpose; the lines of the audit log tell of both and
// have no token.
func TestALinkReplacesTheFormerOne(t *testing.T) {
	l := newLater(t)
	ada := l.add(people.New{First: "Ada", Email: "ada@example.com"})
	eve := l.add(people.New{First: "Eve", Email: "eve@example.com"})
	issue := func(p people.Purpose, of people.Account) (token people.Token) {
		l.do(func(tx people.Tx) (err error) {
			token, err = people.IssueLink(tx, p, of.ID, "")
			return err
		})
		return token
	}
	state := func(token people.Token) (link people.Link, state people.LinkState) {
		l.do(func(tx people.Tx) (err error) {
			link, state, err = people.LookUpLink(tx, token)
			return err
		})
		return link, state
	}
	first, others := issue(people.Activate, ada), []people.Token{issue(people.Activate, eve), issue(people.ChangeMail, ada)}
	l.advance(time.Minute)
	second := issue(people.Activate, ada)
	if link, got := state(first); got != people.LinkReplaced || link.ReplacedBy != second.Hash() || !link.Replaced.Equal(*l.now) {
		t.Errorf("the former one is %s", got)
	}
	for _, token := range append(others, second) {
		if _, got := state(token); got != people.LinkUsable {
			t.Errorf("another one is %s", got)
		}
	}
	use := func(token people.Token, p people.Purpose) func(people.Tx) error {
		return func(tx people.Tx) error { _, err := people.UseLink(tx, token, p); return err }
	}
	l.refused(people.CodeLinkReplaced, use(first, people.Activate))
	l.refused(people.CodeLinkUnknown, use(second, people.Reset))
	l.do(use(second, people.Activate))
	l.refused(people.CodeLinkUsed, use(second, people.Activate))
	l.do(func(tx people.Tx) error {
		return tx.ListAudit(audit.Query{Action: "link.", Limit: 100}, func(e audit.Entry) error {
			if text := string(e.After); strings.Contains(text, second.Reveal()) || strings.Contains(text, fmt.Sprintf("%x", second.Hash())) {
				t.Errorf("a line has the token: %s", e.Action)
			}
			if e.Action == "link.use" && e.Actor.ID != people.HexID(ada.ID) {
				t.Errorf("it was used by %+v", e.Actor)
			}
			return nil
		})
	})
}

// PEOPLE §5.4: suspending ends sessions and links; a merge and an erasure leave no way in.
func TestWhoeverIsNoMoreHasNoWayIn(t *testing.T) {
	for name, change := range map[string]func(people.Tx, people.ID) error{
		"erased": people.Erase,
		"merged": func(tx people.Tx, id people.ID) error {
			other, err := people.Add(tx, person("Eve", "", ""))
			if err == nil {
				_, err = people.Merge(tx, id, other.ID)
			}
			return err
		},
		"suspended": func(tx people.Tx, id people.ID) error {
			_, err := people.SetState(tx, id, people.Suspended, people.ByAdministrator)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLater(t)
			a := l.withPassword(l.add(person("Ada", "Byron", "ada@example.com")))
			var token people.Token
			l.do(func(tx people.Tx) (err error) {
				if _, _, err = people.OpenSession(tx, a.ID, people.Client{}); err == nil {
					token, err = people.IssueLink(tx, people.Reset, a.ID, "")
				}
				return err
			})
			l.do(func(tx people.Tx) error { return change(tx, a.ID) })
			l.do(func(tx people.Tx) error {
				sessions, err1 := tx.SessionsOf(a.ID)
				credentials, err2 := tx.CredentialsOf(a.ID)
				_, state, err3 := people.LookUpLink(tx, token)
				if len(sessions) > 0 || state == people.LinkUsable || len(credentials) != map[bool]int{true: 1}[name == "suspended"] {
					t.Errorf("%d sessions, %d credentials, the link is %s", len(sessions), len(credentials), state)
				}
				for _, err := range []error{err1, err2, err3} {
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// An account has so many sessions at most: the one unused for longest gives way.
func TestSessionsGiveWay(t *testing.T) {
	l := newLater(t)
	a := l.add(person("Ada", "Byron", "ada@example.com"))
	var first people.SessionToken
	for n := range 25 {
		l.do(func(tx people.Tx) error {
			token, _, err := people.OpenSession(tx, a.ID, people.Client{IP: "::1", Agent: strings.Repeat("x", 5000) + "\x00\xff"})
			if n == 0 {
				first = token
			}
			return err
		})
		l.advance(time.Second)
	}
	l.refused(people.CodeSessionOver, func(tx people.Tx) error { _, _, err := people.FindSession(tx, first); return err })
	l.do(func(tx people.Tx) error {
		all, err := tx.SessionsOf(a.ID)
		if len(all) != 20 || len(all[0].Agent) > 200 {
			t.Errorf("%d sessions", len(all))
		}
		return err
	})
	l.do(func(tx people.Tx) error {
		all, err := tx.SessionsOf(a.ID)
		if err != nil {
			return err
		}
		ended, err := people.EndSessions(tx, a.ID, all[3].Hash)
		left, err2 := tx.SessionsOf(a.ID)
		if ended != 19 || len(left) != 1 || left[0].Hash != all[3].Hash {
			t.Errorf("%d ended, %d are left", ended, len(left))
		}
		if err == nil {
			err = err2
		}
		return err
	})
}

// A password that was changed while it was checked opens no session.
func TestAFormerPasswordOpensNoSession(t *testing.T) {
	l := newLater(t)
	a := l.withPassword(l.add(person("Ada", "Byron", "ada@example.com")))
	l.refused(people.CodeSessionOver, func(tx people.Tx) error { _, err := people.LogIn(tx, a.ID, "$former", people.Client{}); return err })
	l.do(func(tx people.Tx) error {
		_, err := people.LogIn(tx, a.ID, "$argon2id$...", people.Client{})
		return err
	})
}

// Whoever had the session of somebody else asks for an address of their own; the owner's new
// password ends that.
func TestANewPasswordEndsAChangeOfAddress(t *testing.T) {
	l := newLater(t)
	a := l.withPassword(l.add(person("Ada", "Byron", "ada@example.com")))
	var token people.Token
	l.do(func(tx people.Tx) (err error) {
		token, err = people.IssueLink(tx, people.ChangeMail, a.ID, "eve@example.com")
		return err
	})
	l.do(func(tx people.Tx) error { return people.SetPassword(tx, a.ID, "$argon2id$another") })
	l.refused(people.CodeLinkEnded, func(tx people.Tx) error { _, err := people.UseLink(tx, token, people.ChangeMail); return err })
}

// Whoever had the session of somebody else asks for an address of their own; signing out
// everywhere ends that too, also when nobody is logged in any more.
func TestSigningOutEverywhereEndsAChangeOfAddress(t *testing.T) {
	l := newLater(t)
	a := l.withPassword(l.add(person("Ada", "Byron", "ada@example.com")))
	for _, sessions := range []int{0, 2} {
		var change, reset people.Token
		var kept [32]byte
		l.do(func(tx people.Tx) (err error) {
			for range sessions {
				var s people.Session
				if _, s, err = people.OpenSession(tx, a.ID, people.Client{}); err != nil {
					return err
				}
				kept = s.Hash
			}
			if reset, err = people.IssueLink(tx, people.Reset, a.ID, ""); err == nil {
				change, err = people.IssueLink(tx, people.ChangeMail, a.ID, "eve@example.com")
			}
			return err
		})
		l.do(func(tx people.Tx) error { _, err := people.EndSessions(tx, a.ID, kept); return err })
		l.refused(people.CodeLinkEnded, func(tx people.Tx) error { _, err := people.UseLink(tx, change, people.ChangeMail); return err })
		l.do(func(tx people.Tx) error { _, err := people.UseLink(tx, reset, people.Reset); return err })
	}
}

// What is over is forgotten in time, and what says why a link is over stays for a month.
func TestWhatIsOverIsForgotten(t *testing.T) {
	l := newLater(t)
	a := l.add(people.New{First: "Ada", Email: "ada@example.com"})
	var token people.Token
	l.do(func(tx people.Tx) (err error) {
		if _, err = people.CountLogin(tx, "x", "y"); err == nil {
			token, err = people.IssueLink(tx, people.Activate, a.ID, "")
		}
		return err
	})
	forget := func() (n int) {
		if err := l.Write(context.Background(), operator, func(tx fleet.Tx) (err error) {
			n, err = people.ForgetEnded(tx.Tx.Tx.Tx, 100)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	l.advance(8 * 24 * time.Hour)
	if n := forget(); n != 0 {
		t.Errorf("%d links are forgotten", n)
	}
	l.do(func(tx people.Tx) error {
		_, state, err := people.LookUpLink(tx, token)
		if state != people.LinkEnded {
			t.Errorf("the link is %s", state)
		}
		return err
	})
	l.advance(30 * 24 * time.Hour)
	if n := forget(); n != 1 {
		t.Errorf("%d links are forgotten", n)
	}
}
