package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/lab"
	"badged/internal/rig/sim"
)

const unpluggings = 200

// plugged makes so many readers that say the same of themselves but for their serial
// numbers, and plugs them in.
func plugged(n int, options string) (list []*wedge, devices []device, err error) {
	for i := range n {
		id := cheap
		id.serial = fmt.Sprintf("r%d", i)
		w, err := newWedge(i, id, keyboardOf("boot"))
		if err != nil {
			return list, nil, err
		}
		list = append(list, w)
		devices = append(devices, device{name: id.serial, protocol: "hid", port: id.String(), more: options})
		if err := w.plug(); err != nil {
			return list, nil, err
		}
	}
	return list, devices, nil
}

func scrapAll(list []*wedge) (err error) {
	for _, w := range list {
		err = errors.Join(err, w.scrap())
	}
	return err
}

// unplugged takes four readers away in the middle of a number, again and again, all at
// once, so that their nodes get each other's numbers. The badge that comes next must be
// read, nothing else may be, and soon.
func unplugged(g *guest) (_ string, err error) {
	list, devices, err := plugged(4, `options = { key_timeout = "200ms", timeout = "10s" }`)
	defer func() { err = errors.Join(err, scrapAll(list)) }()
	if err != nil {
		return "", err
	}
	a, err := startAgent(setup{devices: devices})
	if err != nil {
		return "", err
	}
	var wg sync.WaitGroup
	outages := make([]outages, len(list))
	for i, w := range list {
		wg.Go(func() { outages[i] = a.interrupt(w, devices[i].name, unpluggings/len(list)) })
	}
	wg.Wait()
	figure, err := figureOf(outages)
	err = errors.Join(err, a.wantNone(isDecided), a.stop()) // the fault of a number that was cut off may come late
	for _, w := range list {
		if err == nil {
			err = g.mustBeSilent(func() error { return w.swipe("") })
		}
	}
	return figure, err
}

// outages are those of one reader.
type outages struct {
	took  []time.Duration // from plug to card
	bare  []time.Duration // of these, from plug to node: what the kernel needs alone
	nodes map[string]bool // the numbers that its node had
	err   error
}

// figureOf gives the times. They are printed and not judged: an emulated machine stands
// still as long as its host is busy with other things.
func figureOf(list []outages) (string, error) {
	var took, bare []time.Duration
	var err error
	nodes := 0
	for _, o := range list {
		took, bare = append(took, o.took...), append(bare, o.bare...)
		nodes = max(nodes, len(o.nodes))
		err = errors.Join(err, o.err)
	}
	if len(took) == 0 {
		return "", err
	}
	slices.Sort(took)
	slices.Sort(bare)
	last := len(took) - 1
	return fmt.Sprintf("%d unpluggings in the middle of a number, %d numbers of a node: no wrong card; from plug to card %d ms (half), %d ms (19 in 20), %d ms (longest); the kernel alone %d ms (half)",
		len(took), nodes, took[last/2].Milliseconds(), took[last*19/20].Milliseconds(), took[last].Milliseconds(), bare[len(bare)/2].Milliseconds()), err
}

// interrupt takes one reader away that often.
func (a *agent) interrupt(w *wedge, point string, times int) outages {
	o := outages{nodes: map[string]bool{}}
	_, _ = a.next(point, presented/4, "the reader", isUp) // or it was told before anybody followed the events
	for n := range times {
		bare, d, err := a.interruptOnce(w, point, n)
		if err != nil {
			o.err = fmt.Errorf("unplug %s, time %d: %w", point, n, err)
			break
		}
		o.took, o.bare = append(o.took, d), append(o.bare, bare)
		o.nodes[w.hidraw()] = true
	}
	return o
}

// interruptOnce types the start of a number, unplugs, plugs in again, and presents another
// badge as soon as badged says that the reader works. It gives how long that took from the
// plugging in, to the node and to the card.
func (a *agent) interruptOnce(w *wedge, point string, n int) (bare, took time.Duration, err error) {
	reports, err := w.keyboard.Reports(lab.Number(n + 1))
	if err != nil {
		return 0, 0, err
	}
	if err := w.sendReports(w.function, reports[:rand.IntN(len(reports))]); err != nil {
		return 0, 0, err
	}
	if n%3 == 0 { // whoever has the node open keeps its number: the reader will get another
		f, err := os.Open("/dev/" + w.hidraw())
		if err != nil {
			return 0, 0, err
		}
		defer f.Close()
	}
	if err := w.unplug(); err != nil {
		return 0, 0, err
	}
	if err := until(presented, "the kernel to miss the reader", func() bool { return !w.known() }); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := w.plug(); err != nil {
		return 0, 0, err
	}
	if err := until(presented, "the kernel to know the reader", func() bool { return w.hidraw() != "" }); err != nil {
		return 0, 0, err
	}
	bare = time.Since(start)
	early := n%2 == 0
	if early { // a badge lies on it: it types at once, when badged hardly listens yet
		_ = w.swipe(lab.Number(n + 2))
	}
	// First its loss: the event of its start may have been told before anybody followed them,
	// or may still be waiting.
	if _, err := a.next(point, presented, "the loss of the reader", isDown); err != nil {
		return 0, 0, err
	}
	if _, err := a.next(point, presented, "the reader", isUp); err != nil {
		return 0, 0, err
	}
	err = a.presentUntilDecided(w, point, n, early)
	return bare, time.Since(start), err
}

// presentUntilDecided swipes a badge until it is read. On a busy host the agent may get the
// keys of one number so late that it cuts the number, which is a fault and no card: then the
// badge is swiped again. With early, another badge may be read first.
func (a *agent) presentUntilDecided(w *wedge, point string, n int, early bool) (err error) {
	for range openings {
		if err := w.swipe(lab.Number(n)); err != nil {
			return err
		}
		var ev ctl.Event
		ev, err = a.next(point, presented/4, "the card", isDecided)
		if early && err == nil && isCard(ev, point, n+2) == nil { // it did listen
			ev, err = a.next(point, presented/4, "the card", isDecided)
		}
		if err == nil {
			return isCard(ev, point, n)
		}
	}
	return err
}

// isDecided tells that a card was read, whatever came of it.
func isDecided(ev ctl.Event) bool { return ev.Outcome == "granted" || ev.Outcome == "refused" }

func isUp(ev ctl.Event) bool { return ev.Reason == "device_up" }

func isDown(ev ctl.Event) bool { return ev.Reason == "device_down" }

// known reports whether the kernel knows the interfaces of what is plugged in there.
func (w *wedge) known() bool {
	found, _ := filepath.Glob(fmt.Sprintf("/sys/devices/platform/dummy_hcd.%d/usb*/*-1/*:1.0/bInterfaceClass", w.plugs))
	return len(found) > 0
}

// hidraw gives the node of a wedge's reports; "": it has none.
func (w *wedge) hidraw() string {
	found, _ := filepath.Glob(fmt.Sprintf("/sys/devices/platform/dummy_hcd.%d/usb*/*-1/*/*/hidraw/hidraw*", w.plugs))
	if len(found) == 0 {
		return ""
	}
	return filepath.Base(found[0])
}

// hostile plugs in devices whose descriptors are broken, endless or not of a keyboard,
// at three readers' places. None may be read, whatever it types, and a reader beside them
// goes on.
func hostile(g *guest) (_ string, err error) {
	list, devices, err := plugged(4, options(""))
	defer func() { err = errors.Join(err, scrapAll(list[:min(1, len(list))])) }()
	if err != nil {
		return "", err
	}
	good := hand{devices[0].name, list[0].swipe, 1}
	if err := scrapAll(list[1:]); err != nil {
		return "", err
	}
	a, err := startAgent(setup{devices: devices[:1], also: devices[1:], allow: []string{}})
	if err != nil {
		return "", err
	}
	by, err := a.refusesAll(sim.HostileDescriptors(), devices[1:], good)
	err = errors.Join(err, a.wantNothing(), a.stop())
	if err == nil {
		err = g.mustBeSilent(func() error { return good.present("") })
	}
	return fmt.Sprintf("%d descriptors are refused, %d of them by badged, %d by the kernel, %d by the gadget; another reader works all the while",
		sum(by), by["badged"], by["kernel"], by["gadget"]), err
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// refusesAll has the descriptors refused at three places at once, and tells by whom. At
// the good hand a badge is read after each.
func (a *agent) refusesAll(all []sim.HostileDescriptor, places []device, good hand) (map[string]int, error) {
	type verdict struct {
		who string
		err error
	}
	queue, verdicts := make(chan sim.HostileDescriptor, len(all)), make(chan verdict, len(all))
	for _, d := range all {
		queue <- d
	}
	close(queue)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { // if one failed, the rest is not tried
		for range queue {
		}
	}()
	for i, place := range places {
		wg.Go(func() {
			for d := range queue {
				who, err := a.refuses(d, 1+i, place.name)
				if err != nil {
					err = fmt.Errorf("descriptor %q: %w", d.Name, err)
				}
				verdicts <- verdict{who, err}
			}
		})
	}
	by := map[string]int{}
	for n := range all {
		v := <-verdicts
		if v.err == nil {
			v.err = a.presentOne(good, n)
		}
		if v.err != nil {
			return by, v.err
		}
		by[v.who]++
	}
	return by, nil
}

// refuses plugs in a device with a hostile descriptor and gives who refused it: the
// kernel, which makes no reports of it, or badged, which says so. Whatever it types
// is no card.
func (a *agent) refuses(d sim.HostileDescriptor, plugs int, point string) (who string, err error) {
	keyboard := keyboardOf("boot")
	keyboard.Descriptor = d.Bytes
	id := cheap
	id.serial = point
	w, err := newWedge(plugs, id, keyboard)
	if err != nil {
		return "gadget", nil // there is no such device
	}
	w.patience = again // nobody need listen
	defer func() { err = errors.Join(err, w.scrap()) }()
	if err := until(presented, "the device before to be gone", func() bool { return !w.known() }); err != nil {
		return "", err
	}
	if err := a.becomes(point, health.Warn, "find usb:"); err != nil {
		return "", err
	}
	if err := w.plug(); err != nil {
		return "gadget", nil // there is nothing on the bus
	}
	// The kernel has looked at a device when it has an interface.
	if err := until(presented, "the device", w.known); err != nil {
		return "", err
	}
	if until(verdict, "a node", func() bool { return w.hidraw() != "" }) != nil {
		_ = w.swipe(lab.Number(0))
		return "kernel", nil
	}
	err = a.becomes(point, health.Warn, "use usb:")
	_ = w.swipe(lab.Number(0))
	return "badged", err
}
