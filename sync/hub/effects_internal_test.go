package hub

import (
	"testing"

	"badged/sync/wire"
)

func TestOnlyKnownAccountsMayOwn(t *testing.T) {
	for _, c := range []struct {
		kind  wire.AccountKind
		state wire.AccountState
		may   bool
	}{
		{wire.KindPerson, wire.AccountCreated, true}, {wire.KindPerson, wire.AccountActive, true}, {wire.KindAnonymous, wire.AccountActive, true},
		{wire.KindPerson, wire.AccountSuspended, false}, {wire.KindAnonymous, wire.AccountErased, false}, {wire.KindPerson, 0, false}, {wire.KindPerson, 99, false},
		{wire.KindService, wire.AccountActive, false}, {0, wire.AccountActive, false}, {4, wire.AccountActive, false}, {1 << 60, wire.AccountActive, false},
	} {
		if may := mayOwn(wire.Account{Kind: c.kind, State: c.state}); may != c.may {
			t.Errorf("kind %d in state %d: %t", c.kind, c.state, may)
		}
	}
}
