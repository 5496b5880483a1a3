package printjobs

import (
	"testing"

	"badged/enroll"
)

// Issue 10, 4: a job is somebody's by account name or alias; a name with a domain only where
// the site lists it.
func TestOwnersAreMatched(t *testing.T) {
	ada := enroll.Account{Kind: enroll.Person, Name: "Ada", Number: 0, Aliases: []uint64{7, 12}}
	rules := OwnerRules{Domains: []string{"CORP", "example.com"}}
	for user, want := range map[string]bool{
		"ada@example.com": true, "ADA@Example.COM": true, " ada@example.com ": true, "Ada": true, " ADA ": true,
		"anonym7": true, "anonym12": true, `CORP\anonym7`: true,
		"ada": true, `CORP\ada`: true, `corp\Ada`: true,
		"anonym1": false, "anonym70": false, `HOST\ada`: false, "ada@other.example": false, `CORP\ada@other.example`: false, `HOST\CORP\ada`: false,
		"ad": false, "": false, "anonymous": false, "adabyron": false, `\ada`: false, "@example.com": false, `CORP\`: false, "\x00ada": false, "ada\u200b": false,
		"bob": false,
	} {
		if got := rules.OwnerOf(ada, false).Owns(user); got != want {
			t.Errorf("%q is Ada's: %v, want %v", user, got, want)
		}
	}
	plain := OwnerRules{}.OwnerOf(ada, false)
	for user, want := range map[string]bool{"ada@example.com": false, "ada": true, `CORP\ada`: false} {
		if plain.Owns(user) != want {
			t.Errorf("without domains, %q is Ada's: %v", user, !want)
		}
	}
}

// A user name that many computers send for anybody is nobody's, whatever an account is called.
func TestSharedUserNamesAreNobodys(t *testing.T) {
	for _, name := range shared {
		for _, a := range []enroll.Account{
			{Kind: enroll.Person, Name: name}, {Kind: enroll.Anonymous, Label: name},
		} {
			o := OwnerRules{Domains: []string{"example.com"}, TrustProfiles: true}.OwnerOf(a, true)
			if o.Owns(name) || o.Owns(`EXAMPLE.COM\`+name) {
				t.Errorf("jobs of %q are those of %+v", name, a)
			}
		}
	}
}

// S1.32: what somebody typed about themselves gives them nobody's documents.
func TestWhatPeopleTypeAtAPanelOwnsNothing(t *testing.T) {
	for _, c := range []struct {
		kind     enroll.AccountKind
		editable bool
		trust    bool
		owns     bool
	}{
		{enroll.Person, false, false, true}, {enroll.Person, true, false, false}, {enroll.Person, true, true, true},
		{enroll.Anonymous, false, true, false}, {enroll.Anonymous, true, true, false},
	} {
		a := enroll.Account{Kind: c.kind, Number: 3, Name: "alice"}
		o := OwnerRules{TrustProfiles: c.trust}.OwnerOf(a, c.editable)
		if o.Owns("alice") != c.owns || !o.Owns("anonym3") {
			t.Errorf("%+v", c)
		}
	}
}
