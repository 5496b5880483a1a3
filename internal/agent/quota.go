package agent

import (
	"context"
	"fmt"

	"badged/enroll"
	"badged/internal/health"
)

// quotaWords say what a quota allows, and how it is raised.
var quotaWords = map[string]struct{ allows, setting string }{
	"burst": {"%d new accounts in 10 minutes", "quota_burst"},
	"day":   {"%d new accounts in 24 hours", "quota_day"},
	"site":  {"%d anonymous accounts that nobody has made their own", "quota_site"},
}

// quotaState shows whether people with an unknown badge are refused because a quota is
// reached, when that has changed.
func (a *Agent) quotaState(ctx context.Context) {
	it := health.Item{Name: "new accounts"}
	for _, p := range a.order {
		if c, closed := a.engine.Closed(ctx, p.Point); closed {
			it = describeClosing(c)
			break
		}
	}
	if it == a.quota {
		return
	}
	a.quota = it
	a.opts.Health.Set(it)
	if it.State == health.OK {
		a.log.Info("unknown badges get accounts again")
	} else {
		a.log.Warn("a quota of new accounts is reached: unknown badges are refused", "why", it.Text)
	}
}

// describeClosing describes a reached quota for the operator. A burst ends within minutes; the
// others last for hours or for ever.
func describeClosing(c enroll.Closing) health.Item {
	words := quotaWords[string(c.Quota)]
	it := health.Item{
		Name: "new accounts", State: health.Fail,
		Text: "unknown badges are refused: this terminal has made " + fmt.Sprintf(words.allows, c.Limit) +
			", as many as the site allows, until " + c.Ends.UTC().Format("15:04 UTC on 2006-01-02"),
		Do: "if these are your people, allow more: badgehub site set " + words.setting + "=NUMBER; if not, look who presents badges here: badgectl tail",
	}
	if c.Ends.IsZero() {
		it.Text = "unknown badges are refused: the site has " + fmt.Sprintf(words.allows, c.Limit) + ", as many as it allows"
		it.Do = "allow more: badgehub site set " + words.setting + "=NUMBER; or let people give their e-mail at a panel, or wait until accounts end (anonymous_life)"
	}
	if c.Quota == "burst" {
		it.State = health.Warn
	}
	return it
}
