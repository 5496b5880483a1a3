package words

import (
	"strings"
	"testing"

	"badged/sync/hub/fleet"
)

// Issue 14, 1.1 and 1.2: an alarm says what to do, in both languages.
func TestEveryAlarmSaysWhatToDo(t *testing.T) {
	for _, kind := range fleet.AlarmKinds {
		for _, lang := range []string{"fr", "en"} {
			what, todo := Alarm(lang, string(kind), "hall")
			if todo == "" || strings.Contains(what+todo, "{") || kind != fleet.HubRestored && !strings.Contains(what, "hall") {
				t.Errorf("%s in %s: %q, %q", kind, lang, what, todo)
			}
		}
	}
	if len(alarms) != len(fleet.AlarmKinds) {
		t.Errorf("words for %d alarms, there are %d", len(alarms), len(fleet.AlarmKinds))
	}
}
