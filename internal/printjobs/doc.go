// Package printjobs shows people who log in at a print point the jobs that they have sent,
// and lets each of them print at the printer where they stand.
//
//	computer ──► queue «follow» (paused, every job held)
//	                │ log-in at point hall: the person's jobs are listed
//	                │ «Imprimer»: move to the printer of hall, release, watch
//	                ▼
//	             printer hall ──► printed
//	                │ stopped, no paper, no progress: held and moved back
//	                └──► queue «follow»
//
// A panel never waits for the print server: what it shows is what is known, and every change
// is told. A job leaves its queue only for a printer, or when its owner deletes it.
package printjobs
