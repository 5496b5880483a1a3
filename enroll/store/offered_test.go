package store_test

import (
	"strings"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/sync/wire"
)

// sees are the English names of what an account sees.
func sees(t *testing.T, s *store.Store, b int) string {
	t.Helper()
	a, err := account(t, s, b)
	must(t, err)
	var names []string
	for _, o := range s.Index().OffersFor(a) {
		names = append(names, o.English)
	}
	return strings.Join(names, " ")
}

func service(name string, groups ...uint64) wire.Service {
	return wire.Service{Kind: wire.ServiceCopy, French: name, English: name, Groups: groups}
}

// S5.03: a panel shows only the services that are assigned to an account, of its own, by its
// groups, also without a full name, or to everyone, and all to an administrator. They are as
// the hub says, also after a restart.
func TestAPanelOffersWhatIsAssigned(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	accounts, services, offers := newHub(wire.Accounts), newHub(wire.Services), newHub(wire.Offers)
	apply(t, s, accounts.put(t, 1, wire.Account{Kind: 1, State: 3, Groups: []uint64{300}}, 2, wire.Account{Kind: 2, State: 3, Number: 1},
		3, wire.Account{Kind: 1, State: 3}, 4, wire.Account{Kind: 3, State: 3}, 5, wire.Account{Kind: 1, State: 3}))
	all := service("print")
	all.Everyone = true
	apply(t, s, services.put(t, "1", all, "2", service("copy"), "10", service("scan", 7, 300)))
	apply(t, s, offers.put(t, 2, wire.Offer{Groups: []uint64{7}}, 3, wire.Offer{All: true}, 4, wire.Offer{All: true}, 5, wire.Offer{Services: []uint64{2}}))
	for range 2 {
		for b, want := range map[int]string{1: "print scan", 2: "print scan", 3: "print copy scan", 4: "", 5: "print copy"} {
			if got := sees(t, s, b); got != want {
				t.Errorf("account %d sees %q, want %q", b, got, want)
			}
		}
		sound(t, s)
		s = reopen(t, s, path)
	}
	apply(t, s, services.put(t, "1", nil, "10", service("scan")))
	apply(t, s, offers.put(t, 3, nil, 5, nil))
	for _, b := range []int{1, 2, 3, 5} {
		if got := sees(t, s, b); got != "" {
			t.Errorf("after all was taken back account %d sees %q", b, got)
		}
	}
	for _, key := range []string{"", "0", "07", "x", "notices"} {
		if err := openStore(t, dbPath(t)).Apply(t.Context(), newHub(wire.Services).put(t, key, service("x"))); err == nil {
			t.Errorf("a service with the key %q was taken", key)
		}
	}
}

func noticeRow(version uint64) wire.Notice {
	return wire.Notice{Version: version, French: "Vos données", English: "Your data", ShortFrench: "Court", ShortEnglish: "Short", Link: "https://example.org/"}
}

// agreeTo is what the panel does when somebody agrees.
func agreeTo(t *testing.T, s *store.Store, b int, version uint64) {
	t.Helper()
	update(t, s, func(tx enroll.Tx) error {
		return tx.Append(enroll.Event{Kind: enroll.EventNotice, Outcome: enroll.Granted, Reason: enroll.NoticeAccepted, Account: id(b), Count: version})
	})
}

func owes(t *testing.T, s *store.Store, b int) bool {
	t.Helper()
	a, err := account(t, s, b)
	must(t, err)
	return a.Owes(s.Index().Notice())
}

// S5.08: what somebody agreed to at a panel holds there at once and after a restart, while
// the hub is away; its row takes over, a newer version asks again, and nothing stays of an
// account that was erased.
func TestAnAgreementHoldsUntilTheHubSaysSo(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	accounts, services, offers := newHub(wire.Accounts), newHub(wire.Services), newHub(wire.Offers)
	apply(t, s, accounts.put(t, 1, wire.Account{Kind: 1, State: 3}, 2, wire.Account{Kind: 1, State: 3}))
	if owes(t, s, 1) {
		t.Error("there is no notice yet, and one is asked for")
	}
	apply(t, s, services.put(t, "notice", noticeRow(1)))
	if n := s.Index().Notice(); n.Version != 1 || n.English != "Your data" || n.ShortFrench != "Court" || !owes(t, s, 1) {
		t.Errorf("the notice: %+v", n)
	}
	agreeTo(t, s, 1, 1)
	for range 2 {
		if owes(t, s, 1) || !owes(t, s, 2) {
			t.Errorf("after the agreement of one: %v, %v", owes(t, s, 1), owes(t, s, 2))
		}
		s = reopen(t, s, path)
	}
	apply(t, s, services.put(t, "notice", noticeRow(2)))
	if !owes(t, s, 1) {
		t.Error("a new version does not ask again")
	}
	apply(t, s, offers.put(t, 1, wire.Offer{Agreed: 1})) // of the former one
	agreeTo(t, s, 1, 2)
	apply(t, s, offers.put(t, 1, wire.Offer{Agreed: 1, Services: []uint64{4}}))
	if owes(t, s, 1) {
		t.Error("a row that knows less ended an agreement")
	}
	apply(t, s, offers.put(t, 1, wire.Offer{Agreed: 2}))
	if n := store.Agreements(t.Context(), s); owes(t, s, 1) || n != 0 {
		t.Errorf("the hub knows: asked again %v, %d kept here", owes(t, s, 1), n)
	}
	agreeTo(t, s, 2, 2)
	apply(t, s, accounts.put(t, 2, wire.Account{Kind: 1, State: wire.AccountErased}))
	if n := store.Agreements(t.Context(), s); n != 0 {
		t.Errorf("%d agreements of an erased account are kept", n)
	}
	agreeTo(t, s, 1, 3)
	apply(t, s, accounts.put(t, 1, nil))
	if n := store.Agreements(t.Context(), s); n != 0 {
		t.Errorf("%d agreements of an account that is gone are kept", n)
	}
	if got, err := s.Tail(t.Context(), 9); err != nil || len(got) != 4 || got[0].Stream() != enroll.StreamSecurity || got[0].Count != 1 {
		t.Errorf("events %+v, %v", got, err)
	}
}

// What must be understood and is not gives no right: nobody sees such a service, and such a
// row of an account assigns it nothing and agrees to nothing.
func TestStrangeOffersGiveNothing(t *testing.T) {
	s := openStore(t, dbPath(t))
	services, offers := newHub(wire.Services), newHub(wire.Offers)
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 1, State: 3}))
	apply(t, s, services.put(t, "1", later(t, service("print")), "2", service("copy"), "notice", later(t, noticeRow(1))))
	apply(t, s, offers.put(t, 1, later(t, wire.Offer{All: true, Agreed: 1})))
	if got := sees(t, s, 1); got != "" || !owes(t, s, 1) {
		t.Errorf("sees %q, asked %v", got, owes(t, s, 1))
	}
	if got := s.Stats().NotUnderstood; got[wire.Services] != 1 || got[wire.Offers] != 1 {
		t.Errorf("counted: %v", got)
	}
	apply(t, s, offers.put(t, 1, wire.Offer{All: true, Agreed: 1}))
	if got := sees(t, s, 1); got != "copy" || owes(t, s, 1) {
		t.Errorf("understood, it sees %q, asked %v", got, owes(t, s, 1))
	}
	if n := s.Stats().NotUnderstood[wire.Offers]; n != 0 {
		t.Error("the row is understood and still counted")
	}
}
