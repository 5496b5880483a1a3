package password_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"badged/internal/password"
	"badged/internal/secret"
)

// PEOPLE §5.2: argon2id 64 MiB/3/1, NFC: the same password typed with its accents apart.
func TestAHashFitsItsPasswordOnly(t *testing.T) {
	phc, err := password.Hash(t.Context(), secret.New("un été à la caisse"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`).MatchString(phc) {
		t.Errorf("it is kept as %s", phc)
	}
	for typed, want := range map[string]bool{
		"un été à la caisse":                   true,
		"un e\u0301te\u0301 a\u0300 la caisse": true,
		"un été a la caisse":                   false,
		"Un été à la caisse":                   false,
		"":                                     false,
	} {
		if got, err := password.Verify(t.Context(), phc, secret.New(typed)); got != want || err != nil {
			t.Errorf("%q: %v (%v)", typed, got, err)
		}
	}
}

// A vector of the reference implementation (phc-winner-argon2, test.c: argon2id, t=2, m=2^16,
// p=1, "password", "somesalt").
func TestAHashOfTheReferenceImplementationVerifies(t *testing.T) {
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := password.Verify(t.Context(), phc, secret.New("password")); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// Nobody's password is never right, and hashes that are none are errors.
func TestNoHashIsNobodys(t *testing.T) {
	if ok, err := password.Verify(t.Context(), "", secret.New("")); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	for _, phc := range []string{
		"x", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFd",
	} {
		if ok, err := password.Verify(t.Context(), phc, secret.New("password")); ok || err == nil {
			t.Errorf("%s: %v, %v", phc, ok, err)
		}
	}
}

// Somebody who goes away while others are checked is not checked any more.
func TestWhoeverHasGoneIsNotChecked(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 8 { // a free slot may win against the end
		if _, err := password.Hash(gone, secret.New("x")); errors.Is(err, context.Canceled) {
			return
		}
	}
	t.Error("it was made each time")
}

// PEOPLE §5.2: 15 characters or more, 8 with a second factor, 256 at most, no composition
// rules, a blocklist and the words of the site.
func TestPasswordsThatMayBeChosen(t *testing.T) {
	for _, c := range []struct {
		text  string
		least int
		want  password.Problem
	}{
		{"quatorze lettr", password.Least, password.TooShort},
		{"quinze lettres.", password.Least, ""},
		{"é\u0301é\u0301é\u0301é\u0301é\u0301é\u0301é\u0301", password.Least, password.TooShort},
		{"tzkqvbwm", password.LeastWithFactor, ""},
		{"tzkqvbw", password.LeastWithFactor, password.TooShort},
		{strings.Repeat("le merle moqueur ", 15), password.Least, ""},
		{strings.Repeat("le merle moqueur ", 16), password.Least, password.TooLong},
		{"\xff\xfe quinze lettres", password.Least, password.BadText},
		{"quinze lettres\x00!", password.Least, password.BadText},
		{"passwordpassword", password.Least, password.TooCommon},
		{"P@ssw0rdP@ssw0rd", password.Least, password.TooCommon},
		{"aaaaaaaaaaaaaaaaaaaa", password.Least, password.TooCommon},
		{"12345678901234567890", password.Least, password.TooCommon},
		{"abcdefghijklmnopqrst", password.Least, password.TooCommon},
		{"azertyuiopqsdfghjklm", password.Least, password.TooCommon},
		{"MotDePasse-20262027", password.Least, password.TooCommon},
		{"xk4vxk4vxk4vxk4vxk4v", password.Least, password.TooCommon}, // four that nobody guesses, and again
		{"xkxkxkxkxkxkxkxkxkxk", password.Least, password.TooCommon},
		{"MaisonBleue2026MaisonBleue", password.Least, password.TooCommon},
		{"Łukasz.Dupont2026", password.Least, password.TooCommon},
		{"lukasz.dupont@example.com", password.Least, password.TooCommon},
	} {
		words := []string{"Maison Bleue", "Łukasz", "Dupont", "lukasz.dupont@example.com"}
		if got := password.Check(secret.New(c.text), c.least, words...); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// S5.07: what the page proposes may be chosen, and is never the same.
func TestAProposedPasswordMayBeChosen(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		p := password.Propose()
		if !regexp.MustCompile(`^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$`).MatchString(p.Reveal()) {
			t.Fatal("it has another form")
		}
		if problem := password.Check(p, password.Least); problem != "" {
			t.Errorf("%s", problem)
		}
		seen[p.Reveal()] = true
	}
	if len(seen) != 200 {
		t.Errorf("200 proposals are %d", len(seen))
	}
}

func TestAPasswordIsNeverPrinted(t *testing.T) {
	if got := fmt.Sprint(password.Propose()); got != "[hidden]" {
		t.Error(got)
	}
}
