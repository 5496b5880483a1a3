package printjobs

import (
	"context"
	"time"

	"badged/internal/cups"
)

// fresh is how long a list of a queue serves everybody who logs in: the print server does one
// thing at a time, and needs a tenth of a second for 500 jobs.
const fresh = 2 * time.Second

// lister asks for a queue at most once at a time.
type lister struct {
	server *cups.Client
	token  chan struct{} // held by whoever asks; it guards what follows
	lists  map[string]listing
}

type listing struct {
	jobs []cups.Job
	at   time.Time
}

func newLister(server *cups.Client) *lister {
	return &lister{server, make(chan struct{}, 1), map[string]listing{}}
}

// list is a queue as it was at most some seconds ago.
func (l *lister) list(ctx context.Context, queue string) (listing, error) {
	select {
	case l.token <- struct{}{}:
	case <-ctx.Done():
		return listing{}, ctx.Err()
	}
	defer func() { <-l.token }()
	if had, ok := l.lists[queue]; ok && time.Since(had.at) < fresh {
		return had, nil
	}
	at := time.Now()
	jobs, err := l.server.Jobs(ctx, queue)
	if err != nil {
		return listing{}, err
	}
	l.lists[queue] = listing{jobs, at}
	return l.lists[queue], nil
}

// drop makes the next list a new one: jobs have moved.
func (l *lister) drop(ctx context.Context) {
	select {
	case l.token <- struct{}{}:
	case <-ctx.Done():
		return
	}
	clear(l.lists)
	<-l.token
}
