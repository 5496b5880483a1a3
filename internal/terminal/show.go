package terminal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"badged/internal/health"
	"badged/sync/uplink"
	"badged/sync/wire"
)

// The functions below put the state of the parts into the health register. The agent does
// that for readers.

func (t *terminal) showStore() {
	t.health.Set(health.Item{Name: "store"})
}

func (t *terminal) showUplink(s uplink.State) {
	t.status.uplink.Store(&s)
	it := health.Item{Name: "uplink"}
	if !s.Connected {
		it.State = health.Warn
		it.Text = s.Problem
		it.Do = "the terminal goes on with what it knows, and keeps every event; see that the hub runs and that " + t.id.MQTT + " can be reached"
		if it.Text == "" {
			it.Text = "the hub is not connected"
		}
	}
	t.health.Set(it)
}

// showUnderstood shows whether the terminal understands the hub's rows and knows local time.
func (t *terminal) showUnderstood() {
	t.health.Set(describeVersion(t.store.Stats().NotUnderstood))
	t.health.Set(describeClocks(t.store.Index().NoClocks()))
}

// describeClocks describes whether schedules can be read.
func describeClocks(missing bool) health.Item {
	it := health.Item{Name: "time zone"}
	if missing {
		it.State = health.Fail
		it.Text = "the hub has not told what the clocks of the site show: rights with a schedule let nobody in where the door wants to know the time"
		it.Do = "set the site's time zone at the hub; nothing else has to be done"
	}
	return it
}

// describeVersion names the rows that give no right because this agent is too old for them.
func describeVersion(rows map[wire.Collection]uint64) health.Item {
	it := health.Item{Name: "version"}
	if len(rows) == 0 {
		return it
	}
	var counts []string
	for _, c := range slices.Sorted(maps.Keys(rows)) {
		counts = append(counts, fmt.Sprintf("%s: %d", c, rows[c]))
	}
	it.State = health.Fail
	it.Text = "this agent is too old for what the hub says (" + strings.Join(counts, ", ") + "): none of that gives a right, and people are refused"
	it.Do = "update badged on this terminal to the version of the hub; nothing else has to be done"
	return it
}

func (t *terminal) runBoards(ctx context.Context) {
	t.plan.Boards.Guarded = t.showGuard
	t.plan.Boards.Run(ctx, t.showBoard)
}

// showGuard shows whether a guard releases a board's relay when the agent hangs.
func (t *terminal) showGuard(board string, err error) {
	it := health.Item{Name: "guard of pins " + board}
	if err != nil {
		it.State = health.Warn
		it.Text = "a relay would stay energised if the agent stood still: " + err.Error()
		it.Do = "the door works, and another one is started by itself; if not, see that /proc is there, and that badged may start a process of its own (TasksMax, memory); if one stands still again and again, see who stops it"
		t.log.Warn("a relay is not guarded", "pins", board, "err", err)
	}
	t.health.Set(it)
}

// showBoard shows whether the pins of a board are connected.
func (t *terminal) showBoard(board string, err error) {
	it := health.Item{Name: "pins " + board}
	if err != nil {
		it.State = health.Fail
		it.Text = "doors cannot be opened: " + err.Error()
		it.Do = "see that the board runs and that its path in the configuration is right; it is tried again by itself"
		t.log.Warn("pins are not connected", "err", err)
	}
	t.health.Set(it)
}
