package api

import (
	"net/http"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// offer is the service that a request's path names.
func offer(tx fleet.Tx, r *http.Request) (people.Offer, error) {
	return people.FindOffer(tx.Tx.Tx.Tx, r.PathValue("service"))
}

// serviceOf is a service with the groups that have it.
func serviceOf(tx fleet.Tx, o people.Offer, err error) (Service, error) {
	out := Service{o.ID, string(o.Kind), o.French, o.English, o.Link, o.Everyone, []string{}}
	if err != nil {
		return out, err
	}
	to, err := tx.Assignees(o.ID, people.Assignee{}, mostPage) // groups come first
	for _, a := range to {
		if a.Group == 0 {
			break
		}
		g, err := tx.Group(a.Group)
		if err != nil {
			return out, err
		}
		out.Groups = append(out.Groups, g.Name)
	}
	return out, err
}

func servicesOf(tx fleet.Tx, offers []people.Offer, err error) (Page[Service], error) {
	return pageOf(offers, "", err, func(o people.Offer) (Service, error) { return serviceOf(tx, o, nil) })
}

func listServices(tx fleet.Tx, _ *http.Request) (Page[Service], error) {
	offers, err := tx.Offers()
	return servicesOf(tx, offers, err)
}

func addService(tx fleet.Tx, _ *http.Request, in NewService) (Service, error) {
	o, err := people.AddOffer(tx.Tx.Tx.Tx, people.Offer{
		Kind: people.ServiceKind(in.Kind), French: in.French, English: in.English, Link: in.Link, Everyone: in.Everyone,
	})
	return serviceOf(tx, o, err)
}

func changeService(tx fleet.Tx, r *http.Request, in ServicePatch) (Service, error) {
	o, err := offer(tx, r)
	if err != nil {
		return Service{}, err
	}
	o, err = people.ChangeOffer(tx.Tx.Tx.Tx, o.ID, func(o *people.Offer) {
		for field, v := range map[*string]*string{&o.French: in.French, &o.English: in.English, &o.Link: in.Link} {
			if v != nil {
				*field = *v
			}
		}
		if in.Everyone != nil {
			o.Everyone = *in.Everyone
		}
	})
	return serviceOf(tx, o, err)
}

func removeService(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	o, err := offer(tx, r)
	if err == nil {
		err = people.RemoveOffer(tx.Tx.Tx.Tx, o)
	}
	return none{}, err
}

// assigning gives the handler that assigns a service to whom the path names, or takes it back.
func assigning(assigned bool, to func(fleet.Tx, *http.Request) (people.Assignee, error)) func(fleet.Tx, *http.Request, none) (Service, error) {
	return func(tx fleet.Tx, r *http.Request, _ none) (Service, error) {
		o, err := offer(tx, r)
		if err != nil {
			return Service{}, err
		}
		whom, err := to(tx, r)
		if err == nil {
			_, err = people.AssignOffer(tx.Tx.Tx.Tx, o.ID, whom, assigned)
		}
		return serviceOf(tx, o, err)
	}
}

func namedAccount(tx fleet.Tx, r *http.Request) (people.Assignee, error) {
	a, err := account(tx, r)
	return people.Assignee{Account: a.ID}, err
}

func namedGroup(tx fleet.Tx, r *http.Request) (people.Assignee, error) {
	g, err := people.FindGroup(tx.Tx.Tx.Tx, r.PathValue("name"))
	return people.Assignee{Group: g.ID}, err
}

// listServiceAccounts lists the accounts that have a service of their own.
func listServiceAccounts(tx fleet.Tx, r *http.Request) (Page[Account], error) {
	o, err := offer(tx, r)
	if err != nil {
		return Page[Account]{}, err
	}
	limit, err := limitOf(r)
	if err != nil {
		return Page[Account]{}, err
	}
	after := people.Assignee{Group: 1<<63 - 1} // behind the groups
	if cursor := r.FormValue("after"); cursor != "" {
		id, ok := people.ParseID(cursor)
		if !ok {
			return Page[Account]{}, &refusal.Error{Kind: refusal.Invalid, Code: people.CodeListCursor}
		}
		after = people.Assignee{Account: id}
	}
	page, err := tx.Assignees(o.ID, after, limit)
	next := ""
	if len(page) == limit {
		next = people.HexID(page[limit-1].Account)
	}
	return pageOf(page, next, err, func(to people.Assignee) (Account, error) {
		a, err := tx.Account(to.Account)
		return shown(tx, a, err)
	})
}

// listAccountServices lists what an account sees.
func listAccountServices(tx fleet.Tx, r *http.Request) (Page[Service], error) {
	a, err := account(tx, r)
	if err != nil {
		return Page[Service]{}, err
	}
	offers, err := people.OffersFor(tx.Tx.Tx.Tx, a)
	return servicesOf(tx, offers, err)
}

// mostManagers bounds the list of who may manage something.
const mostManagers = 1000

func listManagers(tx fleet.Tx, _ *http.Request) (Page[Account], error) {
	all, err := tx.Managers(mostManagers)
	return pageOf(all, "", err, func(a people.Account) (Account, error) { return shown(tx, a, nil) })
}

// setRight gives the handler that gives an account a right, or takes it away.
func setRight(allowed bool) func(fleet.Tx, *http.Request, none) (Account, error) {
	return func(tx fleet.Tx, r *http.Request, _ none) (Account, error) {
		a, err := account(tx, r)
		if err == nil {
			a, err = people.SetRight(tx.Tx.Tx.Tx, a.ID, people.Right(r.PathValue("right")), allowed)
		}
		return shown(tx, a, err)
	}
}

func noticeOf(n people.Notice) Notice {
	return Notice{n.Version, Time{n.Since}, NewNotice{n.Text.French, n.Text.English, n.Short.French, n.Short.English, n.Link}}
}

func listNotices(tx fleet.Tx, _ *http.Request) (Page[Notice], error) {
	out := Page[Notice]{Items: []Notice{}}
	err := tx.EachNotice(func(n people.Notice) error {
		out.Items = append(out.Items, noticeOf(n))
		return nil
	})
	return out, err
}

func publishNotice(tx fleet.Tx, _ *http.Request, in NewNotice) (Notice, error) {
	n, err := people.PublishNotice(tx.Tx.Tx.Tx, people.Notice{
		Text: people.Words{French: in.French, English: in.English}, Short: people.Words{French: in.ShortFrench, English: in.ShortEnglish}, Link: in.Link,
	})
	return noticeOf(n), err
}

func listAnswers(tx fleet.Tx, r *http.Request) (Page[NoticeAnswer], error) {
	a, err := account(tx, r)
	if err != nil {
		return Page[NoticeAnswer]{}, err
	}
	answers, err := tx.AnswersOf(a.ID)
	return pageOf(answers, "", err, func(k people.Acknowledgement) (NoticeAnswer, error) {
		return NoticeAnswer{k.Version, string(k.Answer), Time{k.At}, string(k.Channel), k.Terminal}, nil
	})
}
