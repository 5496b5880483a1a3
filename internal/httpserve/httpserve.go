// Package httpserve serves HTTP until a context ends: the panel, the control socket, the
// hub's socket and join server, and the workbench. Each server gets the same bounds from
// here, so that none forgets one.
//
//	Run ──► accept (at most Strangers + Known connections) ──► Handler
//	 │
//	ctx ends ──► no new requests, Grace for the last answers ──► all connections closed, nil
package httpserve

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"badged/internal/connlimit"
)

// The bounds of every server that names no others.
const (
	headerTime = 5 * time.Second
	idleTime   = time.Minute
	maxHeader  = 16 << 10
)

// Server is what is served. Only Handler and Log are needed.
type Server struct {
	Name    string // in errors: "control socket"
	Handler http.Handler
	Log     *slog.Logger // gets what net/http says of broken connections, at level debug
	TLS     *tls.Config  // nil: plain HTTP

	// Strangers and Known bound the connections that are held, as package connlimit does;
	// 0: all who reach the listener are known, and nothing is bounded.
	Strangers, Known int

	HeaderTime time.Duration // how long a request's header may take; 0: 5 s
	ReadTime   time.Duration // a whole request; 0: as long as it likes
	WriteTime  time.Duration // an answer; 0: as long as it likes
	IdleTime   time.Duration // a connection between two requests; 0: a minute

	// Streams bounds the requests at once on a connection of HTTP/2; 0: as net/http does.
	Streams int

	// Conn adds what is known of a connection to the contexts of its requests; nil: nothing.
	Conn func(ctx context.Context, c net.Conn) context.Context

	// Grace is how long the last answers may take after the end of ctx; 0: no time.
	Grace time.Duration
	// Finish lets requests that have begun go on within Grace. Otherwise their contexts end
	// with ctx, as that of a request which never ends by itself must.
	Finish bool
}

// Run serves on ln until ctx ends, which gives nil, or the listener fails. It closes ln, and
// returns when nothing is served any more.
func Run(ctx context.Context, ln net.Listener, s Server) error {
	srv := s.build(ctx)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.end(ctx, srv)
	})
	address := ln.Addr()
	if s.Strangers > 0 {
		ln = connlimit.Listen(ln, s.Strangers, s.Known)
	}
	if s.TLS != nil {
		ln = tls.NewListener(ln, s.TLS)
	}
	err := srv.Serve(ln)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s on %s: %w", s.Name, address, errors.Join(err, srv.Close()))
}

func (s Server) build(ctx context.Context) *http.Server {
	if s.Finish {
		ctx = context.WithoutCancel(ctx)
	}
	return &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: cmp.Or(s.HeaderTime, headerTime),
		ReadTimeout:       s.ReadTime,
		WriteTimeout:      s.WriteTime,
		IdleTimeout:       cmp.Or(s.IdleTime, idleTime),
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: s.Streams},
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       s.connContext,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

func (s Server) connContext(ctx context.Context, c net.Conn) context.Context {
	ctx = connlimit.Context(ctx, c)
	if s.Conn == nil {
		return ctx
	}
	return s.Conn(ctx, c)
}

// end lets the last answers out, and closes what is still open then: whoever ends has no
// use for the error of a browser that never went.
func (s Server) end(ctx context.Context, srv *http.Server) {
	if s.Grace > 0 {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
		defer cancel()
		_ = srv.Shutdown(grace)
	}
	_ = srv.Close()
}
