package printjobs

import (
	"context"
	"errors"
	"time"

	"badged/internal/cups"
)

// printJobs releases jobs at the printer of the point, and watches what becomes of them.
func (d *desk) printJobs(ctx context.Context, o ordered) {
	printer, err := d.s.opts.Server.Printer(ctx, d.printer)
	switch {
	case err != nil:
		d.logFailure("look at the printer", err)
		d.keepJobs(o.session, o.ids, NoteAway)
		return
	case printer.Stopped || !printer.Accepting:
		d.keepJobs(o.session, o.ids, NoteStopped)
		return
	}
	var sent []*pursuit
	for i, id := range o.ids {
		if !d.s.lockJob(id) { // at another printer
			d.markJob(o.session, id, Gone)
			continue
		}
		phase, note, err := d.releaseJob(ctx, o.owner, id, printer)
		if err != nil {
			d.s.unlockJob(id)
			d.logFailure("release a job", err)
			d.keepJobs(o.session, o.ids[i:], NoteAway)
			break
		}
		d.markJob(o.session, id, phase)
		if note != NoteNone {
			d.setNote(o.session, note)
		}
		if phase != Printing {
			d.s.unlockJob(id)
			continue
		}
		sent = append(sent, &pursuit{id: id, account: o.account})
	}
	d.s.lists.drop(ctx)
	d.pursue(ctx, o.session, sent)
}

// keepJobs shows jobs as what they are: still held.
func (d *desk) keepJobs(session string, ids []int, n Note) {
	for _, id := range ids {
		d.markJob(session, id, Waiting)
	}
	d.setNote(session, n)
}

// logFailure logs what the print server did not do, and has health look at it.
func (d *desk) logFailure(what string, err error) {
	d.s.opts.Log.Warn("a print job stays where it is", "point", d.point, "attempt", what, "err", err)
	d.s.probeSoon()
}

// releaseJob moves a held job to the printer and releases it there, if it is still its owner's and
// fits. Its error is the print server's: the job is where it was, or held at the printer, from
// where tidyPrinters takes it back.
func (d *desk) releaseJob(ctx context.Context, owner Owner, id int, printer cups.Printer) (Phase, Note, error) {
	server := d.s.opts.Server
	j, err := server.Job(ctx, id)
	switch {
	case errors.Is(err, cups.ErrNotFound):
		return Gone, NoteNone, nil
	case err != nil:
		return Waiting, NoteNone, err
	case !d.isWaiting(j) || !owner.Owns(j.User):
		return Gone, NoteNone, nil
	case !canPrint(j, printer):
		return Waiting, NoteUnfit, nil
	}
	if j.State == cups.Pending { // a move alone would print it
		if err := server.Hold(ctx, id); err != nil {
			return Waiting, NoteNone, err
		}
	}
	if err := server.Move(ctx, id, d.printer); err != nil {
		return Waiting, NoteNone, err
	}
	if err := server.Release(ctx, id); err != nil && !errors.Is(err, cups.ErrNotPossible) { // it prints already
		return Waiting, NoteNone, err
	}
	return Printing, NoteNone, nil
}

// deleteJobs deletes jobs for good.
func (d *desk) deleteJobs(ctx context.Context, o ordered) {
	for _, id := range o.ids {
		if !d.s.lockJob(id) {
			continue
		}
		if err := d.deleteJob(ctx, o.owner, id); err != nil {
			d.logFailure("delete a job", err)
			d.keepJobs(o.session, []int{id}, NoteAway)
		}
		d.s.unlockJob(id)
	}
	d.s.lists.drop(ctx)
}

func (d *desk) deleteJob(ctx context.Context, owner Owner, id int) error {
	j, err := d.s.opts.Server.Job(ctx, id)
	if err == nil && d.isWaiting(j) && owner.Owns(j.User) {
		err = d.s.opts.Server.Delete(ctx, id)
	}
	if errors.Is(err, cups.ErrNotFound) || errors.Is(err, cups.ErrNotPossible) {
		return nil
	}
	return err
}

// lookEvery is how often a job that was released is looked at, and lookMore how much longer
// that is for each further one: the print server does one thing at a time.
const (
	lookEvery = 500 * time.Millisecond
	lookMore  = 10 * time.Millisecond
)

// nobodys is the session of jobs that nobody ordered who is still here.
const nobodys = "-"

// pursue watches released jobs until each has come out, is lost, or is held again. It ends
// with ctx; then the next agent goes on.
func (d *desk) pursue(ctx context.Context, session string, jobs []*pursuit) {
	defer func() {
		for _, p := range jobs {
			d.s.unlockJob(p.id)
		}
	}()
	for len(jobs) > 0 {
		again := time.NewTimer(lookEvery + time.Duration(len(jobs))*lookMore)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
		jobs = d.checkJobs(ctx, session, jobs)
	}
}

// checkJobs looks at each job, and gives those that are still under way.
func (d *desk) checkJobs(ctx context.Context, session string, jobs []*pursuit) (left []*pursuit) {
	printer, err := d.s.opts.Server.Printer(ctx, d.printer)
	if err == nil && lacksPaper(printer) {
		d.setNote(session, NotePaper)
	} else if err == nil {
		d.clearNote(session, NotePaper)
	}
	for _, p := range jobs {
		if err == nil && d.checkJob(ctx, session, p, printer) {
			d.s.unlockJob(p.id)
			continue
		}
		if err != nil {
			p.resetProgress()
		}
		left = append(left, p)
	}
	return left
}

// checkJob reports whether a job is at its end.
func (d *desk) checkJob(ctx context.Context, session string, p *pursuit, printer cups.Printer) bool {
	j, err := d.s.opts.Server.Job(ctx, p.id)
	switch {
	case errors.Is(err, cups.ErrNotFound):
		j.State = cups.Completed // its history is gone
	case err != nil:
		p.resetProgress()
		return false
	case j.Queue != d.printer: // somebody else took it away
		d.markJob(session, p.id, Gone)
		return true
	}
	switch p.evaluate(time.Now(), j, printer) {
	case done:
		d.showPrinted(session, p, j)
	case lost:
		d.s.opts.Log.Warn("a print job was given up at the printer", "point", d.point, "printer", d.printer, "job", p.id)
		d.markJob(session, p.id, Lost)
		d.setNote(session, NoteLost)
	case takeBack:
		return d.takeBack(ctx, session, p.id)
	default:
		return false
	}
	return true
}

// showPrinted shows a job that has come out.
func (d *desk) showPrinted(session string, p *pursuit, j cups.Job) {
	d.s.opts.Log.Info("printed", "point", d.point, "printer", d.printer, "account", p.account, "job", p.id, "pages", j.Printed)
	d.markJob(session, p.id, Printed)
	if p.restarted {
		d.setNote(session, NoteMaybeTwice)
	}
}

// takeBack holds a job that the printer does not print, and moves it to where it came from.
// false: not now; it is looked at again.
func (d *desk) takeBack(ctx context.Context, session string, id int) bool {
	server := d.s.opts.Server
	err := server.Hold(ctx, id)
	if err == nil {
		err = server.Move(ctx, id, d.s.opts.Queues[0])
	}
	if err != nil {
		return false
	}
	d.s.lists.drop(ctx)
	d.s.opts.Log.Warn("the printer did not print a job: it is held again", "point", d.point, "printer", d.printer, "job", id)
	d.markJob(session, id, Returned)
	d.setNote(session, NoteReturned)
	d.s.probeSoon()
	return true
}

// tidyPrinters goes on with what stands at the printers and nobody here has in hand: a former
// agent, or an order that the print server broke off, left it. What is held there goes back to
// where people find it; what prints is watched.
func (s *Service) tidyPrinters(ctx context.Context) {
	for _, d := range s.desks {
		list, err := s.opts.Server.Jobs(ctx, d.printer)
		if err != nil {
			continue // health tells; it is tried again
		}
		var left []*pursuit
		for _, j := range list {
			if s.lockJob(j.ID) {
				left = append(left, &pursuit{id: j.ID})
			}
		}
		if len(left) > 0 {
			s.startOrder(func(ctx context.Context) { d.pursue(ctx, nobodys, left) })
		}
	}
}
