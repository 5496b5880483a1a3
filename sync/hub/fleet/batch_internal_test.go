package fleet

import (
	"fmt"
	"testing"
)

func queue(messages ...Message) <-chan Message {
	c := make(chan Message, len(messages))
	for _, m := range messages {
		c <- m
	}
	return c
}

// Issue 13, line 6: a lone frame waits for nobody. A link that is open and still would hold
// up whoever waited for it, for ever.
func TestALoneFrameWaitsForNobody(t *testing.T) {
	open := make(chan Message)
	if batch, left := gatherBatch(Message{Terminal: "hall"}, open); len(batch) != 1 || len(left) != 0 {
		t.Errorf("a batch of %d, and %v", len(batch), left)
	}
}

// Issue 13, line 6: who floods the hub takes no place of others, and the order of each is
// kept.
func TestAFloodTakesNoPlaceOfOthers(t *testing.T) {
	var all []Message
	for i := range 600 {
		all = append(all, Message{Terminal: "flood", Kind: fmt.Sprint(i)})
	}
	for i := range 4 {
		all = append(all, Message{Terminal: "hall", Kind: fmt.Sprint(i)})
	}
	batch, left := gatherBatch(all[0], queue(all[1:]...))
	of := make(map[string]int)
	for _, m := range batch {
		if m.Kind != fmt.Sprint(of[m.Terminal]) {
			t.Fatalf("message %d of %s came as %s", of[m.Terminal], m.Terminal, m.Kind)
		}
		of[m.Terminal]++
	}
	if of["hall"] != 4 || of["flood"] != maxOfOne || left["flood"] != 600-maxOfOne || left["hall"] != 0 {
		t.Errorf("the batch has %v, left out are %v", of, left)
	}
}

// A batch, and what is left out for it, has an end, however fast messages come.
func TestABatchHasAnEnd(t *testing.T) {
	var one, many []Message
	for i := range 5000 {
		one = append(one, Message{Terminal: "flood"})
		many = append(many, Message{Terminal: fmt.Sprint(i)})
	}
	if batch, left := gatherBatch(one[0], queue(one[1:]...)); len(batch)+left["flood"] > maxBatch+maxLeft+1 {
		t.Errorf("%d and %d messages of one terminal were taken at once", len(batch), left["flood"])
	}
	if batch, _ := gatherBatch(many[0], queue(many[1:]...)); len(batch) != maxBatch {
		t.Errorf("%d messages of as many terminals share a transaction", len(batch))
	}
}
