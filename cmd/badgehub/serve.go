package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/foreign"
	"badged/internal/logbound"
	"badged/internal/ownfile"
	"badged/internal/supervisor"
	"badged/sync/hub/api"
	"badged/sync/hub/audit"
	"badged/sync/hub/broker"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/mail/smtp"
	"badged/sync/hub/people"
	"badged/sync/hub/pki"
	"badged/sync/hub/refusal"
	"badged/sync/hub/release"
	"badged/sync/hub/store"
	"badged/sync/hub/web"
	"badged/sync/mqttlink"
)

// tidyEvery is how often the hub ends what time ended.
const tidyEvery = 10 * time.Minute

// serveOptions are the flags of `badgehub serve`.
type serveOptions struct {
	mqtt, web string
	hosts     []string
	name      string
	log       string
	cert, key string // files of the web's certificate; empty: of the hub's own authority

	metrics      string // where Prometheus asks; empty: nowhere
	metricsToken string // file

	elsewhere bool // no flag: the database is in PostgreSQL, with backups of its own
}

// ready is what `badgehub serve --json` prints when it is ready.
type ready struct {
	MQTT   string `json:"mqtt"`
	Web    string `json:"web"`
	Socket string `json:"socket"`
	Site   string `json:"site"`
	CA     string `json:"ca"`               // SHA-256 of its certificate, as pages show it
	SetUp  string `json:"set_up,omitempty"` // link for the first administrator

	Metrics string `json:"metrics,omitempty"` // where Prometheus finds them
}

func (p *program) serveCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use: "serve", Short: "Run the hub; the first start makes all it needs", Args: cli.Args(0),
		Example: "  badgehub serve\n  badgehub serve --host hub.example.com --dir /srv/hub\n  badgehub serve --db postgres://hub@db.example.com/badged",
		RunE:    func(c *cobra.Command, _ []string) error { return p.serve(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.mqtt, "listen-mqtt", ":8883", "where terminals connect; port 0 is any free one")
	f.StringVar(&o.web, "listen-web", ":8443", "where people find the pages and terminals join; port 0 is any free one")
	f.StringSliceVar(&o.hosts, "host", nil, "name or address by which terminals reach the hub; the first one is told to them (default: the host's name)")
	f.StringVar(&o.name, "site-name", "badged", "name of the site, when it is made")
	f.StringVar(&o.cert, "tls-cert", "", "certificate that browsers are shown, PEM with its chain; replaced files are read again (default: one of the hub's own authority)")
	f.StringVar(&o.key, "tls-key", "", "key of --tls-cert, PEM")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	f.StringVar(&o.metrics, "listen-metrics", "", "where Prometheus finds /metrics, over plain HTTP: 127.0.0.1:9464 (default: nowhere)")
	f.StringVar(&o.metricsToken, "metrics-token-file", "", "file with the token that it must bring as its bearer; needed where others reach the address")
	f.StringVar(&o.log, "log", "text", "log format: text or json")
	p.databaseFlag(c)
	return c
}

// logger makes the hub's log. A terminal or a stranger who floods the hub fills no disk
// with it: the handler bounds what is said of each.
func (p *program) logger(format string) (*slog.Logger, *logbound.Handler, error) {
	var h slog.Handler
	switch format {
	case "text":
		h = slog.NewTextHandler(p.stdio.Err, nil)
	case "json":
		h = slog.NewJSONHandler(foreign.JSONLines(p.stdio.Err), nil)
	default:
		return nil, nil, cli.Usagef("--log %q: it is text or json", format)
	}
	bound := logbound.New(h, "terminal", "remote")
	return slog.New(bound), bound, nil
}

// serve runs the hub until ctx ends. What was acknowledged to a terminal is on disk
// at every moment, so the end needs no care.
func (p *program) serve(ctx context.Context, o serveOptions) error {
	log, bound, err := p.logger(o.log)
	if err != nil {
		return err
	}
	db, err := p.ownDatabase()
	if err != nil {
		return err
	}
	o.elsewhere = db.url != ""
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return cli.Errorf("make the hub's folder: %w (give another one with --dir)", err)
	}
	if err := ownfile.CheckFolder(p.dir); err != nil {
		return cli.Errorf("check who can change the hub's folder: %w", err)
	}
	if err := checkDatabase(p.dir, db); err != nil {
		return err
	}
	st, err := db.open(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	h, keys, err := p.prepare(ctx, db, st, o.name, log)
	if err != nil {
		return err
	}
	return together(ctx,
		func(ctx context.Context) error { return p.run(ctx, st, h, keys, o, log) },
		func(ctx context.Context) error { bound.Run(ctx); return nil },
		st.UntilReplaced,
	)
}

// prepare loads what the hub is. It makes it only at the first start of a site, or
// when the power went during that.
func (p *program) prepare(ctx context.Context, db database, st *store.Store, name string, log *slog.Logger) (*fleet.Hub, *pki.Keys, error) {
	if err := checkKeys(ctx, p.dir, db, st); err != nil {
		return nil, nil, err
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	site, err := st.SiteID(ctx, "site-"+hex.EncodeToString(b[:]))
	if err != nil {
		return nil, nil, err
	}
	keys, err := pki.Load(p.dir, site)
	if errors.Is(err, pki.ErrOtherSite) {
		return nil, nil, cli.Errorf("%w (give the database of these keys with --db, or the folder of the keys of this database with --dir)", err)
	}
	if err != nil {
		return nil, nil, err
	}
	sealing, err := keys.Derive("mails")
	if err != nil {
		return nil, nil, err
	}
	st.UseMailKey(mail.NewKey(sealing))
	h, err := fleet.New(ctx, fleet.Options{
		Store: st, Site: site, Name: name, Key: keys.Hub, SiteKey: keys.SiteKey, Releases: release.NewShelf(p.dir), Log: log,
		RowsChanged: func() <-chan struct{} { return st.Changed(store.RowsChanged) },
	})
	return h, keys, err
}

// run opens the doors of the hub and runs what is behind them.
func (p *program) run(ctx context.Context, st *store.Store, h *fleet.Hub, keys *pki.Keys, o serveOptions, log *slog.Logger) error {
	hosts := certHosts(o)
	pair, err := loadPair(o, log)
	if err != nil {
		return err
	}
	b, err := broker.Start(broker.Options{
		Listen: o.mqtt, Dir: filepath.Join(p.dir, "broker"), Site: h.SiteID(), TLS: keys.Mutual(hosts), Log: log,
		Knows: func(terminal string, key ed25519.PublicKey) bool { return h.Knows(ctx, terminal, key) },
	})
	if err != nil {
		return err
	}
	defer b.Close()
	h.OnDismiss(func(terminal string) {
		if err := b.Disconnect(terminal); err != nil {
			log.Error("a terminal that was removed or replaced may still be connected", "error", err)
		}
	})
	webListener, err := net.Listen("tcp", o.web)
	if err != nil {
		return cli.Errorf("listen for the web: %w (is another program using the port? give another one with --listen-web)", err)
	}
	defer webListener.Close()
	forMetrics, token, err := listenForMetrics(o)
	if err != nil {
		return err
	}
	if forMetrics != nil {
		defer forMetrics.Close()
	}
	admin, err := api.Listen(p.socketPath())
	if err != nil {
		return err
	}
	defer admin.Close()
	told := ready{
		MQTT: advertised(b.Addr(), o.hosts), Web: advertised(webListener.Addr().String(), o.hosts),
		Socket: p.socketPath(), Site: h.SiteID(), CA: web.Fingerprint(keys.CA),
	}
	if forMetrics != nil {
		told.Metrics = "http://" + forMetrics.Addr().String() + "/metrics"
	}
	st.UseHome("https://" + told.Web)
	if told.SetUp, err = setUpLink(ctx, st, told.Web); err != nil {
		return err
	}
	linked := make(chan struct{})
	return together(ctx,
		func(ctx context.Context) error { return h.Run(ctx, dialer(h, keys, b, linked, log)) },
		func(ctx context.Context) error {
			issue := func(terminal string, key ed25519.PublicKey) (*x509.Certificate, error) {
				return keys.Client(terminal, broker.RoleTerminal, key)
			}
			return web.Serve(ctx, webListener, web.Options{
				Hub: h, Store: st, CA: keys.CA, Issue: issue, MQTT: told.MQTT, Hosts: hosts, URL: "https://" + told.Web, TLS: keys.Server(hosts), Pair: pair, Log: log,
				Changed:          func() <-chan struct{} { return st.Changed(store.Written) },
				BackupsElsewhere: o.elsewhere,
			})
		},
		func(ctx context.Context) error {
			return api.ServeSocket(ctx, admin, api.Options{
				Store: st, Fleet: h, CA: keys.CA, Join: told.Web, Log: log, Backup: st.Backup,
				EventsCame: func() <-chan struct{} { return st.Changed(store.EventsCame) },
			})
		},
		func(ctx context.Context) error { return tidy(ctx, h, log) },
		p.mailer(st, log).Run,
		func(ctx context.Context) error { return serveMetrics(ctx, forMetrics, token, st, h, log) },
		func(ctx context.Context) error { return p.announceReady(ctx, linked, told, log) },
	)
}

// loadPair reads the certificate that browsers are shown; nil: one of the hub's authority.
func loadPair(o serveOptions, log *slog.Logger) (*web.Pair, error) {
	if o.cert == "" {
		return nil, nil
	}
	return web.LoadPair(o.cert, o.key, log)
}

// together runs all until ctx ends or one of them fails, and waits for all. Its error
// is that of the one that failed.
func together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, len(all))
	for _, fn := range all {
		go func() { ends <- fn(ctx) }()
	}
	var failed error
	for range all {
		err := <-ends
		if err == nil || errors.Is(err, context.Canceled) {
			continue
		}
		failed = errors.Join(failed, err)
		cancel()
	}
	return failed
}

// announceReady tells the supervisor and whoever looks that the hub is ready, once it takes
// events.
func (p *program) announceReady(ctx context.Context, linked <-chan struct{}, r ready, log *slog.Logger) error {
	select {
	case <-ctx.Done():
		return nil
	case <-linked:
	}
	supervisor.Notify(log, supervisor.Ready)
	if p.json {
		return json.NewEncoder(p.stdio.Out).Encode(r)
	}
	printText(p.out(), readyText, r.Site, r.MQTT, r.Web, r.CA, r.Socket)
	if r.Metrics != "" {
		printText(p.out(), "Metrics for Prometheus:  %s\n", r.Metrics)
	}
	if r.SetUp != "" {
		printText(p.out(), "Nobody administers this site yet. Open this within 15 minutes (another one: badgehub admin link):\n  %s\n", r.SetUp)
	}
	return nil
}

const readyText = `The hub is ready.
  site       %s
  terminals  %s (MQTT over TLS)
  pages      https://%s (people, and terminals that join)
  authority  SHA-256 %s
  socket     %s
To set up a terminal:  badgehub terminal add hall
`

// secretsDir is the folder for the passwords of the servers that the hub uses.
const secretsDir = "secrets"

// mailer sends the mails that wait.
func (p *program) mailer(st *store.Store, log *slog.Logger) *smtp.Sender {
	return smtp.New(smtp.Options{
		Store: st, Secrets: filepath.Join(p.dir, secretsDir), Log: log,
		Waiting: func() <-chan struct{} { return st.Changed(store.MailsWait) },
	})
}

// setUpLink makes the link for the first administrator of a site; empty: there is one who
// can log in.
func setUpLink(ctx context.Context, st *store.Store, host string) (link string, err error) {
	by := audit.Actor{Kind: audit.System, ID: "serve"}
	err = st.Write(ctx, by, func(tx fleet.Tx) error {
		t, _, err := people.AdminLink(tx.Tx.Tx.Tx, "")
		link = "https://" + host + t.Path()
		return err
	})
	if refusal.Code(err) == people.CodeSetUpDone {
		return "", nil
	}
	return link, err
}

func tidy(ctx context.Context, h *fleet.Hub, log *slog.Logger) error {
	t := time.NewTicker(tidyEvery)
	defer t.Stop()
	for {
		if err := errors.Join(h.Tidy(ctx), h.Retain(ctx)); err != nil && ctx.Err() == nil {
			log.Error("tidying failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// certHosts are the names and addresses that the hub's certificate is for.
func certHosts(o serveOptions) []string {
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, o.hosts...)
	for _, listen := range []string{o.mqtt, o.web} {
		if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// advertised is how terminals reach a listener: at the first --host, else at the
// address that it listens on, else at the host's name.
func advertised(addr string, hosts []string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case len(hosts) > 0:
		host = hosts[0]
	case host == "" || err == nil && ip.IsUnspecified():
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	return net.JoinHostPort(host, port)
}

// dialer makes links between the hub and its own broker, over loopback with a
// certificate of the hub's, and closes linked at the first.
func dialer(h *fleet.Hub, keys *pki.Keys, b *broker.Broker, linked chan<- struct{}, log *slog.Logger) func(context.Context) (fleet.Link, error) {
	var once sync.Once
	return func(ctx context.Context) (fleet.Link, error) {
		config, err := keys.Loopback("localhost", broker.RoleHub)
		if err != nil {
			return nil, err
		}
		link, err := mqttlink.DialHub[fleet.Message](ctx, mqttlink.HubConfig{Address: b.Loopback(), Site: h.SiteID(), TLS: config, Log: log})
		if err != nil {
			return nil, err
		}
		once.Do(func() { close(linked) })
		return link, nil
	}
}
