package printjobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"badged/enroll"
	"badged/internal/cups"
	"badged/internal/health"
)

// Panel is who is logged in at the print points.
type Panel interface {
	Screen(point string) (enroll.Screen, bool)
	Watch(point string) (ch <-chan struct{}, stop func())
}

// Options is what New needs.
type Options struct {
	Server   *cups.Client
	Socket   string            // of the server, for messages
	Queues   []string          // that people send to
	Printers map[string]string // print point → queue of the printer that stands there
	Rules    OwnerRules
	KeepFor  time.Duration // what nobody printed is deleted then; 0: never
	Panel    Panel
	// Editable tells whether people can type names and e-mail addresses at a panel.
	Editable func() bool
	Health   *health.Register
	Log      *slog.Logger
}

// Service is the held jobs of all print points. Make one with New, run it once.
type Service struct {
	opts  Options
	desks map[string]*desk // the map is fixed
	lists *lister
	probe chan struct{} // look at the queues now

	mu     sync.Mutex      // guards what follows
	ctx    context.Context // of Run; nil: it does not run
	tasks  sync.WaitGroup  // what people ordered; added to with mu held
	moving map[int]bool    // jobs that an order has in hand
}

// New makes a service that does nothing yet.
func New(o Options) *Service {
	s := &Service{opts: o, desks: map[string]*desk{}, lists: newLister(o.Server), moving: map[int]bool{}, probe: make(chan struct{}, 1)}
	for point, printer := range o.Printers {
		s.desks[point] = newDesk(s, point, printer)
	}
	return s
}

// probeEvery is how often the queues are looked at when nobody prints.
const probeEvery = time.Minute

// Run lists, prints and watches until ctx ends. It waits for what it began.
func (s *Service) Run(ctx context.Context) {
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	var parts sync.WaitGroup
	for _, d := range s.desks {
		parts.Go(func() { d.followSessions(ctx) })
	}
	s.watchQueues(ctx)
	parts.Wait()
	s.mu.Lock()
	s.ctx = nil // no more orders
	s.mu.Unlock()
	s.tasks.Wait()
}

// watchQueues looks after the queues now and then: what was left at the printers, what is old,
// and how they are.
func (s *Service) watchQueues(ctx context.Context) {
	again := time.NewTicker(probeEvery)
	defer again.Stop()
	for {
		s.tidyPrinters(ctx)
		s.deleteOld(ctx)
		s.showHealth(ctx)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		case <-s.probe:
		}
	}
}

// deleteOld deletes what nobody has printed for too long.
func (s *Service) deleteOld(ctx context.Context) {
	if s.opts.KeepFor == 0 {
		return
	}
	for _, queue := range s.opts.Queues {
		list, err := s.lists.list(ctx, queue)
		if err != nil {
			return // health tells
		}
		for _, j := range list.jobs {
			if !isOld(j, s.opts.KeepFor) || !s.lockJob(j.ID) {
				continue
			}
			if err := s.opts.Server.Delete(ctx, j.ID); err == nil {
				s.opts.Log.Info("deleted a print job that nobody printed", "queue", queue, "job", j.ID, "age", j.Age)
			}
			s.unlockJob(j.ID)
		}
	}
}

// isOld reports whether a job has waited for too long.
func isOld(j cups.Job, keepFor time.Duration) bool {
	return (j.State == cups.Held || j.State == cups.Pending) && j.Age >= keepFor
}

// probeSoon has the queues looked at now.
func (s *Service) probeSoon() {
	select {
	case s.probe <- struct{}{}:
	default: // it will
	}
}

// startOrder runs an order, unless the service has ended.
func (s *Service) startOrder(order func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.ctx.Err() != nil {
		return false
	}
	ctx := s.ctx
	s.tasks.Go(func() { order(ctx) })
	return true
}

// lockJob gives an order a job, unless another one has it.
func (s *Service) lockJob(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moving[id] {
		return false
	}
	s.moving[id] = true
	return true
}

func (s *Service) unlockJob(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.moving, id)
}

func (s *Service) isMoving(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moving[id]
}

// Held is what is known now of the jobs of who is logged in at a point.
func (s *Service) Held(point string) Held {
	if d := s.desks[point]; d != nil {
		return d.heldJobs()
	}
	return Held{}
}

// Watch sends after every change of Held; changes may come as one. stop ends it.
func (s *Service) Watch(point string) (ch <-chan struct{}, stop func()) {
	if d := s.desks[point]; d != nil {
		return d.watch()
	}
	return nil, func() {}
}

// Release prints jobs of the list at the printer of the point. It waits for nothing. false:
// the session has ended, or one of them is not on its list or not to be released now; then
// none is printed.
func (s *Service) Release(point, session string, ids ...int) bool {
	d := s.desks[point]
	return d != nil && d.placeOrder(session, Sending, ids, d.printJobs)
}

// Delete removes a job of the list for good, as Release otherwise.
func (s *Service) Delete(point, session string, id int) bool {
	d := s.desks[point]
	return d != nil && d.placeOrder(session, Gone, []int{id}, d.deleteJobs)
}
