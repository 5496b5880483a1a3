package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/metrics"
)

func (a *app) metrics() *cobra.Command {
	var listen, tokenFile string
	cmd := a.asking(&cobra.Command{
		Use:   "metrics",
		Short: "Serve what status tells as figures for Prometheus",
		Long: "metrics serves http://ADDRESS/metrics, for Prometheus to scrape, until Ctrl-C. It asks the\n" +
			"agent at each request; an agent that does not answer shows as badged_up 0.\n" +
			"No figure has a name, a card or an address of a person.",
		Example: "  badgectl metrics\n  badgectl metrics --listen 0.0.0.0:9465 --token-file /etc/badged/metrics.token",
		Args:    cli.Args(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := metrics.ReadToken(tokenFile)
			if err != nil {
				return err
			}
			ln, err := metrics.Listen(listen, token)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(a.io.Out, "http://%s/metrics\n", ln.Addr()); err != nil {
				return written(err)
			}
			log := slog.New(slog.NewTextHandler(a.io.Err, nil))
			return metrics.Serve(cmd.Context(), ln, metrics.Options{Read: a.figures, Token: token, Log: log})
		},
	})
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9465", "`address` to serve at; port 0 is any free one")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "`file` with the token that a request must bring as its bearer; needed where others reach the address")
	return cmd
}

// figures asks the agent once.
func (a *app) figures(ctx context.Context) ([]metrics.Figure, error) {
	s, err := a.client().Status(ctx)
	all := []metrics.Figure{metrics.One("badged_up", "1 when the agent answers.", metrics.Bool(err == nil))}
	if err == nil {
		all = append(all, figuresOf(s)...)
	}
	return all, nil
}

// figuresOf are the figures of a status.
func figuresOf(s ctl.Status) []metrics.Figure {
	info := metrics.Figure{Name: "badged_info", Help: "The agent and what it makes of its clock.", Labels: []string{"version", "clock"}}
	info.Add(1, s.Version, s.Clock)
	items := metrics.Figure{Name: "badged_health_items", Help: "What status lists, by how bad it is.", Labels: []string{"state"}}
	for _, state := range []health.State{health.OK, health.Warn, health.Fail} {
		items.Add(float64(countItems(s.Health, state)), state.String())
	}
	all := []metrics.Figure{
		info, items,
		metrics.One("badged_start_time_seconds", "When the agent started, in seconds since 1970.", metrics.Stamp(s.Started)),
		metrics.One("badged_hub_connected", "1 while the agent is connected to the hub.", metrics.Bool(s.Uplink.Connected)),
		metrics.One("badged_hub_last_ack_time_seconds", "When the hub last acknowledged events, in seconds since 1970; 0: never.", metrics.Stamp(s.Uplink.LastAck)),
		metrics.One("badged_outbox_events", "Events that the hub does not have yet.", float64(s.Uplink.Pending)),
		metrics.One("badged_store_cards", "Cards that the agent knows.", float64(s.Store.Cards)),
		metrics.One("badged_store_accounts", "Accounts that the agent knows.", float64(s.Store.Accounts)),
		metrics.One("badged_store_claims", "Claims that are open.", float64(s.Store.Claims)),
		metrics.One("badged_store_bytes", "Size of the database.", float64(s.Store.Bytes)),
		metrics.One("badged_lease_numbers", "Numbers that are left for new anonymous accounts.", float64(s.Store.LeaseLeft)),
	}
	return append(all, readerFigures(s.Readers)...)
}

func countItems(items []health.Item, state health.State) (n int) {
	for _, it := range items {
		if it.State == state {
			n++
		}
	}
	return n
}

// readerFigures are the figures of each reader.
func readerFigures(readers []ctl.Reader) []metrics.Figure {
	labels := []string{"reader", "point"}
	up := metrics.Figure{Name: "badged_reader_up", Help: "1 while the reader works.", Labels: labels}
	badges := metrics.Figure{Name: "badged_reader_badges_total", Help: "Badges that were read.", Labels: labels}
	faults := metrics.Figure{Name: "badged_reader_faults_total", Help: "Presentations that could not be read.", Labels: labels}
	last := metrics.Figure{Name: "badged_reader_last_badge_time_seconds", Help: "When a badge was last read, in seconds since 1970; 0: not since the start.", Labels: labels}
	for _, r := range readers {
		up.Add(metrics.Bool(r.State != health.Fail), r.Name, r.Point)
		badges.Add(float64(r.Badges), r.Name, r.Point)
		faults.Add(float64(r.Faults), r.Name, r.Point)
		last.Add(metrics.Stamp(r.LastBadge), r.Name, r.Point)
	}
	return []metrics.Figure{up, badges, faults, last}
}
