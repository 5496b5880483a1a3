package hub

import (
	"testing"

	"badged/sync/wire"
)

func TestOnlyKnownAccountsMayOwn(t *testing.T) {
	for _, c := range []struct {
		kind, state uint64
		may         bool
	}{
		{Person, Created, true}, {Person, Active, true}, {Anonymous, Active, true},
		{Person, Suspended, false}, {Anonymous, Erased, false}, {Person, 0, false}, {Person, 99, false},
		{Service, Active, false}, {0, Active, false}, {4, Active, false}, {1 << 60, Active, false},
	} {
		if may := mayOwn(wire.Account{Kind: c.kind, State: c.state}); may != c.may {
			t.Errorf("kind %d in state %d: %t", c.kind, c.state, may)
		}
	}
}
