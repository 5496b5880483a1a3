package enroll

import (
	"maps"
	"slices"
)

// ServiceKind is what a service does.
type ServiceKind uint8

// The kinds of service. The numbers are those of the wire.
const (
	ServicePrint ServiceKind = 1
	ServiceCopy  ServiceKind = 2
	ServiceScan  ServiceKind = 3
	ServiceFax   ServiceKind = 4
	ServiceLink  ServiceKind = 5 // a page that it leads to
)

// Offer is a service that the organisation has.
type Offer struct {
	ID       uint64
	Kind     ServiceKind
	French   string // its name
	English  string
	Link     string // of a ServiceLink
	Everyone bool   // each account has it
	Groups   []uint64

	NotUnderstood bool // nobody sees it
}

// Notice is the privacy notice that is in force: what people agree to before anything else.
// The zero value is none.
type Notice struct {
	Version                   uint64
	French, English           string // in paragraphs
	ShortFrench, ShortEnglish string // for a panel without a keyboard
	Link                      string // of the whole on the web; empty: none
}

// Offered is what panels offer an account: what the hub says, and what the account agreed to
// at this terminal since.
type Offered struct {
	Services []uint64 // assigned to the account itself
	All      bool     // it sees every service
	Groups   []uint64 // beside those of the account: it has no full name
	Agreed   uint64   // newest version of the notice that it agreed to
}

// OfferedRow is the change of an account's row of Offers. The index keeps none of it: a panel
// reads the row at a login.
type OfferedRow struct {
	NotUnderstood bool // as if there were none
}

// The rows that are no more.
type (
	GoneOffer  uint64
	GoneNotice struct{}
)

func (o Offer) apply(ix *Index)     { ix.offers[o.ID] = o }
func (g GoneOffer) apply(ix *Index) { delete(ix.offers, uint64(g)) }
func (n Notice) apply(ix *Index)    { ix.notice = n }
func (GoneNotice) apply(ix *Index)  { ix.notice = Notice{} }
func (OfferedRow) apply(*Index)     {}

// Offering reports whether the hub says who sees which service.
func (ix *Index) Offering() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return len(ix.offers) > 0
}

// Notice gives the privacy notice that is in force.
func (ix *Index) Notice() Notice {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.notice
}

// OffersFor returns the services that an account sees, by number: all of them if the hub says
// so, otherwise those for everyone, its own and those of its groups.
func (ix *Index) OffersFor(a Account) (offers []Offer) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	for _, id := range slices.Sorted(maps.Keys(ix.offers)) {
		if o := ix.offers[id]; !o.NotUnderstood && a.seesOffer(o) {
			offers = append(offers, o)
		}
	}
	return offers
}

func (a Account) seesOffer(o Offer) bool {
	if a.Kind == Service {
		return false
	}
	groups := slices.AppendSeq(slices.Clone(a.Offered.Groups), a.Groups.All())
	has := func(group uint64) bool { return slices.Contains(groups, group) }
	return a.Offered.All || o.Everyone || slices.Contains(a.Offered.Services, o.ID) || slices.ContainsFunc(o.Groups, has)
}

// Owes reports whether an account has to agree to a notice first.
func (a Account) Owes(n Notice) bool { return a.Kind != Service && a.Offered.Agreed < n.Version }
