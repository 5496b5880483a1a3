package people

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// ServiceKind is what a service does.
type ServiceKind string

// The kinds of service.
const (
	PrintService ServiceKind = "print"
	CopyService  ServiceKind = "copy"
	ScanService  ServiceKind = "scan"
	FaxService   ServiceKind = "fax"
	LinkService  ServiceKind = "link" // a page that it leads to
)

// ServiceKinds are the kinds in the order in which they are shown.
var ServiceKinds = []ServiceKind{PrintService, CopyService, ScanService, FaxService, LinkService}

// Offer is a service that the organisation has: its members see it once it is assigned to
// them.
type Offer struct {
	ID       uint64 // small, and never given again: it travels
	Kind     ServiceKind
	French   string // its name; no two offers have the same one, in whatever language
	English  string
	Link     string // of a LinkService
	Everyone bool   // assigned to all, also to accounts that are still to come
}

// Assignee is whom an offer is assigned to: an account or a group.
type Assignee struct {
	Account ID     // zero: Group
	Group   uint64 // 0: Account
}

// Services keeps the offers and whom they are assigned to.
type Services interface {
	Offers() ([]Offer, error) // by id
	AddOffer(Offer) (Offer, error)
	PutOffer(Offer) error
	DropOffer(id uint64) error // with its assignments
	// Assign assigns an offer or takes it back, and reports whether it was not so already.
	Assign(offer uint64, to Assignee, assigned bool) (changed bool, err error)
	OffersOf(to Assignee) ([]uint64, error) // ascending
	// Assignees gives at most limit of those whom an offer is assigned to, in one order, that
	// follow after.
	Assignees(offer uint64, after Assignee, limit int) ([]Assignee, error)
}

// The bounds of offers: a panel shows them as tiles, and every print terminal has them.
const (
	maxOffers    = 64
	maxOfferName = 60
	maxLink      = 200
)

// FindOffer finds what the organisation has by its name in either language.
func FindOffer(tx Tx, name string) (Offer, error) {
	return findOffer(tx, name, func(o Offer) bool { return o.isCalled(name) })
}

// findOffer finds an offer; the refusal names ref and what there is.
func findOffer(tx Tx, ref string, is func(Offer) bool) (Offer, error) {
	all, err := tx.Offers()
	if err != nil {
		return Offer{}, err
	}
	names := []string{}
	for _, o := range all {
		if is(o) {
			return o, nil
		}
		names = append(names, o.English)
	}
	if len(ref) > maxOfferName || !profile.IsText(ref) {
		ref = ""
	}
	return Offer{}, refuse(refusal.Missing, CodeServiceNotFound, refusal.Fields{"service": ref, "services": names})
}

func offerByID(tx Tx, id uint64) (Offer, error) {
	return findOffer(tx, strconv.FormatUint(id, 10), func(o Offer) bool { return o.ID == id })
}

func (o Offer) isCalled(name string) bool {
	key := NameKey(name)
	return key == NameKey(o.French) || key == NameKey(o.English)
}

// AddOffer makes a service that can be assigned.
func AddOffer(tx Tx, o Offer) (Offer, error) {
	all, err := tx.Offers()
	if err != nil {
		return o, err
	}
	if len(all) >= maxOffers {
		return o, refuse(refusal.Conflict, CodeServicesMany, refusal.Fields{"most": maxOffers})
	}
	if o, err = o.checked(all); err != nil {
		return o, err
	}
	if o, err = tx.AddOffer(o); err != nil {
		return o, err
	}
	return o, tx.Record(audit.Change{Action: "service.add", Object: o.object(), After: o.facts()})
}

// ChangeOffer changes a service; whom it is assigned to stays.
func ChangeOffer(tx Tx, id uint64, change func(*Offer)) (Offer, error) {
	was, err := offerByID(tx, id)
	if err != nil {
		return was, err
	}
	others, err := tx.Offers()
	if err != nil {
		return was, err
	}
	others = slices.DeleteFunc(others, func(o Offer) bool { return o.ID == id })
	o := was
	change(&o)
	o.ID = id
	if o, err = o.checked(others); err != nil || o == was {
		return o, err
	}
	if err := tx.PutOffer(o); err != nil {
		return o, err
	}
	return o, tx.Record(audit.Change{Action: "service.change", Object: o.object(), Before: was.facts(), After: o.facts()})
}

// RemoveOffer ends a service: nobody has it any more.
func RemoveOffer(tx Tx, o Offer) error {
	if err := tx.DropOffer(o.ID); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "service.remove", Object: o.object(), Before: o.facts()})
}

// checked gives an offer in one form, and refuses one that is wrong or whose name another
// one has.
func (o Offer) checked(others []Offer) (Offer, error) {
	if !slices.Contains(ServiceKinds, o.Kind) {
		return o, refuse(refusal.Invalid, CodeServiceKind, refusal.Fields{"kind": string(o.Kind), "choices": ServiceKinds})
	}
	o.French, o.English, o.Link = profile.CleanName(o.French), profile.CleanName(o.English), strings.TrimSpace(o.Link)
	for _, name := range []string{o.French, o.English} {
		if len(name) > maxOfferName || !profile.IsText(name) || strings.Trim(NameKey(name), " .-_") == "" {
			return o, refuse(refusal.Invalid, CodeServiceName, refusal.Fields{"most": maxOfferName})
		}
		for _, other := range others {
			if other.isCalled(name) {
				return o, refuse(refusal.Conflict, CodeServiceTaken, refusal.Fields{"service": name})
			}
		}
	}
	if (o.Kind == LinkService) != (o.Link != "") || o.Link != "" && !isWebLink(o.Link) {
		return o, refuse(refusal.Invalid, CodeServiceLink, refusal.Fields{"most": maxLink})
	}
	return o, nil
}

// isWebLink reports whether a text is an address that a phone can open.
func isWebLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && len(link) <= maxLink && profile.IsText(link) && !strings.Contains(link, " ") &&
		(u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// AssignOffer assigns a service to an account or a group, or takes it back, and reports
// whether it was not so already. What the organisation does not have cannot be assigned.
func AssignOffer(tx Tx, offer uint64, to Assignee, assigned bool) (changed bool, err error) {
	o, err := offerByID(tx, offer)
	if err != nil {
		return false, err
	}
	whom, err := to.facts(tx)
	if err != nil {
		return false, err
	}
	if changed, err = tx.Assign(o.ID, to, assigned); err != nil || !changed {
		return changed, err
	}
	action := "service.take"
	if assigned {
		action = "service.give"
	}
	return true, tx.Record(audit.Change{Action: action, Object: o.object(), Subject: to.Account, After: whom})
}

// facts are what the audit log keeps of whom an offer is assigned to. An application can
// have none.
func (to Assignee) facts(tx Tx) (map[string]any, error) {
	if to.Account == (ID{}) {
		g, err := tx.Group(to.Group)
		return map[string]any{"group": g.Name}, err
	}
	a, err := getLive(tx, to.Account)
	if err == nil && a.Kind == Service {
		err = refuse(refusal.Conflict, CodeKind, refusal.Fields{"account": HexID(a.ID), "kind": a.Kind})
	}
	return map[string]any{"account": HexID(to.Account)}, err
}

// OffersFor gives the services that an account sees: an administrator all, others those that
// are for everyone, their own and those of their groups. An application sees none.
func OffersFor(tx Tx, a Account) ([]Offer, error) {
	if a.Kind == Service || a.State.Final() {
		return nil, nil
	}
	all, err := tx.Offers()
	if err != nil || a.Role == Admin {
		return all, err
	}
	has, err := assignedTo(tx, a.ID)
	return slices.DeleteFunc(all, func(o Offer) bool { return !o.Everyone && !has[o.ID] }), err
}

// assignedTo are the offers that an account has of its own or by its groups.
func assignedTo(tx Tx, id ID) (map[uint64]bool, error) {
	groups, err := tx.GroupsOf(id)
	if err != nil {
		return nil, err
	}
	of := []Assignee{{Account: id}}
	for _, g := range groups {
		of = append(of, Assignee{Group: g})
	}
	has := make(map[uint64]bool)
	for _, to := range of {
		offers, err := tx.OffersOf(to)
		if err != nil {
			return nil, err
		}
		for _, o := range offers {
			has[o] = true
		}
	}
	return has, nil
}

// moveOffers gives the account that stays what one that ends had.
func moveOffers(tx Tx, from, into ID) error {
	offers, err := tx.OffersOf(Assignee{Account: from})
	for _, o := range offers {
		if err == nil {
			_, err = tx.Assign(o, Assignee{Account: into}, true)
		}
	}
	if err != nil {
		return err
	}
	return dropOffers(tx, from)
}

// dropOffers takes all services back that an account has of its own.
func dropOffers(tx Tx, id ID) error {
	offers, err := tx.OffersOf(Assignee{Account: id})
	for _, o := range offers {
		if err == nil {
			_, err = tx.Assign(o, Assignee{Account: id}, false)
		}
	}
	return err
}

func (o Offer) object() string { return "service " + strconv.FormatUint(o.ID, 10) }

// facts are what the audit log keeps of an offer.
func (o Offer) facts() map[string]any {
	f := map[string]any{"kind": o.Kind, "fr": o.French, "en": o.English, "everyone": o.Everyone}
	if o.Link != "" {
		f["link"] = o.Link
	}
	return f
}
