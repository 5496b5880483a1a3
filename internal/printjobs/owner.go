package printjobs

import (
	"slices"
	"strconv"
	"strings"

	"badged/enroll"
)

// OwnerRules says by what a job's user name may name an account.
type OwnerRules struct {
	// Domains are those whose names before @ or behind \ are the names of people here:
	// "CORP\ada" and "ada@example.com" are then also "ada".
	Domains []string
	// TrustProfiles lets names and e-mail addresses count though people can type them at a
	// panel. Whoever types another's address then sees that person's jobs.
	TrustProfiles bool
}

// shared are user names that many computers send for anybody.
var shared = []string{"", "anonymous", "chronos", "guest", "nobody", "unknown", "user"}

// Owner is the user names by which an account owns jobs.
type Owner struct {
	names   []string
	domains []string // folded
}

// OwnerOf gives the names of an account: anonymN and its aliases, which the site gives, and of
// a person also the full name. editable: people can type it at a panel, so that it proves
// nothing. E-mail addresses stay at the hub.
func (r OwnerRules) OwnerOf(a enroll.Account, editable bool) Owner {
	o := Owner{}
	for _, d := range r.Domains {
		o.domains = append(o.domains, strings.ToLower(d))
	}
	for _, n := range append([]uint64{a.Number}, a.Aliases...) {
		if n > 0 {
			o.add("anonym" + strconv.FormatUint(n, 10))
		}
	}
	o.add(a.Label)
	if a.Kind == enroll.Person && (r.TrustProfiles || !editable) {
		o.add(a.Name)
	}
	return o
}

func (o *Owner) add(name string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if !slices.Contains(shared, name) && !slices.Contains(o.names, name) {
		o.names = append(o.names, name)
	}
}

// Owns reports whether a job of this user is the account's.
func (o Owner) Owns(user string) bool {
	user = strings.ToLower(strings.TrimSpace(user))
	return slices.Contains(o.names, user) || slices.Contains(o.names, o.fold(user))
}

// fold is the name without its domain, if that is one of the site's; else empty, which is
// nobody.
func (o Owner) fold(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if domain, local, ok := strings.Cut(name, `\`); ok && slices.Contains(o.domains, domain) {
		return local
	}
	if at := strings.LastIndexByte(name, '@'); at > 0 && slices.Contains(o.domains, name[at+1:]) {
		return name[:at]
	}
	return ""
}
