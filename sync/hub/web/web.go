// Package web is what a hub shows over HTTPS: the door, where people log in, their own
// space, and management; and the place where a new terminal joins.
//
//	request ─► headers ─► host ─► cross-origin ─► who asks ─► right of the route ─► handler
//
// A part (door, me, manage) is a table of routes, each with the right that it needs; package
// page says how one is made. Terminals join beside all of this: they are no browsers.
package web

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"badged/internal/httpserve"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
	"badged/sync/identity"
)

// Options is what the web server needs.
type Options struct {
	Hub   *fleet.Hub
	Store fleet.Store
	CA    *x509.Certificate
	Issue func(terminal string, key ed25519.PublicKey) (*x509.Certificate, error)
	MQTT  string   // host:port of the broker, as terminals reach it
	Hosts []string // names and addresses by which browsers may call the hub, without port
	URL   string   // "https://host:port" of links that go out
	TLS   *tls.Config
	Pair  *Pair // that browsers are shown in place of the hub's own certificate; nil: none
	Log   *slog.Logger
	// Changed gives a channel that is closed when pages may show something new.
	Changed func() <-chan struct{}
	Now     func() time.Time // nil: time.Now
	Parts   []page.Part      // nil: all
	// BackupsElsewhere says that the database has programs of its own for backups.
	BackupsElsewhere bool
}

// The bounds of a request.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = time.Minute
	endTimeout   = 5 * time.Second
	maxStrangers = 256  // connections held at once; the oldest gives way
	maxKnown     = 2048 // of browsers in which somebody is logged in
	maxStreams   = 64   // requests at once on one connection of HTTP/2
)

// Serve answers on l and runs what is behind the parts until ctx ends. It returns nil once
// the last answer is out.
func Serve(ctx context.Context, l net.Listener, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Parts == nil {
		o.Parts = Parts(o)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	behind := runParts(ctx, o.Parts)
	err := httpserve.Run(ctx, l, httpserve.Server{
		Name: "the hub's web", Handler: handler(ctx, o), Log: o.Log, TLS: serverConfig(o.TLS, o.Pair), Strangers: maxStrangers, Known: maxKnown,
		HeaderTime: readTimeout, ReadTime: readTimeout, WriteTime: writeTimeout, IdleTime: idleTimeout, Streams: maxStreams,
		Grace: endTimeout, Finish: true,
	})
	cancel()
	return errors.Join(err, <-behind)
}

// runParts runs what is behind the parts, and gives their errors once all have ended.
func runParts(ctx context.Context, parts []page.Part) <-chan error {
	ends := make(chan error, len(parts))
	running := 0
	for _, p := range parts {
		if p.Run != nil {
			running++
			go func() { ends <- p.Run(ctx) }()
		}
	}
	all := make(chan error, 1)
	go func() {
		var err error
		for range running {
			err = errors.Join(err, <-ends)
		}
		all <- err
	}()
	return all
}

// handler puts the join route beside the web.
func handler(ctx context.Context, o Options) http.Handler {
	j := &joining{Options: o, limit: newLimiter(joinsPerMinute, time.Minute)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+identity.JoinPath, j.serve)
	mux.Handle("/", newServer(ctx, o))
	return mux
}
