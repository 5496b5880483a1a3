package main

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"time"

	"badged/internal/metrics"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/store"
)

// listenForMetrics listens where Prometheus asks; nil: nowhere.
func listenForMetrics(o serveOptions) (net.Listener, string, error) {
	if o.metrics == "" {
		return nil, "", nil
	}
	token, err := metrics.ReadToken(o.metricsToken)
	if err != nil {
		return nil, "", err
	}
	ln, err := metrics.Listen(o.metrics, token)
	return ln, token, err
}

// serveMetrics serves the hub's figures until ctx ends; without a listener it only waits.
func serveMetrics(ctx context.Context, ln net.Listener, token string, st *store.Store, h *fleet.Hub, log *slog.Logger) error {
	if ln == nil {
		<-ctx.Done()
		return nil
	}
	read := func(ctx context.Context) (all []metrics.Figure, err error) {
		return all, st.Read(ctx, func(tx fleet.Tx) error {
			all, err = hubFigures(tx, h)
			return err
		})
	}
	return metrics.Serve(ctx, ln, metrics.Options{Read: read, Process: true, Token: token, Log: log})
}

// hubFigures are what the hub knows of its site.
func hubFigures(tx fleet.Tx, h *fleet.Hub) ([]metrics.Figure, error) {
	info := metrics.Figure{Name: "badgehub_info", Help: "The hub.", Labels: []string{"version"}}
	info.Add(1, version)
	terminals, err := terminalFigures(tx, h)
	if err != nil {
		return nil, err
	}
	claiming, err := access.ReadClaiming(tx.Tx.Tx)
	if err != nil {
		return nil, err
	}
	alarms, err := alarmFigures(tx)
	if err != nil {
		return nil, err
	}
	mails := metrics.Figure{Name: "badgehub_mails", Help: "Mails in the outbox, by state.", Labels: []string{"state"}}
	counts, err := tx.CountMails()
	for _, state := range mail.States {
		mails.Add(float64(counts[state]), string(state))
	}
	all := []metrics.Figure{info, mails, metrics.One("badgehub_claims_closed", "1 while every terminal refuses claim codes.", metrics.Bool(claiming.Closed))}
	return append(append(all, terminals...), alarms), err
}

func alarmFigures(tx fleet.Tx) (metrics.Figure, error) {
	alarms := metrics.Figure{Name: "badgehub_alarms", Help: "Alarms that nobody has acknowledged, by kind.", Labels: []string{"kind"}}
	open := map[fleet.AlarmKind]int{}
	err := tx.EachAlarm(fleet.AlarmQuery{Open: true, Limit: maxAlarms}, func(a fleet.Alarm) error {
		open[a.Kind]++
		return nil
	})
	for _, kind := range fleet.AlarmKinds {
		alarms.Add(float64(open[kind]), string(kind))
	}
	return alarms, err
}

// maxAlarms bounds what is counted.
const maxAlarms = 1000

func terminalFigures(tx fleet.Tx, h *fleet.Hub) ([]metrics.Figure, error) {
	connected := metrics.Figure{Name: "badgehub_terminal_connected", Help: "1 while the terminal is connected.", Labels: []string{"terminal"}}
	seen := metrics.Figure{Name: "badgehub_terminal_last_seen_time_seconds", Help: "When the hub last heard of the terminal, in seconds since 1970; 0: never.", Labels: []string{"terminal"}}
	events := metrics.Figure{Name: "badgehub_terminal_events_total", Help: "Events that the hub has of the terminal's present database.", Labels: []string{"terminal", "stream"}}
	all, err := h.Terminals(tx)
	for _, t := range all {
		if t.Removed() {
			continue
		}
		last := t.LastSeen
		if !t.Connected.IsZero() {
			last = time.Now()
		}
		connected.Add(metrics.Bool(!t.Connected.IsZero()), t.Name)
		seen.Add(metrics.Stamp(last), t.Name)
		for _, stream := range slices.Sorted(maps.Keys(t.Upto)) {
			events.Add(float64(t.Upto[stream]), t.Name, stream.String())
		}
	}
	return []metrics.Figure{connected, seen, events}, err
}
