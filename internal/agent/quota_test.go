package agent_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/internal/health"
)

// While a quota of new accounts refuses people, status says so, with what to do; it ends
// by itself with its window.
func TestAReachedQuotaShowsInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, hall := newLab(t), newScript("hall-rfid")
		l.opts.Heartbeat = 10 * time.Second
		l.attach(hall, "hall")
		site := enroll.DefaultSite()
		site.QuotaBurst = 1
		l.store.Index().Apply(site)
		l.run()
		hall.tap("A")
		l.expect(enroll.Granted, enroll.NewAccount)
		synctest.Wait()
		if it := l.await("new accounts", health.Warn); !strings.Contains(it.Text, "1 new accounts in 10 minutes") || !strings.Contains(it.Do, "badgehub site set quota_burst=NUMBER") {
			t.Errorf("status says %q, do %q", it.Text, it.Do)
		}
		hall.tap("B")
		l.expect(enroll.Refused, enroll.QuotaReached)
		time.Sleep(10*time.Minute + 10*time.Second)
		synctest.Wait()
		l.await("new accounts", health.OK)
		hall.tap("B")
		l.expect(enroll.Granted, enroll.NewAccount)
	})
}

// The quotas that keep people waiting for a day, or until somebody acts, are failures.
func TestALongClosingIsAFailure(t *testing.T) {
	for advice, set := range map[string]func(*enroll.Site){
		"site set quota_day=NUMBER":  func(s *enroll.Site) { s.QuotaDay = 1 },
		"site set quota_site=NUMBER": func(s *enroll.Site) { s.QuotaSite = 1 },
	} {
		synctest.Test(t, func(t *testing.T) {
			l, hall := newLab(t), newScript("hall-rfid")
			l.attach(hall, "hall")
			site := enroll.DefaultSite()
			set(&site)
			l.store.Index().Apply(site)
			l.run()
			hall.tap("A")
			l.expect(enroll.Granted, enroll.NewAccount)
			synctest.Wait()
			if it := l.await("new accounts", health.Fail); !strings.Contains(it.Do, advice) {
				t.Errorf("%s: do %q", advice, it.Do)
			}
		})
	}
}
