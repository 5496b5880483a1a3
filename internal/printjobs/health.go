package printjobs

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"

	"badged/internal/cups"
	"badged/internal/health"
)

// showHealth looks at the queues and puts what it finds into the register.
func (s *Service) showHealth(ctx context.Context) {
	items := Probe(ctx, ProbeOptions{
		Server: s.opts.Server, Socket: s.opts.Socket, Queues: s.opts.Queues, Agent: true,
		Printers: slices.Compact(slices.Sorted(maps.Values(s.opts.Printers))),
	})
	items = append(items, describeProfiles(s.opts.Rules, s.opts.Editable()))
	if ctx.Err() != nil {
		return // what was not found out is no finding
	}
	for _, it := range items {
		if s.opts.Health.Set(it) && it.State != health.OK {
			s.opts.Log.Warn("printing is not as it should be", "item", it.Name, "err", it.Text)
		}
	}
}

// ProbeOptions is what Probe looks at.
type ProbeOptions struct {
	Server   *cups.Client
	Socket   string
	Queues   []string
	Printers []string
	// Agent: who asks is the agent, whom the policies must let in. Else only what everybody
	// may see is looked at.
	Agent bool
}

// Probe looks at a print server as badged needs it: an item for each queue and printer.
func Probe(ctx context.Context, o ProbeOptions) (items []health.Item) {
	for _, q := range o.Queues {
		items = append(items, withName("print queue "+q, o.probeQueue(ctx, q)))
	}
	for _, p := range o.Printers {
		items = append(items, withName("printer "+p, o.probePrinter(ctx, p)))
	}
	return items
}

func withName(name string, it health.Item) health.Item {
	it.Name = name
	return it
}

// setUp is where the technician finds the lines to paste.
const setUp = "docs/print.md has the lines to paste"

func (o ProbeOptions) probeQueue(ctx context.Context, queue string) health.Item {
	p, err := o.Server.Printer(ctx, queue)
	if err != nil {
		return o.describeFailure(queue, err)
	}
	switch {
	case !p.Stopped:
		return failure("it is not paused: whoever sends with no-hold prints into nothing", "as root on the print server: cupsdisable "+queue)
	case !p.Accepting:
		return failure("it takes no documents", "as root on the print server: cupsaccept "+queue)
	case !o.Agent:
		return health.Item{}
	}
	if _, err := o.Server.Jobs(ctx, queue); err != nil {
		return o.describeFailure(queue, err)
	}
	open, err := o.Server.CanAnybodyList(ctx, queue)
	if err != nil {
		return o.describeFailure(queue, err)
	}
	if open {
		return failure("anybody who says to be somebody can list, print and delete that person's documents: its policy is open, or the default one", "close both policies in cupsd.conf; "+setUp)
	}
	return health.Item{}
}

func (o ProbeOptions) probePrinter(ctx context.Context, printer string) health.Item {
	p, err := o.Server.Printer(ctx, printer)
	if err != nil {
		return o.describeFailure(printer, err)
	}
	switch {
	case p.Stopped:
		return failure("it is stopped; documents stay held", "see why: lpstat -p "+printer+"; then, as root on the print server: cupsenable "+printer)
	case !p.Accepting:
		return failure("it takes no documents; they stay held", "as root on the print server: cupsaccept "+printer)
	case lacksPaper(p):
		return health.Item{State: health.Warn, Text: "it waits for paper, or did when it printed last", Do: "add paper"}
	case !o.Agent:
		return health.Item{}
	}
	open, err := o.Server.CanAnybodyPrint(ctx, printer)
	if err != nil {
		return o.describeFailure(printer, err)
	}
	if open {
		return failure("anybody can print on it past the shared queue", "give it the policy badged-printer; "+setUp)
	}
	return health.Item{}
}

func failure(text, do string) health.Item { return health.Item{State: health.Fail, Text: text, Do: do} }

func (o ProbeOptions) describeFailure(queue string, err error) health.Item {
	switch {
	case errors.Is(err, cups.ErrNotFound):
		return failure("the print server has no queue of this name", "make it, or correct the configuration; "+setUp)
	case errors.Is(err, cups.ErrDenied):
		return failure("the print server does not let the agent list and release jobs: "+err.Error(), "name the agent's user in the policy of "+queue+"; "+setUp)
	case errors.Is(err, cups.ErrAway):
		return health.Item{
			State: health.Warn, Text: "the print server does not answer at " + o.Socket + systemCause(err) + "; people log in, and their documents stay held",
			Do: "see that CUPS runs: systemctl status cups; it is asked again by itself",
		}
	default:
		return failure(strings.TrimSpace(err.Error()), "see the print server's log: journalctl -u cups")
	}
}

// systemCause is what the system says, in brackets.
func systemCause(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return " (" + op.Err.Error() + ")"
	}
	return ""
}

// describeProfiles tells why people with a name and an address see no jobs.
func describeProfiles(r OwnerRules, editable bool) health.Item {
	it := health.Item{Name: "print jobs"}
	switch {
	case !editable:
	case r.TrustProfiles:
		it.State = health.Warn
		it.Text = "people can type any name and e-mail address at a panel, and then see and print that person's documents"
		it.Do = "switch profile editing off: badgehub site set edit_profile=false; or take trust_profiles out of [print]"
	default:
		it.State = health.Warn
		it.Text = "people can type any name and e-mail address at a panel, so that these own no print jobs: people see only what was sent as anonymN"
		it.Do = "switch profile editing off: badgehub site set edit_profile=false"
	}
	return it
}
