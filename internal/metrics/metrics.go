// Package metrics serves figures to Prometheus, in its text format: to programs of this box,
// or to those that have a token. No figure has a name, a card or an address of a person in a
// label.
package metrics

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"badged/internal/httpserve"
	"badged/internal/ownfile"
)

// The bounds of the server.
const (
	readTime   = 10 * time.Second // one look at all figures
	atOnce     = 2                // requests that are answered at a time
	strangers  = 16               // connections
	minToken   = 16               // characters
	maxToken   = 4 << 10          // bytes of the file
	headerTime = 5 * time.Second
)

// Figure is one figure, and what it is for each set of labels. One whose name ends with
// _total only grows.
type Figure struct {
	Name   string // badged_reader_badges_total
	Help   string
	Labels []string // names of labels
	Values []Value
}

// Value is a figure at one set of labels.
type Value struct {
	Number float64
	Labels []string // values, in the order of Figure.Labels
}

// One is a figure without labels.
func One(name, help string, number float64) Figure {
	return Figure{Name: name, Help: help, Values: []Value{{Number: number}}}
}

// Add adds a value.
func (f *Figure) Add(number float64, labels ...string) {
	f.Values = append(f.Values, Value{number, labels})
}

// Bool is 1 for true.
func Bool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Stamp is a moment in seconds since 1970; 0: never.
func Stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// Read looks at all figures once.
type Read func(context.Context) ([]Figure, error)

// Options say what is served.
type Options struct {
	Read Read
	// Process adds what the Go runtime and the kernel know of this process.
	Process bool
	// Token is what a request must bring as its bearer; empty: nothing.
	Token string
	Log   *slog.Logger
}

// ErrOpen says that an address can be reached from elsewhere, and there is no token.
var ErrOpen = errors.New("it can be reached from other machines: name a file with a token, or listen on 127.0.0.1")

// Listen listens on an address, HOST:PORT. One that is not of loopback needs a token.
func Listen(address, token string) (net.Listener, error) {
	if at, err := netip.ParseAddrPort(address); token == "" && (err != nil || !at.Addr().IsLoopback()) {
		return nil, fmt.Errorf("listen for metrics on %s: %w", address, ErrOpen)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	return ln, nil
}

// ReadToken reads a token of at least 16 characters from a file that only its owner can
// change. No path: no token.
func ReadToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := ownfile.Read(path, ownfile.Secret, maxToken)
	if err != nil {
		return "", fmt.Errorf("read the token for metrics: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < minToken || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("read the token for metrics: %s must have one word of at least %d characters", path, minToken)
	}
	return token, nil
}

// Serve answers GET /metrics until ctx ends. It closes ln.
func Serve(ctx context.Context, ln net.Listener, o Options) error {
	return httpserve.Run(ctx, ln, httpserve.Server{
		Name: "metrics", Handler: Handler(o), Log: o.Log, Strangers: strangers, Known: strangers,
		HeaderTime: headerTime, ReadTime: headerTime, WriteTime: readTime + headerTime,
	})
}

// Handler answers GET /metrics.
func Handler(o Options) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{o.Read})
	if o.Process {
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: atOnce, Timeout: readTime}))
	return guard(o.Token, mux)
}

// guard lets those through who have the token.
func guard(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if token != "" && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "this needs the token for metrics", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// collector looks at the figures anew for each request.
type collector struct{ read Read }

// Describe implements prometheus.Collector: what there is shows when it is read.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	figures, err := c.read(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewDesc("figures", "", nil, nil), err)
		return
	}
	for _, f := range figures {
		f.send(out)
	}
}

func (f Figure) send(out chan<- prometheus.Metric) {
	kind := prometheus.GaugeValue
	if strings.HasSuffix(f.Name, "_total") {
		kind = prometheus.CounterValue
	}
	desc := prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	for _, v := range f.Values {
		m, err := prometheus.NewConstMetric(desc, kind, v.Number, v.Labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(desc, err)
		}
		out <- m
	}
}
